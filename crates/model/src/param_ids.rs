//! Parameter ids that are the same in every process.

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;

use burn::module::{Module, ModuleMapper, Param, ParamId, Parameter};
use burn::tensor::{Bool, Int, Tensor, backend::Backend};

use crate::random::hash;

/// `module` with parameter ids that are functions of the parameters' paths, such as `hidden.0.linear.weight`.
///
/// Burn draws ids at random whenever a module is constructed, and its optimizers keep their state by id. A state that is
/// loaded beside weights from a file of tensors would therefore match no parameter, and training would silently go on
/// with a fresh one. With ids by path it matches.
///
/// Call it once, on the whole module, before the first step: a part of a module has other paths than the whole.
/// Parameters that share an id, because they are one parameter in two places, share one afterwards too. Two paths
/// coincide with probability 2⁻⁶⁴. Running statistics, which no optimizer knows, keep the ids that Burn draws.
///
/// # Examples
///
/// ```
/// use burn::optim::{AdamConfig, GradientsParams, Optimizer};
/// use burn::tensor::Tensor;
/// use burn_autodiff::Autodiff;
/// use burn_flex::Flex;
/// use burn_mlp::{MlpConfig, with_path_ids};
///
/// type B = Autodiff<Flex>;
/// let device = Default::default();
/// let new = || MlpConfig::new(3, [8], 2).init::<B>(&device).map(with_path_ids);
/// let mlp = new()?;
/// let mut adam = AdamConfig::new().init();
/// let gradients = mlp.forward(Tensor::<B, 2>::ones([4, 3], &device)).sum().backward();
/// let mlp = adam.step(0.1, mlp.clone(), GradientsParams::from_grads(gradients, &mlp));
///
/// // The record of `adam` fits every network of this kind, whenever it was made.
/// let record = adam.to_record();
/// assert!(record.contains_key(&new()?.output.weight.id));
/// # Ok::<(), burn_mlp::MlpError>(())
/// ```
pub fn with_path_ids<B: Backend, M: Module<B>>(module: M) -> M {
    module.map(&mut Ids::default())
}

#[derive(Default)]
struct Ids {
    path: Vec<String>,
    /// The new id of each old one.
    renamed: BTreeMap<ParamId, ParamId>,
}

impl Ids {
    fn rename<T: Parameter>(&mut self, param: Param<T>) -> Param<T> {
        let (id, value, mapper) = param.consume();
        let path = &self.path;
        let new = *self.renamed.entry(id).or_insert_with(|| ParamId::from(hash(path.join(".").bytes())));
        Param::from_mapped_value(new, value, mapper)
    }
}

impl<B: Backend> ModuleMapper<B> for Ids {
    fn enter_module(&mut self, name: &str, _container: &str) {
        self.path.push(name.into());
    }

    fn exit_module(&mut self, _name: &str, _container: &str) {
        self.path.pop();
    }

    fn map_float<const D: usize>(&mut self, param: Param<Tensor<B, D>>) -> Param<Tensor<B, D>> {
        self.rename(param)
    }

    fn map_int<const D: usize>(&mut self, param: Param<Tensor<B, D, Int>>) -> Param<Tensor<B, D, Int>> {
        self.rename(param)
    }

    fn map_bool<const D: usize>(&mut self, param: Param<Tensor<B, D, Bool>>) -> Param<Tensor<B, D, Bool>> {
        self.rename(param)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::MlpConfig;
    use burn::module::list_param_ids;
    use burn_autodiff::Autodiff;
    use burn_flex::Flex;

    #[test]
    fn ids_are_functions_of_the_paths_and_all_different() {
        let new = || {
            let config = MlpConfig::new(3, [4, 4], 2);
            with_path_ids(config.init::<Autodiff<Flex>>(&Default::default()).unwrap())
        };
        let (ids, again) = (list_param_ids(&new()), list_param_ids(&new()));
        assert_eq!(ids, again);
        let mut distinct = ids.clone();
        distinct.sort();
        distinct.dedup();
        assert_eq!(distinct.len(), ids.len());
        assert!(new().output.weight.is_require_grad());
    }

    #[test]
    fn a_parameter_in_two_places_stays_one() {
        let linear = burn::nn::LinearConfig::new(2, 2).init::<Flex>(&Default::default());
        let _ = linear.weight.val();
        let tied = with_path_ids([linear.clone(), linear]);
        assert_eq!(tied[0].weight.id, tied[1].weight.id);
    }
}
