//! Calibration as text.

use std::fmt::{Display, Formatter, Result};

use super::Calibration;

impl Display for Calibration {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let longest = self.bins.iter().map(|bin| bin.count.to_string().len()).max().unwrap_or(1);
        let width = longest.max("count".len());
        writeln!(f, "confidence in     {:>width$}  mean confidence  accuracy", "count")?;
        for (index, bin) in self.bins.iter().enumerate() {
            let close = if index + 1 == self.bins.len() { ']' } else { ')' };
            write!(f, "[{:.4}, {:.4}{close}  {:>width$}", bin.lower, bin.upper, bin.count)?;
            if bin.count > 0 {
                writeln!(f, "  {:>15.4}  {:>8.4}", bin.confidence, bin.accuracy)?;
            } else {
                writeln!(f, "  {:>15}  {:>8}", "-", "-")?;
            }
        }
        let (expected, maximum) = (self.expected_error(), self.maximum_error());
        write!(f, "expected calibration error {expected:.4}, maximum calibration error {maximum:.4}")
    }
}
