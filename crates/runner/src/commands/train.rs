//! `runner train`

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use anyhow::{Result, bail, ensure};
use burn_fashion_mnist::{FashionMnist, OriginKind, Source};
use burn_mlp::{LayerSummary, Mlp};
use burn_mlp_train::{Checkpoint, TrainError, Trained, Trainer, evaluate};
use mlp_lab::images::ImageExamples;
use mlp_settings::config::Config;
use mlp_settings::{Settings, entries};

use crate::backend::{self, Chosen, Inner, Train};
use crate::cli::TrainArgs;
use crate::dataset;
use crate::formats::weights;
use crate::interrupt::{self, Interrupted};
use crate::progress::{Progress, thousands, warn};
use crate::record::{self, CHECKPOINT, CONFIG, ENVIRONMENT, Environment, METRICS, SUMMARY, Summary};
use crate::report;
use crate::resume::{Continuation, continuation};
use crate::run_directory::RunDirectory;

/// Name of the folder of runs without a configuration file.
const DEFAULT_JOB: &str = "dropout";

/// Starts or resumes a training run.
pub fn run(arguments: &TrainArgs) -> Result<()> {
    match (&arguments.resume, &arguments.out) {
        (Some(run), _) => resume(arguments, run),
        (None, Some(out)) if arguments.resume_or_start && out.join(CONFIG).exists() => requeued(arguments, out),
        _ => begin(arguments),
    }
}

/// Goes on with a run that the same command has started. One that is finished stays as it is.
fn requeued(arguments: &TrainArgs, run: &Path) -> Result<()> {
    let (asked, made) = (entries(&resolved(arguments)?), entries(&record::read_config(run)?.resolve::<Config>()?));
    if let Some((key, asked)) = asked.iter().find(|(key, value)| made.get(*key) != Some(value)) {
        let made = made.get(key).map_or("nothing", String::as_str);
        bail!("{}: a run with {key} = {made}, not {asked}; choose another --out", run.display());
    }
    if run.join(SUMMARY).exists() {
        let progress = Progress::new(arguments.progress);
        progress.say(&format!("finished: {}", run.display()));
        return progress.finish();
    }
    resume(arguments, run)
}

fn begin(arguments: &TrainArgs) -> Result<()> {
    // Settings, data and device are checked before the run directory is created.
    let config = resolved(arguments)?;
    let data = dataset::load(&dataset::named(&config.data.source), config.data.verify)?;
    let prepared = Prepared::new(&config, data, backend::choose()?)?;
    interrupt::listen()?;
    let run = RunDirectory::create(arguments.out.as_deref(), &name(arguments.config.as_deref()))?;
    run.write_json(ENVIRONMENT, &Environment::of(&prepared.data, &prepared.chosen))?;
    run.write_config(&config)?;
    train(arguments, &config, &run, prepared, None)
}

fn resume(arguments: &TrainArgs, run: &Path) -> Result<()> {
    // Locked before anything is read, since a run that another process is writing must not be resumed.
    let run = RunDirectory::open(run)?;
    let chosen = backend::choose()?;
    let Continuation { config, checkpoint, environment, changed, warnings } =
        continuation(&run, &assignments(arguments), &chosen.description)?;
    for warning in warnings {
        warn(&warning);
    }
    let data = dataset::of_run(run.path(), &config.data, "add --set data.source=DIR")?;
    let prepared = Prepared::new(&config, data, chosen)?;
    interrupt::listen()?;
    let record = || -> Result<()> {
        // The record is written before the configuration, so that a process killed in between leaves no unrecorded
        // change.
        if changed {
            run.write_json(ENVIRONMENT, &environment)?;
        }
        run.write_config(&config)
    };
    train(arguments, &config, &run, prepared, Some((checkpoint, &record)))
}

/// Everything a run needs besides its directory.
struct Prepared {
    data: FashionMnist,
    chosen: Chosen,
    mlp: Mlp<Train>,
    examples: RunExamples,
}

/// The examples of a run.
struct RunExamples {
    /// Training examples.
    train: ImageExamples<Train>,
    /// Validation examples, which decide when to stop and which epoch is best.
    validation: Option<ImageExamples<Inner>>,
    /// Test examples.
    test: ImageExamples<Inner>,
}

impl Prepared {
    fn new(config: &Config, data: FashionMnist, chosen: Chosen) -> Result<Self> {
        let (d_input, classes) = (data.train.d_input(), data.class_names().len());
        let mlp = config.model.build(d_input, classes, config.training.seed, &chosen.device)?;
        let examples = examples(config, &data, &chosen)?;
        Ok(Self { data, chosen, mlp, examples })
    }
}

/// A checkpoint to resume from, and a closure that records the changes once the checkpoint is known to fit.
type Resumption<'a> = (Option<Checkpoint>, &'a dyn Fn() -> Result<()>);

fn train(
    arguments: &TrainArgs,
    config: &Config,
    run: &RunDirectory,
    prepared: Prepared,
    resumption: Option<Resumption<'_>>,
) -> Result<()> {
    let Prepared { data, chosen, mlp, examples } = prepared;
    let mut progress = Progress::new(arguments.progress);
    introduce(&progress, config, &data, &mlp, &chosen);
    let trained = fit(config, run, mlp, &examples, &chosen, &mut progress, resumption);
    progress.end_epoch();
    let trained = trained?;
    let mlp = trained.model;
    weights::save(&mlp, &run.file(weights::FILE))?;
    let test = evaluate(&mlp, &examples.test, &chosen.device);
    let of_model = trained.epochs.iter().find(|epoch| epoch.epoch == trained.model_epoch);
    let summary = Summary {
        epochs: trained.state.epoch,
        steps: trained.state.step,
        model_epoch: trained.model_epoch,
        parameters: mlp.layers().iter().map(|layer| layer.parameters).sum(),
        test_loss: test.loss,
        test_accuracy: test.accuracy,
        validation_loss: of_model.and_then(|epoch| epoch.validation_loss),
        validation_accuracy: of_model.and_then(|epoch| epoch.validation_accuracy),
        train_loss: trained.epochs.last().map(|epoch| epoch.train_loss),
        stopped_early: trained.state.stopped_early,
        training_seconds: trained.epochs.iter().map(|epoch| epoch.seconds).sum(),
    };
    run.write_json(SUMMARY, &summary)?;
    // Model and metrics are saved by now, so a report that cannot be written is only a warning.
    let report = report::write(run, &mlp, &data, &chosen.device);
    conclude(&progress, run, &summary, &data, report);
    progress.finish()
}

/// Trains to the end, and writes the log and the checkpoints.
fn fit(
    config: &Config,
    run: &RunDirectory,
    mlp: Mlp<Train>,
    examples: &RunExamples,
    chosen: &Chosen,
    progress: &mut Progress,
    resumption: Option<Resumption<'_>>,
) -> Result<Trained<Mlp<Train>, Mlp<Inner>>> {
    let mut trainer = Trainer::new(mlp, &examples.train, config.trainer(), &chosen.device)
        .with_loss(config.loss())
        .with_placement(backend::PLACEMENT)
        .with_test(&examples.test)
        .with_callback(progress)
        .with_log(run.file(METRICS))
        .with_checkpoints(run.file(CHECKPOINT))
        .with_checkpoint_steps(config.training.checkpoint_steps)
        .with_identity(env!("CARGO_PKG_VERSION"), entries(config));
    if let Some(validation) = &examples.validation {
        trainer = trainer.with_validation(validation, config.validation.early_stopping());
    }
    if let Some((checkpoint, record)) = resumption {
        if let Some(checkpoint) = checkpoint {
            trainer.resume(checkpoint)?;
        }
        record()?;
    }
    trainer.run().map_err(|error| match error {
        TrainError::Stopped { .. } => Interrupted { resume: interrupt::resume_command(run.path()) }.into(),
        error => error.into(),
    })
}

/// Prints the result, and where it was written.
fn conclude(progress: &Progress, run: &RunDirectory, summary: &Summary, data: &FashionMnist, report: Result<PathBuf>) {
    if summary.model_epoch != summary.epochs {
        progress.say(&format!("kept the model of epoch {}, the best on the validation split", summary.model_epoch));
    }
    if let (Some(accuracy), Some(loss)) = (summary.validation_accuracy, summary.validation_loss) {
        progress.say(&format!("validation accuracy {:.2} %, validation loss {loss:.4}", 100.0 * accuracy));
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
}

/// The configuration of a new run.
pub(super) fn resolved(arguments: &TrainArgs) -> Result<Config> {
    let mut config: Config = settings(arguments)?.resolve()?;
    config.data.source = dataset::lasting(&config.data.source)?;
    Ok(config)
}

/// The settings of a new run, layer by layer.
fn settings(arguments: &TrainArgs) -> Result<Settings> {
    let mut settings = Settings::defaults::<Config>();
    if let Some(file) = &arguments.config {
        settings.layer_file(file)?;
    }
    // A value that is no UTF-8 can only be a path, and variables of other programs may be anything.
    let text = |value: OsString| value.into_string().unwrap_or_else(|value| Source::from(value).to_string());
    settings.layer_environment(std::env::vars_os().map(|(name, value)| (text(name), text(value))))?;
    for assignment in assignments(arguments) {
        settings.set(&assignment)?;
    }
    if let Some(data) = &arguments.data {
        settings.set_text("data.source", &data.to_string())?;
    }
    if let Some(seed) = arguments.seed {
        settings.set(&format!("training.seed={seed}"))?;
    }
    Ok(settings)
}

/// What `--set` and the flags for single keys assign. A flag wins.
fn assignments(arguments: &TrainArgs) -> Vec<String> {
    arguments.set.iter().cloned().chain(arguments.keys.assignments()).collect()
}

/// Name of the folder of the run: the stem of its configuration file.
pub(super) fn name(config: Option<&Path>) -> String {
    let stem = config.and_then(Path::file_stem).map(|stem| stem.to_string_lossy().into_owned());
    stem.unwrap_or_else(|| DEFAULT_JOB.to_owned())
}

fn examples(config: &Config, data: &FashionMnist, chosen: &Chosen) -> Result<RunExamples> {
    let (train, validation) = dataset::split(config, data)?;
    let normalizes = config.model.batch_norm && !config.model.hidden.is_empty() && config.training.epochs > 0;
    let enough = train.len() > 1 || !normalizes;
    ensure!(enough, "model.batch_norm = true: expected at least 2 training images to normalize over, found 1");
    let normalization = config.data.normalization();
    Ok(RunExamples {
        train: ImageExamples::new(train, normalization)
            .resident(backend::PLACEMENT.resident, &chosen.device)
            .of(&data.origin.sha256),
        validation: validation.map(|images| ImageExamples::new(images, normalization)),
        test: ImageExamples::new(data.test.clone(), normalization),
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
    progress.say(&format!("{}; seed {}", chosen.introduction(), config.training.seed));
    let layers = mlp.layers();
    let parameters: usize = layers.iter().map(|layer| layer.parameters).sum();
    for LayerSummary { name, d_output, parameters, .. } in layers.iter() {
        progress.say(&format!("  {name:<20} [batch, {d_output}]{:>16}", thousands(*parameters as u64)));
    }
    progress.say(&format!("  {} parameters", thousands(parameters as u64)));
}
