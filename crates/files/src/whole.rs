//! Files that are written completely or not at all, and read up to a limit.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Read as _, Write as _};
use std::path::Path;

use anyhow::{Context, Result};

/// Prefix of the names of files that are still being written.
const UNFINISHED: &str = ".writing-";

/// Replaces the file at `path` atomically: readers, and a crash at any moment, see all of the old content or of the
/// new.
///
/// With `keep`, the old file is first renamed to that name. A crash between the two renames leaves no file at `path`.
///
/// # Errors
///
/// If the folder cannot be written. The old content is then still at `path`.
pub fn write_atomically(path: &Path, bytes: &[u8], keep: Option<&Path>) -> Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let write = || -> io::Result<()> {
        let mut file = unfinished(folder)?;
        file.write_all(bytes)?;
        file.as_file().sync_all()?;
        if let Some(keep) = keep {
            fs::rename(path, keep)?;
        }
        if let Err(error) = file.persist(path) {
            if let Some(keep) = keep {
                fs::rename(keep, path)?;
            }
            return Err(error.error);
        }
        // The rename is durable only once the folder is synced.
        #[cfg(unix)]
        File::open(folder)?.sync_all()?;
        Ok(())
    };
    write().with_context(|| format!("{}: cannot write", path.display()))
}

/// A temporary file in the folder of the final one: a rename cannot cross file systems.
fn unfinished(folder: &Path) -> io::Result<tempfile::NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(UNFINISHED);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        // The permissions of any new file. By default a temporary file is readable by its owner only.
        builder.permissions(fs::Permissions::from_mode(0o666));
    }
    builder.tempfile_in(folder)
}

/// Removes the temporary files that a process killed while writing left in `folder`. Ignores errors.
pub fn remove_unfinished(folder: &Path) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        if is_unfinished(&entry.file_name().to_string_lossy()) {
            let _ = fs::remove_file(entry.path());
        }
    }
}

/// Whether `name` is that of a temporary file, which is still being written or was left by a killed process.
pub fn is_unfinished(name: &str) -> bool {
    name.starts_with(UNFINISHED)
}

/// Checks that `path` is a regular file: reading a pipe may block forever.
///
/// # Errors
///
/// If it is missing or is not a regular file.
pub fn regular(path: &Path) -> io::Result<()> {
    if fs::metadata(path)?.is_file() { Ok(()) } else { Err(io::Error::new(ErrorKind::InvalidInput, "not a file")) }
}

/// The content of a file of at most `limit` bytes. Uses at most twice the memory of the content.
///
/// # Errors
///
/// If the file cannot be read, or is larger: kind [`FileTooLarge`](ErrorKind::FileTooLarge).
pub fn read_at_most(path: &Path, limit: u64) -> io::Result<Vec<u8>> {
    let too_large = || io::Error::new(ErrorKind::FileTooLarge, format!("larger than the limit of {limit} bytes"));
    let file = File::open(path)?;
    // The length of a pipe or a device says nothing about its content, which is therefore limited again below.
    let length = file.metadata()?.len();
    if length > limit {
        return Err(too_large());
    }
    let mut bytes = Vec::new();
    bytes.reserve_exact(usize::try_from(length).unwrap_or(0).saturating_add(1));
    file.take(limit.saturating_add(1)).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > limit { Err(too_large()) } else { Ok(bytes) }
}

/// The content of a text file of at most `limit` bytes.
///
/// # Errors
///
/// As for [`read_at_most`], or if it is not UTF-8.
pub fn read_text_at_most(path: &Path, limit: u64) -> io::Result<String> {
    String::from_utf8(read_at_most(path, limit)?).map_err(|error| io::Error::new(ErrorKind::InvalidData, error))
}

#[cfg(test)]
mod tests {
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
}
