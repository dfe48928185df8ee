//! Bytes that training and prediction really allocate, against those that shapes account for.
//!
//! Every allocation of this process is counted, so this file holds one test and nothing else runs beside it.
#![expect(unsafe_code, reason = "an allocator cannot be implemented without")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};

use burn::module::{AutodiffModule as _, Module as _};
use burn::optim::GradientsParams;
use burn::tensor::Tensor;
use burn_autodiff::Autodiff;
use burn_flex::Flex;
use burn_mlp::{CrossEntropy, Mlp, MlpConfig};
use burn_mlp_train::{Optimizer, OptimizerConfig};
use mlp_lab::scratch::memory::{Pass, stored_bytes};

const INPUTS: usize = 784;
const WIDTH: usize = 256;
const CLASSES: usize = 10;
/// Hidden layers: each difference is twice the one before.
const DEPTHS: [usize; 3] = [2, 4, 8];
/// Examples: each difference is twice the one before.
const BATCHES: [usize; 3] = [1024, 2048, 4096];
/// What packing for products and the backend's own buffers may add to a proportion.
const TOLERANCE: f64 = 0.1;

/// The system's allocator, counting.
struct Counting;

static HELD: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);

fn count(bytes: usize) {
    let held = HELD.fetch_add(bytes, Ordering::Relaxed) + bytes;
    PEAK.fetch_max(held, Ordering::Relaxed);
}

// SAFETY: every call is passed on to the system's allocator unchanged; counting allocates nothing.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size());
        // SAFETY: the caller's promises about `layout` are those that the system's allocator asks for.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count(layout.size());
        // SAFETY: as in `alloc`.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        HELD.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: `pointer` came from the system's allocator with this layout, since all do.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// The most bytes held at once while `run` runs, beyond those held before.
fn peak<T>(run: impl FnOnce() -> T) -> usize {
    let before = HELD.load(Ordering::Relaxed);
    PEAK.store(before, Ordering::Relaxed);
    drop(run());
    PEAK.load(Ordering::Relaxed) - before
}

fn network(depth: usize) -> Mlp<Autodiff<Flex>> {
    let mlp = MlpConfig::new(INPUTS, vec![WIDTH; depth], CLASSES).init(&Default::default()).expect("a shape");
    assert!(mlp.num_params() > 0, "parameters are there before anything is counted");
    mlp
}

/// Peak of a training step, the batch included.
fn training(depth: usize, batch: usize) -> usize {
    let mlp = network(depth);
    let mut optimizer = Optimizer::new(OptimizerConfig::default(), 0.0);
    peak(|| {
        let device = Default::default();
        let logits = mlp.forward(Tensor::ones([batch, INPUTS], &device));
        let loss = CrossEntropy::default().forward(logits, Tensor::zeros([batch], &device));
        let gradients = GradientsParams::from_grads(loss.backward(), &mlp);
        optimizer.step(0.1, mlp.clone(), gradients)
    })
}

/// Peak of a prediction, the batch included.
fn prediction(depth: usize, batch: usize) -> usize {
    let mlp = network(depth).valid();
    peak(|| mlp.forward::<2>(Tensor::ones([batch, INPUTS], &Default::default())))
}

fn counted(depth: usize, batch: usize, pass: Pass) -> usize {
    let hidden = vec![WIDTH; depth];
    let widths: Vec<usize> = [INPUTS].into_iter().chain(hidden).chain([CLASSES]).collect();
    stored_bytes(&widths, batch, pass, size_of::<f32>())
}

/// Peaks by depth and batch.
fn grid(of: impl Fn(usize, usize) -> usize) -> [[f64; 3]; 3] {
    DEPTHS.map(|depth| BATCHES.map(|batch| of(depth, batch) as f64))
}

/// How far the second step is from twice the first, as a part of it: 0 for what grows in proportion.
fn bend([first, second, third]: [f64; 3]) -> f64 {
    ((third - second) / (second - first) / 2.0 - 1.0).abs()
}

#[test]
fn training_needs_memory_in_proportion_to_depth_and_batch_and_prediction_to_the_batch_alone() {
    // Threads and their buffers are made once.
    training(DEPTHS[0], BATCHES[2]);
    prediction(DEPTHS[0], BATCHES[2]);

    let measured = [grid(training), grid(prediction)];
    let expected = [Pass::Training, Pass::Prediction].map(|pass| grid(|depth, batch| counted(depth, batch, pass)));
    for (row, depth) in DEPTHS.into_iter().enumerate() {
        for (column, batch) in BATCHES.into_iter().enumerate() {
            let cells = [0, 1].map(|pass| [measured[pass][row][column] / 1e6, expected[pass][row][column] / 1e6]);
            let [[trained, stored], [predicted, held]] = cells;
            println!(
                "{depth} hidden layers, batch {batch}: training {trained:.1} MB (shapes {stored:.1}), \
                 prediction {predicted:.1} MB (shapes {held:.1})"
            );
        }
    }
    let [training, prediction] = measured;
    for row in 0..3 {
        assert!(bend(training[row]) < TOLERANCE, "training by batch: {:?}", training[row]);
        assert!(bend(prediction[row]) < TOLERANCE, "prediction by batch: {:?}", prediction[row]);
        let by_depth = |grid: [[f64; 3]; 3]| grid.map(|of_depth| of_depth[row]);
        assert!(bend(by_depth(training)) < TOLERANCE, "training by depth: {:?}", by_depth(training));
        let [shallow, .., deep] = by_depth(prediction);
        assert!((deep / shallow - 1.0).abs() < TOLERANCE, "prediction by depth: {:?}", by_depth(prediction));
    }
    // Per hidden unit and example: autodiff keeps the activation and whether it is above 0, a byte; an implementation that
    // keeps what the shapes count keeps the linear output too.
    let added = (training[2][2] - training[0][2]) / (BATCHES[2] * WIDTH * (DEPTHS[2] - DEPTHS[0])) as f64;
    println!("{added:.2} bytes for each hidden unit more and example");
    assert!((4.0..=8.5).contains(&added), "{added} bytes");
    let ratio = prediction[2][2] / expected[1][2][2];
    assert!((0.9..=1.5).contains(&ratio), "prediction: {ratio} times the bytes of the shapes");
}
