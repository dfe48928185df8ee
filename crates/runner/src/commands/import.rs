//! `runner import`

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result, bail};
use burn::tensor::backend::Backend;
use burn_mlp::Mlp;
use mlp_lab::images::ImageExamples;
use sha2::{Digest, Sha256};

use crate::backend::{self, Inner};
use crate::cli::{ImportArgs, TrainArgs};
use crate::dataset;
use crate::formats::recognize::{Format, recognize};
use crate::formats::{Imported, onnx, state_dict, weights};
use crate::progress::{self, Progress, ProgressMode};
use crate::record::{CHECKPOINT, ENVIRONMENT, Environment, ImportedFile, SUMMARY, Summary};
use crate::run_directory::RunDirectory;
use burn_mlp_train::checkpoint::{Checkpoint, LoopState};
use burn_mlp_train::evaluate;
use burn_mlp_train::parameters::{self, Tensors};
use mlp_files::read_at_most;
use mlp_settings::entries;

use super::train::resolved;

/// Name of the folder of imported runs.
const JOB: &str = "import";
/// Largest file that is read for any network, in bytes.
const LARGEST: u64 = 1 << 32;
/// Most bytes of a file beside those for each parameter.
const REST: u64 = 64 << 20;
/// Most bytes of a file for each parameter of the network: weights in double precision, running statistics, and the
/// moments of an optimizer that a checkpoint of another program may hold.
const PER_PARAMETER: u64 = 64;

/// Imports a model that another program trained as a run, and evaluates it.
///
/// No run directory is created if the file is damaged, its network is not that of the settings, or the data is missing.
pub fn run(arguments: &ImportArgs) -> Result<()> {
    let config = resolved(&TrainArgs {
        config: arguments.config.clone(),
        set: arguments.set.clone(),
        data: arguments.data.clone(),
        ..TrainArgs::default()
    })?;
    let file = &arguments.file;
    let unreadable = || format!("{}: cannot read", file.display());
    // A missing file is noticed before data is loaded.
    std::fs::metadata(file).with_context(unreadable)?;
    let data = dataset::load(&dataset::named(&config.data.source), config.data.verify)?;
    let chosen = backend::choose()?;
    let (d_input, classes) = (data.test.d_input(), data.class_names().len());
    let mlp: Mlp<Inner> = config.model.build(d_input, classes, config.training.seed, &chosen.device)?;
    let parameters: usize = mlp.layers().iter().map(|layer| layer.parameters).sum();
    let limit = LARGEST.min(REST + PER_PARAMETER * parameters as u64);
    let bytes = read_at_most(file, limit).with_context(unreadable)?;
    let Imported { mlp, notes } = weights_of(file, &bytes, mlp).with_context(|| file.display().to_string())?;
    notes.iter().for_each(|note| progress::warn(note));
    let examples = ImageExamples::new(data.test.clone(), config.data.normalization());
    let test = evaluate(&mlp, &examples, &chosen.device);

    let run = RunDirectory::create(arguments.out.as_deref(), JOB)?;
    let sha256 = format!("{:x}", Sha256::digest(&bytes));
    let imported = Some(ImportedFile { path: arguments.file.to_string_lossy().into_owned(), sha256 });
    run.write_json(ENVIRONMENT, &Environment { imported, ..Environment::of(&data, &chosen) })?;
    run.write_config(&config)?;
    // The checkpoint of a run before its first step, from which `train --resume` trains the model further.
    let checkpoint = Checkpoint {
        program: env!("CARGO_PKG_VERSION").to_owned(),
        settings: entries(&config),
        state: LoopState::default(),
        data_sha256: data.origin.sha256.clone(),
        groups: BTreeMap::from([("model".to_owned(), parameters::collect(&mlp))]),
    };
    checkpoint.save(&run.file(CHECKPOINT))?;
    weights::save(&mlp, &run.file(weights::FILE))?;
    run.write_json(
        SUMMARY,
        &Summary {
            epochs: 0,
            steps: 0,
            model_epoch: 0,
            parameters,
            test_loss: test.loss,
            test_accuracy: test.accuracy,
            validation_loss: None,
            validation_accuracy: None,
            train_loss: None,
            stopped_early: false,
            training_seconds: 0.0,
        },
    )?;
    let progress = Progress::new(ProgressMode::Plain);
    progress.say(&format!("test accuracy {:.2} %, test loss {:.4}", 100.0 * test.accuracy, test.loss));
    progress.say(&format!("run directory: {}", run.path().display()));
    progress.finish()
}

/// `mlp` with the weights of a file.
fn weights_of<B: Backend>(file: &Path, bytes: &[u8], mlp: Mlp<B>) -> Result<Imported<B>> {
    match recognize(bytes)? {
        Format::Safetensors => state_dict::load(mlp, state_dict::from_safetensors(bytes)?),
        Format::PyTorch => state_dict::load(mlp, pytorch(file)?),
        Format::Onnx => onnx::import(mlp, bytes),
    }
}

#[cfg(feature = "pytorch")]
fn pytorch(file: &Path) -> Result<Tensors> {
    state_dict::from_pytorch(file)
}

#[cfg(not(feature = "pytorch"))]
fn pytorch(_: &Path) -> Result<Tensors> {
    bail!(
        "this program was built without the feature `pytorch`, which reads PyTorch files; build it with --features \
         pytorch, or write a safetensors file: safetensors.torch.save_file(model.state_dict(), \"model.safetensors\")"
    )
}
