//! Training and validation errors of candidates over folds, and the choice among them.

use anyhow::{Context, Result, ensure};
use burn::module::AutodiffModule;
use burn_fashion_mnist::Images;
use burn_mlp::{Key, Mlp};
use mlp_metrics::mean_and_deviation;
use mlp_settings::config::Config;
use mlp_splits::{stratified_k_fold, stratified_split, stratified_subset};
use serde::{Deserialize, Serialize};

use super::labels::{NOISE, with_noise};
use super::settings::ModelSelection;
use crate::finding::figure;
use crate::platform::Inner;
use crate::training::Training;
use crate::{Lab, Platform};

/// A choice of hyperparameters.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Candidate {
    pub(super) width: usize,
    pub(super) weight_decay: f64,
}

/// Errors of a candidate, means over the folds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Errors {
    pub(super) train: f64,
    pub(super) validation: f64,
}

/// What is measured with one seed: the errors of the candidates, and the choice among them.
#[derive(Serialize, Deserialize)]
pub struct Selection {
    /// In the order of the candidates.
    pub(super) errors: Vec<Errors>,
    /// Error on the reference images after training on all folds, in the order of the candidates.
    pub(super) reference: Vec<f64>,
    /// Index of the candidate chosen.
    pub(super) chosen: usize,
    /// Its error on the test set after training on all folds.
    pub(super) test: f64,
    /// Error on the reference images of one chosen among equal candidates, minus their mean.
    pub(super) control: f64,
}

impl Selection {
    /// How much less error the best candidate would have had on the reference images.
    pub(super) fn regret(&self) -> f64 {
        self.reference[self.chosen] - self.reference.iter().copied().fold(f64::INFINITY, f64::min)
    }
}

impl ModelSelection {
    /// By width, within it by weight decay.
    pub(super) fn candidates(&self) -> Vec<Candidate> {
        let of_width =
            |&width| self.experiment.weight_decays.iter().map(move |&weight_decay| Candidate { width, weight_decay });
        self.experiment.widths.iter().flat_map(of_width).collect()
    }

    pub(super) fn select<P: Platform>(&self, lab: &Lab<P>, seed: u64) -> Result<Selection> {
        let candidates = self.candidates();
        let (images, reference) = self.images(lab, seed)?;
        let mut errors = Vec::new();
        for (index, &candidate) in candidates.iter().enumerate() {
            lab.tell(format!("seed {seed}: candidate {} of {}: {}", index + 1, candidates.len(), candidate.name()));
            errors.push(self.cross_validate(lab, [seed; 2], candidate, &images)?);
        }
        let validation: Vec<f64> = errors.iter().map(|errors| errors.validation).collect();
        let chosen = lowest(&validation).context("no candidate has a validation error")?;

        lab.tell(format!("seed {seed}: {} chosen; training every candidate on all folds", candidates[chosen].name()));
        let train = |&candidate| self.train(lab, seed, candidate, &images);
        let networks: Vec<Mlp<Inner<P>>> = candidates.iter().map(train).collect::<Result<_>>()?;
        let control = self.control(lab, seed, &images, &reference)?;
        let reference = networks.iter().map(|network| 1.0 - lab.accuracy(network, &reference)).collect();
        // The only time the test images are looked at.
        let test = with_noise(&lab.data().test, self.experiment.label_noise, Key::new(seed, NOISE).at(1, 0))?;
        let test = 1.0 - lab.accuracy(&networks[chosen], &test);
        Ok(Selection { errors, reference, chosen, test, control })
    }

    /// Images for the folds, and others for the reference: fewer of those where the training set has not enough.
    fn images<P: Platform>(&self, lab: &Lab<P>, seed: u64) -> Result<(Images, Images)> {
        let all = &lab.data().train;
        let folds = self.experiment.train_examples;
        ensure!(folds < all.len(), "experiment.train_examples is {folds} of {} images: none are left", all.len());
        let wanted = all.len().min(folds + self.experiment.reference_examples);
        let both = all.select(&stratified_subset(all.labels(), wanted, seed)?);
        let both = with_noise(&both, self.experiment.label_noise, Key::new(seed, NOISE))?;
        let (reference, folds) = stratified_split(both.labels(), folds as f64 / wanted as f64, seed)?;
        Ok((both.select(&folds), both.select(&reference)))
    }

    /// Errors of a candidate, each fold left out once, with seeds of the folds and of training.
    pub(super) fn cross_validate<P: Platform>(
        &self,
        lab: &Lab<P>,
        [of_folds, seed]: [u64; 2],
        candidate: Candidate,
        images: &Images,
    ) -> Result<Errors> {
        let (mut train_errors, mut validation_errors) = (Vec::new(), Vec::new());
        for fold in stratified_k_fold(images.labels(), self.experiment.folds, of_folds)? {
            let (train, validation) = (images.select(&fold.train), images.select(&fold.validation));
            let network = self.train(lab, seed, candidate, &train)?;
            train_errors.push(1.0 - lab.accuracy(&network, &train));
            validation_errors.push(1.0 - lab.accuracy(&network, &validation));
        }
        let mean = |errors: &[f64]| mean_and_deviation(errors).0;
        Ok(Errors { train: mean(&train_errors), validation: mean(&validation_errors) })
    }

    /// Trains a candidate.
    pub(super) fn train<P: Platform>(
        &self,
        lab: &Lab<P>,
        seed: u64,
        candidate: Candidate,
        images: &Images,
    ) -> Result<Mlp<Inner<P>>> {
        let config = self.candidate_config(seed, candidate);
        // Errors are taken once, after training.
        let none = images.select(&[]);
        Ok(Training::new(&config, images, &none).run(lab, lab.mlp(&config)?)?.network.valid())
    }

    fn candidate_config(&self, seed: u64, candidate: Candidate) -> Config {
        let mut config = self.config(seed);
        let depth = self.model.hidden.len();
        config.model.hidden = vec![candidate.width; depth];
        config.optimizer.weight_decay = candidate.weight_decay;
        config
    }
}

impl Candidate {
    pub(super) fn name(self) -> String {
        format!("{} units, λ = {}", self.width, figure(self.weight_decay))
    }
}

/// Index of the first lowest value that is a number.
pub(super) fn lowest(values: &[f64]) -> Option<usize> {
    let numbers = values.iter().enumerate().filter(|(_, value)| !value.is_nan());
    numbers.min_by(|(_, a), (_, b)| a.total_cmp(b)).map(|(index, _)| index)
}

#[cfg(test)]
mod tests {
    use super::super::settings::ModelSelectionParameters;
    use super::*;

    #[test]
    fn candidates_are_every_pair_of_width_and_weight_decay() {
        let parameters =
            ModelSelectionParameters { widths: vec![4, 8, 16], weight_decays: vec![0.0, 0.01], ..Default::default() };
        let candidates = ModelSelection { experiment: parameters, ..Default::default() }.candidates();
        assert_eq!(candidates.len(), 6);
        assert_eq!(candidates[1], Candidate { width: 4, weight_decay: 0.01 });
        assert_eq!(candidates[4], Candidate { width: 16, weight_decay: 0.0 });
    }

    #[test]
    fn the_first_of_the_lowest_errors_is_chosen() {
        assert_eq!(lowest(&[0.3, 0.1, 0.2, 0.1]), Some(1));
        assert_eq!(lowest(&[f64::NAN, 0.4]), Some(1));
        assert_eq!(lowest(&[f64::NAN]), None);
        assert_eq!(lowest(&[]), None);
    }

    #[test]
    fn regret_is_what_the_best_candidate_would_have_saved() {
        let errors = vec![Errors { train: 0.0, validation: 0.0 }; 3];
        let selection = |chosen| Selection {
            errors: errors.clone(),
            reference: vec![0.2, 0.125, 0.25],
            chosen,
            test: 0.2,
            control: 0.0,
        };
        assert_eq!(selection(0).regret(), 0.2 - 0.125);
        assert_eq!(selection(1).regret(), 0.0);
    }

    #[test]
    fn every_hidden_layer_of_a_candidate_has_its_width_and_decays() {
        let selection = ModelSelection::default();
        let config = selection.candidate_config(1, Candidate { width: 7, weight_decay: 0.25 });
        assert_eq!(config.model.hidden, [7, 7]);
        assert_eq!(config.optimizer.weight_decay, 0.25);
    }
}
