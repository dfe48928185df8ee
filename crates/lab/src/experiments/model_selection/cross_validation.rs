//! Training and validation errors of candidates over folds, and the choice among them.

use anyhow::{Context, Result, ensure};
use burn::module::AutodiffModule;
use burn_fashion_mnist::Images;
use burn_mlp::{Mlp, Probability};
use mlp_metrics::mean_and_deviation;
use mlp_settings::config::Config;
use mlp_splits::{stratified_k_fold, stratified_split, stratified_subset};
use serde::{Deserialize, Serialize};

use super::settings::ModelSelection;
use crate::platform::Inner;
use crate::training::Training;
use crate::{Lab, Platform};

/// A choice of hyperparameters.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Candidate {
    pub(super) width: usize,
    pub(super) dropout: Probability,
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
}

impl Selection {
    /// How much less error the best candidate would have had on the reference images.
    pub(super) fn regret(&self) -> f64 {
        self.reference[self.chosen] - self.reference.iter().copied().fold(f64::INFINITY, f64::min)
    }
}

impl ModelSelection {
    /// By width, within it by dropout.
    pub(super) fn candidates(&self) -> Vec<Candidate> {
        let of_width = |&width| self.experiment.dropouts.iter().map(move |&dropout| Candidate { width, dropout });
        self.experiment.widths.iter().flat_map(of_width).collect()
    }

    pub(super) fn select<P: Platform>(&self, lab: &Lab<P>, seed: u64) -> Result<Selection> {
        let candidates = self.candidates();
        let (images, reference) = self.images(lab, seed)?;
        let mut errors = Vec::new();
        for (index, &candidate) in candidates.iter().enumerate() {
            lab.tell(format!("seed {seed}: candidate {} of {}: {}", index + 1, candidates.len(), candidate.name()));
            errors.push(self.cross_validate(lab, seed, candidate, &images)?);
        }
        let validation: Vec<f64> = errors.iter().map(|errors| errors.validation).collect();
        let chosen = lowest(&validation).context("no candidate has a validation error")?;

        lab.tell(format!("seed {seed}: {} chosen; training every candidate on all folds", candidates[chosen].name()));
        let train = |&candidate| self.train(lab, seed, candidate, &images);
        let networks: Vec<Mlp<Inner<P>>> = candidates.iter().map(train).collect::<Result<_>>()?;
        let reference = networks.iter().map(|network| 1.0 - lab.accuracy(network, &reference)).collect();
        // The only time the test images are looked at.
        let test = 1.0 - lab.accuracy(&networks[chosen], &lab.data().test);
        Ok(Selection { errors, reference, chosen, test })
    }

    /// Images for the folds, and others for the reference: fewer of those where the training set has not enough.
    fn images<P: Platform>(&self, lab: &Lab<P>, seed: u64) -> Result<(Images, Images)> {
        let all = &lab.data().train;
        let folds = self.experiment.train_examples;
        ensure!(folds < all.len(), "experiment.train_examples is {folds} of {} images: none are left", all.len());
        let wanted = all.len().min(folds + self.experiment.reference_examples);
        let both = all.select(&stratified_subset(all.labels(), wanted, seed)?);
        let (reference, folds) = stratified_split(both.labels(), folds as f64 / wanted as f64, seed)?;
        Ok((both.select(&folds), both.select(&reference)))
    }

    /// Errors of a candidate, each fold left out once.
    fn cross_validate<P: Platform>(
        &self,
        lab: &Lab<P>,
        seed: u64,
        candidate: Candidate,
        images: &Images,
    ) -> Result<Errors> {
        let (mut train_errors, mut validation_errors) = (Vec::new(), Vec::new());
        for fold in stratified_k_fold(images.labels(), self.experiment.folds, seed)? {
            let (train, validation) = (images.select(&fold.train), images.select(&fold.validation));
            let network = self.train(lab, seed, candidate, &train)?;
            train_errors.push(1.0 - lab.accuracy(&network, &train));
            validation_errors.push(1.0 - lab.accuracy(&network, &validation));
        }
        let mean = |errors: &[f64]| mean_and_deviation(errors).0;
        Ok(Errors { train: mean(&train_errors), validation: mean(&validation_errors) })
    }

    fn train<P: Platform>(
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
        config.model.dropout = vec![candidate.dropout; depth];
        config
    }
}

impl Candidate {
    pub(super) fn name(self) -> String {
        format!("{} units, dropout {}", self.width, self.dropout)
    }
}

/// Index of the first lowest value that is a number.
fn lowest(values: &[f64]) -> Option<usize> {
    let numbers = values.iter().enumerate().filter(|(_, value)| !value.is_nan());
    numbers.min_by(|(_, a), (_, b)| a.total_cmp(b)).map(|(index, _)| index)
}

#[cfg(test)]
mod tests {
    use super::super::settings::ModelSelectionParameters;
    use super::*;

    #[test]
    fn candidates_are_every_pair_of_width_and_dropout() {
        let dropouts = [0.0, 0.5].map(|prob| Probability::new(prob).unwrap());
        let parameters =
            ModelSelectionParameters { widths: vec![4, 8, 16], dropouts: dropouts.to_vec(), ..Default::default() };
        let candidates = ModelSelection { experiment: parameters, ..Default::default() }.candidates();
        assert_eq!(candidates.len(), 6);
        assert_eq!(candidates[1], Candidate { width: 4, dropout: dropouts[1] });
        assert_eq!(candidates[4], Candidate { width: 16, dropout: dropouts[0] });
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
        let selection =
            |chosen| Selection { errors: errors.clone(), reference: vec![0.2, 0.125, 0.25], chosen, test: 0.2 };
        assert_eq!(selection(0).regret(), 0.2 - 0.125);
        assert_eq!(selection(1).regret(), 0.0);
    }

    #[test]
    fn every_hidden_layer_of_a_candidate_has_its_width_and_dropout() {
        let selection = ModelSelection::default();
        let candidate = Candidate { width: 7, dropout: Probability::new(0.25).unwrap() };
        let model = selection.candidate_config(1, candidate).model;
        assert_eq!(model.hidden, [7, 7]);
        assert_eq!(model.dropout, [candidate.dropout; 2]);
    }
}
