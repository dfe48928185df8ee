//! Tables of a page.

use maud::{Markup, html};

use super::{badge, link};
use crate::finding::Verdict;

/// Characters that a cell has on one line, however narrow the screen.
const SHORT: usize = 40;

/// A table with a row of headings. It scrolls sideways by itself where the screen is too narrow.
///
/// The first column names the rows. Columns of figures are set flush right.
///
/// # Examples
///
/// ```
/// use mlp_lab::finding::Verdict;
/// use mlp_lab::page::{Cell, Table};
///
/// let table = Table::new(["experiment", "accuracy", "claim"])
///     .row([Cell::from("dropout"), Cell::from("88.1 %"), Cell::verdict(Verdict::Supported, false)]);
/// assert!(table.html().contains("<td class=\"figure\">88.1 %</td>"));
/// ```
#[derive(Clone, Debug)]
pub struct Table {
    caption: String,
    head: Vec<String>,
    rows: Vec<Vec<Cell>>,
}

/// A cell of a [`Table`].
#[derive(Clone, Debug)]
pub struct Cell {
    markup: Markup,
    /// Whether it can stand in a column of figures.
    figure: bool,
    /// Whether it stays on one line.
    short: bool,
}

impl Cell {
    /// A badge that shows the verdict on a claim, or on a check.
    pub fn verdict(verdict: Verdict, check: bool) -> Self {
        Self { markup: badge(verdict, check), figure: false, short: true }
    }

    /// A link to a file beside the page.
    pub fn link(file: impl Into<String>, text: impl Into<String>) -> Self {
        let text = text.into();
        Self { markup: link(&file.into(), &text), figure: false, short: is_short(&text) }
    }
}

impl<S: Into<String>> From<S> for Cell {
    fn from(text: S) -> Self {
        let text = text.into();
        let digits = text.trim_start_matches(['−', '-', '+', '±', '<', '>', '≈', ' ']);
        let figure = text.is_empty() || text == "–" || digits.starts_with(|first: char| first.is_ascii_digit());
        Self { markup: html! { (text) }, figure, short: is_short(&text) }
    }
}

fn is_short(text: &str) -> bool {
    text.chars().count() <= SHORT
}

impl Table {
    /// A table with these headings.
    pub fn new<S: Into<String>>(head: impl IntoIterator<Item = S>) -> Self {
        Self { caption: String::new(), head: head.into_iter().map(Into::into).collect(), rows: Vec::new() }
    }

    /// What the table shows.
    #[must_use]
    pub fn caption(mut self, caption: impl Into<String>) -> Self {
        self.caption = caption.into();
        self
    }

    /// Adds a row; missing cells are empty.
    #[must_use]
    pub fn row<C: Into<Cell>>(mut self, cells: impl IntoIterator<Item = C>) -> Self {
        self.rows.push(cells.into_iter().map(Into::into).collect());
        self
    }

    /// Adds rows.
    #[must_use]
    pub fn rows<C: Into<Cell>, R: IntoIterator<Item = C>>(self, rows: impl IntoIterator<Item = R>) -> Self {
        rows.into_iter().fold(self, Self::row)
    }

    /// The table as HTML.
    pub fn html(&self) -> String {
        let columns = self.rows.iter().map(Vec::len).chain([self.head.len()]).max().unwrap_or(0);
        let class = |column: usize| {
            let mut cells = self.rows.iter().filter_map(|row| row.get(column));
            match (column > 0 && cells.clone().all(|cell| cell.figure), cells.all(|cell| cell.short)) {
                (true, _) => Some("figure"),
                (false, true) => Some("short"),
                (false, false) => None,
            }
        };
        let classes: Vec<Option<&str>> = (0..columns).map(class).collect();
        let table = html! {
            @if !self.caption.is_empty() { caption { (self.caption) } }
            thead {
                tr {
                    @for (column, class) in classes.iter().enumerate() {
                        th scope="col" class=[class] { (self.head.get(column).map_or("", String::as_str)) }
                    }
                }
            }
            tbody {
                @for row in &self.rows {
                    tr {
                        @for (column, class) in classes.iter().enumerate() {
                            @let cell = row.get(column).map(|cell| cell.markup.clone()).unwrap_or_default();
                            @if column == 0 { th scope="row" class=[class] { (cell) } }
                            @else { td class=[class] { (cell) } }
                        }
                    }
                }
            }
        };
        html! { div.scroll { table { (table) } } }.into_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_of_figures_are_flush_right_and_others_are_not() {
        let table =
            Table::new(["class", "recall", "name"]).row(["0", "−0.5", "Bag"]).row(["1", "–", "3 boots and a bag"]);
        let html = table.row(["2", "0.25", "Coat"]).html();
        assert!(html.contains("<th scope=\"col\" class=\"figure\">recall</th>"));
        assert!(
            html.contains("class=\"short\">name</th>") && html.contains("<th scope=\"row\" class=\"short\">0</th>")
        );
        assert_eq!(html.matches("class=\"figure\"").count(), 4);
    }

    #[test]
    fn long_text_may_be_broken_into_lines() {
        let html = Table::new(["a", "b"]).row(["1".to_owned(), "a long sentence ".repeat(4)]).html();
        assert!(html.contains("<td>a long sentence"));
    }

    #[test]
    fn every_row_has_a_cell_in_every_column() {
        let html = Table::new(["a", "b"]).row(["1"]).rows([["1", "2", "3"], ["4", "5", "6"]]).html();
        assert_eq!(html.matches("<th scope=\"col\"").count(), 3);
        assert_eq!(html.matches("<td").count(), 6);
        assert!(Table::new(Vec::<String>::new()).html().contains("<tbody></tbody>"));
    }
}
