//! The networks, and the gradients of their last state.

use anyhow::Result;
use burn::module::Param;
use burn::tensor::{Tensor, TensorData};
use burn_mlp::{Init, Key, LstmConfig, RnnConfig};
use burn_mlp_train::values;
use serde::{Deserialize, Serialize};

use super::settings::{RecurrentGradients, RecurrentGradientsParameters};
use crate::finding::figure;
use crate::{Lab, Platform};

/// Scale of the inputs: tanh is its own argument to 1e-6 as long as states stay below 1e-3.
const INPUT_SCALE: f64 = 1e-6;

/// Gradients of one network.
#[derive(Serialize, Deserialize)]
pub(super) struct Gradients {
    /// Norm for the input `t` steps back, from 0 on.
    pub(super) influence: Vec<f64>,
    /// Norm for the recurrent weights.
    pub(super) weights: f64,
}

/// One kind of network.
#[derive(Clone, Copy)]
pub(super) enum Kind {
    Plain { radius: f64 },
    Lstm { forget_bias: f64 },
}

impl Kind {
    pub(super) fn name(self) -> String {
        match self {
            Self::Plain { radius } => format!("Plain, ρ = {}", figure(radius)),
            Self::Lstm { forget_bias } => format!("LSTM, forget bias {}", figure(forget_bias)),
        }
    }

    /// The factor on the gradient for each step back.
    pub(super) fn factor(self) -> f64 {
        match self {
            Self::Plain { radius } => radius,
            Self::Lstm { forget_bias } => 1.0 / (1.0 + (-forget_bias).exp()),
        }
    }
}

impl RecurrentGradients {
    /// Gradients of a random direction of the last state.
    pub(super) fn gradients<P: Platform>(
        &self,
        kind: Kind,
        seed: u64,
        steps: usize,
        lab: &Lab<P>,
    ) -> Result<Gradients> {
        let RecurrentGradientsParameters { d_hidden, d_input, batch_size, .. } = self.experiment;
        let device = lab.device();
        let x = Tensor::<P::Train, 3>::from_data(self.inputs(seed, steps), device).require_grad();
        let direction = normals(Key::new(seed, *b"directio"), d_hidden, 1.0);
        let direction = Tensor::<P::Train, 2>::from_data(TensorData::new(direction, [1, d_hidden]), device);
        let (states, recurrent) = match kind {
            Kind::Plain { radius } => {
                let mut rnn = RnnConfig::new(d_input, d_hidden).with_seed(seed).init::<P::Train>(device)?;
                let weight = orthogonal(d_hidden, seed).into_iter().flatten().map(|entry| (radius * entry) as f32);
                let weight = TensorData::new(weight.collect::<Vec<f32>>(), [d_hidden, d_hidden]);
                rnn.recurrence.hidden.weight = Param::from_data(weight, device);
                (rnn.forward(x.clone(), None), rnn.recurrence.hidden.weight.val())
            }
            Kind::Lstm { forget_bias } => {
                let config = LstmConfig::new(d_input, d_hidden).with_forget_bias(Some(forget_bias));
                // Without weights from the state the cell is the only path through time.
                let lstm = config.with_recurrent_init(Init::Zeros).with_seed(seed).init::<P::Train>(device)?;
                (lstm.forward(x.clone(), None).0, lstm.candidate.hidden.weight.val())
            }
        };
        let last = states.narrow(1, steps - 1, 1).reshape([batch_size, d_hidden]);
        let gradients = (last * direction).sum().backward();
        let by_input = x.grad(&gradients).map(values).unwrap_or_default();
        let by_weight = recurrent.grad(&gradients).map(values).unwrap_or_default();
        let at = |time: usize| {
            let of_sequence = |sequence: usize| {
                let first = (sequence * steps + time) * d_input;
                &by_input[first..first + d_input]
            };
            norm((0..batch_size).flat_map(of_sequence))
        };
        Ok(Gradients { influence: (0..steps).rev().map(at).collect(), weights: norm(&by_weight) })
    }

    /// How much the norm of the weight gradient changes when the sequence is twice as long.
    pub(super) fn change_of_weights<P: Platform>(&self, kind: Kind, seed: u64, lab: &Lab<P>) -> Result<f64> {
        let steps = self.experiment.steps;
        let short = self.gradients(kind, seed, steps, lab)?.weights;
        let long = self.gradients(kind, seed, 2 * steps, lab)?.weights;
        Ok((long - short).abs() / short)
    }

    /// Inputs drawn from the last step backwards: a longer sequence ends like a shorter one.
    fn inputs(&self, seed: u64, steps: usize) -> TensorData {
        let RecurrentGradientsParameters { d_input, batch_size, .. } = self.experiment;
        let mut inputs = Vec::with_capacity(batch_size * steps * d_input);
        for sequence in 0..batch_size {
            for back in (0..steps).rev() {
                let key = Key::new(seed, *b"sequence").at(sequence as u64, back as u64);
                inputs.extend(normals(key, d_input, INPUT_SCALE));
            }
        }
        TensorData::new(inputs, [batch_size, steps, d_input])
    }
}

/// Rows of a random orthogonal matrix, by Gram and Schmidt, twice for the sake of rounding.
fn orthogonal(size: usize, seed: u64) -> Vec<Vec<f64>> {
    let mut normals = Key::new(seed, *b"orthogon").normals();
    let mut rows: Vec<Vec<f64>> = Vec::with_capacity(size);
    for _ in 0..size {
        let mut row: Vec<f64> = normals.by_ref().take(size).collect();
        for other in rows.iter().chain(&rows) {
            let overlap: f64 = row.iter().zip(other).map(|(a, b)| a * b).sum();
            row.iter_mut().zip(other).for_each(|(a, b)| *a -= overlap * b);
        }
        let length = row.iter().map(|a| a * a).sum::<f64>().sqrt();
        row.iter_mut().for_each(|a| *a /= length);
        rows.push(row);
    }
    rows
}

fn normals(key: Key, count: usize, scale: f64) -> Vec<f32> {
    key.normals().take(count).map(|normal| (scale * normal) as f32).collect()
}

fn norm<'a>(values: impl IntoIterator<Item = &'a f32>) -> f64 {
    values.into_iter().map(|&value| f64::from(value).powi(2)).sum::<f64>().sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_of_an_orthogonal_matrix_are_unit_vectors_at_right_angles() {
        let rows = orthogonal(30, 5);
        for (i, one) in rows.iter().enumerate() {
            for (j, other) in rows.iter().enumerate() {
                let product: f64 = one.iter().zip(other).map(|(a, b)| a * b).sum();
                assert!((product - f64::from(u8::from(i == j))).abs() < 1e-12);
            }
        }
    }

    #[test]
    fn a_longer_sequence_ends_like_a_shorter_one() {
        let mut settings = RecurrentGradients::default();
        settings.experiment.d_input = 2;
        settings.experiment.batch_size = 1;
        let read = |steps| settings.inputs(3, steps).to_vec::<f32>().unwrap();
        assert_eq!(read(5)[4..], read(3));
    }
}
