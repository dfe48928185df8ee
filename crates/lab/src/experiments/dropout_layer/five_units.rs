//! A network of five hidden units, two of which are dropped: what is left of it.

use anyhow::Result;
use burn::tensor::{Tensor, TensorData};
use burn_mlp::{Activation, Key, Probability};
use burn_mlp_train::values;
use mlp_plot::{Graph, Node, Panels};
use serde::{Deserialize, Serialize};

use super::implementations::Implementation;
use crate::Platform;
use crate::finding::{Bound, Claim, Finding};
use crate::platform::Device;
use crate::scratch::dropout::dropout_layer;

const INPUTS: usize = 4;
const UNITS: usize = 5;
const OUTPUTS: usize = 3;
/// The units that a text drops: h₂ and h₅.
const DROPPED: [bool; UNITS] = [false, true, false, false, true];
/// Probability of dropping a unit.
const PROB: f64 = 0.4;

/// How units are dropped.
#[derive(Clone, Copy)]
enum Drops {
    /// None is.
    None,
    /// Those of [`DROPPED`], by numbers below or above the probability.
    Chosen,
    /// Those that the library's layer draws.
    Drawn { seed: u64 },
}

/// Weights of the network, and its one input.
#[derive(Clone)]
struct Net {
    x: Vec<f32>,
    /// To each unit from each input, then its bias: `[INPUTS + 1, UNITS]`.
    incoming: Vec<f32>,
    /// From each unit to each output: `[UNITS, OUTPUTS]`.
    outgoing: Vec<f32>,
}

/// What a pass through the network gives.
struct Pass {
    outputs: Vec<f32>,
    /// Gradients of `½‖o‖²`, laid out as the weights.
    incoming: Vec<f32>,
    outgoing: Vec<f32>,
}

/// What is measured with one seed.
#[derive(Serialize, Deserialize)]
pub struct FiveUnits {
    /// Weights of dropped units whose gradient is not 0.
    moved: usize,
    /// Largest change of an output when all weights of the dropped units change.
    changed: f32,
    /// Weights of units that stay whose gradient is 0.
    still: usize,
    /// Which weights have a gradient, without dropout and with the chosen units dropped.
    live: [Live; 2],
}

/// Which weights have a gradient other than 0, laid out as the weights without biases.
#[derive(Serialize, Deserialize)]
struct Live {
    incoming: Vec<bool>,
    outgoing: Vec<bool>,
}

impl FiveUnits {
    /// With the weights of `seed`, units dropped by hand and by the library's layer.
    pub fn measure<P: Platform>(seed: u64, device: &Device<P>) -> Result<Self> {
        let net = Net::draw(seed, 0);
        let (mut moved, mut changed, mut still) = (0, 0.0_f32, 0);
        let drawn = Drops::Drawn { seed };
        for (drops, dropped) in [(Drops::Chosen, DROPPED), (drawn, dropped::<P>(drawn, device)?)] {
            let pass = net.pass::<P>(drops, device)?;
            for (unit, is_dropped) in dropped.into_iter().enumerate() {
                let of_unit = pass.of_unit(unit);
                let zeros = of_unit.iter().filter(|gradient| **gradient == 0.0).count();
                if is_dropped { moved += of_unit.len() - zeros } else { still += zeros }
            }
            let outputs = net.with_others(&dropped, seed).pass::<P>(drops, device)?.outputs;
            changed = outputs.iter().zip(&pass.outputs).fold(changed, |most, (a, b)| most.max((a - b).abs()));
        }
        let live = |drops| net.pass::<P>(drops, device).map(Live::of);
        Ok(Self { moved, changed, still, live: [live(Drops::None)?, live(Drops::Chosen)?] })
    }
}

/// The units that are dropped: where ones become 0.
fn dropped<P: Platform>(drops: Drops, device: &Device<P>) -> Result<[bool; UNITS]> {
    let ones = values(drops.apply::<P>(Tensor::ones([1, UNITS], device))?);
    Ok(std::array::from_fn(|unit| ones[unit] == 0.0))
}

impl Drops {
    fn apply<P: Platform>(self, h: Tensor<P::Train, 2>) -> Result<Tensor<P::Train, 2>> {
        let prob = Probability::new(PROB)?;
        Ok(match self {
            Self::None => h,
            Self::Chosen => {
                let numbers = DROPPED.map(|dropped| if dropped { 0.0 } else { 0.9_f32 });
                let numbers = Tensor::from_data(TensorData::new(numbers.to_vec(), [1, UNITS]), &h.device());
                dropout_layer(h, prob, numbers)
            }
            Self::Drawn { seed } => Implementation::Layer.apply(h, prob, seed),
        })
    }
}

impl Net {
    fn draw(seed: u64, minor: u64) -> Self {
        let mut normals = Key::new(seed, *b"five uni").at(0, minor).normals().map(|normal| normal as f32);
        let mut take = |count| normals.by_ref().take(count).collect::<Vec<f32>>();
        Self { x: take(INPUTS), incoming: take((INPUTS + 1) * UNITS), outgoing: take(UNITS * OUTPUTS) }
    }

    /// The network with other weights to and from the dropped units.
    fn with_others(&self, dropped: &[bool; UNITS], seed: u64) -> Self {
        let (mut net, others) = (self.clone(), Self::draw(seed, 1));
        for unit in (0..UNITS).filter(|&unit| dropped[unit]) {
            (0..=INPUTS).for_each(|input| net.incoming[input * UNITS + unit] = others.incoming[input * UNITS + unit]);
            let row = unit * OUTPUTS..(unit + 1) * OUTPUTS;
            net.outgoing[row.clone()].copy_from_slice(&others.outgoing[row]);
        }
        net
    }

    /// `o = drop(σ(W₁ᵀx + b))·W₂`. A sigmoid is never flat: a weight without gradient is one that does nothing.
    fn pass<P: Platform>(&self, drops: Drops, device: &Device<P>) -> Result<Pass> {
        let tensor = |values: &[f32], shape: [usize; 2]| {
            Tensor::<P::Train, 2>::from_data(TensorData::new(values.to_vec(), shape), device)
        };
        let incoming = tensor(&self.incoming, [INPUTS + 1, UNITS]).require_grad();
        let outgoing = tensor(&self.outgoing, [UNITS, OUTPUTS]).require_grad();
        // The bias is the weight of an input of one.
        let x: Vec<f32> = self.x.iter().copied().chain([1.0]).collect();
        let h = Activation::Sigmoid.init(device).forward(tensor(&x, [1, INPUTS + 1]).matmul(incoming.clone()));
        let o = drops.apply::<P>(h)?.matmul(outgoing.clone());
        let gradients = (o.clone() * o.clone()).sum().mul_scalar(0.5).backward();
        let of = |weight: &Tensor<P::Train, 2>| weight.grad(&gradients).map(values).unwrap_or_default();
        Ok(Pass { incoming: of(&incoming), outgoing: of(&outgoing), outputs: values(o) })
    }
}

impl Pass {
    /// Gradients of all weights to and from a unit.
    fn of_unit(&self, unit: usize) -> Vec<f32> {
        let incoming = self.incoming.iter().skip(unit).step_by(UNITS);
        incoming.chain(&self.outgoing[unit * OUTPUTS..(unit + 1) * OUTPUTS]).copied().collect()
    }
}

impl Live {
    fn of(pass: Pass) -> Self {
        let live = |gradients: &[f32]| gradients.iter().map(|gradient| *gradient != 0.0).collect();
        Self { incoming: live(&pass.incoming[..INPUTS * UNITS]), outgoing: live(&pass.outgoing) }
    }
}

/// Adds what is left of the network, with each seed.
pub fn add(measured: &[&FiveUnits], finding: &mut Finding) {
    let of = |metric: fn(&FiveUnits) -> f64| measured.iter().map(|units| metric(units)).collect::<Vec<f64>>();
    let net = format!("Net {INPUTS}-{UNITS}-{OUTPUTS}");
    finding
        .claim(Claim::check(
            format!("{net}: weights to and from dropped units whose gradient is not 0"),
            of(|units| units.moved as f64),
            Bound::Equal(0.0),
        ))
        .claim(Claim::check(
            format!("{net}: largest change of an output when the weights to and from dropped units change"),
            of(|units| units.changed.into()),
            Bound::Equal(0.0),
        ))
        .claim(Claim::check(
            format!("Control: {net}, weights to and from units that stay whose gradient is 0"),
            of(|units| units.still as f64),
            Bound::Equal(0.0),
        ));
    let [whole, thinned] = &measured[0].live;
    let panels =
        Panels::new("h₂ and h₅ are dropped", 2).with(&graph("All units", whole)).with(&graph("Dropout", thinned));
    let caption = "One network, with an arrow for each weight whose gradient is not 0, first seed: neither the outputs nor \
                   any gradient depends on h₂ and h₅ once they are dropped.";
    finding.picture("five-units", caption, &panels);
}

/// The network with an arrow for each weight that has a gradient.
fn graph(title: &str, live: &Live) -> Graph {
    const SUBSCRIPTS: [&str; UNITS] = ["₁", "₂", "₃", "₄", "₅"];
    let mut graph = Graph::new(title);
    let mut layer = |column: u32, name: &str, units: usize| -> Vec<Node> {
        let place = |(row, subscript): (u32, &&str)| graph.variable(column, row, format!("{name}{subscript}"));
        (0..).zip(&SUBSCRIPTS[..units]).map(place).collect()
    };
    let (x, h, o) = (layer(0, "x", INPUTS), layer(2, "h", UNITS), layer(4, "o", OUTPUTS));
    let mut connect = |from: &[Node], to: &[Node], live: &[bool]| {
        let pairs = from.iter().flat_map(|&from| to.iter().map(move |&to| (from, to)));
        pairs.zip(live).filter(|(_, live)| **live).for_each(|((from, to), _)| graph.edge(from, to));
    };
    connect(&x, &h, &live.incoming);
    connect(&h, &o, &live.outgoing);
    graph
}

#[cfg(test)]
mod tests {
    use mlp_plot::Picture as _;

    use super::*;
    use crate::platform::test::TestPlatform;

    #[test]
    fn dropped_units_have_no_arrows_and_do_nothing() {
        let units = FiveUnits::measure::<TestPlatform>(1, &Default::default()).unwrap();
        assert_eq!((units.moved, units.changed, units.still), (0, 0.0, 0));
        let arrows = |live: &Live| graph("", live).svg().matches("<line").count();
        assert_eq!(units.live.each_ref().map(arrows), [INPUTS * UNITS + UNITS * OUTPUTS, 3 * INPUTS + 3 * OUTPUTS]);
    }

    #[test]
    fn a_unit_that_stays_would_be_noticed() {
        let net = Net::draw(1, 0);
        let all = net.pass::<TestPlatform>(Drops::None, &Default::default()).unwrap();
        assert!(all.of_unit(1).iter().all(|gradient| *gradient != 0.0));
        assert_eq!(all.of_unit(1).len(), INPUTS + 1 + OUTPUTS);
        let other = net.with_others(&DROPPED, 1).pass::<TestPlatform>(Drops::None, &Default::default()).unwrap();
        assert_ne!(all.outputs, other.outputs);
    }
}
