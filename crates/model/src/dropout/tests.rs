use super::*;
use burn::tensor::DType;
use burn_autodiff::Autodiff;
use burn_flex::Flex;
use burn_ndarray::NdArray;

type Train = Autodiff<Flex>;

fn layer(prob: f64) -> Dropout {
    DropoutConfig::new(Probability::new(prob).unwrap()).with_seed(3).init()
}

fn arange<B: Backend>() -> Tensor<B, 2> {
    Tensor::<B, 1, burn::tensor::Int>::arange(0..16, &Default::default()).float().reshape([2, 8])
}

fn values<B: Backend, const D: usize>(tensor: Tensor<B, D>) -> Vec<f32> {
    tensor.into_data().convert::<f32>().into_vec().unwrap()
}

#[test]
fn probability_zero_changes_nothing() {
    let x = arange::<Train>();
    assert_eq!(values(layer(0.0).forward(x.clone())), values(x));
}

#[test]
fn probability_one_gives_zeros_even_for_infinities() {
    let x = arange::<Train>() * f32::INFINITY;
    assert_eq!(values(layer(1.0).forward(x)), [0.0; 16]);
}

#[test]
fn probability_one_sends_back_zero_gradients() {
    let x = arange::<Train>().require_grad();
    let gradients = layer(1.0).forward(x.clone()).sum().backward();
    assert_eq!(values(x.grad(&gradients).unwrap()), [0.0; 16]);
}

#[test]
fn every_element_is_zero_or_scaled() {
    let x = values(arange::<Train>());
    let y = values(layer(0.2).forward(arange::<Train>()));
    for (x, y) in x.iter().zip(y) {
        assert!(y == 0.0 || y == x * 1.25, "{x} became {y}");
    }
}

#[test]
fn the_gradient_uses_the_mask_of_the_forward_pass() {
    let x = Tensor::<Train, 2>::ones([64, 64], &Default::default()).require_grad();
    let y = layer(0.5).forward(x.clone());
    let gradients = y.clone().sum().backward();
    // For inputs of 1 the output is the mask itself.
    assert_eq!(values(x.grad(&gradients).unwrap()), values(y));
}

#[test]
fn training_mode_is_the_identity_without_autodiff() {
    let x = arange::<Flex>();
    assert_eq!(values(layer(0.5).forward(x.clone())), values(x));
}

#[test]
fn monte_carlo_mode_drops_without_autodiff() {
    let y = values(
        layer(0.5).with_mode(DropoutMode::MonteCarlo).forward(Tensor::<Flex, 1>::ones([1000], &Default::default())),
    );
    let zeros = y.iter().filter(|&&v| v == 0.0).count();
    // Binomial(1000, 1/2) lies outside 500 ± 100 with probability 3·10⁻¹⁰.
    assert!((400..600).contains(&zeros), "{zeros}");
}

#[test]
fn off_is_the_identity_on_an_autodiff_backend() {
    let x = arange::<Train>();
    let y = layer(0.5).with_mode(DropoutMode::Off).forward(x.clone());
    assert_eq!(values(y), values(x));
}

#[test]
fn masks_are_the_same_on_all_backends() {
    let flex = values(layer(0.5).forward(arange::<Train>()));
    let ndarray = values(layer(0.5).forward(arange::<Autodiff<NdArray>>()));
    let double = values(layer(0.5).forward(arange::<Autodiff<NdArray<f64>>>()));
    assert_eq!(flex, ndarray);
    assert_eq!(flex, double);
}

#[test]
fn the_mask_takes_the_type_of_the_input_whatever_the_devices_default() {
    for dtype in [DType::F32, DType::F64] {
        let x = Tensor::<Flex, 1>::ones([64], (&Default::default(), dtype));
        let y = layer(0.5).with_mode(DropoutMode::MonteCarlo).forward(x);
        assert_eq!(y.dtype(), dtype);
        assert!(values(y).iter().all(|&y| y == 0.0 || y == 2.0));
    }
}

#[test]
fn each_call_draws_a_new_mask_and_seek_returns_to_an_old_one() {
    let dropout = layer(0.5);
    let draw = || values(dropout.forward(Tensor::<Train, 1>::ones([64], &Default::default())));
    let (first, second) = (draw(), draw());
    assert_ne!(first, second);
    dropout.seek(0);
    assert_eq!(draw(), first);
}

#[test]
fn rows_of_a_mask_do_not_depend_on_how_many_are_drawn_and_the_next_mask_starts_at_its_first() {
    let (dropout, device) = (layer(0.2), Default::default());
    // Narrower than a round of the generators, wider than a round, and wider than a block.
    for width in [5, 784, 20_000] {
        let ones = |rows| Tensor::<Train, 2>::ones([rows, width], &device);
        dropout.seek(0);
        let masks = [(); 2].map(|()| dropout.forward(ones(7)));
        dropout.seek_row(0, 4);
        assert_eq!(values(dropout.forward(ones(3))), values(masks[0].clone().narrow(0, 4, 3)), "width {width}");
        assert_eq!(values(dropout.forward(ones(7))), values(masks[1].clone()), "width {width}");
    }
}

#[test]
fn a_clone_continues_as_the_original_would() {
    let dropout = layer(0.5);
    let ones = || Tensor::<Train, 1>::ones([64], &Default::default());
    let _ = dropout.forward(ones());
    let clone = dropout.clone();
    assert_eq!(values(clone.forward(ones())), values(dropout.forward(ones())));
}

#[test]
fn layers_without_a_seed_differ() {
    let config = DropoutConfig::new(Probability::new(0.5).unwrap());
    let draw = |dropout: Dropout| values(dropout.forward(Tensor::<Train, 1>::ones([64], &Default::default())));
    assert_ne!(draw(config.init()), draw(config.init()));
}
