//! How hidden units depend on each other, and how often they are active.

use burn::tensor::{Tensor, backend::Backend};
use burn_mlp::Mlp;
use burn_mlp_train::values;
use serde::{Deserialize, Serialize};

/// The units of a hidden layer over some images.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) struct Units {
    /// Mean absolute correlation of two units, over all pairs of units that are not constant.
    pub(super) correlation: f64,
    /// Mean fraction of the units that are above 0.
    pub(super) active: f64,
}

impl Units {
    /// The units of each hidden layer, dropout off.
    pub(super) fn of_layers<B: Backend>(mlp: &Mlp<B>, images: Tensor<B, 2>) -> Vec<Self> {
        let mut x = images;
        let mut of_layer = |layer: &burn_mlp::HiddenLayer<B>| {
            x = layer.forward(x.clone());
            Self::new(x.clone())
        };
        mlp.hidden.iter().map(&mut of_layer).collect()
    }

    /// Of activations `[images, units]`.
    fn new<B: Backend>(h: Tensor<B, 2>) -> Self {
        let scalar = |tensor: Tensor<B, 1>| f64::from(values(tensor)[0]);
        let active = scalar(h.clone().greater_elem(0.0).float().mean());
        let centred = h.clone() - h.mean_dim(0);
        // Constant units become zeros, which correlate with nothing.
        let norms = centred.clone().square().sum_dim(0).sqrt();
        let varying = values(norms.clone()).into_iter().filter(|&norm| norm > 1e-6).count() as f64;
        let units = centred / norms.clamp_min(1e-6);
        let correlations = units.clone().transpose().matmul(units);
        // Each unit's correlation with itself is 1.
        let others = scalar(correlations.abs().sum()) - varying;
        Self { correlation: others / (varying * (varying - 1.0)), active }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::Inner;
    use crate::platform::test::TestPlatform;

    #[test]
    fn correlations_are_those_of_pairs_of_units_that_vary() {
        // Columns: x, -2x, one that is uncorrelated with both, a constant.
        let h = [[1.0, -2.0, 1.0, 5.0], [2.0, -4.0, -2.0, 5.0], [3.0, -6.0, 1.0, 5.0]];
        let units = Units::new(Tensor::<Inner<TestPlatform>, 2>::from_floats(h, &Default::default()));
        // Of three pairs one has a correlation of -1, two of 0.
        assert!((units.correlation - 1.0 / 3.0).abs() < 1e-5, "{units:?}");
        assert!((units.active - 8.0 / 12.0).abs() < 1e-6, "{units:?}");
    }
}
