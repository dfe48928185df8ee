//! Ranges of settings, checked where they are read: `#[serde(deserialize_with = "range::positive")]` on a field.
//!
//! The error says what is allowed and what was found; who reads the file adds the key and the line.
//!
//! Settings are computed with in single precision, whatever they are written in: a number that would become 0 or infinite
//! there is outside its range.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

/// Functions that read a number and refuse it outside a range.
macro_rules! ranges {
    ($($name:ident: $number:ty, $expected:literal, $allowed:expr;)*) => {$(
        #[doc = concat!("Reads ", $expected, ".")]
        ///
        /// # Errors
        ///
        /// If it is something else.
        pub fn $name<'de, D: Deserializer<'de>>(deserializer: D) -> Result<$number, D::Error> {
            let found = <$number>::deserialize(deserializer)?;
            let allowed: fn($number) -> bool = $allowed;
            if allowed(found) { Ok(found) } else { Err(D::Error::custom(format!("expected {}, found {found:?}", $expected))) }
        }
    )*};
}

/// Whether `value` is 0 or a number that keeps its digits in single precision.
fn is_single(value: f64) -> bool {
    value == 0.0 || (value as f32).is_normal()
}

ranges! {
    finite: f64, "0 or a number from 1.2e-38 to 3.4e38 in magnitude", is_single;
    positive: f64, "a number greater than 0, from 1.2e-38 to 3.4e38", |value| value > 0.0 && is_single(value);
    not_negative: f64, "0 or a number from 1.2e-38 to 3.4e38", |value| value >= 0.0 && is_single(value);
    fraction: f64, "a number in [0, 1]", |value| (0.0..=1.0).contains(&value);
    below_one: f64, "a number in [0, 1), at most 0.9999999", |value| value >= 0.0 && (value as f32) < 1.0;
    above_zero_to_one: f64, "a number in (0, 1]", |value| value > 0.0 && value <= 1.0;
    between_zero_and_one: f64, "a number in (0, 1)", |value| value > 0.0 && value < 1.0;
    at_least_one: usize, "at least 1", |count| count >= 1;
    at_least_two: usize, "at least 2", |count| count >= 2;
    some_steps: u64, "at least 1", |count| count >= 1;
    seed: u64, "a number below 2^63", |seed| i64::try_from(seed).is_ok();
}

/// Reads what [`finite`] reads, in single precision.
///
/// # Errors
///
/// If it is something else.
pub fn finite_single<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f32, D::Error> {
    finite(deserializer).map(|value| value as f32)
}

/// Reads what [`positive`] reads, in single precision.
///
/// # Errors
///
/// If it is something else.
pub fn positive_single<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f32, D::Error> {
    positive(deserializer).map(|value| value as f32)
}

#[cfg(test)]
mod tests {
    use serde::de::IntoDeserializer as _;
    use serde::de::value::Error;

    use super::*;

    #[test]
    fn a_number_outside_its_range_is_refused_with_both_and_not_a_number_is_in_none() {
        let read = |value: f64| -> Result<f64, Error> { positive(value.into_deserializer()) };
        assert_eq!(read(0.5), Ok(0.5));
        assert_eq!(
            read(-1.0).unwrap_err().to_string(),
            "expected a number greater than 0, from 1.2e-38 to 3.4e38, found -1.0"
        );
        for range in [finite, positive, not_negative, fraction, below_one, above_zero_to_one, between_zero_and_one] {
            let not_a_number: Result<f64, Error> = range(f64::NAN.into_deserializer());
            assert!(not_a_number.is_err());
        }
        let count: Result<usize, Error> = at_least_one(0_usize.into_deserializer());
        assert_eq!(count.unwrap_err().to_string(), "expected at least 1, found 0");
    }

    #[test]
    fn what_becomes_zero_infinite_or_one_in_single_precision_is_refused() {
        let read = |range: fn(_) -> Result<f64, Error>, value: f64| range(value.into_deserializer());
        for value in [1e-50, 1e-45, 1e39, f64::MAX, f64::MIN_POSITIVE] {
            for range in [finite, positive, not_negative] {
                let error = read(range, value).unwrap_err().to_string();
                assert!(
                    error.ends_with(&format!("from 1.2e-38 to 3.4e38, found {value:?}")) || error.contains("magnitude")
                );
            }
        }
        for value in [1.2e-38, 1e-8, 3.4e38] {
            assert!([finite, positive, not_negative].iter().all(|&range| read(range, value) == Ok(value)));
        }
        assert!(read(finite, 0.0).is_ok() && read(not_negative, 0.0).is_ok() && read(positive, 0.0).is_err());
        assert!(read(below_one, 0.999_999_9).is_ok() && read(below_one, 0.999_999_99).is_err());
    }
}
