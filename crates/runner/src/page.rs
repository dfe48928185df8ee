//! Self-contained HTML pages: one file that opens from the disk, without a network, on a phone or a wide screen, in
//! the reader's light or dark scheme.

mod table;

use std::fmt::Write as _;

pub use table::{Cell, Table};

use crate::plot::{Picture, escape};

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
/// use runner::page::{Page, Section, Table};
///
/// let mut section = Section::new("Figures");
/// section.paragraph("Loss < 1.").table(&Table::new(["epoch", "loss"]).row(["1", "0.81"]));
/// section.claim(true, "The loss falls.");
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
    body: String,
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
        let title = escape(&self.title);
        let mut html = format!(
            "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <meta name=\"color-scheme\" content=\"light dark\">\n\
             <meta http-equiv=\"Content-Security-Policy\" content=\"{POLICY}\">\n\
             <title>{title}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<header>\n<h1>{title}</h1>\n"
        );
        if !self.lead.is_empty() {
            let _ = writeln!(html, "<p>{}</p>", escape(&self.lead));
        }
        html.push_str("</header>\n");
        if self.sections.len() >= LISTED {
            html.push_str("<nav aria-label=\"Sections\"><ul>\n");
            for (index, section) in self.sections.iter().enumerate() {
                let _ = writeln!(html, "<li><a href=\"#section-{}\">{}</a></li>", index + 1, escape(&section.title));
            }
            html.push_str("</ul></nav>\n");
        }
        html.push_str("<main>\n");
        for (index, Section { title, body }) in self.sections.iter().enumerate() {
            let _ =
                write!(html, "<section id=\"section-{}\">\n<h2>{}</h2>\n{body}</section>\n", index + 1, escape(title));
        }
        html.push_str("</main>\n</body>\n</html>\n");
        html
    }
}

impl Section {
    /// A section without content.
    pub fn new(title: impl Into<String>) -> Self {
        Self { title: title.into(), body: String::new() }
    }

    /// Adds a paragraph.
    pub fn paragraph(&mut self, text: impl AsRef<str>) -> &mut Self {
        let _ = writeln!(self.body, "<p>{}</p>", escape(text.as_ref()));
        self
    }

    /// Adds a heading below the section's own.
    pub fn heading(&mut self, text: impl AsRef<str>) -> &mut Self {
        let _ = writeln!(self.body, "<h3>{}</h3>", escape(text.as_ref()));
        self
    }

    /// Adds a list; nothing for no items.
    pub fn list<S: AsRef<str>>(&mut self, items: impl IntoIterator<Item = S>) -> &mut Self {
        let items: String = items.into_iter().map(|item| format!("<li>{}</li>\n", escape(item.as_ref()))).collect();
        if !items.is_empty() {
            let _ = write!(self.body, "<ul>\n{items}</ul>\n");
        }
        self
    }

    /// Adds a table.
    pub fn table(&mut self, table: &Table) -> &mut Self {
        self.body.push_str(&table.html());
        self
    }

    /// Adds a picture with a caption; `file` is the same picture on its own, beside the page.
    pub fn picture(&mut self, picture: &dyn Picture, caption: &str, file: Option<&str>) -> &mut Self {
        let figure = figure(picture, caption, file);
        self.body.push_str(&figure);
        self
    }

    /// Adds pictures side by side where the screen is wide enough: each with its caption and its file.
    pub fn pictures(&mut self, pictures: &[(&dyn Picture, &str, Option<&str>)]) -> &mut Self {
        self.body.push_str("<div class=\"pictures\">\n");
        for &(picture, caption, file) in pictures {
            self.body.push_str(&figure(picture, caption, file));
        }
        self.body.push_str("</div>\n");
        self
    }

    /// Adds a claim with a badge that says whether it holds.
    pub fn claim(&mut self, holds: bool, text: impl AsRef<str>) -> &mut Self {
        let _ = writeln!(self.body, "<p>{} {}</p>", badge(holds), escape(text.as_ref()));
        self
    }

    /// Adds a note that must not be overlooked.
    pub fn warning(&mut self, text: impl AsRef<str>) -> &mut Self {
        let _ = writeln!(self.body, "<p class=\"warning\"><strong>Note:</strong> {}</p>", escape(text.as_ref()));
        self
    }

    /// Adds a link to a file beside the page.
    pub fn link(&mut self, file: &str, text: &str) -> &mut Self {
        let _ = writeln!(self.body, "<p>{}</p>", link(file, text));
        self
    }
}

fn figure(picture: &dyn Picture, caption: &str, file: Option<&str>) -> String {
    let file = file.map_or(String::new(), |file| format!(" {}", link(file, file)));
    let caption = escape(caption);
    let drawing = picture.draw();
    // On a narrow screen a picture shrinks to this part of its size, so that its letters can still be read, and then
    // scrolls.
    let least = (0.65 * drawing.width()).ceil();
    format!(
        "<figure>\n<div class=\"scroll\"><div style=\"min-width:{least}px\">\n{}</div></div>\n\
         <figcaption>{caption}{file}</figcaption>\n</figure>\n",
        drawing.document()
    )
}

fn link(file: &str, text: &str) -> String {
    format!("<a href=\"{}\">{}</a>", escape(file), escape(text))
}

fn badge(holds: bool) -> &'static str {
    match holds {
        true => "<span class=\"badge holds\">holds</span>",
        false => "<span class=\"badge fails\">does not hold</span>",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plot::Chart;

    #[test]
    fn no_text_becomes_markup() {
        let bad = "<script>alert(\"&\")</script>";
        let mut section = Section::new(bad);
        section.paragraph(bad).heading(bad).list([bad]).claim(true, bad).warning(bad).link(bad, bad);
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
        section.table(&Table::new(["a"]).row(["1"])).claim(false, "so");
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
        assert!(!html.contains("<ul>\n</ul>"), "an empty list");
        assert!(html.contains(">does not hold</span>"));
    }

    #[test]
    fn few_sections_are_not_listed() {
        let page = Page::new("page").section(Section::new("one")).section(Section::new("two"));
        assert!(!page.html().contains("<nav"));
    }
}
