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

/// The two published splits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Split {
    /// Training split, 60,000 images.
    Train,
    /// Test split, 10,000 images.
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
    /// Training images.
    pub train: Images,
    /// Test images, with the size and number of classes of `train`.
    pub test: Images,
    /// Where the data came from.
    pub origin: Origin,
    class_names: Vec<String>,
}

impl FashionMnist {
    /// Reads the four files of a folder, each raw or gzip-compressed.
    ///
    /// With `verify` the SHA-256 of each decompressed file must be that of Fashion-MNIST. Without it, any data set in
    /// the same format is accepted; the number of classes is then the largest label in both splits plus 1.
    ///
    /// The files are `train-images-idx3-ubyte`, `train-labels-idx1-ubyte`, `t10k-images-idx3-ubyte` and
    /// `t10k-labels-idx1-ubyte`, each with or without `.gz`; a dot before `idx` is accepted too.
    ///
    /// # Errors
    ///
    /// If there is no such folder, a file is missing or damaged, the files do not match each other, or, with `verify`,
    /// a file is not that of Fashion-MNIST.
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

    /// Reads the embedded files.
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

    /// The names of the classes, by label. For other data sets: "0", "1", ...
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
    /// Reads the four files, the largest in a thread of its own if there can be one. `open` receives the index in `paths`.
    fn read<R: Read>(
        paths: &[PathBuf; 4],
        open: impl Fn(usize) -> Result<R, DataError> + Sync,
    ) -> Result<Self, DataError> {
        let images = |index: usize| idx::parse_images(open(index)?, &paths[index]);
        let labels = |index: usize| idx::parse_labels(open(index)?, &paths[index]);
        std::thread::scope(|scope| {
            // The other three together take less time than the training images.
            let large = std::thread::Builder::new().spawn_scoped(scope, || images(0));
            let (train_labels, test_images, test_labels) = (labels(1), images(2), labels(3));
            Ok(Self {
                train_images: match large {
                    Ok(thread) => thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))?,
                    Err(_) => images(0)?,
                },
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
mod tests;
