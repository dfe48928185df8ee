//! Ranges of settings, checked where they are read: `#[serde(deserialize_with = "range::positive")]` on a field.
//!
//! The error says what is allowed and what was found; who reads the file adds the key and the line.

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
            if allowed(found) { Ok(found) } else { Err(D::Error::custom(format!("expected {}, found {found}", $expected))) }
        }
    )*};
}

ranges! {
    finite: f64, "a finite number", f64::is_finite;
    positive: f64, "a finite number greater than 0", |value| value > 0.0 && value.is_finite();
    not_negative: f64, "a finite number of at least 0", |value| value >= 0.0 && value.is_finite();
    fraction: f64, "a number in [0, 1]", |value| (0.0..=1.0).contains(&value);
    below_one: f64, "a number in [0, 1)", |value| (0.0..1.0).contains(&value);
    above_zero_to_one: f64, "a number in (0, 1]", |value| value > 0.0 && value <= 1.0;
    between_zero_and_one: f64, "a number in (0, 1)", |value| value > 0.0 && value < 1.0;
    finite_single: f32, "a finite number", f32::is_finite;
    positive_single: f32, "a finite number greater than 0", |value| value > 0.0 && value.is_finite();
    at_least_one: usize, "at least 1", |count| count >= 1;
    at_least_two: usize, "at least 2", |count| count >= 2;
    some_steps: u64, "at least 1", |count| count >= 1;
    seed: u64, "a number below 2^63", |seed| i64::try_from(seed).is_ok();
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
        assert_eq!(read(-1.0).unwrap_err().to_string(), "expected a finite number greater than 0, found -1");
        for range in [finite, positive, not_negative, fraction, below_one, above_zero_to_one, between_zero_and_one] {
            let not_a_number: Result<f64, Error> = range(f64::NAN.into_deserializer());
            assert!(not_a_number.is_err());
        }
        let count: Result<usize, Error> = at_least_one(0_usize.into_deserializer());
        assert_eq!(count.unwrap_err().to_string(), "expected at least 1, found 0");
    }
}
