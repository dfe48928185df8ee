//! Writes the files that the feature `sample` compiles in: of each class the first 600 training and the first 100
//! test images, in file order.
//!
//! ```text
//! cargo run --release -p burn-fashion-mnist --example make_sample -- [SOURCE_DIR] [TARGET_DIR]
//! ```
//!
//! The content is the same on every run. It prints the hash that `src/sample.rs` expects.

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use burn_fashion_mnist::{FashionMnist, Images};
use flate2::{Compression, write::GzEncoder};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args_os().skip(1).map(PathBuf::from);
    let source = arguments.next().unwrap_or_else(|| "/usr/share/datasets/fashion-mnist".into());
    let target = arguments.next().unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("assets"));

    let full = FashionMnist::from_dir(&source, true)?;
    write_split(&first_of_each_class(&full.train, 600), &target, "train")?;
    write_split(&first_of_each_class(&full.test, 100), &target, "t10k")?;

    let sample = FashionMnist::from_dir(&target, false)?;
    println!("{} training and {} test images in {}", sample.train.len(), sample.test.len(), target.display());
    println!("SHA256: {}", sample.origin.sha256);
    Ok(())
}

fn first_of_each_class(images: &Images, per_class: usize) -> Images {
    let mut seen = vec![0; images.classes()];
    let chosen: Vec<u32> = (0_u32..)
        .zip(images.labels())
        .filter(|&(_, &label)| {
            seen[usize::from(label)] += 1;
            seen[usize::from(label)] <= per_class
        })
        .map(|(index, _)| index)
        .collect();
    images.select(&chosen)
}

fn write_split(images: &Images, dir: &Path, prefix: &str) -> io::Result<()> {
    let side = |length: usize| u32::try_from(length).map_err(io::Error::other);
    let (count, height, width) = (side(images.len())?, side(images.height())?, side(images.width())?);
    write_idx(&dir.join(format!("{prefix}-images-idx3-ubyte.gz")), &[0x803, count, height, width], images.pixels())?;
    write_idx(&dir.join(format!("{prefix}-labels-idx1-ubyte.gz")), &[0x801, count], images.labels())
}

fn write_idx(path: &Path, header: &[u32], body: &[u8]) -> io::Result<()> {
    let mut encoder = GzEncoder::new(File::create(path)?, Compression::best());
    for word in header {
        encoder.write_all(&word.to_be_bytes())?;
    }
    encoder.write_all(body)?;
    encoder.finish()?.sync_all()
}
