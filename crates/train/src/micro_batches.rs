//! Micro-batches: the parts of a batch, each taken from features to gradients on its own threads.
//!
//! The matrix products of a batch of 256 are too short to divide among threads: waking the threads for each product
//! costs more than they save, and the operations between the products run on one thread. If every thread takes its
//! micro-batch through the whole step, the threads synchronize only once.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::{Mutex, OnceLock, PoisonError};

use rayon::{ThreadPool, ThreadPoolBuilder};

/// Fewest examples in a micro-batch.
const EXAMPLES: usize = 32;

/// How a batch is divided: into a fixed number of micro-batches, so that the result does not depend on the number of
/// threads. The number should be small: each micro-batch writes a gradient of every weight, which is then summed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct MicroBatches {
    count: usize,
    /// A thread pool for each micro-batch; empty if there are fewer threads than micro-batches.
    pools: &'static [ThreadPool],
}

impl MicroBatches {
    /// `count` micro-batches, at least 1.
    pub fn new(count: usize) -> Self {
        let count = count.max(1);
        Self { count, pools: if count == 1 { &[] } else { pools(count) } }
    }

    /// The micro-batches of a batch of `examples`, in order. A small batch is not divided.
    pub fn ranges(self, examples: usize) -> Vec<Range<usize>> {
        if examples < self.count * EXAMPLES {
            return vec![Range { start: 0, end: examples }];
        }
        let bound = |index: usize| examples * index / self.count;
        (0..self.count).map(|index| bound(index)..bound(index + 1)).collect()
    }

    /// Runs `compute` on each of `inputs` and returns the results in their order. Runs in parallel if there are enough
    /// threads.
    pub fn map<I: Send, T: Send>(self, inputs: Vec<I>, compute: impl Fn(I) -> T + Sync) -> Vec<T> {
        if inputs.len() < 2 || self.pools.is_empty() {
            return inputs.into_iter().map(compute).collect();
        }
        self.on_pool(true, || {
            let mut results: Vec<Option<T>> = inputs.iter().map(|_| None).collect();
            let works = inputs.into_iter().zip(&mut results).collect();
            self.run(works, &|(input, result): (I, &mut Option<T>)| *result = Some(compute(input)));
            results.into_iter().flatten().collect()
        })
    }

    /// Runs `work`, which calls [`map`](Self::map), on a thread of the first micro-batch's pool if batches are
    /// `divided`, else on one of all threads. Without pools it runs on the calling thread.
    ///
    /// That thread takes part in what it divides. From any other thread, each `map`, and each product of matrices, would
    /// first have to wake a thread of the pool, and then be woken by it.
    pub fn on_pool<T: Send>(self, divided: bool, work: impl FnOnce() -> T + Send) -> T {
        match self.pools {
            [first, ..] if divided => first.install(work),
            [_, ..] => rayon::scope(|_| work()),
            [] => work(),
        }
    }

    /// Does the first work on the calling thread, and each other one on the pool of its micro-batch.
    fn run<W: Send>(self, mut works: Vec<W>, job: &(impl Fn(W) + Sync)) {
        let Some(last) = works.pop() else { return };
        if works.is_empty() {
            return job(last);
        }
        self.pools[works.len()].in_place_scope(|scope| {
            scope.spawn(|_| job(last));
            self.run(works, job);
        });
    }
}

/// The thread pools for `count` micro-batches. They live as long as the process, as rayon's global pool does.
fn pools(count: usize) -> &'static [ThreadPool] {
    static POOLS: OnceLock<Mutex<BTreeMap<usize, &'static [ThreadPool]>>> = OnceLock::new();
    let mut pools = POOLS.get_or_init(Mutex::default).lock().unwrap_or_else(PoisonError::into_inner);
    pools.entry(count).or_insert_with(|| Box::leak(start(count).into_boxed_slice()))
}

/// Divides the threads among `count` pools. Empty if there are too few threads, or the system refuses to start them.
fn start(count: usize) -> Vec<ThreadPool> {
    let threads = rayon::current_num_threads();
    if threads < count {
        return Vec::new();
    }
    let share = |index: usize| threads * (index + 1) / count - threads * index / count;
    let pool = |index| {
        let name = move |thread| format!("micro-batch {index}.{thread}");
        ThreadPoolBuilder::new().num_threads(share(index)).thread_name(name).build()
    };
    (0..count).map(pool).collect::<Result<_, _>>().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn micro_batches_cover_the_batch_in_order() {
        for count in 1..4 {
            for examples in [0, 1, 10, 63, 64, 65, 256, 1023] {
                let ranges = MicroBatches::new(count).ranges(examples);
                assert_eq!(ranges.iter().cloned().flatten().collect::<Vec<_>>(), (0..examples).collect::<Vec<_>>());
                assert_eq!(ranges.len(), if examples < 32 * count { 1 } else { count });
            }
        }
    }

    #[test]
    fn results_are_in_the_order_of_the_inputs() {
        for count in 1..4 {
            for inputs in 0..=count {
                let results = MicroBatches::new(count).map((0..inputs).collect(), |input| 10 * input);
                assert_eq!(results, (0..inputs).map(|input| 10 * input).collect::<Vec<_>>());
            }
        }
    }
}
