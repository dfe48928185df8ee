//! Loading of the data set.

use std::io::{IsTerminal as _, Write as _, stderr};

use anyhow::Result;
use burn_fashion_mnist::{FashionMnist, Request, Source};

use crate::progress::warn;

/// Loads the data from `source`, which is `auto`, `sample` or a folder, and prints warnings on stderr.
pub fn load(source: &str, verify: bool) -> Result<FashionMnist> {
    let data = FashionMnist::load(&request(source, verify))?;
    for warning in &data.origin.warnings {
        warn(warning);
    }
    Ok(data)
}

/// The request for the data from `source`.
pub fn request(source: &str, verify: bool) -> Request {
    let source: Source = source.parse().unwrap_or_else(|never: std::convert::Infallible| match never {});
    let request = Request::new(source).with_verify(verify);
    if stderr().is_terminal() { request.with_progress(show_download) } else { request }
}

/// Shows the progress of a download on a terminal.
pub fn show_download(file: &str, done: u64, total: Option<u64>) {
    const MEGABYTE: f64 = 1e6;
    let total = total.map_or(String::new(), |total| format!(" of {:.1}", total as f64 / MEGABYTE));
    let _ = write!(stderr(), "\r{file}: {:.1}{total} MB ", done as f64 / MEGABYTE);
}
