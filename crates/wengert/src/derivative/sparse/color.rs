//! Coloring: grouping columns so that one sweep serves a group.
//!
//! Two columns of a Jacobian may share a color if no row has entries in both ("What color is your
//! Jacobian?", Gebremedhin, Manne and Pothen, 2005). A Hessian is symmetric, so each entry can be read at
//! either of two places. Its columns need a star coloring: neighbors differ, and every path of four columns
//! has at least three colors (Gebremedhin, Tarafdar, Manne and Pothen, 2007).
//!
//! Both algorithms are greedy and cost at most O(colors * entries).

use alloc::vec::Vec;

use crate::derivative::sparse::matrix::Pattern;
use crate::hash::FxHashMap;
use crate::room::{Grow, Refused, Room, collected, filled};

/// A color for every column.
#[derive(Clone, Debug)]
pub(crate) struct Colors {
    pub(crate) of: Vec<u32>,
    pub(crate) count: usize,
}

const NONE: u32 = u32::MAX;

/// The first color that is not marked with `stamp`.
fn first_free(marks: &mut Vec<u32>, stamp: u32) -> Result<u32, Refused> {
    let color = marks.iter().position(|&mark| mark != stamp).unwrap_or(marks.len());
    if color == marks.len() {
        marks.try_push(NONE)?;
    }
    Ok(color as u32)
}

/// The columns, sorted by their number of entries.
fn by_degree(pattern: &Pattern) -> Result<Vec<usize>, Refused> {
    let mut order = collected(0..pattern.cols())?;
    order.sort_unstable_by_key(|&col| (pattern.col(col).len(), col));
    Ok(order)
}

/// The number of entries of the fullest column.
fn fullest(pattern: &Pattern) -> usize {
    (0..pattern.cols()).map(|col| pattern.col(col).len()).max().unwrap_or(0)
}

/// Colors the columns so that no row has entries in two columns of one color. `rows` is the transposed
/// pattern. Tries the columns in order, then the fullest first.
pub(crate) fn columns(pattern: &Pattern, rows: &Pattern) -> Result<Colors, Refused> {
    let natural = collected(0..pattern.cols())?;
    let found = columns_in(pattern, rows, &natural)?;
    // There is no coloring with fewer colors than the fullest row has entries.
    if found.count <= fullest(rows) {
        return Ok(found);
    }
    let mut order = by_degree(pattern)?;
    order.reverse();
    let other = columns_in(pattern, rows, &order)?;
    Ok(if other.count < found.count { other } else { found })
}

fn columns_in(pattern: &Pattern, rows: &Pattern, order: &[usize]) -> Result<Colors, Refused> {
    let mut of = filled(NONE, pattern.cols())?;
    let mut marks = Vec::new();
    for &col in order {
        for &row in pattern.col(col) {
            for &other in rows.col(row) {
                if let Some(mark) = marks.get_mut(of[other] as usize) {
                    *mark = col as u32;
                }
            }
        }
        of[col] = first_free(&mut marks, col as u32)?;
    }
    Ok(Colors { of, count: marks.len() })
}

/// A star coloring of the columns of a symmetric pattern, and where each entry is read.
#[derive(Clone, Debug)]
pub(crate) struct Stars {
    pub(crate) colors: Colors,
    /// For a column and a color: the number of neighbors of the column with that color, and the first one.
    neighbors: FxHashMap<(u32, u32), (u32, u32)>,
}

impl Stars {
    /// Colors the columns with fewest entries first. If that takes many colors, also tries the given order, and then
    /// the fullest columns first.
    pub(crate) fn new(pattern: &Pattern) -> Result<Stars, Refused> {
        let n = pattern.cols();
        if pattern.len() == n * n {
            let colors = Colors { of: collected(0..n as u32)?, count: n };
            return Ok(Stars { colors, neighbors: FxHashMap::default() });
        }
        // The columns of two colors form stars, with fewer edges than columns. So k colors allow at most
        // k - 1 edges per column.
        let least = pattern.len().saturating_sub(n) / (2 * n) + 1;
        let rising = by_degree(pattern)?;
        let natural = collected(0..n)?;
        let falling = collected(rising.iter().rev().copied())?;
        let mut best: Option<Stars> = None;
        for order in [rising, natural, falling] {
            let limit = best.as_ref().map_or(usize::MAX, |stars| stars.colors.count);
            if best.is_some() && limit <= 2 * least {
                break;
            }
            best = Stars::within(pattern, &order, limit)?.or(best);
        }
        Ok(best.unwrap_or_else(|| unreachable!("without a limit there is a coloring")))
    }

    /// A coloring with fewer colors than `limit`, if this order gives one.
    fn within(pattern: &Pattern, order: &[usize], limit: usize) -> Result<Option<Stars>, Refused> {
        let n = pattern.cols();
        let mut of = filled(NONE, n)?;
        let mut neighbors: FxHashMap<(u32, u32), (u32, u32)> = FxHashMap::default();
        // For each column, the colors of its neighbors, and the colors of the hubs that it is a leaf of. A hub has at
        // least two neighbors of one color.
        let mut around: Vec<Vec<u32>> = filled(Vec::new(), n)?;
        let mut hubs: Vec<Vec<u32>> = filled(Vec::new(), n)?;
        let mut marks: Vec<u32> = Vec::new();
        // For each color, the first neighbor of the current column with that color, and whether there are more.
        let mut seen: Vec<(u32, u32, bool)> = Vec::new();
        let mut here: Vec<u32> = Vec::new();
        for &col in order {
            let stamp = col as u32;
            let colored = |of: &[u32], w: usize| w != col && of[w] != NONE;
            here.clear();
            for &w in pattern.col(col).iter().filter(|&&w| colored(&of, w)) {
                let color = of[w] as usize;
                marks[color] = stamp;
                let (by, first, more) = &mut seen[color];
                if *by != stamp {
                    (*by, *first, *more) = (stamp, w as u32, false);
                    here.try_push(color as u32)?;
                    continue;
                }
                // The column is the hub of a star of this color: no leaf of the star may have another
                // neighbor with the column's color.
                if !*more {
                    *more = true;
                    around[*first as usize].iter().for_each(|&c| marks[c as usize] = stamp);
                }
                around[w].iter().for_each(|&c| marks[c as usize] = stamp);
            }
            for &color in &here {
                let (_, first, more) = seen[color as usize];
                if !more {
                    // The column becomes a leaf of its neighbor, unless the neighbor is a leaf already.
                    hubs[first as usize].iter().for_each(|&c| marks[c as usize] = stamp);
                }
            }
            let mine = first_free(&mut marks, stamp)?;
            seen.room(marks.len() - seen.len())?;
            seen.resize(marks.len(), (NONE, 0, false));
            if marks.len() >= limit {
                return Ok(None);
            }
            of[col] = mine;
            for &w in pattern.col(col).iter().filter(|&&w| colored(&of, w)) {
                let color = of[w];
                neighbors.room(2)?;
                let to = neighbors.entry((stamp, color)).or_insert((0, w as u32));
                to.0 += 1;
                if to.0 == 1 {
                    around[col].try_push(color)?;
                }
                let from = neighbors.entry((w as u32, mine)).or_insert((0, stamp));
                from.0 += 1;
                match from.0 {
                    1 => around[w].try_push(mine)?,
                    2 => {
                        hubs[from.1 as usize].try_push(color)?;
                        hubs[col].try_push(color)?;
                    }
                    _ => hubs[col].try_push(color)?,
                }
                if seen[color as usize].2 {
                    hubs[w].try_push(mine)?;
                }
            }
        }
        let colors = Colors { of, count: marks.len() };
        Ok(Some(Stars { colors, neighbors }))
    }

    /// Where the entry at (row, col) is read: the row to read, and the color whose summed columns hold it.
    pub(crate) fn place(&self, row: usize, col: usize) -> (usize, u32) {
        let color = |x: usize| self.colors.of[x];
        let alone = |x: usize, c: u32| self.neighbors.get(&(x as u32, c)).is_none_or(|&(count, _)| count == 1);
        if row == col || alone(row, color(col)) { (row, color(col)) } else { (col, color(row)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A symmetric pattern with diagonal, from edges.
    fn symmetric(n: usize, edges: &[(u32, u32)]) -> Pattern {
        let diagonal = (0..n as u32).map(|v| (v, v));
        let both = edges.iter().flat_map(|&(a, b)| [(a, b), (b, a)]);
        Pattern::of(n, n, &diagonal.chain(both).collect::<Vec<_>>()).unwrap()
    }

    fn random(n: usize, edges: usize, seed: u64) -> Vec<(u32, u32)> {
        let mut state = seed;
        let mut next = || {
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            ((state >> 33) % n as u64) as u32
        };
        (0..edges).map(|_| (next(), next())).filter(|(a, b)| a != b).collect()
    }

    fn assert_star(pattern: &Pattern, colors: &Colors) {
        let c = |x: usize| colors.of[x];
        for b in 0..pattern.cols() {
            for &a in pattern.col(b).iter().filter(|&&a| a != b) {
                assert_ne!(c(a), c(b), "neighbors {a} {b}");
                for &d in pattern.col(b).iter().filter(|&&d| d != b && d != a && c(d) == c(a)) {
                    for &e in pattern.col(d).iter().filter(|&&e| e != d && e != b) {
                        assert_ne!(c(e), c(b), "path {a} {b} {d} {e}");
                    }
                }
            }
        }
    }

    #[test]
    fn random_patterns_get_star_colorings_that_can_be_read() {
        for round in 0..300 {
            let n = 4 + round % 37;
            let pattern = symmetric(n, &random(n, round % 80, round as u64));
            for order in [by_degree(&pattern).unwrap(), (0..n).collect(), (0..n).rev().collect()] {
                let stars = Stars::within(&pattern, &order, usize::MAX).unwrap().unwrap();
                assert_star(&pattern, &stars.colors);
                for (row, col) in pattern.iter() {
                    let (row, color) = stars.place(row, col);
                    let of_color = pattern.col(row).iter().filter(|&&x| stars.colors.of[x] == color);
                    assert_eq!(of_color.count(), 1, "more than one entry in the sum");
                }
            }
        }
    }

    fn colors(pattern: &Pattern) -> usize {
        Stars::new(pattern).unwrap().colors.count
    }

    #[test]
    fn known_patterns_take_few_colors() {
        let star: Vec<(u32, u32)> = (1..1000).map(|k| (0, k)).collect();
        assert_eq!(colors(&symmetric(1000, &star)), 2);
        let two_hubs: Vec<(u32, u32)> = (2..1000).flat_map(|k| [(0, k), (1, k)]).collect();
        assert_eq!(colors(&symmetric(1000, &two_hubs)), 3);
        let path: Vec<(u32, u32)> = (1..1000).map(|k| (k - 1, k)).collect();
        assert_eq!(colors(&symmetric(1000, &path)), 3);
        assert_eq!(colors(&symmetric(1000, &[])), 1);
        assert_eq!(colors(&symmetric(0, &[])), 0);
        let clique: Vec<(u32, u32)> = (0..30).flat_map(|a| (0..a).map(move |b| (a, b))).collect();
        assert_eq!(colors(&symmetric(30, &clique)), 30);
    }

    #[test]
    fn no_row_has_two_entries_in_columns_of_one_color() {
        for round in 0..200 {
            let n = 3 + round % 50;
            let pattern = Pattern::of(n, n, &random(n, 3 * n, round as u64)).unwrap();
            let rows = pattern.transposed();
            let colors = columns(&pattern, &rows).unwrap();
            for row in 0..n {
                let mut here: Vec<u32> = rows.col(row).iter().map(|&col| colors.of[col]).collect();
                here.sort_unstable();
                assert!(here.windows(2).all(|two| two[0] != two[1]));
            }
        }
    }
}
