//! Loading of the data set.

use std::ffi::OsString;
use std::io::{IsTerminal as _, Write as _, stderr};
use std::path::{Path, absolute};

use anyhow::{Context as _, Result};
use burn_fashion_mnist::{FashionMnist, Request, Source};
use mlp_settings::config::DataConfig;

use crate::progress::warn;
use crate::record::CONFIG;

/// Loads the data of a run whose configuration says `config`. `way_out` is how to name another source.
pub fn of_run(run: &Path, config: &DataConfig, way_out: &str) -> Result<FashionMnist> {
    let source = named(&config.source);
    let data = load(&source, config.verify);
    if !matches!(source, Source::Dir(_)) {
        return data;
    }
    data.with_context(|| {
        let (file, from) = (run.join(CONFIG), std::env::current_dir().unwrap_or_default());
        let (file, from) = (file.display(), from.display());
        format!("{file}: data.source = {:?}, seen from {from}; for another folder {way_out}", config.source)
    })
}

/// The source that a setting names.
pub fn named(setting: &str) -> Source {
    OsString::from(setting).into()
}

/// `setting` for the configuration of a run, which is to find the data from any working directory.
pub fn lasting(setting: &str) -> Result<String> {
    Ok(match named(setting) {
        Source::Dir(path) => Source::Dir(absolute(&path).with_context(|| path.display().to_string())?).to_string(),
        other => other.to_string(),
    })
}

/// Loads the data from `source`, and prints warnings on stderr.
pub fn load(source: &Source, verify: bool) -> Result<FashionMnist> {
    let data = FashionMnist::load(&request(source.clone(), verify))?;
    for warning in &data.origin.warnings {
        warn(warning);
    }
    Ok(data)
}

/// The request for the data from `source`.
pub fn request(source: Source, verify: bool) -> Request {
    let request = Request::new(source).with_verify(verify);
    if stderr().is_terminal() { request.with_progress(show_download) } else { request }
}

/// Shows the progress of a download on a terminal.
pub fn show_download(file: &str, done: u64, total: Option<u64>) {
    const MEGABYTE: f64 = 1e6;
    let total = total.map_or(String::new(), |total| format!(" of {:.1}", total as f64 / MEGABYTE));
    let _ = write!(stderr(), "\r{file}: {:.1}{total} MB ", done as f64 / MEGABYTE);
}
