//! [`Mlp`] in Burn's `Learner`.

use burn::tensor::backend::{AutodiffBackend, Backend};
use burn::tensor::{Int, Tensor};
use burn_train::{ClassificationOutput, InferenceStep, TrainOutput, TrainStep};

use crate::{CrossEntropy, Mlp};

/// A batch of labelled examples, the input type of [`Mlp`] in Burn's `Learner` (feature `train`).
///
/// Let the `Batcher` of your data loader return it. The loss is [`CrossEntropy`] without label smoothing. For another
/// loss, implement `TrainStep` for a module of your own that wraps the network.
///
/// # Examples
///
/// ```
/// use burn::tensor::Tensor;
/// use burn_autodiff::Autodiff;
/// use burn_flex::Flex;
/// use burn_mlp::{ClassificationBatch, MlpConfig};
/// use burn_train::TrainStep;
///
/// let device = Default::default();
/// let mlp = MlpConfig::new(3, [8], 2).init::<Autodiff<Flex>>(&device)?;
/// let batch = ClassificationBatch { inputs: Tensor::ones([4, 3], &device), targets: Tensor::zeros([4], &device) };
/// let output = TrainStep::step(&mlp, batch);
/// assert_eq!(output.item.output.dims(), [4, 2]);
/// // A weight and a bias for each of two layers.
/// assert_eq!(output.grads.len(), 4);
/// # Ok::<(), burn_mlp::MlpError>(())
/// ```
#[derive(Clone, Debug)]
pub struct ClassificationBatch<B: Backend> {
    /// Features, `[batch, d_input]`.
    pub inputs: Tensor<B, 2>,
    /// Class indices, `[batch]`.
    pub targets: Tensor<B, 1, Int>,
}

impl<B: Backend> Mlp<B> {
    fn classify(&self, batch: ClassificationBatch<B>) -> ClassificationOutput<B> {
        let logits = self.forward(batch.inputs);
        let loss = CrossEntropy::default().forward(logits.clone(), batch.targets.clone());
        ClassificationOutput::new(loss, logits, batch.targets)
    }
}

impl<B: AutodiffBackend> TrainStep for Mlp<B> {
    type Input = ClassificationBatch<B>;
    type Output = ClassificationOutput<B>;

    fn step(&self, batch: Self::Input) -> TrainOutput<Self::Output> {
        let output = self.classify(batch);
        TrainOutput::new(self, output.loss.backward(), output)
    }
}

impl<B: Backend> InferenceStep for Mlp<B> {
    type Input = ClassificationBatch<B>;
    type Output = ClassificationOutput<B>;

    fn step(&self, batch: Self::Input) -> Self::Output {
        self.classify(batch)
    }
}
