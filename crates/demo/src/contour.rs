//! Areas and lines of equal height over a grid of samples, straight between samples (marching
//! squares).

use std::collections::HashMap;

/// A point of the plane.
pub(crate) type Point = (f64, f64);

/// Beyond all heights.
const FAR: f64 = 1e305;

/// Heights at the crossings of a grid.
///
/// An extra row or column lies along each border, so low that every area ends there. So all outlines are closed.
pub(crate) struct Grid {
    xs: Vec<f64>,
    ys: Vec<f64>,
    /// Row by row.
    heights: Vec<f64>,
}

impl Grid {
    /// Samples `height` at `columns + 1` by `rows + 1` crossings of the plane between these ends.
    pub(crate) fn sample(
        x_ends: Point,
        y_ends: Point,
        [columns, rows]: [usize; 2],
        height: impl Fn(f64, f64) -> f64,
    ) -> Grid {
        let [xs, ys] = [(x_ends, columns), (y_ends, rows)].map(|((from, to), n)| {
            let inner = (0..=n).map(|k| from + (to - from) * k as f64 / n as f64);
            [from].into_iter().chain(inner).chain([to]).collect::<Vec<f64>>()
        });
        let border = |k: usize, n: usize| k == 0 || k == n + 2;
        let mut heights = Vec::with_capacity(xs.len() * ys.len());
        for (row, &y) in ys.iter().enumerate() {
            for (column, &x) in xs.iter().enumerate() {
                let height = if border(row, rows) || border(column, columns) { f64::NAN } else { height(x, y) };
                // NaN counts as low, and nothing comes near to overflow.
                heights.push(if height.is_nan() { -FAR } else { height.clamp(-FAR, FAR) });
            }
        }
        Grid { xs, ys, heights }
    }

    /// The area where the height is `level` or more, as one closed line with the area to its left. It reaches other
    /// islands and holes along lines that it also comes back on.
    pub(crate) fn area(&self, level: f64) -> Vec<Point> {
        let mut whole: Vec<Point> = Vec::new();
        for ring in self.rings(level) {
            whole.extend(ring);
            // Back to the start of the first ring, where all rings are joined.
            whole.push(whole[0]);
        }
        whole
    }

    /// The lines on which the height is `level`; none runs along the border.
    pub(crate) fn lines(&self, level: f64) -> Vec<Vec<Point>> {
        let ends = [self.xs[0], self.xs[self.xs.len() - 1], self.ys[0], self.ys[self.ys.len() - 1]];
        let on_border = |(x, y): Point| ends[..2].contains(&x) || ends[2..].contains(&y);
        let mut lines = Vec::new();
        for ring in self.rings(level) {
            let mut line: Vec<Point> = Vec::new();
            for piece in ring.windows(2) {
                if piece.iter().all(|&point| on_border(point)) {
                    lines.push(std::mem::take(&mut line));
                } else if line.is_empty() {
                    line.extend(piece);
                } else {
                    line.push(piece[1]);
                }
            }
            lines.push(line);
        }
        lines.retain(|line| !line.is_empty());
        lines
    }

    /// The outlines of where the height is `level` or more, with the area to the left. The last point is the first.
    fn rings(&self, level: f64) -> Vec<Vec<Point>> {
        // From where an outline enters a cell to where it leaves it. A point is known by the side
        // of a cell it lies on, since points on the border may coincide.
        let mut next: HashMap<Side, Side> = HashMap::new();
        let mut starts = Vec::new();
        for row in 0..self.ys.len() - 1 {
            for column in 0..self.xs.len() - 1 {
                let corners = [(column, row), (column + 1, row), (column + 1, row + 1), (column, row + 1)];
                let above = corners.map(|corner| self.height(corner) >= level);
                let side = |k: usize| {
                    let (one, other) = (corners[k], corners[(k + 1) % 4]);
                    (one.min(other), one.max(other))
                };
                for k in (0..4).filter(|&k| above[k] && !above[(k + 1) % 4]) {
                    // Walking round the cell, the area ends at side k and begins again at side m.
                    let again = (1..4).map(|more| (k + more) % 4).find(|&m| !above[m] && above[(m + 1) % 4]);
                    if let Some(m) = again {
                        starts.push(side(k));
                        next.insert(side(k), side(m));
                    }
                }
            }
        }
        let mut rings = Vec::new();
        for start in starts {
            let mut ring = Vec::new();
            let mut at = start;
            while let Some(then) = next.remove(&at) {
                ring.push(self.crossing(at, level));
                at = then;
            }
            if !ring.is_empty() {
                ring.push(ring[0]);
                rings.push(ring);
            }
        }
        rings
    }

    fn height(&self, (column, row): Corner) -> f64 {
        self.heights[row * self.xs.len() + column]
    }

    /// Where the height crosses `level` on a side; `level` lies between the heights at its two ends.
    fn crossing(&self, side: Side, level: f64) -> Point {
        let [from, to] = [side.0, side.1].map(|(column, row)| (self.xs[column], self.ys[row]));
        let [low, high] = [side.0, side.1].map(|corner| self.height(corner));
        let share = (level - low) / (high - low);
        (from.0 + share * (to.0 - from.0), from.1 + share * (to.1 - from.1))
    }
}

/// A column and a row.
type Corner = (usize, usize);

/// Two neighbors, the lesser first.
type Side = (Corner, Corner);

#[cfg(test)]
mod tests {
    use super::*;

    fn cone() -> Grid {
        Grid::sample((-1.5, 1.5), (-1.5, 1.5), [60, 60], |x, y| 1.0 - x.hypot(y))
    }

    /// Positive with the inside to the left.
    fn size(line: &[Point]) -> f64 {
        line.windows(2).map(|pair| pair[0].0 * pair[1].1 - pair[0].1 * pair[1].0).sum::<f64>() / 2.0
    }

    #[test]
    fn the_area_within_a_circle_is_that_of_the_circle() {
        let area = size(&cone().area(0.0));
        assert!((area - std::f64::consts::PI).abs() < 0.01, "{area}");
    }

    #[test]
    fn holes_count_against_the_area() {
        let moat = Grid::sample((-1.5, 1.5), (-1.5, 1.5), [60, 60], |x, y| (1.0 - x.hypot(y)).abs());
        let area = size(&moat.area(0.5));
        let expected = 9.0 - std::f64::consts::PI * (1.5 * 1.5 - 0.5 * 0.5);
        assert!((area - expected).abs() < 0.02, "{area} {expected}");
    }

    #[test]
    fn a_circle_is_one_closed_line() {
        let lines = cone().lines(0.0);
        assert_eq!(lines.len(), 1);
        assert_eq!(lines[0].first(), lines[0].last());
        assert!(lines[0].iter().all(|(x, y)| (x.hypot(*y) - 1.0).abs() < 0.01));
    }

    #[test]
    fn a_line_across_ends_at_the_border() {
        let slope = Grid::sample((0.0, 1.0), (0.0, 2.0), [10, 10], |x, _| x - 0.55);
        let lines = slope.lines(0.0);
        assert!(lines.iter().flatten().all(|point| (point.0 - 0.55).abs() < 1e-12), "{lines:?}");
        let length: f64 = lines.iter().flat_map(|line| line.windows(2)).map(|pair| (pair[0].1 - pair[1].1).abs()).sum();
        assert!((length - 2.0).abs() < 1e-12, "{lines:?}");
        assert!((size(&slope.area(0.0)) - 0.9).abs() < 1e-12);
    }

    #[test]
    fn a_level_beyond_all_heights_has_neither_area_nor_line() {
        assert!(cone().area(2.0).is_empty() && cone().lines(2.0).is_empty());
        assert!((size(&cone().area(-9.0)) - 9.0).abs() < 1e-12 && cone().lines(-9.0).is_empty());
    }
}
