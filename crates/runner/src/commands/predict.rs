//! `runner predict`

use std::borrow::Cow;
use std::ffi::OsString;
use std::io::Write as _;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use burn::tensor::{Tensor, TensorData};
use burn_fashion_mnist::FashionMnist;
use burn_mlp::{DropoutLayers as _, DropoutMode, Mlp};
use mlp_metrics::{Uncertainty, Values};
use serde::Serialize;

use crate::backend::Inner;
use crate::cli::PredictArgs;
use crate::formats::image as image_input;
use crate::output::stdout;
use crate::run::Run;
use burn_mlp_train::{probabilities, values};

/// Number of classes shown for each image.
const SHOWN: usize = 3;
/// Samples in one forward pass, and the most numbers that these have together in one layer: 64 MiB.
const PART: usize = 1024;
const LARGEST_PART: usize = 1 << 24;

#[derive(Serialize)]
struct Prediction<'a> {
    input: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    actual: Option<&'a str>,
    classes: Vec<ClassProbability<'a>>,
    /// Logits of all classes, in their order. Absent with samples, each of which has its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    logits: Option<Vec<f32>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    predictive_entropy: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    mutual_information: Option<f64>,
}

#[derive(Serialize)]
struct ClassProbability<'a> {
    name: &'a str,
    probability: f64,
}

/// Class probabilities of one sample.
struct Sample(Vec<f32>);

impl Values for Sample {
    fn values(&self) -> Cow<'_, [f64]> {
        self.0.iter().copied().map(f64::from).collect()
    }
}

struct Input {
    pixels: Vec<u8>,
    label: Option<u8>,
}

/// Predicts the classes of images. If an input cannot be read, nothing is predicted.
pub fn run(arguments: &PredictArgs) -> Result<()> {
    let run = Run::open(&arguments.run)?;
    let inputs = inputs(arguments, &run)?;
    let sampler = run.mlp.clone().with_dropout_mode(DropoutMode::MonteCarlo);
    let mut predictions = Vec::new();
    for (name, input) in arguments.inputs.iter().zip(&inputs) {
        let uncertainty = predict(&run, &run.mlp, &input.pixels, 1)?;
        let sampled = match arguments.samples {
            0 => None,
            samples => Some(predict(&run, &sampler, &input.pixels, samples)?),
        };
        let actual = input.label.map(|label| run.class_name(label.into())).transpose()?;
        let prediction = Prediction {
            input: name.to_string_lossy().into_owned(),
            actual,
            classes: top(&run, sampled.as_ref().unwrap_or(&uncertainty))?,
            logits: sampled.is_none().then(|| values(run.mlp.forward(rows(&run, &input.pixels, 1)))),
            predictive_entropy: sampled.as_ref().map(|sampled| sampled.predictive_entropy),
            mutual_information: sampled.as_ref().map(|sampled| sampled.mutual_information),
        };
        if !arguments.json {
            print(&prediction, input, &run, arguments.samples)?;
        }
        predictions.push(prediction);
    }
    if arguments.json {
        writeln!(stdout(), "{}", serde_json::to_string_pretty(&predictions)?)?;
    }
    Ok(())
}

/// Reads all inputs.
fn inputs(arguments: &PredictArgs, run: &Run) -> Result<Vec<Input>> {
    let mut data = None;
    let read = |name: &OsString| match name.to_string_lossy().strip_prefix("test:") {
        Some(index) => {
            ensure!(!arguments.invert, "test:{index}: --invert is for image files; predict the others without it");
            let data = match &data {
                Some(data) => data,
                None => data.insert(run.data(arguments.data.as_ref())?),
            };
            from_test_set(data, index)
        }
        None => {
            let (height, width) = (run.images.height, run.images.width);
            let pixels = image_input::read(Path::new(name), height, width, arguments.invert)?;
            Ok(Input { pixels, label: None })
        }
    };
    arguments.inputs.iter().map(read).collect()
}

fn from_test_set(data: &FashionMnist, text: &str) -> Result<Input> {
    let index: usize = text.parse().with_context(|| format!("test:{text}: expected test:INDEX with a whole number"))?;
    let images = data.test.len();
    ensure!(index < images, "test:{text}: the test set has {images} images, the last one is test:{}", images - 1);
    let pixels = data.test.image(index).context("index was checked")?.to_vec();
    Ok(Input { pixels, label: data.test.label(index) })
}

fn predict(run: &Run, mlp: &Mlp<Inner>, pixels: &[u8], samples: usize) -> Result<Uncertainty> {
    let widest = run.config.model.hidden.iter().fold(pixels.len(), |widest, &width| widest.max(width));
    let part = PART.min(LARGEST_PART / widest).max(1);
    let parts = (0..samples).step_by(part).map(|start| part.min(samples - start));
    // Every row of a batch gets its own dropout mask, and so has every batch.
    let samples = parts.flat_map(|part| probabilities(mlp, rows(run, pixels, part)));
    Ok(Uncertainty::from_samples(samples.map(Sample))?)
}

/// A batch with one copy of an image for each sample.
fn rows(run: &Run, pixels: &[u8], samples: usize) -> Tensor<Inner, 2> {
    let normalization = run.config.data.normalization();
    let row: Vec<f32> = pixels.iter().map(|&pixel| normalization.apply(pixel)).collect();
    Tensor::from_data(TensorData::new(row.repeat(samples), [samples, pixels.len()]), &run.chosen.device)
}

fn top<'a>(run: &'a Run, uncertainty: &Uncertainty) -> Result<Vec<ClassProbability<'a>>> {
    let mut order: Vec<usize> = (0..uncertainty.mean.len()).collect();
    order.sort_by(|&a, &b| uncertainty.mean[b].total_cmp(&uncertainty.mean[a]));
    let class =
        |&class: &usize| Ok(ClassProbability { name: run.class_name(class)?, probability: uncertainty.mean[class] });
    order.iter().take(SHOWN).map(class).collect()
}

fn print(prediction: &Prediction<'_>, input: &Input, run: &Run, samples: usize) -> Result<()> {
    writeln!(stdout(), "{}", prediction.input)?;
    if stdout().is_terminal() {
        write!(stdout(), "{}", image_input::ascii(&input.pixels, run.images.width))?;
    }
    for class in &prediction.classes {
        writeln!(stdout(), "  {:>6.2} %  {}", 100.0 * class.probability, class.name)?;
    }
    if let Some(actual) = prediction.actual {
        writeln!(stdout(), "  actual: {actual}")?;
    }
    if let (Some(entropy), Some(information)) = (prediction.predictive_entropy, prediction.mutual_information) {
        writeln!(
            stdout(),
            "  {samples} samples: predictive entropy {entropy:.3} nats, mutual information {information:.3} nats"
        )?;
    }
    Ok(())
}
