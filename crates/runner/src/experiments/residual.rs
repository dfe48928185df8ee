//! # Question
//!
//! Does depth hurt a plain network, and do shortcuts repair it?
//!
//! # Variants
//!
//! Fully connected networks with batch normalization, shallow and deep, with and without shortcuts; the chapter's
//! convolutional network of two pre-activation blocks.
//!
//! # Held equal
//!
//! With and without shortcuts: initial weights, batches, number of parameters.
//!
//! # Measured
//!
//! Training loss of the last epoch; the gradient that a block passes to its input when its own branch gives zero; test
//! accuracy of the convolutional network.
//!
//! # Expected
//!
//! The deeper plain network has the *higher training loss*, which overfitting cannot explain; with shortcuts it has not. An
//! identity shortcut passes the gradient unchanged.
//!
//! # Source
//!
//! He et al. 2015 and 2016.

use anyhow::Result;
use burn::tensor::Tensor;
use burn_fashion_mnist::Images;
use burn_mlp::{DeepMlp, DeepMlpConfig, FanMode, Init, LayerInit, ResidualBlockConfig, ResidualNetworkConfig};
use serde::{Deserialize, Serialize};

use super::Experiment;
use crate::ablation::Arm;
use crate::backend::Train;
use crate::config::{Config, OptimizerConfig, ScheduleConfig, TrainingConfig};
use crate::evaluate::values;
use crate::finding::{Bound, Claim, Finding, Table, spread};
use crate::fit::Fit;
use crate::lab::Lab;
use crate::plot::Chart;
use crate::recipe::{Parameters, seeds, validate, validate_run};
use crate::settings::{Invalid, Layered};

/// Settings of `residual`: those of a training run, without a perceptron.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Residual {
    /// The rule that turns gradients into steps.
    pub optimizer: OptimizerConfig,
    /// The learning rate over time.
    pub schedule: ScheduleConfig,
    /// The loop of the fully connected networks; the convolutional one has its own epochs and learning rate.
    pub training: TrainingConfig,
    /// What only this experiment knows.
    pub experiment: ResidualParameters,
}

/// Its own section.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ResidualParameters {
    /// Number of seeds.
    pub seeds: usize,
    /// Training images, a stratified part of all; 0 for all.
    pub images: usize,
    /// Units of each hidden layer.
    pub d_hidden: usize,
    /// Blocks of two layers of the shallow and of the deep network.
    pub blocks: Vec<usize>,
    /// Training images of the convolutional network.
    pub network_images: usize,
    /// Test images of the convolutional network, the first ones; 0 for all.
    pub network_test_images: usize,
    /// Epochs of the convolutional network.
    pub network_epochs: usize,
    /// Learning rate of the convolutional network.
    pub network_learning_rate: f64,
}

impl Parameters for ResidualParameters {
    fn seeds(&self) -> usize {
        self.seeds
    }

    fn validate(&self) -> Result<(), Invalid> {
        Invalid::unless(self.d_hidden > 0, "experiment.d_hidden", self.d_hidden, "at least 1")?;
        let allowed = matches!(self.blocks[..], [shallow, deep] if shallow < deep);
        Invalid::unless(allowed, "experiment.blocks", &self.blocks, "two ascending numbers")?;
        Invalid::unless(self.network_epochs > 0, "experiment.network_epochs", self.network_epochs, "at least 1")?;
        let rate = self.network_learning_rate;
        let positive = rate > 0.0 && rate.is_finite();
        Invalid::unless(positive, "experiment.network_learning_rate", rate, "a finite number greater than 0")
    }
}

impl Residual {
    fn config(&self, seed: u64) -> Config {
        Config {
            optimizer: self.optimizer,
            schedule: self.schedule,
            training: TrainingConfig { seed, ..self.training },
            ..Config::default()
        }
    }

    fn seeds(&self) -> Vec<u64> {
        seeds(self.training.seed, self.experiment.seeds)
    }
}

impl Layered for Residual {
    fn validate(&self) -> Result<(), Invalid> {
        validate_run(&self.config(self.training.seed))?;
        validate(&self.experiment)
    }
}

impl Experiment for Residual {
    const NAME: &'static str = "residual";
    const QUESTION: &'static str = "Does depth hurt a plain network, and do shortcuts repair it?";
    const CONFIG: &'static str = include_str!("../../../../configs/residual.toml");
    const QUICK: &'static [&'static str] = &[
        "training.epochs=3",
        "experiment.images=2000",
        "experiment.blocks=[2, 10]",
        "experiment.network_images=256",
        "experiment.network_test_images=200",
        "experiment.network_epochs=2",
    ];

    fn run(&self, lab: &Lab) -> Result<Finding> {
        let mut finding = Finding::default();
        self.degradation(&mut finding, lab)?;
        shortcut_gradients(&mut finding, &self.seeds(), lab)?;
        self.network(&mut finding, lab)?;
        Ok(finding)
    }
}

impl Residual {
    fn degradation(&self, finding: &mut Finding, lab: &Lab) -> Result<()> {
        let mut chart = Chart::new("Training loss by depth").x_label("epoch").y_label("cross-entropy").log_y();
        let mut table =
            Table::new("After the last epoch", &["network", "layers with weights", "training loss", "test accuracy"]);
        let mut losses = Vec::new();
        for shortcuts in [false, true] {
            for &blocks in &self.experiment.blocks {
                let depth = 2 * blocks + 2;
                let name = format!("{}, {depth} layers", if shortcuts { "with shortcuts" } else { "plain" });
                let arm = self.deep_arm(lab, &name, blocks, shortcuts)?;
                let loss = arm.values(|run| run.last().train_loss);
                let accuracy = arm.values(|run| run.last().test_accuracy);
                table = table.row([name.clone(), depth.to_string(), spread(&loss), spread(&accuracy)]);
                chart = chart.line(&name, arm.mean_curve(|epoch| epoch.train_loss));
                losses.push(loss);
            }
        }
        let difference = |deep: &[f64], shallow: &[f64]| -> Vec<f64> {
            deep.iter().zip(shallow).map(|(deep, shallow)| deep - shallow).collect()
        };
        let (plain, residual) = (difference(&losses[1], &losses[0]), difference(&losses[3], &losses[2]));
        finding
            .claim(Claim::paired("Plain: training loss, deep minus shallow", &losses[1], &losses[0], Bound::Positive))
            .claim(Claim::paired(
                "With shortcuts: training loss, deep minus shallow",
                &losses[3],
                &losses[2],
                Bound::AtMost(0.0),
            ))
            .claim(Claim::paired(
                "What depth adds to the training loss: plain minus with shortcuts",
                &plain,
                &residual,
                Bound::Positive,
            ))
            .table(table)
            .picture("degradation", "Training loss over epochs, mean over seeds", &chart);
        Ok(())
    }

    fn deep_arm(&self, lab: &Lab, name: &str, blocks: usize, shortcuts: bool) -> Result<Arm<DeepMlp<Train>>> {
        let data = lab.data()?;
        let mut runs = Vec::new();
        for seed in self.seeds() {
            lab.tell(format!("{name}: seed {seed}"));
            let train = lab.train_subset(self.experiment.images, seed)?;
            let network =
                DeepMlpConfig::new(train.d_input(), self.experiment.d_hidden, blocks, data.class_names().len())
                    .with_shortcuts(shortcuts)
                    .with_batch_norm(true)
                    .with_init(he_normal())
                    .with_seed(seed)
                    .init::<Train>(lab.device())?;
            runs.push(Fit::new(&self.config(seed), &train, &data.test).run(lab, network)?);
        }
        Ok(Arm { name: name.to_owned(), runs })
    }

    /// The chapter's network of two pre-activation blocks.
    fn network(&self, finding: &mut Finding, lab: &Lab) -> Result<()> {
        let data = lab.data()?;
        let tested = match self.experiment.network_test_images {
            0 => data.test.len(),
            count => count.min(data.test.len()),
        };
        let test = data.test.select(&(0..tested as u32).collect::<Vec<u32>>());
        let (mut runs, mut images) = (Vec::new(), 0);
        for seed in self.seeds() {
            lab.tell(format!("convolutional network: seed {seed}"));
            let train: Images = lab.train_subset(self.experiment.network_images, seed)?;
            images = train.len();
            let shape = [1, train.height(), train.width()];
            let network = ResidualNetworkConfig::new(shape, data.class_names().len()).with_seed(seed);
            let mut config = self.config(seed);
            config.training.epochs = self.experiment.network_epochs;
            config.training.learning_rate = self.experiment.network_learning_rate;
            runs.push(Fit::new(&config, &train, &test).run(lab, network.init::<Train>(lab.device())?)?);
        }
        finding.note(
            "The convolutional network has strides 2, 1 and 2 where the text has 1 throughout: a ninth of the work, on \
             images a quarter as wide before the last layer.",
        );
        let arm = Arm { name: "convolutional".to_owned(), runs };
        let first = arm.values(|run| run.epochs[0].train_loss);
        let last = arm.values(|run| run.last().train_loss);
        let accuracy = arm.values(|run| run.last().test_accuracy);
        finding
            .claim(Claim::paired(
                "Convolutional network of two blocks: training loss, first epoch minus last",
                &first,
                &last,
                Bound::Positive,
            ))
            .claim(Claim::measured(
                format!(
                    "Convolutional network of two blocks: test accuracy after {} epochs of {} images",
                    self.experiment.network_epochs, images
                ),
                accuracy,
                Bound::AtLeast(0.8),
            ))
            .picture(
                "network",
                "The convolutional network over epochs, mean over seeds",
                &Chart::new("Two pre-activation blocks")
                    .x_label("epoch")
                    .y_label("accuracy")
                    .line("training", arm.mean_curve(|epoch| epoch.train_accuracy))
                    .line("test", arm.mean_curve(|epoch| epoch.test_accuracy)),
            );
        Ok(())
    }
}

fn he_normal() -> LayerInit {
    LayerInit::weight(Init::KaimingNormal { gain: std::f64::consts::SQRT_2, mode: FanMode::FanIn })
}

/// A block as a function.
type Block<'a> = dyn Fn(Tensor<Train, 4>) -> Tensor<Train, 4> + 'a;

/// With a branch of zeros a block's gradient is its shortcut's: one.
fn shortcut_gradients(finding: &mut Finding, seeds: &[u64], lab: &Lab) -> Result<()> {
    let config = ResidualBlockConfig::new(4, 4).with_init(LayerInit::weight(Init::Zeros));
    let (v1, v2) = (config.init_v1::<Train>(lab.device())?, config.init_v2::<Train>(lab.device())?);
    let deviation = |of_block: &Block, seed: u64| -> f64 {
        let normals = burn_mlp::Key::new(seed, *b"shortcut").normals().take(2 * 4 * 6 * 6);
        // Positive, so that the ReLU behind the addition of the first version lets it through.
        let values_in: Vec<f32> = normals.map(|normal| 0.1 + normal.abs() as f32).collect();
        let data = burn::tensor::TensorData::new(values_in, [2, 4, 6, 6]);
        let x = Tensor::<Train, 4>::from_data(data, lab.device()).require_grad();
        let gradients = of_block(x.clone()).sum().backward();
        let gradient = x.grad(&gradients).map(values).unwrap_or_default();
        gradient.into_iter().map(|value| f64::from((value - 1.0).abs())).fold(0.0, f64::max)
    };
    let versions: [(&str, &Block); 2] =
        [("Original block", &|x| v1.forward(x)), ("Pre-activation block", &|x| v2.forward(x))];
    for (name, block) in versions {
        let deviations: Vec<f64> = seeds.iter().map(|&seed| deviation(block, seed)).collect();
        finding.claim(Claim::measured(
            format!("{name} with a branch of zeros: largest difference of the gradient from 1"),
            deviations,
            Bound::EachAtMost(1e-6),
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identity_shortcuts_pass_the_gradient() {
        let mut finding = Finding::default();
        shortcut_gradients(&mut finding, &[1, 2], &Lab::new("sample", true).unwrap()).unwrap();
        assert_eq!(finding.claims.len(), 2);
        assert!(finding.holds(), "{:?}", finding.claims);
    }
}
