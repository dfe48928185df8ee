//! [`Mlp`] in a training loop of one's own, on data of one's own: which of two interleaved spirals a point lies on.
//!
//! ```text
//! cargo run -p burn-mlp --example custom_loop
//! ```

use burn::module::AutodiffModule;
use burn::optim::{AdamConfig, GradientsParams, Optimizer};
use burn::tensor::{ElementConversion, Int, Tensor, TensorData, backend::Backend};
use burn_autodiff::Autodiff;
use burn_flex::Flex;
use burn_mlp::{Activation, CrossEntropy, Key, Mlp, MlpConfig, Probability};

/// Any Burn backend; training needs `Autodiff` around it.
type B = Autodiff<Flex>;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let device = Default::default();
    let (points, spirals) = two_spirals::<B>(400, 1, &device);
    let (test_points, test_spirals) = two_spirals::<Flex>(400, 2, &device);

    let mut mlp = MlpConfig::new(2, [64, 64], 2)
        .with_activation(Activation::Silu)
        .with_dropout([Probability::ZERO, Probability::new(0.1)?])
        .with_seed(42)
        .init::<B>(&device)?;
    let loss = CrossEntropy::default();
    let mut optimizer = AdamConfig::new().init::<B, Mlp<B>>();

    for step in 1..=300 {
        let loss = loss.forward(mlp.forward(points.clone()), spirals.clone());
        if step % 100 == 0 {
            println!("step {step}: loss {:.4}", loss.clone().into_scalar());
        }
        let gradients = GradientsParams::from_grads(loss.backward(), &mlp);
        mlp = optimizer.step(0.01, mlp, gradients);
    }

    // Without autodiff the network predicts: dropout is off.
    let accuracy = accuracy(&mlp.valid(), test_points, test_spirals);
    println!("{:.1} % of 400 new points on the right spiral", 100.0 * accuracy);
    assert!(accuracy > 0.95, "it should have learned the spirals");
    Ok(())
}

/// Points of both spirals with a little noise, `[n, 2]`, and the spiral of each, `[n]`.
fn two_spirals<B: Backend>(n: usize, seed: u64, device: &B::Device) -> (Tensor<B, 2>, Tensor<B, 1, Int>) {
    let key = Key::new(seed, *b"spirals\0");
    let (mut uniforms, mut normals) = (key.uniforms(), key.at(1, 0).normals());
    let (mut points, mut spirals) = (Vec::new(), Vec::new());
    for index in 0..n {
        let spiral = index % 2;
        // The root spreads the points evenly along the curve, one turn and a half.
        let radius = uniforms.next().unwrap_or_default().sqrt();
        let angle = 3.0 * std::f64::consts::PI * radius + spiral as f64 * std::f64::consts::PI;
        for coordinate in [radius * angle.cos(), radius * angle.sin()] {
            points.push((coordinate + 0.02 * normals.next().unwrap_or_default()) as f32);
        }
        spirals.push(spiral as i32);
    }
    (
        Tensor::from_data(TensorData::new(points, [n, 2]), device),
        Tensor::from_data(TensorData::new(spirals, [n]), device),
    )
}

fn accuracy(mlp: &Mlp<Flex>, points: Tensor<Flex, 2>, spirals: Tensor<Flex, 1, Int>) -> f64 {
    let n = spirals.dims()[0];
    let predicted = mlp.forward(points).argmax(1).squeeze_dim(1);
    let right: i64 = predicted.equal(spirals).int().sum().into_scalar().elem();
    right as f64 / n as f64
}
