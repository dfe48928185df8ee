//! Damaged and foreign data files.

use std::fs;
use std::io::Write as _;
use std::path::Path;

use crate::process::{fail, succeed, tiny, tiny_data, write_idx};

/// Damages the small data set with `damage` and expects an error that contains `parts`, and no run directory.
fn damaged(damage: impl Fn(&Path), parts: &[&str]) {
    let folder = tiny_data();
    damage(&folder.path().join("data"));
    fail(folder.path(), &tiny(&["--out", "out"]), 1, parts);
    assert!(!folder.path().join("out").exists(), "{parts:?} left a run directory");
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn a_truncated_gz() {
    let images = "train-images-idx3-ubyte";
    damaged(
        |data| {
            let packed = gzip(&fs::read(data.join(images)).unwrap());
            fs::remove_file(data.join(images)).unwrap();
            fs::write(data.join(format!("{images}.gz")), &packed[..packed.len() / 2]).unwrap();
        },
        &["train-images-idx3-ubyte.gz"],
    );
}

#[test]
fn a_truncated_idx() {
    damaged(
        |data| {
            let path = data.join("t10k-images-idx3-ubyte");
            let bytes = fs::read(&path).unwrap();
            fs::write(&path, &bytes[..bytes.len() - 1]).unwrap();
        },
        &["t10k-images-idx3-ubyte"],
    );
}

#[test]
fn a_wrong_magic_number() {
    let write = |data: &Path| write_idx(&data.join("train-labels-idx1-ubyte"), 0x0803, &[90], &[0; 90]);
    damaged(write, &["train-labels-idx1-ubyte", "00000801", "00000803"]);
}

#[test]
fn another_number_of_labels_than_of_images() {
    let write = |data: &Path| write_idx(&data.join("train-labels-idx1-ubyte"), 0x0801, &[89], &[0; 89]);
    damaged(write, &["train-labels-idx1-ubyte", "90", "89"]);
}

#[test]
fn an_empty_folder_and_one_that_does_not_exist() {
    damaged(
        |data| {
            for file in fs::read_dir(data).unwrap() {
                fs::remove_file(file.unwrap().path()).unwrap();
            }
        },
        &["data", "train-images-idx3-ubyte"],
    );
    damaged(|data| fs::remove_dir_all(data).unwrap(), &["data"]);
}

#[test]
fn foreign_images_under_the_names_of_fashion_mnist_are_told_by_their_hash() {
    let folder = tiny_data();
    let arguments = ["train", "--data", "data", "--out", "out"];
    fail(folder.path(), &arguments, 1, &["c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888"]);
    assert!(!folder.path().join("out").exists());
}

#[test]
fn packed_and_raw_files_are_the_same_data() {
    let folder = tiny_data();
    succeed(folder.path(), &tiny(&["--out", "raw"]));
    let data = folder.path().join("data");
    for file in fs::read_dir(&data).unwrap().collect::<Vec<_>>() {
        let path = file.unwrap().path();
        fs::write(path.with_extension("gz"), gzip(&fs::read(&path).unwrap())).unwrap();
        fs::remove_file(path).unwrap();
    }
    succeed(folder.path(), &tiny(&["--out", "packed"]));
    crate::process::assert_same_bits(&folder.path().join("raw"), &folder.path().join("packed"));
}

/// Gives every label of the highest class, 2, in both splits to class 1.
fn without_class_2(data: &Path) {
    for name in ["train-labels-idx1-ubyte", "t10k-labels-idx1-ubyte"] {
        let mut bytes = fs::read(data.join(name)).unwrap();
        bytes[8..].iter_mut().for_each(|label| *label = (*label).min(1));
        fs::write(data.join(name), bytes).unwrap();
    }
}

#[test]
fn data_without_images_of_the_last_class_is_evaluated_and_with_more_classes_refused() {
    let folder = tiny_data();
    let folder = folder.path();
    let few = folder.join("few/FashionMNIST/raw");
    crate::process::write_tiny_data(&few, 30, 9);
    without_class_2(&few);
    succeed(folder, &tiny(&["--out", "out"]));
    for split in ["test", "train"] {
        succeed(folder, &["evaluate", "out", "--data", "few", "--split", split]);
    }
    let predicted = succeed(folder, &["predict", "out", "--data", "few", "test:2", "--samples", "5"]).stdout;
    assert!(predicted.contains("actual: 1"), "{predicted}");
    succeed(folder, &["report", "out", "--data", "few"]);
    let report = fs::read_to_string(folder.join("out/report.html")).unwrap();
    assert!(!report.contains("NaN"));

    succeed(
        folder,
        &["train", "--data", "few", "--set", "data.verify=false", "--set", "training.epochs=0", "--out", "two"],
    );
    fail(folder, &["evaluate", "two", "--data", "data"], 1, &["in at most 2 classes", "found 4 x 5 in 3"]);
}

#[test]
fn a_run_is_not_resumed_on_other_data() {
    let folder = tiny_data();
    succeed(folder.path(), &tiny(&["--out", "out"]));
    crate::process::write_tiny_data(&folder.path().join("data"), 60, 30);
    fail(folder.path(), &["train", "--resume", "out"], 1, &["SHA-256"]);
}

#[test]
fn what_was_held_out_is_evaluated_apart_and_nothing_is_ignored() {
    let folder = tiny_data();
    let folder = folder.path();
    succeed(folder, &tiny(&["--set", "validation.fraction=0.2", "--out", "out"]));
    let of = |split: &str| succeed(folder, &["evaluate", "out", "--split", split]).stdout;
    let counted = |text: &str| -> usize {
        text.split(" of ").nth(1).and_then(|rest| rest.split(')').next()).unwrap().parse().unwrap()
    };
    let (train, validation) = (of("train"), of("validation"));
    assert!(train.starts_with("train accuracy") && validation.starts_with("validation accuracy"));
    assert!(counted(&train) > 3 * counted(&validation) && counted(&validation) > 0, "{train}{validation}");
    succeed(folder, &tiny(&["--out", "whole"]));
    let whole = succeed(folder, &["evaluate", "whole", "--split", "train"]).stdout;
    assert_eq!(counted(&whole), counted(&train) + counted(&validation));
    fail(folder, &["evaluate", "whole", "--split", "validation"], 1, &["held out no images", "validation.fraction"]);
    fail(folder, &["predict", "whole", "test:1", "--invert"], 1, &["test:1", "--invert is for image files"]);
}
