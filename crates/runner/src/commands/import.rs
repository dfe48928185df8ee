//! `runner import`

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result, bail};
use burn::tensor::backend::Backend;
use burn_mlp::Mlp;
use sha2::{Digest, Sha256};

use crate::backend::{self, Inner};
use crate::checkpoint::{Checkpoint, LoopState};
use crate::cli::{ImportArgs, TrainArgs};
use crate::config::Config;
use crate::dataset;
use crate::evaluate::evaluate;
use crate::files::read_at_most;
use crate::onnx;
use crate::parameters;
use crate::progress::{Progress, ProgressMode};
use crate::record::{CHECKPOINT, ENVIRONMENT, Environment, ImportedFile, RunDirectory, SUMMARY, Summary};
use crate::settings::entries;
use crate::state_dict;
use crate::weights;

use super::train::{environment, settings};

/// Folder of runs made from a file.
const JOB: &str = "import";
/// Largest file that is read.
const LARGEST: u64 = 1 << 32;

/// Makes a run of a model that another program trained, and evaluates it.
///
/// # Errors
///
/// If the file is damaged or holds another network than the settings say, or the data is not at hand; then no run
/// directory is made.
pub fn run(arguments: &ImportArgs) -> Result<()> {
    let settings = settings(&TrainArgs {
        config: arguments.config.clone(),
        set: arguments.set.clone(),
        data: arguments.data.clone(),
        ..TrainArgs::default()
    })?;
    let config: Config = settings.resolve()?;
    let file = &arguments.file;
    let bytes = read_at_most(file, LARGEST).with_context(|| format!("{}: cannot read", file.display()))?;
    let data = dataset::load(&config.data.source, config.data.verify)?;
    let chosen = backend::choose()?;
    let mlp = config.model.mlp(data.test.d_input(), data.class_names().len(), config.training.seed);
    let mlp: Mlp<Inner> = mlp.init(&chosen.device)?;
    let mlp = weights_of(&arguments.file, &bytes, mlp).with_context(|| arguments.file.display().to_string())?;
    let test = evaluate(&mlp, &data.test, config.data.normalization(), &chosen.device);

    let run = RunDirectory::create(arguments.out.as_deref(), JOB)?;
    let sha256 = format!("{:x}", Sha256::digest(&bytes));
    let imported = Some(ImportedFile { path: arguments.file.clone(), sha256 });
    run.write_json(ENVIRONMENT, &Environment { imported, ..environment(&data, &chosen) })?;
    run.write_config(&config)?;
    // A run that has not begun: `train --resume` trains the model further.
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
            parameters: mlp.layers().iter().map(|layer| layer.parameters).sum(),
            test_loss: test.loss,
            test_accuracy: test.accuracy,
            train_loss: None,
            stopped_early: false,
            training_seconds: 0.0,
        },
    )?;
    let progress = Progress::new(ProgressMode::Plain);
    progress.say(&format!("test accuracy {:.2} %, test loss {:.4}", 100.0 * test.accuracy, test.loss));
    progress.say(&format!("run directory: {}", run.path().display()));
    Ok(())
}

/// `mlp` with the weights of a file. What it is says its content: names are often wrong.
fn weights_of<B: Backend>(file: &Path, bytes: &[u8], mlp: Mlp<B>) -> Result<Mlp<B>> {
    match bytes {
        // The header's length, and the header in JSON.
        [_, _, _, _, _, _, _, _, b'{', ..] => state_dict::load(mlp, state_dict::from_safetensors(bytes)?),
        // A zip file, or a bare pickle of protocol 2 or later.
        [b'P', b'K', 3, 4, ..] | [0x80, 2..=5, ..] => state_dict::load(mlp, pytorch(file)?),
        // Field 1, an integer: the version of the format, which every writer puts first.
        [8, ..] => onnx::import(mlp, bytes),
        _ => bail!("expected a safetensors, ONNX or PyTorch file"),
    }
}

#[cfg(feature = "pytorch")]
fn pytorch(file: &Path) -> Result<state_dict::StateDict> {
    state_dict::from_pytorch(file)
}

#[cfg(not(feature = "pytorch"))]
fn pytorch(_: &Path) -> Result<state_dict::StateDict> {
    bail!(
        "this program was built without the feature `pytorch`, which reads PyTorch files; build it with --features \
         pytorch, or write a safetensors file: safetensors.torch.save_file(model.state_dict(), \"model.safetensors\")"
    )
}
