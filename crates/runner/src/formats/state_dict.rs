//! The weights of a network as a PyTorch `state_dict`: that of the `torch.nn.Sequential` of the same layers.
//!
//! Every imported format is first read into a `state_dict`, which is matched with the network and checked here.

use anyhow::{Context, Result, bail, ensure};
use burn::tensor::backend::Backend;
use burn::tensor::{DType, TensorData};
use burn_mlp::{Activation, Mlp};
use burn_mlp_train::parameters::Tensors;
use mlp_files::tensor_file;
use safetensors::tensor::{Dtype, TensorView};

use crate::formats::{Imported, names, weights};

/// Counter of batches in PyTorch's batch normalization, which is not used for prediction.
const BATCH_COUNT: &str = "num_batches_tracked";

/// A layer that has an effect in prediction, which dropout has not.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Layer {
    /// Index in the `torch.nn.Sequential`, in which dropout layers count.
    pub index: usize,
    /// The kind of layer.
    pub kind: Kind,
}

/// A kind of layer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    /// A linear map.
    Linear,
    /// Batch normalization.
    BatchNorm {
        /// The ε added to the variance.
        epsilon: f64,
    },
    /// An activation function.
    Activation(Activation),
}

/// The layers of `mlp` without dropout, in order.
pub fn layers<B: Backend>(mlp: &Mlp<B>) -> Vec<Layer> {
    let kind = |path: &str| {
        let mut parts = path.split('.');
        if parts.next()? == "output" {
            return Some(Kind::Linear);
        }
        let layer = mlp.hidden.get(parts.next()?.parse::<usize>().ok()?)?;
        match parts.next()? {
            "linear" => Some(Kind::Linear),
            "norm" => layer.norm.as_ref().map(|norm| Kind::BatchNorm { epsilon: norm.epsilon }),
            "activation" => Some(Kind::Activation(layer.activation.function())),
            _ => None,
        }
    };
    let layers = mlp.layers();
    layers.iter().enumerate().filter_map(|(index, layer)| Some(Layer { index, kind: kind(&layer.path)? })).collect()
}

/// The weights of `mlp`.
///
/// # Errors
///
/// If the weights cannot be serialized.
pub fn of<B: Backend>(mlp: &Mlp<B>) -> Result<Tensors> {
    from_safetensors(&weights::to_bytes(mlp)?)
}

/// The weights in the bytes of a safetensors file, converted from any floating-point type to single precision.
///
/// # Errors
///
/// If the bytes are damaged, or a tensor has another type.
pub fn from_safetensors(bytes: &[u8]) -> Result<Tensors> {
    let file = tensor_file::view(bytes)?;
    let tensors = file.iter().filter(|(name, _)| !name.ends_with(BATCH_COUNT));
    let read = |(name, view): (&str, TensorView<'_>)| {
        let dtype = match view.dtype() {
            Dtype::F32 => DType::F32,
            Dtype::F64 => DType::F64,
            Dtype::F16 => DType::F16,
            Dtype::BF16 => DType::BF16,
            other => bail!("tensor {name}: expected floating-point numbers, found {other:?}"),
        };
        let data = TensorData::from_bytes_vec(view.data().to_vec(), view.shape().to_vec(), dtype);
        Ok((name.to_owned(), data.convert::<f32>()))
    };
    tensors.map(read).collect()
}

/// The weights in a PyTorch file, written by `torch.save(model.state_dict(), path)`.
///
/// Such a file is a program for Python's pickle machine. Only its instructions that build tensors are executed.
///
/// # Errors
///
/// If the file is damaged, or a tensor is not of a floating-point type.
#[cfg(feature = "pytorch")]
pub fn from_pytorch(path: &std::path::Path) -> Result<Tensors> {
    use burn_store::{ModuleStore as _, PytorchStore};

    let mut store = PytorchStore::from_file(path).map_indices_contiguous(false);
    let tensors = store.get_all_snapshots()?;
    let tensors = tensors.iter().filter(|(name, _)| !name.ends_with(BATCH_COUNT));
    let read = |(name, snapshot): (&String, &burn_store::TensorSnapshot)| {
        ensure!(
            snapshot.dtype.is_float(),
            "tensor {name}: expected floating-point numbers, found {:?}",
            snapshot.dtype
        );
        let data = snapshot.to_data().map_err(|error| anyhow::anyhow!("tensor {name}: {error:?}"))?;
        Ok((name.clone(), data.convert::<f32>()))
    };
    tensors.map(read).collect()
}

/// The weights as the bytes of a safetensors file.
///
/// # Errors
///
/// If a tensor is not in single precision.
pub fn to_safetensors(state: &Tensors) -> Result<Vec<u8>> {
    let mut views = Vec::with_capacity(state.len());
    for (name, data) in state {
        let shape = data.shape.as_slice().to_vec();
        views.push((name.as_str(), TensorView::new(Dtype::F32, shape, data.as_bytes())?));
    }
    Ok(safetensors::serialize(views, None)?)
}

/// `mlp` with the weights of `state`, whose modules may have any names whose order is clear.
///
/// Numbers may differ from those of this network, as in a `Sequential` with or without dropout, and names may be longer,
/// as in `model.net.0.weight`, or others, as in `fc1.weight`. A linear map without a bias has a bias of 0; a batch
/// normalization without weight and bias, which PyTorch calls not affine, has 1 and 0.
///
/// # Errors
///
/// If the tensors are not those of this network, or their order is not clear.
pub fn load<B: Backend>(mlp: Mlp<B>, state: Tensors) -> Result<Imported<B>> {
    let expected = names::modules(of(&mlp)?)?;
    let (found, notes) = names::ordered(names::modules(state)?, &expected)?;
    let mut state = Tensors::new();
    for (mut module, wanted) in found.into_iter().zip(&expected) {
        for (field, like) in &wanted.tensors {
            let name = module.name(field);
            let data = match module.tensors.remove(field) {
                Some(data) => data,
                None => default(field, like).with_context(|| format!("no tensor {name}, which this network has"))?,
            };
            check(&name, &data, like)?;
            state.insert(wanted.name(field), data);
        }
    }
    Ok(Imported { mlp: fill(mlp, state)?, notes })
}

/// The values of an optional tensor that is left out.
fn default(field: &str, like: &TensorData) -> Option<TensorData> {
    let value = match (field, like.shape.len()) {
        ("bias", _) => 0.0_f32,
        ("weight", 1) => 1.0,
        _ => return None,
    };
    Some(TensorData::full(like.shape.clone(), value))
}

/// Checks the shape and the elements of a tensor of a file.
fn check(name: &str, data: &TensorData, like: &TensorData) -> Result<()> {
    let (expected, found) = (like.shape.as_slice(), data.shape.as_slice());
    let turned = expected.len() == 2 && expected != found && expected.iter().rev().eq(found);
    let hint = if turned { ": it is the transpose of PyTorch's weight, [outputs, inputs]" } else { "" };
    ensure!(expected == found, "tensor {name}: expected shape {expected:?}, found {found:?}{hint}");
    weights::check(name, data.as_slice::<f32>().unwrap_or_default().iter().copied())
}

/// `mlp` with the weights of `state`, which has exactly the names of this network.
///
/// # Errors
///
/// If the tensors are not those of this network.
pub fn fill<B: Backend>(mlp: Mlp<B>, state: Tensors) -> Result<Mlp<B>> {
    let expected = of(&mlp)?;
    for (name, like) in &expected {
        check(name, state.get(name).with_context(|| format!("no tensor {name}, which this network has"))?, like)?;
    }
    if let Some(name) = state.keys().find(|name| !expected.contains_key(*name)) {
        bail!("tensor {name} belongs to no layer of this network");
    }
    weights::from_bytes(mlp, to_safetensors(&state)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::Inner;
    use burn_mlp::{MlpConfig, Probability};
    use burn_mlp_train::parameters::collect;

    fn mlp(seed: u64, dropout: f64) -> Mlp<Inner> {
        let prob = Probability::new(dropout).unwrap();
        let config = MlpConfig::new(6, [5, 5], 3).with_dropout([prob, prob]).with_batch_norm(true).with_seed(seed);
        config.init(&Default::default()).unwrap()
    }

    fn rename(state: Tensors, rename: impl Fn(&str) -> String) -> Tensors {
        state.into_iter().map(|(name, data)| (rename(&name), data)).collect()
    }

    fn error(state: Tensors) -> String {
        format!("{:#}", load(mlp(2, 0.0), state).unwrap_err())
    }

    #[test]
    fn numbers_and_a_prefix_do_not_matter_but_order_does() {
        let with_dropout = of(&mlp(1, 0.5)).unwrap();
        assert!(with_dropout.contains_key("8.weight") && !of(&mlp(1, 0.0)).unwrap().contains_key("8.weight"));
        let prefixed = rename(with_dropout, |name| format!("net.layers.{name}"));
        let loaded = load(mlp(2, 0.0), prefixed).unwrap();
        assert!(loaded.notes.is_empty(), "{:?}", loaded.notes);
        assert_eq!(collect(&loaded.mlp), collect(&mlp(1, 0.5)));
        // Numbers are ordered as numbers: 10 comes after 9, not after 1.
        let later = rename(of(&mlp(1, 0.0)).unwrap(), |name| {
            let (number, field) = name.split_once('.').unwrap();
            format!("{}.{field}", number.parse::<usize>().unwrap() + 8)
        });
        assert_eq!(collect(&load(mlp(2, 0.0), later).unwrap().mlp), collect(&mlp(1, 0.0)));
    }

    #[test]
    fn what_belongs_to_another_network_is_named() {
        let state = || of(&mlp(1, 0.0)).unwrap();
        let mut fewer = state();
        fewer.retain(|name, _| !name.starts_with("6."));
        assert!(error(fewer).contains("expected 5 layers with weights, found 4"));
        let mut missing = state();
        missing.remove("3.weight");
        assert!(error(missing).contains("tensor 3.bias belongs to no layer"));
        let mut still = state();
        still.remove("1.running_var");
        assert!(error(still).contains("tensor 1.bias belongs to no layer"));
        let mut narrow = state();
        narrow.insert("6.bias".into(), TensorData::from([0.0_f32]));
        assert!(error(narrow).contains("tensor 6.bias: expected shape [3], found [1]"));
        let mut more = state();
        more.insert("0.scale".into(), TensorData::from([0.0_f32]));
        assert!(error(more).contains("0.scale belongs to no layer"));
        let turned = TensorData::zeros::<f32, _>([6, 5]);
        let turned = Tensors::from_iter(state().into_iter().chain([("0.weight".into(), turned)]));
        assert!(error(turned).contains("0.weight: expected shape [5, 6], found [6, 5]: it is the transpose"));
        assert!(error(Tensors::new()).contains("found 0"));
    }

    #[test]
    fn what_pytorch_leaves_out_has_no_effect() {
        // nn.Linear(.., bias=False) and nn.BatchNorm1d(.., affine=False)
        let mut without = of(&mlp(1, 0.0)).unwrap();
        without.retain(|name, _| !["0.bias", "1.weight", "1.bias"].contains(&name.as_str()));
        let loaded = load(mlp(2, 0.0), without).unwrap().mlp;
        let state = of(&loaded).unwrap();
        assert_eq!(state["0.bias"], TensorData::zeros::<f32, _>([5]));
        assert_eq!(state["1.weight"], TensorData::ones::<f32, _>([5]));
        assert_eq!(state["1.bias"], TensorData::zeros::<f32, _>([5]));
        assert_eq!(state["3.bias"], of(&mlp(1, 0.0)).unwrap()["3.bias"]);
    }

    #[test]
    fn numbers_that_no_network_has_are_refused() {
        let with = |name: &str, value: f32| {
            let mut state = of(&mlp(1, 0.0)).unwrap();
            let data = state.get_mut(name).unwrap();
            *data = TensorData::full(data.shape.clone(), value);
            error(rename(state, |name| format!("model.{name}")))
        };
        assert!(with("0.weight", f32::NAN).contains("tensor model.0.weight: expected finite numbers, found NaN"));
        assert!(with("6.bias", f32::INFINITY).contains("tensor model.6.bias: expected finite numbers, found inf"));
        assert!(with("1.running_var", -1.0).contains("expected variances of at least 0, found -1"));
    }

    #[test]
    fn other_precisions_are_converted_and_counters_left_out() {
        let bytes = 1.5_f64.to_le_bytes();
        let half = 0x3e00_u16.to_le_bytes();
        let count = 7_i64.to_le_bytes();
        let view = |dtype, bytes| TensorView::new(dtype, vec![1], bytes).unwrap();
        let file = [
            ("0.bias", view(Dtype::F64, &bytes)),
            ("1.bias", view(Dtype::F16, &half)),
            ("1.num_batches_tracked", view(Dtype::I64, &count)),
        ];
        let state = from_safetensors(&safetensors::serialize(file, None).unwrap()).unwrap();
        let values: Vec<f32> = state.values().flat_map(|data| data.iter::<f32>().collect::<Vec<_>>()).collect();
        assert_eq!(values, [1.5, 1.5]);
        let whole = safetensors::serialize([("0.bias", view(Dtype::I64, &count))], None).unwrap();
        assert!(from_safetensors(&whole).unwrap_err().to_string().contains("0.bias: expected floating-point"));
    }
}
