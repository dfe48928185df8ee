//! Each measurement is made once, however often the laboratory is killed and however many processes take part. The
//! findings depend on the measurements alone.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Child, Stdio};
use std::thread::sleep;
use std::time::Duration;

use burn_mlp::Key;
use mlp_lab::jobs::{Job, Plan, Planned};
use runner::backend::ThisPlatform;

use crate::process::{command, fail, succeed};

/// Experiments that together take a few seconds.
const ALL: [&str; 7] =
    ["experiment", "activations", "dropout-layer", "weight-decay", "concept-shift", "--quick", "--out"];
/// Of four experiments with three seeds each.
const JOBS: usize = 12;

fn start(folder: &Path, out: &str) -> Child {
    let mut command = command(folder);
    command.args(ALL).arg(out).stdout(Stdio::null()).stderr(Stdio::piped());
    command.spawn().expect("the binary starts")
}

/// The stored measurements by name.
fn measurements(out: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    for folder in fs::read_dir(out.join("measurements")).into_iter().flatten().flatten() {
        for file in fs::read_dir(folder.path()).unwrap().flatten() {
            let path = file.path();
            if path.extension().is_some_and(|extension| extension == "json") {
                found.insert(path.display().to_string(), fs::read(&path).unwrap());
            }
        }
    }
    found
}

fn found(out: &Path) -> [Vec<u8>; 3] {
    ["claims.json", "claims.md", "index.html"].map(|name| fs::read(out.join(name)).unwrap())
}

/// Number of measurements that a process reports to have begun.
fn begun(stderr: &str) -> usize {
    stderr.lines().filter(|line| line.starts_with("  ") && line.contains(", seed ") && !line.contains(':')).count()
}

#[test]
fn killed_at_any_moment_nothing_is_measured_twice_and_the_findings_are_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let undisturbed = succeed(folder.path(), &[&ALL[..], &["undisturbed"]].concat());
    assert_eq!(begun(&undisturbed.stderr), JOBS);
    let out = folder.path().join("killed");
    let mut before = BTreeMap::new();
    for delay in Key::new(11, *b"kills\0\0\0").uniforms().take(10) {
        let mut child = start(folder.path(), "killed");
        sleep(Duration::from_millis((600.0 * delay) as u64));
        child.kill().unwrap();
        child.wait().unwrap();
        let after = measurements(&out);
        assert!(before.iter().all(|(name, bytes)| after.get(name) == Some(bytes)), "a measurement was made again");
        before = after;
    }
    let last = succeed(folder.path(), &[&ALL[..], &["killed"]].concat());
    assert_eq!(begun(&last.stderr), JOBS - before.len());
    let after = measurements(&out);
    assert!(before.iter().all(|(name, bytes)| after.get(name) == Some(bytes)) && after.len() == JOBS);
    assert!(found(&out) == found(&folder.path().join("undisturbed")));
}

#[test]
fn two_processes_share_the_measurements() {
    let folder = tempfile::tempdir().unwrap();
    let children = [start(folder.path(), "out"), start(folder.path(), "out")];
    let finished = children.map(|child| child.wait_with_output().unwrap());
    let mut all = 0;
    for output in finished {
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.success(), "{stderr}");
        all += begun(&stderr);
    }
    assert_eq!(all, JOBS);
    succeed(folder.path(), &[&ALL[..], &["alone"]].concat());
    assert!(found(&folder.path().join("out")) == found(&folder.path().join("alone")));
}

#[test]
fn more_seeds_measure_only_what_is_new_and_jobs_can_be_done_one_by_one() {
    let folder = tempfile::tempdir().unwrap();
    let experiment = |verb: &[&str], more: &[&str]| {
        let chosen = ["activations", "dropout-layer", "--quick", "--out", "out"];
        succeed(folder.path(), &[&["experiment"][..], verb, &chosen, more].concat())
    };
    let states = |listed: &str| -> Vec<bool> { listed.lines().map(|line| line.contains("\tmeasured\t")).collect() };
    assert_eq!(states(&experiment(&["jobs"], &[]).stdout), [false; 6]);
    experiment(&["measure"], &["--job", "4"]);
    experiment(&["measure"], &["--part", "1/3"]);
    assert_eq!(states(&experiment(&["jobs"], &[]).stdout), [true, false, false, true, true, false]);
    let rest = experiment(&[], &[]);
    assert_eq!(begun(&rest.stderr), 3);
    let out = folder.path().join("out");
    let three = found(&out);
    assert_eq!(begun(&experiment(&[], &["--seeds", "5"]).stderr), 4);
    assert!(found(&out) != three);
    assert_eq!(begun(&experiment(&[], &[]).stderr), 0);
    assert!(found(&out) == three, "the same seeds, the same findings");
    fs::remove_file(out.join("claims.json")).unwrap();
    succeed(folder.path(), &["experiment", "conclude", "out"]);
    assert!(found(&out) == three);
}

#[test]
fn folders_and_jobs_that_are_none_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("notes")).unwrap();
    fs::write(folder.path().join("notes/a.txt"), "mine").unwrap();
    fail(
        folder.path(),
        &["experiment", "activations", "--quick", "--out", "notes"],
        1,
        &["notes", "holds no experiments"],
    );
    fail(folder.path(), &["experiment", "conclude", "notes"], 1, &["notes", "plan.json"]);
    fail(folder.path(), &["experiment", "measure", "activations", "--quick"], 1, &["--out"]);
    let measure = ["experiment", "measure", "activations", "--quick", "--out", "out"];
    fail(folder.path(), &[&measure[..], &["--job", "3"]].concat(), 1, &["--job 3", "3 jobs"]);
    fail(folder.path(), &[&measure[..], &["--part", "3/2"]].concat(), 1, &["3/2", "from 1 to 2"]);
}

fn plan(config: &str) -> Plan {
    Plan {
        version: "0".into(),
        backend: "b".into(),
        data: "d".into(),
        source: "s".into(),
        data_sha256: "h".into(),
        quick: true,
        rerun: false,
        experiments: vec![Planned { name: "activations".into(), config: config.into() }],
    }
}

fn jobs(plan: &Plan) -> Vec<Job> {
    plan.prepare::<ThisPlatform>().unwrap().remove(0).jobs
}

#[test]
fn a_key_is_that_of_what_a_measurement_depends_on() {
    let three = jobs(&plan("training.seed = 5\nexperiment.seeds = 3"));
    assert_eq!(three.iter().map(|job| job.seed).collect::<Vec<u64>>(), [5, 6, 7]);
    let more = jobs(&plan("training.seed = 4\nexperiment.seeds = 5"));
    assert_eq!(more[1..4], three, "other seeds beside it change nothing");
    assert!(three[0].key != three[1].key);
    assert_ne!(jobs(&plan("experiment.seeds = 3\ntraining.seed = 5\nexperiment.points = 7"))[0].key, three[0].key);
    for other in [
        Plan { backend: "c".into(), ..plan("training.seed = 5") },
        Plan { data_sha256: "i".into(), ..plan("training.seed = 5") },
    ] {
        assert_ne!(jobs(&other)[0].key, three[0].key);
    }
}
