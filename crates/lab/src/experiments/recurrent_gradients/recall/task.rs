//! Sequences whose first symbol has to be remembered.

use burn::tensor::backend::Backend;
use burn::tensor::{Int, Tensor, TensorData};
use burn_mlp::Key;

use super::settings::RecallParameters;

/// Input features that carry the distractors.
const DISTRACTORS: usize = 2;

/// Sequences with the classes that are asked for after their last step.
pub(super) struct Sequences {
    pub(super) symbols: usize,
    lag: usize,
    inputs: Vec<f32>,
    pub(super) labels: Vec<usize>,
}

impl RecallParameters {
    /// Features of an input: one for each symbol, then the distractors.
    pub(super) fn features(&self) -> usize {
        self.symbols + DISTRACTORS
    }

    /// Sequences of one symbol and `lag` normal distractors. The label is the symbol; where it is not `told`, a symbol
    /// drawn apart from the sequence. `key` names the streams of one batch.
    pub(super) fn sequences(&self, count: usize, lag: usize, told: bool, key: impl Fn(u64) -> Key) -> Sequences {
        let symbols = self.symbols;
        let draw = |minor: u64| -> Vec<usize> {
            key(minor).uniforms().take(count).map(|uniform| (uniform * symbols as f64) as usize).collect()
        };
        let shown = draw(0);
        let mut normals = key(1).normals();
        let mut inputs = Vec::with_capacity(count * (lag + 1) * self.features());
        for &symbol in &shown {
            inputs.extend((0..self.features()).map(|feature| f32::from(u8::from(feature == symbol))));
            for _ in 0..lag {
                inputs.extend((0..symbols).map(|_| 0.0));
                inputs.extend(normals.by_ref().take(DISTRACTORS).map(|normal| (self.noise * normal) as f32));
            }
        }
        let labels = if told { shown } else { draw(2) };
        Sequences { symbols, lag, inputs, labels }
    }
}

impl Sequences {
    /// As `[count, lag + 1, features]`.
    pub(super) fn inputs<B: Backend>(&self, device: &B::Device) -> Tensor<B, 3> {
        let shape = [self.labels.len(), self.lag + 1, self.symbols + DISTRACTORS];
        Tensor::from_data(TensorData::new(self.inputs.clone(), shape), device)
    }

    /// As `[count]`.
    pub(super) fn targets<B: Backend>(&self, device: &B::Device) -> Tensor<B, 1, Int> {
        let classes: Vec<i32> = self.labels.iter().map(|&label| label as i32).collect();
        Tensor::from_data(TensorData::new(classes, [self.labels.len()]), device)
    }

    /// 1 at the label of each sequence, else 0: `[count, symbols]`.
    pub(super) fn one_hot<B: Backend>(&self, device: &B::Device) -> Tensor<B, 2> {
        let row = |&label: &usize| (0..self.symbols).map(move |symbol| f32::from(u8::from(symbol == label)));
        let values: Vec<f32> = self.labels.iter().flat_map(row).collect();
        Tensor::from_data(TensorData::new(values, [self.labels.len(), self.symbols]), device)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sequences(told: bool) -> Sequences {
        let parameters = RecallParameters { symbols: 3, noise: 1.0, ..Default::default() };
        parameters.sequences(200, 4, told, |minor| Key::new(1, *b"a recall").at(0, minor))
    }

    #[test]
    fn only_the_first_step_shows_the_symbol() {
        let sequences = sequences(true);
        for (sequence, &label) in sequences.inputs.chunks_exact(5 * 5).zip(&sequences.labels) {
            let shown: Vec<usize> = (0..25).filter(|at| at % 5 < 3 && sequence[*at] != 0.0).collect();
            assert_eq!(shown, [label]);
            assert!(sequence[5..].chunks_exact(5).all(|step| step[3] != 0.0 && step[4] != 0.0));
        }
    }

    #[test]
    fn a_label_that_is_not_told_has_nothing_to_do_with_the_symbol() {
        let (told, untold) = (sequences(true), sequences(false));
        assert_eq!(told.inputs, untold.inputs);
        let equal = told.labels.iter().zip(&untold.labels).filter(|(one, other)| one == other).count();
        // 200 thirds, with a standard deviation of 6.7.
        assert!((40..=94).contains(&equal), "{equal}");
    }
}
