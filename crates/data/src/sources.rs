use std::env;
use std::path::PathBuf;

use crate::{DataError, FashionMnist, Source};

/// The end of every message that the full data was not found.
pub(crate) const HOW_TO_GET: &str = "To get the full data: install the package `dataset-fashion-mnist` (Debian, \
     Ubuntu), or put the four files of https://github.com/zalandoresearch/fashion-mnist into a folder and name it in \
     FASHION_MNIST_DIR";

const SYSTEM_DIRS: [&str; 2] = ["/usr/share/datasets/fashion-mnist", "/usr/local/share/datasets/fashion-mnist"];

/// Called during a download with the file's name, the bytes received so far, and the total if the server sent it.
pub type Progress = fn(file: &str, done: u64, total: Option<u64>);

/// The arguments of [`FashionMnist::load`].
///
/// # Examples
///
/// ```
/// use burn_fashion_mnist::{Request, Source};
///
/// let request = Request::new(Source::Dir("my/images".into()))
///     .with_verify(false)
///     .with_progress(|file, done, _| eprintln!("{file}: {done} bytes"))
///     .with_mirrors(vec!["https://example.org/images/".into()]);
/// assert!(!request.verify && request.progress.is_some());
/// assert_eq!(request.mirrors.as_deref(), Some(&["https://example.org/images/".to_owned()][..]));
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Request {
    /// Which data.
    pub source: Source,
    /// Whether a folder must contain Fashion-MNIST itself, see [`FashionMnist::from_dir`]. True by default.
    ///
    /// Downloads are always verified.
    pub verify: bool,
    /// Called with the progress of a download.
    pub progress: Option<Progress>,
    /// Addresses to download from, to which the file name is appended. `None`: the built-in ones.
    pub mirrors: Option<Vec<String>>,
}

impl Default for Request {
    fn default() -> Self {
        Self::new(Source::Auto)
    }
}

impl Request {
    /// A verified request without progress reports.
    #[must_use]
    pub fn new(source: Source) -> Self {
        Self { source, verify: true, progress: None, mirrors: None }
    }

    /// Sets [`verify`](Self::verify).
    #[must_use]
    pub fn with_verify(mut self, verify: bool) -> Self {
        self.verify = verify;
        self
    }

    /// Sets [`progress`](Self::progress).
    #[must_use]
    pub fn with_progress(mut self, progress: Progress) -> Self {
        self.progress = Some(progress);
        self
    }

    /// Sets [`mirrors`](Self::mirrors).
    #[must_use]
    pub fn with_mirrors(mut self, mirrors: Vec<String>) -> Self {
        self.mirrors = Some(mirrors);
        self
    }
}

/// The folder for downloads: `FASHION_MNIST_CACHE`, else `burn-fashion-mnist` in the user's cache folder (on Linux
/// `XDG_CACHE_HOME` or `~/.cache`).
///
/// `None` if the platform has no such folder.
#[must_use]
pub fn cache_dir() -> Option<PathBuf> {
    non_empty("FASHION_MNIST_CACHE").map(PathBuf::from).or_else(|| Some(dirs::cache_dir()?.join("burn-fashion-mnist")))
}

/// The folders that a request searches, in order. Whether they exist is not checked.
#[must_use]
pub fn candidates(request: &Request) -> Vec<PathBuf> {
    Places::from_env().candidates(&request.source)
}

impl FashionMnist {
    /// Finds and reads the data.
    ///
    /// [`Source::Auto`] searches in this order, and uses the first place with valid files:
    ///
    /// 1. the folder in the environment variable `FASHION_MNIST_DIR`; if the variable is set, the folder must be
    ///    usable;
    /// 2. [`cache_dir`];
    /// 3. the system's data folders, `/usr/share/datasets/fashion-mnist` (where Debian's package
    ///    `dataset-fashion-mnist` puts it) and the same under `/usr/local`;
    /// 4. a download into the cache (feature `download`), unless `FASHION_MNIST_OFFLINE` is set and not empty;
    /// 5. the embedded sample (feature `sample`), with a warning in [`Origin::warnings`](crate::Origin::warnings).
    ///
    /// Damaged files in 2 and 3 are skipped with a warning. The download replaces those in the cache.
    ///
    /// # Errors
    ///
    /// If the source is a folder that cannot be used (see [`from_dir`](Self::from_dir)), or no place has the data.
    pub fn load(request: &Request) -> Result<Self, DataError> {
        match &request.source {
            Source::Auto => Places::from_env().search(request),
            Source::Sample => sample(),
            Source::Dir(dir) => Self::from_dir(dir, request.verify),
        }
    }
}

/// The places to search. The environment is read once, so that tests of the search do not depend on it.
struct Places {
    chosen: Option<PathBuf>,
    cache: Option<PathBuf>,
    system: Vec<PathBuf>,
    offline: bool,
}

impl Places {
    fn from_env() -> Self {
        Self {
            chosen: non_empty("FASHION_MNIST_DIR").map(PathBuf::from),
            cache: cache_dir(),
            system: SYSTEM_DIRS.map(PathBuf::from).to_vec(),
            offline: non_empty("FASHION_MNIST_OFFLINE").is_some(),
        }
    }

    fn candidates(&self, source: &Source) -> Vec<PathBuf> {
        match (source, &self.chosen) {
            (Source::Sample, _) => Vec::new(),
            (Source::Dir(dir), _) | (Source::Auto, Some(dir)) => vec![dir.clone()],
            (Source::Auto, None) => self.cache.iter().chain(&self.system).cloned().collect(),
        }
    }

    fn search(&self, request: &Request) -> Result<FashionMnist, DataError> {
        if let Some(dir) = &self.chosen {
            return FashionMnist::from_dir(dir, request.verify)
                .map_err(|error| DataError::Environment { variable: "FASHION_MNIST_DIR", reason: Box::new(error) });
        }
        let mut tried = Vec::new();
        let mut warnings = Vec::new();
        for dir in self.candidates(&Source::Auto) {
            match FashionMnist::from_dir(&dir, request.verify) {
                Ok(data) => return Ok(with_warnings(data, warnings)),
                Err(error @ DataError::NoFolder { .. }) => tried.push(error.to_string()),
                Err(DataError::MissingFiles { missing, .. }) if missing.len() == 4 => {
                    tried.push(format!("{}: no files", dir.display()));
                }
                Err(error) => {
                    warnings.push(format!("skipped unusable data: {error}"));
                    tried.push(error.to_string());
                }
            }
        }
        match self.download(request) {
            Ok(data) => return Ok(with_warnings(data, warnings)),
            Err(reason) => tried.push(reason),
        }
        match sample() {
            Ok(data) => {
                warnings.push(format!(
                    "the full data was not found: using the embedded sample of {} training and {} test images, whose \
                     results are not comparable with those of the full data. Tried: {}. {HOW_TO_GET}",
                    data.train.len(),
                    data.test.len(),
                    tried.join("; "),
                ));
                Ok(with_warnings(data, warnings))
            }
            Err(error) => {
                tried.push(error.to_string());
                Err(DataError::NotFound { tried })
            }
        }
    }

    #[cfg(feature = "download")]
    fn download(&self, request: &Request) -> Result<FashionMnist, String> {
        if self.offline {
            return Err("download: off, since FASHION_MNIST_OFFLINE is set".to_owned());
        }
        let dir = self.cache.as_ref().ok_or("download: no cache folder; set FASHION_MNIST_CACHE")?;
        let built_in = || crate::MIRRORS.iter().map(|&mirror| mirror.to_owned()).collect();
        let mirrors = request.mirrors.clone().unwrap_or_else(built_in);
        crate::fetch(dir, &mirrors, request.progress)
            .and_then(|()| FashionMnist::from_dir(dir, true))
            .map_err(|error| error.to_string())
    }

    #[cfg(not(feature = "download"))]
    fn download(&self, _: &Request) -> Result<FashionMnist, String> {
        let _ = self.offline;
        Err(DataError::FeatureOff { request: "a download", feature: "download" }.to_string())
    }
}

fn sample() -> Result<FashionMnist, DataError> {
    #[cfg(feature = "sample")]
    return FashionMnist::sample();
    #[cfg(not(feature = "sample"))]
    return Err(DataError::FeatureOff { request: "the embedded sample", feature: "sample" });
}

fn with_warnings(mut data: FashionMnist, warnings: Vec<String>) -> FashionMnist {
    data.origin.warnings.extend(warnings);
    data
}

/// An empty variable counts as unset, as in a shell's `VAR= command`.
fn non_empty(variable: &str) -> Option<std::ffi::OsString> {
    env::var_os(variable).filter(|value| !value.is_empty())
}

#[cfg(test)]
mod tests;
