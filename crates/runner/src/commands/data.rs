//! `runner data`

use std::io::{Write as _, stderr};

use anyhow::{Context, Result};
use burn_fashion_mnist::{FashionMnist, MIRRORS, Request, Split, cache_dir, candidates, fetch};

use crate::cli::{DataAction, DataArgs};
use crate::dataset;
use crate::formats::image::ascii;
use crate::output::stdout;
use crate::progress::thousands;

/// Finds, downloads, checks or shows the data.
pub fn run(arguments: &DataArgs) -> Result<()> {
    let request = dataset::request(&arguments.data, true);
    match arguments.action {
        DataAction::Path => path(&request),
        DataAction::Fetch => fetch_into_cache(),
        DataAction::Verify => verify(&arguments.data),
        DataAction::Show => show(&arguments.data),
    }
}

fn path(request: &Request) -> Result<()> {
    for (index, candidate) in candidates(request).iter().enumerate() {
        let state = if candidate.is_dir() { "exists" } else { "absent" };
        writeln!(stdout(), "{}. {} ({state})", index + 1, candidate.display())?;
    }
    writeln!(stdout(), "then, for `auto`: a download into the cache, then the embedded sample")?;
    Ok(())
}

fn fetch_into_cache() -> Result<()> {
    let cache = cache_dir().context("no cache folder: set FASHION_MNIST_CACHE to one")?;
    let mirrors: Vec<String> = MIRRORS.iter().map(|&mirror| mirror.to_owned()).collect();
    fetch(&cache, &mirrors, Some(dataset::show_download))?;
    let _ = writeln!(stderr());
    writeln!(stdout(), "{}", cache.display())?;
    Ok(())
}

fn verify(source: &str) -> Result<()> {
    let data = dataset::load(source, true)?;
    writeln!(stdout(), "{}: all four files are the published ones", place(&data))?;
    writeln!(stdout(), "SHA-256 over their digests: {}", data.origin.sha256)?;
    Ok(())
}

fn show(source: &str) -> Result<()> {
    let data = dataset::load(source, false)?;
    writeln!(stdout(), "{}, {} x {} pixels", place(&data), data.train.height(), data.train.width())?;
    for split in [Split::Train, Split::Test] {
        let images = data.split(split);
        let counts: Vec<String> = images.class_counts().iter().map(|&count| thousands(count as u64)).collect();
        writeln!(stdout(), "{split}: {} images; by class {}", thousands(images.len() as u64), counts.join(", "))?;
    }
    for (class, name) in data.class_names().iter().enumerate() {
        let first = data.test.labels().iter().position(|&label| usize::from(label) == class);
        if let Some(pixels) = first.and_then(|index| data.test.image(index)) {
            writeln!(stdout(), "\n{class}: {name}\n{}", ascii(pixels, data.test.width()))?;
        }
    }
    Ok(())
}

fn place(data: &FashionMnist) -> String {
    data.origin.path.as_ref().map_or("embedded sample".to_owned(), |path| path.display().to_string())
}
