//! Seconds that the matrix products of one training step take, without anything else of the step.
//!
//! A linear layer `y = x·w` costs three: `x·w` forward, `xᵀ·g` for the weight's gradient, and `g·wᵀ` for the
//! input's, which the first layer spares. As in the runner, halves of a batch are multiplied side by side, each with
//! half of the threads. Each network on the command line gives a line of JSON.
#![recursion_limit = "256"]

use std::error::Error;
use std::hint::black_box;
use std::thread;
use std::time::Instant;

use clap::{Parser, ValueEnum};
use rayon::{ThreadPoolBuildError, ThreadPoolBuilder};
use serde_json::json;

mod multiply;

use multiply::{Burn, Gemm, Multiply, Operand};

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
struct Layer<M> {
    x: M,
    w: M,
    g: M,
}

fn layers<M: Multiply>(network: &Network) -> Vec<Layer<M>> {
    let layer = |pair: &[usize]| Layer {
        x: M::random(network.batch, pair[0]),
        w: M::random(pair[0], pair[1]),
        g: M::random(network.batch, pair[1]),
    };
    network.widths.windows(2).map(layer).collect()
}

fn products<M: Multiply>(layers: &[Layer<M>]) {
    for Layer { x, w, .. } in layers {
        black_box(M::product(Operand::Plain(x), Operand::Plain(w)));
    }
    for (index, Layer { x, w, g }) in layers.iter().enumerate().rev() {
        black_box(M::product(Operand::Transposed(x), Operand::Plain(g)));
        if index > 0 {
            black_box(M::product(Operand::Plain(g), Operand::Transposed(w)));
        }
    }
}

/// Median seconds of a step's products: of the slower half of the batch, where it is divided.
fn measure<M: Multiply>(network: &Network, shortest: f64) -> Result<f64, Box<dyn Error>> {
    let threads = rayon::current_num_threads();
    if network.batch < SMALLEST_DIVIDED || threads < 2 {
        return Ok(measure_part::<M>(network, shortest));
    }
    let half = |half: usize| Network { batch: (network.batch + half) / 2, widths: network.widths.clone() };
    let halves = [0, 1].map(|index| (half(index), (threads + index) / 2));
    thread::scope(|scope| {
        let run = |(half, threads)| {
            let pool = ThreadPoolBuilder::new().num_threads(threads).build()?;
            Ok(scope.spawn(move || pool.install(|| measure_part::<M>(&half, shortest))))
        };
        let running: Vec<_> = halves.into_iter().map(run).collect::<Result<_, ThreadPoolBuildError>>()?;
        let seconds = running.into_iter().map(|half| half.join().expect("a half that is measured"));
        Ok(seconds.fold(0.0, f64::max))
    })
}

fn measure_part<M: Multiply>(network: &Network, shortest: f64) -> f64 {
    let layers = layers::<M>(network);
    let mut steps = Vec::new();
    let mut total = 0.0;
    for step in 0.. {
        let started = Instant::now();
        products(&layers);
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
            Choice::Flex => measure::<Gemm>(network, arguments.seconds)?,
            Choice::Ndarray => measure::<Burn>(network, arguments.seconds)?,
        };
        println!(
            "{}",
            json!({ "batch": network.batch, "widths": network.widths, "seconds_per_step": seconds_per_step })
        );
    }
    Ok(())
}
