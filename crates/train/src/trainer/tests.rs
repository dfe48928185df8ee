use std::ops::ControlFlow;

use burn_autodiff::Autodiff;
use burn_flex::Flex;
use burn_mlp::{Mlp, MlpConfig};

use super::*;
use crate::parameters::collect;
use crate::{OptimizerConfig, OptimizerKind, Rows, ScheduleConfig, ScheduleKind};

type Train = Autodiff<Flex>;
type Network = Mlp<Train>;

const EXAMPLES: usize = 100;
/// Batches of 40: three steps an epoch, the last one smaller.
const CONFIG: TrainerConfig = TrainerConfig {
    epochs: 4,
    batch_size: 40,
    learning_rate: 0.05,
    seed: 3,
    gradient_clip: 0.0,
    optimizer: OptimizerConfig {
        kind: OptimizerKind::Adamw,
        momentum: 0.0,
        nesterov: false,
        weight_decay: 0.01,
        beta1: 0.9,
        beta2: 0.999,
        epsilon: 1e-8,
    },
    schedule: ScheduleConfig {
        kind: ScheduleKind::Cosine,
        warmup_epochs: 0.0,
        final_fraction: 0.1,
        initial_fraction: 0.04,
        rise_fraction: 0.3,
        step_epochs: 10,
        step_factor: 0.1,
    },
};

/// Points in the plane, labelled by the quadrant.
fn rows() -> Rows {
    let values: Vec<f32> = (0..2 * EXAMPLES).map(|index| ((index * 37 % 101) as f32 - 50.0) / 50.0).collect();
    let labels = values.chunks(2).map(|point| u32::from(point[0] > 0.0) + 2 * u32::from(point[1] > 0.0)).collect();
    Rows::new(values, 2, labels).unwrap()
}

fn network() -> Network {
    MlpConfig::new(2, [16], 4).with_dropout(0.2).with_seed(5).init(&Default::default()).unwrap()
}

fn trainer<'a>(rows: &'a Rows, config: TrainerConfig) -> Trainer<'a, Train, Network, &'a Rows> {
    Trainer::new(network(), rows, config, &Default::default()).with_test(rows)
}

/// Losses of all steps; stops after one of them.
#[derive(Default)]
struct Watch {
    losses: Vec<f64>,
    epochs: Vec<usize>,
    stop_after: Option<u64>,
    finished: u64,
}

impl Callback<Network> for Watch {
    fn before_epoch(&mut self, epoch: usize, epochs: usize, steps: usize) {
        assert_eq!((epochs, steps), (CONFIG.epochs, 3));
        self.epochs.push(epoch);
    }

    fn after_step(&mut self, step: &StepView<'_, Network>) {
        self.finished = step.step + 1;
        self.losses.extend(step.loss);
    }

    fn should_stop(&mut self) -> bool {
        self.stop_after == Some(self.finished)
    }
}

#[test]
fn a_run_stopped_anywhere_and_resumed_has_the_bits_of_one_that_was_not() {
    let rows = rows();
    let (mut whole, undisturbed) = (Watch::default(), tempfile::tempdir().unwrap());
    let log = undisturbed.path().join("metrics.jsonl");
    let expected = trainer(&rows, CONFIG).with_log(&log).with_callback(&mut whole).run().unwrap();
    assert_eq!((whole.losses.len(), &whole.epochs[..]), (12, &[1, 2, 3, 4][..]));
    for stop in 1..12 {
        let folder = tempfile::tempdir().unwrap();
        let mut watch = Watch { stop_after: Some(stop), ..Watch::default() };
        let run = |watch: &mut Watch| {
            let trainer = trainer(&rows, CONFIG).with_log(folder.path().join("metrics.jsonl"));
            trainer.with_checkpoints(folder.path().join("checkpoint")).with_callback(watch).run()
        };
        let step = usize::try_from(stop).unwrap();
        match run(&mut watch).map(|_| ()).unwrap_err() {
            TrainError::Stopped { epoch, step: found } => assert_eq!(3 * (epoch - 1) + found, step),
            other => panic!("{other}"),
        }
        watch.stop_after = None;
        let resumed = run(&mut watch).unwrap();
        assert_eq!(watch.losses, whole.losses, "stopped after step {stop}");
        assert_eq!(collect(&resumed.model), collect(&expected.model));
        let metrics = |epochs: &[EpochMetrics]| epochs.iter().map(|epoch| epoch.test_loss).collect::<Vec<f64>>();
        assert_eq!(metrics(&resumed.epochs), metrics(&expected.epochs));
        assert_eq!(resumed.epochs.len(), 4);
    }
}

#[test]
fn other_data_another_network_or_another_seed_is_not_resumed() {
    let (rows, folder) = (rows(), tempfile::tempdir().unwrap());
    trainer(&rows, CONFIG).with_checkpoints(folder.path()).run().unwrap();
    let error = |trainer: Trainer<'_, Train, Network, &Rows>| {
        trainer.with_checkpoints(folder.path()).run().map(|_| ()).unwrap_err().to_string()
    };
    let other = Rows::new(vec![0.0; 2 * EXAMPLES], 2, vec![0; EXAMPLES]).unwrap();
    assert!(error(trainer(&other, CONFIG)).contains("the data is not what this run was trained on"));
    assert!(error(trainer(&rows, TrainerConfig { seed: 4, ..CONFIG })).contains("made with seed = 3, now 4"));
    let wider: Network = MlpConfig::new(2, [17], 4).init(&Default::default()).unwrap();
    let wider = Trainer::new(wider, &rows, CONFIG, &Default::default());
    assert!(error(wider).contains("not of this network"));
    let more = trainer(&rows, TrainerConfig { epochs: 5, ..CONFIG }).with_checkpoints(folder.path()).run().unwrap();
    assert_eq!(more.state.epoch, 5, "more epochs are a user's choice");
}

#[test]
fn placements_change_when_losses_are_read_and_not_what_they_are() {
    let rows = rows();
    let run = |placement| {
        let mut watch = Watch::default();
        let trained = trainer(&rows, CONFIG).with_placement(placement).with_callback(&mut watch).run().unwrap();
        (trained.epochs.iter().map(|epoch| epoch.train_loss).collect::<Vec<f64>>(), collect(&trained.model))
    };
    let host = Placement { micro_batches: 1, ..Placement::HOST };
    let asynchronous = Placement { steps_between_reads: 2, ..host };
    assert_eq!(run(asynchronous), run(host));
    for other in [Placement::HOST, Placement::DEVICE] {
        for (one, other) in run(other).0.iter().zip(run(host).0) {
            assert!((one - other).abs() < 1e-5, "{one} and {other}");
        }
    }
}

#[test]
fn weights_of_examples_choose_what_is_learned_and_a_transform_changes_the_features() {
    let rows = rows();
    let one_class: Vec<f32> =
        (0..EXAMPLES as u32).map(|index| f32::from(Examples::<Flex>::class(&rows, index) == Some(2))).collect();
    let trained = trainer(&rows, CONFIG).with_example_weights(one_class).run().unwrap();
    let predictions = crate::predict(&trained.model, &rows, &Default::default());
    assert!(predictions.classes().iter().all(|&class| class == 2));
    let blind = trainer(&rows, CONFIG).with_transform(|features, _, _| features.zeros_like()).run().unwrap();
    let seeing = trainer(&rows, CONFIG).run().unwrap();
    assert!(blind.epochs[3].train_loss > seeing.epochs[3].train_loss + 0.1);
}

#[test]
fn patience_ends_a_run_and_the_best_network_is_kept() {
    let rows = rows();
    // Labels independent of the points: whatever is learned from them worsens the validation loss.
    let other =
        Rows::new(vec![0.5; 2 * EXAMPLES], 2, (0..EXAMPLES as u32).map(|index| (index * 7) % 4).collect()).unwrap();
    let decides = EarlyStopping { patience: 2, ..EarlyStopping::default() };
    let config = TrainerConfig { epochs: 200, ..CONFIG };
    let trained = trainer(&rows, config).with_validation(&other, decides).run().unwrap();
    assert!(trained.state.stopped_early && trained.state.epoch == trained.model_epoch + 2);
    let best = trained.epochs[trained.model_epoch - 1].validation_loss.unwrap();
    assert!(trained.epochs.iter().all(|epoch| best <= epoch.validation_loss.unwrap()));
    let kept = crate::evaluate(&trained.model, &other, &Default::default());
    assert_eq!(kept.loss, best);
}

#[test]
fn a_loss_that_is_not_finite_names_its_step() {
    let rows = rows();
    let config = TrainerConfig { learning_rate: 1e30, optimizer: OptimizerConfig::default(), ..CONFIG };
    match trainer(&rows, config).run().map(|_| ()).unwrap_err() {
        TrainError::Diverged { epoch: 1, step, folder: None, .. } => assert!((2..4).contains(&step), "{step}"),
        other => panic!("{other}"),
    }
    let nothing = Rows::new(Vec::new(), 2, Vec::new()).unwrap();
    let error = trainer(&nothing, CONFIG).run().map(|_| ()).unwrap_err();
    assert_eq!(error.to_string(), "expected training examples, found 0");
}

#[test]
fn a_moment_that_is_not_finite_names_the_step_that_made_it_so_however_the_device_is_used() {
    let rows = rows();
    // Once the features are so large that the squares of the gradients overflow. All losses stay finite.
    let large = |features: burn::tensor::Tensor<Train, 2>, step, _| if step == 4 { features * 1e30 } else { features };
    let whole = Placement { micro_batches: 1, ..Placement::HOST };
    for placement in [Placement::HOST, whole, Placement::DEVICE, Placement { steps_between_reads: 2, ..whole }] {
        for every_steps in [0, 1, 2] {
            let folder = tempfile::tempdir().unwrap();
            let trainer = trainer(&rows, CONFIG).with_transform(large).with_placement(placement);
            let trainer =
                trainer.with_log(folder.path().join("log")).with_checkpoints(folder.path().join("checkpoint"));
            match trainer.with_checkpoint_steps(every_steps).run().map(|_| ()).unwrap_err() {
                TrainError::Diverged { what, epoch: 2, step: 2, .. } => {
                    assert!(what.starts_with("second_moment/") && what.ends_with("infinite or not a number"), "{what}");
                }
                other => panic!("{placement:?}, a checkpoint every {every_steps} steps: {other}"),
            }
        }
    }
}

#[test]
fn fewer_epochs_than_a_run_has_begun_are_refused() {
    let rows = rows();
    for (stop_after, begun, enough) in [(None, 4, 4), (Some(7), 3, 3), (Some(6), 2, 2)] {
        let folder = tempfile::tempdir().unwrap();
        let mut watch = Watch { stop_after, ..Watch::default() };
        let _ = trainer(&rows, CONFIG).with_checkpoints(folder.path()).with_callback(&mut watch).run();
        let run = |epochs| trainer(&rows, TrainerConfig { epochs, ..CONFIG }).with_checkpoints(folder.path()).run();
        let error = run(begun - 1).map(|_| ()).unwrap_err().to_string();
        assert!(error.contains(&format!("expected at least {begun} epochs, found {}", begun - 1)), "{error}");
        assert_eq!(run(enough).unwrap().state.epoch, enough);
    }
}

/// Ends a run after its second epoch.
struct TwoEpochs;

impl Callback<Network> for TwoEpochs {
    fn after_epoch(&mut self, metrics: &EpochMetrics, _network: &Network) -> ControlFlow<()> {
        if metrics.epoch == 2 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }
}

#[test]
fn within_the_interval_only_a_run_that_stops_is_saved() {
    let (rows, folder) = (rows(), tempfile::tempdir().unwrap());
    let hour = std::time::Duration::from_secs(3600);
    let run = |stop_after, name: &str| {
        let mut watch = Watch { stop_after, ..Watch::default() };
        let trainer =
            trainer(&rows, CONFIG).with_log(folder.path().join("log")).with_checkpoints(folder.path().join(name));
        trainer.with_checkpoint_interval(hour).with_callback(&mut watch).run()
    };
    let whole = run(None, "whole").unwrap();
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    assert!(run(Some(7), "stopped").is_err());
    let resumed = run(None, "stopped").unwrap();
    assert_eq!(collect(&resumed.model), collect(&whole.model));
    assert_eq!(resumed.epochs.len(), whole.epochs.len());
}

#[test]
fn a_run_that_a_callback_has_ended_stays_ended() {
    let (rows, folder) = (rows(), tempfile::tempdir().unwrap());
    let ended = trainer(&rows, CONFIG).with_checkpoints(folder.path()).with_callback(TwoEpochs).run().unwrap();
    let again = trainer(&rows, CONFIG).with_checkpoints(folder.path()).run().unwrap();
    assert_eq!((ended.state.epoch, again.state.epoch), (2, 2));
    assert_eq!(collect(&again.model), collect(&ended.model));
}
