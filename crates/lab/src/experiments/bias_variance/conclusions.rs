//! What follows from bias and variance of the models.

use mlp_plot::Chart;

use super::decomposition::Decomposition;
use super::measurement::Measurement;
use super::settings::BiasVariance;
use crate::curves::over_seeds;
use crate::finding::{Bound, Claim, Finding, Table, spread};

/// Rounding in sums of some thousand squares, as a part of the sum.
const ROUNDING: f64 = 1e-9;

/// One model over the seeds.
struct Model<'a> {
    name: String,
    runs: Vec<&'a Decomposition>,
}

/// A name, and what has it of a decomposition.
type Metric = (&'static str, fn(&Decomposition) -> f64);

impl Model<'_> {
    fn values(&self, metric: impl Fn(&Decomposition) -> f64) -> Vec<f64> {
        self.runs.iter().map(|run| metric(run)).collect()
    }
}

impl BiasVariance {
    pub(super) fn conclude_models(&self, finding: &mut Finding, measurements: &[Measurement]) {
        let runs = measurements.iter().map(|measurement| &measurement.linear_model).collect();
        let linear = Model { name: "linear model".to_owned(), runs };
        let of_width = |(index, width): (usize, &usize)| Model {
            name: format!("network with {width} hidden units"),
            runs: measurements.iter().map(|measurement| &measurement.networks[index]).collect(),
        };
        let networks: Vec<Model<'_>> = self.experiment.networks.widths.iter().enumerate().map(of_width).collect();
        claim_ends(finding, &linear, &networks[networks.len() - 1]);
        self.claim_threshold(finding, &networks);
        self.claim_sum(finding, measurements);
        let bias = measurements.iter().map(|measurement| measurement.linear_truth.bias_squared);
        finding.claim(Claim::measured(
            "Control: bias² of the linear model where the true function is linear, with variance 1",
            bias.collect::<Vec<f64>>(),
        ));
        self.report(finding, &linear, &networks);
    }

    /// The error is highest where networks begin to fit any targets.
    fn claim_threshold(&self, finding: &mut Finding, networks: &[Model<'_>]) {
        let threshold = self.experiment.threshold();
        for other in [threshold - 1, networks.len() - 1] {
            let [at, other] = [&networks[threshold], &networks[other]];
            let sentence = format!("Bias² + variance, {} (interpolation threshold) minus {}", at.name, other.name);
            finding.claim(Claim::difference(
                sentence,
                &at.values(Decomposition::sum),
                &other.values(Decomposition::sum),
            ));
        }
    }

    /// Bias, variance and noise are all there is.
    fn claim_sum(&self, finding: &mut Finding, measurements: &[Measurement]) {
        let noise = self.experiment.task.noise.powi(2);
        let gap = |model: &Decomposition| (model.sum() / model.distance - 1.0).abs();
        let largest = |measured: &Measurement| measured.models().map(gap).fold(0.0, f64::max);
        let ratio = |measured: &Measurement| {
            let models: Vec<f64> = measured.models().map(|model| model.error / (model.sum() + noise)).collect();
            models.iter().sum::<f64>() / models.len() as f64
        };
        finding
            .claim(Claim::check(
                "Bias² + variance, relative distance from the mean squared distance to the true function, largest over models",
                measurements.iter().map(largest).collect::<Vec<f64>>(),
                Bound::EachAtMost(ROUNDING),
            ))
            .claim(Claim::measured(
                "Error on noisy targets over bias² + variance + noise, mean over models",
                measurements.iter().map(ratio).collect::<Vec<f64>>(),
            ));
    }

    fn report(&self, finding: &mut Finding, linear: &Model<'_>, networks: &[Model<'_>]) {
        let task = &self.experiment.task;
        let mut table = Table::new(
            format!("{} training sets of {} examples, noise {}²", task.draws, task.train_examples, task.noise),
            &["model", "bias²", "variance", "bias² + variance", "training error"],
        );
        for model in std::iter::once(linear).chain(networks) {
            table = table.row([
                model.name.clone(),
                spread(&model.values(|run| run.bias_squared)),
                spread(&model.values(|run| run.variance)),
                spread(&model.values(Decomposition::sum)),
                spread(&model.values(|run| run.train)),
            ]);
        }
        let widths = &self.experiment.networks.widths;
        let mut chart = Chart::new("Bias and variance").x_label("hidden units").y_label("squared error").log_x();
        let metrics: [Metric; 4] = [
            ("bias²", |run| run.bias_squared),
            ("variance", |run| run.variance),
            ("bias² + variance", Decomposition::sum),
            ("training error", |run| run.train),
        ];
        for (name, metric) in metrics {
            let curve = |seed: usize| {
                let points = widths.iter().zip(networks);
                points.map(|(&width, model)| (width as f64, metric(model.runs[seed]))).collect()
            };
            chart = over_seeds(chart, name, &(0..linear.runs.len()).map(curve).collect::<Vec<_>>());
        }
        let ends = [widths[0], widths[widths.len() - 1]].map(|width| width as f64);
        for (name, metric) in &metrics[..2] {
            let values = linear.values(metric);
            let mean = values.iter().sum::<f64>() / values.len() as f64;
            chart = chart.guide(&format!("{name} of the linear model"), ends.map(|x| (x, mean)));
        }
        let caption = "Bias², variance and their sum by the number of hidden units, and those of the linear model";
        finding.table(table).picture("networks", caption, &chart);
    }
}

/// The two ends: much bias and little variance, and the other way round.
fn claim_ends(finding: &mut Finding, linear: &Model<'_>, network: &Model<'_>) {
    let (bias, variance) = (|run: &Decomposition| run.bias_squared, |run: &Decomposition| run.variance);
    let name = &network.name;
    finding
        .claim(Claim::difference(
            format!("Bias², linear model minus {name}"),
            &linear.values(bias),
            &network.values(bias),
        ))
        .claim(Claim::difference(
            format!("Variance, {name} minus linear model"),
            &network.values(variance),
            &linear.values(variance),
        ))
        .claim(Claim::measured(
            "Linear model: bias² as a part of bias² + variance",
            linear.values(|run| run.bias_squared / run.sum()),
        ))
        .claim(Claim::measured(
            format!("{}: variance as a part of bias² + variance", capitalized(name)),
            network.values(|run| run.variance / run.sum()),
        ));
}

fn capitalized(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}
