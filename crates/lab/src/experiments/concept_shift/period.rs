//! Training under the labels of a period.

use anyhow::{Result, ensure};
use burn::module::AutodiffModule;
use burn_fashion_mnist::{FashionMnist, Images, shift};
use burn_mlp::Mlp;
use burn_mlp_train::{Callback, StepView};
use mlp_settings::config::Config;
use mlp_splits::permutation;

use super::measurement::Run;
use super::settings::ConceptShiftParameters;
use crate::training::Training;
use crate::{Lab, Platform};

/// Images with old labels, and as many for each number of changed pairs from none to all, with labels changed
/// accordingly: no image twice.
pub(super) fn images(data: &FashionMnist, parameters: &ConceptShiftParameters, seed: u64) -> Result<Vec<Images>> {
    let (size, sets) = (parameters.images, parameters.swapped.len() + 2);
    let enough = size.checked_mul(sets).is_some_and(|needed| needed <= data.train.len());
    ensure!(enough, "{sets} sets of {size} images out of {}", data.train.len());
    let order = permutation(data.train.len(), seed, 0);
    let sets = order.chunks_exact(size).take(sets).map(|indices| data.train.select(indices));
    sets.enumerate().map(|(set, images)| relabeled(&images, &parameters.swapped[..set.saturating_sub(1)])).collect()
}

/// The images under other labels: the classes of each pair change places.
pub(super) fn relabeled(images: &Images, swapped: &[[u8; 2]]) -> Result<Images> {
    let map = |label: u8| {
        let partner = swapped.iter().find_map(|&[one, other]| match label {
            label if label == one => Some(other),
            label if label == other => Some(one),
            _ => None,
        });
        partner.unwrap_or(label)
    };
    Ok(shift::relabel(images, map)?)
}

/// What all variants of a period share.
pub(super) struct Period<'a, P: Platform> {
    pub(super) lab: &'a Lab<P>,
    pub(super) parameters: &'a ConceptShiftParameters,
    /// Test images with the labels of the period.
    pub(super) test: Images,
}

impl<P: Platform> Period<'_, P> {
    /// Trains a network.
    pub(super) fn train(&self, config: &Config, network: Mlp<P::Train>, images: &Images) -> Result<Mlp<P::Train>> {
        // What it can do is looked at once, not after each epoch.
        Ok(Training::new(config, images, &images.select(&[])).run(self.lab, network)?.network)
    }

    /// Trains a network and looks at its test accuracy on the way.
    pub(super) fn run(&self, config: &Config, network: Mlp<P::Train>, images: &Images) -> Result<Run> {
        let test = match self.parameters.test_images {
            count if count == 0 || count >= self.test.len() => self.test.clone(),
            count => self.test.select(&(0..count as u32).collect::<Vec<u32>>()),
        };
        let mut looks = Looks { lab: self.lab, test, every: self.parameters.look_every, looks: Vec::new() };
        let none = images.select(&[]);
        let trained = Training::new(config, images, &none).run_observed(self.lab, network, &mut looks)?;
        Ok(Run { accuracy: self.accuracy(&trained.network), looks: looks.looks })
    }

    /// Accuracy of a network on all test images.
    pub(super) fn accuracy(&self, network: &Mlp<P::Train>) -> f64 {
        self.lab.accuracy(&network.valid(), &self.test)
    }
}

/// Looks at the test accuracy every few steps.
struct Looks<'a, P: Platform> {
    lab: &'a Lab<P>,
    test: Images,
    every: u64,
    looks: Vec<f64>,
}

impl<P: Platform> Looks<'_, P> {
    fn look(&mut self, finished: u64, network: &Mlp<P::Train>) {
        if finished.is_multiple_of(self.every) {
            self.looks.push(self.lab.accuracy(&network.valid(), &self.test));
        }
    }
}

impl<P: Platform> Callback<Mlp<P::Train>> for Looks<'_, P> {
    fn before_step(&mut self, step: &StepView<'_, Mlp<P::Train>>) {
        if step.step == 0 {
            self.look(0, step.network);
        }
    }

    fn after_step(&mut self, step: &StepView<'_, Mlp<P::Train>>) {
        self.look(step.step + 1, step.network);
    }
}

/// The images of both sets.
pub(super) fn together(one: &Images, other: &Images) -> Result<Images> {
    let pixels = [one.pixels(), other.pixels()].concat();
    let labels = [one.labels(), other.labels()].concat();
    Ok(Images::new(pixels, labels, one.height(), one.width(), one.classes())?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn swapped_classes_change_places_and_others_stay() {
        let images = Images::new(vec![0; 4], vec![0, 1, 2, 3], 1, 1, 4).unwrap();
        assert_eq!(relabeled(&images, &[[0, 2]]).unwrap().labels(), [2, 1, 0, 3]);
        assert_eq!(relabeled(&images, &[[0, 2], [3, 1]]).unwrap().labels(), [2, 3, 0, 1]);
    }

    #[test]
    fn labels_change_pair_by_pair_on_images_of_their_own() {
        let data = FashionMnist::sample().unwrap();
        let parameters = ConceptShiftParameters { swapped: vec![[0, 6], [1, 3]], images: 1000, ..Default::default() };
        let sets = images(&data, &parameters, 5).unwrap();
        let order = permutation(data.train.len(), 5, 0);
        let changed = |set: usize| {
            let old = data.train.select(&order[set * 1000..][..1000]);
            assert_eq!(old.pixels(), sets[set].pixels());
            let mut changed: Vec<u8> =
                old.labels().iter().zip(sets[set].labels()).filter(|(a, b)| a != b).map(|(a, _)| *a).collect();
            changed.sort_unstable();
            changed.dedup();
            changed
        };
        assert_eq!([0, 1, 2, 3].map(changed), [vec![], vec![], vec![0, 6], vec![0, 1, 3, 6]]);
        let too_many = ConceptShiftParameters { images: 1501, ..parameters };
        assert_eq!(images(&data, &too_many, 5).unwrap_err().to_string(), "4 sets of 1501 images out of 6000");
    }
}
