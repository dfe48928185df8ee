//! Computational graphs.

mod layout;

use super::Picture;
use super::svg::{SIZE, SMALL_SIZE, Svg, notes, number};
use super::text::{width, wrap};
use layout::Layout;

/// Half the smallest width and height of a node.
const HALF: f64 = 19.0;
/// Vertical distance of neighbors in a column.
const ROW: f64 = 58.0;
/// Room between columns, where edges bend.
const GAP: f64 = 46.0;
/// Length of an arrow's head.
const HEAD: f64 = 9.0;

/// A computational graph from left to right: squares for variables, circles for operators, arrows for the way of the
/// values.
///
/// Columns are given; the order within each is chosen so that few arrows cross, and arrows that span several columns
/// have a lane of their own past the nodes between.
///
/// # Examples
///
/// ```
/// use runner::plot::{Graph, Picture as _};
///
/// let mut graph = Graph::new("o = W·x");
/// let (x, w) = (graph.variable(0, "x"), graph.variable(0, "W"));
/// let times = graph.operator(1, "×");
/// let o = graph.variable(2, "o");
/// for (from, to) in [(x, times), (w, times), (times, o)] {
///     graph.edge(from, to);
/// }
/// assert_eq!(graph.svg().matches("<circle").count(), 1);
/// ```
#[derive(Clone, Debug)]
pub struct Graph {
    title: String,
    nodes: Vec<Vertex>,
    edges: Vec<(usize, usize)>,
    notes: Vec<String>,
}

/// A node of a [`Graph`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Node(usize);

#[derive(Clone, Debug)]
struct Vertex {
    label: String,
    column: usize,
    operator: bool,
}

impl Vertex {
    /// Half of its width; an operator is as high as it is wide.
    fn half(&self) -> f64 {
        let room = if self.operator { 6.0 } else { 9.0 };
        HALF.max(0.5 * width(&self.label, SIZE) + room)
    }
}

impl Graph {
    /// A graph without nodes.
    pub fn new(title: impl Into<String>) -> Self {
        Self { title: title.into(), nodes: Vec::new(), edges: Vec::new(), notes: Vec::new() }
    }

    /// Adds a variable: a square in a column, counted from the left.
    pub fn variable(&mut self, column: usize, label: impl Into<String>) -> Node {
        self.node(Vertex { label: label.into(), column, operator: false })
    }

    /// Adds an operator: a circle in a column, counted from the left.
    pub fn operator(&mut self, column: usize, label: impl Into<String>) -> Node {
        self.node(Vertex { label: label.into(), column, operator: true })
    }

    fn node(&mut self, vertex: Vertex) -> Node {
        self.nodes.push(vertex);
        Node(self.nodes.len() - 1)
    }

    /// Adds an arrow. One that does not lead to a column further right bends below the others.
    ///
    /// # Panics
    ///
    /// If a node is not of this graph.
    pub fn edge(&mut self, from: Node, to: Node) {
        let known = self.nodes.len();
        assert!(from.0 < known && to.0 < known, "expected nodes of this graph, which has {known}");
        self.edges.push((from.0, to.0));
    }

    /// Adds a note below the graph.
    pub fn note(&mut self, note: impl Into<String>) {
        self.notes.push(note.into());
    }

    fn description(&self) -> String {
        let label = |node: usize| &self.nodes[node].label;
        let edges: Vec<String> =
            self.edges.iter().map(|&(from, to)| format!("{} to {}", label(from), label(to))).collect();
        let operators = self.nodes.iter().filter(|node| node.operator).count();
        let variables = self.nodes.len() - operators;
        format!("Graph of {variables} variables and {operators} operators. Arrows: {}.", edges.join(", "))
    }
}

impl Picture for Graph {
    fn draw(&self) -> Svg {
        let columns: Vec<usize> = self.nodes.iter().map(|node| node.column).collect();
        let layout = Layout::new(&columns, &self.edges);
        let halves: Vec<f64> = self.nodes.iter().map(Vertex::half).collect();
        let highest = self.nodes.iter().filter(|node| node.operator).map(Vertex::half).fold(HALF, f64::max);
        let row = ROW.max(2.0 * highest + 16.0);

        // Middles of the columns.
        let mut right = 14.0;
        let mut middles = Vec::new();
        for column in 0..layout.columns {
            let members = (0..self.nodes.len()).filter(|&node| layout.column[node] == column);
            let half = members.map(|node| halves[node]).fold(0.0, f64::max);
            middles.push(right + half);
            right += 2.0 * half + GAP;
        }
        let title_room = width(&self.title, 1.2 * SIZE) + 24.0;
        let size = (right - GAP + 14.0).max(title_room.min(600.0)).max(200.0);
        let mut svg = Svg::new(size, 0.0, &self.title, &self.description());
        let top = svg.heading() + highest + 8.0;
        let place = |vertex: usize| [middles[layout.column[vertex]], top + row * layout.y[vertex]];
        // A lane past the nodes may be the lowest of all.
        let lanes = layout.lanes.iter().flatten().map(|&vertex| place(vertex)[1]);
        let lowest = (0..self.nodes.len()).map(|node| place(node)[1] + highest).chain(lanes).fold(top, f64::max);

        let mut bottom = lowest;
        for (&(from, to), lane) in self.edges.iter().zip(&layout.lanes) {
            if layout.column[from] < layout.column[to] {
                let ([x, y], [end_x, end_y]) = (place(from), place(to));
                let mut points = vec![[x + halves[from], y]];
                points.extend(lane.iter().map(|&vertex| place(vertex)));
                points.push([end_x - halves[to] - HEAD + 1.0, end_y]);
                svg.path("edge", &curve(&points));
                head(&mut svg, [end_x - halves[to], end_y], [-1.0, 0.0]);
            } else {
                let below = |node: usize| if self.nodes[node].operator { halves[node] } else { HALF };
                let (start, tip) = ([place(from)[0] + 6.0, place(from)[1] + below(from)], place(to));
                let tip = [tip[0] - 6.0, tip[1] + below(to)];
                bottom = lowest + 28.0;
                let ([x, y], [end_x, end_y], low) =
                    (start.map(number), [tip[0], tip[1] + HEAD - 1.0].map(number), number(bottom));
                svg.path("edge", &format!("M{x} {y}C{x} {low} {end_x} {low} {end_x} {end_y}"));
                head(&mut svg, tip, [0.0, 1.0]);
            }
        }
        for (node, vertex) in self.nodes.iter().enumerate() {
            let ([x, y], half) = (place(node), halves[node]);
            if vertex.operator {
                svg.circle("node", [x, y], half);
            } else {
                svg.rect("node", [x - half, y - HALF], [2.0 * half, 2.0 * HALF]);
            }
            svg.text("middle", [x, y + 5.0], &vertex.label);
        }
        let lines: Vec<String> = self.notes.iter().flat_map(|note| wrap(note, size - 24.0, SMALL_SIZE)).collect();
        notes(&mut svg, &lines, bottom + 26.0);
        svg.set_height(bottom + 16.0 + 16.0 * lines.len() as f64);
        svg
    }
}

/// A smooth path that is level at every point.
fn curve(points: &[[f64; 2]]) -> String {
    let [x, y] = points[0].map(number);
    let mut path = format!("M{x} {y}");
    for pair in points.windows(2) {
        let ([x, y], [end_x, end_y]) = (pair[0], pair[1]);
        let middle = number(0.5 * (x + end_x));
        let [y, end_x, end_y] = [y, end_x, end_y].map(number);
        path.push_str(&format!("C{middle} {y} {middle} {end_y} {end_x} {end_y}"));
    }
    path
}

/// The head of an arrow whose tip is at `[x, y]`; `back` points where it comes from.
fn head(svg: &mut Svg, [x, y]: [f64; 2], back: [f64; 2]) {
    let corner =
        |side: f64| [x + HEAD * (back[0] - 0.45 * side * back[1]), y + HEAD * (back[1] + 0.45 * side * back[0])];
    svg.polyline("head", &[[x, y], corner(1.0), corner(-1.0)]);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plot::xml::{check, count};

    #[test]
    fn squares_are_variables_circles_operators_and_every_edge_has_its_arrow() {
        let mut graph = Graph::new("f < g");
        let x = graph.variable(0, "x");
        let times = graph.operator(1, "×");
        let h = graph.variable(2, "h");
        let plus = graph.operator(7, "+");
        for (from, to) in [(x, times), (times, h), (h, plus), (x, plus), (plus, x), (h, h)] {
            graph.edge(from, to);
        }
        graph.note("a note");
        let svg = graph.svg();
        check(&svg);
        assert_eq!((svg.matches("<rect").count(), svg.matches("<circle").count()), (2, 2));
        assert_eq!((count(&svg, "edge"), count(&svg, "head")), (6, 6));
    }

    #[test]
    fn arrows_past_many_columns_stay_inside_the_picture() {
        let mut graph = Graph::new("");
        let chain: Vec<Node> = (0..10).map(|column| graph.variable(column, "x")).collect();
        let (below, end) = (graph.variable(0, "w"), graph.operator(9, "+"));
        chain.windows(2).for_each(|pair| graph.edge(pair[0], pair[1]));
        for column in [4, 6] {
            let shorter = graph.variable(column, "w");
            graph.edge(shorter, end);
        }
        graph.edge(below, end);
        let (svg, height) = (graph.svg(), graph.draw().height());
        for path in svg.lines().filter(|line| line.starts_with("<path class=\"edge")) {
            let numbers = path.split(|c: char| !(c.is_ascii_digit() || c == '.')).filter_map(|word| word.parse().ok());
            let ordinates: Vec<f64> = numbers.skip(1).step_by(2).collect();
            assert!(ordinates.iter().all(|&y| y < height), "{path} in a picture of height {height}");
        }
    }

    #[test]
    fn no_nodes_make_an_empty_picture() {
        check(&Graph::new("").svg());
    }

    #[test]
    #[should_panic(expected = "expected nodes of this graph")]
    fn a_node_of_another_graph_is_refused() {
        let mut other = Graph::new("");
        let node = other.variable(0, "x");
        Graph::new("").edge(node, node);
    }
}
