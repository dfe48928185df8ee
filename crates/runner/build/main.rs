//! Records what the program is built from: the commit, the version of Burn, and the features.

mod source;

use std::path::Path;

fn main() {
    // Read now, not compiled in: checkouts that share a target folder share this program, too.
    let root = Path::new(&std::env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets it")).join("../..");
    let record = |name: &str, value: &str| println!("cargo::rustc-env=RUNNER_{name}={value}");
    record("COMMIT", &source::commit(&root));
    record("BURN", &source::locked(&root, "burn"));
    let features: Vec<String> = std::env::vars()
        .filter_map(|(name, _)| Some(name.strip_prefix("CARGO_FEATURE_")?.to_lowercase()))
        .filter(|feature| feature != "default")
        .collect();
    record("FEATURES", &features.join(" "));
    for path in source::inputs(&root) {
        println!("cargo::rerun-if-changed={}", path.display());
    }
}
