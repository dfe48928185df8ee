use std::fmt;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::data_file::DataFile;
use crate::idx::{self, IdxImages, IdxLabels};
use crate::{DataError, Images, Origin, OriginKind};

const CLASS_NAMES: [&str; 10] =
    ["T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"];

/// The first labels of digit MNIST's two label files.
const DIGITS: [[u8; 10]; 2] = [[5, 0, 4, 1, 9, 2, 1, 3, 1, 4], [7, 2, 1, 0, 4, 1, 4, 9, 5, 9]];

/// One of the two parts into which the set is published.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Split {
    /// 60,000 images to learn from.
    Train,
    /// 10,000 images to measure with.
    Test,
}

impl fmt::Display for Split {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Train => "train",
            Self::Test => "test",
        })
    }
}

/// The data set: 28 x 28 grey images of ten kinds of clothing, or any other set in the same format.
///
/// Source: Xiao, Rasul and Vollgraf, *Fashion-MNIST: a Novel Image Dataset for Benchmarking Machine Learning
/// Algorithms*, arXiv 1708.07747, 2017.
#[derive(Clone, Debug)]
pub struct FashionMnist {
    /// Images to learn from.
    pub train: Images,
    /// Images to measure with: of the same size and classes as those of `train`.
    pub test: Images,
    /// Where they came from.
    pub origin: Origin,
    class_names: Vec<String>,
}

impl FashionMnist {
    /// Reads the four files of a folder, each raw or gzip-compressed.
    ///
    /// With `verify` the content must be Fashion-MNIST's, by SHA-256 of the decompressed files. Without, any set in
    /// the same format will do; the number of classes is then the largest label of both parts, plus 1.
    ///
    /// The files are `train-images-idx3-ubyte`, `train-labels-idx1-ubyte`, `t10k-images-idx3-ubyte` and
    /// `t10k-labels-idx1-ubyte`, each with or without `.gz`; a dot before `idx` is accepted too.
    ///
    /// # Errors
    ///
    /// There is no such folder, a file is missing, damaged or (with `verify`) another one, or the files do not fit together.
    pub fn from_dir(dir: &Path, verify: bool) -> Result<Self, DataError> {
        if !dir.is_dir() {
            return Err(DataError::NoFolder { path: dir.to_owned() });
        }
        let found = DataFile::ALL.map(|file| (file, file.find_in(dir)));
        let missing: Vec<String> =
            found.iter().filter(|(_, path)| path.is_none()).map(|(file, _)| file.names().join(" or ")).collect();
        if !missing.is_empty() {
            return Err(DataError::MissingFiles { path: dir.to_owned(), missing });
        }
        let paths = found.map(|(_, path)| path.unwrap_or_default());
        let parts = Parts::read(&paths, |index| {
            let path = &paths[index];
            File::open(path).map_err(|source| DataError::Io { path: path.clone(), source })
        })?;
        let mismatch = parts.mismatch(&paths);
        let verified = mismatch.is_none();
        if let (true, Some(mismatch)) = (verify, mismatch) {
            return Err(mismatch);
        }
        let origin = Origin {
            kind: OriginKind::Directory,
            path: Some(dir.to_owned()),
            sha256: parts.sha256(),
            verified,
            warnings: Vec::new(),
        };
        parts.join(&paths, origin)
    }

    /// Joins the embedded files.
    #[cfg(feature = "sample")]
    pub(crate) fn from_sample(files: [&'static [u8]; 4], expected: &str) -> Result<Self, DataError> {
        let paths = DataFile::ALL.map(|file| Path::new("embedded sample").join(file.published_name()));
        let parts = Parts::read(&paths, |index| Ok(files[index]))?;
        let sha256 = parts.sha256();
        if sha256 != expected {
            let path = PathBuf::from("embedded sample");
            return Err(DataError::HashMismatch { path, expected: expected.to_owned(), found: sha256 });
        }
        let origin = Origin { kind: OriginKind::Sample, path: None, sha256, verified: true, warnings: Vec::new() };
        parts.join(&paths, origin)
    }

    /// The names of the classes, by label; of a set that is not Fashion-MNIST: "0", "1", ...
    #[must_use]
    pub fn class_names(&self) -> &[String] {
        &self.class_names
    }

    /// The images of one split.
    #[must_use]
    pub fn split(&self, split: Split) -> &Images {
        match split {
            Split::Train => &self.train,
            Split::Test => &self.test,
        }
    }
}

/// The contents of the four files.
struct Parts {
    train_images: IdxImages,
    train_labels: IdxLabels,
    test_images: IdxImages,
    test_labels: IdxLabels,
}

impl Parts {
    /// Reads the four files, the largest beside the others. `open` is given the position in `paths`.
    fn read<R: Read>(
        paths: &[PathBuf; 4],
        open: impl Fn(usize) -> Result<R, DataError> + Sync,
    ) -> Result<Self, DataError> {
        let images = |index: usize| idx::parse_images(open(index)?, &paths[index]);
        let labels = |index: usize| idx::parse_labels(open(index)?, &paths[index]);
        std::thread::scope(|scope| {
            // The other three together take less time than the training images alone.
            let large = scope.spawn(|| images(0));
            let (train_labels, test_images, test_labels) = (labels(1), images(2), labels(3));
            Ok(Self {
                train_images: large.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))?,
                train_labels: train_labels?,
                test_images: test_images?,
                test_labels: test_labels?,
            })
        })
    }

    fn digests(&self) -> [&str; 4] {
        [&self.train_images.sha256, &self.train_labels.sha256, &self.test_images.sha256, &self.test_labels.sha256]
    }

    fn sha256(&self) -> String {
        idx::hex(&Sha256::digest(self.digests().concat()))
    }

    /// The first file that is not Fashion-MNIST's.
    fn mismatch(&self, paths: &[PathBuf; 4]) -> Option<DataError> {
        DataFile::ALL.into_iter().zip(paths).zip(self.digests()).find_map(|((file, path), found)| {
            if found == file.sha256() {
                return None;
            }
            let digits = match file {
                DataFile::TrainLabels => self.train_labels.labels.starts_with(&DIGITS[0]),
                DataFile::TestLabels => self.test_labels.labels.starts_with(&DIGITS[1]),
                DataFile::TrainImages | DataFile::TestImages => found == file.digits_sha256(),
            };
            let (path, expected, found) = (path.clone(), file.sha256().to_owned(), found.to_owned());
            Some(if digits {
                DataError::DigitMnist { path, expected, found }
            } else {
                DataError::HashMismatch { path, expected, found }
            })
        })
    }

    fn join(self, paths: &[PathBuf; 4], origin: Origin) -> Result<FashionMnist, DataError> {
        let size = |images: &IdxImages| (images.height, images.width);
        if size(&self.train_images) != size(&self.test_images) {
            return Err(DataError::SizeMismatch {
                path: paths[2].clone(),
                expected: size(&self.train_images),
                found: size(&self.test_images),
            });
        }
        let labels = self.train_labels.labels.iter().chain(&self.test_labels.labels);
        let classes = labels.max().map_or(0, |&largest| usize::from(largest) + 1);
        let train = join_split(self.train_images, self.train_labels, &paths[0], &paths[1], classes)?;
        let test = join_split(self.test_images, self.test_labels, &paths[2], &paths[3], classes)?;
        let class_names = if origin.verified {
            CLASS_NAMES.map(str::to_owned).to_vec()
        } else {
            (0..classes).map(|class| class.to_string()).collect()
        };
        Ok(FashionMnist { train, test, origin, class_names })
    }
}

fn join_split(
    images: IdxImages,
    labels: IdxLabels,
    images_path: &Path,
    labels_path: &Path,
    classes: usize,
) -> Result<Images, DataError> {
    if images.count != labels.labels.len() {
        return Err(DataError::CountMismatch {
            images: images_path.to_owned(),
            image_count: images.count,
            labels: labels_path.to_owned(),
            label_count: labels.labels.len(),
        });
    }
    if images.count == 0 {
        return Err(DataError::Empty { path: images_path.to_owned() });
    }
    Images::new(images.pixels, labels.labels, images.height, images.width, classes)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn words(words: &[u32]) -> Vec<u8> {
        words.iter().flat_map(|word| word.to_be_bytes()).collect()
    }

    fn images(count: u32, height: u32, width: u32) -> Vec<u8> {
        [words(&[0x803, count, height, width]), vec![9; (count * height * width) as usize]].concat()
    }

    fn labels(labels: &[u8]) -> Vec<u8> {
        [&words(&[0x801, labels.len() as u32]), labels].concat()
    }

    /// Three training and two test images of 2 x 3 pixels.
    fn tiny() -> [Vec<u8>; 4] {
        [images(3, 2, 3), labels(&[1, 0, 1]), images(2, 2, 3), labels(&[4, 0])]
    }

    fn folder(files: &[Vec<u8>; 4]) -> tempfile::TempDir {
        let dir = tempfile::tempdir().expect("a temporary folder");
        for (file, content) in DataFile::ALL.into_iter().zip(files) {
            fs::write(dir.path().join(file.stem()), content).expect("writable");
        }
        dir
    }

    fn error(files: &[Vec<u8>; 4], verify: bool) -> String {
        FashionMnist::from_dir(folder(files).path(), verify).expect_err("invalid").to_string()
    }

    #[test]
    fn the_data_decides_size_and_classes() {
        let dir = folder(&tiny());
        let data = FashionMnist::from_dir(dir.path(), false).expect("a valid set");
        assert_eq!((data.train.len(), data.test.len(), data.train.d_input()), (3, 2, 6));
        // Label 4 occurs in the test set only.
        assert_eq!((data.train.classes(), data.test.classes()), (5, 5));
        assert_eq!(data.class_names(), ["0", "1", "2", "3", "4"]);
        assert_eq!(data.split(Split::Test).labels(), [4, 0]);
        assert_eq!((data.origin.kind, data.origin.verified), (OriginKind::Directory, false));
        assert_eq!(data.origin.path.as_deref(), Some(dir.path()));
    }

    #[test]
    fn the_joint_hash_is_that_of_the_four_hashes() {
        let files = tiny();
        let joined: String = files.iter().map(|content| idx::hex(&Sha256::digest(content))).collect();
        let data = FashionMnist::from_dir(folder(&files).path(), false).expect("a valid set");
        assert_eq!(data.origin.sha256, idx::hex(&Sha256::digest(joined)));
    }

    #[test]
    fn the_dotted_names_do_as_well() {
        let dir = folder(&tiny());
        let from = dir.path().join("train-images-idx3-ubyte");
        fs::rename(from, dir.path().join("train-images.idx3-ubyte")).expect("writable");
        assert!(FashionMnist::from_dir(dir.path(), false).is_ok());
    }

    #[test]
    fn files_that_do_not_fit_together_are_named() {
        let [train_images, train_labels, test_images, test_labels] = tiny();
        let message = error(&[train_images.clone(), labels(&[0; 4]), test_images.clone(), test_labels.clone()], false);
        assert!(message.contains("holds 3 images") && message.contains("holds 4 labels"), "{message}");
        let message = error(&[train_images.clone(), train_labels.clone(), images(2, 3, 2), test_labels], false);
        assert!(message.contains("t10k-images") && message.contains("3 x 2; expected 2 x 3"), "{message}");
        let message = error(&[train_images, train_labels, images(0, 2, 3), labels(&[])], false);
        assert!(message.contains("t10k-images") && message.contains("found none"), "{message}");
    }

    #[test]
    fn an_empty_folder_lists_the_names_looked_for() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let message = FashionMnist::from_dir(dir.path(), true).expect_err("empty").to_string();
        for file in DataFile::ALL {
            assert!(file.names().iter().all(|name| message.contains(name)), "{message}");
        }
    }

    #[test]
    fn verification_names_both_hashes_and_the_way_out() {
        let files = tiny();
        let message = error(&files, true);
        assert!(message.contains(DataFile::TrainImages.sha256()), "{message}");
        assert!(message.contains(&idx::hex(&Sha256::digest(&files[0]))), "{message}");
        assert!(message.contains("turn verification off"), "{message}");
    }

    #[test]
    fn digit_mnist_is_recognized() {
        let path = |name: &str| PathBuf::from(name);
        let paths = [path("a"), path("b"), path("c"), path("d")];
        let images = |file: DataFile, digits| IdxImages {
            pixels: vec![0],
            count: 1,
            height: 1,
            width: 1,
            sha256: if digits { file.digits_sha256() } else { file.sha256() }.to_owned(),
        };
        let labels = |file: DataFile, labels: &[u8], sha256: Option<&str>| IdxLabels {
            labels: labels.to_vec(),
            sha256: sha256.unwrap_or(file.sha256()).to_owned(),
        };
        // Each file on its own, since caches have mixed the two sets: the other three are Fashion-MNIST's.
        for digits in 0..4 {
            let other = |index: usize| (index == digits).then_some("other");
            let parts = Parts {
                train_images: images(DataFile::TrainImages, digits == 0),
                train_labels: labels(DataFile::TrainLabels, &[&DIGITS[0][..], &[4]].concat(), other(1)),
                test_images: images(DataFile::TestImages, digits == 2),
                test_labels: labels(DataFile::TestLabels, &DIGITS[1], other(3)),
            };
            let mismatch = parts.mismatch(&paths);
            assert!(
                matches!(&mismatch, Some(DataError::DigitMnist { path, .. }) if *path == paths[digits]),
                "{mismatch:?}"
            );
        }
    }

    #[test]
    fn the_full_set_is_the_published_one() {
        let dir = Path::new("/usr/share/datasets/fashion-mnist");
        if !dir.exists() {
            eprintln!("skipped: {} is absent (Debian package dataset-fashion-mnist)", dir.display());
            return;
        }
        let data = FashionMnist::from_dir(dir, true).expect("the package's files are whole");
        assert_eq!(data.train.class_counts(), [6000; 10]);
        assert_eq!(data.test.class_counts(), [1000; 10]);
        assert_eq!(data.train.labels()[..10], [9, 0, 0, 3, 0, 2, 7, 2, 5, 5]);
        assert_eq!(data.class_names()[..3], ["T-shirt/top", "Trouser", "Pullover"]);
        assert!(data.origin.verified);
    }
}
