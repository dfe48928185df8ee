//! Saving and resuming a loop of one's own.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context as _, Result, bail};
use burn::module::AutodiffModule;
use burn::tensor::backend::AutodiffBackend;

use super::Learner;
use crate::checkpoint::{Checkpoint, LoopState};
use crate::parameters::{self, Tensors};
use crate::{Optimizer, TrainError};

/// Tensors of a checkpoint by group and path.
type Groups = BTreeMap<String, Tensors>;

impl<M, L> Learner<M, L> {
    /// Writes weights, moments and the number of finished steps to `folder`, as one safetensors file. The file written
    /// before is kept beside it, so that there is an intact one at every moment.
    ///
    /// # Errors
    ///
    /// If a parameter is infinite or not a number, or the folder cannot be written.
    ///
    /// # Examples
    ///
    /// A loop that goes on where it was killed:
    ///
    /// ```
    /// # use burn::tensor::{Int, Tensor};
    /// # use burn_autodiff::Autodiff;
    /// # use burn_flex::Flex;
    /// # use burn_mlp::{CrossEntropy, MlpConfig};
    /// # use burn_mlp_train::{Learner, Optimizer, OptimizerConfig, Placement};
    /// # type B = Autodiff<Flex>;
    /// # let device = Default::default();
    /// # let folder = tempfile::tempdir()?;
    /// # let folder = folder.path();
    /// # let x = Tensor::<B, 2>::ones([4, 3], &device);
    /// # let y = Tensor::<B, 1, Int>::zeros([4], &device);
    /// let network = MlpConfig::new(3, [8], 2).with_dropout(0.5).init::<B>(&device)?;
    /// let optimizer = Optimizer::new(OptimizerConfig::default(), 0.0);
    /// let mut learner = Learner::new(network, optimizer, CrossEntropy::default(), Placement::HOST);
    /// for step in learner.resume::<B>(folder)?..10 {
    ///     learner.step(step, 0.1, x.clone(), y.clone());
    ///     learner.save::<B>(folder, step + 1)?;
    /// }
    /// assert_eq!(learner.resume::<B>(folder)?, 10);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn save<B: AutodiffBackend>(&self, folder: &Path, steps: u64) -> Result<(), TrainError>
    where
        M: AutodiffModule<B>,
    {
        let save = || {
            let groups = self.groups();
            if let Some(path) = not_finite(&groups) {
                bail!("{path} became infinite or not a number");
            }
            let checkpoint = Checkpoint {
                program: env!("CARGO_PKG_VERSION").to_owned(),
                settings: BTreeMap::new(),
                state: LoopState { step: steps, optimizer_steps: self.optimizer.steps, ..LoopState::default() },
                data_sha256: String::new(),
                groups,
            };
            checkpoint.save(folder)
        };
        save().map_err(TrainError::State)
    }

    /// Takes weights and moments from the checkpoint in `folder`, and returns the number of finished steps: 0 if there
    /// is none yet.
    ///
    /// # Errors
    ///
    /// If there are checkpoints and none is intact, or the latest is not of this network.
    pub fn resume<B: AutodiffBackend>(&mut self, folder: &Path) -> Result<u64, TrainError>
    where
        M: AutodiffModule<B>,
    {
        let mut resume = || match Checkpoint::load(folder)? {
            None => Ok(0),
            Some((mut checkpoint, _)) => {
                self.restore(&mut checkpoint).with_context(|| folder.display().to_string())?;
                Ok(checkpoint.state.step)
            }
        };
        resume().map_err(TrainError::State)
    }

    /// Weights and moments, as a checkpoint holds them.
    pub(crate) fn groups<B: AutodiffBackend>(&self) -> Groups
    where
        M: AutodiffModule<B>,
    {
        let valid = self.network().valid();
        let Optimizer { first_moment, second_moment, .. } = &self.optimizer;
        Groups::from([
            ("model".to_owned(), parameters::collect(&valid)),
            ("first_moment".to_owned(), parameters::collect_moments(&valid, first_moment)),
            ("second_moment".to_owned(), parameters::collect_moments(&valid, second_moment)),
        ])
    }

    /// Takes weights and moments out of a checkpoint. After an error the learner is of no use.
    pub(crate) fn restore<B: AutodiffBackend>(&mut self, checkpoint: &mut Checkpoint) -> Result<()>
    where
        M: AutodiffModule<B>,
    {
        let other_network = "the checkpoint is not of this network";
        let valid = self.network().valid();
        let moments = |group: Tensors| parameters::restore_moments(&valid, group).context(other_network);
        self.optimizer.first_moment = moments(checkpoint.take("first_moment"))?;
        self.optimizer.second_moment = moments(checkpoint.take("second_moment"))?;
        self.optimizer.steps = checkpoint.state.optimizer_steps;
        // Restored into the training network itself: parameters restored into `valid` would not require gradients.
        let weights = checkpoint.take("model");
        self.replace(|network| parameters::restore(network, weights).context(other_network))
    }
}

/// Group and path of the first tensor with an element that is infinite or not a number, if any.
pub(crate) fn not_finite(groups: &Groups) -> Option<String> {
    let path =
        |(group, tensors): (&String, &Tensors)| parameters::not_finite(tensors).map(|path| format!("{group}/{path}"));
    groups.iter().find_map(path)
}
