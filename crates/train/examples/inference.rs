//! Times of predictions without a graph: one image, a split of 10,000 images, and Monte-Carlo dropout with 100 passes,
//! for 784-256-256-10 with ReLU and dropout 0.2 and 0.5. A median in seconds of each, as a line of JSON for each
//! backend; `benches/peers/inference.py` prints them beside PyTorch's.
//!
//! ```text
//! cargo run --release -p burn-mlp-train --example inference --features flex,ndarray
//! ```

use std::hint::black_box;
use std::time::Instant;

use burn::tensor::{Tensor, TensorData, backend::Backend};
use burn_flex::Flex;
use burn_mlp::{DropoutLayers as _, DropoutMode, Key, Mlp, MlpConfig};
use burn_mlp_train::{Rows, monte_carlo_samples, outputs, probabilities};
use burn_ndarray::NdArray;

const PASSES: usize = 100;

/// Median seconds of `times` calls, after one that does not count.
fn median(times: usize, mut call: impl FnMut()) -> f64 {
    call();
    let mut seconds: Vec<f64> = (0..times)
        .map(|_| {
            let start = Instant::now();
            call();
            start.elapsed().as_secs_f64()
        })
        .collect();
    seconds.sort_by(f64::total_cmp);
    seconds[times / 2]
}

fn measure<B: Backend>(name: &str) -> Result<(), Box<dyn std::error::Error>> {
    let device = Default::default();
    let network: Mlp<B> = MlpConfig::new(784, [256, 256], 10).with_dropout([0.2, 0.5]).init(&device)?;
    let pixels: Vec<f32> = Key::new(1, *b"pixels\0\0").uniforms().map(|u| u as f32).take(784 * 10_000).collect();
    let rows = |count: usize| Rows::new(pixels[..784 * count].to_vec(), 784, vec![0; count]);
    let (one, thousand, all) = (rows(1)?, rows(1000)?, rows(10_000)?);
    let image = Tensor::<B, 2>::from_data(TensorData::new(pixels[..784].to_vec(), [1, 784]), &device);
    let batch = Tensor::<B, 2>::from_data(TensorData::new(pixels[..784_000].to_vec(), [1000, 784]), &device);
    let sampled = network.clone().with_dropout_mode(DropoutMode::MonteCarlo);
    let pass_by_pass = |image: &Tensor<B, 2>| {
        for _ in 0..PASSES {
            black_box(probabilities(&sampled, image.clone()));
        }
    };
    let seconds = [
        ("one image", median(1001, || drop(black_box(probabilities(&network, image.clone()))))),
        ("10,000 images", median(21, || drop(black_box(outputs(&network, &all, &device))))),
        (
            "one image, 100 passes",
            median(101, || drop(black_box(monte_carlo_samples(&network, &one, PASSES, &device)))),
        ),
        ("one image, pass by pass", median(101, || pass_by_pass(&image))),
        (
            "1,000 images, 100 passes",
            median(5, || drop(black_box(monte_carlo_samples(&network, &thousand, PASSES, &device)))),
        ),
        ("1,000 images, pass by pass", median(5, || pass_by_pass(&batch))),
    ];
    let fields: Vec<String> = seconds.iter().map(|(what, seconds)| format!("\"{what}\": {seconds:e}")).collect();
    println!("{{\"program\": \"{name}\", {}}}", fields.join(", "));
    Ok(())
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    measure::<Flex>("flex")?;
    measure::<NdArray>("ndarray")
}
