//! Training of modules that are no plain perceptrons, for other losses than cross-entropy.

use burn::module::Module;
use burn::nn::{Embedding, EmbeddingConfig};
use burn::tensor::{Tensor, backend::Backend};
use burn_autodiff::Autodiff;
use burn_flex::Flex;
use burn_mlp::{
    CrossEntropy, Dropout, DropoutConfig, DropoutLayers, Init, Key, LayerInit, Mlp, MlpConfig, Probability, Standardize,
};

use super::*;
use crate::parameters::collect;
use crate::{MeanSquaredError, OptimizerConfig, OptimizerKind, Rows, Table, TableBatch, evaluate_with, outputs};

type Train = Autodiff<Flex>;

/// Scaled numbers and an embedding, dropout on both, then a perceptron with batch normalization.
#[derive(Module, Debug, DropoutLayers)]
struct Net<B: Backend> {
    scaling: Standardize<B>,
    sites: Embedding<B>,
    dropout: Dropout<B>,
    mlp: Mlp<B>,
}

impl<B: Backend> Network<B, TableBatch<B>> for Net<B> {
    fn outputs(&self, batch: TableBatch<B>) -> Tensor<B, 2> {
        let sites = self.sites.forward(batch.categories).flatten(1, 2);
        let numbers = self.scaling.forward(batch.numbers);
        // Called twice in a pass.
        self.mlp.forward(Tensor::cat(vec![self.dropout.forward(numbers), self.dropout.forward(sites)], 1))
    }
}

fn net<T: crate::table::Target>(table: &Table<T>, d_output: usize) -> Net<Train> {
    let device = Default::default();
    let mut net = Net {
        scaling: Standardize::fit(&table.numbers(), 1, &device).unwrap(),
        sites: EmbeddingConfig::new(3, 2).init(&device),
        dropout: DropoutConfig::new(Probability::of(0.1)).init(),
        mlp: MlpConfig::new(3, [8], d_output).with_batch_norm(true).with_dropout(0.1).init(&device).unwrap(),
    };
    net.seed_dropout(3);
    LayerInit::default().with_embedding(Init::Normal { mean: 0.0, std: 1.0 }).apply(net, 3)
}

const SITES: [&str; 3] = ["north", "east", "south"];

/// A number from 100 to 200 and a site, whose sum decides.
fn columns() -> (Vec<f32>, Vec<&'static str>, Vec<f32>) {
    let numbers: Vec<f32> = Key::new(1, *b"numbers\0").uniforms().take(90).map(|u| 100.0 + 100.0 * u as f32).collect();
    let sites: Vec<usize> = (0..90).map(|row| row * 7 % 3).collect();
    let sums = numbers.iter().zip(&sites).map(|(number, site)| (number - 150.0) / 50.0 + *site as f32 - 1.0).collect();
    (numbers, sites.into_iter().map(|site| SITES[site]).collect(), sums)
}

fn classes() -> Table<crate::Classes> {
    let (numbers, sites, sums) = columns();
    let names: Vec<&str> = sums.iter().map(|sum| if *sum > 0.0 { "high" } else { "low" }).collect();
    Table::of_classes(&names).with_numbers("number", numbers).unwrap().with_categories("site", &sites).unwrap()
}

fn config(epochs: usize) -> TrainerConfig {
    let optimizer = OptimizerConfig { kind: OptimizerKind::Adamw, weight_decay: 0.01, ..Default::default() };
    TrainerConfig { epochs, batch_size: 32, learning_rate: 0.01, optimizer, ..Default::default() }
}

/// Stops a run after some steps.
struct StopAfter(u64);

impl<M> Callback<M> for StopAfter {
    fn should_stop(&mut self) -> bool {
        self.0 -= 1;
        self.0 == 0
    }
}

#[test]
fn a_table_with_categories_is_learned_and_a_stopped_run_ends_with_the_same_bits() {
    let (table, device) = (classes(), Default::default());
    let trainer = |epochs| Trainer::new(net(&table, 2), &table, config(epochs), &device);
    let learned = trainer(60).run().unwrap();
    assert!(crate::evaluate(&learned.model, &table, &device).accuracy > 0.9);
    let whole = trainer(3).run().unwrap();
    for stop in [1, 4, 5, 8] {
        let folder = tempfile::tempdir().unwrap();
        let stopped = trainer(3).with_callback(StopAfter(stop)).fit_or_resume(folder.path()).map(|_| ());
        assert!(matches!(stopped.unwrap_err(), TrainError::Stopped { .. }));
        let resumed = trainer(3).fit_or_resume(folder.path()).unwrap();
        assert_eq!(collect(&resumed.model), collect(&whole.model), "stopped after step {stop}");
    }
    let unchanged = |net: &Net<Flex>| net.scaling.mean.to_data();
    assert_eq!(unchanged(&learned.model), unchanged(&net(&table, 2).valid()), "scaling is not trained");
}

#[test]
fn numbers_are_learned_and_the_best_epoch_is_that_of_the_chosen_loss() {
    let (numbers, sites, sums) = columns();
    let table = Table::of_numbers(sums.clone()).unwrap().with_numbers("number", numbers).unwrap();
    let table = table.with_categories("site", &sites).unwrap();
    let (device, early) = (Default::default(), EarlyStopping::default());
    let trained =
        Trainer::new(net(&table, 1), &table, config(80), &device).with_validation(&table, early).run().unwrap();
    let best = trained.epochs[trained.model_epoch - 1].validation_loss.unwrap();
    assert_eq!(evaluate_with(&trained.model, &table, &MeanSquaredError, &device).loss, best);
    // The variance of the sums is 1.
    assert!(best < 0.2, "{best}");
    assert!(trained.epochs[0].train_accuracy.is_nan() && trained.epochs[0].validation_accuracy.is_none());
    let predicted = outputs(&trained.model, &table, &device);
    let error: f32 = predicted.iter().zip(sums).map(|(one, other)| (one - other).powi(2)).sum::<f32>() / 90.0;
    assert!((f64::from(error) - best).abs() < 1e-5, "{error} and {best}");
}

#[test]
fn weight_decay_reaches_matrices_and_convolutions_or_what_a_predicate_chooses() {
    let (table, device) = (classes(), Default::default());
    let optimizer = OptimizerConfig { weight_decay: 1.0, ..Default::default() };
    let config = TrainerConfig { epochs: 1, batch_size: 90, learning_rate: 0.5, optimizer, ..Default::default() };
    // Without a gradient, decay is all that moves a parameter.
    let flat = |outputs: Tensor<Train, 2>, _: Tensor<Train, 1, burn::tensor::Int>| {
        outputs.sum_dim(1).mul_scalar(0.0).squeeze_dim(1)
    };
    let before = collect(&net(&table, 2).valid());
    let moved = |trainer: Trainer<'_, Train, Net<Train>, &Table<crate::Classes>>| {
        let after = collect(&trainer.run().unwrap().model);
        let moved = before.iter().filter(|(path, data)| after[*path] != **data && !path.contains("running"));
        moved.map(|(path, _)| path.clone()).collect::<Vec<_>>()
    };
    let trainer = || Trainer::new(net(&table, 2), &table, config, &device).with_loss(flat);
    assert_eq!(moved(trainer()), ["mlp.hidden.0.linear.weight", "mlp.output.weight"]);
    assert_eq!(moved(trainer().with_decay(|parameter| parameter.layer == "Embedding")), ["sites.weight"]);
    assert_eq!(moved(trainer().with_decay(|parameter| parameter.path == "mlp.output.weight")), ["mlp.output.weight"]);
}

#[test]
fn class_weights_choose_what_is_learned_and_not_how_it_is_measured() {
    let rows = Rows::new(vec![0.0; 40], 1, (0..40).map(|row| u32::from(row < 10)).collect()).unwrap();
    let config = TrainerConfig { epochs: 60, batch_size: 40, learning_rate: 0.5, ..Default::default() };
    let run = |weights: [f32; 2]| {
        let network = MlpConfig::new(1, [], 2).init::<Train>(&Default::default()).unwrap();
        let trainer = Trainer::new(network, &rows, config, &Default::default());
        trainer.with_loss(CrossEntropy::default().with_class_weights(weights)).with_test(&rows).run().unwrap()
    };
    let bias = |trained: &Trained<Mlp<Train>, Mlp<Flex>>| {
        let bias = trained.model.output.bias.as_ref().unwrap().to_data().to_vec::<f32>().unwrap();
        bias[1] - bias[0]
    };
    // Three of four examples are of class 0: the log-odds of class 1 are -ln 3, and 0 with the weights of its share.
    let (plain, balanced) = (run([1.0, 1.0]), run([2.0 / 3.0, 2.0]));
    assert!((bias(&plain) + 3.0_f32.ln()).abs() < 0.01, "{}", bias(&plain));
    assert!(bias(&balanced).abs() < 0.01, "{}", bias(&balanced));
    let measured = balanced.epochs.last().unwrap().test_loss;
    assert!((measured - 2.0_f64.ln()).abs() < 1e-3, "{measured}");
}

#[test]
fn a_loop_of_ones_own_goes_on_with_the_same_bits() {
    let (table, device) = (classes(), Default::default());
    let learner = || {
        let optimizer = crate::Optimizer::new(config(1).optimizer, 1.0);
        Learner::new(net(&table, 2), optimizer, CrossEntropy::default(), Placement::HOST)
    };
    let batch = || {
        let rows: Vec<u32> = (0..90).collect();
        (Examples::<Train>::features(&table, &rows, &device), Examples::<Train>::targets(&table, &rows, &device))
    };
    let run = |learner: &mut Learner<_, _>, steps: std::ops::Range<u64>| {
        for step in steps {
            let (features, targets) = batch();
            learner.step(step, 0.01, features, targets);
        }
    };
    let (mut whole, folder) = (learner(), tempfile::tempdir().unwrap());
    run(&mut whole, 0..6);
    let mut first = learner();
    run(&mut first, 0..4);
    first.save::<Train>(folder.path(), 4).unwrap();
    let mut second = learner();
    let done = second.resume::<Train>(folder.path()).unwrap();
    run(&mut second, done..6);
    assert_eq!(collect(second.network()), collect(whole.network()));
    let other = MlpConfig::new(3, [8], 2).init::<Train>(&device).unwrap();
    let mut other = Learner::new(other, crate::Optimizer::default(), CrossEntropy::default(), Placement::HOST);
    let error = other.resume::<Train>(folder.path()).unwrap_err().to_string();
    assert!(error.contains("the checkpoint is not of this network"), "{error}");
}

#[test]
fn weights_from_tensors_and_an_optimizers_record_go_on_exactly_with_ids_by_path() {
    use burn::optim::{AdamConfig, GradientsParams, Optimizer as _};
    let device = Default::default();
    let new = |seed| MlpConfig::new(3, [8], 2).with_seed(seed).init::<Train>(&device).unwrap();
    let step = |mlp: Mlp<Train>, adam: &mut _| {
        let loss = mlp.forward(Tensor::<Train, 2>::ones([4, 3], &device)).square().sum();
        let gradients = GradientsParams::from_grads(loss.backward(), &mlp);
        burn::optim::Optimizer::step(adam, 0.1, mlp, gradients)
    };
    let resumed = |with_ids: fn(Mlp<Train>) -> Mlp<Train>| {
        let mut adam = AdamConfig::new().init::<Train, Mlp<Train>>();
        let mlp = (0..3).fold(with_ids(new(1)), |mlp, _| step(mlp, &mut adam));
        let (weights, record) = (collect(&mlp), adam.to_record());
        let whole = step(mlp, &mut adam);
        let loaded = parameters::restore(with_ids(new(2)), weights).unwrap();
        let mut adam = AdamConfig::new().init::<Train, Mlp<Train>>().load_record(record);
        (collect(&step(loaded, &mut adam)), collect(&whole))
    };
    let (found, expected) = resumed(burn_mlp::with_path_ids);
    assert_eq!(found, expected);
    let (found, expected) = resumed(|mlp| mlp);
    assert_ne!(found, expected, "with random ids the record matches nothing");
}
