use std::fs;

use super::*;

fn words(words: &[u32]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_be_bytes()).collect()
}

fn images(count: u32, height: u32, width: u32) -> Vec<u8> {
    [words(&[0x803, count, height, width]), vec![9; (count * height * width) as usize]].concat()
}

fn labels(labels: &[u8]) -> Vec<u8> {
    [&words(&[0x801, labels.len() as u32]), labels].concat()
}

/// Three training and two test images of 2 x 3 pixels.
fn tiny() -> [Vec<u8>; 4] {
    [images(3, 2, 3), labels(&[1, 0, 1]), images(2, 2, 3), labels(&[4, 0])]
}

fn folder(files: &[Vec<u8>; 4]) -> tempfile::TempDir {
    let dir = tempfile::tempdir().expect("a temporary folder");
    for (file, content) in DataFile::ALL.into_iter().zip(files) {
        fs::write(dir.path().join(file.stem()), content).expect("writable");
    }
    dir
}

fn error(files: &[Vec<u8>; 4], verify: bool) -> String {
    FashionMnist::from_dir(folder(files).path(), verify).expect_err("invalid").to_string()
}

#[test]
fn the_data_decides_size_and_classes() {
    let dir = folder(&tiny());
    let data = FashionMnist::from_dir(dir.path(), false).expect("a valid set");
    assert_eq!((data.train.len(), data.test.len(), data.train.d_input()), (3, 2, 6));
    // Label 4 occurs in the test set only.
    assert_eq!((data.train.classes(), data.test.classes()), (5, 5));
    assert_eq!(data.class_names(), ["0", "1", "2", "3", "4"]);
    assert_eq!(data.split(Split::Test).labels(), [4, 0]);
    assert_eq!((data.origin.kind, data.origin.verified), (OriginKind::Directory, false));
    assert_eq!(data.origin.path.as_deref(), Some(dir.path()));
}

#[test]
fn the_joint_hash_is_that_of_the_four_hashes() {
    let files = tiny();
    let joined: String = files.iter().map(|content| idx::hex(&Sha256::digest(content))).collect();
    let data = FashionMnist::from_dir(folder(&files).path(), false).expect("a valid set");
    assert_eq!(data.origin.sha256, idx::hex(&Sha256::digest(joined)));
}

#[test]
fn the_dotted_names_do_as_well() {
    let dir = folder(&tiny());
    let from = dir.path().join("train-images-idx3-ubyte");
    fs::rename(from, dir.path().join("train-images.idx3-ubyte")).expect("writable");
    assert!(FashionMnist::from_dir(dir.path(), false).is_ok());
}

#[test]
fn files_that_do_not_fit_together_are_named() {
    let [train_images, train_labels, test_images, test_labels] = tiny();
    let message = error(&[train_images.clone(), labels(&[0; 4]), test_images.clone(), test_labels.clone()], false);
    assert!(message.contains("holds 3 images") && message.contains("holds 4 labels"), "{message}");
    let message = error(&[train_images.clone(), train_labels.clone(), images(2, 3, 2), test_labels], false);
    assert!(message.contains("t10k-images") && message.contains("3 x 2; expected 2 x 3"), "{message}");
    let message = error(&[train_images, train_labels, images(0, 2, 3), labels(&[])], false);
    assert!(message.contains("t10k-images") && message.contains("found none"), "{message}");
}

#[test]
fn an_empty_folder_lists_the_names_looked_for() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let message = FashionMnist::from_dir(dir.path(), true).expect_err("empty").to_string();
    for file in DataFile::ALL {
        assert!(file.names().iter().all(|name| message.contains(name)), "{message}");
    }
}

#[test]
fn verification_names_both_hashes_and_the_way_out() {
    let files = tiny();
    let message = error(&files, true);
    assert!(message.contains(DataFile::TrainImages.sha256()), "{message}");
    assert!(message.contains(&idx::hex(&Sha256::digest(&files[0]))), "{message}");
    assert!(message.contains("turn verification off"), "{message}");
}

#[test]
fn digit_mnist_is_recognized() {
    let path = |name: &str| PathBuf::from(name);
    let paths = [path("a"), path("b"), path("c"), path("d")];
    let images = |file: DataFile, digits| IdxImages {
        pixels: vec![0],
        count: 1,
        height: 1,
        width: 1,
        sha256: if digits { file.digits_sha256() } else { file.sha256() }.to_owned(),
    };
    let labels = |file: DataFile, labels: &[u8], sha256: Option<&str>| IdxLabels {
        labels: labels.to_vec(),
        sha256: sha256.unwrap_or(file.sha256()).to_owned(),
    };
    // Each file separately, with the other three from Fashion-MNIST: real caches have mixed the two data sets.
    for digits in 0..4 {
        let other = |index: usize| (index == digits).then_some("other");
        let parts = Parts {
            train_images: images(DataFile::TrainImages, digits == 0),
            train_labels: labels(DataFile::TrainLabels, &[&DIGITS[0][..], &[4]].concat(), other(1)),
            test_images: images(DataFile::TestImages, digits == 2),
            test_labels: labels(DataFile::TestLabels, &DIGITS[1], other(3)),
        };
        let mismatch = parts.mismatch(&paths);
        assert!(
            matches!(&mismatch, Some(DataError::DigitMnist { path, .. }) if *path == paths[digits]),
            "{mismatch:?}"
        );
    }
}

#[test]
fn the_full_set_is_the_published_one() {
    let dir = Path::new("/usr/share/datasets/fashion-mnist");
    if !dir.exists() {
        eprintln!("skipped: {} is absent (Debian package dataset-fashion-mnist)", dir.display());
        return;
    }
    let data = FashionMnist::from_dir(dir, true).expect("the package's files are whole");
    assert_eq!(data.train.class_counts(), [6000; 10]);
    assert_eq!(data.test.class_counts(), [1000; 10]);
    assert_eq!(data.train.labels()[..10], [9, 0, 0, 3, 0, 2, 7, 2, 5, 5]);
    assert_eq!(data.class_names()[..3], ["T-shirt/top", "Trouser", "Pullover"]);
    assert!(data.origin.verified);
}
