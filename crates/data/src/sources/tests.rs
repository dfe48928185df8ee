use std::fs;
use std::path::Path;

use super::*;
use crate::OriginKind;

/// A valid data set of one training and one test image, which is not Fashion-MNIST.
fn tiny_set() -> tempfile::TempDir {
    let dir = tempfile::tempdir().expect("a temporary folder");
    for prefix in ["train", "t10k"] {
        let images = [0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 200];
        fs::write(dir.path().join(format!("{prefix}-images-idx3-ubyte")), images).expect("writable");
        let labels = [0, 0, 8, 1, 0, 0, 0, 1, 0];
        fs::write(dir.path().join(format!("{prefix}-labels-idx1-ubyte")), labels).expect("writable");
    }
    dir
}

fn offline() -> Places {
    Places { chosen: None, cache: None, system: Vec::new(), offline: true }
}

fn any_set() -> Request {
    Request::default().with_verify(false)
}

fn path(data: &FashionMnist) -> Option<&Path> {
    data.origin.path.as_deref()
}

#[test]
fn the_cache_is_what_the_environment_says_or_the_users() {
    let expected = match non_empty("FASHION_MNIST_CACHE") {
        Some(folder) => Some(PathBuf::from(folder)),
        None => dirs::cache_dir().map(|folder| folder.join("burn-fashion-mnist")),
    };
    assert_eq!(cache_dir(), expected);
}

#[test]
fn the_cache_comes_before_the_system() {
    let (cache, system) = (tiny_set(), tiny_set());
    let both = Places { cache: Some(cache.path().to_owned()), system: vec![system.path().to_owned()], ..offline() };
    assert_eq!(both.candidates(&Source::Auto), [cache.path(), system.path()]);
    let data = both.search(&any_set()).expect("found");
    assert_eq!((path(&data), data.origin.warnings.len()), (Some(cache.path()), 0));
}

#[test]
fn a_folder_without_files_is_passed_over_silently_and_damage_with_a_warning() {
    let (empty, damaged, whole) = (tempfile::tempdir().expect("a temporary folder"), tiny_set(), tiny_set());
    fs::write(damaged.path().join("t10k-labels-idx1-ubyte"), [0, 0, 8]).expect("writable");
    let places = Places {
        cache: Some(empty.path().to_owned()),
        system: vec![damaged.path().to_owned(), whole.path().to_owned()],
        ..offline()
    };
    let data = places.search(&any_set()).expect("found");
    assert_eq!(path(&data), Some(whole.path()));
    let [warning] = &data.origin.warnings[..] else { panic!("{:?}", data.origin.warnings) };
    assert!(warning.contains(&damaged.path().display().to_string()), "{warning}");
}

#[test]
fn a_chosen_folder_is_the_only_one() {
    let (missing, whole) = (Path::new("no/such/folder"), tiny_set());
    let mut places = Places { chosen: Some(missing.to_owned()), system: vec![whole.path().to_owned()], ..offline() };
    assert_eq!(places.candidates(&Source::Auto), [missing]);
    let error = places.search(&any_set()).expect_err("no fall-through").to_string();
    assert!(error.contains("FASHION_MNIST_DIR") && error.contains("no/such/folder"), "{error}");

    places.chosen = Some(whole.path().to_owned());
    assert_eq!(path(&places.search(&any_set()).expect("found")), Some(whole.path()));
}

#[test]
fn an_explicit_folder_does_not_fall_through() {
    let request = Request::new(Source::Dir("no/such/folder".into()));
    assert_eq!(candidates(&request), [Path::new("no/such/folder")]);
    assert!(matches!(FashionMnist::load(&request), Err(DataError::NoFolder { .. })));
}

#[cfg(feature = "sample")]
#[test]
fn the_sample_comes_last_and_with_a_warning() {
    let places = Places { system: vec!["no/such/folder".into()], ..offline() };
    let data = places.search(&Request::default()).expect("embedded");
    assert_eq!(data.origin.kind, OriginKind::Sample);
    let [warning] = &data.origin.warnings[..] else { panic!("{:?}", data.origin.warnings) };
    for part in ["no/such/folder: expected a folder", "6000 training and 1000 test", "dataset-fashion-mnist"] {
        assert!(warning.contains(part), "{warning}");
    }
    let asked_for = FashionMnist::load(&Request::new(Source::Sample)).expect("embedded");
    assert_eq!(asked_for.origin.warnings, [""; 0]);
}

#[cfg(not(feature = "sample"))]
#[test]
fn without_a_sample_the_error_lists_all_places() {
    let error = offline().search(&Request::default()).expect_err("nowhere").to_string();
    for part in ["download", "`sample`", "dataset-fashion-mnist"] {
        assert!(error.contains(part), "{error}");
    }
    let origin = FashionMnist::from_dir(tiny_set().path(), false).expect("a valid set").origin;
    assert_eq!(origin.kind, OriginKind::Directory);
}
