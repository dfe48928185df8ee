//! # Question
//!
//! What does a penalty on the weights do to a model with more weights than examples?
//!
//! # Variants
//!
//! `y = 0.05 + Σ 0.01·xᵢ + ε`, `ε ~ N(0, 0.01²)`, 200 features, 20 training and 100 test examples, weights from N(0, 1).
//! Set A: `x ~ N(0, 1)`, batches of 5, λ = 0 and 3. Set B: `x ~ U[0, 1)`, batches of 1, λ = 0.005 and 4. Each from scratch
//! with the penalty in the loss, and by modules with decay in the optimizer, on the weight only. Also L1 against L2, and
//! penalty against decay under SGD and under Adam. As a control, the same with batches in another order.
//!
//! # Held equal
//!
//! Examples, initial weights, batches and learning rate.
//!
//! # Measured
//!
//! `‖w‖` after training, the losses `½(y - ŷ)²` without penalty over epochs; the fraction of the weights that are zero; the
//! distance between the weights of two variants.
//!
//! # Expected
//!
//! A step is `w ← (1 - ηλ)w - η/|B|·Σ x(wᵀx + b - y)`: the texts add the penalty to the loss of every example of a batch,
//! sum, and divide by the batch size. 20 examples determine 20 directions of the weight; the other 180 keep what the
//! decay leaves of their `√180 ≈ 13.4`: all of it at λ = 0, `(1 - 0.009)⁴⁰⁰` of it, 0.36, in set A at λ = 3. In set B at
//! λ = 4 nothing of it is left, and `‖w‖` is that of the penalized fit, 0.09 where the bias is still on its way.
//! Without decay the training loss is far below the test loss, which falls with it. L1 zeroes all but as many weights as
//! there are examples; L2 none. For SGD penalty and decay are one update; Adam divides the penalty's gradient by its own
//! size, and decays less.

mod adam;
mod lasso;
mod regression;
mod sets;
mod settings;

use anyhow::Result;
use burn_fashion_mnist::{Inputs, LinearDataConfig};
use serde::{Deserialize, Serialize};

use self::adam::AdamMeasurement;
use self::lasso::LassoMeasurement;
use self::regression::Regression;
use self::sets::SetMeasurement;
use crate::finding::Finding;
use crate::{Experiment, Lab, Platform};

pub use settings::WeightDecay;
use settings::WeightDecayParameters;

/// What is measured with one seed.
#[derive(Serialize, Deserialize)]
pub struct Measurement {
    /// Sets A and B.
    sets: [SetMeasurement; 2],
    lasso: LassoMeasurement,
    adam: AdamMeasurement,
}

impl Experiment for WeightDecay {
    const NAME: &'static str = "weight-decay";
    const QUESTION: &'static str = "What does a penalty on the weights do where there are more weights than examples?";
    const CONFIG: &'static str = include_str!("../../../../../configs/weight-decay.toml");
    const QUICK: &'static [&'static str] = &["experiment.adam_penalties=[0.3, 3.0]"];

    type Measurement = Measurement;

    fn measure<P: Platform>(&self, lab: &Lab<P>, seed: u64) -> Result<Measurement> {
        lab.tell(format!("seed {seed}: sets A and B"));
        let sets = self.sets().map(|set| self.measure_set(lab, &set, seed));
        lab.tell(format!("seed {seed}: L1 against L2"));
        let lasso = self.measure_lasso(lab, seed)?;
        lab.tell(format!("seed {seed}: SGD and Adam"));
        Ok(Measurement { sets, lasso, adam: self.measure_adam(lab, seed) })
    }

    fn conclude(&self, measurements: &[Measurement]) -> Result<Finding> {
        let mut finding = Finding::default();
        for (index, set) in self.sets().iter().enumerate() {
            let of_set: Vec<&SetMeasurement> = measurements.iter().map(|measured| &measured.sets[index]).collect();
            self.conclude_set(&mut finding, set, &of_set);
        }
        let lasso: Vec<&LassoMeasurement> = measurements.iter().map(|measured| &measured.lasso).collect();
        self.conclude_lasso(&mut finding, &lasso);
        let adam: Vec<&AdamMeasurement> = measurements.iter().map(|measured| &measured.adam).collect();
        self.conclude_adam(&mut finding, &adam);
        Ok(finding)
    }
}

impl WeightDecay {
    /// A regression on one of the sets.
    fn regression<'a, P: Platform>(
        &self,
        lab: &'a Lab<P>,
        inputs: Inputs,
        batch_size: usize,
        seed: u64,
    ) -> Regression<'a, P> {
        let WeightDecayParameters { d_input, weight, bias, noise, learning_rate, epochs, .. } = self.experiment;
        let config = LinearDataConfig { d_input, weight, bias, noise, inputs, seed };
        let (train, test) =
            (config.draw(self.experiment.train_examples, 0), config.draw(self.experiment.test_examples, 1));
        let (device, placement) = (lab.device(), lab.placement());
        Regression { train, test, batch_size, learning_rate, epochs, seed, order: seed, device, placement }
    }
}
