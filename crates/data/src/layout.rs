use std::collections::{BTreeMap, VecDeque};
use std::fs;
use std::path::{Path, PathBuf};

use crate::DataError;
use crate::data_file::DataFile;

/// Levels below the given folder that are searched. Torchvision's `FashionMNIST/raw` has two.
const DEEPEST: usize = 3;
/// Most names that are looked at: the folder may be one of something else.
const MOST_NAMES: usize = 10_000;
/// Most names in an error.
const MOST_SHOWN: usize = 8;

/// The four files in a folder, as far as they are there.
type Four = [Option<PathBuf>; 4];

/// The paths of the four files in `dir` or below it, in the order of [`DataFile::ALL`].
pub(crate) fn find(dir: &Path) -> Result<[PathBuf; 4], DataError> {
    if !dir.is_dir() {
        let found = match dir.exists() {
            true => "a file",
            false if dir.as_os_str().is_empty() => "an empty path",
            false => "none",
        };
        return Err(DataError::NoFolder { path: dir.to_owned(), found });
    }
    if let [Some(a), Some(b), Some(c), Some(d)] = DataFile::ALL.map(|file| file.find_in(dir)) {
        return Ok([a, b, c, d]);
    }
    let Search { folders, names } = Search::below(dir)?;
    let whole: Vec<(&Path, &Four)> = folders
        .iter()
        .filter(|(_, four)| four.iter().all(Option::is_some))
        .map(|(folder, four)| (folder.as_path(), four))
        .collect();
    let four = match whole[..] {
        [] => scattered(dir, &folders, &names)?,
        [(_, four)] => four.clone(),
        _ => of_fashion(dir, &whole)?.clone(),
    };
    Ok(four.map(Option::unwrap_or_default))
}

/// What lies in a folder and below it.
struct Search {
    /// For each folder with any of the four files, these.
    folders: BTreeMap<PathBuf, Four>,
    /// All names, those nearest to the top first.
    names: Vec<String>,
}

impl Search {
    fn below(dir: &Path) -> Result<Self, DataError> {
        let mut search = Self { folders: BTreeMap::new(), names: Vec::new() };
        let mut pending = VecDeque::from([(dir.to_owned(), 0)]);
        while let Some((folder, depth)) = pending.pop_front() {
            let entries = match fs::read_dir(&folder) {
                Err(reason) if depth == 0 => return Err(DataError::Io { path: folder, reason }),
                entries => entries.into_iter().flatten().flatten(),
            };
            let mut paths: Vec<PathBuf> = entries.take(MOST_NAMES).map(|entry| entry.path()).collect();
            paths.sort();
            for path in paths {
                if search.names.len() == MOST_NAMES {
                    return Ok(search);
                }
                let is_folder = path.is_dir();
                let end = if is_folder { "/" } else { "" };
                search.names.push(format!("{}{end}", below(dir, &path)));
                if is_folder && depth < DEEPEST {
                    pending.push_back((path, depth + 1));
                } else if path.is_file() {
                    search.add(path);
                }
            }
        }
        Ok(search)
    }

    /// Notes a file if it is one of the four, and the best spelling of it in its folder.
    fn add(&mut self, path: PathBuf) {
        let name = |path: &Path| path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let folder = path.parent().unwrap_or(Path::new("")).to_owned();
        let Some(file) = DataFile::named(&name(&path), &name(&folder)) else { return };
        let found = &mut self.folders.entry(folder).or_default()[file as usize];
        if found.as_ref().is_none_or(|found| file.rank(&name(&path)) < file.rank(&name(found))) {
            *found = Some(path);
        }
    }
}

/// The four files if they lie in different folders, and each in one only.
fn scattered(dir: &Path, folders: &BTreeMap<PathBuf, Four>, names: &[String]) -> Result<Four, DataError> {
    let each = DataFile::ALL.map(|file| folders.values().filter_map(|four| four[file as usize].as_ref()).collect());
    let shown = |paths: &[&PathBuf]| paths.iter().map(|path| below(dir, path)).collect::<Vec<_>>();
    if let Some(several) = each.iter().find(|paths: &&Vec<&PathBuf>| paths.len() > 1) {
        return Err(DataError::SeveralSets { path: dir.to_owned(), found: shown(several) });
    }
    let missing: Vec<String> = DataFile::ALL
        .into_iter()
        .zip(&each)
        .filter(|(_, paths)| paths.is_empty())
        .map(|(file, _)| file.names().join(" or "))
        .collect();
    if !missing.is_empty() {
        let ours = shown(&each.concat());
        let found = listed(if ours.is_empty() { names } else { &ours });
        return Err(DataError::MissingFiles { path: dir.to_owned(), missing, found });
    }
    Ok(each.map(|paths| paths.first().map(|&path| path.clone())))
}

/// Of several data sets that in a folder named after fashion: torchvision puts digit MNIST beside it.
fn of_fashion<'a>(dir: &Path, whole: &[(&Path, &'a Four)]) -> Result<&'a Four, DataError> {
    let fashion = |folder: &Path| below(dir, folder).to_lowercase().contains("fashion");
    let mut chosen = whole.iter().filter(|(folder, _)| fashion(folder));
    match (chosen.next(), chosen.next()) {
        (Some((_, four)), None) => Ok(four),
        _ => {
            let found = whole.iter().map(|(folder, _)| below(dir, folder)).collect();
            Err(DataError::SeveralSets { path: dir.to_owned(), found })
        }
    }
}

/// `path` as seen from `dir`.
fn below(dir: &Path, path: &Path) -> String {
    path.strip_prefix(dir).unwrap_or(path).display().to_string()
}

fn listed(names: &[String]) -> String {
    match (names.len(), names.len().saturating_sub(MOST_SHOWN)) {
        (0, _) => "nothing".to_owned(),
        (_, 0) => names.join(", "),
        (_, more) => format!("{} and {more} more", names[..MOST_SHOWN].join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(files: &[&str]) -> tempfile::TempDir {
        let dir = tempfile::tempdir().expect("a temporary folder");
        for file in files {
            let path = dir.path().join(file);
            fs::create_dir_all(path.parent().expect("below dir")).expect("writable");
            fs::write(path, "").expect("writable");
        }
        dir
    }

    fn found(files: &[&str]) -> [String; 4] {
        let dir = folder(files);
        find(dir.path()).expect("four files").map(|path| below(dir.path(), &path))
    }

    fn refused(files: &[&str]) -> String {
        find(folder(files).path()).expect_err("not one set").to_string()
    }

    /// The published names with a folder before and an end after them.
    fn set(folder: &str, end: &str) -> [String; 4] {
        DataFile::ALL.map(|file| format!("{folder}{}{end}", file.stem()))
    }

    fn strs(names: &[String]) -> Vec<&str> {
        names.iter().map(String::as_str).collect()
    }

    #[test]
    fn a_set_is_found_where_torchvision_or_a_clone_has_put_it() {
        for place in ["FashionMNIST/raw/", "raw/", "data/fashion/", "a/b/c/"] {
            assert_eq!(found(&strs(&set(place, ".gz"))), set(place, ".gz"));
        }
        assert!(refused(&strs(&set("a/b/c/d/", ""))).contains("found a/, a/b/, a/b/c/, a/b/c/d/"), "too deep");
    }

    #[test]
    fn spellings_of_other_programs_are_read() {
        for names in [
            ["TRAIN-IMAGES-IDX3-UBYTE", "TRAIN-LABELS-IDX1-UBYTE", "T10K-IMAGES-IDX3-UBYTE", "T10K-LABELS-IDX1-UBYTE"],
            ["train_images_idx3_ubyte.gz", "train_labels_idx1_ubyte.GZ", "test_images.idx3-ubyte", "test_labels.idx1"],
            ["train.images.idx", "train.labels.idx", "t10k-images", "t10k-labels"],
            [
                "train/images-idx3-ubyte",
                "train/labels-idx1-ubyte",
                "test/images-idx3-ubyte.gz",
                "test/labels-idx1-ubyte",
            ],
            [
                "train/train-images-idx3-ubyte",
                "train/train-labels-idx1-ubyte",
                "T/t10k-images.idx3-ubyte",
                "T/t10k-labels",
            ],
        ] {
            assert_eq!(found(&names), names);
        }
        // Each file in a folder of its own name, as some unpacking programs leave it.
        let own = DataFile::ALL.map(|file| format!("{0}/{0}", file.stem()));
        assert_eq!(found(&strs(&own)), own);
    }

    #[test]
    fn of_two_spellings_in_a_folder_the_published_one_is_read() {
        let both = [set("raw/", ""), set("raw/", ".gz")].concat();
        assert_eq!(found(&strs(&both)), set("raw/", ".gz"));
    }

    #[test]
    fn of_several_sets_the_one_named_after_fashion_is_read_or_none() {
        let both = [set("MNIST/raw/", ""), set("FashionMNIST/raw/", "")].concat();
        assert_eq!(found(&strs(&both)), set("FashionMNIST/raw/", ""));
        let error = refused(&strs(&[set("one/", ""), set("two/", "")].concat()));
        assert!(error.contains("several data sets") && error.contains("one, two"), "{error}");
        let scattered = ["a/train-images-idx3-ubyte", "b/train-images-idx3-ubyte", "c/train-labels-idx1-ubyte"];
        assert!(refused(&scattered).contains("a/train-images-idx3-ubyte, b/train-images-idx3-ubyte"));
    }

    #[test]
    fn an_error_says_what_was_seen() {
        let error = refused(&["fashion-mnist_train.csv", "notes/read.me", "train-images-idx3-ubyte.zip"]);
        assert!(error.ends_with("found fashion-mnist_train.csv, notes/, train-images-idx3-ubyte.zip, notes/read.me"));
        let error = refused(&["raw/train-images-idx3-ubyte", "other"]);
        assert!(!error.contains("missing train-images"), "{error}");
        assert!(error.contains("missing t10k-labels") && error.ends_with("found raw/train-images-idx3-ubyte"));
        assert!(refused(&[]).ends_with("found nothing"));
        let many: Vec<String> = (0..20).map(|index| format!("{index:02}")).collect();
        assert!(refused(&strs(&many)).ends_with("06, 07 and 12 more"));
        let file = folder(&["data.zip"]);
        let error = find(&file.path().join("data.zip")).expect_err("a file").to_string();
        assert!(error.ends_with("data.zip: expected a folder, found a file"), "{error}");
        assert!(find(Path::new("")).expect_err("no path").to_string().contains("an empty path"));
    }
}
