//! [`DropoutLayers`] for containers, for Burn's layers, and for plain values.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use core::marker::PhantomData;

use burn::module::{Param, Parameter, RunningState};
use burn::nn::conv::{Conv1d, Conv2d, Conv3d, ConvTranspose1d, ConvTranspose2d, ConvTranspose3d, DeformConv2d};
use burn::nn::interpolate::{Interpolate1d, Interpolate2d};
use burn::nn::pool::{AdaptiveAvgPool1d, AdaptiveAvgPool2d, AvgPool1d, AvgPool2d, MaxPool1d, MaxPool2d};
use burn::nn::{
    BatchNorm, BiLstm, Embedding, Gelu, GroupNorm, Gru, HardSigmoid, InstanceNorm, LayerNorm, LeakyRelu, Linear, PRelu,
    PositionalEncoding, Relu, RmsNorm, RotaryEncoding, Sigmoid, SwiGlu, Tanh, Unfold4d,
};
use burn::tensor::backend::Backend;
use burn::tensor::{Tensor, TensorKind};

use super::{Dropout, DropoutLayers, ModulePath};

impl<B: Backend> DropoutLayers<B> for Dropout<B> {
    fn visit_dropout(&self, path: ModulePath<'_>, visit: &mut dyn FnMut(ModulePath<'_>, &Self)) {
        visit(path, self);
    }

    fn visit_dropout_mut(&mut self, path: ModulePath<'_>, visit: &mut dyn FnMut(ModulePath<'_>, &mut Self)) {
        visit(path, self);
    }
}

/// Implements the trait for what iterates over its elements. As in Burn's paths, elements are numbered, but what is in
/// an `Option` or a `Box` has the path of the field.
macro_rules! containers {
    ($([$($parameters:tt)*] $type:ty, $path:expr;)*) => {$(
        impl<B: Backend, T: DropoutLayers<B>, $($parameters)*> DropoutLayers<B> for $type {
            fn visit_dropout(&self, path: ModulePath<'_>, visit: &mut dyn FnMut(ModulePath<'_>, &Dropout<B>)) {
                for (index, element) in self.iter().enumerate() {
                    let of: for<'a> fn(&'a ModulePath<'a>, &'a usize) -> ModulePath<'a> = $path;
                    element.visit_dropout(of(&path, &index), visit);
                }
            }

            fn visit_dropout_mut(
                &mut self,
                path: ModulePath<'_>,
                visit: &mut dyn FnMut(ModulePath<'_>, &mut Dropout<B>),
            ) {
                for (index, element) in self.iter_mut().enumerate() {
                    let of: for<'a> fn(&'a ModulePath<'a>, &'a usize) -> ModulePath<'a> = $path;
                    element.visit_dropout_mut(of(&path, &index), visit);
                }
            }
        }
    )*};
}

containers! {
    [] Option<T>, |path, _| *path;
    [] Vec<T>, |path, index| path.field(index);
    [const N: usize] [T; N], |path, index| path.field(index);
}

impl<B: Backend, T: DropoutLayers<B> + ?Sized> DropoutLayers<B> for Box<T> {
    fn visit_dropout(&self, path: ModulePath<'_>, visit: &mut dyn FnMut(ModulePath<'_>, &Dropout<B>)) {
        (**self).visit_dropout(path, visit);
    }

    fn visit_dropout_mut(&mut self, path: ModulePath<'_>, visit: &mut dyn FnMut(ModulePath<'_>, &mut Dropout<B>)) {
        (**self).visit_dropout_mut(path, visit);
    }
}

/// Implements the trait for tuples.
macro_rules! tuples {
    ($($($type:ident $index:tt),+;)*) => {$(
        impl<B: Backend, $($type: DropoutLayers<B>),+> DropoutLayers<B> for ($($type,)+) {
            fn visit_dropout(&self, path: ModulePath<'_>, visit: &mut dyn FnMut(ModulePath<'_>, &Dropout<B>)) {
                $(self.$index.visit_dropout(path.field(&$index), visit);)+
            }

            fn visit_dropout_mut(
                &mut self,
                path: ModulePath<'_>,
                visit: &mut dyn FnMut(ModulePath<'_>, &mut Dropout<B>),
            ) {
                $(self.$index.visit_dropout_mut(path.field(&$index), visit);)+
            }
        }
    )*};
}

tuples! {
    T 0, U 1;
    T 0, U 1, V 2;
    T 0, U 1, V 2, W 3;
}

/// Implements the trait for what has no dropout layers.
macro_rules! without_dropout {
    ([$($parameters:tt)*] $type:ty) => {
        impl<B: Backend, $($parameters)*> DropoutLayers<B> for $type {
            fn visit_dropout(&self, _: ModulePath<'_>, _: &mut dyn FnMut(ModulePath<'_>, &Dropout<B>)) {}
            fn visit_dropout_mut(&mut self, _: ModulePath<'_>, _: &mut dyn FnMut(ModulePath<'_>, &mut Dropout<B>)) {}
        }
    };
    ($($type:ty),+ $(,)?) => {$(without_dropout!([] $type);)+};
}

without_dropout!(
    Linear<B>,
    Embedding<B>,
    Conv1d<B>,
    Conv2d<B>,
    Conv3d<B>,
    ConvTranspose1d<B>,
    ConvTranspose2d<B>,
    ConvTranspose3d<B>,
    DeformConv2d<B>,
    BatchNorm<B>,
    GroupNorm<B>,
    InstanceNorm<B>,
    LayerNorm<B>,
    RmsNorm<B>,
    burn::nn::Lstm<B>,
    BiLstm<B>,
    Gru<B>,
    PRelu<B>,
    SwiGlu<B>,
    PositionalEncoding<B>,
    RotaryEncoding<B>,
);
without_dropout!(Relu, Gelu, HardSigmoid, LeakyRelu, Sigmoid, Tanh, Unfold4d);
without_dropout!(AdaptiveAvgPool1d, AdaptiveAvgPool2d, AvgPool1d, AvgPool2d, MaxPool1d, MaxPool2d);
without_dropout!(Interpolate1d, Interpolate2d, crate::Activation);
without_dropout!(bool, char, f32, f64, i8, i16, i32, i64, isize, u8, u16, u32, u64, usize, String, &'static str);
without_dropout!([const D: usize, K: TensorKind<B>] Tensor<B, D, K>);
without_dropout!([T: Parameter] Param<T>);
without_dropout!([T] RunningState<T>);
without_dropout!([T: ?Sized] PhantomData<T>);
