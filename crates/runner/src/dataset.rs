//! Loading of the data set.

use std::ffi::OsString;
use std::io::{IsTerminal as _, Write as _, stderr};
use std::path::{Path, absolute};

use anyhow::{Context as _, Result, ensure};
use burn_fashion_mnist::{FashionMnist, Images, Request, Source};
use mlp_settings::config::{Config, DataConfig, ValidationConfig};
use mlp_splits::{Fold, stratified_k_fold, stratified_split};

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

/// The images that a run trains on, and those that it holds out for validation, if it does.
///
/// # Errors
///
/// If either would be none.
pub(crate) fn split(config: &Config, data: &FashionMnist) -> Result<(Images, Option<Images>)> {
    let ValidationConfig { fraction, folds, fold, .. } = config.validation;
    let (labels, seed) = (data.train.labels(), config.training.seed);
    if folds > 0 {
        let Fold { train, validation } = stratified_k_fold(labels, folds, seed)?.swap_remove(fold);
        return Ok((data.train.select(&train), Some(data.train.select(&validation))));
    }
    if fraction == 0.0 {
        return Ok((data.train.clone(), None));
    }
    let (kept, held_out) = stratified_split(labels, fraction, seed)?;
    let all = data.train.len();
    ensure!(!kept.is_empty(), "validation.fraction = {fraction} holds out all {all} training images");
    ensure!(!held_out.is_empty(), "validation.fraction = {fraction} holds out none of the {all} training images");
    Ok((data.train.select(&kept), Some(data.train.select(&held_out))))
}
