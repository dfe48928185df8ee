//! What one output of stacked convolutions depends on, seen in its gradient with respect to the input.

use anyhow::Result;
use burn::module::Module;
use burn::nn::PaddingConfig2d;
use burn::nn::conv::{Conv2d, Conv2dConfig};
use burn::tensor::Tensor;
use burn_mlp::{Init, LayerInit};
use burn_mlp_train::values;
use mlp_plot::{Heatmap, Panels};
use serde::{Deserialize, Serialize};

use crate::Platform;
use crate::finding::{Bound, Claim, Finding, Table};
use crate::platform::Device;

/// Side of the input: a pixel more than 7 on each side.
const SIDE: usize = 9;

/// Small kernels stacked and the large one in whose place they stand: how many of 3×3, and the side of the large one.
const PAIRS: [(usize, usize); 2] = [(2, 5), (3, 7)];

/// The fields of each of [`PAIRS`]: of the stack and of the single convolution.
#[derive(Serialize, Deserialize)]
pub struct Kernels {
    pairs: Vec<[Field; 2]>,
}

/// What an output in the middle depends on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Field {
    /// Weights of the convolutions.
    weights: usize,
    /// The gradient of each pixel in per cent of the largest, summed over channels; 0 exactly where there is none, and
    /// else at least 1.
    gradient: Vec<u8>,
}

impl Kernels {
    /// Those of convolutions with weights drawn with `seed`.
    ///
    /// # Errors
    ///
    /// If there are no channels.
    pub fn measure<P: Platform>(channels: usize, seed: u64, device: &Device<P>) -> Result<Self> {
        let field = |kernels: &[usize]| Field::of::<P>(kernels, channels, seed, device);
        let pairs = PAIRS.map(|(stacked, single)| [field(&vec![3; stacked]), field(&[single])]);
        Ok(Self { pairs: pairs.into() })
    }
}

impl Field {
    /// That of convolutions with kernels of these sides one behind the other.
    fn of<P: Platform>(kernels: &[usize], channels: usize, seed: u64, device: &Device<P>) -> Self {
        let convolutions: Vec<Conv2d<P::Train>> =
            kernels.iter().map(|&kernel| convolution(kernel, channels, device)).collect();
        let init = LayerInit::weight(Init::Normal { mean: 0.0, std: 1.0 });
        let convolutions = init.apply(convolutions, seed);
        let x = Tensor::<P::Train, 4>::zeros([1, channels, SIDE, SIDE], device).require_grad();
        let y = convolutions.iter().fold(x.clone(), |x, convolution| convolution.forward(x));
        let middle = SIDE / 2..SIDE / 2 + 1;
        let gradients = y.slice([0..1, 0..1, middle.clone(), middle]).sum().backward();
        let of_pixels = x.grad(&gradients).map(|gradient| values(gradient.abs().sum_dim(1))).unwrap_or_default();
        Self { weights: convolutions.num_params(), gradient: per_cent(&of_pixels) }
    }

    /// How many pixels the output depends on.
    fn pixels(&self) -> usize {
        self.gradient.iter().filter(|&&gradient| gradient > 0).count()
    }

    /// How many pixels one output depends on and the other does not.
    fn unlike(&self, other: &Self) -> usize {
        let pairs = self.gradient.iter().zip(&other.gradient);
        pairs.filter(|(one, other)| (**one > 0) != (**other > 0)).count()
    }

    fn heatmap(&self, title: &str) -> Heatmap {
        let rows = self.gradient.chunks(SIDE).map(|row| row.iter().map(|&gradient| f64::from(gradient)));
        Heatmap::new(title, rows).decimals(0)
    }
}

fn convolution<B: burn::tensor::backend::Backend>(kernel: usize, channels: usize, device: &B::Device) -> Conv2d<B> {
    let padding = kernel / 2;
    Conv2dConfig::new([channels; 2], [kernel; 2])
        .with_padding(PaddingConfig2d::Explicit(padding, padding, padding, padding))
        .with_bias(false)
        .init(device)
}

fn per_cent(values: &[f32]) -> Vec<u8> {
    let largest = values.iter().copied().fold(0.0, f32::max);
    values.iter().map(|&value| (100.0 * value / largest).ceil() as u8).collect()
}

/// Adds what three small kernels see, and how many weights they save.
pub fn add(measurements: &[&Kernels], finding: &mut Finding) {
    let mut table = Table::new(
        "One output of convolutions without activations",
        &["convolutions", "pixels it depends on", "weights"],
    );
    for (pair, (stacked, single)) in PAIRS.into_iter().enumerate() {
        let names = [format!("{stacked} of 3×3"), format!("1 of {single}×{single}")];
        for (index, name) in names.iter().enumerate() {
            let field = &measurements[0].pairs[pair][index];
            table = table.row([name.clone(), field.pixels().to_string(), field.weights.to_string()]);
        }
        let each = |quantity: fn(&[Field; 2]) -> f64| -> Vec<f64> {
            measurements.iter().map(|kernels| quantity(&kernels.pairs[pair])).collect()
        };
        let [stack, one] = &names;
        let seen = each(|[stack, _]| stack.pixels() as f64);
        let unlike = each(|[stack, one]| stack.unlike(one) as f64);
        let saved = each(|[stack, one]| stack.weights as f64 / one.weights as f64);
        let share = (9 * stacked) as f64 / (single * single) as f64;
        finding
            .claim(Claim::check(
                format!("Convolutions, {stack}: pixels that an output depends on"),
                seen,
                Bound::Equal((single * single) as f64),
            ))
            .claim(Claim::check(
                format!("Convolutions, {stack} and {one}: pixels that one output depends on and the other does not"),
                unlike,
                Bound::Equal(0.0),
            ))
            .claim(Claim::check(format!("Convolutions, {stack} over {one}: weights"), saved, Bound::Equal(share)));
    }
    let [stack, one] = &measurements[0].pairs[PAIRS.len() - 1];
    let panels = Panels::new("Gradient of one output, in per cent of the largest", 2)
        .with(&stack.heatmap("Three 3×3 convolutions"))
        .with(&one.heatmap("One 7×7 convolution"));
    finding.table(table).picture("receptive-field", "What one output depends on, for the first seed", &panels);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::test::TestPlatform;

    #[test]
    fn an_output_sees_as_far_as_its_kernels_reach() {
        let of = |kernels: &[usize]| Field::of::<TestPlatform>(kernels, 2, 3, &Default::default());
        assert_eq!((of(&[3]).pixels(), of(&[3]).weights), (9, 36));
        assert_eq!((of(&[3, 3]).pixels(), of(&[3, 3]).weights), (25, 72));
        assert_eq!(of(&[3, 3]).unlike(&of(&[5])), 0);
        assert_eq!(of(&[3, 3]).unlike(&of(&[3])), 16);
    }

    #[test]
    fn no_gradient_is_0_and_a_small_one_is_1() {
        assert_eq!(per_cent(&[0.0, 1e-9, 0.5, 1.0]), [0, 1, 50, 100]);
    }
}
