//! Measures how long reading, decompressing, verifying and batching the full set takes.
//!
//! ```text
//! cargo run --release -p burn-fashion-mnist --example load_time -- [DIR]
//! ```

use std::path::PathBuf;
use std::time::Instant;

use burn_fashion_mnist::{FashionMnist, Normalization};
use burn_flex::Flex;
use mlp_splits::permutation;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let dir = std::env::args_os().nth(1).map_or("/usr/share/datasets/fashion-mnist".into(), PathBuf::from);
    for _ in 0..5 {
        let start = Instant::now();
        let data = FashionMnist::from_dir(&dir, true)?;
        let load = start.elapsed();

        let order = permutation(data.train.len(), 0, 0);
        let start = Instant::now();
        for indices in order.chunks(256) {
            let batch = data.train.batch::<Flex>(indices, Normalization::default(), &Default::default());
            std::hint::black_box(batch);
        }
        println!("load {load:.0?}, one epoch of batches {:.0?}", start.elapsed());
    }
    Ok(())
}
