//! Self-contained HTML pages: one file that opens from the disk, without a network, on a phone or a wide screen, in
//! the reader's light or dark scheme.

mod table;

use maud::{DOCTYPE, Markup, PreEscaped, html};

pub use table::{Cell, Table};

use mlp_plot::Picture;

use crate::finding::Verdict;

/// Nothing may be loaded from anywhere: styles and images are in the file.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src data:";
const STYLE: &str = include_str!("page/style.css");
/// Pages of fewer sections need no list of them.
const LISTED: usize = 3;

/// A page of sections. All text is escaped.
///
/// # Examples
///
/// ```
/// use mlp_lab::page::{Page, Section, Table};
///
/// let mut section = Section::new("Figures");
/// section.paragraph("Loss < 1.").table(&Table::new(["epoch", "loss"]).row(["1", "0.81"]));
/// let html = Page::new("A run").section(section).html();
/// assert!(html.starts_with("<!DOCTYPE html>") && html.contains("Loss &lt; 1."));
/// ```
#[derive(Clone, Debug)]
pub struct Page {
    title: String,
    lead: String,
    sections: Vec<Section>,
}

/// A part of a [`Page`], under its own heading.
#[derive(Clone, Debug)]
pub struct Section {
    title: String,
    body: Markup,
}

impl Page {
    /// A page without content.
    pub fn new(title: impl Into<String>) -> Self {
        Self { title: title.into(), lead: String::new(), sections: Vec::new() }
    }

    /// What the page is about, below its title.
    #[must_use]
    pub fn lead(mut self, text: impl Into<String>) -> Self {
        self.lead = text.into();
        self
    }

    /// Adds a section behind the others.
    #[must_use]
    pub fn section(mut self, section: Section) -> Self {
        self.sections.push(section);
        self
    }

    /// The page as a file.
    pub fn html(&self) -> String {
        let numbered = || (1..).zip(&self.sections);
        let page = html! {
            (DOCTYPE)
            html lang="en" {
                head {
                    meta charset="utf-8";
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    meta name="color-scheme" content="light dark";
                    meta http-equiv="Content-Security-Policy" content=(POLICY);
                    title { (self.title) }
                    style { (PreEscaped(STYLE)) }
                }
                body {
                    header {
                        h1 { (self.title) }
                        @if !self.lead.is_empty() { p { (self.lead) } }
                    }
                    @if self.sections.len() >= LISTED {
                        nav aria-label="Sections" { ul {
                            @for (number, section) in numbered() {
                                li { a href={ "#section-" (number) } { (section.title) } }
                            }
                        } }
                    }
                    main {
                        @for (number, section) in numbered() {
                            section id={ "section-" (number) } { h2 { (section.title) } (section.body) }
                        }
                    }
                }
            }
        };
        page.into_string()
    }
}

impl Section {
    /// A section without content.
    pub fn new(title: impl Into<String>) -> Self {
        Self { title: title.into(), body: Markup::default() }
    }

    /// Adds a paragraph.
    pub fn paragraph(&mut self, text: impl AsRef<str>) -> &mut Self {
        self.push(html! { p { (text.as_ref()) } })
    }

    /// Adds a heading below the section's own.
    pub fn heading(&mut self, text: impl AsRef<str>) -> &mut Self {
        self.push(html! { h3 { (text.as_ref()) } })
    }

    /// Adds a list; nothing for no items.
    pub fn list<S: AsRef<str>>(&mut self, items: impl IntoIterator<Item = S>) -> &mut Self {
        let items = html! { @for item in items { li { (item.as_ref()) } } };
        self.push(html! { @if !items.0.is_empty() { ul { (items) } } })
    }

    /// Adds a table.
    pub fn table(&mut self, table: &Table) -> &mut Self {
        self.push(PreEscaped(table.html()))
    }

    /// Adds a picture with a caption; `file` is the same picture on its own, beside the page.
    pub fn picture(&mut self, picture: &dyn Picture, caption: &str, file: Option<&str>) -> &mut Self {
        self.push(figure(picture, caption, file))
    }

    /// Adds pictures side by side where the screen is wide enough: each with its caption and its file.
    pub fn pictures(&mut self, pictures: &[(&dyn Picture, &str, Option<&str>)]) -> &mut Self {
        self.push(html! {
            div.pictures { @for &(picture, caption, file) in pictures { (figure(picture, caption, file)) } }
        })
    }

    /// Adds a note that must not be overlooked.
    pub fn warning(&mut self, text: impl AsRef<str>) -> &mut Self {
        self.push(html! { p.warning { strong { "Note:" } " " (text.as_ref()) } })
    }

    /// Adds a link to a file beside the page.
    pub fn link(&mut self, file: &str, text: &str) -> &mut Self {
        self.push(html! { p { (link(file, text)) } })
    }

    fn push(&mut self, part: Markup) -> &mut Self {
        self.body.0.push_str(&part.0);
        self
    }
}

fn figure(picture: &dyn Picture, caption: &str, file: Option<&str>) -> Markup {
    let drawing = picture.draw();
    // On a narrow screen a picture shrinks to this part of its size, so that its letters can still be read, and then
    // scrolls.
    let least = (0.65 * drawing.width()).ceil();
    html! {
        figure {
            div.scroll { div style={ "min-width:" (least) "px" } { (PreEscaped(drawing.document())) } }
            figcaption { (caption) @if let Some(file) = file { " " (link(file, file)) } }
        }
    }
}

fn link(file: &str, text: &str) -> Markup {
    html! { a href=(file) { (text) } }
}

/// A badge for a verdict, or for a check.
fn badge(verdict: Verdict, check: bool) -> Markup {
    let (class, text) = match (verdict, check) {
        (Verdict::Supported, true) => ("holds", "holds"),
        (_, true) => ("fails", "fails"),
        (Verdict::Supported, false) => ("holds", verdict.name()),
        (Verdict::Refuted, false) => ("fails", verdict.name()),
        (Verdict::Undecided, false) => ("undecided", verdict.name()),
    };
    html! { span class={ "badge " (class) } { (text) } }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mlp_plot::Chart;

    #[test]
    fn no_text_becomes_markup() {
        let bad = "<script>alert(\"&\")</script>";
        let mut section = Section::new(bad);
        section.paragraph(bad).heading(bad).list([bad]).warning(bad).link(bad, bad);
        section.table(&Table::new([bad, bad]).caption(bad).row([bad, bad]).row([Cell::link(bad, bad)]));
        section.picture(&Chart::new(bad), bad, Some(bad)).pictures(&[(&Chart::new(bad), bad, None)]);
        let html = Page::new(bad).lead(bad).section(section.clone()).section(section.clone()).section(section).html();
        assert!(!html.contains("<script") && !html.contains("alert(\"&\")"));
    }

    #[test]
    fn nothing_is_loaded_from_anywhere() {
        let mut section = Section::new("pictures");
        section.picture(&Chart::new("chart").line("train", [(1.0, 2.0)]), "a chart", Some("chart.svg"));
        let html = Page::new("page").section(section).html().replace("http://www.w3.org/2000/svg", "");
        for address in ["http:", "https:", "//", "@import", "url(", "<script", "<link", "<iframe"] {
            assert!(!html.contains(address), "{address}");
        }
        assert!(html.contains(POLICY) && html.contains("name=\"viewport\""));
    }

    #[test]
    fn headings_are_in_order_and_elements_closed() {
        let mut section = Section::new("one");
        section.heading("part").paragraph("text").list(["a", "b"]).list(Vec::<String>::new());
        section.table(&Table::new(["a"]).row([Cell::verdict(Verdict::Refuted, false)]));
        let page = Page::new("page").section(section.clone()).section(Section::new("two")).section(section);
        let html = page.html();
        for element in ["html", "head", "body", "main", "nav", "section", "h1", "h2", "h3", "ul", "table", "div"] {
            let opened = html.matches(&format!("<{element}>")).count() + html.matches(&format!("<{element} ")).count();
            assert_eq!(opened, html.matches(&format!("</{element}>")).count(), "{element}");
        }
        assert_eq!((html.matches("<h1>").count(), html.matches("<h2>").count()), (1, 3));
        for section in 1..=3 {
            assert_eq!(html.matches(&format!("href=\"#section-{section}\"")).count(), 1);
            assert_eq!(html.matches(&format!("id=\"section-{section}\"")).count(), 1);
        }
        assert!(!html.contains("<ul></ul>"), "an empty list");
        assert!(html.contains(">refuted</span>"));
    }

    #[test]
    fn few_sections_are_not_listed() {
        let page = Page::new("page").section(Section::new("one")).section(Section::new("two"));
        assert!(!page.html().contains("<nav"));
    }
}
