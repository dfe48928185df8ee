use super::*;
use burn::tensor::DType;
use burn_autodiff::Autodiff;
use burn_flex::Flex;
use burn_ndarray::NdArray;

type Train = Autodiff<Flex>;

fn layer<B: Backend>(prob: f64) -> Dropout<B> {
    DropoutConfig::new(Probability::of(prob)).with_seed(3).init()
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
fn rows_of_a_mask_do_not_depend_on_how_many_are_drawn() {
    let (dropout, device) = (layer(0.2), Default::default());
    // Narrower than a round of the generators, wider than a round, and wider than a block.
    for width in [5, 784, 20_000] {
        let ones = |rows| Tensor::<Train, 2>::ones([rows, width], &device);
        dropout.seek(0);
        let whole = dropout.forward(ones(7));
        dropout.seek_row(0, 4);
        assert_eq!(values(dropout.forward(ones(3))), values(whole.narrow(0, 4, 3)), "width {width}");
    }
}

#[test]
fn a_layer_called_twice_in_a_step_has_the_masks_of_the_whole_batch_on_two_threads() {
    let dropout = layer(0.5);
    let twice = |dropout: &Dropout<Train>, rows| {
        [(); 2].map(|()| dropout.forward(Tensor::<Train, 2>::ones([rows, 40], &Default::default())))
    };
    for step in [0, 1, 7] {
        dropout.seek(step);
        let whole = twice(&dropout, 10);
        let part = |first: usize, rows| {
            let clone = dropout.clone();
            std::thread::spawn(move || {
                clone.seek_row(step, first as u64);
                twice(&clone, rows).map(values)
            })
        };
        let (upper, lower) = (part(0, 6), part(6, 4));
        let (upper, lower) = (upper.join().unwrap(), lower.join().unwrap());
        for (call, whole) in whole.into_iter().enumerate() {
            assert_eq!([&upper[call][..], &lower[call][..]].concat(), values(whole), "step {step}, call {call}");
        }
    }
}

#[test]
fn no_mask_of_a_step_is_that_of_another_step_or_call() {
    let dropout = layer(0.5);
    let mut masks: Vec<Vec<f32>> = Vec::new();
    for step in 0..4 {
        dropout.seek(step);
        masks.extend([(); 3].map(|()| values(dropout.forward(Tensor::<Train, 1>::ones([64], &Default::default())))));
    }
    for (index, mask) in masks.iter().enumerate() {
        assert!(!masks[..index].contains(mask), "mask {index}");
    }
}

#[test]
fn a_layer_of_ones_own_shares_no_mask_with_those_of_a_perceptron_or_another_stream() {
    let mlp = crate::MlpConfig::new(64, [64], 2).with_input_dropout(Probability::of(0.5)).with_dropout(0.5);
    let mlp = mlp.with_seed(7).init::<Train>(&Default::default()).unwrap();
    let config = DropoutConfig::new(Probability::of(0.5)).with_seed(7);
    let draw = |dropout: &Dropout<Train>| values(dropout.forward(Tensor::<_, 1>::ones([64], &Default::default())));
    let masks = [&config.init(), &config.with_stream(1).init(), &mlp.input_dropout, &mlp.hidden[0].dropout].map(draw);
    for (index, mask) in masks.iter().enumerate() {
        assert!(!masks[..index].contains(mask), "layer {index}");
    }
}

#[test]
fn a_record_brings_back_the_position() {
    use burn::module::Module as _;
    let dropout = layer::<Train>(0.5);
    dropout.seek(3);
    let _ = dropout.forward(arange());
    let loaded = layer::<Train>(0.5).load_record(dropout.clone().into_record());
    assert_eq!(loaded.position(), DropoutPosition { step: 3, call: 1, row: 0 });
    assert_eq!(values(loaded.forward(arange())), values(dropout.forward(arange())));
}

#[test]
fn it_prints_as_one_word() {
    let dropout = layer::<Train>(0.25);
    assert_eq!(std::format!("{dropout} {dropout:?}"), "Dropout(0.25) Dropout(0.25)");
    assert_eq!(std::format!("{}", dropout.with_mode(DropoutMode::MonteCarlo)), "Dropout(0.25, monte-carlo)");
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
    let config = DropoutConfig::new(Probability::of(0.5));
    let draw = |dropout: Dropout<Train>| values(dropout.forward(Tensor::<Train, 1>::ones([64], &Default::default())));
    assert_ne!(draw(config.init()), draw(config.init()));
}
