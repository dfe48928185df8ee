//! The parts in which a batch is computed, from its images to its gradients, each on threads of its own.
//!
//! The products of a batch of 256 are too short to be worth dividing among threads: those have to be woken for each,
//! and what lies between the products runs on one of them. Where every thread takes a part of the batch through the
//! whole step, they have to meet only once.

use std::ops::Range;
use std::sync::OnceLock;

use rayon::{ThreadPool, ThreadPoolBuilder};

use crate::backend;

/// Parts of a batch. A constant, so that a result does not depend on the number of threads; and not more, as each part
/// has a gradient of every weight, which has to be written and added.
const SHARDS: usize = 2;
/// Fewest examples that are worth a part.
const EXAMPLES: usize = 32;

/// The parts of a batch of `examples`, in order: one where they are few, or the device is a GPU, which wants all at
/// once.
pub fn ranges(examples: usize) -> Vec<Range<usize>> {
    if backend::ASYNCHRONOUS || examples < SHARDS * EXAMPLES {
        return vec![Range { start: 0, end: examples }];
    }
    let bound = |shard: usize| examples * shard / SHARDS;
    (0..SHARDS).map(|shard| bound(shard)..bound(shard + 1)).collect()
}

/// What `compute` makes of each part, in their order; side by side where there are several threads.
pub fn map<I: Send, T: Send>(parts: Vec<I>, compute: impl Fn(I) -> T + Sync) -> Vec<T> {
    if parts.len() < 2 || pools().is_empty() {
        return parts.into_iter().map(compute).collect();
    }
    on_first(true, || {
        let mut results: Vec<Option<T>> = parts.iter().map(|_| None).collect();
        let works = parts.into_iter().zip(&mut results).collect();
        run(works, &|(part, result): (I, &mut Option<T>)| *result = Some(compute(part)));
        results.into_iter().flatten().collect()
    })
}

/// Runs `work`, steps on batches that are `divided` or not, on a thread of the first part if they are: that one computes
/// this part in every [`map`].
///
/// From another thread each `map` waits for it to wake, and then to be woken by it. What is not divided has all threads
/// elsewhere, and those of one part there.
pub fn on_first<T: Send>(divided: bool, work: impl FnOnce() -> T + Send) -> T {
    match pools() {
        [first, ..] if divided => first.install(work),
        _ => work(),
    }
}

/// Does the first work here, and the others on the pools of their parts.
fn run<W: Send>(mut works: Vec<W>, job: &(impl Fn(W) + Sync)) {
    let Some(last) = works.pop() else { return };
    if works.is_empty() {
        return job(last);
    }
    pools()[works.len()].in_place_scope(|scope| {
        scope.spawn(|_| job(last));
        run(works, job);
    });
}

/// A pool for each part, which share the threads: a product inside a part is divided among those of its pool, and on
/// two threads not at all. None where there are too few threads for it.
fn pools() -> &'static [ThreadPool] {
    static POOLS: OnceLock<Vec<ThreadPool>> = OnceLock::new();
    POOLS.get_or_init(|| {
        let threads = rayon::current_num_threads();
        if threads < SHARDS {
            return Vec::new();
        }
        let share = |shard: usize| threads * (shard + 1) / SHARDS - threads * shard / SHARDS;
        let pool = |shard| {
            let name = move |thread| format!("shard {shard}.{thread}");
            ThreadPoolBuilder::new().num_threads(share(shard)).thread_name(name).build()
        };
        (0..SHARDS).map(pool).collect::<Result<_, _>>().expect("the system gives threads")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parts_cover_the_batch_in_order() {
        for examples in [0, 1, 10, 63, 64, 65, 256, 1023] {
            let ranges = ranges(examples);
            assert_eq!(ranges.iter().cloned().flatten().collect::<Vec<_>>(), (0..examples).collect::<Vec<_>>());
            assert_eq!(ranges.len(), if backend::ASYNCHRONOUS || examples < 64 { 1 } else { SHARDS });
        }
    }

    #[test]
    fn results_are_in_the_order_of_the_parts() {
        for parts in 0..=SHARDS {
            assert_eq!(
                map((0..parts).collect(), |part| 10 * part),
                (0..parts).map(|part| 10 * part).collect::<Vec<_>>()
            );
        }
    }
}
