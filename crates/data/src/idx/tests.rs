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
    // Two concatenated members, as from `cat a.gz b.gz`, are one stream.
    let members = [gzip(&raw[..20]), gzip(&raw[20..])].concat();
    assert_eq!(parse_images(&members[..], path).expect("whole"), parsed);
}

#[test]
fn the_magic_number_is_reported_in_hex() {
    let error = labels_error(b"<!DOCTYPE html>");
    assert!(error.contains("some/labels") && error.contains("0x00000801") && error.contains("0x3c21444f"), "{error}");
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
    assert!(matches!(parse_labels(&compressed[..compressed.len() - 1], Path::new("cut")), Err(DataError::Gzip { .. })));
}

#[test]
fn one_byte_too_many_is_refused() {
    let longer = [&LABELS[..], &[0]].concat();
    assert!(labels_error(&longer).contains("expected 11 bytes"));
    assert!(labels_error(&gzip(&longer)).contains("expected 11 bytes"));
}

#[test]
fn after_the_end_of_gzip_data_only_zeros_are_read_over() {
    let read = |tail: &[u8]| parse_labels(&[&gzip(&LABELS), tail].concat()[..], Path::new("some/labels"));
    // A block of a tape, one byte, more than a buffer; and what `gzip -t` warns of.
    for zeros in [1, 512, 200_000] {
        assert_eq!(read(&vec![0; zeros]).expect("padding").labels, LABELS[8..]);
    }
    for tail in [&[7; 20][..], &[0, 0, 7], &[vec![0; 200_000], vec![1]].concat(), &[&[0][..], &gzip(&[])].concat()] {
        let error = read(tail).expect_err("no padding").to_string();
        assert!(error.starts_with("some/labels: other bytes follow the end of the gzip data;"), "{error}");
    }
    // A member without content, and the start of one.
    assert!(read(&gzip(&[])).is_ok());
    assert!(matches!(read(&GZIP_MAGIC), Err(DataError::Gzip { .. })));
}

#[test]
fn an_error_says_its_cause_once() {
    use std::error::Error as _;
    let error = parse_labels(&gzip(&LABELS)[..20], Path::new("cut")).expect_err("cut short");
    assert!(error.to_string().contains("cut short or damaged (") && error.source().is_none(), "{error}");
}

#[test]
fn impossible_dimensions_are_refused_before_reading() {
    for [count, height, width] in [[1, 0, 28], [1, 28, 0], [u32::MAX; 3], [u32::MAX, 2, 1]] {
        let error = images_error(&images(count, height, width, &[]));
        assert!(error.contains(&format!("{count} images of {height} x {width}")), "{error}");
    }
    // The header check accepts 4 GiB, and the missing bytes are then reported without having been allocated.
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
    /// An endless file that counts the bytes read from it.
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
            // A flip in a gzip header field that does not affect the data.
            prop_assert_eq!(parsed.labels, &LABELS[8..]);
        }
    }
}
