//! `runner train`

use std::path::{Path, PathBuf};

use anyhow::Result;
use burn_fashion_mnist::{FashionMnist, OriginKind, stratified_split};
use burn_mlp::{LayerSummary, Mlp};

use crate::backend::{self, Chosen, Train};
use crate::batches::Batches;
use crate::cli::TrainArgs;
use crate::config::Config;
use crate::dataset;
use crate::interrupt;
use crate::progress::{Progress, thousands};
use crate::record::{self, ENVIRONMENT, Environment, ImagesInfo, RunDirectory, SUMMARY};
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
    // Everything that can be wrong without touching the disk is checked before the run directory is made.
    let settings = settings(arguments)?;
    let config: Config = settings.resolve()?;
    let data = dataset::load(&config.data.source, config.data.verify)?;
    let chosen = backend::choose()?;
    let mlp: Mlp<Train> =
        config.model.mlp(data.train.d_input(), data.class_names().len(), config.training.seed).init(&chosen.device)?;
    let examples = examples(&config, &data, &chosen)?;
    interrupt::listen()?;

    let run = match &arguments.resume {
        Some(run) => RunDirectory::open(run)?,
        None => RunDirectory::create(arguments.out.as_deref(), &name(arguments.config.as_deref()))?,
    };
    let progress = Progress::new(arguments.progress);
    introduce(&progress, &config, &data, &mlp, &chosen);
    let trainer = {
        let mut trainer = Trainer::new(&config, examples, mlp, &run, progress, chosen.clone().device);
        if arguments.resume.is_some() {
            trainer.resume()?;
        }
        trainer
    };
    if arguments.resume.is_some() {
        if !arguments.set.is_empty() {
            let mut environment: Environment = record::read_json(run.path(), ENVIRONMENT)?;
            environment.changes.extend(arguments.set.iter().cloned());
            run.write_json(ENVIRONMENT, &environment)?;
            run.write_config(&config)?;
        }
    } else {
        run.write_json(ENVIRONMENT, &environment(&data, &chosen))?;
        run.write_config(&config)?;
    }
    let (_, summary) = trainer.run()?;
    run.write_json(SUMMARY, &summary)?;
    let progress = Progress::new(arguments.progress);
    if summary.model_epoch != summary.epochs {
        progress.say(&format!("kept the model of epoch {}, the best on the validation split", summary.model_epoch));
    }
    let note = if data.origin.kind == OriginKind::Sample { " (embedded sample, not the full data)" } else { "" };
    progress.say(&format!(
        "test accuracy {:.2} %, test loss {:.4}{note}",
        100.0 * summary.test_accuracy,
        summary.test_loss
    ));
    progress.say(&format!("run directory: {}", run.path().display()));
    Ok(())
}

fn settings(arguments: &TrainArgs) -> Result<Settings> {
    let mut settings = match &arguments.resume {
        // A resumed run is the run it was: neither the environment nor a file changes it unasked.
        Some(run) => record::read_config(run)?,
        None => {
            let mut settings = Settings::defaults::<Config>();
            if let Some(file) = &arguments.config {
                settings.layer_file(file)?;
            }
            settings.layer_environment(std::env::vars())?;
            settings
        }
    };
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
fn name(config: Option<&Path>) -> String {
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

fn environment(data: &FashionMnist, chosen: &Chosen) -> Environment {
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
    }
}

/// The commit of the checkout this program was built in, where git knows it.
fn commit() -> Option<String> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let output = std::process::Command::new("git").arg("-C").arg(folder).args(["rev-parse", "HEAD"]).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    (output.status.success() && !text.trim().is_empty()).then(|| text.trim().to_owned())
}
