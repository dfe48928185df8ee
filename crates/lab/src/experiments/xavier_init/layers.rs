//! Linear nets whose layers are all equal: what happens from layer to layer.

use burn_mlp::Init;
use mlp_plot::{Chart, Panels};

use super::profile::{Affine, Profile, error};
use super::settings::XavierInit;
use super::variance::{NORMAL, UNIFORM, around};
use crate::Platform;
use crate::curves::over_seeds;
use crate::finding::{Claim, Finding, Table, spread};
use crate::platform::Device;

/// Kinds of weights, by name.
fn kinds(settings: &XavierInit) -> [(String, Init); 4] {
    let std = settings.model.init.std;
    [
        ("Xavier normal".to_owned(), NORMAL),
        ("Xavier uniform".to_owned(), UNIFORM),
        (format!("N(0, {std}²)"), Init::Normal { mean: 0.0, std }),
        ("N(0, 1)".to_owned(), Init::Normal { mean: 0.0, std: 1.0 }),
    ]
}

/// Units from the input to the output.
fn widths(settings: &XavierInit) -> Vec<usize> {
    vec![settings.experiment.width; settings.experiment.depth + 1]
}

/// The profile with each of [`kinds`].
pub fn measure<P: Platform>(settings: &XavierInit, seed: u64, device: &Device<P>) -> [Profile; 4] {
    let widths = widths(settings);
    kinds(settings).map(|(_, init)| Profile::of_nets::<P>(settings, &widths, init, Affine::IDENTITY, seed, device))
}

/// Adds what happens from layer to layer.
pub fn add(settings: &XavierInit, measurements: &[&[Profile; 4]], finding: &mut Finding) {
    let (depth, width) = (settings.experiment.depth, settings.experiment.width);
    let error = error(settings, &widths(settings)[1..]);
    let chart = |title: &str| Chart::new(title).x_label("layer").y_label("variance, relative").log_y();
    let mut activations = chart("Activations, over those of the input");
    let mut gradients = chart("Gradients, over those at the output");
    let header = ["weights", "activations, output over input", "gradients, input over output"];
    let mut table = Table::new(format!("Variances over {depth} linear layers of {width} units"), &header);
    for (index, (name, init)) in kinds(settings).into_iter().enumerate() {
        let profiles: Vec<&Profile> = measurements.iter().map(|measurement| &measurement[index]).collect();
        let of = |metric: fn(&Profile) -> f64| -> Vec<f64> { profiles.iter().map(|profile| metric(profile)).collect() };
        let (upwards, downwards) = (of(Profile::of_output), of(Profile::of_input));
        activations = over_seeds(activations, &name, &curves(&profiles, |profile| &profile.activations));
        gradients = over_seeds(gradients, &name, &curves(&profiles, |profile| &profile.gradients));
        table = table.row([name.clone(), spread(&upwards), spread(&downwards)]);
        if [NORMAL, UNIFORM].contains(&init) {
            let sentence = format!("{name}: variance of the activations after {depth} linear layers over that before");
            finding.claim(Claim::measured(sentence, upwards).bound(around(1.0, error)));
            let sentence = format!("{name}: variance of the gradients before {depth} linear layers over that after");
            finding.claim(Claim::measured(sentence, downwards).bound(around(1.0, error)));
        }
    }
    finding.table(table);
    let caption = format!(
        "Variance by layer in linear nets of {depth} layers of {width} units, mean over nets: Xavier's weights keep it, \
         others shrink or grow it by the same factor in each layer."
    );
    let panels = Panels::new("Variance by layer", 2).with(&activations).with(&gradients);
    finding.picture("variances", &caption, &panels);
}

/// A curve over layers for each profile.
fn curves(profiles: &[&Profile], curve: fn(&Profile) -> &Vec<f64>) -> Vec<Vec<(f64, f64)>> {
    let points = |profile: &&Profile| curve(profile).iter().enumerate().map(|(layer, &y)| (layer as f64, y)).collect();
    profiles.iter().map(points).collect()
}
