//! What is measured of the task with one seed.

use anyhow::Result;
use serde::{Deserialize, Serialize};

use super::network::Memory;
use super::settings::RecallParameters;
use super::training::{Recalled, Task};
use crate::{Lab, Platform};

/// What trained networks remember.
#[derive(Serialize, Deserialize)]
pub struct Recall {
    /// By network, as in [`RecallParameters::memories`], by lag, and by learning rate.
    by_rate: Vec<Vec<Vec<Recalled>>>,
    /// The plain network at the longest lag, at the learning rate that saturates it.
    pub(super) saturated: Recalled,
    /// An LSTM whose labels have nothing to do with the sequences, at the shortest lag.
    pub(super) untold: Recalled,
}

impl RecallParameters {
    /// The networks that are compared.
    pub(super) fn memories(&self) -> [(&'static str, Memory); 3] {
        [
            ("Plain network", Memory::Plain),
            ("LSTM, forget gate open", Memory::Lstm { forget_bias: self.open_bias }),
            ("LSTM, forget gate half shut", Memory::Lstm { forget_bias: 0.0 }),
        ]
    }
}

impl Recall {
    /// Trains every network at every lag.
    pub fn measure<P: Platform>(parameters: &RecallParameters, lab: &Lab<P>, seed: u64) -> Result<Self> {
        let train =
            |memory, lag, told, rates: &[f64]| parameters.train_all(lab, Task { memory, lag, told }, rates, seed);
        let of_memory = |(name, memory): (&str, Memory)| -> Result<Vec<Vec<Recalled>>> {
            lab.tell(format!("recall, {name}: seed {seed}"));
            parameters.lags.iter().map(|&lag| train(memory, lag, true, &parameters.rates)).collect()
        };
        let [shortest, longest] = parameters.extremes();
        let [_, (_, open), _] = parameters.memories();
        let saturating = [parameters.saturating_rate];
        Ok(Self {
            by_rate: parameters.memories().into_iter().map(of_memory).collect::<Result<_>>()?,
            saturated: train(Memory::Plain, longest, true, &saturating)?.remove(0),
            untold: train(open, shortest, false, &parameters.rates[..1])?.remove(0),
        })
    }

    /// The run of a network at a lag whose loss is lowest, with the index of its learning rate.
    pub(super) fn best(&self, memory: usize, lag: usize) -> (usize, &Recalled) {
        let runs = self.by_rate[memory][lag].iter().enumerate();
        runs.min_by(|(_, one), (_, other)| one.loss.total_cmp(&other.loss)).expect("at least one learning rate")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lowest_loss_decides_about_the_rate() {
        let run = |loss, accuracy| Recalled { loss, accuracy, reach: 0.0 };
        let recall = Recall {
            by_rate: vec![vec![vec![run(0.5, 0.9), run(0.2, 0.8), run(0.7, 1.0)]]],
            saturated: run(0.0, 0.0),
            untold: run(0.0, 0.0),
        };
        let (rate, best) = recall.best(0, 0);
        assert_eq!((rate, best.accuracy), (1, 0.8));
    }
}
