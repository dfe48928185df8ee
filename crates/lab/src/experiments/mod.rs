//! The experiments of the chapter, one module each, driven by one file each in `configs/`.
//!
//! To add one: write `configs/<name>.toml` and a module here with its settings type, implement
//! [`Experiment`](crate::Experiment) for that type, and add a line to [`registry`].

mod activations;
mod backprop;
mod batch_norm;
mod best;
mod bias_variance;
mod co_adaptation;
mod concept_shift;
mod covariate_shift;
mod dropout;
mod dropout_layer;
mod ensemble;
mod errata;
mod hidden_layers;
mod input_noise;
mod label_shift;
mod mlp;
mod model_selection;
mod numerical_stability;
mod parity;
mod random_labels;
mod recurrent_gradients;
mod residual;
mod residual_convolutions;
mod uncertainty;
mod vanilla_dropout;
mod weight_control;
mod weight_decay;
mod when_dropout_pays;
mod xavier_init;

use crate::{Entry, Platform};

/// Every experiment, in the order of the chapter.
pub fn registry<P: Platform>() -> Vec<Entry<P>> {
    vec![
        Entry::of::<hidden_layers::HiddenLayers>(),
        Entry::of::<activations::Activations>(),
        Entry::of::<mlp::OneHiddenLayer>(),
        Entry::of::<best::Best>(),
        Entry::of::<dropout_layer::DropoutLayer>(),
        Entry::of::<dropout::Dropout>(),
        Entry::of::<when_dropout_pays::WhenDropoutPays>(),
        Entry::of::<co_adaptation::CoAdaptation>(),
        Entry::of::<vanilla_dropout::VanillaDropout>(),
        Entry::of::<ensemble::Ensemble>(),
        Entry::of::<uncertainty::Uncertainty>(),
        Entry::of::<input_noise::InputNoise>(),
        Entry::of::<random_labels::RandomLabels>(),
        Entry::of::<bias_variance::BiasVariance>(),
        Entry::of::<weight_decay::WeightDecay>(),
        Entry::of::<weight_control::WeightControl>(),
        Entry::of::<model_selection::ModelSelection>(),
        Entry::of::<backprop::Backprop>(),
        Entry::of::<numerical_stability::NumericalStability>(),
        Entry::of::<xavier_init::XavierInit>(),
        Entry::of::<batch_norm::BatchNormalization>(),
        Entry::of::<residual::Residual>(),
        Entry::of::<residual_convolutions::ResidualConvolutions>(),
        Entry::of::<recurrent_gradients::RecurrentGradients>(),
        Entry::of::<covariate_shift::CovariateShift>(),
        Entry::of::<label_shift::LabelShift>(),
        Entry::of::<concept_shift::ConceptShift>(),
        Entry::of::<errata::Errata>(),
    ]
}

/// The experiment of that name.
pub fn find<P: Platform>(name: &str) -> Option<Entry<P>> {
    registry().into_iter().find(|entry| entry.name == name)
}
