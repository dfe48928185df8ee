//! Which tree a leaf is from: `burn-mlp` inside a module of this project's own, on its own data, backend and records.

mod leaves;
mod model;

use burn::module::{AutodiffModule, Module};
use burn::optim::{AdamWConfig, GradientsParams, Optimizer};
use burn::record::{BinBytesRecorder, FullPrecisionSettings, Recorder};
use burn_autodiff::Autodiff;
use burn_flex::Flex;
use burn_mlp::{CrossEntropy, DropoutLayers as _};
use mlp_splits::{permutation, stratified_split};

use crate::leaves::Leaves;
use crate::model::LeafModel;

type Train = Autodiff<Flex>;
type Error = Box<dyn std::error::Error>;

fn main() -> Result<(), Error> {
    let leaves = Leaves::parse(include_str!("../data/leaves.csv"))?;
    let (train, test) = stratified_split(leaves.trees(), 0.25, 7)?;
    let (train, test) = (leaves.select(&train), leaves.select(&test));
    let device = Default::default();

    let mut model = LeafModel::<Train>::new(&train, 7, &device)?;
    let before = right(&model.valid(), &test);
    let mut optimizer = AdamWConfig::new().init::<Train, LeafModel<Train>>();
    let mut step = 0;
    for epoch in 0..40 {
        for indices in permutation(train.len(), 7, epoch).chunks(16) {
            let batch = train.select(indices);
            model.seek_dropout(step);
            step += 1;
            let logits = model.forward(batch.features(&device));
            let loss = CrossEntropy::default().forward(logits, batch.targets(&device));
            let gradients = GradientsParams::from_grads(loss.backward(), &model);
            model = optimizer.step(0.01, model, gradients);
        }
    }
    let model = model.valid();
    let after = right(&model, &test);
    println!("{after} of {} leaves right, {before} before training", test.len());
    assert!(after * 100 >= test.len() * 90, "it should have learned the leaves");
    assert!(after > before);

    // Burn's own records know the network.
    let recorder = BinBytesRecorder::<FullPrecisionSettings>::new();
    let bytes = Recorder::<Flex>::record(&recorder, model.clone().into_record(), ())?;
    let record = recorder.load(bytes, &device)?;
    let loaded = LeafModel::<Flex>::new(&test, 8, &device)?.load_record(record);
    let logits = |model: &LeafModel<Flex>| model.forward(test.features(&device)).into_data();
    assert_eq!(logits(&loaded), logits(&model), "a record brings back the weights");
    Ok(())
}

/// Leaves whose tree the model names.
fn right(model: &LeafModel<Flex>, leaves: &Leaves) -> usize {
    let predicted = model.predict(leaves.features(&Default::default()));
    predicted.iter().zip(leaves.trees()).filter(|(predicted, tree)| *predicted == *tree).count()
}
