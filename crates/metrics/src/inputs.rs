//! What the metrics take numbers from.

use std::borrow::Cow;

/// Class labels, one per example: a reference to a slice, array or vector of any integer type, or of `bool` (false is 0,
/// true is 1). With the feature `burn` also a reference to a tensor of integers with one dimension.
///
/// A label that is negative or not below the number of classes is an error of the metric, never a wrong count.
///
/// # Examples
///
/// Another container of labels becomes an argument of every metric:
///
/// ```
/// use mlp_metrics::{ConfusionMatrix, Labels};
///
/// struct Answers(&'static str);
///
/// impl Labels for Answers {
///     fn labels(&self) -> impl Iterator<Item = i128> {
///         self.0.bytes().map(|letter| i128::from(letter) - i128::from(b'A'))
///     }
/// }
///
/// let matrix = ConfusionMatrix::from_labels(Answers("ABBA"), &[0, 1, 0, 0], 2)?;
/// assert_eq!(matrix.accuracy(), 0.75);
/// let error = ConfusionMatrix::from_labels(&[0, 1, -1], &[0, 1, 1], 2).unwrap_err();
/// assert_eq!(error.to_string(), "prediction 2 is -1; expected 0 to 1 (2 classes)");
/// # Ok::<(), mlp_metrics::MetricsError>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` are no labels",
    note = "labels are a reference to a slice, array or vector of integers or `bool`"
)]
pub trait Labels {
    /// The labels in the order of the examples. The type holds every integer of up to 64 bits.
    fn labels(&self) -> impl Iterator<Item = i128>;
}

/// Real numbers such as probabilities, logits or targets: a reference to a slice, array or vector of `f32` or `f64`.
/// With the feature `burn` also a reference to a tensor of floats with any number of dimensions, read row by row.
///
/// The metrics compute in `f64`, to which every `f32` converts exactly.
///
/// # Examples
///
/// ```
/// use mlp_metrics::Values;
///
/// let (single, double) = (&[0.5_f32, -2.0], &vec![0.5, -2.0]);
/// assert_eq!(single.values(), double.values());
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` are no values",
    note = "values are a reference to a slice, array or vector of `f32` or `f64`"
)]
pub trait Values {
    /// The numbers in order; a matrix row by row.
    fn values(&self) -> Cow<'_, [f64]>;
}

/// Implements a trait for references to what holds elements of a type. Owned containers are left out, so that there is
/// one way to pass them, which keeps them usable.
macro_rules! for_containers {
    ($trait:ident of $element:ty, $($body:tt)*) => {
        impl $trait for &[$element] { $($body)* }
        // What iterating over a slice of slices gives.
        impl $trait for &&[$element] { $($body)* }
        impl<const N: usize> $trait for &[$element; N] { $($body)* }
        impl $trait for &Vec<$element> { $($body)* }
    };
}

macro_rules! labels {
    ($($integer:ty)*) => {$(
        for_containers!(Labels of $integer, fn labels(&self) -> impl Iterator<Item = i128> {
            self.iter().map(|&label| label as i128)
        });
    )*};
}

labels!(u8 u16 u32 u64 usize i8 i16 i32 i64 isize bool);

for_containers!(Values of f32, fn values(&self) -> Cow<'_, [f64]> {
    self.iter().copied().map(f64::from).collect()
});

for_containers!(Values of f64, fn values(&self) -> Cow<'_, [f64]> {
    Cow::Borrowed(&self[..])
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_integer_is_a_label_and_none_is_changed() {
        fn found(labels: impl Labels) -> Vec<i128> {
            labels.labels().collect()
        }
        assert_eq!(found(&[0_u8, u8::MAX]), [0, 255]);
        assert_eq!(found(&vec![u16::MAX]), [65_535]);
        assert_eq!(found(&[u32::MAX][..]), [4_294_967_295]);
        let rows = [&[u64::MAX][..], &[0, 1]];
        assert_eq!(rows.iter().map(found).collect::<Vec<_>>(), [vec![18_446_744_073_709_551_615], vec![0, 1]]);
        assert_eq!(found(&[usize::MAX]), [usize::MAX as i128]);
        assert_eq!(found(&[i8::MIN]), [-128]);
        assert_eq!(found(&[i16::MIN]), [-32_768]);
        assert_eq!(found(&[1, -1]), [1, -1]);
        assert_eq!(found(&[i64::MIN]), [-9_223_372_036_854_775_808]);
        assert_eq!(found(&[isize::MIN]), [isize::MIN as i128]);
        assert_eq!(found(&[false, true]), [0, 1]);
    }

    #[test]
    fn single_precision_is_converted_exactly_and_double_precision_not_copied() {
        let single = [0.1_f32, f32::MIN_POSITIVE, -f32::MAX, f32::INFINITY];
        assert_eq!((&single).values(), single.map(f64::from).to_vec());
        assert!((&vec![f32::NAN]).values()[0].is_nan());
        let double = [0.1];
        assert!(matches!((&&double[..]).values(), Cow::Borrowed([value]) if *value == 0.1));
    }
}
