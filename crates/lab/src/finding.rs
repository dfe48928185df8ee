//! What an experiment finds: claims with the measured figures, tables and pictures.

mod bound;
mod claim;
mod outcome;
#[cfg(test)]
mod tests;
mod text;

use serde::{Deserialize, Serialize};

use mlp_plot::{Picture, Svg};

pub use bound::{Bound, Verdict};
pub use claim::Claim;
pub use outcome::{CONFIDENCE, Outcome, POWER};
pub use text::{figure, spread};

/// The result of one experiment.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Finding {
    /// What was asserted beforehand, and whether it is borne out.
    pub claims: Vec<Claim>,
    /// Figures beside the claims.
    pub tables: Vec<Table>,
    /// Names and captions of the pictures.
    pub figures: Vec<Figure>,
    /// The pictures themselves, which are files of their own beside the JSON.
    #[serde(skip)]
    pub drawings: Vec<Svg>,
    /// What a reader has to know to read the figures right.
    pub notes: Vec<String>,
}

impl Finding {
    /// Adds a claim.
    pub fn claim(&mut self, claim: Claim) -> &mut Self {
        self.claims.push(claim);
        self
    }

    /// Adds a table.
    pub fn table(&mut self, table: Table) -> &mut Self {
        self.tables.push(table);
        self
    }

    /// Adds a picture, written as `<name>.svg`.
    pub fn picture(&mut self, name: &str, caption: &str, picture: &impl Picture) -> &mut Self {
        self.figures.push(Figure { name: name.into(), caption: caption.into() });
        self.drawings.push(picture.draw());
        self
    }

    /// Adds a note.
    pub fn note(&mut self, note: impl Into<String>) -> &mut Self {
        self.notes.push(note.into());
        self
    }

    /// Adds what the same claims measured with other seeds.
    ///
    /// # Panics
    ///
    /// If `rerun` has other claims.
    pub(crate) fn measured_again(&mut self, rerun: Self) {
        assert_eq!(self.claims.len(), rerun.claims.len(), "the same claims");
        for (claim, again) in self.claims.iter_mut().zip(rerun.claims) {
            assert_eq!(claim.sentence, again.sentence, "the same claims");
            claim.measured_again(again.outcome.values);
        }
    }
}

/// A table of figures.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Table {
    /// What it shows.
    pub title: String,
    /// Names of the columns.
    pub header: Vec<String>,
    /// Rows, each as long as the header.
    pub rows: Vec<Vec<String>>,
}

impl Table {
    /// An empty table.
    pub fn new(title: impl Into<String>, header: &[&str]) -> Self {
        Self { title: title.into(), header: header.iter().map(|&name| name.to_owned()).collect(), rows: Vec::new() }
    }

    /// Adds a row.
    ///
    /// # Panics
    ///
    /// If it is not as long as the header.
    #[must_use]
    pub fn row<S: Into<String>>(mut self, cells: impl IntoIterator<Item = S>) -> Self {
        let row: Vec<String> = cells.into_iter().map(Into::into).collect();
        assert_eq!(row.len(), self.header.len(), "a cell for each column");
        self.rows.push(row);
        self
    }
}

/// A picture of an experiment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Figure {
    /// Stem of its file.
    pub name: String,
    /// What it shows.
    pub caption: String,
}
