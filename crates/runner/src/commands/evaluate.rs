//! `runner evaluate`

use std::io::Write as _;

use anyhow::{Context as _, Result};

use crate::cli::{EvaluateArgs, SplitArg};
use crate::dataset;
use crate::output::stdout;
use crate::run::Run;
use burn_mlp_train::evaluate;

/// Evaluates the model of a run.
pub fn run(arguments: &EvaluateArgs) -> Result<()> {
    let run = Run::open(&arguments.run)?;
    let data = run.data(arguments.data.as_ref())?;
    let (name, images) = match arguments.split {
        SplitArg::Test => ("test", data.test.clone()),
        SplitArg::Train => ("train", dataset::split(&run.config, &data)?.0),
        SplitArg::Validation => {
            let held_out = dataset::split(&run.config, &data)?.1;
            (
                "validation",
                held_out.context(
                    "the run held out no images for validation: its validation.fraction and validation.folds are 0",
                )?,
            )
        }
    };
    let evaluation = evaluate(&run.mlp, &run.examples(&images), &run.chosen.device);
    if arguments.json {
        writeln!(stdout(), "{}", serde_json::to_string(&evaluation)?)?;
    } else {
        writeln!(
            stdout(),
            "{name} accuracy {:.2} % ({} of {}), {name} loss {:.4}",
            100.0 * evaluation.accuracy,
            evaluation.correct,
            evaluation.examples,
            evaluation.loss
        )?;
    }
    Ok(())
}
