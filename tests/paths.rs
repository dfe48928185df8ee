//! Paths that are no UTF-8, relative paths, and what is already where a file is to be written (Unix).

use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::{Command, Output};

use crate::process::{TINY, command, fail, succeed, tiny, tiny_data};

/// Text with `~` for a byte that is no UTF-8.
fn os(text: &str) -> OsString {
    OsString::from_vec(text.bytes().map(|byte| if byte == b'~' { 0xe9 } else { byte }).collect())
}

fn run(folder: &Path, arguments: &[&str]) -> Output {
    let output = command(folder).args(arguments.iter().map(|text| os(text))).output().unwrap();
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    output
}

#[test]
fn paths_that_are_no_text_work_everywhere() {
    let folder = tiny_data();
    let folder = folder.path();
    fs::rename(folder.join("data"), folder.join(os("d~"))).unwrap();
    fs::write(folder.join(os("c~.toml")), "[data]\nverify = false\n[model]\nhidden = [4]\ndropout = []\n").unwrap();
    image::GrayImage::new(5, 4).save_with_format(folder.join(os("i~")), image::ImageFormat::Png).unwrap();
    run(folder, &["train", "--config", "c~.toml", "--data", "d~", "--set", "training.epochs=1", "--out", "r~"]);

    // The run finds its data, from anywhere.
    fs::create_dir(folder.join("elsewhere")).unwrap();
    run(&folder.join("elsewhere"), &["evaluate", "../r~"]);
    run(folder, &["train", "--resume", "r~", "--set", "training.epochs=2"]);
    let predicted = run(folder, &["predict", "r~", "test:0", "i~", "--data", "d~"]).stdout;
    assert!(String::from_utf8(predicted).unwrap().contains("i\u{fffd}\n"));
    assert_eq!(run(folder, &["report", "r~"]).stdout, [os("r~").as_bytes(), b"/report.html\n"].concat());
    for model in ["m~.onnx", "m~.safetensors"] {
        let written = run(folder, &["export", "r~", "--out", model]).stdout;
        assert_eq!(written, [os(model).as_bytes(), b"\n"].concat(), "what a script reads");
        let into = format!("{model}~run");
        run(folder, &["import", model, "--config", "c~.toml", "--set", "data.source=d~", "--out", &into]);
        assert_eq!(run(folder, &["evaluate", &into]).stdout, run(folder, &["evaluate", "r~"]).stdout);
    }
    for variable in ["FASHION_MNIST_DIR", "BURN_MLP_DATA_SOURCE"] {
        let mut train = command(folder);
        train.env(variable, os("d~")).args(["train", "--config"]).arg(os("c~.toml")).args(["--out", variable]);
        assert!(train.output().unwrap().status.success(), "{variable}");
    }
}

#[test]
fn a_printed_command_names_the_run_whatever_its_name() {
    let folder = tiny_data();
    let folder = folder.path();
    for name in ["two words", "it's $HOME", "r~ 50%"] {
        let arguments = TINY.map(OsStr::new);
        let train = || command(folder).args(arguments).arg("--out").arg(os(name)).output().unwrap();
        assert!(train().status.success());
        let again = String::from_utf8(train().stderr).unwrap();
        let (_, resume) = again.trim_end().split_once("--resume ").unwrap();
        let script = format!("{} train --resume {resume}", env!("CARGO_BIN_EXE_runner"));
        let output = Command::new("sh").args(["-c", &script]).current_dir(folder).output().unwrap();
        assert!(output.status.success(), "{script}: {}", String::from_utf8_lossy(&output.stderr));
    }
}

#[test]
fn a_run_names_where_its_data_was_and_the_way_out() {
    let folder = tiny_data();
    let folder = folder.path();
    succeed(folder, &tiny(&["--out", "out"]));
    fs::create_dir(folder.join("elsewhere")).unwrap();
    succeed(&folder.join("elsewhere"), &["evaluate", "../out"]);
    fs::rename(folder.join("data"), folder.join("moved")).unwrap();
    let place = format!("data.source = {:?}", folder.join("data"));
    let parts = ["out/config.toml", &place, &format!("seen from {}", folder.display()), "found none"];
    fail(folder, &["evaluate", "out"], 1, &[&parts[..], &["--data DIR"]].concat());
    fail(folder, &["train", "--resume", "out"], 1, &[&parts[..], &["--set data.source=DIR"]].concat());
    succeed(folder, &["evaluate", "out", "--data", "moved"]);
    succeed(folder, &["train", "--resume", "out", "--set", "data.source=moved"]);
    succeed(&folder.join("elsewhere"), &["evaluate", "../out"]);
}

#[test]
fn an_export_goes_where_links_and_pipes_lead() {
    let folder = tiny_data();
    let folder = folder.path();
    succeed(folder, &tiny(&["--set", "training.epochs=0", "--out", "out"]));
    succeed(folder, &["export", "out", "--out", "model.onnx"]);
    let model = fs::read(folder.join("model.onnx")).unwrap();

    fs::create_dir(folder.join("store")).unwrap();
    symlink("store/v1.onnx", folder.join("latest.onnx")).unwrap();
    succeed(folder, &["export", "out", "--out", "latest.onnx"]);
    assert_eq!(fs::read_link(folder.join("latest.onnx")).unwrap(), Path::new("store/v1.onnx"));
    assert_eq!(fs::read(folder.join("store/v1.onnx")).unwrap(), model);

    let to_stdout = ["export", "out", "--format", "onnx", "--out", "/dev/stdout"];
    assert_eq!(run(folder, &to_stdout).stdout, model);
    let file = fs::File::create(folder.join("redirected")).unwrap();
    assert!(command(folder).args(to_stdout).stdout(file).status().unwrap().success());
    assert_eq!(fs::read(folder.join("redirected")).unwrap(), model);

    fs::hard_link(folder.join("model.onnx"), folder.join("other.onnx")).unwrap();
    fail(folder, &["export", "out", "--out", "other.onnx"], 1, &["other.onnx", "hard links"]);
    fail(folder, &["export", "out", "--format", "onnx", "--out", "store"], 1, &["store", "something else than a file"]);
}
