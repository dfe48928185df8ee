use std::fs;
use std::path::Path;

use ureq::Agent;

use crate::data_file::DataFile;
use crate::transfer::{Transfer, Wanted, agent};
use crate::{DataError, Progress};

/// HTTPS addresses of the four files. The file name is appended to each.
///
/// The authors' own bucket is not included: it supports only plain HTTP.
pub const MIRRORS: &[&str] = &[
    "https://storage.googleapis.com/tensorflow/tf-keras-datasets/",
    "https://github.com/zalandoresearch/fashion-mnist/raw/master/data/fashion/",
    "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
];

/// Downloads the four files into a folder, which is created if needed.
///
/// Existing files with the correct content are kept. Each other file is downloaded from the first mirror that delivers
/// it, into a temporary file that is renamed after its SHA-256 has been verified. Neither a failure nor a concurrent
/// process leaves an incomplete file. A mirror that is busy or drops the connection is tried up to three times.
///
/// The usual environment variables for proxies apply (`HTTPS_PROXY`, `ALL_PROXY`, `NO_PROXY`).
///
/// # Errors
///
/// If the folder cannot be written, or no mirror delivers a file. The message lists each mirror and the reason it
/// failed.
pub fn fetch(dir: &Path, mirrors: &[String], progress: Option<Progress>) -> Result<(), DataError> {
    let agent = agent(Agent::config_builder());
    fs::create_dir_all(dir).map_err(|reason| DataError::Io { path: dir.to_owned(), reason })?;
    for file in DataFile::ALL {
        let wanted = Wanted { name: file.published_name(), sha256: file.sha256(), length: file.content_len() };
        if file.find_in(dir).is_some_and(|path| wanted.is_whole(&path)) {
            continue;
        }
        Transfer { agent: &agent, dir, wanted: &wanted, progress }.run(mirrors)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_files_are_not_fetched_again() {
        let system = Path::new("/usr/share/datasets/fashion-mnist");
        if !system.exists() {
            eprintln!("skipped: {} is absent (Debian package dataset-fashion-mnist)", system.display());
            return;
        }
        let dir = tempfile::tempdir().expect("a temporary folder");
        for file in DataFile::ALL {
            let name = file.published_name();
            fs::copy(system.join(&name), dir.path().join(&name)).expect("room for 31 MB");
        }
        fetch(dir.path(), &[], None).expect("nothing to do");

        let labels = dir.path().join(DataFile::TestLabels.published_name());
        fs::write(&labels, b"damaged").expect("writable");
        let error = fetch(dir.path(), &[], None).expect_err("no mirror to mend the file").to_string();
        assert!(error.starts_with(&labels.display().to_string()), "{error}");
    }
}
