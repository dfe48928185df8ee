//! The conditions under which class shares can be estimated, each violated on purpose, and the case without a shift.

use anyhow::Result;
use burn::module::AutodiffModule;
use burn_fashion_mnist::{Images, corrupt, shift};
use burn_mlp::Mlp;
use mlp_splits::stratified_subset;

use super::estimates::{Errors, Estimates, shares};
use super::measurement::Control;
use super::sets::Sets;
use super::settings::LabelShift;
use crate::platform::Inner;
use crate::training::Training;
use crate::{Lab, Platform};

/// Shares by classifiers that saw few images, in the mean over these.
pub(super) fn weak<P: Platform>(lab: &Lab<P>, settings: &LabelShift, seed: u64, sets: &Sets) -> Result<Errors> {
    let Sets { train, validation, target } = sets;
    let parameters = &settings.experiment;
    let errors = |network: u64| -> Result<Errors> {
        let config = settings.config(seed.wrapping_add((network + 1) << 32));
        let size = parameters.weak_images.min(train.len());
        let few = train.select(&stratified_subset(train.labels(), size, config.training.seed)?);
        let trained = Training::new(&config, &few, &few.select(&[])).run(lab, lab.mlp(&config)?)?;
        Ok(Estimates::of(lab, &trained.network.valid(), validation, target, shares(target))?.0.errors())
    };
    Ok(Errors::mean(&(0..parameters.weak_networks as u64).map(errors).collect::<Result<Vec<Errors>>>()?))
}

/// Shares where the target holds images of the last class, of which the source has none, and the others alike.
pub(super) fn new_class<P: Platform>(lab: &Lab<P>, settings: &LabelShift, seed: u64, sets: &Sets) -> Result<Estimates> {
    let (data, config) = (lab.data(), settings.config(seed));
    let known = data.train.classes() - 1;
    let [train, validation] = [&sets.train, &sets.validation].map(without_last_class);
    let (train, validation) = (train?, validation?);
    let network: Mlp<P::Train> = config.model.build(train.d_input(), known, seed, lab.device())?;
    let trained = Training::new(&config, &train, &train.select(&[])).run(lab, network)?;

    let share = settings.experiment.new_share;
    let mut weights = vec![(1.0 - share) / known as f64; known];
    weights.push(share);
    let target = shift::resample_labels(&data.test, &weights, sets.target.len(), seed)?;
    let truth = shares(&without_last_class(&target)?);
    // The classifier has no output for the labels of the new class: none of them is looked at.
    let unlabeled = relabeled(&target, vec![0; target.len()], known)?;
    Ok(Estimates::of(lab, &trained.network.valid(), &validation, &unlabeled, truth)?.0)
}

/// Shares where `P(x given y)` is another in the target: noise on its images, as much as each standard deviation says.
pub(super) fn changed<P: Platform>(
    lab: &Lab<P>,
    settings: &LabelShift,
    seed: u64,
    sets: &Sets,
    network: &Mlp<Inner<P>>,
) -> Result<Vec<Errors>> {
    let of_noise = |&std: &f64| -> Result<Errors> {
        let noisy = corrupt::pixel_noise(&sets.target, std, seed)?;
        Ok(Estimates::of(lab, network, &sets.validation, &noisy, shares(&noisy))?.0.errors())
    };
    settings.experiment.noise.iter().map(of_noise).collect()
}

/// What is estimated and gained where the target is all test images.
pub(super) fn no_shift<P: Platform>(
    lab: &Lab<P>,
    settings: &LabelShift,
    seed: u64,
    sets: &Sets,
    network: &Mlp<Inner<P>>,
) -> Result<Control> {
    let test = &lab.data().test;
    let (estimates, _) = Estimates::of(lab, network, &sets.validation, test, shares(test))?;
    let weights = estimates.weights();
    Ok(Control {
        largest_distance: weights.iter().map(|weight| (weight - 1.0).abs()).fold(0.0, f64::max),
        unweighted: lab.accuracy(network, test),
        weighted: weighted_accuracy(lab, settings, seed, &sets.train, test, &weights)?,
    })
}

/// Accuracy on `target` after training with a weight for each class.
pub(super) fn weighted_accuracy<P: Platform>(
    lab: &Lab<P>,
    settings: &LabelShift,
    seed: u64,
    train: &Images,
    target: &Images,
    weights: &[f64],
) -> Result<f64> {
    let config = settings.config(seed);
    let weights: Vec<f32> = train.labels().iter().map(|&label| weights[usize::from(label)] as f32).collect();
    let trained =
        Training::new(&config, train, &train.select(&[])).with_weights(&weights).run(lab, lab.mlp(&config)?)?;
    Ok(lab.accuracy(&trained.network.valid(), target))
}

fn without_last_class(images: &Images) -> Result<Images> {
    let known = images.classes() - 1;
    let indices: Vec<u32> =
        (0..).zip(images.labels()).filter(|(_, label)| usize::from(**label) < known).map(|(index, _)| index).collect();
    let kept = images.select(&indices);
    relabeled(&kept, kept.labels().to_vec(), known)
}

fn relabeled(images: &Images, labels: Vec<u8>, classes: usize) -> Result<Images> {
    Ok(Images::new(images.pixels().to_vec(), labels, images.height(), images.width(), classes)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_of_the_last_class_are_left_out() {
        let images = Images::new(vec![5, 6, 7, 8], vec![2, 0, 1, 2], 1, 1, 3).unwrap();
        let known = without_last_class(&images).unwrap();
        assert_eq!((known.pixels(), known.labels(), known.classes()), (&[6, 7][..], &[0, 1][..], 2));
    }
}
