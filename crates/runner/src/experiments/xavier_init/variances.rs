//! Variances of weights, and of activations and gradients in linear nets.

use burn::tensor::{Tensor, TensorData};
use burn_mlp::{FanMode, Fans, Init, Key};

use super::XavierInit;
use crate::backend::{Device, Inner};
use crate::curves::over_seeds;
use crate::evaluate::values;
use crate::finding::{Bound, Claim, Finding, Table, figure, spread};
use crate::plot::{Chart, Panels};

const NORMAL: Init = Init::XavierNormal { gain: 1.0 };
const UNIFORM: Init = Init::XavierUniform { gain: 1.0 };
/// Layers whose weights are drawn: those of 784-256-256-10.
const LAYERS: [Fans; 3] =
    [Fans { fan_in: 784, fan_out: 256 }, Fans { fan_in: 256, fan_out: 256 }, Fans { fan_in: 256, fan_out: 10 }];
/// Standard errors that an interval reaches to each side of what is expected.
const ERRORS: f64 = 4.0;

/// Adds the variances of the two distributions.
pub fn add_distributions(settings: &XavierInit, finding: &mut Finding) {
    let samples = settings.experiment.samples;
    let header = ["distribution", "n_in", "n_out", "2/(n_in + n_out)", "variance", "ratio"];
    let mut table = Table::new(format!("Variance of {samples} weights"), &header);
    // The fourth moment over the squared variance, minus one: 2 for a normal, 4/5 for a uniform distribution.
    for (name, init, excess) in [("normal", NORMAL, 2.0), ("uniform", UNIFORM, 0.8)] {
        let mut ratios = vec![0.0; settings.experiment.seeds];
        let mut largest = vec![0.0_f64; settings.experiment.seeds];
        for (layer, fans) in LAYERS.into_iter().enumerate() {
            let sum = (fans.fan_in + fans.fan_out) as f64;
            let mut variances = Vec::new();
            for (index, seed) in settings.seeds().into_iter().enumerate() {
                let weights = init.sample(samples, fans, Key::new(seed, *b"weights?").at(layer as u64, 0));
                let variance = mean_square(&weights);
                let peak = weights.iter().fold(0.0_f64, |peak, &weight| peak.max(f64::from(weight).abs()));
                ratios[index] += variance * sum / 2.0 / LAYERS.len() as f64;
                largest[index] = largest[index].max(peak / (6.0 / sum).sqrt());
                variances.push(variance);
            }
            let relative: Vec<f64> = variances.iter().map(|variance| variance * sum / 2.0).collect();
            let cells = [figure(2.0 / sum), spread(&variances), spread(&relative)];
            table = table
                .row([name.to_owned(), fans.fan_in.to_string(), fans.fan_out.to_string()].into_iter().chain(cells));
        }
        let error = (excess / (samples * LAYERS.len() * settings.experiment.seeds) as f64).sqrt();
        let sentence = format!("Xavier {name}: variance of the weights over 2/(n_in + n_out), mean of three layers");
        finding.claim(Claim::measured(sentence, ratios, around(1.0, error)));
        if init == UNIFORM {
            // The bound itself is rounded to a 32-bit float.
            let sentence = "Xavier uniform: largest weight over √(6/(n_in + n_out))";
            finding.claim(Claim::measured(sentence, largest, Bound::EachAtMost(1.0 + f64::from(f32::EPSILON))));
        }
    }
    finding.table(table);
}

fn around(expected: f64, error: f64) -> Bound {
    Bound::Between(expected - ERRORS * error, expected + ERRORS * error)
}

/// Mean of the squares: the variance of what has mean 0.
fn mean_square(values: &[f32]) -> f64 {
    values.iter().map(|&value| f64::from(value).powi(2)).sum::<f64>() / values.len() as f64
}

/// Mean squares in a linear net, from the input to the output.
#[derive(Clone, Debug, PartialEq)]
struct Profile {
    /// Of the activations, over that of the input.
    activations: Vec<f64>,
    /// Of the gradients, over that at the output.
    gradients: Vec<f64>,
}

impl Profile {
    /// `h_l = h_{l-1}·W_l` from normal inputs upwards, `g_{l-1} = g_l·W_lᵀ` from normal gradients downwards; `key` names
    /// the stream of each tensor.
    fn measure(widths: &[usize], examples: usize, init: Init, key: impl Fn(u64) -> Key, device: &Device) -> Self {
        let normal = |width: usize, minor: u64| {
            let normals = key(minor).normals().take(examples * width).map(|normal| normal as f32);
            tensor(normals.collect(), [examples, width], device)
        };
        let layers = widths.windows(2).enumerate().map(|(layer, pair)| {
            let fans = Fans { fan_in: pair[0], fan_out: pair[1] };
            let weights = init.sample(fans.fan_in * fans.fan_out, fans, key(layer as u64 + 2));
            tensor(weights, [fans.fan_in, fans.fan_out], device)
        });
        let weights: Vec<Tensor<Inner, 2>> = layers.collect();
        let mut h = normal(widths[0], 0);
        let mut activations = vec![mean_square(&values(h.clone()))];
        for weight in &weights {
            h = h.matmul(weight.clone());
            activations.push(mean_square(&values(h.clone())));
        }
        let mut g = normal(widths[widths.len() - 1], 1);
        let mut gradients = vec![mean_square(&values(g.clone()))];
        for weight in weights.into_iter().rev() {
            g = g.matmul(weight.transpose());
            gradients.push(mean_square(&values(g.clone())));
        }
        let relative = |squares: Vec<f64>| squares.iter().map(|square| square / squares[0]).collect::<Vec<f64>>();
        let mut gradients = relative(gradients);
        gradients.reverse();
        Self { activations: relative(activations), gradients }
    }

    /// The mean of several.
    fn mean(profiles: &[Self]) -> Self {
        let average = |curve: fn(&Self) -> &Vec<f64>| {
            let sum = |layer: usize| profiles.iter().map(|profile| curve(profile)[layer]).sum::<f64>();
            let layers = profiles.first().map_or(0, |profile| curve(profile).len());
            (0..layers).map(|layer| sum(layer) / profiles.len() as f64).collect()
        };
        Self { activations: average(|profile| &profile.activations), gradients: average(|profile| &profile.gradients) }
    }

    fn of_output(&self) -> f64 {
        self.activations[self.activations.len() - 1]
    }

    fn of_input(&self) -> f64 {
        self.gradients[0]
    }
}

fn tensor(values: Vec<f32>, shape: [usize; 2], device: &Device) -> Tensor<Inner, 2> {
    Tensor::from_data(TensorData::new(values, shape), device)
}

impl XavierInit {
    /// For each seed the mean profile of its nets.
    fn profiles(&self, widths: &[usize], init: Init, device: &Device) -> Vec<Profile> {
        let of_net = |seed: u64, net: u64| {
            let key = |tensor| Key::new(seed, *b"linears\0").at(net, tensor);
            Profile::measure(widths, self.experiment.examples, init, key, device)
        };
        let of_seed = |seed| {
            let nets: Vec<Profile> = (0..self.experiment.networks as u64).map(|net| of_net(seed, net)).collect();
            Profile::mean(&nets)
        };
        self.seeds().into_iter().map(of_seed).collect()
    }

    /// Standard error of a mean ratio over all nets, at most; `widths` are those of the layers reached.
    fn error(&self, widths: &[usize]) -> f64 {
        let growth: f64 = widths.iter().map(|&width| 1.0 + 2.0 / width as f64).product();
        ((growth - 1.0) / (self.experiment.networks * self.experiment.seeds) as f64).sqrt()
    }
}

/// Adds what happens from layer to layer where all are equal.
pub fn add_layers(settings: &XavierInit, device: &Device, finding: &mut Finding) {
    let (depth, width, std) = (settings.experiment.depth, settings.experiment.width, settings.model.init.std);
    let widths = vec![width; depth + 1];
    let error = settings.error(&widths[1..]);
    let kinds = [
        ("Xavier normal".to_owned(), NORMAL),
        ("Xavier uniform".to_owned(), UNIFORM),
        (format!("N(0, {std}²)"), Init::Normal { mean: 0.0, std }),
        ("N(0, 1)".to_owned(), Init::Normal { mean: 0.0, std: 1.0 }),
    ];
    let chart = |title: &str| Chart::new(title).x_label("layer").y_label("variance, relative").log_y();
    let mut activations = chart("Activations, over those of the input");
    let mut gradients = chart("Gradients, over those at the output");
    let header = ["weights", "activations, output over input", "gradients, input over output"];
    let mut table = Table::new(format!("Variances over {depth} linear layers of {width} units"), &header);
    for (name, init) in kinds {
        let profiles = settings.profiles(&widths, init, device);
        let [upwards, downwards]: [Vec<f64>; 2] =
            [profiles.iter().map(Profile::of_output).collect(), profiles.iter().map(Profile::of_input).collect()];
        let curves = |curve: fn(&Profile) -> &Vec<f64>| -> Vec<Vec<(f64, f64)>> {
            let points = |profile| curve(profile).iter().enumerate().map(|(layer, &y)| (layer as f64, y)).collect();
            profiles.iter().map(points).collect()
        };
        activations = over_seeds(activations, &name, &curves(|profile| &profile.activations));
        gradients = over_seeds(gradients, &name, &curves(|profile| &profile.gradients));
        table = table.row([name.clone(), spread(&upwards), spread(&downwards)]);
        if [NORMAL, UNIFORM].contains(&init) {
            let sentence = format!("{name}: variance of the activations after {depth} linear layers over that before");
            finding.claim(Claim::measured(sentence, upwards, around(1.0, error)));
            let sentence = format!("{name}: variance of the gradients before {depth} linear layers over that after");
            finding.claim(Claim::measured(sentence, downwards, around(1.0, error)));
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

/// Adds what happens where a layer's inputs and outputs differ in number.
pub fn add_conditions(settings: &XavierInit, device: &Device, finding: &mut Finding) {
    let widths = &settings.experiment.widths;
    let kaiming = |mode| Init::KaimingNormal { gain: 1.0, mode };
    // For each rule its variance γ.
    type Rule = fn(f64, f64) -> f64;
    let rules: [(&str, Init, Rule, bool, bool); 3] = [
        ("γ = 1/n_in", kaiming(FanMode::FanIn), |n_in, _| 1.0 / n_in, true, false),
        ("γ = 1/n_out", kaiming(FanMode::FanOut), |_, n_out| 1.0 / n_out, false, true),
        // Uniform: normal weights would be those of the other rules times a constant, and so would be their ratios.
        ("γ = 2/(n_in + n_out)", UNIFORM, |n_in, n_out| 2.0 / (n_in + n_out), true, true),
    ];
    let names: Vec<String> = widths.iter().map(usize::to_string).collect();
    let header = [
        "variance of the weights",
        "activations, output over input",
        "expected",
        "gradients, input over output",
        "expected",
    ];
    let mut table = Table::new(format!("Variances in linear nets {}", names.join("-")), &header);
    for (name, init, variance, claim_upwards, claim_downwards) in rules {
        let profiles = settings.profiles(widths, init, device);
        let product = |factor: &dyn Fn(f64, f64) -> f64| -> f64 {
            widths.windows(2).map(|pair| factor(pair[0] as f64, pair[1] as f64)).product()
        };
        let up = product(&|n_in, n_out| n_in * variance(n_in, n_out));
        let down = product(&|n_in, n_out| n_out * variance(n_in, n_out));
        let upwards: Vec<f64> = profiles.iter().map(Profile::of_output).collect();
        let downwards: Vec<f64> = profiles.iter().map(Profile::of_input).collect();
        table = table.row([name.to_owned(), spread(&upwards), figure(up), spread(&downwards), figure(down)]);
        let over =
            |measured: Vec<f64>, expected: f64| measured.iter().map(|value| value / expected).collect::<Vec<f64>>();
        if claim_upwards {
            let sentence =
                format!("{name}, unequal layers: growth of the activations' variance over the predicted Π n_in·γ");
            finding.claim(Claim::measured(sentence, over(upwards, up), around(1.0, settings.error(&widths[1..]))));
        }
        if claim_downwards {
            let sentence =
                format!("{name}, unequal layers: growth of the gradients' variance over the predicted Π n_out·γ");
            let error = settings.error(&widths[..widths.len() - 1]);
            finding.claim(Claim::measured(sentence, over(downwards, down), around(1.0, error)));
        }
    }
    finding.table(table);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn profile(init: Init) -> Profile {
        Profile::measure(&[3, 2, 5], 4, init, |tensor| Key::new(1, *b"profile\0").at(0, tensor), &Device::default())
    }

    #[test]
    fn a_profile_has_the_input_and_every_layer() {
        let profile = profile(NORMAL);
        assert_eq!((profile.activations.len(), profile.gradients.len()), (3, 3));
        assert_eq!((profile.activations[0], profile.gradients[2]), (1.0, 1.0));
    }

    #[test]
    fn twice_the_weights_are_four_times_the_variance_in_each_layer() {
        let once = profile(Init::Normal { mean: 0.0, std: 1.0 });
        let twice = profile(Init::Normal { mean: 0.0, std: 2.0 });
        for (layer, factor) in [1.0, 4.0, 16.0].into_iter().enumerate() {
            assert!((twice.activations[layer] / once.activations[layer] - factor).abs() < 1e-5 * factor);
            assert!((twice.gradients[2 - layer] / once.gradients[2 - layer] - factor).abs() < 1e-5 * factor);
        }
    }

    #[test]
    fn means_are_taken_layer_by_layer() {
        let profile = |x: f64| Profile { activations: vec![1.0, x], gradients: vec![2.0 * x, 1.0] };
        assert_eq!(Profile::mean(&[profile(1.0), profile(3.0)]), profile(2.0));
    }
}
