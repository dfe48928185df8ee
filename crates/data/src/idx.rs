//! Strict reader of IDX files, the format of the MNIST family.
//!
//! An IDX file is a big-endian header (a magic number and one `u32` a dimension) and the bytes, without padding
//! or checksum. It may be gzip-compressed: that is decided by the first two bytes, not by the name.
//!
//! No input panics, and none makes the reader hold more memory than twice the bytes it really delivers, of which
//! there are at most [`MAX_BYTES`]: the buffer grows as bytes arrive, and a stream is left as soon as it exceeds its
//! header.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, BufReader, ErrorKind, Read};
use std::path::Path;

use flate2::bufread::MultiGzDecoder;
use sha2::{Digest, Sha256};

use crate::DataError;

/// The largest content accepted, in bytes: 4 GiB.
pub const MAX_BYTES: u64 = 4 << 30;

const IMAGES_MAGIC: u32 = 0x0000_0803;
const LABELS_MAGIC: u32 = 0x0000_0801;
const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];
/// Bytes read between two updates of the hash: few enough to find them still in the cache.
const CHUNK: u64 = 256 * 1024;

/// The content of an IDX file of images.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct IdxImages {
    /// `count * height * width` grey values, image by image, row by row.
    pub pixels: Vec<u8>,
    /// Number of images.
    pub count: usize,
    /// Rows an image, at least 1.
    pub height: usize,
    /// Columns an image, at least 1.
    pub width: usize,
    /// SHA-256 of the decompressed content, header included, in lower-case hex.
    pub sha256: String,
}

/// The content of an IDX file of labels.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct IdxLabels {
    /// One label an example.
    pub labels: Vec<u8>,
    /// SHA-256 of the decompressed content, header included, in lower-case hex.
    pub sha256: String,
}

/// Reads a file of images, raw or gzip-compressed.
///
/// # Errors
///
/// The file cannot be read, is no IDX file of images, or has another length than its header announces.
pub fn read_images(path: &Path) -> Result<IdxImages, DataError> {
    parse_images(open(path)?, path)
}

/// Reads a file of labels, raw or gzip-compressed.
///
/// # Errors
///
/// The file cannot be read, is no IDX file of labels, or has another length than its header announces.
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

/// Reads images from any source; `path` only names it in errors.
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

/// Reads labels from any source; `path` only names it in errors.
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

/// SHA-256 of the decompressed content of any source, read to at most `limit` bytes and held nowhere.
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
    File::open(path).map_err(|source| DataError::Io { path: path.to_owned(), source })
}

/// The decompressed bytes of a source, hashed as they pass.
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
            .map_err(|source| DataError::Io { path: path.to_owned(), source })?;
        let compressed = start == GZIP_MAGIC;
        let source = io::Cursor::new(start).chain(source);
        let source: Box<dyn Read + 'a> = if compressed {
            Box::new(MultiGzDecoder::new(BufReader::with_capacity(64 * 1024, source)))
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

    /// The `length` bytes after the header, which must be the last ones.
    fn body(&mut self, length: u64) -> Result<Vec<u8>, DataError> {
        let end = self.position + length;
        let mut bytes = Vec::new();
        while self.position < end {
            // Doubled as bytes arrive, and never past the end: what is announced costs nothing until it is there.
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

    /// Checks that nothing follows, and returns the hash. In a gzip stream this also checks its checksum.
    fn finish(mut self) -> Result<String, DataError> {
        let expected = self.position;
        if self.append(&mut Vec::new(), 1)? != 0 {
            return Err(DataError::TrailingBytes { path: self.path.to_owned(), expected });
        }
        Ok(hex(&self.digest.finalize()))
    }

    /// Appends up to `length` bytes and returns how many there were; fewer only at the end.
    fn append(&mut self, bytes: &mut Vec<u8>, length: u64) -> Result<usize, DataError> {
        let start = bytes.len();
        let count = self.source.by_ref().take(length).read_to_end(bytes).map_err(|source| {
            let path = self.path.to_owned();
            match source.kind() {
                ErrorKind::UnexpectedEof | ErrorKind::InvalidData | ErrorKind::InvalidInput => {
                    DataError::Gzip { path, source }
                }
                _ => DataError::Io { path, source },
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
mod tests {
    use std::io::Write;

    use flate2::{Compression, write::GzEncoder};
    use proptest::prelude::*;

    use super::*;

    const LABELS: [u8; 11] = [0, 0, 8, 1, 0, 0, 0, 3, 4, 0, 255];

    fn images(count: u32, height: u32, width: u32, pixels: &[u8]) -> Vec<u8> {
        let header = [IMAGES_MAGIC, count, height, width].map(u32::to_be_bytes).concat();
        [&header, pixels].concat()
    }

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(bytes).expect("a vector accepts all bytes");
        encoder.finish().expect("a vector accepts all bytes")
    }

    fn labels_error(bytes: &[u8]) -> String {
        parse_labels(bytes, Path::new("some/labels")).expect_err("damaged").to_string()
    }

    fn images_error(bytes: &[u8]) -> String {
        parse_images(bytes, Path::new("some/images")).expect_err("damaged").to_string()
    }

    #[test]
    fn compression_changes_nothing() {
        let path = Path::new("memory");
        let raw = images(2, 2, 3, &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
        let parsed = parse_images(&raw[..], path).expect("whole");
        assert_eq!((parsed.count, parsed.height, parsed.width), (2, 2, 3));
        assert_eq!(parsed.pixels, raw[16..]);
        assert_eq!(parsed.sha256, hex(&Sha256::digest(&raw)));
        assert_eq!(parse_images(&gzip(&raw)[..], path).expect("whole"), parsed);
        // Two members, as `cat a.gz b.gz` makes them, are one stream.
        let members = [gzip(&raw[..20]), gzip(&raw[20..])].concat();
        assert_eq!(parse_images(&members[..], path).expect("whole"), parsed);
    }

    #[test]
    fn the_magic_number_is_reported_in_hex() {
        let error = labels_error(b"<!DOCTYPE html>");
        assert!(
            error.contains("some/labels") && error.contains("0x00000801") && error.contains("0x3c21444f"),
            "{error}"
        );
        let swapped = images_error(&LABELS);
        assert!(swapped.contains("0x00000803") && swapped.contains("0x00000801"), "{swapped}");
    }

    #[test]
    fn every_proper_prefix_is_refused() {
        let compressed = gzip(&LABELS);
        for end in 0..LABELS.len() {
            let error = labels_error(&LABELS[..end]);
            assert!(error.contains(&format!("found {end}")), "{end}: {error}");
        }
        for end in 0..compressed.len() {
            assert!(parse_labels(&compressed[..end], Path::new("cut")).is_err(), "{end}");
        }
        assert!(matches!(
            parse_labels(&compressed[..compressed.len() - 1], Path::new("cut")),
            Err(DataError::Gzip { .. })
        ));
    }

    #[test]
    fn one_byte_too_many_is_refused() {
        let longer = [&LABELS[..], &[0]].concat();
        assert!(labels_error(&longer).contains("expected 11 bytes"));
        assert!(labels_error(&gzip(&longer)).contains("expected 11 bytes"));
        // Garbage after the gzip stream is not part of any member.
        assert!(parse_labels(&[gzip(&LABELS), vec![7; 20]].concat()[..], Path::new("tail")).is_err());
    }

    #[test]
    fn impossible_dimensions_are_refused_before_reading() {
        for [count, height, width] in [[1, 0, 28], [1, 28, 0], [u32::MAX; 3], [u32::MAX, 2, 1]] {
            let error = images_error(&images(count, height, width, &[]));
            assert!(error.contains(&format!("{count} images of {height} x {width}")), "{error}");
        }
        // 4 GiB is accepted by the header check, and then found to be missing, without having been allocated.
        assert!(images_error(&images(1 << 16, 1 << 8, 1 << 8, &[1, 2])).contains("found 18"));
    }

    #[test]
    fn memory_follows_the_bytes_that_arrive() {
        let path = Path::new("memory");
        for count in [0_usize, 1, 1000, 300_000, 3_000_000] {
            let header = [LABELS_MAGIC, count as u32].map(u32::to_be_bytes).concat();
            let labels = parse_labels(&[header, vec![1; count]].concat()[..], path).expect("whole").labels;
            assert_eq!((labels.len(), labels.capacity()), (count, count));
        }
    }

    #[test]
    fn a_decompression_bomb_is_left_at_the_announced_length() {
        /// Counts what a consumer takes out of an endless file.
        struct Endless(u64);
        impl Read for Endless {
            fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
                self.0 += buffer.len() as u64;
                assert!(self.0 < 1 << 20, "read far past the announced length");
                buffer.fill(0);
                Ok(buffer.len())
            }
        }
        let source = LABELS[..8].chain(Endless(0));
        assert!(matches!(parse_labels(source, Path::new("bomb")), Err(DataError::TrailingBytes { expected: 11, .. })));
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200), prefix in 0_usize..3) {
            let start: &[u8] = [&[][..], &LABELS[..4], &GZIP_MAGIC][prefix];
            let bytes = [start, &bytes].concat();
            let _ = parse_images(&bytes[..], Path::new("any"));
            let _ = parse_labels(&bytes[..], Path::new("any"));
        }

        #[test]
        fn a_flipped_bit_in_a_gzip_stream_is_never_read_as_other_data(position in 0_usize..10_000, bit in 0_u32..8) {
            let whole = gzip(&LABELS);
            let mut damaged = whole.clone();
            damaged[position % whole.len()] ^= 1 << bit;
            if let Ok(parsed) = parse_labels(&damaged[..], Path::new("flipped")) {
                // Bits of the gzip header that say nothing about the data.
                prop_assert_eq!(parsed.labels, &LABELS[8..]);
            }
        }
    }
}
