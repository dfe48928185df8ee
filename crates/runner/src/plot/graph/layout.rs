//! Where the nodes of a layered graph go (Sugiyama, Tagawa and Toda 1981): lanes for long edges, an order with few
//! crossings by barycenters, then heights.

use std::collections::BTreeSet;

/// Passes over all columns that look for an order, forth and back.
const ORDERS: usize = 12;
/// Passes that settle the heights.
const SETTLING: usize = 60;

/// Places of nodes, and of the bends of edges that span more than one column.
pub(super) struct Layout {
    /// Number of columns that hold something; empty ones are left out.
    pub columns: usize,
    /// Column of each vertex: first the nodes, then the bends.
    pub column: Vec<usize>,
    /// Height of each vertex in rows, 0 at the top.
    pub y: Vec<f64>,
    /// Bends of each edge, from left to right.
    pub lanes: Vec<Vec<usize>>,
}

impl Layout {
    pub fn new(columns: &[usize], edges: &[(usize, usize)]) -> Self {
        let used: Vec<usize> = columns.iter().copied().collect::<BTreeSet<_>>().into_iter().collect();
        let mut column: Vec<usize> =
            columns.iter().map(|column| used.partition_point(|other| other < column)).collect();
        let mut segments = Vec::new();
        let mut lanes = Vec::new();
        for &(from, to) in edges {
            let mut lane = Vec::new();
            let mut last = from;
            for between in column[from] + 1..column[to] {
                column.push(between);
                segments.push((last, column.len() - 1));
                last = column.len() - 1;
                lane.push(last);
            }
            if column[from] < column[to] {
                segments.push((last, to));
            }
            lanes.push(lane);
        }
        let mut layers = vec![Vec::new(); used.len()];
        for (vertex, &column) in column.iter().enumerate() {
            layers[column].push(vertex);
        }
        let layers = order(layers, &segments, column.len());
        let y = heights(&layers, &segments, column.len());
        Self { columns: used.len(), column, y, lanes }
    }
}

/// Vertices next to each, to the left and to the right.
fn neighbors(segments: &[(usize, usize)], vertices: usize) -> [Vec<Vec<usize>>; 2] {
    let mut neighbors = [vec![Vec::new(); vertices], vec![Vec::new(); vertices]];
    for &(from, to) in segments {
        neighbors[0][to].push(from);
        neighbors[1][from].push(to);
    }
    neighbors
}

/// Places in the column, around its middle.
fn centered(layers: &[Vec<usize>], vertices: usize) -> Vec<f64> {
    let mut y = vec![0.0; vertices];
    for layer in layers {
        for (index, &vertex) in layer.iter().enumerate() {
            y[vertex] = index as f64 - 0.5 * (layer.len() as f64 - 1.0);
        }
    }
    y
}

fn mean(neighbors: &[usize], y: &[f64]) -> Option<f64> {
    let sum: f64 = neighbors.iter().map(|&neighbor| y[neighbor]).sum();
    (!neighbors.is_empty()).then(|| sum / neighbors.len() as f64)
}

/// The best of several orders, each sorted by the means of the neighbors in the column before.
fn order(mut layers: Vec<Vec<usize>>, segments: &[(usize, usize)], vertices: usize) -> Vec<Vec<usize>> {
    let sides = neighbors(segments, vertices);
    let mut best = (crossings(&layers, segments, vertices), layers.clone());
    for sweep in 0..ORDERS {
        let side = &sides[sweep % 2];
        let mut indices: Vec<usize> = (0..layers.len()).collect();
        if sweep % 2 == 1 {
            indices.reverse();
        }
        for index in indices {
            let y = centered(&layers, vertices);
            let key = |vertex: usize| mean(&side[vertex], &y).unwrap_or(y[vertex]);
            layers[index].sort_by(|&a, &b| key(a).total_cmp(&key(b)));
        }
        let found = crossings(&layers, segments, vertices);
        if found < best.0 {
            best = (found, layers.clone());
        }
    }
    best.1
}

/// Pairs of segments between the same columns that cross.
fn crossings(layers: &[Vec<usize>], segments: &[(usize, usize)], vertices: usize) -> usize {
    let mut place = vec![(0, 0); vertices];
    for (column, layer) in layers.iter().enumerate() {
        for (row, &vertex) in layer.iter().enumerate() {
            place[vertex] = (column, row);
        }
    }
    let cross = |&(a, b): &(usize, usize), &(c, d): &(usize, usize)| {
        let ((column, a), (other, c)) = (place[a], place[c]);
        let (b, d) = (place[b].1, place[d].1);
        column == other && ((a < c && b > d) || (a > c && b < d))
    };
    let pairs = segments.iter().enumerate();
    pairs.map(|(index, one)| segments[index + 1..].iter().filter(|other| cross(one, other)).count()).sum()
}

/// Heights near the means of the neighbors, at least one row apart.
fn heights(layers: &[Vec<usize>], segments: &[(usize, usize)], vertices: usize) -> Vec<f64> {
    let [left, right] = neighbors(segments, vertices);
    let mut y = centered(layers, vertices);
    for sweep in 0..SETTLING {
        let mut indices: Vec<usize> = (0..layers.len()).collect();
        if sweep % 2 == 1 {
            indices.reverse();
        }
        for layer in indices.into_iter().map(|index| &layers[index]) {
            let all = |vertex: usize| [&left[vertex][..], &right[vertex][..]].concat();
            let wish: Vec<f64> = layer.iter().map(|&vertex| mean(&all(vertex), &y).unwrap_or(y[vertex])).collect();
            // Pushed apart downwards and upwards: the mean of both keeps the distance.
            let (mut down, mut up) = (wish.clone(), wish);
            for index in 1..layer.len() {
                down[index] = down[index].max(down[index - 1] + 1.0);
            }
            for index in (1..layer.len()).rev() {
                up[index - 1] = up[index - 1].min(up[index] - 1.0);
            }
            for (index, &vertex) in layer.iter().enumerate() {
                y[vertex] = 0.5 * (down[index] + up[index]);
            }
        }
    }
    let top = y.iter().copied().fold(f64::INFINITY, f64::min);
    y.into_iter().map(|y| y - top).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbors_in_a_column_keep_their_distance_and_nothing_is_above_the_top() {
        let edges = [(0, 3), (1, 3), (2, 3), (0, 4), (3, 5), (4, 5), (2, 5), (0, 5)];
        let layout = Layout::new(&[0, 0, 0, 1, 1, 2], &edges);
        for a in 0..layout.y.len() {
            for b in 0..a {
                let same = layout.column[a] == layout.column[b];
                assert!(!same || (layout.y[a] - layout.y[b]).abs() > 0.999, "{a} {b}: {:?}", layout.y);
            }
        }
        assert!(layout.y.iter().all(|&y| y >= 0.0));
    }

    #[test]
    fn an_edge_over_three_columns_bends_in_the_two_between() {
        let layout = Layout::new(&[0, 10, 20, 30], &[(0, 1), (1, 2), (2, 3), (0, 3)]);
        assert_eq!(layout.columns, 4);
        assert_eq!(layout.lanes[3].iter().map(|&bend| layout.column[bend]).collect::<Vec<_>>(), [1, 2]);
        for (bend, node) in layout.lanes[3].iter().zip([1, 2]) {
            assert!((layout.y[*bend] - layout.y[node]).abs() > 0.999, "the lane passes the node");
        }
    }

    #[test]
    fn crossings_that_need_not_be_are_gone() {
        // Two chains given in opposite orders: 0 → 3 and 1 → 2.
        let segments = [(0, 3), (1, 2)];
        let given = vec![vec![0, 1], vec![2, 3]];
        assert_eq!(crossings(&given, &segments, 4), 1);
        assert_eq!(crossings(&order(given, &segments, 4), &segments, 4), 0);
    }
}
