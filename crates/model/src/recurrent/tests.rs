use alloc::vec::Vec;

use burn::tensor::DType;
use burn::tensor::backend::{AutodiffBackend, Backend};
use burn_autodiff::Autodiff;
use burn_flex::Flex;
use burn_ndarray::NdArray;

use super::*;
use crate::reference::{assert_probe, double, wave};
use crate::{Init, LayerInit};

type Double = Autodiff<NdArray<f64>>;
type Gradients = <Double as AutodiffBackend>::Gradients;

fn values<B: Backend, const D: usize>(tensor: Tensor<B, D>) -> Vec<f64> {
    tensor.into_data().iter::<f64>().collect()
}

/// Fills the weights of map `gate` with waves.
fn fill(map: &mut Recurrence<Double>, gate: u32) {
    map.input.weight = Param::from_tensor(wave(1 + gate, [2, 3]));
    map.hidden.weight = Param::from_tensor(wave(11 + gate, [3, 3]));
    map.input.bias = Some(Param::from_tensor(wave(21 + gate, [3])));
}

fn assert_gradients(map: &Recurrence<Double>, gradients: &Gradients, expected: [[f64; 3]; 3]) {
    assert_probe("W", map.input.weight.grad(gradients).unwrap(), expected[0]);
    assert_probe("U", map.hidden.weight.grad(gradients).unwrap(), expected[1]);
    assert_probe("b", map.input.bias.as_ref().unwrap().grad(gradients).unwrap(), expected[2]);
}

// With wave and probe of src/reference.rs:
// def run(kind, gates):
//     m = kind(2, 3, batch_first=True)
//     for g in range(gates):
//         rows = slice(3 * g, 3 * g + 3)
//         m.weight_ih_l0.data[rows] = wave(1 + g, 2, 3).T
//         m.weight_hh_l0.data[rows] = wave(11 + g, 3, 3).T
//         m.bias_ih_l0.data[rows] = wave(21 + g, 3)
//         m.bias_hh_l0.data[rows] = 0.
//     x = wave(31, 2, 4, 2).requires_grad_(); y, last = m(x)
//     (y[:, -1] * wave(41, 2, 3)).sum().backward()
//     print(probe(y), probe(x.grad))
//     for g in range(gates):
//         rows = slice(3 * g, 3 * g + 3)
//         print(*(probe(p.grad[rows].T) for p in (m.weight_ih_l0, m.weight_hh_l0)), probe(m.bias_ih_l0.grad[rows]))
//     if gates == 4: print(probe(last[1]))
// run(torch.nn.RNN, 1); run(torch.nn.LSTM, 4)

#[test]
fn the_plain_network_matches_pytorch() {
    let mut rnn = double(RnnConfig::new(2, 3).init::<Double>(&Default::default()).unwrap());
    fill(&mut rnn.recurrence, 0);
    let x = wave::<Double, 3>(31, [2, 4, 2]).require_grad();
    let y = rnn.forward(x.clone(), None);
    let last = y.clone().narrow(1, 3, 1).squeeze_dim::<2>(1);
    let gradients = (last * wave(41, [2, 3])).sum().backward();
    assert_probe("y", y.inner(), [-0.7114022812, 6.3752134629, 9.1442793486]);
    assert_probe("x", x.grad(&gradients).unwrap(), [0.7846564008, -1.3935626418, 3.0765569011]);
    let expected = [
        [-0.0153945899, -0.7046163031, 1.9382169239],
        [0.1494735810, 0.5685185997, 1.0737603523],
        [-0.2589595617, -0.4416576586, 0.1579907197],
    ];
    assert_gradients(&rnn.recurrence, &gradients, expected);
}

#[test]
fn the_long_short_term_memory_matches_pytorch() {
    let mut lstm = double(LstmConfig::new(2, 3).init::<Double>(&Default::default()).unwrap());
    for (gate, map) in (0..).zip([&mut lstm.input, &mut lstm.forget, &mut lstm.candidate, &mut lstm.output]) {
        fill(map, gate);
    }
    let x = wave::<Double, 3>(31, [2, 4, 2]).require_grad();
    let (y, last) = lstm.forward(x.clone(), None);
    let gradients = (last.hidden * wave(41, [2, 3])).sum().backward();
    assert_probe("y", y.inner(), [0.1035223744, -1.0465833476, 0.5972150287]);
    assert_probe("cell", last.cell.inner(), [0.2541260037, -1.4068453104, 1.5466725680]);
    assert_probe("x", x.grad(&gradients).unwrap(), [-0.2078567234, 0.3476622035, 0.1760414335]);
    for (map, expected) in [&lstm.input, &lstm.forget, &lstm.candidate, &lstm.output].into_iter().zip(LSTM) {
        assert_gradients(map, &gradients, expected);
    }
}

const LSTM: [[[f64; 3]; 3]; 4] = [
    [
        [-0.0246177281, 0.0835772573, 0.0145815421],
        [-0.0041857976, -0.0142906469, 0.0001508942],
        [0.0144314002, 0.0167226881, 0.0002758698],
    ],
    [
        [-0.0275678115, 0.0329412643, 0.0059184265],
        [-0.0051035786, 0.0119646246, 0.0005335020],
        [0.0372489105, -0.0378012205, 0.0058465256],
    ],
    [
        [0.0393586359, -0.3256655525, 0.0857765821],
        [0.0149584330, 0.0136470385, 0.0020218084],
        [-0.0935168501, -0.0012279019, 0.0145311362],
    ],
    [
        [-0.0319832290, 0.0516666486, 0.0165332134],
        [-0.0066492981, -0.0177353732, 0.0004492048],
        [0.0002264732, 0.0440717210, 0.0026871264],
    ],
];

#[test]
fn a_sequence_in_two_parts_is_the_whole() {
    let device = Default::default();
    let x = wave::<Flex, 3>(3, [2, 7, 3]).cast(DType::F32);
    let (start, end) = (x.clone().narrow(1, 0, 4), x.clone().narrow(1, 4, 3));

    let rnn = RnnConfig::new(3, 5).with_seed(1).init::<Flex>(&device).unwrap();
    let whole = rnn.forward(x.clone(), None);
    let before = rnn.forward(start.clone(), None).narrow(1, 3, 1).squeeze_dim(1);
    assert_eq!(values(rnn.forward(end.clone(), Some(before))), values(whole.narrow(1, 4, 3)));

    let lstm = LstmConfig::new(3, 5).with_seed(1).init::<Flex>(&device).unwrap();
    let (whole, last) = lstm.forward(x, None);
    let (_, before) = lstm.forward(start, None);
    let (rest, last_of_parts) = lstm.forward(end, Some(before));
    assert_eq!(values(rest), values(whole.narrow(1, 4, 3)));
    assert_eq!(values(last_of_parts.cell), values(last.cell));
}

/// Norm of the gradient of the squared last state with respect to the input of every step.
fn influence(states: Tensor<Double, 3>, x: &Tensor<Double, 3>) -> Vec<f64> {
    let last = states.dims()[1] - 1;
    let gradients = states.narrow(1, last, 1).square().sum().backward();
    let squares = x.grad(&gradients).unwrap().square().sum_dim(2).sum_dim(0);
    values(squares.sqrt())
}

#[test]
fn an_open_forget_gate_keeps_the_gradient_that_the_plain_network_loses() {
    let device = Default::default();
    let x = wave::<Double, 3>(5, [4, 60, 3]).require_grad();
    let rnn = double(RnnConfig::new(3, 16).init::<Double>(&device).unwrap());
    let open = double(LstmConfig::new(3, 16).with_forget_bias(Some(10.0)).init::<Double>(&device).unwrap());
    let shut = double(LstmConfig::new(3, 16).with_forget_bias(Some(-10.0)).init::<Double>(&device).unwrap());
    let kept = |influence: Vec<f64>| influence[0] / influence[59];
    let rnn = kept(influence(rnn.forward(x.clone(), None), &x));
    let open = kept(influence(open.forward(x.clone(), None).0, &x));
    let shut = kept(influence(shut.forward(x.clone(), None).0, &x));
    assert!(open > 1e-2 && rnn < 1e-6 && shut < 1e-12, "open {open}, plain {rnn}, shut {shut}");
}

#[test]
fn a_weights_gradient_is_the_sum_over_its_uses() {
    // Two modules with the same weights: one for the first three steps, one for the last two.
    let device = Default::default();
    let whole = double(RnnConfig::new(2, 3).with_seed(9).init::<Double>(&device).unwrap());
    let copy = || {
        let mut rnn = whole.clone();
        rnn.recurrence.hidden.weight = Param::from_tensor(whole.recurrence.hidden.weight.val().detach());
        rnn
    };
    let (early, late) = (copy(), copy());
    let x = wave::<Double, 3>(1, [2, 5, 2]);
    let gradient = |rnn: &Rnn<Double>, gradients: &Gradients| rnn.recurrence.hidden.weight.grad(gradients).unwrap();
    let loss = |states: Tensor<Double, 3>| {
        let last = states.dims()[1] - 1;
        states.narrow(1, last, 1).square().sum()
    };
    let total = loss(whole.forward(x.clone(), None)).backward();
    let before = early.forward(x.clone().narrow(1, 0, 3), None).narrow(1, 2, 1).squeeze_dim(1);
    let parts = loss(late.forward(x.narrow(1, 3, 2), Some(before))).backward();
    let sum = gradient(&early, &parts) + gradient(&late, &parts);
    let difference = values((gradient(&whole, &total) - sum).abs().max());
    assert!(difference[0] < 1e-14, "{}", difference[0]);
}

#[test]
fn each_weight_is_drawn_as_configured() {
    let device = Default::default();
    let constant = |value| Init::Constant { value };
    let init = LayerInit::weight(constant(1.0)).with_bias(constant(2.0));
    let config = LstmConfig::new(2, 3).with_init(init).with_recurrent_init(constant(3.0));
    let lstm = config.with_forget_bias(Some(4.0)).init::<Flex>(&device).unwrap();
    let bias = |map: &Recurrence<Flex>| values(map.input.bias.as_ref().unwrap().val());
    for map in [&lstm.input, &lstm.candidate, &lstm.output] {
        assert_eq!(bias(map), [2.0; 3]);
        assert_eq!(
            (values(map.input.weight.val()), values(map.hidden.weight.val())),
            ([1.0; 6].into(), [3.0; 9].into())
        );
    }
    assert_eq!((bias(&lstm.forget), values(lstm.forget.hidden.weight.val())), ([4.0; 3].into(), [3.0; 9].into()));
    let lstm = config.with_forget_bias(None).init::<Flex>(&device).unwrap();
    assert_eq!(bias(&lstm.forget), [2.0; 3]);
    // With random initialization no two maps start equal, but clones do.
    let lstm = LstmConfig::new(2, 3).init::<Flex>(&device).unwrap();
    assert_ne!(values(lstm.input.input.weight.val()), values(lstm.output.input.weight.val()));
    assert_eq!(values(lstm.clone().input.hidden.weight.val()), values(lstm.input.hidden.weight.val()));
}

#[test]
fn impossible_shapes_are_refused() {
    let device = Default::default();
    assert_eq!(RnnConfig::new(0, 3).init::<Flex>(&device).unwrap_err(), RecurrentError::NoInputs);
    assert_eq!(LstmConfig::new(3, 0).init::<Flex>(&device).unwrap_err(), RecurrentError::NoUnits);
}
