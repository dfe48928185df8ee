//! Model summaries: one line per layer.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::ops::Deref;

use burn::module::Module;
use burn::tensor::backend::Backend;

use super::Mlp;
use crate::Probability;

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

/// The layers of a network, displayed as a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    layers: Vec<LayerSummary>,
}

impl Deref for Summary {
    type Target = [LayerSummary];

    fn deref(&self) -> &[LayerSummary] {
        &self.layers
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = |text: fn(&LayerSummary) -> &str, least: usize| {
            self.iter().map(|layer| text(layer).chars().count()).max().unwrap_or(0).max(least)
        };
        let (name, path) = (width(|layer| &layer.name, 5), width(|layer| &layer.path, 4));
        writeln!(formatter, "{:name$}  {:path$}  {:>7}  {:>10}", "layer", "path", "outputs", "parameters")?;
        for layer in self.iter() {
            let parameters = grouped(layer.parameters);
            writeln!(formatter, "{:name$}  {:path$}  {:>7}  {parameters:>10}", layer.name, layer.path, layer.d_output)?;
        }
        let total = grouped(self.iter().map(|layer| layer.parameters).sum());
        writeln!(formatter, "{:name$}  {:path$}  {:>7}  {total:>10}", "total", "", "")
    }
}

/// A number with a comma before every group of three digits.
fn grouped(number: usize) -> String {
    let digits = alloc::format!("{number}");
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.char_indices() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

impl<B: Backend> Mlp<B> {
    /// The layers in the order of an equivalent `torch.nn.Sequential`. Dropout with probability zero and disabled batch
    /// normalization have no entry.
    ///
    /// # Examples
    ///
    /// ```
    /// # use burn_flex::Flex;
    /// # use burn_mlp::MlpConfig;
    /// let mlp = MlpConfig::new(784, [256], 10).with_dropout(0.5).init::<Flex>(&Default::default())?;
    /// assert_eq!(
    ///     mlp.layers().to_string(),
    ///     "\
    /// layer             path                 outputs  parameters
    /// Linear(784, 256)  hidden.0.linear          256     200,960
    /// Relu              hidden.0.activation      256           0
    /// Dropout(0.5)      hidden.0.dropout         256           0
    /// Linear(256, 10)   output                    10       2,570
    /// total                                              203,530
    /// "
    /// );
    /// # Ok::<(), burn_mlp::MlpError>(())
    /// ```
    pub fn layers(&self) -> Summary {
        let mut layers = Vec::new();
        let mut push = |name: String, path: String, d_output, parameters| {
            layers.push(LayerSummary { name, path, d_output, parameters });
        };
        if self.input_dropout.prob() != Probability::ZERO {
            push(alloc::format!("Dropout({})", self.input_dropout.prob()), "input_dropout".into(), self.d_input(), 0);
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
                push(alloc::format!("Dropout({})", layer.dropout.prob()), path("dropout"), d_output, 0);
            }
        }
        let [d_input, d_output] = self.output.weight.dims();
        let parameters = self.output.num_params();
        push(alloc::format!("Linear({d_input}, {d_output})"), "output".into(), d_output, parameters);
        Summary { layers }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Activation, MlpConfig};
    use burn_flex::Flex;

    #[test]
    fn the_summary_is_in_sequential_order_and_counts_every_parameter() {
        let config = MlpConfig::new(784, [256, 256], 10)
            .with_dropout([0.2, 0.5])
            .with_batch_norm(true)
            .with_activation(Activation::ParametricRelu)
            .with_input_dropout(0.1);
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
