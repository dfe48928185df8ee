//! Fashion-MNIST in Burn's own `DataLoader`, for a softmax regression on flattened images.
//!
//! ```text
//! cargo run -p burn-fashion-mnist --features sample --example data_loader -- [auto|sample|DIR]
//! ```

use burn::data::dataloader::DataLoaderBuilder;
use burn::module::AutodiffModule;
use burn::nn::loss::CrossEntropyLossConfig;
use burn::nn::{Linear, LinearConfig};
use burn::optim::{GradientsParams, Optimizer, SgdConfig};
use burn::tensor::ElementConversion;
use burn_autodiff::Autodiff;
use burn_fashion_mnist::{Batch, FashionMnist, ImageBatcher, ImageItem, Request, Source};
use burn_flex::Flex;

type B = Autodiff<Flex>;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let source: Source = std::env::args().nth(1).as_deref().unwrap_or("auto").parse()?;
    let data = FashionMnist::load(&Request::new(source))?;
    for warning in &data.origin.warnings {
        eprintln!("warning: {warning}");
    }

    // `Images` is a Burn `Dataset`; a clone shares the pixels. A thread that loads ahead would cost more than it saves.
    let train = DataLoaderBuilder::<B, ImageItem, Batch<B>>::new(ImageBatcher::default())
        .batch_size(256)
        .shuffle(42)
        .build(data.train.clone());
    let test = DataLoaderBuilder::<Flex, ImageItem, Batch<Flex>>::new(ImageBatcher::default())
        .batch_size(1000)
        .build(data.test.clone());

    let device = Default::default();
    let mut model = LinearConfig::new(data.train.d_input(), data.class_names().len()).init::<B>(&device);
    let mut optimizer = SgdConfig::new().init::<B, Linear<B>>();
    let loss = CrossEntropyLossConfig::new().init(&device);
    let mut accuracy = 0.0;
    for epoch in 1..=3 {
        for batch in train.iter() {
            let loss = loss.forward(model.forward(batch.images), batch.targets);
            let gradients = GradientsParams::from_grads(loss.backward(), &model);
            model = optimizer.step(0.1, model, gradients);
        }
        let valid = model.valid();
        let right: i64 = test.iter().map(|batch| right(&valid, batch)).sum();
        accuracy = right as f64 / data.test.len() as f64;
        println!("epoch {epoch}: {:.2} % of {} test images", 100.0 * accuracy, data.test.len());
    }
    assert!(accuracy > 0.6, "it should have learned more than that");
    Ok(())
}

/// How many images of a batch the model predicts right.
fn right(model: &Linear<Flex>, batch: Batch<Flex>) -> i64 {
    let predicted = model.forward(batch.images).argmax(1).squeeze_dim(1);
    predicted.equal(batch.targets).int().sum().into_scalar().elem()
}
