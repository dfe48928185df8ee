//! What follows for the perceptron.

use mlp_metrics::mean_and_deviation;
use mlp_plot::Chart;

use super::perceptron::{NAMES, PerceptronMeasurement, Robustness};
use crate::finding::{Claim, Finding, Table, figure, spread};

/// The networks trained in one way, one for each seed.
struct Networks<'a>(Vec<&'a Robustness>);

impl Networks<'_> {
    /// Accuracy at one level of noise, for each seed.
    fn at(&self, level: usize) -> Vec<f64> {
        self.0.iter().map(|run| run.accuracy[level]).collect()
    }

    /// Mean accuracy over all levels of noise but the first, which is none, for each seed.
    fn under_noise(&self) -> Vec<f64> {
        self.0.iter().map(|run| mean_and_deviation(&run.accuracy[1..]).0).collect()
    }

    /// Change of the probabilities for the length of a perturbation, for each seed.
    fn sensitivities(&self) -> Vec<f64> {
        self.0.iter().map(|run| run.sensitivity).collect()
    }
}

/// Adds what follows.
pub(super) fn conclude(finding: &mut Finding, levels: &[f64], measurements: &[&PerceptronMeasurement]) {
    let networks: [Networks<'_>; NAMES.len()] = std::array::from_fn(|index| {
        Networks(measurements.iter().map(|measurement| &measurement.networks[index]).collect())
    });
    claim(finding, &networks);
    show(finding, levels, &networks);
}

fn claim(finding: &mut Finding, [plain, other, noise, dropout]: &[Networks<'_>; NAMES.len()]) {
    let trained = [(noise, "with noise"), (dropout, "with dropout")];
    for (networks, how) in trained {
        finding.claim(Claim::difference(
            format!("Test accuracy under noise: trained {how} minus as it is"),
            &networks.under_noise(),
            &plain.under_noise(),
        ));
    }
    for (networks, how) in trained {
        let sentence =
            format!("Change of the probabilities for the length of a small perturbation: trained as it is minus {how}");
        finding.claim(Claim::difference(sentence, &plain.sensitivities(), &networks.sensitivities()));
    }
    let ratio = |networks: &Networks<'_>| -> Vec<f64> {
        networks.sensitivities().iter().zip(plain.sensitivities()).map(|(with, without)| with / without).collect()
    };
    finding
        .claim(Claim::paired(
            "Control: test accuracy under noise, trained as it is from other weights minus as it is",
            &other.under_noise(),
            &plain.under_noise(),
        ))
        .note(format!(
            "Small perturbations move the probabilities {} times as far with noise in training and {} times as far with \
             dropout. Dropout disturbs hidden units one by one; noise on all pixels moves them all together, and only \
             training with it has shown that to a network.",
            spread(&ratio(noise)),
            spread(&ratio(dropout)),
        ));
}

fn show(finding: &mut Finding, levels: &[f64], networks: &[Networks<'_>; NAMES.len()]) {
    let mut header = vec!["trained".to_owned()];
    header.extend(levels.iter().map(|&std| format!("σ = {}", figure(std))));
    header.push("change for length".to_owned());
    let header: Vec<&str> = header.iter().map(String::as_str).collect();
    let mut table = Table::new("Test accuracy under noise of standard deviation σ on the pixels", &header);
    let mut chart = Chart::new("Accuracy under noise")
        .x_label("standard deviation of the noise (black to white is 1)")
        .y_label("test accuracy");
    for (networks, name) in networks.iter().zip(NAMES) {
        let accuracies: Vec<Vec<f64>> = (0..levels.len()).map(|level| networks.at(level)).collect();
        let cells = accuracies.iter().map(|accuracies| spread(accuracies));
        table = table.row([name.to_owned()].into_iter().chain(cells).chain([spread(&networks.sensitivities())]));
        let means = accuracies.iter().map(|accuracies| mean_and_deviation(accuracies).0);
        chart = chart.line(name, levels.iter().copied().zip(means));
    }
    finding.table(table);
    finding.picture("accuracy", "Test accuracy under noise, mean over seeds", &chart);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_level_without_noise_does_not_count_as_noise() {
        let runs = [[0.875, 0.75, 0.5], [0.5, 0.5, 0.25]]
            .map(|accuracy| Robustness { accuracy: accuracy.to_vec(), sensitivity: 0.0 });
        let networks = Networks(runs.iter().collect());
        assert_eq!(networks.under_noise(), [0.625, 0.375]);
        assert_eq!(networks.at(2), [0.5, 0.25]);
    }
}
