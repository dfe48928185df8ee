use std::path::{Path, PathBuf};

/// One of the four files of the set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DataFile {
    TrainImages,
    TrainLabels,
    TestImages,
    TestLabels,
}

impl DataFile {
    /// In the order in which their hashes are joined, see [`Origin::sha256`](crate::Origin::sha256).
    pub(crate) const ALL: [Self; 4] = [Self::TrainImages, Self::TrainLabels, Self::TestImages, Self::TestLabels];

    pub(crate) fn stem(self) -> &'static str {
        match self {
            Self::TrainImages => "train-images-idx3-ubyte",
            Self::TrainLabels => "train-labels-idx1-ubyte",
            Self::TestImages => "t10k-images-idx3-ubyte",
            Self::TestLabels => "t10k-labels-idx1-ubyte",
        }
    }

    /// The name under which the file is published and downloaded.
    pub(crate) fn published_name(self) -> String {
        format!("{}.gz", self.stem())
    }

    /// The accepted names, in order of preference. Some unpacking tools write a dot before `idx`.
    ///
    /// The published name comes first, so that a fresh download takes precedence over a damaged raw file in the same
    /// folder.
    pub(crate) fn names(self) -> [String; 4] {
        let dotted = self.stem().replace("-idx", ".idx");
        [self.published_name(), self.stem().to_owned(), format!("{dotted}.gz"), dotted]
    }

    /// The file that one of this name is in a folder of that name, in the spelling of any program: upper or lower case,
    /// dots, dashes or underscores, `test` for `t10k`, and in a folder `train` or `test` without that word.
    pub(crate) fn named(name: &str, folder: &str) -> Option<Self> {
        let (name, folder) = (name.to_lowercase(), folder.to_lowercase());
        let words = |text| str::split(text, ['-', '_', '.', ' ']);
        let training = |word: &str| match word {
            "train" | "training" => Some(true),
            "t10k" | "test" | "testing" => Some(false),
            _ => None,
        };
        let mut rest: Vec<&str> = words(name.strip_suffix(".gz").unwrap_or(&name)).collect();
        let split = match training(rest[0]) {
            Some(split) => {
                rest.remove(0);
                split
            }
            None => words(&folder).find_map(training)?,
        };
        let (kind, format) = rest.split_first()?;
        let (file, dimensions) = match (*kind, split) {
            ("images", true) => (Self::TrainImages, "idx3"),
            ("labels", true) => (Self::TrainLabels, "idx1"),
            ("images", false) => (Self::TestImages, "idx3"),
            ("labels", false) => (Self::TestLabels, "idx1"),
            _ => return None,
        };
        format.iter().all(|&word| word == dimensions || word == "idx" || word == "ubyte").then_some(file)
    }

    /// Which of several spellings in one folder is preferred: the smaller number.
    pub(crate) fn rank(self, name: &str) -> usize {
        let names = self.names();
        let other = names.len() + usize::from(!name.to_lowercase().ends_with(".gz"));
        names.iter().position(|known| known == name).unwrap_or(other)
    }

    pub(crate) fn find_in(self, dir: &Path) -> Option<PathBuf> {
        self.names().into_iter().map(|name| dir.join(name)).find(|path| path.is_file())
    }

    /// SHA-256 of Fashion-MNIST's decompressed content. The hash of the `.gz` file differs between sources, which
    /// compress it differently.
    pub(crate) fn sha256(self) -> &'static str {
        match self {
            Self::TrainImages => "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
            Self::TrainLabels => "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
            Self::TestImages => "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
            Self::TestLabels => "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
        }
    }

    /// SHA-256 of the decompressed content of digit MNIST's file of the same name.
    pub(crate) fn digits_sha256(self) -> &'static str {
        match self {
            Self::TrainImages => "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
            Self::TrainLabels => "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
            Self::TestImages => "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
            Self::TestLabels => "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
        }
    }

    /// Size of Fashion-MNIST's decompressed content in bytes.
    #[cfg(feature = "download")]
    pub(crate) fn content_len(self) -> u64 {
        match self {
            Self::TrainImages => 16 + 60_000 * 28 * 28,
            Self::TrainLabels => 8 + 60_000,
            Self::TestImages => 16 + 10_000 * 28 * 28,
            Self::TestLabels => 8 + 10_000,
        }
    }
}
