//! Every experiment runs in its short form, and its claims agree with its values.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use mlp_lab::finding::{Bound, Claim, Verdict};
use mlp_lab::record::Record;
use mlp_lab::{find, registry};
use runner::backend::ThisPlatform;

use crate::process::{fail, succeed};

fn record(out: &Path) -> Record {
    let written = fs::read_to_string(out.join("claims.json")).unwrap();
    let Record { made, experiments, .. } = serde_json::from_str(&written).unwrap();
    let record = Record::new(made, experiments);
    assert_eq!(
        serde_json::to_string_pretty(&record).unwrap(),
        written.trim_end(),
        "conclusions follow from the values"
    );
    record
}

/// Checks mean, standard deviation and verdict against other formulas than the program's.
fn check_arithmetic(claim: &Claim) {
    let n = claim.outcome.values.len() as f64;
    let mean = claim.outcome.values.iter().sum::<f64>() / n;
    let squares: f64 = claim.outcome.values.iter().map(|value| value * value).sum();
    let variance = if n > 1.0 { ((squares - n * mean * mean) / (n - 1.0)).max(0.0) } else { 0.0 };
    let scale = claim.outcome.values.iter().fold(1e-12_f64, |scale, value| scale.max(value.abs()));
    assert!((claim.outcome.mean - mean).abs() <= 1e-9 * scale, "{claim:?}");
    assert!((claim.outcome.deviation - variance.sqrt()).abs() <= 1e-6 * scale, "{claim:?}");
    // Within the margin the two formulas may round to different sides.
    let reach = if n > 1.0 { two_sided_t(claim.outcome.values.len()) * (variance / n).sqrt() } else { 0.0 };
    let margin = 1e-4 * scale;
    let (low, high) = (mean - reach, mean + reach);
    let inside = |least: f64, most: f64| low >= least - margin && high <= most + margin;
    let outside = |least: f64, most: f64| high < least + margin || low > most - margin;
    let (least, most) = match claim.bound {
        Bound::AtLeast(least) => (least, f64::INFINITY),
        Bound::AtMost(most) => (f64::NEG_INFINITY, most),
        Bound::Between(least, most) => (least, most),
        Bound::Positive => (0.0, f64::INFINITY),
        Bound::Unset => return assert_eq!(claim.outcome.verdict, Verdict::Undecided, "{claim:?}"),
        Bound::EachAtMost(_) | Bound::Equal(_) => {
            let holds = claim.outcome.values.iter().all(|&value| match claim.bound {
                Bound::Equal(expected) => value == expected,
                Bound::EachAtMost(most) => value <= most,
                _ => unreachable!(),
            });
            return assert_eq!(claim.outcome.verdict == Verdict::Supported, holds, "{claim:?}");
        }
    };
    match claim.outcome.verdict {
        Verdict::Supported => assert!(inside(least, most), "{claim:?}"),
        Verdict::Refuted => panic!("the short form refutes nothing: {claim:?}"),
        // The data may not be what the claim is about, and differences are adjusted for their number.
        Verdict::Undecided => {
            let excused = outside(least, most) || claim.bound == Bound::Positive;
            assert!(excused || !inside(least + 2.0 * margin, most - 2.0 * margin), "{claim:?}");
        }
    }
}

/// The 97.5 % quantile of Student's t with `values - 1` degrees of freedom, from printed tables.
fn two_sided_t(values: usize) -> f64 {
    match values {
        3 => 4.303,
        4 => 3.182,
        5 => 2.776,
        6 => 2.571,
        7 => 2.447,
        8 => 2.365,
        9 => 2.306,
        10 => 2.262,
        values => panic!("no t for {values} values here: add it"),
    }
}

#[test]
fn all_experiments_end_and_their_claims_add_up() {
    let folder = tempfile::tempdir().unwrap();
    let finished = succeed(folder.path(), &["experiment", "all", "--quick", "--data", "sample", "--out", "out"]);
    let out = folder.path().join("out");
    let record = record(&out);
    let index = fs::read_to_string(out.join("index.html")).unwrap();
    assert!(!index.contains("src=\"http") && !index.contains("href=\"http"), "the page must open without a network");

    assert_eq!(record.experiments.len(), registry::<ThisPlatform>().len());
    for entry in &record.experiments {
        assert!(!entry.finding.claims.is_empty(), "{}", entry.name);
        assert!(index.contains(&entry.name), "{}", entry.name);
        for claim in &entry.finding.claims {
            check_arithmetic(claim);
            assert!(finished.stdout.contains(&claim.sentence), "{}", claim.sentence);
        }
        for table in &entry.finding.tables {
            assert!(table.rows.iter().all(|row| row.len() == table.header.len()), "{}", table.title);
            assert!(!table.rows.is_empty(), "{}", table.title);
        }
        let folder = out.join(&entry.name);
        for figure in &entry.finding.figures {
            let svg = fs::read_to_string(folder.join(format!("{}.svg", figure.name))).unwrap();
            assert!(svg.starts_with("<svg") && svg.trim_end().ends_with("</svg>"), "{}/{}", entry.name, figure.name);
            assert!(!svg.contains("NaN"), "{}/{}", entry.name, figure.name);
        }
        assert!(folder.join("config.toml").is_file() && folder.join("finding.json").is_file());
    }
    let score = record.score();
    assert!(finished.stdout.contains(&score.to_string()));
    assert_eq!((score.failed, score.verdicts[Verdict::Refuted as usize]), (0, 0), "{score}");
    assert_eq!(fs::read_to_string(out.join("claims.md")).unwrap(), record.markdown());
}

#[test]
fn the_list_names_the_systems_of_the_chapter() {
    let listed = succeed(Path::new("."), &["experiment", "list"]).stdout;
    let names: BTreeSet<&str> = listed.lines().filter_map(|line| line.split_whitespace().next()).collect();
    let expected = [
        "activations",
        "mlp",
        "dropout-layer",
        "dropout",
        "vanilla-dropout",
        "ensemble",
        "uncertainty",
        "input-noise",
        "random-labels",
        "weight-decay",
        "model-selection",
        "backprop",
        "numerical-stability",
        "xavier-init",
        "residual",
        "recurrent-gradients",
        "covariate-shift",
        "label-shift",
        "concept-shift",
    ];
    assert!(expected.into_iter().all(|name| names.contains(name)), "{names:?}");
}

#[test]
fn one_seed_repeats_and_another_gives_other_figures_and_the_same_conclusions() {
    let folder = tempfile::tempdir().unwrap();
    let finding = |out: &str, seed: &str| {
        let seed = format!("training.seed={seed}");
        succeed(folder.path(), &["experiment", "activations", "weight-decay", "--quick", "--set", &seed, "--out", out]);
        let read = |name: &str| fs::read_to_string(folder.path().join(out).join(name).join("finding.json")).unwrap();
        [read("activations"), read("weight-decay")]
    };
    let first = finding("first", "7");
    assert_eq!(first, finding("again", "7"));
    let other = finding("other", "8");
    assert!(first[0] != other[0] && first[1] != other[1]);
    let conclusions = |out: &str| -> Vec<(String, Verdict)> {
        let experiments = record(&folder.path().join(out)).experiments;
        let claims = experiments.into_iter().flat_map(|entry| entry.finding.claims);
        claims.map(|claim| (claim.sentence, claim.outcome.verdict)).collect()
    };
    for ((sentence, first), (other_sentence, other)) in conclusions("first").into_iter().zip(conclusions("other")) {
        assert_eq!(sentence, other_sentence);
        assert!(first == other || [first, other].contains(&Verdict::Undecided), "{sentence}: {first}, then {other}");
    }
}

#[test]
fn slips_are_refused_before_anything_runs() {
    let folder = tempfile::tempdir().unwrap();
    fail(folder.path(), &["experiment", "dropuot"], 2, &["`dropuot`", "did you mean `dropout`?"]);
    fail(
        folder.path(),
        &["experiment", "dropout", "--set", "training.epoch=3"],
        2,
        &["training.epoch", "training.epochs"],
    );
    fail(
        folder.path(),
        &["experiment", "activations", "--set", "experiment.points=0"],
        2,
        &["experiment.points", "at least 1"],
    );
    assert!(fs::read_dir(folder.path()).unwrap().next().is_none());
}

#[test]
fn strict_fails_where_a_check_fails_and_other_settings_have_no_thresholds() {
    let folder = tempfile::tempdir().unwrap();
    // One epoch on the sample does not reach the accuracies of ten epochs on the full data.
    let arguments = ["experiment", "mlp", "--quick", "--set", "training.epochs=1", "--strict", "--out", "mlp"];
    let sample = succeed(folder.path(), &arguments);
    assert!(sample.stdout.contains("none for these settings"), "{}", sample.stdout);
    assert!(sample.stdout.contains("undecided") && !sample.stdout.contains("  refuted"), "{}", sample.stdout);
    succeed(folder.path(), &["experiment", "activations", "--quick", "--strict", "--out", "out"]);
    let stored = folder.path().join("out/measurements/activations");
    let path = fs::read_dir(stored).unwrap().map(|file| file.unwrap().path()).min().unwrap();
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.replacen("\"relu_at_zero\":0.0", "\"relu_at_zero\":0.5", 1)).unwrap();
    fail(folder.path(), &["experiment", "conclude", "out", "--strict"], 1, &["not all claims and checks hold"]);
}

#[test]
fn every_experiment_has_a_name_of_its_own_and_settings_that_hold() {
    let entries = registry::<ThisPlatform>();
    let names: BTreeSet<&str> = entries.iter().map(|entry| entry.name).collect();
    assert_eq!(names.len(), entries.len());
    for entry in entries {
        for quick in [false, true] {
            let settings = entry.settings(quick).unwrap_or_else(|error| panic!("{}: {error}", entry.name));
            let seeds = entry.seeds(&settings).unwrap_or_else(|error| panic!("{}: {error}", entry.name));
            assert!(seeds.len() >= 3, "{}", entry.name);
            assert!(settings.has("training.seed") && settings.has("experiment.seeds"), "{}", entry.name);
        }
        assert!(entry.question.ends_with('?'), "{}", entry.name);
    }
}

#[test]
fn settings_without_effect_are_refused() {
    for (name, key, value) in [
        ("dropout", "training.checkpoint_steps", "10"),
        ("residual", "training.checkpoint_steps", "10"),
        ("ensemble", "model.dropout", "[0.5, 0.5]"),
        ("model-selection", "optimizer.weight_decay", "0.1"),
        ("xavier-init", "model.activation", "relu"),
        ("xavier-init", "model.init.kind", "zeros"),
    ] {
        let entry = find::<ThisPlatform>(name).unwrap();
        let mut settings = entry.settings(false).unwrap();
        settings.set(&format!("{key}={value}")).unwrap();
        let error = entry.seeds(&settings).expect_err(name).to_string();
        assert!(error.contains(key), "{name}: {error}");
    }
}
