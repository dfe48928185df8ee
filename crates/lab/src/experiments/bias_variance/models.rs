//! The models, trained on each of the training sets.

use anyhow::Result;
use burn::module::{Module, Param};
use burn::optim::GradientsParams;
use burn::tensor::{Tensor, TensorData, activation::relu, backend::Backend};
use burn_mlp::{Mlp, MlpConfig};
use burn_mlp_train::{Optimizer, OptimizerConfig, OptimizerKind, Schedule, ScheduleConfig, ScheduleKind, values};

use super::decomposition::Decomposition;
use super::settings::{BiasVariance, NetworkParameters, TaskParameters};
use super::task::{Sample, Truth};
use crate::least_squares::{dot, least_squares};
use crate::platform::Inner;
use crate::{Lab, Platform};

/// Networks of one shape with one hidden layer of ReLUs and one output, each with its own training set, computed at once.
#[derive(Module, Debug)]
struct Networks<B: Backend> {
    /// `[networks, d_input, units]`
    hidden_weight: Param<Tensor<B, 3>>,
    /// `[networks, 1, units]`
    hidden_bias: Param<Tensor<B, 3>>,
    /// `[networks, units, 1]`
    output_weight: Param<Tensor<B, 3>>,
    /// `[networks, 1, 1]`
    output_bias: Param<Tensor<B, 3>>,
}

impl<B: Backend> Networks<B> {
    /// `count` networks with the weights of `mlp`, which has a hidden layer.
    fn copies<I: Backend<Device = B::Device>>(mlp: &Mlp<I>, count: usize, device: &B::Device) -> Self {
        let copies = |values: Vec<f32>, [rows, columns]: [usize; 2]| {
            let one = Tensor::<B, 3>::from_data(TensorData::new(values, [1, rows, columns]), device);
            Param::from_tensor(one.repeat_dim(0, count).detach())
        };
        let [hidden, output] = [&mlp.hidden[0].linear, &mlp.output].map(|linear| {
            let [d_input, d_output] = linear.weight.dims();
            let bias = linear.bias.as_ref().map_or_else(|| vec![0.0; d_output], |bias| values(bias.val()));
            (copies(values(linear.weight.val()), [d_input, d_output]), copies(bias, [1, d_output]))
        });
        Self { hidden_weight: hidden.0, hidden_bias: hidden.1, output_weight: output.0, output_bias: output.1 }
    }

    /// What each network predicts: from `[networks or 1, examples, d_input]` to `[networks, examples, 1]`.
    fn forward(&self, x: Tensor<B, 3>) -> Tensor<B, 3> {
        let hidden = relu(x.matmul(self.hidden_weight.val()) + self.hidden_bias.val());
        hidden.matmul(self.output_weight.val()) + self.output_bias.val()
    }
}

impl BiasVariance {
    /// Bias and variance of the linear model where the true function is `truth`.
    pub(super) fn linear_model(&self, truth: Truth, seed: u64) -> Decomposition {
        let task = &self.experiment.task;
        let with_constant =
            |x: &[f64]| -> Vec<f64> { x.chunks(task.d_input).flat_map(|x| x.iter().copied().chain([1.0])).collect() };
        let predict =
            |x: &[f64], weights: &[f64]| -> Vec<f64> { x.chunks(weights.len()).map(|x| dot(x, weights)).collect() };
        let test = task.test(truth, seed);
        let test_x = with_constant(&test.x);
        let (mut predictions, mut train_error) = (Vec::new(), 0.0);
        for draw in 0..task.draws {
            let train = task.train(truth, seed, draw);
            let x = with_constant(&train.x);
            let weights = least_squares(&x, &train.y);
            train_error += mean_square(&predict(&x, &weights), &train.y) / task.draws as f64;
            predictions.push(predict(&test_x, &weights));
        }
        Decomposition::new(&predictions, &test.truth, task.noise, seed, train_error)
    }

    /// Bias and variance of networks with `width` hidden units. All start from the same weights: they differ by their
    /// training sets alone.
    pub(super) fn networks<P: Platform>(&self, lab: &Lab<P>, width: usize, seed: u64) -> Result<Decomposition> {
        let (task, truth) = (&self.experiment.task, Truth::Interaction);
        let mlp = MlpConfig::new(task.d_input, [width], 1).with_seed(seed).init::<Inner<P>>(lab.device())?;
        let networks = Networks::<P::Train>::copies(&mlp, task.draws, lab.device());
        let samples: Vec<Sample> = (0..task.draws).map(|draw| task.train(truth, seed, draw)).collect();
        let trained = train(lab, networks, &self.experiment.networks, task, &samples);
        let test = task.test(truth, seed);
        let predict = |x: Vec<f64>, sets: usize| -> Vec<f64> {
            let x = tensor::<P>(lab, x, [sets, task.d_input]);
            values(trained.forward(x).inner()).into_iter().map(f64::from).collect()
        };
        let join = |of: fn(&Sample) -> &Vec<f64>| samples.iter().flat_map(|sample| of(sample).clone()).collect();
        let train_x: Vec<f64> = join(|sample| &sample.x);
        let train_y: Vec<f64> = join(|sample| &sample.y);
        let train_error = mean_square(&predict(train_x, task.draws), &train_y);
        let predictions: Vec<Vec<f64>> = predict(test.x, 1).chunks(task.test_examples).map(<[f64]>::to_vec).collect();
        Ok(Decomposition::new(&predictions, &test.truth, task.noise, seed, train_error))
    }
}

/// Trains each network on its own sample.
fn train<P: Platform>(
    lab: &Lab<P>,
    mut networks: Networks<P::Train>,
    settings: &NetworkParameters,
    task: &TaskParameters,
    samples: &[Sample],
) -> Networks<P::Train> {
    let join = |of: fn(&Sample) -> &Vec<f64>| samples.iter().flat_map(|sample| of(sample).clone()).collect();
    let x = tensor::<P>(lab, join(|sample| &sample.x), [task.draws, task.d_input]);
    let y = tensor::<P>(lab, join(|sample| &sample.y), [task.draws, 1]);
    let config = OptimizerConfig { kind: OptimizerKind::Adam, ..Default::default() };
    let mut optimizer = Optimizer::new(config, 0.0).with_one_pass(lab.placement().one_pass);
    let falling = ScheduleConfig { kind: ScheduleKind::Cosine, ..Default::default() };
    let schedule = Schedule::new(falling, settings.learning_rate, settings.steps as u64, 1);
    for step in 0..settings.steps as u64 {
        // A sum over networks: the gradient of each is that of its own mean squared error.
        let loss = (networks.forward(x.clone()) - y.clone()).square().sum().div_scalar(task.train_examples as f64);
        let gradients = GradientsParams::from_grads(loss.backward(), &networks);
        networks = optimizer.step(schedule.learning_rate(step), networks, gradients);
    }
    networks
}

/// Rows of some sets of examples: `[sets, examples, columns]`.
fn tensor<P: Platform>(lab: &Lab<P>, values: Vec<f64>, [sets, columns]: [usize; 2]) -> Tensor<P::Train, 3> {
    let examples = values.len() / (sets * columns);
    let values: Vec<f32> = values.into_iter().map(|value| value as f32).collect();
    Tensor::from_data(TensorData::new(values, [sets, examples, columns]), lab.device())
}

fn mean_square(predictions: &[f64], targets: &[f64]) -> f64 {
    let squares = predictions.iter().zip(targets).map(|(prediction, target)| (prediction - target).powi(2));
    squares.sum::<f64>() / targets.len() as f64
}

#[cfg(test)]
mod tests {
    use burn_fashion_mnist::FashionMnist;
    use burn_mlp_train::Placement;

    use super::*;
    use crate::platform::test::TestPlatform;

    #[test]
    fn each_network_learns_from_its_own_training_set() {
        let lab = Lab::<TestPlatform>::new(FashionMnist::sample().unwrap(), Default::default(), Placement::HOST, true);
        let settings = NetworkParameters { widths: vec![4], steps: 20, learning_rate: 0.05 };
        let task = TaskParameters { d_input: 3, train_examples: 10, test_examples: 6, noise: 0.1, draws: 2 };
        let outputs = |draws: [usize; 2]| {
            let mlp = MlpConfig::new(3, [4], 1).init::<Inner<TestPlatform>>(lab.device()).unwrap();
            let samples = draws.map(|draw| task.train(Truth::Interaction, 1, draw));
            let networks = Networks::copies(&mlp, 2, lab.device());
            let trained = train(&lab, networks, &settings, &task, &samples);
            let test = tensor(&lab, task.test(Truth::Interaction, 1).x, [1, 3]);
            values(trained.forward(test).inner())
        };
        let (one, other) = (outputs([0, 1]), outputs([0, 2]));
        assert_eq!(one[..6], other[..6]);
        assert_ne!(one[6..], other[6..]);
        assert_eq!(outputs([1, 1])[..6], one[6..], "its place does not matter");
    }

    #[test]
    fn a_linear_model_has_bias_where_there_is_an_interaction() {
        let mut settings = BiasVariance::default();
        settings.experiment.task =
            TaskParameters { d_input: 3, train_examples: 40, test_examples: 500, noise: 0.5, draws: 10 };
        let [interaction, linear] =
            [Truth::Interaction, Truth::Linear].map(|truth| settings.linear_model(truth, 1).bias_squared);
        // The interaction has variance 1.
        assert!(interaction > 0.7 && linear.abs() < 0.05, "{interaction} and {linear}");
    }
}
