//! All dropout layers inside a module.

use alloc::string::ToString;
use core::fmt::{self, Display};

use burn::tensor::backend::Backend;

use super::{Dropout, DropoutMode};

/// The path of a field inside a module, such as `hidden.0.dropout`. It is displayed with dots between the names.
#[derive(Clone, Copy)]
pub struct ModulePath<'a> {
    inside: Option<&'a Self>,
    name: &'a dyn Display,
}

impl ModulePath<'_> {
    /// The path of a whole module, which is empty.
    pub const ROOT: Self = ModulePath { inside: None, name: &"" };

    /// The path of a field, an element or a variant of what `self` is the path of.
    pub fn field<'a>(&'a self, name: &'a dyn Display) -> ModulePath<'a> {
        ModulePath { inside: Some(self), name }
    }
}

impl Display for ModulePath<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.inside {
            None => Ok(()),
            Some(ModulePath { inside: None, .. }) => self.name.fmt(formatter),
            Some(inside) => write!(formatter, "{inside}.{}", self.name),
        }
    }
}

/// A module whose [`Dropout`] layers can be reached: to move them to a training step, to switch them on at inference,
/// to give them streams of their own.
///
/// Derive it for your own modules. Burn's layers without dropout implement it, and so do [`Mlp`](crate::Mlp) and the
/// other networks of this crate, `Option`, `Vec`, arrays, tuples, numbers and strings. `burn::nn::Dropout` does not:
/// it draws from a generator of the whole process, which nothing can move. Mark a field that cannot have dropout layers
/// with `#[dropout(skip)]`.
///
/// # Examples
///
/// ```
/// use burn::module::Module;
/// use burn::nn::{Linear, LinearConfig};
/// use burn::tensor::{Tensor, backend::Backend};
/// use burn_flex::Flex;
/// use burn_mlp::{Dropout, DropoutConfig, DropoutLayers, DropoutMode, Probability};
///
/// #[derive(Module, Debug, DropoutLayers)]
/// struct Net<B: Backend> {
///     linear: Linear<B>,
///     dropout: Dropout<B>,
/// }
///
/// let device = Default::default();
/// let dropout = DropoutConfig::new(Probability::of(0.5)).init();
/// let mut net = Net::<Flex> { linear: LinearConfig::new(4, 64).init(&device), dropout };
/// net.seed_dropout(7);
/// net.set_dropout_mode(DropoutMode::MonteCarlo);
/// let sample = |step| {
///     net.seek_dropout(step);
///     net.dropout.forward(net.linear.forward(Tensor::<_, 2>::ones([1, 4], &device))).into_data()
/// };
/// assert_eq!(sample(0), sample(0));
/// assert_ne!(sample(0), sample(1));
/// ```
///
/// Burn's own dropout is refused when the program is compiled:
///
/// ```compile_fail
/// # use burn::module::Module;
/// # use burn_mlp::DropoutLayers;
/// #[derive(Module, Debug, Clone, DropoutLayers)]
/// struct Net {
///     dropout: burn::nn::Dropout,
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "the dropout layers of `{Self}` cannot be reached",
    label = "does not implement `DropoutLayers`",
    note = "for a module of your own: #[derive(Module, Debug, DropoutLayers)], with `use burn_mlp::DropoutLayers;`",
    note = "use `burn_mlp::Dropout<B>` instead of `burn::nn::Dropout`, whose masks nothing can repeat",
    note = "for a field of another crate's type that has no dropout layers: #[dropout(skip)]"
)]
pub trait DropoutLayers<B: Backend> {
    /// Calls `visit` with the path of each dropout layer and the layer, in the order of the fields. `path` is the path
    /// of `self`: [`ModulePath::ROOT`] for a whole module.
    fn visit_dropout(&self, path: ModulePath<'_>, visit: &mut dyn FnMut(ModulePath<'_>, &Dropout<B>));

    /// The same for layers that `visit` changes.
    fn visit_dropout_mut(&mut self, path: ModulePath<'_>, visit: &mut dyn FnMut(ModulePath<'_>, &mut Dropout<B>));

    /// Moves every layer to the first call of a training step; see [`Dropout::seek`].
    fn seek_dropout(&self, step: u64) {
        self.seek_dropout_row(step, 0);
    }

    /// Moves every layer to the first call of a training step, for a part of the batch that starts at `row`; see
    /// [`Dropout::seek_row`].
    fn seek_dropout_row(&self, step: u64, row: u64) {
        self.visit_dropout(ModulePath::ROOT, &mut |_, dropout| dropout.seek_row(step, row));
    }

    /// Sets the mode of every layer. The positions stay.
    fn set_dropout_mode(&mut self, mode: DropoutMode) {
        self.visit_dropout_mut(ModulePath::ROOT, &mut |_, dropout| dropout.set_mode(mode));
    }

    /// The same module with every layer in another mode.
    ///
    /// # Examples
    ///
    /// Monte-Carlo dropout: two passes over the same input differ.
    ///
    /// ```
    /// # use burn::tensor::Tensor;
    /// # use burn_flex::Flex;
    /// use burn_mlp::{DropoutLayers as _, DropoutMode, MlpConfig};
    ///
    /// let device = Default::default();
    /// let mlp = MlpConfig::new(4, [64], 2).with_dropout(0.5).init::<Flex>(&device)?;
    /// let mlp = mlp.with_dropout_mode(DropoutMode::MonteCarlo);
    /// let x = Tensor::<Flex, 2>::ones([1, 4], &device);
    /// assert_ne!(mlp.forward(x.clone()).to_data(), mlp.forward(x).to_data());
    /// # Ok::<(), burn_mlp::MlpError>(())
    /// ```
    #[must_use]
    fn with_dropout_mode(mut self, mode: DropoutMode) -> Self
    where
        Self: Sized,
    {
        self.set_dropout_mode(mode);
        self
    }

    /// Gives every layer the masks of `seed` and its path: no two layers of a module share masks, and a new field
    /// changes the masks of no other. The positions stay.
    fn seed_dropout(&mut self, seed: u64) {
        self.visit_dropout_mut(ModulePath::ROOT, &mut |path, dropout| dropout.set_key(seed, &path.to_string()));
    }
}
