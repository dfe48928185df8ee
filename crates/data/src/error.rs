use std::path::PathBuf;

/// Errors of finding, reading or changing the data.
///
/// Each message names the file or the argument at fault, what was expected and what was found. It contains its cause,
/// which is therefore no [`source`](std::error::Error::source).
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DataError {
    /// The operating system could not open, read or write a file.
    #[error("{}: {reason}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// The operating system's reason.
        reason: std::io::Error,
    },

    /// The file starts like gzip but cannot be decompressed completely.
    #[error("{}: the gzip data is cut short or damaged ({reason})", path.display())]
    Gzip {
        /// The file.
        path: PathBuf,
        /// The decoder's reason.
        reason: std::io::Error,
    },

    /// After the end of the gzip data something follows that is neither more of it nor padding with zeros.
    #[error(
        "{}: other bytes follow the end of the gzip data; expected its end, more gzip data or zeros", path.display()
    )]
    AfterGzip {
        /// The file.
        path: PathBuf,
    },

    /// The first four bytes are not the magic number of the expected kind of IDX file.
    #[error(
        "{}: not an IDX file of {kind}: expected magic number {expected:#010x}, found {found:#010x}",
        path.display()
    )]
    Magic {
        /// The file.
        path: PathBuf,
        /// "images" or "labels".
        kind: &'static str,
        /// The magic number of that kind.
        expected: u32,
        /// The first four bytes, big-endian.
        found: u32,
    },

    /// The content is shorter than its header announces.
    #[error("{}: cut short: expected {expected} bytes (decompressed), found {found}", path.display())]
    Truncated {
        /// The file.
        path: PathBuf,
        /// Bytes announced, header included.
        expected: u64,
        /// Bytes present.
        found: u64,
    },

    /// The content is longer than its header announces.
    #[error("{}: expected {expected} bytes (decompressed), found more", path.display())]
    TrailingBytes {
        /// The file.
        path: PathBuf,
        /// Bytes announced, header included.
        expected: u64,
    },

    /// The header announces images without pixels, or more bytes than the limit.
    #[error(
        "{}: the header announces {count} images of {height} x {width}; expected sides of at least 1 and at most \
         {limit} bytes in all",
        path.display()
    )]
    Dimensions {
        /// The file.
        path: PathBuf,
        /// Images announced.
        count: u32,
        /// Rows per image.
        height: u32,
        /// Columns per image.
        width: u32,
        /// The largest accepted content, see [`MAX_BYTES`](crate::idx::MAX_BYTES).
        limit: u64,
    },

    /// An image file without images.
    #[error("{}: expected at least one image, found none", path.display())]
    Empty {
        /// The file.
        path: PathBuf,
    },

    /// An image file and its label file disagree on the number of examples.
    #[error(
        "{} holds {image_count} images, but {} holds {label_count} labels; expected one label per image",
        images.display(), labels.display()
    )]
    CountMismatch {
        /// The file of images.
        images: PathBuf,
        /// Images in it.
        image_count: usize,
        /// The file of labels.
        labels: PathBuf,
        /// Labels in it.
        label_count: usize,
    },

    /// Training and test images differ in size.
    #[error(
        "{} holds images of {} x {}; expected {} x {} as in the training set",
        path.display(), found.0, found.1, expected.0, expected.1
    )]
    SizeMismatch {
        /// The file of test images.
        path: PathBuf,
        /// Height and width of the training images.
        expected: (usize, usize),
        /// Height and width of the test images.
        found: (usize, usize),
    },

    /// A pixel block whose length is not `examples * height * width`.
    #[error("expected {examples} x {height} x {width} pixels, found {found}")]
    PixelCount {
        /// Number of labels.
        examples: usize,
        /// Rows per image.
        height: usize,
        /// Columns per image.
        width: usize,
        /// Pixels given.
        found: usize,
    },

    /// A label at or above the number of classes.
    #[error("label {index} is {found}; expected 0 to {} ({classes} classes)", classes.saturating_sub(1))]
    LabelOutOfRange {
        /// Position of the first such label.
        index: usize,
        /// The label.
        found: u8,
        /// Number of classes.
        classes: usize,
    },

    /// More images of a class were drawn than there are.
    #[error("class {class} has {available} images; expected at least the {needed} that were drawn")]
    ClassExhausted {
        /// The class.
        class: usize,
        /// Number of images drawn.
        needed: usize,
        /// Number of images of the class.
        available: usize,
    },

    /// An argument outside its range.
    #[error("{name} is {found}; expected {expected}")]
    Argument {
        /// The argument.
        name: &'static str,
        /// What is allowed.
        expected: String,
        /// What was given.
        found: String,
    },

    /// The examples could not be divided.
    #[error(transparent)]
    Split(#[from] mlp_splits::SplitError),

    /// The content is a valid IDX file, but not that of Fashion-MNIST.
    #[error(
        "{}: not Fashion-MNIST: expected SHA-256 {expected} (decompressed), found {found}; for another data set in \
         the same format turn verification off",
        path.display()
    )]
    HashMismatch {
        /// The file.
        path: PathBuf,
        /// SHA-256 of the published content.
        expected: String,
        /// SHA-256 of this content.
        found: String,
    },

    /// The handwritten digits of MNIST under Fashion-MNIST's file names.
    #[error(
        "{}: this is digit MNIST, which has the same file names; expected Fashion-MNIST, SHA-256 {expected} \
         (decompressed), found {found}",
        path.display()
    )]
    DigitMnist {
        /// The file.
        path: PathBuf,
        /// SHA-256 of Fashion-MNIST's content.
        expected: String,
        /// SHA-256 of this content.
        found: String,
    },

    /// The path is not a folder.
    #[error("{}: expected a folder, found {found}", path.display())]
    NoFolder {
        /// The path.
        path: PathBuf,
        /// What is there.
        found: &'static str,
    },

    /// A folder without one or more of the four files.
    #[error("{}: missing {}; found {found}", path.display(), missing.join("; missing "))]
    MissingFiles {
        /// The folder.
        path: PathBuf,
        /// For each missing file, the accepted names.
        missing: Vec<String>,
        /// Those of the four files that are there, or else the first other names.
        found: String,
    },

    /// A folder without the four files, below which several data sets lie.
    #[error("{}: several data sets lie below it; name the folder of one: {}", path.display(), found.join(", "))]
    SeveralSets {
        /// The folder.
        path: PathBuf,
        /// The folders of the data sets, or the files between which nothing decides.
        found: Vec<String>,
    },

    /// The folder that an environment variable names is not usable.
    #[error("{variable} names a folder that cannot be used: {reason}")]
    Environment {
        /// The variable.
        variable: &'static str,
        /// What is wrong with the folder.
        reason: Box<DataError>,
    },

    /// No mirror delivered a file.
    #[error("{}: download failed: {}", path.display(), attempts.join("; "))]
    Download {
        /// The file to be written.
        path: PathBuf,
        /// For each mirror, its address and what happened there.
        attempts: Vec<String>,
    },

    /// The data was not found in any of the places searched.
    #[error("Fashion-MNIST was not found; tried: {}. {}", tried.join("; "), crate::sources::HOW_TO_GET)]
    NotFound {
        /// Each place and the reason it was not used.
        tried: Vec<String>,
    },

    /// The library was compiled without a feature that the request needs.
    #[error("{request} needs the cargo feature `{feature}` of burn-fashion-mnist, which is off in this build")]
    FeatureOff {
        /// What was asked for.
        request: &'static str,
        /// The feature's name.
        feature: &'static str,
    },
}
