//! XOR, which no linear model can learn, and AND, which one can.

use anyhow::Result;
use burn::tensor::{Int, Tensor};
use burn_mlp::CrossEntropy;
use burn_mlp_train::values;
use serde::{Deserialize, Serialize};

use super::fit::{Descent, config};
use super::settings::{GateParameters, HiddenLayers};
use crate::finding::{Bound, Claim, Finding, Table, spread};
use crate::{Lab, Platform};

const INPUTS: [[f32; 2]; 4] = [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]];
const XOR: [i32; 4] = [0, 1, 1, 0];
const AND: [i32; 4] = [0, 0, 0, 1];

/// What is measured with one seed.
#[derive(Serialize, Deserialize)]
pub(super) struct Gates {
    xor: [Learned; 2],
    and: [Learned; 2],
}

/// Loss and accuracy on the four inputs after training.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Learned {
    loss: f64,
    accuracy: f64,
}

impl HiddenLayers {
    pub(super) fn measure_gates<P: Platform>(&self, lab: &Lab<P>, seed: u64) -> Result<Gates> {
        let GateParameters { hidden, steps, learning_rate } = self.experiment.gates;
        let learned = |hidden: &[usize], classes: [i32; 4]| -> Result<Learned> {
            let x = Tensor::<P::Train, 2>::from_floats(INPUTS, lab.device());
            let y = Tensor::<P::Train, 1, Int>::from_ints(classes, lab.device());
            let config = config(2, hidden, 2, seed);
            let descent = Descent { steps, learning_rate };
            let network = descent.fit(lab, &config, CrossEntropy::default(), |_| (x.clone(), y.clone()))?;
            let logits = network.forward(x.inner());
            let loss = values(CrossEntropy::default().forward(logits.clone(), y.inner()))[0];
            let logits = values(logits);
            let right =
                logits.chunks(2).zip(classes).filter(|(logits, class)| i32::from(logits[1] > logits[0]) == *class);
            Ok(Learned { loss: f64::from(loss), accuracy: right.count() as f64 / 4.0 })
        };
        let both = |classes| Ok::<_, anyhow::Error>([learned(&[], classes)?, learned(&[hidden], classes)?]);
        Ok(Gates { xor: both(XOR)?, and: both(AND)? })
    }

    pub(super) fn conclude_gates(&self, finding: &mut Finding, measurements: &[&Gates]) {
        let xor = |model: usize, metric: fn(&Learned) -> f64| -> Vec<f64> {
            measurements.iter().map(|measured| metric(&measured.xor[model])).collect()
        };
        let and = |model: usize, metric: fn(&Learned) -> f64| -> Vec<f64> {
            measurements.iter().map(|measured| metric(&measured.and[model])).collect()
        };
        let [loss, accuracy]: [fn(&Learned) -> f64; 2] = [|run| run.loss, |run| run.accuracy];
        let units = self.experiment.gates.hidden;
        let above = xor(0, loss).into_iter().map(|loss| loss - std::f64::consts::LN_2).collect::<Vec<f64>>();
        finding
            .claim(Claim::check("XOR, linear model: accuracy", xor(0, accuracy), Bound::EachAtMost(0.75)))
            .claim(Claim::measured("XOR, linear model: loss minus ln 2, that of no knowledge", above))
            .claim(Claim::measured(format!("XOR, {units} hidden units: accuracy"), xor(1, accuracy)))
            .claim(Claim::difference(
                format!("XOR: loss of the linear model minus that with {units} hidden units"),
                &xor(0, loss),
                &xor(1, loss),
            ))
            .claim(Claim::paired(
                format!("Control: accuracy on AND, {units} hidden units minus linear model"),
                &and(1, accuracy),
                &and(0, accuracy),
            ));
        let header = ["model", "XOR: loss", "XOR: accuracy", "AND: loss", "AND: accuracy"];
        let mut table = Table::new("Two inputs, after training on all four pairs", &header);
        for (model, name) in ["linear".to_owned(), format!("{units} hidden units")].into_iter().enumerate() {
            let figures = [xor(model, loss), xor(model, accuracy), and(model, loss), and(model, accuracy)];
            table = table.row(std::iter::once(name).chain(figures.iter().map(|values| spread(values))));
        }
        finding.table(table);
    }
}

#[cfg(test)]
mod tests {
    use burn_fashion_mnist::FashionMnist;
    use burn_mlp_train::Placement;

    use super::*;
    use crate::platform::test::TestPlatform;

    #[test]
    fn xor_needs_a_hidden_layer_and_and_does_not() {
        let lab = Lab::<TestPlatform>::new(FashionMnist::sample().unwrap(), Default::default(), Placement::HOST, true);
        let mut settings = HiddenLayers::default();
        settings.experiment.gates = GateParameters { hidden: 16, steps: 300, learning_rate: 0.05 };
        let Gates { xor, and } = settings.measure_gates(&lab, 1).unwrap();
        assert!((xor[0].loss - std::f64::consts::LN_2).abs() < 1e-3 && xor[0].accuracy <= 0.75, "{xor:?}");
        assert!([xor[1], and[0], and[1]].iter().all(|run| run.accuracy == 1.0), "{xor:?}, {and:?}");
    }
}
