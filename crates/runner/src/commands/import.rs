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
use crate::formats::onnx;
use crate::formats::state_dict;
use crate::formats::weights;
use crate::progress::{Progress, ProgressMode};
use crate::record::{CHECKPOINT, ENVIRONMENT, Environment, ImportedFile, SUMMARY, Summary};
use crate::run_directory::RunDirectory;
use burn_mlp_train::checkpoint::{Checkpoint, LoopState};
use burn_mlp_train::evaluate;
use burn_mlp_train::parameters::{self, Tensors};
use mlp_files::read_at_most;
use mlp_settings::config::Config;
use mlp_settings::entries;

use super::train::{environment, settings};

/// Name of the folder of imported runs.
const JOB: &str = "import";
/// Largest file that is read, in bytes.
const LARGEST: u64 = 1 << 32;

/// Imports a model that another program trained as a run, and evaluates it.
///
/// No run directory is created if the file is damaged, its network is not that of the settings, or the data is missing.
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
    let (d_input, classes) = (data.test.d_input(), data.class_names().len());
    let mlp: Mlp<Inner> = config.model.build(d_input, classes, config.training.seed, &chosen.device)?;
    let mlp = weights_of(&arguments.file, &bytes, mlp).with_context(|| arguments.file.display().to_string())?;
    let examples = ImageExamples::new(data.test.clone(), config.data.normalization());
    let test = evaluate(&mlp, &examples, &chosen.device);

    let run = RunDirectory::create(arguments.out.as_deref(), JOB)?;
    let sha256 = format!("{:x}", Sha256::digest(&bytes));
    let imported = Some(ImportedFile { path: arguments.file.clone(), sha256 });
    run.write_json(ENVIRONMENT, &Environment { imported, ..environment(&data, &chosen) })?;
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
    progress.finish()
}

/// `mlp` with the weights of a file. The format is recognized by the content: file names are often wrong.
fn weights_of<B: Backend>(file: &Path, bytes: &[u8], mlp: Mlp<B>) -> Result<Mlp<B>> {
    match bytes {
        // Safetensors: eight bytes with the length of the header, and the header in JSON.
        [_, _, _, _, _, _, _, _, b'{', ..] => state_dict::load(mlp, state_dict::from_safetensors(bytes)?),
        // PyTorch: a zip file, or a bare pickle of protocol 2 or later.
        [b'P', b'K', 3, 4, ..] | [0x80, 2..=5, ..] => state_dict::load(mlp, pytorch(file)?),
        // ONNX: field 1, an integer, is the version of the format, which every writer puts first.
        [8, ..] => onnx::import(mlp, bytes),
        _ => bail!("expected a safetensors, ONNX or PyTorch file"),
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
