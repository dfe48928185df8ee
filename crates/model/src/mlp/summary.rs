//! Model summaries: one line per layer.

use alloc::string::String;
use alloc::vec::Vec;

use burn::module::Module;
use burn::tensor::backend::Backend;

use super::Mlp;
use crate::{Dropout, Probability};

/// One line of a model summary.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LayerSummary {
    /// Type of the layer with its sizes.
    pub name: String,
    /// Path of the module inside [`Mlp`], as in its record.
    pub path: String,
    /// Number of output features.
    pub d_output: usize,
    /// Number of learned parameters.
    pub parameters: usize,
}

impl<B: Backend> Mlp<B> {
    /// The layers in the order of an equivalent `torch.nn.Sequential`. Dropout with probability zero and disabled batch
    /// normalization have no entry.
    pub fn layers(&self) -> Vec<LayerSummary> {
        let mut layers = Vec::new();
        let mut push = |name: String, path: String, d_output, parameters| {
            layers.push(LayerSummary { name, path, d_output, parameters });
        };
        let dropout = |dropout: &Dropout| alloc::format!("Dropout({})", dropout.prob());
        if self.input_dropout.prob() != Probability::ZERO {
            push(dropout(&self.input_dropout), "input_dropout".into(), self.d_input(), 0);
        }
        for (index, layer) in self.hidden.iter().enumerate() {
            let [d_input, d_output] = layer.linear.weight.dims();
            let path = |field| alloc::format!("hidden.{index}.{field}");
            let parameters = layer.linear.num_params();
            push(alloc::format!("Linear({d_input}, {d_output})"), path("linear"), d_output, parameters);
            if layer.norm.is_some() {
                push("BatchNorm".into(), path("norm"), d_output, 2 * d_output);
            }
            let slopes = layer.activation.num_params();
            push(alloc::format!("{:?}", layer.activation.function()), path("activation"), d_output, slopes);
            if layer.dropout.prob() != Probability::ZERO {
                push(dropout(&layer.dropout), path("dropout"), d_output, 0);
            }
        }
        let [d_input, d_output] = self.output.weight.dims();
        let parameters = self.output.num_params();
        push(alloc::format!("Linear({d_input}, {d_output})"), "output".into(), d_output, parameters);
        layers
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Activation, MlpConfig};
    use burn_flex::Flex;

    fn probability(value: f64) -> Probability {
        Probability::new(value).unwrap()
    }

    #[test]
    fn the_summary_is_in_sequential_order_and_counts_every_parameter() {
        let config = MlpConfig::new(784, [256, 256], 10)
            .with_dropout([probability(0.2), probability(0.5)])
            .with_batch_norm(true)
            .with_activation(Activation::ParametricRelu)
            .with_input_dropout(probability(0.1));
        let mlp = config.init::<Flex>(&Default::default()).unwrap();
        let layers = mlp.layers();
        let names: Vec<&str> = layers.iter().map(|layer| layer.name.as_str()).collect();
        let block = ["BatchNorm", "ParametricRelu"];
        assert_eq!(names[..2], ["Dropout(0.1)", "Linear(784, 256)"]);
        assert_eq!(names[2..4], block);
        assert_eq!(names[4..6], ["Dropout(0.2)", "Linear(256, 256)"]);
        assert_eq!(names[8..], ["Dropout(0.5)", "Linear(256, 10)"]);
        let sum: usize = layers.iter().map(|layer| layer.parameters).sum();
        // Burn counts the running mean and variance of batch normalization, but they are not learned.
        assert_eq!(sum, mlp.num_params() - 4 * 256);
    }
}
