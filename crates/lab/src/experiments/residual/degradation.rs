//! Fully connected networks, shallow and deep, with and without shortcuts.

use anyhow::Result;
use burn_mlp::{DeepMlpConfig, FanMode, Init, LayerInit};
use mlp_plot::Chart;

use super::settings::Residual;
use crate::finding::{Claim, Finding, Table, spread};
use crate::training::{History, Training};
use crate::variants::Variant;
use crate::{Lab, Platform};

/// A network of the comparison.
struct Network {
    blocks: usize,
    shortcuts: bool,
}

impl Network {
    /// Those compared: without shortcuts shallow and deep, then with shortcuts.
    fn all(settings: &Residual) -> [Self; 4] {
        let (shallow, deep) = (settings.experiment.blocks[0], settings.experiment.blocks[1]);
        [(shallow, false), (deep, false), (shallow, true), (deep, true)]
            .map(|(blocks, shortcuts)| Self { blocks, shortcuts })
    }

    /// Layers with weights.
    fn depth(&self) -> usize {
        2 * self.blocks + 2
    }

    fn name(&self) -> String {
        format!("{}, {} layers", if self.shortcuts { "with shortcuts" } else { "plain" }, self.depth())
    }

    fn train<P: Platform>(&self, settings: &Residual, lab: &Lab<P>, seed: u64) -> Result<History> {
        lab.tell(format!("{}: seed {seed}", self.name()));
        let data = lab.data();
        let train = lab.train_subset(settings.experiment.images, seed)?;
        let classes = data.class_names().len();
        let network = DeepMlpConfig::new(train.d_input(), settings.experiment.d_hidden, self.blocks, classes)
            .with_shortcuts(self.shortcuts)
            .with_batch_norm(true)
            .with_init(he_normal())
            .with_seed(seed)
            .init::<P::Train>(lab.device())?;
        Ok(Training::new(&settings.config(seed), &train, &data.test).run(lab, network)?.history)
    }
}

fn he_normal() -> LayerInit {
    LayerInit::weight(Init::KaimingNormal { gain: std::f64::consts::SQRT_2, mode: FanMode::FanIn })
}

/// Trains each of [`Network::all`].
///
/// # Errors
///
/// If there are more classes than images, or training diverges.
pub fn measure<P: Platform>(settings: &Residual, lab: &Lab<P>, seed: u64) -> Result<[History; 4]> {
    let mut histories: [History; 4] = Default::default();
    for (history, network) in histories.iter_mut().zip(Network::all(settings)) {
        *history = network.train(settings, lab, seed)?;
    }
    Ok(histories)
}

/// Adds what depth does to the training loss.
pub fn add(settings: &Residual, measurements: &[&[History; 4]], finding: &mut Finding) {
    let mut chart = Chart::new("Training loss by depth").x_label("epoch").y_label("cross-entropy").log_y();
    let mut table =
        Table::new("After the last epoch", &["network", "layers with weights", "training loss", "test accuracy"]);
    let mut losses = Vec::new();
    for (index, network) in Network::all(settings).into_iter().enumerate() {
        let variant = Variant::new(network.name(), measurements.iter().map(|histories| &histories[index]));
        let loss = variant.values(|run| run.last().train_loss);
        let accuracy = variant.values(|run| run.last().test_accuracy);
        table = table.row([variant.name.clone(), network.depth().to_string(), spread(&loss), spread(&accuracy)]);
        chart = chart.line(&variant.name, variant.mean_curve(|epoch| epoch.train_loss));
        losses.push(loss);
    }
    let difference = |deep: &[f64], shallow: &[f64]| -> Vec<f64> {
        deep.iter().zip(shallow).map(|(deep, shallow)| deep - shallow).collect()
    };
    let (plain, residual) = (difference(&losses[1], &losses[0]), difference(&losses[3], &losses[2]));
    finding
        .claim(Claim::difference("Plain: training loss, deep minus shallow", &losses[1], &losses[0]))
        .claim(Claim::paired("With shortcuts: training loss, deep minus shallow", &losses[3], &losses[2]))
        .claim(Claim::difference("What depth adds to the training loss: plain minus with shortcuts", &plain, &residual))
        .table(table)
        .picture("degradation", "Training loss over epochs, mean over seeds", &chart);
}
