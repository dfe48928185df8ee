//! Cross-entropy of logits.

#[cfg(test)]
mod tests;

use alloc::vec::Vec;

use burn::tensor::{Bool, Int, Tensor, TensorData, backend::Backend};
use serde::{Deserialize, Serialize};

use crate::Probability;
use crate::log_softmax::log_probabilities;

/// Cross-entropy of logits and class indices, with label smoothing and class weights.
///
/// `-(1 - s)·w_y·log p_y - (s/C)·Σ_c w_c·log p_c` for smoothing `s`, `C` classes (Szegedy et al. 2016) and weights `w`,
/// which are 1 unless they are set. `log p` is computed with the log-sum-exp of the logits, which neither overflows nor
/// takes the logarithm of zero.
///
/// The loss of a batch is the mean over its examples, so the learning rate does not have to be scaled with the batch
/// size. With class weights it is the mean too: PyTorch divides by the sum of the weights instead, which makes the
/// gradient of an example depend on the other examples of its batch.
///
/// # Examples
///
/// ```
/// use burn::tensor::Tensor;
/// use burn_flex::Flex;
/// use burn_mlp::CrossEntropy;
///
/// let device = Default::default();
/// let logits = Tensor::<Flex, 2>::from_floats([[1000.0, 0.0], [0.0, 0.0]], &device);
/// let targets = Tensor::from_ints([0, 1], &device);
/// let losses = CrossEntropy::default().forward_each(logits, targets).to_data();
/// assert_eq!(losses.to_vec::<f32>().unwrap(), [0.0, 2.0_f32.ln()]);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct CrossEntropy {
    /// Fraction of the target probability that is spread evenly over all classes.
    pub label_smoothing: Probability,
    /// Weight of each class; empty for 1.
    pub class_weights: Vec<f32>,
}

impl CrossEntropy {
    /// Sets the fraction of the target probability that is spread evenly over all classes.
    #[must_use]
    pub fn with_label_smoothing(mut self, label_smoothing: Probability) -> Self {
        self.label_smoothing = label_smoothing;
        self
    }

    /// Sets the weight of each class.
    ///
    /// # Examples
    ///
    /// Two of three examples are of class 0. Weights of `examples/(classes·count)` make both classes count the same:
    ///
    /// ```
    /// use burn::tensor::Tensor;
    /// use burn_flex::Flex;
    /// use burn_mlp::CrossEntropy;
    ///
    /// let device = Default::default();
    /// let balanced = CrossEntropy::default().with_class_weights([3.0 / 4.0, 3.0 / 2.0]);
    /// let targets = Tensor::from_ints([0, 0, 1], &device);
    /// let losses = balanced.forward_each(Tensor::<Flex, 2>::zeros([3, 2], &device), targets).to_data();
    /// let [one, other, rare] = losses.to_vec::<f32>().unwrap()[..] else { unreachable!() };
    /// assert_eq!(one + other, rare);
    /// ```
    #[must_use]
    pub fn with_class_weights(mut self, class_weights: impl Into<Vec<f32>>) -> Self {
        self.class_weights = class_weights.into();
        self
    }

    /// Mean loss over the batch; 0 for a batch without examples.
    ///
    /// # Shapes
    ///
    /// - `logits`: `[batch, classes]`
    /// - `targets`: `[batch]`, each in `0..classes`
    /// - output: `[1]`
    ///
    /// # Panics
    ///
    /// If there are class weights, and not one for each class.
    pub fn forward<B: Backend>(&self, logits: Tensor<B, 2>, targets: Tensor<B, 1, Int>) -> Tensor<B, 1> {
        if logits.dims()[0] == 0 {
            return Tensor::zeros([1], (&logits.device(), logits.dtype()));
        }
        self.forward_each(logits, targets).mean()
    }

    /// Loss of each example.
    ///
    /// # Shapes
    ///
    /// - `logits`: `[batch, classes]`
    /// - `targets`: `[batch]`, each in `0..classes`
    /// - output: `[batch]`
    ///
    /// # Panics
    ///
    /// If there are class weights, and not one for each class.
    pub fn forward_each<B: Backend>(&self, logits: Tensor<B, 2>, targets: Tensor<B, 1, Int>) -> Tensor<B, 1> {
        let [batch, classes] = logits.dims();
        if batch == 0 {
            return Tensor::zeros([0], (&logits.device(), logits.dtype()));
        }
        #[cfg(any(feature = "flex", feature = "ndarray"))]
        if self.label_smoothing == Probability::ZERO
            && self.class_weights.is_empty()
            && let Some(losses) = crate::fused::cross_entropy(&logits, &targets)
        {
            return losses;
        }
        if !self.class_weights.is_empty() {
            assert_eq!(self.class_weights.len(), classes, "a weight for each class");
        }
        let constant = logits.clone().detach();
        let log_probabilities = log_probabilities(constant.clone());
        let gradient = self.gradient(log_probabilities.clone().exp(), targets.clone());
        // `change` is 0. It only contributes the gradient, which is known without going back through the logarithm.
        // That of a logit of -∞ is 0. Not `is_inf`, which is an operation of its own on a GPU, where this one is part of
        // what follows.
        let infinite = constant.clone().abs().equal_elem(f64::INFINITY);
        let change = (logits - constant).mask_fill(infinite, 0.0);
        ((gradient * change).sum_dim(1) - self.expected(log_probabilities, targets)).squeeze_dim(1)
    }

    /// The expected logarithm of the probability of the target, `[batch, 1]`.
    fn expected<B: Backend>(&self, log_probabilities: Tensor<B, 2>, targets: Tensor<B, 1, Int>) -> Tensor<B, 2> {
        let smoothing = self.label_smoothing.get();
        let log_probabilities = match self.weights(&log_probabilities) {
            Some(weights) => log_probabilities * weights,
            None => log_probabilities,
        };
        let of_target = log_probabilities.clone().gather(1, targets.unsqueeze_dim(1));
        if smoothing == 0.0 {
            return of_target;
        }
        of_target.mul_scalar(1.0 - smoothing) + log_probabilities.mean_dim(1).mul_scalar(smoothing)
    }

    /// The gradient of each loss with respect to its logits, `[batch, classes]`: `p·Σ_c a_c - a`, where `a_c` is the
    /// factor of `-log p_c` in the loss.
    fn gradient<B: Backend>(&self, probabilities: Tensor<B, 2>, targets: Tensor<B, 1, Int>) -> Tensor<B, 2> {
        let (classes, device) = (probabilities.dims()[1], probabilities.device());
        let indices = TensorData::new((0..classes as i32).collect::<Vec<_>>(), [classes]);
        let indices = Tensor::<B, 1, Int>::from_data(indices, (&device, targets.dtype()));
        let is_target: Tensor<B, 2, Bool> = indices.unsqueeze_dim::<2>(0).equal(targets.unsqueeze_dim(1));
        let smoothing = self.label_smoothing.get();
        if smoothing == 0.0 && self.class_weights.is_empty() {
            let at_target = probabilities.clone().sub_scalar(1.0);
            return probabilities.mask_where(is_target, at_target);
        }
        let spread = smoothing / classes as f64;
        let factors = probabilities.full_like(spread).mask_fill(is_target, 1.0 - smoothing + spread);
        let factors = match self.weights(&factors) {
            Some(weights) => factors * weights,
            None => factors,
        };
        probabilities * factors.clone().sum_dim(1) - factors
    }

    /// The class weights as a row on the device of `like`, if there are any.
    fn weights<B: Backend>(&self, like: &Tensor<B, 2>) -> Option<Tensor<B, 2>> {
        let weights = TensorData::new(self.class_weights.clone(), [1, self.class_weights.len()]);
        (!self.class_weights.is_empty()).then(|| Tensor::from_data(weights, (&like.device(), like.dtype())))
    }
}
