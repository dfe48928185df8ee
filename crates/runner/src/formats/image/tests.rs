use std::io::Write as _;

use image::codecs::jpeg::JpegEncoder;
use image::{ExtendedColorType, ImageEncoder as _, Luma};

use super::*;

/// EXIF data with nothing but an orientation.
fn exif(orientation: u8) -> Vec<u8> {
    let tag = [1, 0x12, 0, 3, 0, 0, 0, 1, 0, orientation, 0, 0];
    [&b"MM\0\x2a\0\0\0\x08\0\x01"[..], &tag, &[0; 4]].concat()
}

/// A PNG file of rows of bytes as they are stored, with `chunks` before the pixels and `behind` after them.
fn png(
    kind: (u8, u8),
    width: u32,
    rows: &[&[u8]],
    chunks: &[(&[u8; 4], &[u8])],
    behind: &[(&[u8; 4], &[u8])],
) -> Vec<u8> {
    let mut bytes = b"\x89PNG\r\n\x1a\n".to_vec();
    let mut chunk = |name: &[u8; 4], content: &[u8]| {
        let mut checksum = flate2::Crc::new();
        checksum.update(name);
        checksum.update(content);
        let (length, checksum) = ((content.len() as u32).to_be_bytes(), checksum.sum().to_be_bytes());
        bytes.extend([&length[..], name, content, &checksum].concat());
    };
    let (depth, color) = kind;
    let sides = [width.to_be_bytes(), (rows.len() as u32).to_be_bytes()].concat();
    chunk(b"IHDR", &[&sides[..], &[depth, color, 0, 0, 0]].concat());
    chunks.iter().for_each(|(name, content)| chunk(name, content));
    let mut packed = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
    rows.iter().for_each(|row| packed.write_all(&[&[0][..], row].concat()).unwrap());
    chunk(b"IDAT", &packed.finish().unwrap());
    behind.iter().for_each(|(name, content)| chunk(name, content));
    chunk(b"IEND", &[]);
    bytes
}

const GREY: (u8, u8) = (8, 0);
const GREY_16: (u8, u8) = (16, 0);
const PALETTE: (u8, u8) = (8, 3);
const GREY_ALPHA: (u8, u8) = (8, 4);
const COLOR_ALPHA: (u8, u8) = (8, 6);
const COLOR_ALPHA_16: (u8, u8) = (16, 6);

/// The upper left quarter of the picture that all orientations show, 8 by 16 pixels, is bright.
fn upright(column: u32, row: u32) -> u8 {
    if column < 4 && row < 8 { 255 } else { 0 }
}

/// The pixels of a file of that orientation. EXIF 2.32, tag 0x0112: the sides of the picture where the first row and the
/// first column of the file are to be seen.
fn stored(orientation: u8) -> GrayImage {
    const SIDES: [&str; 8] = ["tl", "tr", "br", "bl", "lt", "rt", "rb", "lb"];
    let sides = SIDES[usize::from(orientation) - 1].as_bytes();
    let (width, height) = if matches!(sides[0], b't' | b'b') { (8, 16) } else { (16, 8) };
    GrayImage::from_fn(width, height, |x, y| {
        let (mut column, mut row) = (0, 0);
        for (side, steps) in [(sides[0], y), (sides[1], x)] {
            match side {
                b't' => row = steps,
                b'b' => row = 15 - steps,
                b'l' => column = steps,
                _ => column = 7 - steps,
            }
        }
        Luma([upright(column, row)])
    })
}

#[test]
fn a_picture_is_turned_as_its_orientation_says() {
    let seen: Vec<u8> = (0..16).flat_map(|row| (0..8).map(move |column| upright(column, row))).collect();
    for orientation in 1..=8 {
        let pixels = stored(orientation);
        let mut jpeg = Vec::new();
        let mut encoder = JpegEncoder::new_with_quality(&mut jpeg, 100);
        encoder.set_exif_metadata(exif(orientation)).unwrap();
        encoder.write_image(&pixels, pixels.width(), pixels.height(), ExtendedColorType::L8).unwrap();
        let close = decode(&jpeg, 16, 8, false).unwrap().iter().zip(&seen).all(|(&a, &b)| a.abs_diff(b) < 8);
        assert!(close, "JPEG {orientation}");
        let rows: Vec<&[u8]> = pixels.chunks_exact(pixels.width() as usize).collect();
        let (tag, prefixed) = (exif(orientation), [b"Exif\0\0", &exif(orientation)[..]].concat());
        for (before, behind) in [(vec![(b"eXIf", &tag[..])], vec![]), (vec![], vec![(b"eXIf", &prefixed[..])])] {
            let file = png(GREY, pixels.width(), &rows, &before, &behind);
            assert_eq!(decode(&file, 16, 8, false).unwrap(), seen, "PNG {orientation}");
        }
    }
}

#[test]
fn exif_data_without_a_meaning_turns_nothing() {
    for tag in [&exif(0)[..], &exif(9), &exif(6)[..12], b"", b"II*\0\xff\xff\xff\xff", &[0; 40]] {
        let file = png(GREY, 2, &[&[1, 2]], &[(b"eXIf", tag)], &[]);
        assert_eq!(decode(&file, 1, 2, false).unwrap(), [1, 2], "{tag:?}");
    }
    let cut = png(GREY, 2, &[&[1, 2]], &[], &[]);
    assert_eq!(exif_of_png(&cut[..cut.len() - 1]), None);
    assert_eq!(exif_of_png(&[0xff; 64]), None);
}

#[test]
fn what_is_transparent_is_background_whatever_color_it_hides() {
    // Half transparent: 200 · 128 / 255, and the rest of the background.
    let row = [255, 0, 0, 0, 200, 128, 77, 255];
    let file = png(GREY_ALPHA, 4, &[&row], &[], &[]);
    assert_eq!(decode(&file, 1, 4, false).unwrap(), [0, 0, 100, 77]);
    assert_eq!(decode(&file, 1, 4, true).unwrap(), [0, 0, 255 - 227, 255 - 77]);
    let row = [255, 255, 255, 0, /**/ 0, 0, 0, 0, /**/ 9, 9, 9, 255];
    assert_eq!(decode(&png(COLOR_ALPHA, 3, &[&row], &[], &[]), 1, 3, false).unwrap(), [0, 0, 9]);
    let row = [255, 255, 255, 255, 255, 255, 0, 0];
    assert_eq!(decode(&png(COLOR_ALPHA_16, 1, &[&row], &[], &[]), 1, 1, false).unwrap(), [0]);
    // A palette, and a shade of grey, that chunk tRNS makes transparent.
    let colors = [255, 255, 255, /**/ 255, 255, 255, /**/ 8, 8, 8];
    let file = png(PALETTE, 3, &[&[0, 1, 2]], &[(b"PLTE", &colors), (b"tRNS", &[0])], &[]);
    assert_eq!(decode(&file, 1, 3, false).unwrap(), [0, 255, 8]);
    let file = png(GREY, 2, &[&[255, 254]], &[(b"tRNS", &[0, 255])], &[]);
    assert_eq!(decode(&file, 1, 2, false).unwrap(), [0, 254]);
}

#[test]
fn other_colors_and_depths_keep_their_brightness() {
    let file = png(GREY_16, 3, &[&[0, 0, 0x80, 0, 0xff, 0xff]], &[], &[]);
    assert_eq!(decode(&file, 1, 3, false).unwrap(), [0, 128, 255]);
    let file = png((1, 0), 3, &[&[0b0100_0000]], &[], &[]);
    assert_eq!(decode(&file, 1, 3, false).unwrap(), [0, 255, 0]);
    // Black ink that gets less from left to right, in CMYK:
    //   im = Image.new("CMYK", (8, 8))
    //   for x in range(8):
    //       for y in range(8): im.putpixel((x, y), (0, 0, 0, 255 - 32 * x))
    //   im.save(file, "JPEG", quality=90)  # Pillow 13.0
    let pixels = decode(&base(CMYK), 8, 8, false).unwrap();
    for (x, &pixel) in pixels[..8].iter().enumerate() {
        assert!(pixel.abs_diff(32 * x as u8) < 8, "{x}: {pixel}");
    }
}

fn base(hex: &str) -> Vec<u8> {
    let digits: Vec<u8> =
        hex.bytes().filter_map(|byte| char::from(byte).to_digit(16)).map(|digit| digit as u8).collect();
    digits.chunks(2).map(|pair| 16 * pair[0] + pair[1]).collect()
}

const CMYK: &str = "\
     ffd8ffee000e41646f626500640000000000ffdb0043000302020302020303030304030304050805050404050a070706080c0a0c0c0b0a0b \
     0b0d0e12100d0e110e0b0b1016101113141515150c0f171816141812141514ffc000140800080008044311004d11005911004b1100ffc400 \
     1f0000010501010101010100000000000000000102030405060708090a0bffc400b5100002010303020403050504040000017d0102030004 \
     1105122131410613516107227114328191a1082342b1c11552d1f02433627282090a161718191a25262728292a3435363738393a43444546 \
     4748494a535455565758595a636465666768696a737475767778797a838485868788898a92939495969798999aa2a3a4a5a6a7a8a9aab2b3 \
     b4b5b6b7b8b9bac2c3c4c5c6c7c8c9cad2d3d4d5d6d7d8d9dae1e2e3e4e5e6e7e8e9eaf1f2f3f4f5f6f7f8f9faffda000e0443004d005900 \
     4b00003f00fd53afd53afd53ae53fe09b7ff0030bff80d7fffd9";

#[test]
fn colour_images_of_any_size_become_grey_ones_of_the_models_size() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("photograph.png");
    image::RgbImage::from_pixel(100, 50, image::Rgb([255, 255, 255])).save(&path).unwrap();
    assert_eq!(read(&path, 28, 28, false).unwrap(), [255; 784]);
    assert_eq!(read(&path, 28, 28, true).unwrap(), [0; 784]);
}

#[test]
fn an_image_of_the_right_size_is_read_to_the_bit() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("grey.png");
    let pixels: Vec<u8> = (0..=255).collect();
    image::GrayImage::from_raw(16, 16, pixels.clone()).unwrap().save(&path).unwrap();
    assert_eq!(read(&path, 16, 16, false).unwrap(), pixels);
}

#[test]
fn other_files_are_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notes.png");
    std::fs::write(&path, "no image").unwrap();
    for path in [path, folder.path().join("missing.png")] {
        let error = read(&path, 28, 28, false).unwrap_err().to_string();
        assert!(error.contains(&path.display().to_string()), "{error}");
    }
}

#[test]
fn characters_get_denser_with_brightness() {
    assert_eq!(ascii(&[0, 128, 255, 255], 2), "  ==\n@@@@\n");
}
