//! `model.safetensors`: weights with the names and layout of the `torch.nn.Sequential` of the same network.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use burn::tensor::backend::Backend;
use burn_mlp::Mlp;
use burn_store::{BurnToPyTorchAdapter, ModuleSnapshot, PyTorchToBurnAdapter, SafetensorsStore};
use safetensors::Dtype;

use mlp_files::tensor_file::{self, LARGEST_HEADER};
use mlp_files::{read_at_most, write_atomically};

/// Name of the file in a run directory.
pub const FILE: &str = "model.safetensors";

/// Writes the weights of `mlp` to `path`, atomically.
///
/// # Errors
///
/// If the file cannot be written.
pub fn save<B: Backend>(mlp: &Mlp<B>, path: &Path) -> Result<()> {
    let bytes = to_bytes(mlp).with_context(|| path.display().to_string())?;
    write_atomically(path, &bytes, None)
}

/// The content of the file.
///
/// # Errors
///
/// If the weights cannot be serialized.
pub fn to_bytes<B: Backend>(mlp: &Mlp<B>) -> Result<Vec<u8>> {
    // Several metadata entries would be written in random order, so that equal models would have different bytes.
    let store = SafetensorsStore::from_bytes(None)
        .clear_metadata()
        .metadata("format", "pt")
        .with_to_adapter(BurnToPyTorchAdapter);
    let mut store = mlp.layers().iter().enumerate().fold(store, |store, (index, layer)| {
        let store = store
            .with_key_remapping(format!(r"^{}\.slope$", layer.path.replace('.', r"\.")), format!("{index}.weight"));
        store.with_key_remapping(format!(r"^{}\.", layer.path.replace('.', r"\.")), format!("{index}."))
    });
    mlp.save_into(&mut store)?;
    Ok(store.get_bytes()?)
}

/// `mlp` with the weights of `path`.
///
/// # Errors
///
/// If the file is missing or damaged, belongs to another network, or is larger than any file of this network.
pub fn load<B: Backend>(mlp: Mlp<B>, path: &Path) -> Result<Mlp<B>> {
    let parameters: usize = mlp.layers().iter().map(|layer| layer.parameters).sum();
    // Four bytes for each parameter, and as much again for running statistics, which are not counted as parameters.
    let limit = LARGEST_HEADER + 8 * parameters as u64;
    let bytes = read_at_most(path, limit).with_context(|| format!("{}: cannot read", path.display()))?;
    from_bytes(mlp, bytes).with_context(|| path.display().to_string())
}

/// `mlp` with the weights in `bytes`. The memory used is a small multiple of their length.
///
/// # Errors
///
/// If they are damaged, or belong to another network.
pub fn from_bytes<B: Backend>(mut mlp: Mlp<B>, bytes: Vec<u8>) -> Result<Mlp<B>> {
    let file = tensor_file::view(&bytes).context("damaged")?;
    let tensors = file.len();
    for (name, view) in file.iter() {
        ensure!(view.dtype() == Dtype::F32, "tensor {name}: expected F32, found {:?}", view.dtype());
        let (values, _) = view.data().as_chunks();
        check(name, values.iter().map(|&value| f32::from_le_bytes(value)))?;
    }
    let store = SafetensorsStore::from_bytes(Some(bytes)).with_from_adapter(PyTorchToBurnAdapter);
    let mut store = mlp.layers().iter().enumerate().fold(store, |store, (index, layer)| {
        let field = if layer.path.ends_with("activation") { ".slope" } else { "" };
        if field.is_empty() {
            store.with_key_remapping(format!(r"^{index}\."), format!("{}.", layer.path))
        } else {
            store.with_key_remapping(format!(r"^{index}\.weight$"), format!("{}{field}", layer.path))
        }
    });
    let applied = mlp.load_from(&mut store)?;
    let expected = applied.applied.len();
    ensure!(expected == tensors, "expected the {expected} tensors of this network, found {tensors}");
    Ok(mlp)
}

/// Checks the elements of a tensor: all are finite, and a variance is not negative, since its root is taken.
///
/// # Errors
///
/// If one is not; the error names the tensor.
pub fn check(name: &str, values: impl Iterator<Item = f32>) -> Result<()> {
    let variance = name.ends_with("running_var");
    for value in values {
        ensure!(value.is_finite(), "tensor {name}: expected finite numbers, found {value}");
        ensure!(!variance || value >= 0.0, "tensor {name}: expected variances of at least 0, found {value}");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::Inner;
    use burn_mlp::{Activation, MlpConfig, Probability};
    use burn_mlp_train::parameters::collect;

    fn config(seed: u64) -> MlpConfig {
        MlpConfig::new(6, [5, 4], 3)
            .with_dropout([Probability::ZERO, Probability::ONE])
            .with_input_dropout(Probability::ONE)
            .with_batch_norm(true)
            .with_activation(Activation::ParametricRelu)
            .with_seed(seed)
    }

    fn mlp(seed: u64) -> Mlp<Inner> {
        config(seed).init(&Default::default()).unwrap()
    }

    #[test]
    fn weights_survive_the_round_trip() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(FILE);
        save(&mlp(1), &path).unwrap();
        assert_ne!(collect(&mlp(1)), collect(&mlp(2)));
        assert_eq!(collect(&load(mlp(2), &path).unwrap()), collect(&mlp(1)));
    }

    #[test]
    fn names_and_shapes_are_those_of_a_torch_sequential() {
        // nn.Sequential(Dropout, Linear(6, 5), BatchNorm1d, PReLU, Linear(5, 4), BatchNorm1d, PReLU, Dropout, Linear(4,
        // 3))
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(FILE);
        save(&mlp(1), &path).unwrap();
        let bytes = std::fs::read(&path).unwrap();
        let file = safetensors::SafeTensors::deserialize(&bytes).unwrap();
        let mut found: Vec<(String, Vec<usize>)> =
            file.iter().map(|(name, view)| (name.to_owned(), view.shape().to_vec())).collect();
        found.sort();
        let norm = |index: usize, width: usize| {
            ["bias", "running_mean", "running_var", "weight"].map(|n| (format!("{index}.{n}"), vec![width]))
        };
        let mut expected = vec![("1.bias".to_owned(), vec![5]), ("1.weight".to_owned(), vec![5, 6])];
        expected.extend(norm(2, 5));
        expected.push(("3.weight".to_owned(), vec![1]));
        expected.extend([("4.bias".to_owned(), vec![4]), ("4.weight".to_owned(), vec![4, 5])]);
        expected.extend(norm(5, 4));
        expected.push(("6.weight".to_owned(), vec![1]));
        expected.extend([("8.bias".to_owned(), vec![3]), ("8.weight".to_owned(), vec![3, 4])]);
        assert_eq!(found, expected);
    }

    #[test]
    fn another_networks_file_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(FILE);
        save(&mlp(1), &path).unwrap();
        let other = |hidden: Vec<usize>| MlpConfig::new(6, hidden, 3).init::<Inner>(&Default::default()).unwrap();
        assert!(load(other(vec![5, 4]), &path).is_err());
        assert!(load(other(vec![7]), &path).is_err());
        std::fs::write(&path, b"no safetensors").unwrap();
        let error = load(mlp(1), &path).unwrap_err().to_string();
        assert!(error.contains("model.safetensors"), "{error}");
    }
}
