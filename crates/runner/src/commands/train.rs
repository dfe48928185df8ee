//! `runner train`

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use anyhow::{Result, ensure};
use burn_fashion_mnist::{FashionMnist, OriginKind, stratified_split};
use burn_mlp::{LayerSummary, Mlp};

use crate::backend::{self, Chosen, Train};
use crate::batches::Batches;
use crate::checkpoint::Checkpoint;
use crate::cli::TrainArgs;
use crate::config::Config;
use crate::dataset;
use crate::interrupt;
use crate::progress::{Progress, thousands, warn};
use crate::record::{self, ENVIRONMENT, Environment, ImagesInfo, RunDirectory, SUMMARY};
use crate::report;
use crate::resume::{Continuation, continuation};
use crate::settings::Settings;
use crate::train::{Examples, Trainer};

/// Name of the default job.
const DEFAULT_JOB: &str = "dropout";

/// Trains as the arguments say.
///
/// # Errors
///
/// If the settings or the data do not hold, the loss diverges, a file cannot be written, or someone interrupts.
pub fn run(arguments: &TrainArgs) -> Result<()> {
    match &arguments.resume {
        Some(run) => go_on(arguments, run),
        None => begin(arguments),
    }
}

fn begin(arguments: &TrainArgs) -> Result<()> {
    // Everything that can be wrong without touching the disk is checked before the run directory is made.
    let config: Config = settings(arguments)?.resolve()?;
    let prepared = Prepared::new(&config, backend::choose()?)?;
    interrupt::listen()?;
    let run = RunDirectory::create(arguments.out.as_deref(), &name(arguments.config.as_deref()))?;
    run.write_json(ENVIRONMENT, &environment(&prepared.data, &prepared.chosen))?;
    run.write_config(&config)?;
    train(arguments, &config, &run, prepared, None)
}

fn go_on(arguments: &TrainArgs, run: &Path) -> Result<()> {
    // Before anything is read: what another process is writing is not to be gone on from.
    let run = RunDirectory::open(run)?;
    let chosen = backend::choose()?;
    let Continuation { config, checkpoint, environment, changed, warnings } =
        continuation(&run, &arguments.set, &chosen.description)?;
    for warning in warnings {
        warn(&warning);
    }
    let prepared = Prepared::new(&config, chosen)?;
    interrupt::listen()?;
    let record = || -> Result<()> {
        // The record first: no change goes unrecorded, whenever the process ends.
        if changed {
            run.write_json(ENVIRONMENT, &environment)?;
        }
        run.write_config(&config)
    };
    train(arguments, &config, &run, prepared, Some((checkpoint, &record)))
}

/// What a run needs beside its directory.
struct Prepared {
    data: FashionMnist,
    chosen: Chosen,
    mlp: Mlp<Train>,
    examples: Examples<Train>,
}

impl Prepared {
    fn new(config: &Config, chosen: Chosen) -> Result<Self> {
        let data = dataset::load(&config.data.source, config.data.verify)?;
        let (d_input, classes) = (data.train.d_input(), data.class_names().len());
        config.model.check_size(d_input, classes)?;
        let mlp = config.model.mlp(d_input, classes, config.training.seed).init(&chosen.device)?;
        let examples = examples(config, &data, &chosen)?;
        Ok(Self { data, chosen, mlp, examples })
    }
}

/// A checkpoint to go on from, and what is to be written once it has turned out to fit.
type Resumption<'a> = (Option<Checkpoint>, &'a dyn Fn() -> Result<()>);

fn train(
    arguments: &TrainArgs,
    config: &Config,
    run: &RunDirectory,
    prepared: Prepared,
    resumption: Option<Resumption<'_>>,
) -> Result<()> {
    let Prepared { data, chosen, mlp, examples } = prepared;
    let progress = Progress::new(arguments.progress);
    introduce(&progress, config, &data, &mlp, &chosen);
    let mut trainer = Trainer::new(config, examples, mlp, run, progress, chosen.clone().device);
    if let Some((checkpoint, record)) = resumption {
        if let Some(checkpoint) = checkpoint {
            trainer.resume(checkpoint)?;
        }
        record()?;
    }
    let (mlp, summary) = trainer.run()?;
    run.write_json(SUMMARY, &summary)?;
    let progress = Progress::new(arguments.progress);
    // Model and figures are safe by now: a report that cannot be written does not take them back.
    let report = report::write(run, &mlp, &data, &chosen.device);
    if summary.model_epoch != summary.epochs {
        progress.say(&format!("kept the model of epoch {}, the best on the validation split", summary.model_epoch));
    }
    let note = if data.origin.kind == OriginKind::Sample { " (embedded sample, not the full data)" } else { "" };
    progress.say(&format!(
        "test accuracy {:.2} %, test loss {:.4}{note}",
        100.0 * summary.test_accuracy,
        summary.test_loss
    ));
    match report {
        Ok(report) => progress.say(&format!("report: {}", report.display())),
        Err(error) => warn(&format!("no report: {error:#}")),
    }
    progress.say(&format!("run directory: {}", run.path().display()));
    Ok(())
}

/// The settings that the arguments of a new run ask for, in layers.
pub(super) fn settings(arguments: &TrainArgs) -> Result<Settings> {
    let mut settings = Settings::defaults::<Config>();
    if let Some(file) = &arguments.config {
        settings.layer_file(file)?;
    }
    // Other programs' variables may hold anything.
    let text = |value: OsString| value.to_string_lossy().into_owned();
    settings.layer_environment(std::env::vars_os().map(|(name, value)| (text(name), text(value))))?;
    for assignment in &arguments.set {
        settings.set(assignment)?;
    }
    if let Some(data) = &arguments.data {
        settings.set_text("data.source", data)?;
    }
    if let Some(seed) = arguments.seed {
        settings.set(&format!("training.seed={seed}"))?;
    }
    Ok(settings)
}

/// The file's stem, which names the folder of the run.
pub(super) fn name(config: Option<&Path>) -> String {
    let stem = config.and_then(Path::file_stem).map(|stem| stem.to_string_lossy().into_owned());
    stem.unwrap_or_else(|| DEFAULT_JOB.to_owned())
}

fn examples(config: &Config, data: &FashionMnist, chosen: &Chosen) -> Result<Examples<Train>> {
    let (train, validation) = if config.validation.fraction > 0.0 {
        let (kept, held_out) = stratified_split(data.train.labels(), config.validation.fraction, config.training.seed)?;
        (data.train.select(&kept), Some(data.train.select(&held_out)))
    } else {
        (data.train.clone(), None)
    };
    ensure!(
        !train.is_empty(),
        "validation.fraction = {} holds out all {} training images",
        config.validation.fraction,
        data.train.len()
    );
    let training = &config.training;
    Ok(Examples {
        train: Batches::new(train, config.data.normalization(), training.batch_size, training.seed, &chosen.device),
        validation: validation.filter(|images| !images.is_empty()),
        test: data.test.clone(),
        sha256: data.origin.sha256.clone(),
    })
}

fn introduce(progress: &Progress, config: &Config, data: &FashionMnist, mlp: &Mlp<Train>, chosen: &Chosen) {
    let source = match (data.origin.kind, &data.origin.path) {
        (OriginKind::Sample, _) => "the embedded sample of Fashion-MNIST".to_owned(),
        (_, Some(path)) => path.display().to_string(),
        (_, None) => "memory".to_owned(),
    };
    progress.say(&format!(
        "data: {source}, {} training and {} test images of {} x {} pixels, {} classes",
        thousands(data.train.len() as u64),
        thousands(data.test.len() as u64),
        data.train.height(),
        data.train.width(),
        data.class_names().len(),
    ));
    progress.say(&format!(
        "backend: {} on {}, {} threads; seed {}",
        backend::NAME,
        chosen.description,
        backend::threads(),
        config.training.seed
    ));
    let layers = mlp.layers();
    let parameters: usize = layers.iter().map(|layer| layer.parameters).sum();
    for LayerSummary { name, d_output, parameters, .. } in &layers {
        progress.say(&format!("  {name:<20} [batch, {d_output}]{:>16}", thousands(*parameters as u64)));
    }
    progress.say(&format!("  {} parameters", thousands(parameters as u64)));
}

/// What a run starts with.
pub(super) fn environment(data: &FashionMnist, chosen: &Chosen) -> Environment {
    Environment {
        version: env!("CARGO_PKG_VERSION").into(),
        burn: "0.21.0".into(),
        commit: commit(),
        backend: backend::NAME.into(),
        device: chosen.description.clone(),
        threads: backend::threads(),
        platform: format!("{}-{}", std::env::consts::OS, std::env::consts::ARCH),
        started: record::now(),
        data: data.origin.clone(),
        images: ImagesInfo {
            height: data.train.height(),
            width: data.train.width(),
            class_names: data.class_names().to_vec(),
            train: data.train.len(),
            test: data.test.len(),
        },
        changes: Vec::new(),
        imported: None,
    }
}

/// The commit of the checkout this program was built in, where git knows it.
fn commit() -> Option<String> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let output = std::process::Command::new("git").arg("-C").arg(folder).args(["rev-parse", "HEAD"]).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    (output.status.success() && !text.trim().is_empty()).then(|| text.trim().to_owned())
}
