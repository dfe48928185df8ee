//! # Question
//!
//! Which formulas of the texts are printed wrong?
//!
//! # Variants
//!
//! Each formula as printed, and the right one.
//!
//! # Held equal
//!
//! The numbers that both are fed with.
//!
//! # Measured
//!
//! The relative error of either against a measurement that uses neither: central differences, random numbers, a closed
//! form, or the layer that the formula describes.
//!
//! # Expected
//!
//! The right formula is within rounding, or within the error of sampling; the printed one is off by half and more.
//! Formulas of the same sections that are printed right pass the same test: these are the controls.

mod erratum;
mod gradients;
mod layers;
mod settings;
mod shares;
mod steps;
mod variances;

use anyhow::Result;
use serde::{Deserialize, Serialize};

use self::erratum::{Comparison, Erratum, ROUNDING, SAMPLING};
pub use self::settings::Errata;
use crate::finding::{Bound, Claim, Finding, Table, figure};
use crate::{Experiment, Lab, Platform};

/// What is measured with one seed.
#[derive(Serialize, Deserialize)]
pub struct Measurement {
    variances: [Comparison; variances::ERRATA.len()],
    gradients: [Comparison; gradients::ERRATA.len()],
    shares: [Comparison; shares::ERRATA.len()],
    layers: [Comparison; layers::ERRATA.len()],
    steps: [Comparison; steps::ERRATA.len()],
    /// Relative errors of formulas that are printed right: of a gradient and of a variance.
    controls: [f64; 2],
}

impl Measurement {
    /// Every comparison with what it is of.
    fn entries(&self) -> impl Iterator<Item = (&'static Erratum, &Comparison)> {
        let zip = |errata: &'static [Erratum], comparisons| errata.iter().zip::<&[Comparison]>(comparisons);
        zip(&variances::ERRATA, &self.variances)
            .chain(zip(&gradients::ERRATA, &self.gradients))
            .chain(zip(&shares::ERRATA, &self.shares))
            .chain(zip(&layers::ERRATA, &self.layers))
            .chain(zip(&steps::ERRATA, &self.steps))
    }
}

impl Experiment for Errata {
    const NAME: &'static str = "errata";
    const QUESTION: &'static str = "Which formulas of the texts are printed wrong?";
    const CONFIG: &'static str = include_str!("../../../../../configs/errata.toml");
    const QUICK: &'static [&'static str] = &[];

    type Measurement = Measurement;

    fn measure<P: Platform>(&self, lab: &Lab<P>, seed: u64) -> Result<Measurement> {
        let samples = self.experiment.samples;
        Ok(Measurement {
            variances: variances::measure(samples, seed),
            gradients: gradients::measure(seed),
            shares: shares::measure(samples, seed),
            layers: layers::measure::<P>(seed, lab.device())?,
            steps: steps::measure(seed),
            controls: [gradients::control(seed), variances::control(samples, seed).abs()],
        })
    }

    fn conclude(&self, measurements: &[Measurement]) -> Result<Finding> {
        let mut finding = Finding::default();
        let first = &measurements[0];
        for (index, (erratum, _)) in first.entries().enumerate() {
            let errors = |of: fn(&Comparison) -> f64| -> Vec<f64> {
                let comparisons = measurements.iter().filter_map(|measured| measured.entries().nth(index));
                comparisons.map(|(_, comparison)| of(comparison)).collect()
            };
            let sentence = |formula| format!("{}: relative error of the {formula} formula", erratum.quantity);
            let right = errors(|comparison| comparison.right_error);
            finding
                .claim(Claim::check(sentence("right"), right, Bound::EachAtMost(erratum.tolerance)))
                .claim(Claim::measured(sentence("printed"), errors(|comparison| comparison.printed_error)));
        }
        for (index, (formula, tolerance)) in
            [("gradient ∂J/∂h = W₂ᵀ·∂J/∂o", ROUNDING), ("variance n·γ·Var behind a linear layer", SAMPLING)]
                .into_iter()
                .enumerate()
        {
            let errors: Vec<f64> = measurements.iter().map(|measured| measured.controls[index]).collect();
            let sentence = format!("Control: the {formula}, as printed: relative error");
            finding.claim(Claim::check(sentence, errors, Bound::EachAtMost(tolerance)));
        }
        finding.table(table(first)).note(NOTE);
        Ok(finding)
    }
}

/// What the table does not say.
const NOTE: &str = "Course notes 2, section 3.8.3, let the identity alone keep the variance. Every αx + β with α = ±1 does; \
                    with β = 0, so also -x, it keeps a mean of 0 as well. The losses that course notes 4 report, 0.0047 \
                    to 0.0017, times the 256 examples of a batch are 1.20 to 0.44.";

/// Both formulas beside what is measured.
fn table(measured: &Measurement) -> Table {
    let header =
        ["text", "quantity", "printed formula", "its value", "right formula", "its value", "measured", "measured by"];
    measured.entries().fold(Table::new("Errors in the texts, first seed", &header), |table, (erratum, values)| {
        let Erratum { place, quantity, printed, right, measured_by, .. } = *erratum;
        let [by_printed, by_right, reference] = [values.printed, values.right, values.measured].map(figure);
        table.row([
            place.to_owned(),
            quantity.to_owned(),
            printed.to_owned(),
            by_printed,
            right.to_owned(),
            by_right,
            reference,
            measured_by.to_owned(),
        ])
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::test::TestPlatform;

    #[test]
    fn every_right_formula_passes_and_every_printed_one_fails() {
        let sample = burn_fashion_mnist::FashionMnist::sample().unwrap();
        let lab = Lab::<TestPlatform>::new(sample, Default::default(), Default::default(), true);
        let entry = crate::find::<TestPlatform>(Errata::NAME).unwrap();
        let settings = entry.settings(true).unwrap();
        let measured: Vec<String> = (1..=3).map(|seed| entry.measure(&settings, &lab, seed).unwrap()).collect();
        let finding = entry.conclude(&settings, &measured.iter().map(String::as_str).collect::<Vec<&str>>()).unwrap();
        for claim in &finding.claims {
            assert!(claim.holds(), "{claim:?}");
        }
        let first: Measurement = serde_json::from_str(&measured[0]).unwrap();
        for ((erratum, _), claims) in first.entries().zip(finding.claims.chunks_exact(2)) {
            assert!(claims.iter().all(|claim| claim.source == erratum.place), "{}", erratum.quantity);
        }
    }
}
