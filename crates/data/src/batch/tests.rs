use burn::data::dataloader::DataLoaderBuilder;
use burn_flex::Flex;

use super::*;

fn every_value() -> Images {
    Images::new((0..=255).collect(), (0..64).collect(), 2, 2, 64).expect("valid")
}

fn read(batch: Batch<Flex>) -> (Vec<usize>, Vec<f32>, Vec<i64>) {
    let images = batch.images.into_data();
    let shape = images.shape.to_vec();
    let targets = batch.targets.into_data().iter::<i64>().collect();
    (shape, images.to_vec().expect("f32"), targets)
}

#[test]
fn the_default_is_the_quotient_to_the_last_bit() {
    let (shape, values, targets) =
        read(every_value().batch_range(0..64, Normalization::default(), &Default::default()));
    assert_eq!(shape, [64, 4]);
    assert!(values.iter().map(|value| value.to_bits()).eq((0..=255_u8).map(|v| (f32::from(v) / 255.0).to_bits())));
    assert!(targets.into_iter().eq(0..64));
}

#[test]
fn the_two_paths_of_the_normalization_agree() {
    for value in 0..=255_u8 {
        let quotient = f32::from(value) / 255.0;
        assert_eq!(Normalization::default().apply(value).to_bits(), quotient.to_bits());
    }
    let normalization = Normalization { mean: 0.25, std: 0.5 };
    let (_, values, _) = read(every_value().batch(&[63], normalization, &Default::default()));
    assert_eq!(values, [252, 253, 254, 255].map(|value| (value as f32 / 255.0 - 0.25) / 0.5));
}

#[test]
fn all_ways_to_a_batch_agree() {
    let images = every_value();
    let device = Default::default();
    let normalization = Normalization { mean: 0.286, std: 0.353 };
    let on_device = DeviceImages::<Flex>::new(&images, normalization, &device);
    assert_eq!(on_device.len(), images.len());

    let chosen = [5, 0, 63, 5];
    let expected = read(images.batch(&chosen, normalization, &device));
    assert_eq!(expected.2, [5, 0, 63, 5]);
    assert_eq!(read(on_device.batch(&chosen)), expected);

    let expected = read(images.batch(&[10, 11, 12], normalization, &device));
    assert_eq!(read(images.batch_range(10..13, normalization, &device)), expected);
    assert_eq!(read(on_device.batch_range(10..13)), expected);
}

#[test]
fn no_indices_make_an_empty_batch() {
    let batch = every_value().batch::<Flex>(&[], Normalization::default(), &Default::default());
    assert_eq!((batch.images.dims(), batch.targets.dims()), ([0, 4], [0]));
}

#[test]
fn burns_loader_delivers_the_same_values() {
    let images = every_value();
    let loader = DataLoaderBuilder::<Flex, _, _>::new(ImageBatcher::default()).batch_size(48).build(images.clone());
    let batches: Vec<_> = loader.iter().map(read).collect();
    assert_eq!(batches.len(), 2);
    for (batch, range) in batches.into_iter().zip([0..48, 48..64]) {
        assert_eq!(batch, read(images.batch_range(range, Normalization::default(), &Default::default())));
    }
}

#[test]
#[should_panic(expected = "image 64 of 64")]
fn the_host_refuses_an_index_past_the_end() {
    let _ = every_value().batch::<Flex>(&[64], Normalization::default(), &Default::default());
}

#[test]
#[should_panic(expected = "image 64 of 64")]
fn the_device_refuses_an_index_past_the_end() {
    let device = Default::default();
    let _ = DeviceImages::<Flex>::new(&every_value(), Normalization::default(), &device).batch(&[64]);
}
