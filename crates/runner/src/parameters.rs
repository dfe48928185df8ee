//! The parameters of a module, and what an optimizer keeps for each, by path: `hidden.0.linear.weight`.

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail, ensure};
use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::optim::GradientsParams;
use burn::tensor::backend::Backend;
use burn::tensor::{Tensor, TensorData};

/// Tensors in full precision by path.
pub type Tensors = BTreeMap<String, TensorData>;

/// Every parameter of `module`, running statistics included.
pub fn collect<B: Backend, M: Module<B>>(module: &M) -> Tensors {
    let mut collector = Collector { source: None, path: Path::default(), tensors: Tensors::new() };
    module.visit(&mut collector);
    collector.tensors
}

/// What `moments` holds for the parameters of `module`.
pub fn collect_moments<B: Backend, M: Module<B>>(module: &M, moments: &GradientsParams) -> Tensors {
    let mut collector = Collector { source: Some(moments), path: Path::default(), tensors: Tensors::new() };
    module.visit(&mut collector);
    collector.tensors
}

/// The path of a tensor with an element that is infinite or not a number, where there is one.
pub fn not_finite(tensors: &Tensors) -> Option<&str> {
    let finite =
        |data: &TensorData| data.as_slice::<f32>().is_ok_and(|values| values.iter().all(|value| value.is_finite()));
    tensors.iter().find(|(_, data)| !finite(data)).map(|(path, _)| path.as_str())
}

/// `module` with its parameters replaced.
///
/// # Errors
///
/// If a parameter is missing or has another shape, or a tensor belongs to no parameter.
pub fn restore<B: Backend, M: Module<B>>(module: M, tensors: Tensors) -> Result<M> {
    let mut restorer = Restorer { path: Path::default(), tensors, problem: None };
    let module = module.map(&mut restorer);
    if let Some(problem) = restorer.problem {
        bail!(problem);
    }
    nothing_left(&restorer.tensors)?;
    Ok(module)
}

/// The inverse of [`collect_moments`].
///
/// # Errors
///
/// If a tensor has another shape than its parameter, or belongs to none.
pub fn restore_moments<B: Backend, M: Module<B>>(module: &M, tensors: Tensors) -> Result<GradientsParams> {
    let moments = GradientsParams::new();
    let mut restorer = MomentRestorer { path: Path::default(), tensors, moments, problem: None };
    module.visit(&mut restorer);
    if let Some(problem) = restorer.problem {
        bail!(problem);
    }
    nothing_left(&restorer.tensors)?;
    Ok(restorer.moments)
}

fn nothing_left(tensors: &Tensors) -> Result<()> {
    let first = tensors.keys().next();
    ensure!(first.is_none(), "unexpected tensor {}: no such parameter in this network", first.map_or("", |p| p));
    Ok(())
}

/// The field names on the way to the current parameter.
#[derive(Default)]
struct Path(Vec<String>);

impl Path {
    fn enter(&mut self, name: &str) {
        self.0.push(name.to_owned());
    }

    fn exit(&mut self) {
        self.0.pop();
    }

    fn joined(&self) -> String {
        self.0.join(".")
    }
}

fn with_shape(tensors: &mut Tensors, path: &str, shape: &[usize]) -> Result<Option<TensorData>> {
    let Some(data) = tensors.remove(path) else { return Ok(None) };
    let found = data.shape.as_slice();
    ensure!(found == shape, "{path}: expected shape {shape:?}, found {found:?}");
    Ok(Some(data))
}

struct Collector<'a> {
    source: Option<&'a GradientsParams>,
    path: Path,
    tensors: Tensors,
}

impl<B: Backend> ModuleVisitor<B> for Collector<'_> {
    fn enter_module(&mut self, name: &str, _container: &str) {
        self.path.enter(name);
    }

    fn exit_module(&mut self, _name: &str, _container: &str) {
        self.path.exit();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<B, D>>) {
        let tensor = match self.source {
            None => Some(param.val()),
            Some(moments) => moments.get::<B, D>(param.id),
        };
        if let Some(tensor) = tensor {
            self.tensors.insert(self.path.joined(), tensor.into_data().convert::<f32>());
        }
    }
}

struct Restorer {
    path: Path,
    tensors: Tensors,
    problem: Option<anyhow::Error>,
}

impl<B: Backend> ModuleMapper<B> for Restorer {
    fn enter_module(&mut self, name: &str, _container: &str) {
        self.path.enter(name);
    }

    fn exit_module(&mut self, _name: &str, _container: &str) {
        self.path.exit();
    }

    fn map_float<const D: usize>(&mut self, param: Param<Tensor<B, D>>) -> Param<Tensor<B, D>> {
        let path = self.path.joined();
        let data = with_shape(&mut self.tensors, &path, param.lazy_shape().as_slice())
            .and_then(|data| data.with_context(|| format!("missing tensor {path}")));
        match data {
            Ok(data) => {
                let (id, old, mapper) = param.consume();
                let new = Tensor::from_data(data, &old.device()).set_require_grad(old.is_require_grad());
                Param::from_mapped_value(id, new, mapper)
            }
            Err(problem) => {
                self.problem.get_or_insert(problem);
                param
            }
        }
    }
}

struct MomentRestorer {
    path: Path,
    tensors: Tensors,
    moments: GradientsParams,
    problem: Option<anyhow::Error>,
}

impl<B: Backend> ModuleVisitor<B> for MomentRestorer {
    fn enter_module(&mut self, name: &str, _container: &str) {
        self.path.enter(name);
    }

    fn exit_module(&mut self, _name: &str, _container: &str) {
        self.path.exit();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<B, D>>) {
        let tensor = param.val();
        match with_shape(&mut self.tensors, &self.path.joined(), tensor.shape().as_slice()) {
            Ok(Some(data)) => self.moments.register(param.id, Tensor::<B, D>::from_data(data, &tensor.device())),
            Ok(None) => {}
            Err(problem) => {
                self.problem.get_or_insert(problem);
            }
        }
    }
}
