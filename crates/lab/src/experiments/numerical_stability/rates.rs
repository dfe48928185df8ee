//! Learning rates for deep networks whose gradients vanish, explode, or keep their size.

use anyhow::Result;
use burn::module::AutodiffModule as _;
use burn_fashion_mnist::{Images, shift};
use burn_mlp::Activation;
use burn_mlp_train::TrainError;
use mlp_plot::Chart;
use mlp_settings::config::{InitConfig, InitKind, ModelConfig};
use serde::{Deserialize, Serialize};

use super::settings::NumericalStability;
use crate::curves::over_seeds;
use crate::finding::{Claim, Finding, Table, figure, spread};
use crate::training::Training;
use crate::{Lab, Platform};

/// Learning rates in each power of ten.
const IN_A_DECADE: i32 = 2;
/// Test images that the loss is taken over, the first ones.
const TESTED: u32 = 500;
/// A network has learned something where its loss is below this part of that of guessing.
const LEARNED: f64 = 0.9;

/// Losses after training, by initial weights and learning rate; none where training diverges.
#[derive(Serialize, Deserialize)]
pub struct RateSweep {
    /// Loss of a network that guesses.
    guessing: f64,
    /// From each of [`starts`].
    losses: Vec<Vec<Option<f64>>>,
    /// From the last of [`starts`] at its best learning rate, with labels that say nothing about the images.
    untold: f64,
}

/// Initial weights: of gradients that vanish, that explode, and that keep their size.
fn starts(settings: &NumericalStability) -> [(String, InitConfig); 3] {
    let he =
        |times: f64| InitConfig { kind: InitKind::KaimingNormal, gain: times * 2.0_f64.sqrt(), ..Default::default() };
    let std = settings.model.init.std;
    let small = InitConfig { kind: InitKind::Normal, std, ..Default::default() };
    [(format!("N(0, {std}²)"), small), ("Doubled He".into(), he(2.0)), ("He".into(), he(1.0))]
}

/// The learning rates as powers of ten.
fn powers(settings: &NumericalStability) -> Vec<f64> {
    let [lowest, highest] = settings.experiment.rate_powers;
    (lowest * IN_A_DECADE..=highest * IN_A_DECADE).map(|step| f64::from(step) / f64::from(IN_A_DECADE)).collect()
}

impl RateSweep {
    /// Trains from each start with each learning rate.
    pub fn measure<P: Platform>(settings: &NumericalStability, lab: &Lab<P>, seed: u64) -> Result<Self> {
        let (powers, batch_size) = (powers(settings), settings.training.batch_size);
        let images = lab.train_subset(settings.experiment.rate_steps * batch_size, seed)?;
        let mut losses = Vec::new();
        for (name, init) in starts(settings) {
            lab.tell(format!("learning rates for weights {name}: seed {seed}"));
            let loss = |power: &f64| train(settings, lab, &images, init, *power, seed);
            losses.push(powers.iter().map(loss).collect::<Result<Vec<_>>>()?);
        }
        let ([.., (_, he)], best) = (starts(settings), best(&losses[losses.len() - 1]));
        let untold = train(settings, lab, &shift::random_labels(&images, seed), he, powers[best], seed)?;
        let guessing = (lab.data().class_names().len() as f64).ln();
        Ok(Self { guessing, losses, untold: untold.unwrap_or(f64::MAX) })
    }

    /// The lowest loss from a start.
    fn lowest(&self, start: usize) -> f64 {
        let losses = &self.losses[start];
        losses[best(losses)].unwrap_or(f64::MAX)
    }

    /// Learning rates at which something is learned from a start.
    fn learning(&self, start: usize) -> f64 {
        self.losses[start].iter().flatten().filter(|loss| **loss < LEARNED * self.guessing).count() as f64
    }
}

/// The loss on test images after training with ten to the `power` as learning rate; none where it is not finite.
fn train<P: Platform>(
    settings: &NumericalStability,
    lab: &Lab<P>,
    images: &Images,
    init: InitConfig,
    power: f64,
    seed: u64,
) -> Result<Option<f64>> {
    let experiment = &settings.experiment;
    let mut config = settings.config(seed);
    let steps = images.len().div_ceil(config.training.batch_size);
    config.training.epochs = experiment.rate_steps.div_ceil(steps);
    config.training.learning_rate = 10.0_f64.powf(power);
    let hidden = vec![experiment.rate_width; experiment.depth];
    config.model = ModelConfig { hidden, dropout: Vec::new(), activation: Activation::Relu, init, ..config.model };
    let untested = lab.data().test.select(&[]);
    let trained = match Training::new(&config, images, &untested).run(lab, lab.mlp(&config)?) {
        Err(error) if diverged(&error) => return Ok(None),
        trained => trained?,
    };
    let loss = lab.predict(&trained.network.valid(), &some(&lab.data().test)).loss();
    Ok(loss.is_finite().then_some(loss))
}

fn diverged(error: &anyhow::Error) -> bool {
    matches!(error.downcast_ref(), Some(TrainError::Diverged { .. }))
}

fn some(test: &Images) -> Images {
    test.select(&(0..TESTED.min(test.len() as u32)).collect::<Vec<u32>>())
}

/// The learning rate of the lowest loss, by its place.
fn best(losses: &[Option<f64>]) -> usize {
    let finite = losses.iter().enumerate().filter_map(|(index, loss)| Some((index, (*loss)?)));
    finite.min_by(|(_, one), (_, other)| one.total_cmp(other)).map_or(0, |(index, _)| index)
}

/// Powers of ten from the best learning rate to the highest below which none diverges.
fn headroom(losses: &[Option<f64>]) -> f64 {
    let stable = losses.iter().take_while(|loss| loss.is_some()).count();
    (stable as f64 - 1.0 - best(losses) as f64) / f64::from(IN_A_DECADE)
}

/// Adds which learning rates work, with each seed.
pub fn add(measured: &[&RateSweep], settings: &NumericalStability, finding: &mut Finding) {
    let (powers, names) = (powers(settings), starts(settings).map(|(name, _)| name));
    let (steps, guessing) = (settings.experiment.rate_steps, measured[0].guessing);
    claims(measured, steps, &names, finding);
    finding.table(table(measured, settings, &names));
    finding.picture("rates", &caption(steps, guessing), &chart(measured, &powers, &names));
    finding.note(format!(
        "A network has learned something where its loss is below {LEARNED} of that of guessing, {}.",
        figure(guessing)
    ));
}

fn claims(measured: &[&RateSweep], steps: usize, names: &[String; 3], finding: &mut Finding) {
    // In the order of the starts.
    let (vanishing, exploding, right) = (0, 1, 2);
    let [small, double, he] = names;
    let of = |metric: &dyn Fn(&RateSweep) -> f64| -> Vec<f64> { measured.iter().map(|sweep| metric(sweep)).collect() };
    let sentence = format!("{small} weights: lowest loss that any learning rate reaches in {steps} steps");
    finding.claim(Claim::measured(sentence, of(&|sweep| sweep.lowest(vanishing))));
    let headroom = |start: usize| of(&|sweep| headroom(&sweep.losses[start]));
    let sentence =
        format!("{double} weights: powers of ten from the best learning rate to the highest that does not diverge");
    finding.claim(Claim::measured(sentence, headroom(exploding)));
    let sentence = format!("The same, {he} weights minus {double}");
    finding.claim(Claim::paired(sentence, &headroom(right), &headroom(exploding)));
    let learning = |start: usize| of(&|sweep| sweep.learning(start));
    for (name, start) in [(small, vanishing), (double, exploding)] {
        let sentence = format!("Number of learning rates at which something is learned, {he} weights minus {name}");
        finding.claim(Claim::paired(sentence, &learning(right), &learning(start)));
    }
    let sentence =
        format!("Control: {he} weights, random labels, the same rate: loss on test images over that of guessing");
    finding.claim(Claim::measured(sentence, of(&|sweep| sweep.untold / sweep.guessing)));
}

fn table(measured: &[&RateSweep], settings: &NumericalStability, names: &[String; 3]) -> Table {
    let powers = powers(settings);
    let (steps, depth) = (settings.experiment.rate_steps, settings.experiment.depth);
    let header = ["weights", "best rate (power of ten)", "lowest loss", "rates that learn", "headroom (powers of ten)"];
    let title = format!("{} learning rates, {depth} hidden layers of ReLU, {steps} steps", powers.len());
    names.iter().enumerate().fold(Table::new(title, &header), |table, (start, name)| {
        let of = |metric: &dyn Fn(&RateSweep) -> f64| {
            spread(&measured.iter().map(|sweep| metric(sweep)).collect::<Vec<f64>>())
        };
        table.row([
            name.clone(),
            of(&|sweep| powers[best(&sweep.losses[start])]),
            of(&|sweep| sweep.lowest(start)),
            of(&|sweep| sweep.learning(start)),
            of(&|sweep| headroom(&sweep.losses[start])),
        ])
    })
}

fn caption(steps: usize, guessing: f64) -> String {
    format!(
        "Loss on test images after {steps} steps, by learning rate; lines end where training diverges. Small weights: no \
         learning rate helps, the loss stays that of guessing, {}. Large ones: the best is the last before divergence.",
        figure(guessing)
    )
}

fn chart(measured: &[&RateSweep], powers: &[f64], names: &[String]) -> Chart {
    let chart = Chart::new("Loss by learning rate").x_label("learning rate").y_label("cross-entropy").log_x().log_y();
    names.iter().enumerate().fold(chart, |chart, (start, name)| {
        let curve = |sweep: &&RateSweep| -> Vec<(f64, f64)> {
            let losses = sweep.losses[start].iter().map(|loss| loss.unwrap_or(f64::NAN));
            powers.iter().map(|power| 10.0_f64.powf(*power)).zip(losses).collect()
        };
        over_seeds(chart, name, &measured.iter().map(curve).collect::<Vec<_>>())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headroom_ends_where_training_diverges() {
        let losses = [Some(2.0), Some(1.0), Some(1.5), Some(9.0), None, Some(0.1)];
        // A lower loss behind a rate that diverges is the best all the same, and has no headroom.
        assert_eq!((best(&losses), headroom(&losses)), (5, -1.0));
        assert_eq!((best(&losses[..5]), headroom(&losses[..5])), (1, 1.0));
        assert_eq!(best(&[None, None]), 0);
    }

    #[test]
    fn only_divergence_is_excused() {
        let of = |error: TrainError| diverged(&error.into());
        assert!(of(TrainError::Diverged { what: String::new(), epoch: 1, step: 1, learning_rate: 1.0, folder: None }));
        assert!(!of(TrainError::Nothing { expected: "images" }));
    }
}
