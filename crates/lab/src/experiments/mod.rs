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
#[cfg(test)]
mod trial {
    #[test]
    fn trial() {
        use crate::platform::test::TestPlatform;
        let name = std::env::var("TRIAL").unwrap_or_default();
        let Some(entry) = super::find::<TestPlatform>(&name) else { return };
        let data = if std::env::var("FULL").is_ok() {
            burn_fashion_mnist::FashionMnist::from_dir(std::path::Path::new("/usr/share/datasets/fashion-mnist"), true)
                .unwrap()
        } else {
            burn_fashion_mnist::FashionMnist::sample().unwrap()
        };
        let lab = crate::Lab::<TestPlatform>::new(data, Default::default(), burn_mlp_train::Placement::HOST, true);
        let settings = entry.settings(std::env::var("FULL").is_err()).unwrap();
        let seeds: u64 = std::env::var("SEEDS").unwrap().parse().unwrap();
        let mut all = Vec::new();
        for seed in 42..42 + seeds {
            let start = std::time::Instant::now();
            let text = entry.measure(&settings, &lab, seed).unwrap();
            println!("seed {seed}: {:.1} s, {} bytes", start.elapsed().as_secs_f64(), text.len());
            all.push(text);
        }
        let finding = entry.conclude(&settings, &all.iter().map(String::as_str).collect::<Vec<_>>()).unwrap();
        for claim in &finding.claims {
            println!(
                "{} | {} | {} | {:?} | {}",
                claim.sentence,
                claim.bound,
                crate::finding::spread(&claim.outcome.values),
                claim.outcome.verdict,
                claim.source
            );
        }
        for table in &finding.tables {
            println!("{}\n{}", table.title, table.header.join(" | "));
            table.rows.iter().for_each(|row| println!("{}", row.join(" | ")));
        }
        for (figure, svg) in finding.figures.iter().zip(&finding.drawings) {
            std::fs::write(format!("/tmp/w/h/shiftp/{name}-{}.svg", figure.name), svg.document()).unwrap();
        }
    }
}
