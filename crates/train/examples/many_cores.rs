//! Time of a training step by the number of micro-batches, on the threads that rayon has (`RAYON_NUM_THREADS`): the
//! gradients, and the update with their sum. 784-256-256-10 with ReLU and dropout 0.2 and 0.5, SGD. Medians in seconds, a
//! line of JSON for each batch size and division; `benches/peers/cores.py` computes from them what more cores would bring.
//!
//! ```text
//! RAYON_NUM_THREADS=1 cargo run --release -p burn-mlp-train --example many_cores --features flex,ndarray
//! ```

use std::time::Instant;

use burn::tensor::{Int, Tensor, TensorData};
use burn_autodiff::Autodiff;
use burn_flex::Flex;
use burn_mlp::{CrossEntropy, Key, MlpConfig};
use burn_mlp_train::{Learner, Optimizer, Placement};

type B = Autodiff<Flex>;

const STEPS: usize = 101;
const RATE: f64 = 0.01;

fn measure(batch: usize, micro_batches: usize) -> Result<(), Box<dyn std::error::Error>> {
    let device = Default::default();
    let pixels: Vec<f32> = Key::new(1, *b"pixels\0\0").uniforms().map(|u| u as f32).take(784 * batch).collect();
    let x = Tensor::<B, 2>::from_data(TensorData::new(pixels, [batch, 784]), &device);
    let classes: Vec<i32> = (0..batch as i32).map(|index| index % 10).collect();
    let y = Tensor::<B, 1, Int>::from_data(TensorData::new(classes, [batch]), &device);
    let network = MlpConfig::new(784, [256, 256], 10).with_dropout([0.2, 0.5]).init::<B>(&device)?;
    let placement = Placement { micro_batches, ..Placement::HOST };
    let mut learner = Learner::new(network, Optimizer::default(), CrossEntropy::default(), placement);
    let whole = |rows: std::ops::Range<usize>| (x.clone().slice([rows.clone()]), y.clone().slice([rows]));
    let mut times = [const { Vec::new() }; 2];
    for step in 0..STEPS as u64 {
        let start = Instant::now();
        let (_, gradients) = learner.gradients(step, batch, whole, None, &device);
        times[0].push(start.elapsed());
        let start = Instant::now();
        learner.update::<B>(RATE, gradients);
        times[1].push(start.elapsed());
    }
    let [gradients, update] = times.map(|mut times| {
        times.sort();
        times[STEPS / 2].as_secs_f64()
    });
    let threads = rayon::current_num_threads();
    println!(
        "{{\"threads\": {threads}, \"batch\": {batch}, \"micro_batches\": {micro_batches}, \"gradients\": \
         {gradients:e}, \"update\": {update:e}}}"
    );
    Ok(())
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    for batch in [256, 512, 2048] {
        for micro_batches in [1, 2, 4, 8, 16] {
            if batch / micro_batches >= 32 {
                measure(batch, micro_batches)?;
            }
        }
    }
    Ok(())
}
