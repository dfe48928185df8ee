//! A matrix with its values.

use crate::Picture;
use crate::labels::decimal;
use crate::svg::{SIZE, SMALL_SIZE, Svg, notes, widest};
use crate::text::{shorten, wrap};

/// Height of a cell.
const CELL: f64 = 32.0;
/// Side of a cell without a number.
const SMALL_CELL: f64 = 12.0;
/// Largest number of rows or columns for which numbers are written in the cells.
const NUMBERED: usize = 24;
/// Largest width of the name of a row or column.
const NAMES: f64 = 130.0;
/// Sine and cosine of 45°, the angle of long column names.
const RISE: (f64, f64) = (0.707, 0.707);

/// A matrix as colored cells with numbers in them, such as a confusion matrix or a covariance.
///
/// The color of a cell is the stronger the larger the magnitude of its value, blue for positive and brown for negative
/// values. With [`root`](Self::root) it follows the square root, so that small errors show beside a large diagonal.
/// With [`shades`](Self::shades) it follows other values. A value that is not finite is written as `–`.
///
/// # Examples
///
/// ```
/// use mlp_plot::{Heatmap, Picture as _};
///
/// let heatmap = Heatmap::new("Confusion", [[50.0, 3.0], [0.0, 47.0]])
///     .rows("predicted", ["cat", "dog"])
///     .columns("true", ["cat", "dog"]);
/// assert!(heatmap.svg().contains(">47</text>"));
/// ```
#[derive(Clone, Debug)]
pub struct Heatmap {
    title: String,
    values: Vec<Vec<f64>>,
    shades: Option<Vec<Vec<f64>>>,
    decimals: Option<usize>,
    root: bool,
    rows: (String, Vec<String>),
    columns: (String, Vec<String>),
    notes: Vec<String>,
}

impl Heatmap {
    /// A matrix, row by row. Missing cells of shorter rows stay empty.
    pub fn new<R: IntoIterator<Item = f64>>(title: impl Into<String>, values: impl IntoIterator<Item = R>) -> Self {
        Self {
            title: title.into(),
            values: values.into_iter().map(|row| row.into_iter().collect()).collect(),
            shades: None,
            decimals: None,
            root: false,
            rows: Default::default(),
            columns: Default::default(),
            notes: Vec::new(),
        }
    }

    /// Sets the name of the row axis, and the names of the rows.
    #[must_use]
    pub fn rows<S: Into<String>>(mut self, label: &str, names: impl IntoIterator<Item = S>) -> Self {
        self.rows = (label.to_owned(), names.into_iter().map(Into::into).collect());
        self
    }

    /// Sets the name of the column axis, and the names of the columns.
    #[must_use]
    pub fn columns<S: Into<String>>(mut self, label: &str, names: impl IntoIterator<Item = S>) -> Self {
        self.columns = (label.to_owned(), names.into_iter().map(Into::into).collect());
        self
    }

    /// Sets the decimal places of the values. By default none if all are whole numbers, else two.
    #[must_use]
    pub fn decimals(mut self, decimals: usize) -> Self {
        self.decimals = Some(decimals);
        self
    }

    /// Colors the cells by these values, row by row, instead of those of the matrix.
    #[must_use]
    pub fn shades<R: IntoIterator<Item = f64>>(mut self, shades: impl IntoIterator<Item = R>) -> Self {
        self.shades = Some(shades.into_iter().map(|row| row.into_iter().collect()).collect());
        self
    }

    /// Colors the cells by the square root of their value.
    #[must_use]
    pub fn root(mut self) -> Self {
        self.root = true;
        self
    }

    /// Adds a note below the matrix.
    #[must_use]
    pub fn note(mut self, note: impl Into<String>) -> Self {
        self.notes.push(note.into());
        self
    }

    fn numbers(&self) -> Vec<Vec<String>> {
        let all = || self.values.iter().flatten().filter(|value| value.is_finite());
        let decimals = self.decimals.unwrap_or(if all().all(|value| *value == value.round()) { 0 } else { 2 });
        let write = |&value: &f64| match value {
            value if !value.is_finite() => "–".into(),
            value if value.abs() >= 1e7 => format!("{value:.1e}"),
            value => decimal(value, decimals),
        };
        self.values.iter().map(|row| row.iter().map(write).collect()).collect()
    }

    /// Strength of a cell's color, from -1 to 1.
    fn strength(&self, row: usize, column: usize) -> f64 {
        let shades = self.shades.as_ref().unwrap_or(&self.values);
        let finite = shades.iter().flatten().filter(|shade| shade.is_finite());
        let largest = finite.fold(0.0_f64, |largest, shade| largest.max(shade.abs()));
        let shade = shades.get(row).and_then(|row| row.get(column)).copied().filter(|shade| shade.is_finite());
        let part = if largest > 0.0 { shade.unwrap_or(0.0) / largest } else { 0.0 };
        if self.root { part.abs().sqrt().copysign(part) } else { part }
    }

    fn description(&self, columns: usize) -> String {
        let name = |(label, _): &(String, Vec<String>)| match &label[..] {
            "" => String::new(),
            label => format!(" ({label})"),
        };
        let (rows, across) = (name(&self.rows), name(&self.columns));
        format!("Matrix of {} rows{rows} and {columns} columns{across}.", self.values.len())
    }
}

impl Picture for Heatmap {
    fn draw(&self) -> Svg {
        let columns = self.values.iter().map(Vec::len).max().unwrap_or(0);
        let numbered = self.values.len().max(columns) <= NUMBERED;
        let numbers = self.numbers();
        let number = widest(numbers.iter().flatten().map(|text| &text[..]), SMALL_SIZE);
        let cell = if numbered { [(number + 10.0).max(CELL + 8.0), CELL] } else { [SMALL_CELL; 2] };
        let short =
            |names: &[String]| -> Vec<String> { names.iter().map(|name| shorten(name, NAMES, SMALL_SIZE)).collect() };
        let (row_names, column_names) = (short(&self.rows.1), short(&self.columns.1));
        let row_room = widest(row_names.iter().map(|name| &name[..]), SMALL_SIZE);
        let column_room = widest(column_names.iter().map(|name| &name[..]), SMALL_SIZE);
        let turned = column_room > cell[0] - 6.0;

        let left = 16.0 + if self.rows.0.is_empty() { 0.0 } else { 22.0 } + row_room + 8.0;
        // A slanted name above the last column extends to the right of the matrix.
        let right = if turned { (column_room * RISE.1 - 0.5 * cell[0]).max(0.0) } else { 0.0 } + 16.0;
        let size = [cell[0] * columns as f64, cell[1] * self.values.len() as f64];
        let mut svg = Svg::new((left + size[0] + right).max(280.0), 0.0, &self.title, &self.description(columns));
        let mut top = svg.heading() + 4.0;
        if !self.columns.0.is_empty() {
            svg.text("middle", [left + 0.5 * size[0], top + SIZE], &self.columns.0);
            top += 22.0;
        }
        top += match column_names.is_empty() {
            true => 4.0,
            false if turned => column_room * RISE.0 + 18.0,
            false => 22.0,
        };
        if !self.rows.0.is_empty() {
            svg.turned_text("middle", [22.0, top + 0.5 * size[1]], -90.0, &self.rows.0);
        }
        for (row, name) in row_names.iter().take(self.values.len()).enumerate() {
            svg.text("small end", [left - 7.0, top + cell[1] * (row as f64 + 0.5) + 4.0], name);
        }
        for (column, name) in column_names.iter().take(columns).enumerate() {
            let middle = left + cell[0] * (column as f64 + 0.5);
            match turned {
                true => svg.turned_text("small", [middle - 2.0, top - 7.0], -45.0, name),
                false => svg.text("small middle", [middle, top - 7.0], name),
            }
        }
        for (row, numbers) in numbers.iter().enumerate() {
            for (column, number) in numbers.iter().enumerate() {
                let strength = self.strength(row, column);
                let corner = [left + cell[0] * column as f64, top + cell[1] * row as f64];
                let class = if strength < 0.0 { "minus" } else { "cell" };
                svg.shade(class, corner, cell, 0.96 * strength.abs());
                if numbered {
                    // White text on strong colors, in both color schemes.
                    let class = if strength.abs() > 0.55 { "small middle over" } else { "small middle" };
                    svg.text(class, [corner[0] + 0.5 * cell[0], corner[1] + 0.5 * cell[1] + 4.0], number);
                }
            }
        }
        svg.rect("axis", [left, top], size);
        let lines: Vec<String> =
            self.notes.iter().flat_map(|note| wrap(note, svg.width() - 24.0, SMALL_SIZE)).collect();
        let bottom = top + size[1];
        notes(&mut svg, &lines, bottom + 22.0);
        svg.set_height(bottom + 14.0 + 16.0 * lines.len() as f64);
        svg
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::xml::{check, count};

    #[test]
    fn every_cell_has_its_number_the_diagonal_too() {
        let svg = Heatmap::new("", [[812.0, 7.0, 1.0], [13.0, 900.0, 2.0], [0.0, 3.0, 1000.0]])
            .rows("predicted", ["T-shirt/top", "Trouser", "<Coat>"])
            .columns("true", ["T-shirt/top", "Trouser", "<Coat>"])
            .svg();
        check(&svg);
        assert_eq!(count(&svg, "cell"), 9);
        for number in ["812", "7", "1", "13", "900", "2", "0", "3", "1000"] {
            assert_eq!(svg.matches(&format!(">{number}</text>")).count(), 1, "{number}");
        }
        for name in ["predicted", "true"] {
            assert_eq!(svg.matches(&format!(">{name}</text>")).count(), 1, "{name}");
        }
        assert_eq!(svg.matches(">&lt;Coat&gt;</text>").count(), 2);
    }

    #[test]
    fn color_grows_with_the_number_and_tells_its_sign() {
        let heatmap = Heatmap::new("", [[1.0, -2.0], [4.0, 0.0]]);
        let strengths = [(0, 0), (0, 1), (1, 0), (1, 1)].map(|(row, column)| heatmap.strength(row, column));
        assert_eq!(strengths, [0.25, -0.5, 1.0, 0.0]);
        assert_eq!(heatmap.clone().root().strength(0, 0), 0.5);
        assert_eq!(heatmap.clone().shades([[0.0, 1.0], [0.5, 0.0]]).strength(1, 0), 0.5);
        assert_eq!(count(&heatmap.svg(), "minus"), 1);
    }

    #[test]
    fn what_is_not_finite_or_not_there_is_drawn_without_color() {
        for values in [vec![], vec![vec![]], vec![vec![f64::NAN, f64::INFINITY], vec![1.0]], vec![vec![0.0]]] {
            check(&Heatmap::new("", values).rows("r", ["a"]).columns("c", ["b", "c", "d"]).svg());
        }
        let heatmap = Heatmap::new("", [[f64::NAN, 0.5]]);
        assert_eq!(heatmap.strength(0, 0), 0.0);
        assert!(heatmap.svg().contains(">–<") && heatmap.svg().contains(">0.50<"));
    }

    #[test]
    fn large_matrices_have_no_numbers() {
        let svg = Heatmap::new("", (0..40).map(|row| (0..40).map(move |column| f64::from(row * column)))).svg();
        check(&svg);
        assert_eq!(count(&svg, "cell"), 1600);
        assert_eq!(count(&svg, "middle"), 0);
    }

    #[test]
    fn column_names_that_do_not_fit_rise() {
        let names = |name: &str| Heatmap::new("", [[1.0, 2.0]]).columns("c", [name, "b"]);
        assert!(names("Ankle boot and more").svg().contains("rotate(-45)"));
        assert!(!names("a").svg().contains("rotate(-45)"));
    }
}
