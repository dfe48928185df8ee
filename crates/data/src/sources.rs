use std::convert::Infallible;
use std::env;
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use crate::{DataError, FashionMnist};

/// Ends every message that says the full data was not found.
pub(crate) const HOW_TO_GET: &str = "To get the full data: install the package `dataset-fashion-mnist` (Debian, \
     Ubuntu), or put the four files of https://github.com/zalandoresearch/fashion-mnist into a folder and name it in \
     FASHION_MNIST_DIR";

const SYSTEM_DIRS: [&str; 2] = ["/usr/share/datasets/fashion-mnist", "/usr/local/share/datasets/fashion-mnist"];

/// Which data is asked for.
///
/// As text: `auto`, `sample`, or the path of a folder (`./auto` for a folder of that name).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Source {
    /// The first of: the folder in `FASHION_MNIST_DIR`, the cache, the system's data folders, a download, and
    /// (with a warning) the embedded sample.
    #[default]
    Auto,
    /// The subset compiled into the library.
    Sample,
    /// A folder, and nothing else.
    Dir(PathBuf),
}

impl FromStr for Source {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(match text {
            "auto" => Self::Auto,
            "sample" => Self::Sample,
            path => Self::Dir(path.into()),
        })
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Auto => f.write_str("auto"),
            Self::Sample => f.write_str("sample"),
            Self::Dir(path) if path.as_os_str() == "auto" || path.as_os_str() == "sample" => {
                write!(f, "./{}", path.display())
            }
            Self::Dir(path) => write!(f, "{}", path.display()),
        }
    }
}

/// Called during a download with the file's name, the bytes received so far, and the total if the server gave it.
pub type Progress = fn(file: &str, done: u64, total: Option<u64>);

/// What [`FashionMnist::load`] is asked for.
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
    /// Whether a folder must hold Fashion-MNIST itself, see [`FashionMnist::from_dir`]. True by default.
    ///
    /// What is downloaded is verified in any case.
    pub verify: bool,
    /// Follows a download.
    pub progress: Option<Progress>,
    /// Addresses to download from, to which a file's name is appended; the built-in ones if `None`.
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

/// The folder into which downloads go: `FASHION_MNIST_CACHE`, else `burn-fashion-mnist` in the user's cache folder
/// (on Linux `XDG_CACHE_HOME` or `~/.cache`).
///
/// `None` where the platform names no such folder.
#[must_use]
pub fn cache_dir() -> Option<PathBuf> {
    non_empty("FASHION_MNIST_CACHE").map(PathBuf::from).or_else(|| Some(dirs::cache_dir()?.join("burn-fashion-mnist")))
}

/// The folders in which a request looks, in order. Whether they exist is not checked.
#[must_use]
pub fn candidates(request: &Request) -> Vec<PathBuf> {
    Places::from_env().candidates(&request.source)
}

impl FashionMnist {
    /// Finds and reads the data.
    ///
    /// [`Source::Auto`] looks in this order, and takes the first place whose files are whole:
    ///
    /// 1. the folder in the environment variable `FASHION_MNIST_DIR`: if that is set, it must be usable;
    /// 2. [`cache_dir`];
    /// 3. the system's data folders, `/usr/share/datasets/fashion-mnist` (where Debian's package
    ///    `dataset-fashion-mnist` puts it) and the same under `/usr/local`;
    /// 4. a download into the cache (feature `download`), unless `FASHION_MNIST_OFFLINE` is set and not empty;
    /// 5. the embedded sample (feature `sample`), with a warning in [`Origin::warnings`](crate::Origin::warnings).
    ///
    /// Damaged files in 2 and 3 are passed over with a warning; the download replaces those in the cache.
    ///
    /// # Errors
    ///
    /// The source is a folder that cannot be used (see [`from_dir`](Self::from_dir)), or no place has the data.
    pub fn load(request: &Request) -> Result<Self, DataError> {
        match &request.source {
            Source::Auto => Places::from_env().search(request),
            Source::Sample => sample(),
            Source::Dir(dir) => Self::from_dir(dir, request.verify),
        }
    }
}

/// The places to search: read from the environment once, so that a search does not depend on it.
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
                .map_err(|error| DataError::Environment { variable: "FASHION_MNIST_DIR", source: Box::new(error) });
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
                    warnings.push(format!("passed over unusable data: {error}"));
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
mod tests {
    use std::fs;
    use std::path::Path;

    use super::*;
    use crate::OriginKind;

    /// A valid set of one training and one test image, which is not Fashion-MNIST.
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
    fn a_source_is_what_its_text_says() {
        for source in ["auto", "sample", "some/dir", "./auto", "./sample"] {
            assert_eq!(source.parse::<Source>().map(|parsed| parsed.to_string()).as_deref(), Ok(source));
        }
        assert_eq!(Source::Dir("auto".into()).to_string(), "./auto");
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
        let mut places =
            Places { chosen: Some(missing.to_owned()), system: vec![whole.path().to_owned()], ..offline() };
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
}
