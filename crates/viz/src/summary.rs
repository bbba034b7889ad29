//! A graph in a table: how much is in each scope.

use std::collections::HashMap;
use std::fmt;

use wengert::{Graph, Op};

use crate::label::inline;
use crate::words::{counted, grouped};

/// A graph scope by scope, made by [`summary`]. It displays as a table.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Summary {
    /// The whole first, and each scope before those within it.
    pub rows: Vec<SummaryRow>,
}

/// A scope with all within it.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct SummaryRow {
    /// The names of the scopes, outermost first; none for the whole.
    pub path: Vec<String>,
    /// How many nodes were recorded there.
    pub nodes: usize,
    /// How many of them are leaves: inputs and parameters.
    pub leaves: usize,
    /// The most products of an adjoint and a local derivative that a reverse sweep over the whole graph computes there:
    /// its cost, up to a small factor.
    pub products: usize,
    /// The same as a share of the whole, from 0 to 1.
    pub share: f64,
}

/// The most rows that are displayed.
const MOST_ROWS: usize = 60;

/// How much is in each scope of a graph: nodes, leaves, and its share of the reverse sweep.
///
/// ```
/// use wengert::Graph;
///
/// let g = Graph::new();
/// let x = g.var(0.5);
/// let y = {
///     let _scope = g.scope("inner");
///     (x * x).sin()
/// };
/// let summary = wengert_viz::summary(&g);
/// assert_eq!((summary.rows[0].nodes, summary.rows[1].nodes), (3, 2));
/// assert_eq!(summary.to_string(), "\
/// scope        nodes  leaves  share of the sweep
/// the whole        3       1               100 %
///   inner          2       0               100 %
/// ");
/// # let _ = y;
/// ```
///
/// O(nodes).
pub fn summary(graph: &Graph) -> Summary {
    let mut rows = vec![SummaryRow::new(Vec::new())];
    // For each scope its row, and the scopes directly within it, in the order of the tape.
    let mut by_path: HashMap<Vec<String>, usize> = HashMap::from([(Vec::new(), 0)]);
    let mut within: Vec<Vec<usize>> = vec![Vec::new()];
    for node in graph.nodes() {
        let path = graph.scope_of(node.id);
        let products = match node.wants_gradient {
            true => node.operands.len(),
            false => 0,
        };
        let mut parent = 0;
        for depth in 0..=path.len() {
            let row = match by_path.get(&path[..depth]) {
                Some(&row) => row,
                None => {
                    rows.push(SummaryRow::new(path[..depth].to_vec()));
                    within.push(Vec::new());
                    within[parent].push(rows.len() - 1);
                    by_path.insert(path[..depth].to_vec(), rows.len() - 1);
                    rows.len() - 1
                }
            };
            rows[row].nodes += 1;
            rows[row].leaves += usize::from(node.op == Op::Leaf);
            rows[row].products += products;
            parent = row;
        }
    }
    let whole = rows[0].products.max(1) as f64;
    for row in &mut rows {
        row.share = row.products as f64 / whole;
    }
    // The scopes within a scope come right after it, even if it was opened again later.
    let mut ordered = Vec::with_capacity(rows.len());
    let mut next = vec![0];
    while let Some(row) = next.pop() {
        ordered.push(rows[row].clone());
        next.extend(within[row].iter().rev());
    }
    Summary { rows: ordered }
}

impl SummaryRow {
    fn new(path: Vec<String>) -> SummaryRow {
        SummaryRow { path, nodes: 0, leaves: 0, products: 0, share: 0.0 }
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = |row: &SummaryRow| match row.path.last() {
            Some(name) => format!("{}{}", "  ".repeat(row.path.len()), inline(name)),
            None => "the whole".to_owned(),
        };
        // As many levels as there is room for.
        let depth = |row: &SummaryRow| row.path.len();
        let deepest = (0..=self.rows.iter().map(depth).max().unwrap_or(0))
            .rev()
            .find(|&most| self.rows.iter().filter(|row| depth(row) <= most).count() <= MOST_ROWS)
            .unwrap_or(1);
        let shown: Vec<&SummaryRow> = self.rows.iter().filter(|row| depth(row) <= deepest).take(MOST_ROWS).collect();
        let wide = shown.iter().map(|row| name(row).chars().count()).max().unwrap_or(0).max(10);
        writeln!(f, "{:<wide$}  {:>6}  {:>6}  share of the sweep", "scope", "nodes", "leaves")?;
        for row in &shown {
            let share = format!("{:.0} %", 100.0 * row.share);
            writeln!(f, "{:<wide$}  {:>6}  {:>6}  {share:>18}", name(row), grouped(row.nodes), grouped(row.leaves))?;
        }
        match self.rows.len() - shown.len() {
            0 => Ok(()),
            more => writeln!(f, "… {} within these", counted(more, "more scope")),
        }
    }
}
