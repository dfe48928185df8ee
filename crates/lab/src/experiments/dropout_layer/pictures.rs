//! Dropout of a few numbers, and of many.

use anyhow::Result;
use burn_mlp::Probability;
use burn_mlp_train::values;
use mlp_plot::{Chart, Heatmap, Panels};
use serde::{Deserialize, Serialize};

use super::implementations::Implementation;
use super::inputs::{COLUMNS, ELEMENTS, rows};
use super::settings::DropoutLayer;
use crate::Platform;
use crate::finding::Finding;
use crate::platform::Device;

/// Probabilities with which the numbers are shown.
const SHOWN: [f64; 3] = [0.0, 0.5, 1.0];
/// Elements whose mean is followed.
const FOLLOWED: [usize; 3] = [1, 7, 15];

/// What the pictures show.
#[derive(Serialize, Deserialize)]
pub struct Pictured {
    /// What dropout by hand makes of the numbers 0 to 15, with each probability of [`SHOWN`].
    numbers: Vec<Vec<f32>>,
    /// Running mean of each element of [`FOLLOWED`] with `p = 0.5`, by the number of masks.
    means: [Vec<(f64, f64)>; FOLLOWED.len()],
}

impl Pictured {
    /// With the masks of `seed`.
    pub fn measure<P: Platform>(settings: &DropoutLayer, seed: u64, device: &Device<P>) -> Result<Self> {
        let dropped = |input: &[f32], prob: f64| -> Result<Vec<f32>> {
            let input = rows::<P::Train>(input, device);
            Ok(values(Implementation::ByHand.apply(input, Probability::new(prob)?, seed)))
        };
        let output = dropped(&settings.repeated(), 0.5)?;
        Ok(Self {
            numbers: SHOWN.into_iter().map(|prob| dropped(&numbers(), prob)).collect::<Result<_>>()?,
            means: FOLLOWED.map(|element| running_mean(&output, element)),
        })
    }
}

/// The numbers 0 to 15.
fn numbers() -> Vec<f32> {
    (0..ELEMENTS as u8).map(f32::from).collect()
}

/// Adds what dropout makes of the numbers, and how its mean approaches them over `masks` masks.
pub fn add(pictured: &Pictured, masks: usize, finding: &mut Finding) {
    let matrix = |title: String, values: &[f32]| {
        Heatmap::new(
            title,
            values.chunks_exact(COLUMNS).map(|row| row.iter().map(|&value| f64::from(value)).collect::<Vec<_>>()),
        )
    };
    let mut panels = Panels::new("Dropout of the numbers 0 to 15", 2).with(&matrix("h".into(), &numbers()));
    for (prob, output) in SHOWN.into_iter().zip(&pictured.numbers) {
        panels = panels.with(&matrix(format!("h' with p = {prob}"), output));
    }
    let caption = "Dropout by hand: nothing changes with p = 0, every element is 0 or doubled with p = 0.5, and \
                   all are 0 with p = 1.";
    finding.picture("numbers", caption, &panels);

    let count = masks as f64;
    let mut chart = Chart::new("Mean of h'/h over the masks drawn, p = 0.5").x_label("masks").y_label("mean").log_x();
    for (element, means) in FOLLOWED.into_iter().zip(&pictured.means) {
        chart = chart.line(&format!("h = {element}"), means.iter().copied());
    }
    for sign in [2.0, -2.0] {
        let at = |masks: f64| (masks, 1.0 + sign / masks.sqrt());
        let masks = (0..=60).map(|step| at(10.0 * (count / 10.0).powf(f64::from(step) / 60.0)));
        chart = chart.guide("two standard errors from 1", masks);
    }
    let caption = "The mean over masks approaches the input: dropout is unbiased.";
    finding.picture("means", caption, &chart);
}

/// Mean of `h'/h` of one element: after 10 masks, each time there are a fifth more, and after the last.
fn running_mean(output: &[f32], element: usize) -> Vec<(f64, f64)> {
    let mut sum = 0.0;
    let mut means = Vec::new();
    let mut next = 10;
    for (index, mask) in output.chunks_exact(ELEMENTS).enumerate() {
        sum += f64::from(mask[element]) / element as f64;
        let count = index + 1;
        if count == next || (count + 1) * ELEMENTS > output.len() {
            means.push((count as f64, sum / count as f64));
            next = (next * 6).div_ceil(5);
        }
    }
    means
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn running_means_end_with_the_last_mask() {
        // Every second mask doubles everything, the others zero it.
        let mask =
            |index: usize| (0..16_u8).map(move |h| if index.is_multiple_of(2) { 2.0 * f32::from(h) } else { 0.0 });
        let output: Vec<f32> = (0..25).flat_map(mask).collect();
        let means = running_mean(&output, 3);
        assert_eq!(means.first(), Some(&(10.0, 1.0)));
        assert_eq!(means.last(), Some(&(25.0, 26.0 / 25.0)));
    }
}
