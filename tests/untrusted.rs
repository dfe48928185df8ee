//! Files made to exhaust memory: each must be an error, in a process with limited memory (Linux).

use std::fs::{self, File};
use std::io::Write as _;
use std::path::Path;
use std::process::Command;

use crate::process::{command, succeed, tiny, tiny_data, write_idx};

/// Address space of the process, in KiB: for its code, its threads, and half a GiB of data.
const LIMIT: usize = 3 << 20;

/// Runs the binary under the limit and expects an error of exit code `code` that contains `parts`.
fn refused(folder: &Path, arguments: &[&str], code: i32, parts: &[&str]) {
    let plain = command(folder);
    let mut limited = Command::new("sh");
    limited.args(["-c", &format!("ulimit -v {LIMIT}; exec \"$0\" \"$@\"")]);
    limited.arg(plain.get_program()).args(arguments).current_dir(folder);
    // The same environment variables are set and removed as for any other test.
    for (name, value) in plain.get_envs() {
        match value {
            Some(value) => limited.env(name, value),
            None => limited.env_remove(name),
        };
    }
    // The stack of each thread counts, even if unused.
    let output = limited.env("RAYON_NUM_THREADS", "2").output().expect("a shell");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{arguments:?}: {stderr}");
    for part in parts {
        assert!(stderr.contains(part), "{arguments:?}: no `{part}` in: {stderr}");
    }
}

/// Creates a sparse file of `length` bytes, which takes no space on the disk.
fn sparse(path: &Path, start: &[u8], length: u64) {
    let mut file = File::create(path).unwrap();
    file.write_all(start).unwrap();
    file.set_len(length).unwrap();
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn data_files_that_announce_or_unpack_to_gigabytes() {
    let images = "train-images-idx3-ubyte";
    let folder = tiny_data();
    let path = folder.path().join("data").join(images);
    let train = tiny(&["--out", "out"]);
    // A header for 2^32 images of 2^32 by 2^32 pixels, then one for 4 GiB with only 4 bytes after it.
    write_idx(&path, 0x803, &[u32::MAX as usize; 3], &[]);
    refused(folder.path(), &train, 1, &[images, "4294967295"]);
    write_idx(&path, 0x803, &[1 << 16, 1 << 8, 1 << 8], &[1, 2, 3, 4]);
    refused(folder.path(), &train, 1, &[images, "found 20"]);
    // A file that unpacks to a thousand times its size, and to more than its header announces.
    let mut bomb = fs::read(folder.path().join("data/t10k-images-idx3-ubyte")).unwrap()[..16].to_vec();
    bomb.resize(256 << 20, 0);
    let packed = gzip(&bomb);
    assert!(packed.len() < 1 << 20);
    fs::remove_file(&path).unwrap();
    fs::write(path.with_extension("gz"), packed).unwrap();
    refused(folder.path(), &train, 1, &[images, "found more"]);
    assert!(!folder.path().join("out").exists());
}

#[test]
fn runs_whose_files_announce_or_hold_gigabytes() {
    let folder = tiny_data();
    succeed(folder.path(), &tiny(&["--out", "out"]));
    let run = folder.path().join("out");
    let evaluate = ["evaluate", "out"];
    let resume = ["train", "--resume", "out"];
    let kept = |name: &str| fs::read(run.join(name)).unwrap();

    let model = kept("model.safetensors");
    sparse(&run.join("model.safetensors"), &[], 1 << 40);
    refused(folder.path(), &evaluate, 1, &["model.safetensors", "larger than the limit"]);
    fs::write(run.join("model.safetensors"), [&(1_u64 << 56).to_le_bytes()[..], b"{}"].concat()).unwrap();
    refused(folder.path(), &evaluate, 1, &["model.safetensors", "a header of 72057594037927936 bytes"]);
    fs::write(run.join("model.safetensors"), model).unwrap();

    let environment = kept("environment.json");
    sparse(&run.join("environment.json"), b"{", 1 << 40);
    refused(folder.path(), &evaluate, 1, &["environment.json", "larger than the limit"]);
    let huge =
        String::from_utf8(environment.clone()).unwrap().replace("\"height\": 4", "\"height\": 18446744073709551615");
    fs::write(run.join("environment.json"), huge).unwrap();
    refused(folder.path(), &evaluate, 1, &["environment.json", "too large"]);
    fs::write(run.join("environment.json"), environment).unwrap();

    let config = kept("config.toml");
    let wide = String::from_utf8(config.clone()).unwrap().replace("[8, 6]", "[4000000000, 6]");
    fs::write(run.join("config.toml"), wide).unwrap();
    refused(folder.path(), &evaluate, 1, &["4000000000", "weights allowed"]);
    sparse(&run.join("config.toml"), b"[training]\n", 1 << 40);
    refused(folder.path(), &evaluate, 2, &["config.toml", "larger than the limit"]);
    fs::write(run.join("config.toml"), config).unwrap();

    for name in ["latest", "previous"] {
        sparse(&run.join("checkpoint").join(format!("{name}.safetensors")), &[], 1 << 40);
    }
    refused(folder.path(), &resume, 1, &["latest.safetensors", "previous.safetensors", "larger than the limit"]);
}

#[test]
fn many_samples_are_drawn_in_parts() {
    let folder = tiny_data();
    let wide = ["--set", "model.hidden=[2000]", "--set", "model.dropout=[]", "--set", "training.epochs=0"];
    succeed(folder.path(), &tiny(&[&wide[..], &["--out", "out"]].concat()));
    // Together 1.5 GiB for each of several tensors.
    refused(folder.path(), &["predict", "out", "test:0", "--samples", "200000"], 0, &[]);
}

#[test]
fn settings_that_ask_for_more_than_any_machine_has() {
    let folder = tiny_data();
    for setting in ["model.hidden=[9223372036854775807,9223372036854775807]", "model.hidden=[20000,20000]"] {
        let arguments = tiny(&["--set", setting, "--set", "model.dropout=[]", "--out", "out"]);
        refused(folder.path(), &arguments, 1, &["model.hidden", "weights allowed"]);
    }
    assert!(!folder.path().join("out").exists());
    // Nested tables.
    let keys = vec!["a"; 79].join(".");
    let deep = format!("{}{keys}=1{}", format!("{keys}={{").repeat(79), "}".repeat(79));
    fs::write(folder.path().join("deep.toml"), deep).unwrap();
    refused(folder.path(), &["train", "--config", "deep.toml"], 2, &["deep.toml:1"]);
}

#[test]
fn models_of_other_programs_that_announce_or_hold_gigabytes() {
    let folder = tiny_data();
    let import = |hidden: &str, code: i32, parts: &[&str]| {
        let hidden = format!("model.hidden={hidden}");
        let data = ["--data", "data", "--set", "data.verify=false", "--set", "model.dropout=[]"];
        let arguments = [&["import", "file", "--out", "out", "--set", &hidden][..], &data].concat();
        refused(folder.path(), &arguments, code, parts);
        assert!(!folder.path().join("out").exists());
    };
    let path = folder.path().join("file");
    // Offsets whose sum overflows.
    let size = (1_u64 << 61) - 4;
    let tensor = |at: u64| {
        format!(r#""{at}":{{"dtype":"F32","shape":[{}],"data_offsets":[{},{}]}}"#, size / 4, at * size, (at + 1) * size)
    };
    let last = format!(r#""8":{{"dtype":"F32","shape":[6],"data_offsets":[{},{}]}}"#, 8 * size, 8 * size + 24);
    let header = format!("{{{},{last}}}", (0..8).map(tensor).collect::<Vec<_>>().join(","));
    fs::write(&path, [&(header.len() as u64).to_le_bytes()[..], header.as_bytes()].concat()).unwrap();
    import("[8]", 1, &["file", "lies at"]);
    import("[99999, 99999]", 1, &["model.hidden", "weights allowed"]);
    import("[9223372036854775807]", 1, &["model.hidden", "weights allowed"]);
    fs::write(&path, [&(1_u64 << 56).to_le_bytes()[..], b"{}"].concat()).unwrap();
    import("[8]", 1, &["file", "a header of 72057594037927936 bytes"]);
    for start in [&b"\x08\x08"[..], b"PK\x03\x04", b"\x02\0\0\0\0\0\0\0{}"] {
        sparse(&path, start, 1 << 31);
        import("[8]", 1, &["file", "larger than the limit"]);
    }
    let graph = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fuzz/corpus/onnx/computes-gigabytes.onnx");
    fs::copy(graph, &path).unwrap();
    import("[8]", 1, &["file", "more is computed from the constants"]);
}

#[test]
fn images_that_announce_gigabytes() {
    let folder = tiny_data();
    succeed(folder.path(), &tiny(&["--set", "training.epochs=0", "--out", "out"]));
    let path = folder.path().join("bomb.png");
    let mut png = Vec::new();
    image::GrayImage::new(8, 8).write_to(&mut std::io::Cursor::new(&mut png), image::ImageFormat::Png).unwrap();
    for side in [16_384_u32, 100_000, u32::MAX] {
        // The width, height and checksum of the first chunk, for 16 bits each of red, green, blue and alpha.
        png[16..20].copy_from_slice(&side.to_be_bytes());
        png[20..24].copy_from_slice(&side.to_be_bytes());
        png[24..29].copy_from_slice(&[16, 6, 0, 0, 0]);
        let mut sum = flate2::Crc::new();
        sum.update(&png[12..29]);
        png[29..33].copy_from_slice(&sum.sum().to_be_bytes());
        fs::write(&path, &png).unwrap();
        refused(folder.path(), &["predict", "out", "bomb.png"], 1, &["bomb.png"]);
    }
    sparse(&path, &png, 1 << 40);
    refused(folder.path(), &["predict", "out", "bomb.png"], 1, &["bomb.png", "larger than the limit"]);
}
