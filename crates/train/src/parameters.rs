//! The parameters of a module and their optimizer moments, by path: `hidden.0.linear.weight`.

use std::collections::BTreeMap;

use anyhow::{Result, bail};
use burn::module::{Module, ModuleVisitor, Param, ParamId};
use burn::optim::GradientsParams;
use burn::tensor::backend::Backend;
use burn::tensor::{Tensor, TensorData};
use burn_store::{ApplyError, ModuleSnapshot as _, TensorSnapshot};

/// Tensors in single precision, by path.
pub type Tensors = BTreeMap<String, TensorData>;

/// All floating-point parameters of `module`, including running statistics.
///
/// # Panics
///
/// If the device fails.
pub fn collect<B: Backend, M: Module<B>>(module: &M) -> Tensors {
    let snapshots = module.collect(None, None, false);
    let floats = snapshots.into_iter().filter(|snapshot| snapshot.dtype.is_float());
    floats.map(|float| (float.full_path(), float.to_data().expect("a tensor of the module").convert::<f32>())).collect()
}

/// The `moments` of the parameters of `module`.
pub fn collect_moments<B: Backend, M: Module<B>>(module: &M, moments: &GradientsParams) -> Tensors {
    let mut collector = MomentCollector { moments, path: Vec::new(), tensors: Tensors::new() };
    module.visit(&mut collector);
    collector.tensors
}

/// The path of the first tensor with an element that is infinite or NaN, if any.
pub fn not_finite(tensors: &Tensors) -> Option<&str> {
    let finite =
        |data: &TensorData| data.as_slice::<f32>().is_ok_and(|values| values.iter().all(|value| value.is_finite()));
    tensors.iter().find(|(_, data)| !finite(data)).map(|(path, _)| path.as_str())
}

/// `module` with its parameters replaced by `tensors`.
///
/// # Errors
///
/// If a parameter is missing or has another shape, a tensor belongs to no parameter, or an element is infinite or NaN.
pub fn restore<B: Backend, M: Module<B>>(mut module: M, tensors: Tensors) -> Result<M> {
    check_finite(&tensors)?;
    let snapshot = |(path, data): (String, TensorData)| {
        let stack = path.split('.').map(str::to_owned).collect();
        TensorSnapshot::from_data(data, stack, Vec::new(), ParamId::new())
    };
    let applied = module.apply(tensors.into_iter().map(snapshot).collect(), None, None, false);
    match applied.errors.first() {
        Some(ApplyError::ShapeMismatch { path, expected, found }) => {
            bail!("{path}: expected shape {:?}, found {:?}", expected.as_slice(), found.as_slice())
        }
        Some(error) => bail!("{error}"),
        None => {}
    }
    if let Some((path, _)) = applied.missing.first() {
        bail!("missing tensor {path}");
    }
    if let Some(path) = applied.unused.first() {
        bail!("unexpected tensor {path}: no such parameter in this network");
    }
    Ok(module)
}

/// The inverse of [`collect_moments`].
///
/// # Errors
///
/// If a tensor has another shape than its parameter, belongs to no parameter, or has an element that is infinite or NaN.
pub fn restore_moments<B: Backend, M: Module<B>>(module: &M, tensors: Tensors) -> Result<GradientsParams> {
    check_finite(&tensors)?;
    let mut restorer = MomentRestorer { path: Vec::new(), tensors, moments: GradientsParams::new(), problem: None };
    module.visit(&mut restorer);
    if let Some(problem) = restorer.problem {
        bail!(problem);
    }
    if let Some(path) = restorer.tensors.keys().next() {
        bail!("unexpected tensor {path}: no such parameter in this network");
    }
    Ok(restorer.moments)
}

fn check_finite(tensors: &Tensors) -> Result<()> {
    not_finite(tensors).map_or(Ok(()), |path| bail!("{path}: expected finite numbers, found an infinite one or NaN"))
}

struct MomentCollector<'a> {
    moments: &'a GradientsParams,
    /// Names of the fields on the way to the current parameter.
    path: Vec<String>,
    tensors: Tensors,
}

impl<B: Backend> ModuleVisitor<B> for MomentCollector<'_> {
    fn enter_module(&mut self, name: &str, _container: &str) {
        self.path.push(name.to_owned());
    }

    fn exit_module(&mut self, _name: &str, _container: &str) {
        self.path.pop();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<B, D>>) {
        if let Some(tensor) = self.moments.get::<B, D>(param.id) {
            self.tensors.insert(self.path.join("."), tensor.into_data().convert::<f32>());
        }
    }
}

struct MomentRestorer {
    /// Names of the fields on the way to the current parameter.
    path: Vec<String>,
    tensors: Tensors,
    moments: GradientsParams,
    problem: Option<String>,
}

impl<B: Backend> ModuleVisitor<B> for MomentRestorer {
    fn enter_module(&mut self, name: &str, _container: &str) {
        self.path.push(name.to_owned());
    }

    fn exit_module(&mut self, _name: &str, _container: &str) {
        self.path.pop();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<B, D>>) {
        let path = self.path.join(".");
        let Some(data) = self.tensors.remove(&path) else { return };
        let tensor = param.val();
        let (expected, found) = (tensor.shape(), &data.shape);
        if expected.as_slice() == found.as_slice() {
            self.moments.register(param.id, Tensor::<B, D>::from_data(data, &tensor.device()));
        } else {
            let (expected, found) = (expected.as_slice(), found.as_slice());
            self.problem.get_or_insert(format!("{path}: expected shape {expected:?}, found {found:?}"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::nn::LinearConfig;
    use burn_flex::Flex;

    #[test]
    fn weights_and_moments_that_are_not_finite_are_refused() {
        let linear = LinearConfig::new(2, 1).init::<Flex>(&Default::default());
        let mut tensors = collect(&linear);
        assert!(restore(linear.clone(), tensors.clone()).is_ok());
        tensors.insert("bias".into(), TensorData::from([f32::NAN]));
        let refused = [
            restore(linear.clone(), tensors.clone()).map(|_| ()).unwrap_err().to_string(),
            restore_moments(&linear, tensors).map(|_| ()).unwrap_err().to_string(),
        ];
        assert_eq!(refused, ["bias: expected finite numbers, found an infinite one or NaN"; 2]);
    }
}
