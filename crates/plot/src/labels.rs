//! Formatting of numbers in pictures.

/// Number format of the labels of one axis.
pub(super) enum Format {
    Decimal { places: usize },
    Scientific { exponent: i32, places: usize },
}

impl Format {
    pub fn new(largest: f64, step: f64) -> Self {
        let exponent_of = |value: f64| (value.log10() + 1e-9).floor() as i32;
        let step = exponent_of(step);
        if largest == 0.0 || (1e-3..1e6).contains(&largest) {
            return Self::Decimal { places: usize::try_from(-step).unwrap_or(0) };
        }
        let exponent = exponent_of(largest);
        Self::Scientific { exponent, places: usize::try_from(exponent - step).unwrap_or(0) }
    }

    pub fn label(&self, value: f64) -> String {
        match *self {
            Self::Decimal { places } => decimal(value, places),
            Self::Scientific { .. } if value == 0.0 => "0".into(),
            Self::Scientific { exponent, places } => {
                format!("{}×10{}", decimal(value / power_of_ten(exponent), places), superscript(exponent))
            }
        }
    }
}

/// `value` with `places` decimal places, thousands grouped from 10,000 on, and a typographic minus sign.
pub(super) fn decimal(value: f64, places: usize) -> String {
    let text = format!("{:.places$}", value.abs());
    let (whole, fraction) = text.split_once('.').map_or((&text[..], ""), |(whole, fraction)| (whole, fraction));
    let grouped = if whole.len() > 4 { thousands(whole) } else { whole.to_owned() };
    let point = if fraction.is_empty() { "" } else { "." };
    let zero = text.chars().all(|character| matches!(character, '0' | '.'));
    let sign = if value < 0.0 && !zero { "−" } else { "" };
    format!("{sign}{grouped}{point}{fraction}")
}

/// `digits` with commas between thousands.
fn thousands(digits: &str) -> String {
    let first = digits.len() % 3;
    let groups = digits.as_bytes()[first..].chunks(3).map(|group| String::from_utf8_lossy(group).into_owned());
    let groups = digits.get(..first).filter(|group| !group.is_empty()).map(str::to_owned).into_iter().chain(groups);
    groups.collect::<Vec<String>>().join(",")
}

/// Decimal places needed to show the first digit of a power of ten or a multiple of it.
pub(super) fn places_of(value: f64) -> usize {
    usize::try_from(-((value.log10() + 1e-9).floor() as i32)).unwrap_or(0)
}

/// A power of ten, or a multiple of one, in scientific notation: `2×10⁻⁷`.
pub(super) fn power_label(value: f64) -> String {
    let exponent = (value.log10() + 1e-9).floor() as i32;
    let factor = (value / power_of_ten(exponent)).round();
    let factor = if factor == 1.0 { String::new() } else { format!("{factor}×") };
    format!("{factor}10{}", superscript(exponent))
}

fn superscript(exponent: i32) -> String {
    let digit = |character| match character {
        '-' => '⁻',
        '1' => '¹',
        '2' => '²',
        '3' => '³',
        digit => char::from_u32('⁰' as u32 + digit as u32 - '0' as u32).unwrap_or(digit),
    };
    exponent.to_string().chars().map(digit).collect()
}

pub(super) fn power_of_ten(power: i32) -> f64 {
    10.0_f64.powi(power)
}

/// `value` with four significant digits, for captions; `–` if it is not finite.
pub(super) fn four_digits(value: f64) -> String {
    if !value.is_finite() {
        return "–".into();
    }
    let exponent = if value == 0.0 { 0 } else { value.abs().log10().floor() as i32 };
    let text = match exponent {
        -4..=5 => decimal(value, usize::try_from(3 - exponent).unwrap_or(0)),
        _ => return format!("{value:.3e}"),
    };
    // Trailing zeros after the decimal point are left out.
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn captions_have_four_significant_digits() {
        let cases = [
            (0.0, "0"),
            (1.0, "1"),
            (0.86272, "0.8627"),
            (-12.5, "−12.5"),
            (12_345.6, "12,346"),
            (1e-9, "1.000e-9"),
            (123_456.0, "123,456"),
            (0.000_123_44, "0.0001234"),
            (f64::NAN, "–"),
        ];
        for (value, text) in cases {
            assert_eq!(four_digits(value), text);
        }
    }

    #[test]
    fn decimals_are_grouped_from_ten_thousand_on_and_zero_has_no_sign() {
        let cases = [
            (1234.5, 1, "1234.5"),
            (-12_345.67, 1, "−12,345.7"),
            (-0.04, 1, "0.0"),
            (0.5, 0, "0"),
            (1e9, 0, "1,000,000,000"),
        ];
        for (value, places, text) in cases {
            assert_eq!(decimal(value, places), text);
        }
    }

    #[test]
    fn powers_of_ten_have_raised_exponents() {
        assert_eq!([1e-12, 1e20, 2e-7, 5e3].map(power_label), ["10⁻¹²", "10²⁰", "2×10⁻⁷", "5×10³"]);
    }
}
