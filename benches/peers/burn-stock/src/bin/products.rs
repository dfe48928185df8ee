//! Seconds that the matrix products of one training step take on a backend, without anything else of the step.
//!
//! A linear layer `y = x·w` costs three: `x·w` forward, `xᵀ·g` for the weight's gradient, and `g·wᵀ` for the
//! input's, which the first layer spares. As in the runner, halves of a batch are multiplied side by side, each with
//! half of the threads. Each network on the command line gives a line of JSON.
#![recursion_limit = "256"]

use std::error::Error;
use std::hint::black_box;
use std::thread;
use std::time::Instant;

use burn::backend::{Flex, NdArray};
use burn::tensor::backend::Backend;
use burn::tensor::{Distribution, Tensor};
use clap::{Parser, ValueEnum};
use rayon::{ThreadPoolBuildError, ThreadPoolBuilder};
use serde_json::json;

/// Steps before the clock starts, and the fewest that are timed.
const STEPS: usize = 3;
/// Smallest batch that the runner divides.
const SMALLEST_DIVIDED: usize = 64;

/// Times the matrix products of training steps
#[derive(Debug, Parser)]
struct Arguments {
    /// Backend
    #[arg(long, value_enum, default_value_t = Choice::Flex)]
    backend: Choice,
    /// Shortest time to measure a network for, in seconds
    #[arg(long, default_value_t = 1.0)]
    seconds: f64,
    /// Batch size and widths from input to logits: 256:784,256,256,10
    #[arg(required = true, value_name = "BATCH:WIDTHS", value_parser = parse_network)]
    networks: Vec<Network>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Choice {
    Flex,
    Ndarray,
}

#[derive(Clone, Debug)]
struct Network {
    batch: usize,
    widths: Vec<usize>,
}

fn parse_network(text: &str) -> Result<Network, String> {
    let expected = || format!("expected BATCH:WIDTH,WIDTH,... of numbers of at least 1, found {text:?}");
    let (batch, widths) = text.split_once(':').ok_or_else(expected)?;
    let number = |text: &str| text.parse().ok().filter(|&number: &usize| number > 0).ok_or_else(expected);
    let widths: Vec<usize> = widths.split(',').map(number).collect::<Result<_, _>>()?;
    if widths.len() < 2 { Err(expected()) } else { Ok(Network { batch: number(batch)?, widths }) }
}

/// Input, weight and gradient of the output of one linear layer.
struct Layer<B: Backend> {
    x: Tensor<B, 2>,
    w: Tensor<B, 2>,
    g: Tensor<B, 2>,
}

fn layers<B: Backend>(network: &Network, device: &B::Device) -> Vec<Layer<B>> {
    let random = |shape: [usize; 2]| Tensor::random(shape, Distribution::Uniform(-1.0, 1.0), device);
    let layer = |pair: &[usize]| Layer {
        x: random([network.batch, pair[0]]),
        w: random([pair[0], pair[1]]),
        g: random([network.batch, pair[1]]),
    };
    network.widths.windows(2).map(layer).collect()
}

fn products<B: Backend>(layers: &[Layer<B>]) {
    for Layer { x, w, .. } in layers {
        black_box(x.clone().matmul(w.clone()));
    }
    for (index, Layer { x, w, g }) in layers.iter().enumerate().rev() {
        if index > 0 {
            black_box(g.clone().matmul(w.clone().transpose()));
        }
        black_box(x.clone().transpose().matmul(g.clone()));
    }
}

/// Median seconds of a step's products: of the slower half of the batch, where it is divided.
fn measure<B: Backend>(network: &Network, shortest: f64) -> Result<f64, Box<dyn Error>> {
    let threads = rayon::current_num_threads();
    if network.batch < SMALLEST_DIVIDED || threads < 2 {
        return Ok(measure_part::<B>(network, shortest));
    }
    let half = |half: usize| Network { batch: (network.batch + half) / 2, widths: network.widths.clone() };
    let halves = [0, 1].map(|index| (half(index), (threads + index) / 2));
    thread::scope(|scope| {
        let run = |(half, threads)| {
            let pool = ThreadPoolBuilder::new().num_threads(threads).build()?;
            Ok(scope.spawn(move || pool.install(|| measure_part::<B>(&half, shortest))))
        };
        let running: Vec<_> = halves.into_iter().map(run).collect::<Result<_, ThreadPoolBuildError>>()?;
        let seconds = running.into_iter().map(|half| half.join().expect("a half that is measured"));
        Ok(seconds.fold(0.0, f64::max))
    })
}

fn measure_part<B: Backend>(network: &Network, shortest: f64) -> f64 {
    let device = B::Device::default();
    let layers = layers::<B>(network, &device);
    let mut steps = Vec::new();
    let mut total = 0.0;
    for step in 0.. {
        let started = Instant::now();
        products(&layers);
        B::sync(&device).expect("a processor is always in step");
        let seconds = started.elapsed().as_secs_f64();
        if step < STEPS {
            continue;
        }
        steps.push(seconds);
        total += seconds;
        if steps.len() >= STEPS && total >= shortest {
            break;
        }
    }
    steps.sort_by(f64::total_cmp);
    steps[steps.len() / 2]
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments = Arguments::parse();
    for network in &arguments.networks {
        let seconds_per_step = match arguments.backend {
            Choice::Flex => measure::<Flex>(network, arguments.seconds)?,
            Choice::Ndarray => measure::<NdArray>(network, arguments.seconds)?,
        };
        println!(
            "{}",
            json!({ "batch": network.batch, "widths": network.widths, "seconds_per_step": seconds_per_step })
        );
    }
    Ok(())
}
