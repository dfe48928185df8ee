//! What a training step of the default network asks of a graphics adapter: kernels, writes, and reads that block.
//!
//! ```text
//! CUBECL_AUTOTUNE_LEVEL=0 cargo bench -p runner --features wgpu --bench device
//! ```
//!
//! The figures are counts, so that any adapter will do, one played by software too. They are taken from the log of
//! `wgpu`, over steps whose kernels have all been compiled before, between two reads of the losses. Ends with an error
//! if there are more than `LARGEST` a step.
#![recursion_limit = "256"]

use std::process::ExitCode;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use burn_fashion_mnist::{Images, Normalization};
use burn_mlp::{Key, MlpConfig};
use burn_mlp_train::{Callback, StepView, Trainer, TrainerConfig};
use log::{LevelFilter, Log, Metadata, Record};
use mlp_lab::images::ImageExamples;
use runner::backend::{PLACEMENT, Train, choose};

/// Events of `wgpu`, by the words that their lines in its log begin with.
const EVENTS: [(&str, &str); 4] = [
    ("kernels", "ComputePass::dispatch"),
    ("writes", "Queue::write_buffer"),
    ("submissions", "Queue::submit "),
    ("reads", "Buffer::map_async"),
];
/// The most kernels and reads a step.
const LARGEST: [f64; 2] = [36.0, 1.0 / 32.0];
/// Steps before the first count: two reads of losses, with the kernels that only they need.
const WARM_UP: usize = 64;
/// Steps counted, a multiple of the steps between reads.
const COUNTED: usize = 64;
const BATCH: usize = 256;

static COUNTS: [AtomicUsize; 4] = [const { AtomicUsize::new(0) }; 4];

/// The event before.
static LAST: AtomicUsize = AtomicUsize::new(EVENTS.len());

struct Counter;

impl Log for Counter {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with("wgpu_core")
    }

    fn log(&self, record: &Record<'_>) {
        if !self.enabled(record.metadata()) {
            return;
        }
        let line = format!("{} ", record.args());
        let Some(event) = EVENTS.iter().position(|(_, begins)| line.starts_with(begins)) else { return };
        let last = LAST.swap(event, Ordering::Relaxed);
        // Buffers that are mapped one after the other are waited for together.
        if EVENTS[event].0 != "reads" || last != event {
            COUNTS[event].fetch_add(1, Ordering::Relaxed);
        }
    }

    fn flush(&self) {}
}

/// The counts after the first and after the last step that is counted.
#[derive(Clone, Default)]
struct Span(Arc<Mutex<Vec<[usize; 4]>>>);

impl<M> Callback<M> for Span {
    fn after_step(&mut self, step: &StepView<'_, M>) {
        let step = step.step as usize + 1;
        if step == WARM_UP || step == WARM_UP + COUNTED {
            let counts = COUNTS.each_ref().map(|count| count.load(Ordering::Relaxed));
            self.0.lock().expect("no other thread panicked").push(counts);
        }
    }
}

fn images(count: usize) -> Images {
    let pixels = Key::new(1, *b"pixels\0\0").uniforms().map(|pixel| (pixel * 256.0) as u8).take(count * 784).collect();
    let labels = (0..count).map(|index| (index % 10) as u8).collect();
    Images::new(pixels, labels, 28, 28, 10).expect("valid images")
}

fn main() -> Result<ExitCode, Box<dyn std::error::Error>> {
    let chosen = choose()?;
    log::set_logger(&Counter).map_err(|error| error.to_string())?;
    log::set_max_level(LevelFilter::Trace);

    let network = MlpConfig::new(784, [256, 256], 10).with_dropout([0.2, 0.5]).init::<Train>(&chosen.device)?;
    let examples = ImageExamples::new(images((WARM_UP + COUNTED) * BATCH), Normalization::default());
    let examples = examples.resident(PLACEMENT.resident, &chosen.device);
    let config = TrainerConfig { epochs: 1, batch_size: BATCH, ..Default::default() };
    let span = Span::default();
    let trainer = Trainer::new(network, examples, config, &chosen.device).with_placement(PLACEMENT);
    trainer.with_callback(span.clone()).run()?;

    let counts = span.0.lock().map_err(|error| error.to_string())?;
    let [before, after] = counts[..] else { return Err("the steps were not reached".into()) };
    println!("{} steps of 784-256-256-10 in batches of {BATCH} on {}", COUNTED, chosen.description);
    let mut code = ExitCode::SUCCESS;
    for (index, (name, _)) in EVENTS.iter().enumerate() {
        let each = (after[index] - before[index]) as f64 / COUNTED as f64;
        let largest = match *name {
            "kernels" => Some(LARGEST[0]),
            "reads" => Some(LARGEST[1]),
            _ => None,
        };
        let limit = largest.map_or(String::new(), |largest| format!(", at most {largest}"));
        println!("{name:<12} {each:>8.3} a step{limit}");
        if largest.is_some_and(|largest| each > largest) {
            code = ExitCode::FAILURE;
        }
    }
    Ok(code)
}
