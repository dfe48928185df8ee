//! The confusion matrix as text.

use std::fmt::{Display, Formatter, Result};

use super::ConfusionMatrix;

impl Display for ConfusionMatrix {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        self.counts(f)?;
        self.rates(f)?;
        let hits: u64 = (0..self.classes).map(|class| self.hits(class)).sum();
        write!(f, "\n\naccuracy {:.4} ({hits} of {})", self.accuracy(), self.total())
    }
}

impl ConfusionMatrix {
    /// The counts with their sums. Columns are as wide as the longest number in them.
    fn counts(&self, f: &mut Formatter<'_>) -> Result {
        let digits = |number: u64| number.to_string().len();
        let longest = (0..self.classes).map(|class| digits(self.actual_total(class))).max().unwrap_or(1);
        let width = longest.max(digits(self.classes as u64 - 1));
        let last = digits(self.total()).max("total".len());
        writeln!(f, "counts; rows: predicted class, columns: actual class")?;
        write!(f, "{:5}", "")?;
        for actual in 0..self.classes {
            write!(f, " {actual:>width$}")?;
        }
        writeln!(f, " {:>last$}", "total")?;
        for predicted in 0..self.classes {
            write!(f, "{predicted:>5}")?;
            for actual in 0..self.classes {
                write!(f, " {:>width$}", self.count(predicted, actual))?;
            }
            writeln!(f, " {:>last$}", self.predicted_total(predicted))?;
        }
        write!(f, "total")?;
        for actual in 0..self.classes {
            write!(f, " {:>width$}", self.actual_total(actual))?;
        }
        writeln!(f, " {:>last$}", self.total())
    }

    /// Precision, recall and F1 of each class.
    fn rates(&self, f: &mut Formatter<'_>) -> Result {
        let text = |rate: Option<f64>| rate.map_or("-".to_owned(), |rate| format!("{rate:.4}"));
        write!(f, "\nclass  precision  recall      F1")?;
        for class in 0..self.classes {
            let (precision, recall, f1) = (self.precision(class), self.recall(class), self.f1(class));
            write!(f, "\n{class:>5}  {:>9}  {:>6}  {:>6}", text(precision), text(recall), text(f1))?;
        }
        Ok(())
    }
}
