//! Computational graphs.

use crate::Picture;
use crate::svg::{SIZE, Svg};
use crate::text::width;

/// Half the smallest width and height of a node.
const HALF: f64 = 19.0;
/// Distance of the middles of neighboring columns.
const COLUMN: f64 = 86.0;
/// Distance of the middles of neighboring rows.
const ROW: f64 = 64.0;
/// Length of an arrow's head.
const HEAD: f64 = 9.0;

/// A computational graph: squares for variables, circles for operators, arrows for the way of the values.
///
/// The caller gives each node its column and row. Arrows are straight, so the places decide whether one crosses
/// another or runs through a node.
///
/// # Examples
///
/// ```
/// use mlp_plot::{Graph, Picture as _};
///
/// let mut graph = Graph::new("o = W·x");
/// let (x, w) = (graph.variable(0, 0, "x"), graph.variable(0, 1, "W"));
/// let times = graph.operator(1, 0, "×");
/// let o = graph.variable(2, 0, "o");
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
}

/// A node of a [`Graph`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Node(usize);

#[derive(Clone, Debug)]
struct Vertex {
    label: String,
    operator: bool,
    /// Its middle, seen from the middle of column 0 and row 0.
    middle: [f64; 2],
    /// Half of its width and height.
    half: [f64; 2],
}

impl Vertex {
    /// Distance from the middle to the border in the direction of a unit vector.
    fn border(&self, [x, y]: [f64; 2]) -> f64 {
        let [width, height] = self.half;
        if self.operator { width } else { (width / x.abs()).min(height / y.abs()) }
    }
}

impl Graph {
    /// A graph without nodes.
    pub fn new(title: impl Into<String>) -> Self {
        Self { title: title.into(), nodes: Vec::new(), edges: Vec::new() }
    }

    /// Adds a variable: a square in a column, counted from the left, and a row, counted from the top.
    pub fn variable(&mut self, column: u32, row: u32, label: impl Into<String>) -> Node {
        self.node([column, row], label.into(), false)
    }

    /// Adds an operator: a circle in a column, counted from the left, and a row, counted from the top.
    pub fn operator(&mut self, column: u32, row: u32, label: impl Into<String>) -> Node {
        self.node([column, row], label.into(), true)
    }

    fn node(&mut self, [column, row]: [u32; 2], label: String, operator: bool) -> Node {
        let margin = if operator { 6.0 } else { 9.0 };
        let half = HALF.max(0.5 * width(&label, SIZE) + margin);
        let middle = [COLUMN * f64::from(column), ROW * f64::from(row)];
        self.nodes.push(Vertex { label, operator, middle, half: [half, if operator { half } else { HALF }] });
        Node(self.nodes.len() - 1)
    }

    /// Adds an arrow.
    ///
    /// # Panics
    ///
    /// If a node is not of this graph, or both are in the same place.
    pub fn edge(&mut self, from: Node, to: Node) {
        let known = self.nodes.len();
        assert!(from.0 < known && to.0 < known, "expected nodes of this graph, which has {known}");
        assert!(self.nodes[from.0].middle != self.nodes[to.0].middle, "expected nodes in two places");
        self.edges.push((from.0, to.0));
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
        // How far the nodes reach from the middle of column 0 and row 0.
        let reach = |axis: usize, sign: f64| {
            self.nodes.iter().map(|node| sign * node.middle[axis] + node.half[axis]).fold(0.0, f64::max)
        };
        let title_room = width(&self.title, 1.2 * SIZE) + 24.0;
        let size = (reach(0, -1.0) + reach(0, 1.0) + 28.0).max(title_room.min(600.0)).max(200.0);
        let mut svg = Svg::new(size, 0.0, &self.title, &self.description());
        let origin = [14.0 + reach(0, -1.0), svg.heading() + 12.0 + reach(1, -1.0)];
        let place = |node: &Vertex| [origin[0] + node.middle[0], origin[1] + node.middle[1]];

        for &(from, to) in &self.edges {
            let (from, to) = (&self.nodes[from], &self.nodes[to]);
            let ([x, y], [end_x, end_y]) = (place(from), place(to));
            let length = (end_x - x).hypot(end_y - y);
            let way = [(end_x - x) / length, (end_y - y) / length];
            // A point by how far it is along the way, and how far beside it.
            let at =
                |along: f64, beside: f64| [x + along * way[0] - beside * way[1], y + along * way[1] + beside * way[0]];
            let tip = length - to.border(way);
            // The line ends inside the head: it is wider than the head's tip.
            svg.line("edge", at(from.border(way), 0.0), at(tip - HEAD + 1.0, 0.0));
            svg.polyline("head", &[at(tip, 0.0), at(tip - HEAD, 0.45 * HEAD), at(tip - HEAD, -0.45 * HEAD)]);
        }
        for node in &self.nodes {
            let ([x, y], [width, height]) = (place(node), node.half);
            if node.operator {
                svg.circle("node", [x, y], width);
            } else {
                svg.rect("node", [x - width, y - height], [2.0 * width, 2.0 * height]);
            }
            svg.text("middle", [x, y + 5.0], &node.label);
        }
        svg.set_height(origin[1] + reach(1, 1.0) + 16.0);
        svg
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::xml::{check, count};

    #[test]
    fn squares_are_variables_circles_operators_and_every_edge_has_its_arrow() {
        let mut graph = Graph::new("f < g");
        let x = graph.variable(0, 0, "x");
        let times = graph.operator(1, 0, "×");
        let h = graph.variable(2, 1, "h");
        let plus = graph.operator(7, 0, "+");
        for (from, to) in [(x, times), (times, h), (h, plus), (plus, h)] {
            graph.edge(from, to);
        }
        let svg = graph.svg();
        check(&svg);
        assert_eq!((svg.matches("<rect").count(), svg.matches("<circle").count()), (2, 2));
        assert_eq!((count(&svg, "edge"), count(&svg, "head")), (4, 4));
    }

    /// The numbers of every element that begins with `start`.
    fn numbers(svg: &str, start: &str) -> Vec<Vec<f64>> {
        let words = |line: &str| line.split(['"', ' ', 'M', 'L']).filter_map(|word| word.parse().ok()).collect();
        svg.lines().filter(|line| line.starts_with(start)).map(words).collect()
    }

    #[test]
    fn nodes_of_any_size_are_inside_the_picture() {
        let mut graph = Graph::new("");
        for (column, row) in [(0, 0), (0, 4), (3, 1)] {
            graph.operator(column, row, "a long operator");
            graph.variable(column + 1, row, "a long variable");
        }
        let (picture, svg) = (graph.draw(), graph.svg());
        let inside = |[x, y]: [f64; 2], [width, height]: [f64; 2]| {
            x > 0.0 && y > 0.0 && x + width < picture.width() && y + height < picture.height()
        };
        for square in numbers(&svg, "<rect") {
            assert!(inside([square[0], square[1]], [square[2], square[3]]), "{square:?}");
        }
        for circle in numbers(&svg, "<circle") {
            let [x, y, radius] = circle[..] else { panic!("{circle:?}") };
            assert!(inside([x - radius, y - radius], [2.0 * radius; 2]), "{circle:?}");
        }
    }

    #[test]
    fn arrows_lead_from_border_to_border() {
        let mut graph = Graph::new("");
        let (wide, times, x) = (graph.variable(0, 0, "wide"), graph.operator(1, 0, "×"), graph.variable(0, 1, "x"));
        for (from, to) in [(wide, times), (x, wide), (x, times)] {
            graph.edge(from, to);
        }
        let svg = graph.svg();
        let (squares, circle) = (numbers(&svg, "<rect"), &numbers(&svg, "<circle")[0]);
        let (lines, heads) = (numbers(&svg, "<line"), numbers(&svg, "<path class=\"head"));
        assert_eq!((lines[0][0], heads[0][0]), (squares[0][0] + squares[0][2], circle[0] - circle[2]));
        assert_eq!((lines[1][1], heads[1][1]), (squares[1][1], squares[0][1] + squares[0][3]));
        let [x, y] = [heads[2][0] - circle[0], heads[2][1] - circle[1]];
        assert!((x.hypot(y) - circle[2]).abs() < 0.02 && x < 0.0 && y > 0.0, "from the lower left: {x} {y}");
    }

    #[test]
    fn no_nodes_make_an_empty_picture() {
        check(&Graph::new("").svg());
    }

    #[test]
    #[should_panic(expected = "expected nodes of this graph")]
    fn a_node_of_another_graph_is_refused() {
        let mut other = Graph::new("");
        let node = other.variable(0, 0, "x");
        Graph::new("").edge(node, node);
    }

    #[test]
    #[should_panic(expected = "expected nodes in two places")]
    fn an_arrow_without_length_is_refused() {
        let mut graph = Graph::new("");
        let node = graph.variable(0, 0, "x");
        graph.edge(node, node);
    }
}
