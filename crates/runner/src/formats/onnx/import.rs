//! The weights of a network from an ONNX graph.

use anyhow::{Context, Result, anyhow, ensure};
use burn::tensor::TensorData;
use burn::tensor::backend::Backend;
use burn_mlp::Mlp;
use prost::Message as _;

use super::messages::{Graph, Model, standard};
use super::reader::{Found, Reader};
use burn_mlp_train::parameters::Tensors;

use crate::formats::Imported;
use crate::formats::state_dict::{self, Kind, Layer};

/// The first version of the standard operators with the meaning assumed here.
const OLDEST_OPSET: i64 = 7;

/// `mlp` with the weights of an ONNX file.
///
/// The graph must be the chain of layers of `mlp`, as [`export`](super::export()) or `torch.onnx.export` writes it.
/// Linear maps are Gemm, or MatMul and Add. What a node computes from constants alone is a constant, too. The softmax
/// and the choice of a class at the end are passed over, with a note, since a network returns logits. So are,
/// silently, nodes that flatten the input or change its precision, and dropout.
///
/// # Errors
///
/// If the bytes are damaged, or the graph is not that of `mlp`; the error names the node.
pub fn import<B: Backend>(mlp: Mlp<B>, bytes: &[u8]) -> Result<Imported<B>> {
    let model = Model::decode(bytes).context("a field is damaged, or the message ends within a field")?;
    let [graph] = <[Graph; 1]>::try_from(model.graphs)
        .map_err(|graphs| anyhow!("expected a model with one graph, found {}", graphs.len()))?;
    let opset = model.opsets.iter().rfind(|set| standard(&set.domain)).map_or(0, |set| set.version);
    ensure!(opset >= OLDEST_OPSET, "expected version {OLDEST_OPSET} or later of the operators, found {opset}");
    let expected = state_dict::layers(&mlp);
    // A graph may use one constant in any number of layers, so the number of layers read is limited.
    let (found, note) = Reader::new(graph, expected.len())?.read()?;
    let state = matched(&expected, found)?;
    Ok(Imported { mlp: state_dict::fill(mlp, state)?, notes: note.into_iter().collect() })
}

/// The tensors of the layers found, with the names of the layers expected.
fn matched(expected: &[Layer], found: Vec<Found>) -> Result<Tensors> {
    let mut found = found.into_iter().peekable();
    let mut state = Tensors::new();
    let mut width = 0;
    for (place, layer) in expected.iter().enumerate() {
        let next = match (layer.kind, found.peek()) {
            // Exporters fold batch normalization, which is a fixed linear map in prediction, into the layer before it.
            (Kind::BatchNorm { epsilon }, Some(next)) if matches!(next.kind, Kind::Activation(_)) => {
                identity(width, epsilon)
            }
            _ => found.next().with_context(|| format!("the graph ends before {}, layer {place}", name(&layer.kind)))?,
        };
        ensure!(
            next.kind == layer.kind,
            "layer {place}: expected {}, as the configuration says; found {}",
            name(&layer.kind),
            name(&next.kind)
        );
        for (field, data) in next.tensors {
            width = data.shape.as_slice().first().copied().unwrap_or(0);
            state.insert(format!("{}.{field}", layer.index), data);
        }
    }
    ensure!(found.next().is_none(), "the graph continues after the {} layers of the configuration", expected.len());
    Ok(state)
}

/// Batch normalization of `width` features that changes nothing: `1·(x - 0)/√(1 - ε + ε) + 0`.
fn identity(width: usize, epsilon: f64) -> Found {
    let full = |value: f32| TensorData::new(vec![value; width], [width]);
    let tensors = vec![
        ("weight", full(1.0)),
        ("bias", full(0.0)),
        ("running_mean", full(0.0)),
        ("running_var", full((1.0 - epsilon) as f32)),
    ];
    Found { kind: Kind::BatchNorm { epsilon }, tensors }
}

fn name(kind: &Kind) -> String {
    match kind {
        Kind::Linear => "a linear map".into(),
        Kind::BatchNorm { epsilon } => format!("batch normalization with epsilon {epsilon}"),
        Kind::Activation(activation) => format!("activation {activation:?}"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::export;
    use super::*;
    use crate::backend::Inner;
    use burn_mlp::{Activation, MlpConfig, Probability};
    use burn_mlp_train::parameters::collect;

    const ACTIVATIONS: [Activation; 6] = [
        Activation::Relu,
        Activation::ParametricRelu,
        Activation::Sigmoid,
        Activation::Tanh,
        Activation::RescaledSigmoid,
        Activation::Silu,
    ];

    fn config(activation: Activation, batch_norm: bool) -> MlpConfig {
        let dropout = [Probability::ZERO, Probability::ONE];
        MlpConfig::new(6, [5, 4], 3).with_dropout(dropout).with_activation(activation).with_batch_norm(batch_norm)
    }

    fn mlp(config: MlpConfig, seed: u64) -> Mlp<Inner> {
        config.with_seed(seed).init(&Default::default()).unwrap()
    }

    #[test]
    fn every_network_survives_the_round_trip() {
        for activation in ACTIVATIONS {
            for (batch_norm, softmax) in [(false, false), (true, true)] {
                let (one, other) = (mlp(config(activation, batch_norm), 1), mlp(config(activation, batch_norm), 2));
                let Imported { mlp: back, notes } = import(other, &export(&one, softmax).unwrap()).unwrap();
                assert_eq!(!notes.is_empty(), softmax, "{notes:?}");
                assert_eq!(collect(&back), collect(&one), "{activation:?}");
            }
        }
    }

    #[test]
    fn another_network_is_refused_by_what_differs() {
        let bytes = export(&mlp(config(Activation::Relu, false), 1), false).unwrap();
        let error = |config: MlpConfig| format!("{:#}", import(mlp(config, 1), &bytes).unwrap_err());
        assert!(error(config(Activation::Tanh, false)).contains("layer 1: expected activation Tanh"));
        assert!(error(MlpConfig::new(6, [5, 4, 4], 3)).contains("ends before"));
        assert!(error(MlpConfig::new(6, [5], 3)).contains("expected the 3 layers of the configuration, found more"));
        assert!(error(MlpConfig::new(6, [5, 5], 3)).contains("tensor 2.bias: expected shape [5], found [4]"));
        // A graph without batch normalization may be one into which it was folded, so it gets an identity instead.
        let folded = import(mlp(config(Activation::Relu, true), 1), &bytes).unwrap().mlp;
        let plain = mlp(config(Activation::Relu, false), 1);
        let x = burn::tensor::Tensor::<_, 2>::ones([1, 6], &Default::default());
        let difference = (folded.forward(x.clone()) - plain.forward(x)).abs().max().into_scalar();
        assert!(difference < 1e-6, "{difference}");
    }

    // onnx 1.19 made the files; onnxruntime 1.23 computed the logits of [[0.5, -1.0, 2.0]]:
    // onnxruntime.InferenceSession(FILE).run(None, {"input": x})[0]; from those with a head it was removed
    #[test]
    fn graphs_as_exporters_write_them_have_the_logits_of_onnxruntime() {
        let read = |name: &str| {
            let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fuzz/corpus/onnx");
            let config = MlpConfig::new(3, [2], 2).with_activation(Activation::ParametricRelu);
            import(mlp(config, 1), &std::fs::read(folder.join(name)).unwrap())
        };
        for (name, logits, note) in [
            ("view-transposed-cast.onnx", [-7.139_221, -1.857_428_3_f32], None),
            ("constant-nodes.onnx", [-7.628_139_5, -0.278_515_34], None),
            ("double-lists.onnx", [-7.139_100_6, -1.858_049_4], Some("LogSoftmax")),
            ("classifier-head.onnx", [-7.139_100_6, -1.858_049_4], Some("Softmax, ArgMax, ArrayFeatureExtractor")),
        ] {
            let Imported { mlp, notes } = read(name).unwrap();
            let x = burn::tensor::Tensor::<_, 2>::from_data([[0.5, -1.0, 2.0]], &Default::default());
            let found = mlp.forward(x).into_data();
            found.assert_approx_eq::<f32>(&TensorData::from([logits]), burn::tensor::Tolerance::absolute(1e-5));
            assert!(notes.iter().map(String::as_str).eq(note) || notes[0].contains(note.unwrap()), "{notes:?}");
        }
        let error = format!("{:#}", read("computes-gigabytes.onnx").unwrap_err());
        assert!(error.contains("more is computed from the constants"), "{error}");
    }

    #[test]
    fn no_damage_panics() {
        let whole = export(&mlp(config(Activation::RescaledSigmoid, true), 1), true).unwrap();
        let read = |bytes: &[u8]| import(mlp(config(Activation::RescaledSigmoid, true), 1), bytes);
        assert!(read(&whole).is_ok());
        for position in 0..whole.len() {
            let mut damaged = whole.clone();
            damaged[position] ^= 1 << (position % 8);
            let _ = read(&damaged);
        }
        for end in (0..whole.len()).step_by(3) {
            assert!(read(&whole[..end]).is_err(), "{end}");
        }
    }
}
