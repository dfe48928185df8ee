//! Linear nets whose layers have unequal numbers of inputs and outputs: the two conditions cannot both hold.

use burn_mlp::{FanMode, Init};

use super::profile::{Affine, Profile, error};
use super::settings::XavierInit;
use super::variance::{UNIFORM, around};
use crate::Platform;
use crate::finding::{Claim, Finding, Table, figure, spread};
use crate::platform::Device;

/// A rule for the variance γ of a layer's weights.
struct Rule {
    name: &'static str,
    init: Init,
    /// γ by n_in and n_out.
    variance: fn(f64, f64) -> f64,
    /// Whether the growth of the activations is claimed.
    upwards: bool,
    /// Whether the growth of the gradients is claimed.
    downwards: bool,
}

const RULES: [Rule; 3] = [
    Rule {
        name: "γ = 1/n_in",
        init: Init::KaimingNormal { gain: 1.0, mode: FanMode::FanIn },
        variance: |n_in, _| 1.0 / n_in,
        upwards: true,
        downwards: false,
    },
    Rule {
        name: "γ = 1/n_out",
        init: Init::KaimingNormal { gain: 1.0, mode: FanMode::FanOut },
        variance: |_, n_out| 1.0 / n_out,
        upwards: false,
        downwards: true,
    },
    // Uniform: normal weights would be those of the other rules times a constant, and so would be their ratios.
    Rule {
        name: "γ = 2/(n_in + n_out)",
        init: UNIFORM,
        variance: |n_in, n_out| 2.0 / (n_in + n_out),
        upwards: true,
        downwards: true,
    },
];

/// The profile under each of [`RULES`].
pub fn measure<P: Platform>(settings: &XavierInit, seed: u64, device: &Device<P>) -> [Profile; 3] {
    RULES.map(|rule| {
        Profile::of_nets::<P>(settings, &settings.experiment.widths, rule.init, Affine::IDENTITY, seed, device)
    })
}

/// Adds what each rule keeps, and what it does not.
pub fn add(settings: &XavierInit, measurements: &[&[Profile; 3]], finding: &mut Finding) {
    let widths = &settings.experiment.widths;
    let names: Vec<String> = widths.iter().map(usize::to_string).collect();
    let header = [
        "variance of the weights",
        "activations, output over input",
        "expected",
        "gradients, input over output",
        "expected",
    ];
    let mut table = Table::new(format!("Variances in linear nets {}", names.join("-")), &header);
    for (index, Rule { name, variance, upwards: claim_upwards, downwards: claim_downwards, .. }) in
        RULES.into_iter().enumerate()
    {
        let of = |metric: fn(&Profile) -> f64| -> Vec<f64> {
            measurements.iter().map(|measurement| metric(&measurement[index])).collect()
        };
        let (upwards, downwards) = (of(Profile::of_output), of(Profile::of_input));
        let product = |factor: &dyn Fn(f64, f64) -> f64| -> f64 {
            widths.windows(2).map(|pair| factor(pair[0] as f64, pair[1] as f64)).product()
        };
        let up = product(&|n_in, n_out| n_in * variance(n_in, n_out));
        let down = product(&|n_in, n_out| n_out * variance(n_in, n_out));
        table = table.row([name.to_owned(), spread(&upwards), figure(up), spread(&downwards), figure(down)]);
        let over =
            |measured: Vec<f64>, expected: f64| measured.iter().map(|value| value / expected).collect::<Vec<f64>>();
        if claim_upwards {
            let sentence =
                format!("{name}, unequal layers: growth of the activations' variance over the predicted Π n_in·γ");
            let error = error(settings, &widths[1..]);
            finding.claim(Claim::measured(sentence, over(upwards, up)).bound(around(1.0, error)));
        }
        if claim_downwards {
            let sentence =
                format!("{name}, unequal layers: growth of the gradients' variance over the predicted Π n_out·γ");
            let error = error(settings, &widths[..widths.len() - 1]);
            finding.claim(Claim::measured(sentence, over(downwards, down)).bound(around(1.0, error)));
        }
    }
    finding.table(table);
}
