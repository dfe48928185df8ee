use super::*;

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn the_old_content_is_kept_under_its_new_name_and_nothing_else_is_left() {
    let folder = tempfile::tempdir().unwrap();
    let (path, old) = (folder.path().join("latest"), folder.path().join("previous"));
    write_atomically(&path, b"one", None).unwrap();
    write_atomically(&path, b"two", Some(&old)).unwrap();
    assert_eq!((fs::read(&path).unwrap(), fs::read(&old).unwrap()), (b"two".to_vec(), b"one".to_vec()));
    assert_eq!(names(folder.path()), ["latest", "previous"]);
}

#[test]
fn what_cannot_be_written_leaves_the_old_content_in_place() {
    let folder = tempfile::tempdir().unwrap();
    // A folder that is not empty cannot be replaced by a file: the rename to `path` fails.
    let (path, old) = (folder.path().join("latest"), folder.path().join("previous"));
    fs::create_dir(&path).unwrap();
    fs::write(path.join("inside"), "").unwrap();
    assert!(write_atomically(&path, b"new", None).is_err());
    assert_eq!(names(folder.path()), ["latest"]);
    // Without an old file there is nothing to keep: the rename to `old` fails.
    let missing = folder.path().join("missing");
    let error = write_atomically(&missing, b"new", Some(&old)).unwrap_err();
    assert!(error.to_string().contains("missing: cannot write"), "{error}");
    assert_eq!(names(folder.path()), ["latest"]);
}

#[cfg(unix)]
#[test]
fn files_have_the_permissions_of_any_new_file() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let (ours, any) = (folder.path().join("ours"), folder.path().join("any"));
    write_atomically(&ours, b"", None).unwrap();
    fs::write(&any, b"").unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode();
    assert_eq!(mode(&ours), mode(&any));
}

#[test]
fn only_unfinished_files_are_removed() {
    let folder = tempfile::tempdir().unwrap();
    for name in [".writing-abc", "notes", ".hidden"] {
        fs::write(folder.path().join(name), "").unwrap();
    }
    remove_unfinished(folder.path());
    assert_eq!(names(folder.path()), [".hidden", "notes"]);
    remove_unfinished(&folder.path().join("no such folder"));
}

#[test]
fn the_limit_is_inclusive_and_holds_for_endless_files() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("five");
    fs::write(&path, "12345").unwrap();
    assert_eq!(read_text_at_most(&path, 5).unwrap(), "12345");
    assert_eq!(read_at_most(&path, 4).unwrap_err().kind(), ErrorKind::FileTooLarge);
    #[cfg(unix)]
    assert_eq!(read_at_most(Path::new("/dev/zero"), 1 << 20).unwrap_err().kind(), ErrorKind::FileTooLarge);
    fs::write(&path, [0xff]).unwrap();
    assert_eq!(read_text_at_most(&path, 5).unwrap_err().kind(), ErrorKind::InvalidData);
}

#[cfg(unix)]
mod unix {
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::*;

    #[test]
    fn a_file_behind_links_is_replaced_and_the_links_stay() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::create_dir(at("store")).unwrap();
        fs::write(at("store/v1"), "old").unwrap();
        symlink("store/v1", at("latest")).unwrap();
        symlink(at("latest"), at("newest")).unwrap();
        symlink("store/v2", at("dangling")).unwrap();
        write_atomically(&at("newest"), b"one", None).unwrap();
        assert_eq!(fs::read(at("store/v1")).unwrap(), b"one");
        write_atomically(&at("dangling"), b"two", None).unwrap();
        assert_eq!(fs::read(at("store/v2")).unwrap(), b"two");
        for (link, target) in [("latest", "store/v1".into()), ("newest", at("latest")), ("dangling", "store/v2".into())]
        {
            assert_eq!(fs::read_link(at(link)).unwrap(), target);
        }
        symlink("loop", at("loop")).unwrap();
        assert!(format!("{:#}", write_atomically(&at("loop"), b"", None).unwrap_err()).contains("symbolic links"));
        assert_eq!(names(&at("store")), ["v1", "v2"]);
    }

    #[test]
    fn a_replaced_file_keeps_its_permissions() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        fs::write(&path, "old").unwrap();
        for mode in [0o600, 0o640, 0o755] {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            write_atomically(&path, b"new", None).unwrap();
            assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, mode);
        }
    }

    #[test]
    fn what_is_no_file_is_written_to_or_refused() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        assert!(!write_where_named(Path::new("/dev/null"), b"x").unwrap());
        assert!(!fs::metadata("/dev/null").unwrap().is_file());
        assert!(write_where_named(&at("a/b/new"), b"x").unwrap());
        let refused = |path: &Path| format!("{:#}", write_where_named(path, b"x").unwrap_err());
        assert!(refused(&at("a")).contains("something else than a file"));
        fs::hard_link(at("a/b/new"), at("other")).unwrap();
        assert!(refused(&at("other")).contains("2 names"));
        fs::remove_file(at("a/b/new")).unwrap();
        write_where_named(&at("other"), b"y").unwrap();
        assert_eq!(fs::read(at("other")).unwrap(), b"y");
        assert_eq!(names(folder.path()), ["a", "other"]);
    }

    #[test]
    fn a_pipe_receives_the_content() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe");
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        let reader = std::thread::spawn({
            let pipe = pipe.clone();
            move || fs::read(pipe).unwrap()
        });
        assert!(!write_where_named(&pipe, b"content").unwrap());
        assert_eq!(reader.join().unwrap(), b"content");
    }
}
