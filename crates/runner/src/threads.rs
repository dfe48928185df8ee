//! The threads that tensors are computed on.
//!
//! Libraries start them where they first need them, and panic if the system refuses. Here they are started before
//! anything else: as many as it allows.

use std::io::ErrorKind;
use std::sync::mpsc;
use std::thread;

use anyhow::Result;
use rayon::{ThreadBuilder, ThreadPoolBuilder};

/// Most threads that are started, unless there are more processors: each one takes memory.
const MOST: usize = 256;

/// Starts the threads. To be called once, from the main thread, which becomes one of them for the rest of the process:
/// otherwise it would wake the others for every matrix product and sleep until they are done. There would be one thread
/// more than processors, and a training step would spend a tenth of its time waking threads.
///
/// # Errors
///
/// If the system refuses threads that cannot be done without.
pub fn start() -> Result<()> {
    let mut others: Vec<mpsc::Sender<ThreadBuilder>> = Vec::new();
    for _ in 1..wanted() {
        let (sender, receiver) = mpsc::channel::<ThreadBuilder>();
        let run = move || receiver.into_iter().take(1).for_each(ThreadBuilder::run);
        if thread::Builder::new().spawn(run).is_err() {
            break;
        }
        others.push(sender);
    }
    // Rayon itself would start all or none, and could not be asked again.
    let pool = ThreadPoolBuilder::new().num_threads(others.len() + 1).use_current_thread();
    let assign =
        |thread| others.pop().map_or(Ok(()), |other| other.send(thread).map_err(|_| ErrorKind::BrokenPipe.into()));
    // An error means that the global pool exists already, which works too.
    let _ = pool.spawn_handler(assign).build_global();
    start_multiplying()
}

/// Number of threads that tensor operations may use.
pub fn count() -> usize {
    rayon::current_num_threads()
}

/// As many threads as `RAYON_NUM_THREADS` says, else as there are processors.
fn wanted() -> usize {
    let processors = thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let variable = std::env::var("RAYON_NUM_THREADS").ok();
    let configured = variable.and_then(|text| text.parse().ok()).filter(|&threads| threads > 0);
    configured.unwrap_or(processors).min(processors.max(MOST))
}

/// Lets ndarray start the threads that it multiplies matrices on, at the first product.
#[cfg(feature = "ndarray")]
fn start_multiplying() -> Result<()> {
    use burn::tensor::TensorData;
    use burn::tensor::ops::FloatTensorOps as _;
    type B = burn_ndarray::NdArray;

    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    let product = std::panic::catch_unwind(|| {
        // By the backend's own operations: the first tensor settles the precision of a device.
        let one = || B::float_from_data(TensorData::from([[1.0_f32]]), &Default::default());
        B::float_matmul(one(), one())
    });
    std::panic::set_hook(hook);
    let hint = "the system refuses the threads to multiply matrices on; MATMUL_NUM_THREADS=1 does without";
    product.map(drop).map_err(|_| anyhow::anyhow!(hint))
}

#[cfg(not(feature = "ndarray"))]
fn start_multiplying() -> Result<()> {
    Ok(())
}
