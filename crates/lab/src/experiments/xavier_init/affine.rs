//! Nets with `φ(x) = αx + β` after each layer: which of them keep the variance.

use super::profile::{Affine, Profile, error};
use super::settings::XavierInit;
use super::variance::{NORMAL, around};
use crate::Platform;
use crate::finding::{Bound, Claim, Finding, Table, figure, spread};
use crate::platform::Device;

/// The functions, the identity and its negative first.
const FUNCTIONS: [(&str, Affine); 5] = [
    ("φ(x) = x", Affine::IDENTITY),
    ("φ(x) = -x", Affine { slope: -1.0, shift: 0.0 }),
    ("φ(x) = x/2", Affine { slope: 0.5, shift: 0.0 }),
    ("φ(x) = 3x/2", Affine { slope: 1.5, shift: 0.0 }),
    ("φ(x) = x + 1/2", Affine { slope: 1.0, shift: 0.5 }),
];
// Where they are in `FUNCTIONS`.
const IDENTITY: usize = 0;
const NEGATIVE: usize = 1;

/// The profile with each of [`FUNCTIONS`], of nets of equal layers with Xavier's weights.
pub fn measure<P: Platform>(settings: &XavierInit, seed: u64, device: &Device<P>) -> [Profile; 5] {
    let widths = widths(settings);
    FUNCTIONS.map(|(_, affine)| Profile::of_nets::<P>(settings, &widths, NORMAL, affine, seed, device))
}

fn widths(settings: &XavierInit) -> Vec<usize> {
    vec![settings.experiment.width; settings.experiment.depth + 1]
}

/// Growth of the mean square over `depth` layers: a layer makes `α²v + β²` of `v` upwards and `α²v` downwards, since its
/// weights have mean 0 and Xavier's variance.
fn predicted(Affine { slope, shift }: Affine, depth: usize) -> [f64; 2] {
    let up = (0..depth).fold(1.0, |square, _| slope * slope * square + shift * shift);
    [up, slope.powi(2 * depth as i32)]
}

/// Adds what each function keeps, and what it does not.
pub fn add(settings: &XavierInit, measurements: &[&[Profile; 5]], finding: &mut Finding) {
    let depth = settings.experiment.depth;
    let error = error(settings, &widths(settings)[1..]);
    let header = ["function", "activations, output over input", "expected", "gradients, input over output", "expected"];
    let mut table = Table::new(format!("Mean squares over {depth} layers with Xavier's weights"), &header);
    let of = |function: usize, metric: fn(&Profile) -> f64| -> Vec<f64> {
        measurements.iter().map(|profiles| metric(&profiles[function])).collect()
    };
    for (function, (name, affine)) in FUNCTIONS.into_iter().enumerate() {
        let [up, down] = predicted(affine, depth);
        let (upwards, downwards) = (of(function, Profile::of_output), of(function, Profile::of_input));
        table = table.row([name.to_owned(), spread(&upwards), figure(up), spread(&downwards), figure(down)]);
        if function > NEGATIVE {
            let over = |measured: &[f64], expected: f64| measured.iter().map(|m| m / expected).collect::<Vec<f64>>();
            let sentence = format!("{name}: growth of the mean squared activation over the predicted α²v + β² a layer");
            finding.claim(Claim::measured(sentence, over(&upwards, up)).bound(around(1.0, error)));
            let sentence = format!("{name}: growth of the mean squared gradient over the predicted α² a layer");
            finding.claim(Claim::measured(sentence, over(&downwards, down)).bound(around(1.0, error)));
        }
    }
    let difference = |metric: fn(&Profile) -> f64| {
        let (one, other) = (of(NEGATIVE, metric), of(IDENTITY, metric));
        one.into_iter().zip(other).map(|(one, other)| one - other).collect::<Vec<f64>>()
    };
    for (what, metric) in [("activation", Profile::of_output as fn(&Profile) -> f64), ("gradient", Profile::of_input)] {
        let sentence = format!("Control: growth of the mean squared {what}, φ(x) = -x minus φ(x) = x");
        finding.claim(Claim::check(sentence, difference(metric), Bound::Equal(0.0)));
    }
    finding.table(table).note(
        "Among φ(x) = αx + β the identity keeps activations and gradients at their size, and so does its negative, which \
         a text leaves out: the condition is α² = 1 and β = 0. A shift leaves the variance within a layer, and the \
         gradients, as they are, but a layer further up sees it as a larger mean square.",
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_slopes_of_one_without_a_shift_keep_both() {
        let kept: Vec<bool> = FUNCTIONS.iter().map(|(_, affine)| predicted(*affine, 7) == [1.0, 1.0]).collect();
        assert_eq!(kept, [true, true, false, false, false]);
        assert_eq!(predicted(Affine { slope: 2.0, shift: 1.0 }, 2), [21.0, 16.0]);
    }
}
