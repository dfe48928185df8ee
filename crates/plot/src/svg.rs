//! Writing SVG.

use std::fmt::Write as _;

use crate::text::{escape, width, wrap};

/// Font size of ordinary text, in pixels; must match the style sheet.
pub(super) const SIZE: f64 = 14.0;
/// Font size of the title.
pub(super) const TITLE_SIZE: f64 = 16.0;
/// Font size of notes and captions.
pub(super) const SMALL_SIZE: f64 = 12.0;
/// Number of colors; they repeat after that.
pub(super) const COLORS: usize = 6;

/// The style sheet. Colors are set through `currentColor`, first for the light scheme. All selectors are below `.plot`,
/// since in an HTML page the sheet applies to the whole page.
const STYLE: &str = "\
.plot{font-family:sans-serif;font-size:14px}\
.plot text{fill:#1f2328}.plot .title{font-size:16px;font-weight:bold}.plot .small{font-size:12px}\
.plot .bold{font-weight:bold}.plot .muted{fill:#57606a}.plot .middle{text-anchor:middle}.plot .end{text-anchor:end}\
.plot .grid{stroke:#d8dee4;stroke-width:1}.plot .axis{stroke:#57606a;stroke-width:1;fill:none}\
.plot .node{stroke:#1f2328;stroke-width:1.5;fill:none}.plot .edge{stroke:#57606a;stroke-width:1.5;fill:none}\
.plot .head{fill:#57606a}\
.plot .line{fill:none;stroke:currentColor;stroke-width:2;stroke-linejoin:round}\
.plot .guide{fill:none;stroke:#57606a;stroke-width:1.5;stroke-dasharray:3 4}\
.plot .mark{fill:currentColor;stroke:currentColor;stroke-width:1}\
.plot .open{fill:none;stroke:currentColor;stroke-width:2}\
.plot .band{fill:currentColor;fill-opacity:.18}.plot .whisker{fill:none;stroke:#1f2328;stroke-width:1.5}\
.plot .column{fill:currentColor;fill-opacity:.45;stroke:currentColor;stroke-width:1}\
.plot .bar{fill:currentColor;stroke:currentColor;stroke-width:1}\
.plot .f1{fill-opacity:.5}.plot .f2{fill-opacity:.15}\
.plot .d1{stroke-dasharray:8 4}.plot .d2{stroke-dasharray:2 3}.plot .d3{stroke-dasharray:9 3 2 3}\
.plot .d4{stroke-dasharray:14 4}.plot .d5{stroke-dasharray:5 2 1 2 1 2}\
.plot .cell{fill:#1f6fb2}.plot .minus{fill:#b45309}.plot text.over{fill:#ffffff}\
.plot .right{fill:none;stroke:#57606a;stroke-width:1}\
.plot .wrong{fill:none;stroke:#b3261e;stroke-width:3;stroke-dasharray:7 4}\
.plot .cross{fill:none;stroke:#b3261e;stroke-width:2.5}.plot .check{fill:none;stroke:#57606a;stroke-width:2}\
.plot image{image-rendering:pixelated}\
.plot .s0{color:#0b62a8}.plot .s1{color:#c2410c}.plot .s2{color:#00795a}\
.plot .s3{color:#8a3fa0}.plot .s4{color:#8a6100}.plot .s5{color:#4b5563}\
@media (prefers-color-scheme:dark){\
.plot text{fill:#e6edf3}.plot .muted{fill:#9da7b3}\
.plot .grid{stroke:#30363d}.plot .axis,.plot .edge,.plot .guide,.plot .right,.plot .check{stroke:#9da7b3}\
.plot .node,.plot .whisker{stroke:#e6edf3}.plot .head{fill:#9da7b3}\
.plot .wrong,.plot .cross{stroke:#ff8a80}\
.plot .s0{color:#6cb6f5}.plot .s1{color:#ff9b66}.plot .s2{color:#3fd1a5}\
.plot .s3{color:#d59be8}.plot .s4{color:#e6c14b}.plot .s5{color:#b6bec9}}";

/// A drawing with its size, in pixels with the origin at the top left.
#[derive(Clone, Debug)]
pub struct Svg {
    width: f64,
    height: f64,
    title: String,
    description: String,
    body: String,
}

impl Svg {
    /// An empty drawing. `title` and `description` are read out by screen readers.
    pub(super) fn new(width: f64, height: f64, title: &str, description: &str) -> Self {
        Self { width, height, title: title.into(), description: description.into(), body: String::new() }
    }

    /// Width in pixels.
    pub fn width(&self) -> f64 {
        self.width
    }

    /// Height in pixels.
    pub fn height(&self) -> f64 {
        self.height
    }

    /// Sets the height in pixels.
    pub(super) fn set_height(&mut self, height: f64) {
        self.height = height;
    }

    /// The drawing as a complete SVG document.
    pub fn document(&self) -> String {
        let (width, height) = (number(self.width), number(self.height));
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"plot\" role=\"img\" width=\"{width}\" \
             height=\"{height}\" viewBox=\"0 0 {width} {height}\">\n<title>{}</title>\n<desc>{}</desc>\n\
             <style>{STYLE}</style>\n{}</svg>\n",
            escape(&self.title),
            escape(&self.description),
            self.body
        )
    }

    pub(super) fn title(&self) -> &str {
        &self.title
    }

    pub(super) fn line(&mut self, class: &str, [x1, y1]: [f64; 2], [x2, y2]: [f64; 2]) {
        self.element("line", class, &[("x1", x1), ("y1", y1), ("x2", x2), ("y2", y2)]);
    }

    pub(super) fn rect(&mut self, class: &str, [x, y]: [f64; 2], [width, height]: [f64; 2]) {
        self.element("rect", class, &[("x", x), ("y", y), ("width", width), ("height", height)]);
    }

    /// A rectangle with its own opacity.
    pub(super) fn shade(&mut self, class: &str, [x, y]: [f64; 2], [width, height]: [f64; 2], opacity: f64) {
        let attributes = [("x", x), ("y", y), ("width", width), ("height", height), ("fill-opacity", opacity)];
        self.element("rect", class, &attributes);
    }

    pub(super) fn circle(&mut self, class: &str, [x, y]: [f64; 2], radius: f64) {
        self.element("circle", class, &[("cx", x), ("cy", y), ("r", radius)]);
    }

    /// A polyline through `points`.
    pub(super) fn polyline(&mut self, class: &str, points: &[[f64; 2]]) {
        let path: Vec<String> = points.iter().map(|&[x, y]| format!("{} {}", number(x), number(y))).collect();
        self.path(class, &format!("M{}", path.join("L")));
    }

    /// A path. Its coordinates must be formatted with [`number`].
    pub(super) fn path(&mut self, class: &str, path: &str) {
        let _ = writeln!(self.body, "<path class=\"{class}\" d=\"{path}\"/>");
    }

    pub(super) fn text(&mut self, class: &str, [x, y]: [f64; 2], text: &str) {
        let (x, y) = (number(x), number(y));
        let _ = writeln!(self.body, "<text class=\"{class}\" x=\"{x}\" y=\"{y}\">{}</text>", escape(text));
    }

    /// Text rotated around its anchor.
    pub(super) fn turned_text(&mut self, class: &str, [x, y]: [f64; 2], degrees: f64, text: &str) {
        let (x, y, degrees) = (number(x), number(y), number(degrees));
        let text = escape(text);
        let _ = writeln!(
            self.body,
            "<text class=\"{class}\" transform=\"translate({x} {y}) rotate({degrees})\">{text}</text>"
        );
    }

    /// An image given by a URI, which must not contain quotes.
    pub(super) fn image(&mut self, [x, y]: [f64; 2], [width, height]: [f64; 2], uri: &str) {
        let [x, y, width, height] = [x, y, width, height].map(number);
        let _ =
            writeln!(self.body, "<image x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" href=\"{uri}\"/>");
    }

    /// Draws the title at the top, and returns the `y` of its lower end.
    pub(super) fn heading(&mut self) -> f64 {
        let lines = wrap(&self.title, self.width - 24.0, TITLE_SIZE * 1.06);
        for (index, line) in lines.iter().enumerate() {
            self.text("title", [12.0, 24.0 + 20.0 * index as f64], line);
        }
        if lines.is_empty() { 8.0 } else { 12.0 + 20.0 * lines.len() as f64 }
    }

    /// Nests another drawing in this one.
    pub(super) fn nest(&mut self, [x, y]: [f64; 2], part: &Self) {
        let [x, y, width, height] = [x, y, part.width, part.height].map(number);
        let (title, body) = (escape(&part.title), &part.body);
        let _ = write!(
            self.body,
            "<svg x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\">\n<title>{title}</title>\n{body}</svg>\n"
        );
    }

    /// Draws something clipped to a rectangle.
    pub(super) fn clipped(&mut self, origin: [f64; 2], size: [f64; 2], draw: impl FnOnce(&mut Self)) {
        let ([x, y], [width, height]) = (origin.map(number), size.map(number));
        // A nested `svg` element clips its content. A clip path would need an id that is unique in the whole page.
        let _ = writeln!(
            self.body,
            "<svg x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" viewBox=\"{x} {y} {width} {height}\">"
        );
        draw(self);
        self.body.push_str("</svg>\n");
    }

    fn element(&mut self, name: &str, class: &str, attributes: &[(&str, f64)]) {
        let _ = write!(self.body, "<{name} class=\"{class}\"");
        for &(attribute, value) in attributes {
            let _ = write!(self.body, " {attribute}=\"{}\"", number(value));
        }
        self.body.push_str("/>\n");
    }
}

/// A coordinate, rounded to a hundredth of a pixel.
///
/// Callers leave out values that are not finite. If one gets here it becomes 0, since a document with `NaN` in it would
/// not be drawn at all.
pub(super) fn number(value: f64) -> String {
    let rounded = (value * 100.0).round() / 100.0;
    // Adding 0 turns -0 into 0.
    if rounded.is_finite() { (rounded + 0.0).to_string() } else { "0".into() }
}

/// Draws lines of small text below a drawing, from `y` downwards.
pub(super) fn notes(svg: &mut Svg, lines: &[String], y: f64) {
    for (index, line) in lines.iter().enumerate() {
        svg.text("small muted", [12.0, y + 16.0 * index as f64], line);
    }
}

/// Width of the widest of `texts` in pixels; 0 for none.
pub(super) fn widest<'a>(texts: impl IntoIterator<Item = &'a str>, size: f64) -> f64 {
    texts.into_iter().map(|text| width(text, size)).fold(0.0, f64::max)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::xml;

    #[test]
    fn numbers_are_short_and_never_break_the_document() {
        let cases = [(1.0, "1"), (0.125, "0.13"), (-0.001, "0"), (1e3, "1000"), (f64::NAN, "0"), (f64::INFINITY, "0")];
        for (value, text) in cases {
            assert_eq!(number(value), text);
        }
    }

    #[test]
    fn a_document_stands_alone() {
        let mut svg = Svg::new(100.0, 50.0, "a <title> & more", "what \"it\" shows");
        svg.text("middle", [1.0, 2.0], "</text><script>");
        let mut outer = Svg::new(200.0, 100.0, "outer", "");
        outer.nest([10.0, 20.0], &svg);
        for document in [svg.document(), outer.document()] {
            let elements = xml::check(&document);
            assert!(!elements.contains(&"script".to_owned()));
            assert!(document.contains("viewBox=\"0 0 ") && document.contains("prefers-color-scheme:dark"));
            assert!(document.contains("a &lt;title&gt; &amp; more"));
            assert!(!document.contains("var("), "viewers other than browsers know no CSS variables");
        }
    }

    #[test]
    fn the_style_sheet_is_whole_and_speaks_of_plots_only() {
        let mut depth = 0;
        for character in STYLE.chars() {
            depth += match character {
                '{' => 1,
                '}' => -1,
                _ => 0,
            };
            assert!((0..=2).contains(&depth));
        }
        assert_eq!(depth, 0);
        let rules = STYLE.replace("@media (prefers-color-scheme:dark){", "");
        for selectors in rules.split('}').filter_map(|rule| rule.split_once('{')).map(|(selectors, _)| selectors) {
            assert!(selectors.split(',').all(|selector| selector.starts_with(".plot")), "{selectors}");
        }
    }
}
