//! The weights of a network as a PyTorch `state_dict`: that of the `torch.nn.Sequential` of the same layers.
//!
//! Every imported format is first read into a `state_dict`, which is renumbered and checked here.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result, bail, ensure};
use burn::tensor::backend::Backend;
use burn::tensor::{DType, TensorData};
use burn_mlp::{Activation, Mlp};
use burn_mlp_train::parameters::Tensors;
use safetensors::tensor::{Dtype, SafeTensors, TensorView};

use crate::formats::weights;

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
    let file = SafeTensors::deserialize(bytes)?;
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

/// `mlp` with the weights of `state`.
///
/// Layers are matched in order. Their numbers may differ, as in a `Sequential` with or without dropout, and names may
/// have a common prefix, as in `net.0.weight`.
///
/// # Errors
///
/// If the tensors are not those of this network.
pub fn load<B: Backend>(mlp: Mlp<B>, state: Tensors) -> Result<Mlp<B>> {
    let expected = of(&mlp)?;
    let state = renumbered(state, &expected)?;
    for (name, data) in &expected {
        let found = state.get(name).with_context(|| format!("no tensor {name}, which this network has"))?;
        let (expected, found) = (data.shape.as_slice(), found.shape.as_slice());
        ensure!(expected == found, "tensor {name}: expected shape {expected:?}, found {found:?}");
    }
    if let Some(name) = state.keys().find(|name| !expected.contains_key(*name)) {
        bail!("tensor {name} belongs to no layer of this network");
    }
    weights::from_bytes(mlp, to_safetensors(&state)?)
}

/// `state` with the layer numbers of `expected`: the first number found becomes the first one expected, and so on.
fn renumbered(state: Tensors, expected: &Tensors) -> Result<Tensors> {
    let numbers = |state: &Tensors, prefix: &str| -> Result<BTreeSet<usize>> {
        state.keys().map(|name| Ok(split(name, prefix)?.0)).collect()
    };
    let prefix = prefix(&state);
    let (found, wanted) = (numbers(&state, &prefix)?, numbers(expected, "")?);
    ensure!(
        found.len() == wanted.len(),
        "expected {} layers with weights, found {}: {}",
        wanted.len(),
        found.len(),
        state.keys().map(String::as_str).collect::<Vec<_>>().join(", ")
    );
    let new: BTreeMap<usize, usize> = found.into_iter().zip(wanted).collect();
    let rename = |(name, data): (String, TensorData)| {
        let (number, field) = split(&name, &prefix)?;
        Ok((format!("{}.{field}", new[&number]), data))
    };
    state.into_iter().map(rename).collect()
}

/// The part before the number in the first name: empty, or for example `net.`.
fn prefix(state: &Tensors) -> String {
    let name = state.keys().next().map_or("", String::as_str);
    let mut parts: Vec<&str> = name.split('.').collect();
    parts.truncate(parts.len().saturating_sub(2));
    parts.iter().map(|part| format!("{part}.")).collect()
}

/// Number and field of a name: 3 and `weight` of `PREFIX3.weight`.
fn split<'a>(name: &'a str, prefix: &str) -> Result<(usize, &'a str)> {
    let parts = name.strip_prefix(prefix).and_then(|rest| rest.split_once('.'));
    let number = parts.and_then(|(number, field)| Some((number.parse().ok()?, field)));
    number
        .with_context(|| format!("expected the names of a torch.nn.Sequential, such as {prefix}0.weight; found {name}"))
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
        load(mlp(2, 0.0), state).unwrap_err().to_string()
    }

    #[test]
    fn numbers_and_a_prefix_do_not_matter_but_order_does() {
        let with_dropout = of(&mlp(1, 0.5)).unwrap();
        assert!(with_dropout.contains_key("8.weight") && !of(&mlp(1, 0.0)).unwrap().contains_key("8.weight"));
        let prefixed = rename(with_dropout, |name| format!("net.layers.{name}"));
        let loaded = load(mlp(2, 0.0), prefixed).unwrap();
        assert_eq!(collect(&loaded), collect(&mlp(1, 0.5)));
        // Numbers are ordered as numbers: 10 comes after 9, not after 1.
        let later = rename(of(&mlp(1, 0.0)).unwrap(), |name| {
            let (number, field) = name.split_once('.').unwrap();
            format!("{}.{field}", number.parse::<usize>().unwrap() + 8)
        });
        assert_eq!(collect(&load(mlp(2, 0.0), later).unwrap()), collect(&mlp(1, 0.0)));
    }

    #[test]
    fn what_belongs_to_another_network_is_named() {
        let state = || of(&mlp(1, 0.0)).unwrap();
        let mut fewer = state();
        fewer.retain(|name, _| !name.starts_with("6."));
        assert!(error(fewer).contains("expected 5 layers with weights, found 4"));
        let mut missing = state();
        missing.remove("3.bias");
        assert!(error(missing).contains("no tensor 3.bias"));
        let mut narrow = state();
        narrow.insert("6.bias".into(), TensorData::from([0.0_f32]));
        assert!(error(narrow).contains("tensor 6.bias: expected shape [3], found [1]"));
        let mut more = state();
        more.insert("0.scale".into(), TensorData::from([0.0_f32]));
        assert!(error(more).contains("0.scale belongs to no layer"));
        assert!(error(rename(state(), |name| format!("fc{name}"))).contains("found fc0.bias"));
        assert!(error(Tensors::new()).contains("found 0"));
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
