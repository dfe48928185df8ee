//! Strict reader of IDX files, the format of the MNIST family.
//!
//! An IDX file is a big-endian header (a magic number and one `u32` per dimension) followed by the bytes, without
//! padding or checksum. Gzip compression is detected by the first two bytes, not by the file name.
//!
//! No input causes a panic. The reader allocates at most twice the bytes actually received, and at most [`MAX_BYTES`]
//! are read: the buffer grows as bytes arrive, and reading stops as soon as a stream exceeds the length in its header.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, BufReader, ErrorKind, Read};
use std::path::Path;

use sha2::{Digest, Sha256};

use crate::DataError;
use crate::gzip::{Members, OtherBytes};

/// The largest content accepted, in bytes: 4 GiB.
pub const MAX_BYTES: u64 = 4 << 30;

const IMAGES_MAGIC: u32 = 0x0000_0803;
const LABELS_MAGIC: u32 = 0x0000_0801;
const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];
/// Bytes read between two updates of the hash: few enough to still be in the cache.
const CHUNK: u64 = 256 * 1024;

/// The content of an IDX file of images.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct IdxImages {
    /// `count * height * width` grey values, image by image, row by row.
    pub pixels: Vec<u8>,
    /// Number of images.
    pub count: usize,
    /// Rows per image, at least 1.
    pub height: usize,
    /// Columns per image, at least 1.
    pub width: usize,
    /// SHA-256 of the decompressed content, header included, in lower-case hex.
    pub sha256: String,
}

/// The content of an IDX file of labels.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct IdxLabels {
    /// One label per example.
    pub labels: Vec<u8>,
    /// SHA-256 of the decompressed content, header included, in lower-case hex.
    pub sha256: String,
}

/// Reads a file of images, raw or gzip-compressed.
///
/// # Errors
///
/// If the file cannot be read, is not an IDX file of images, or its length differs from the one its header announces.
pub fn read_images(path: &Path) -> Result<IdxImages, DataError> {
    parse_images(open(path)?, path)
}

/// Reads a file of labels, raw or gzip-compressed.
///
/// # Errors
///
/// If the file cannot be read, is not an IDX file of labels, or its length differs from the one its header announces.
///
/// # Examples
///
/// ```
/// use burn_fashion_mnist::idx::{read_images, read_labels};
///
/// let folder = tempfile::tempdir()?;
/// let (images, labels) = (folder.path().join("images"), folder.path().join("labels"));
/// std::fs::write(&images, [0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 1, 7, 9])?;
/// std::fs::write(&labels, [0, 0, 8, 1, 0, 0, 0, 2, 4, 3])?;
/// assert_eq!(read_images(&images)?.pixels, [7, 9]);
/// assert_eq!(read_labels(&labels)?.labels, [4, 3]);
/// assert!(read_labels(&images).is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn read_labels(path: &Path) -> Result<IdxLabels, DataError> {
    parse_labels(open(path)?, path)
}

/// Reads images from any source. `path` is only used in error messages.
///
/// # Errors
///
/// As for [`read_images`].
///
/// # Examples
///
/// ```
/// use burn_fashion_mnist::idx::parse_images;
///
/// // One image of 1 row and 2 columns.
/// let bytes = [0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 2, 7, 9];
/// let images = parse_images(&bytes[..], "memory".as_ref())?;
/// assert_eq!((images.count, images.height, images.width), (1, 1, 2));
/// assert_eq!(images.pixels, [7, 9]);
/// # Ok::<(), burn_fashion_mnist::DataError>(())
/// ```
pub fn parse_images(source: impl Read, path: &Path) -> Result<IdxImages, DataError> {
    let mut content = Content::new(source, path)?;
    let [count, height, width] = content.header("images", IMAGES_MAGIC)?;
    let length = [count, height, width].iter().try_fold(1_u64, |product, &side| product.checked_mul(side.into()));
    let (Some(length @ 0..=MAX_BYTES), 1.., 1..) = (length, height, width) else {
        return Err(DataError::Dimensions { path: path.to_owned(), count, height, width, limit: MAX_BYTES });
    };
    let pixels = content.body(length)?;
    Ok(IdxImages {
        pixels,
        count: count as usize,
        height: height as usize,
        width: width as usize,
        sha256: content.finish()?,
    })
}

/// Reads labels from any source. `path` is only used in error messages.
///
/// # Errors
///
/// As for [`read_labels`].
pub fn parse_labels(source: impl Read, path: &Path) -> Result<IdxLabels, DataError> {
    let mut content = Content::new(source, path)?;
    let [count] = content.header("labels", LABELS_MAGIC)?;
    let labels = content.body(count.into())?;
    Ok(IdxLabels { labels, sha256: content.finish()? })
}

/// SHA-256 of the decompressed content of any source. Reading stops once `limit` bytes are exceeded, and the content is
/// not kept.
#[cfg(feature = "download")]
pub(crate) fn content_sha256(source: impl Read, path: &Path, limit: u64) -> Result<String, DataError> {
    let mut content = Content::new(source, path)?;
    let mut chunk = Vec::new();
    while content.position <= limit {
        chunk.clear();
        if content.append(&mut chunk, CHUNK)? == 0 {
            break;
        }
    }
    Ok(hex(&content.digest.finalize()))
}

/// Lower-case hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut digits, byte| {
        // Writing to a `String` cannot fail.
        let _ = write!(digits, "{byte:02x}");
        digits
    })
}

fn open(path: &Path) -> Result<File, DataError> {
    File::open(path).map_err(|reason| DataError::Io { path: path.to_owned(), reason })
}

/// The decompressed bytes of a source, hashed as they are read.
struct Content<'a> {
    source: Box<dyn Read + 'a>,
    digest: Sha256,
    position: u64,
    path: &'a Path,
}

impl<'a> Content<'a> {
    fn new(mut source: impl Read + 'a, path: &'a Path) -> Result<Self, DataError> {
        let mut start = Vec::with_capacity(GZIP_MAGIC.len());
        source
            .by_ref()
            .take(GZIP_MAGIC.len() as u64)
            .read_to_end(&mut start)
            .map_err(|reason| DataError::Io { path: path.to_owned(), reason })?;
        let compressed = start == GZIP_MAGIC;
        let source = io::Cursor::new(start).chain(source);
        let source: Box<dyn Read + 'a> = if compressed {
            Box::new(Members::new(BufReader::with_capacity(64 * 1024, source)))
        } else {
            Box::new(source)
        };
        Ok(Self { source, digest: Sha256::new(), position: 0, path })
    }

    /// Checks the magic number and returns the dimensions that follow it.
    fn header<const N: usize>(&mut self, kind: &'static str, magic: u32) -> Result<[u32; N], DataError> {
        let length = 4 * (1 + N as u64);
        let mut bytes = Vec::new();
        self.append(&mut bytes, length)?;
        let (words, _) = bytes.as_chunks::<4>();
        if let Some(&found) = words.first()
            && u32::from_be_bytes(found) != magic
        {
            let found = u32::from_be_bytes(found);
            return Err(DataError::Magic { path: self.path.to_owned(), kind, expected: magic, found });
        }
        if self.position < length {
            return Err(self.truncated(length));
        }
        Ok(std::array::from_fn(|axis| u32::from_be_bytes(words[1 + axis])))
    }

    /// Reads the `length` bytes after the header.
    fn body(&mut self, length: u64) -> Result<Vec<u8>, DataError> {
        let end = self.position + length;
        let mut bytes = Vec::new();
        while self.position < end {
            // The buffer doubles as bytes arrive, up to the end: announced bytes take no memory before they arrive.
            let (rest, free) = (end - self.position, bytes.capacity() - bytes.len());
            if (free as u64) < CHUNK.min(rest) {
                let more = rest.min(CHUNK.max(bytes.len() as u64));
                bytes.reserve_exact(usize::try_from(more).unwrap_or(0));
            }
            if self.append(&mut bytes, CHUNK.min(end - self.position))? == 0 {
                return Err(self.truncated(end));
            }
        }
        Ok(bytes)
    }

    /// Checks that nothing follows, and returns the hash. This also makes the decoder verify the checksum of a gzip
    /// stream.
    fn finish(mut self) -> Result<String, DataError> {
        let expected = self.position;
        if self.append(&mut Vec::new(), 1)? != 0 {
            return Err(DataError::TrailingBytes { path: self.path.to_owned(), expected });
        }
        Ok(hex(&self.digest.finalize()))
    }

    /// Appends up to `length` bytes and returns their number, which is smaller than `length` only at the end.
    fn append(&mut self, bytes: &mut Vec<u8>, length: u64) -> Result<usize, DataError> {
        let start = bytes.len();
        let count = self.source.by_ref().take(length).read_to_end(bytes).map_err(|reason| {
            let path = self.path.to_owned();
            match reason.kind() {
                _ if reason.get_ref().is_some_and(|inner| inner.is::<OtherBytes>()) => DataError::AfterGzip { path },
                ErrorKind::UnexpectedEof | ErrorKind::InvalidData | ErrorKind::InvalidInput => {
                    DataError::Gzip { path, reason }
                }
                _ => DataError::Io { path, reason },
            }
        })?;
        self.digest.update(&bytes[start..]);
        self.position += count as u64;
        Ok(count)
    }

    fn truncated(&self, expected: u64) -> DataError {
        DataError::Truncated { path: self.path.to_owned(), expected, found: self.position }
    }
}

#[cfg(test)]
mod tests;
