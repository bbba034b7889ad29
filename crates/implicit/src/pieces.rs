//! The polynomials between the knots of a table.

use crate::table::Interpolation;

/// For each interval, the coefficients of the powers of the distance from its left knot. Then the value at the last knot, as
/// a constant, since the last polynomial may miss this value by rounding.
pub(crate) type Coefficients = Vec<[f64; 4]>;

/// The polynomials through the values at the knots, of which there are at least two.
pub(crate) fn pieces(x: &[f64], y: &[f64], interpolation: Interpolation) -> Coefficients {
    let h: Vec<f64> = x.windows(2).map(|pair| pair[1] - pair[0]).collect();
    let slopes: Vec<f64> = y.windows(2).zip(&h).map(|(pair, h)| (pair[1] - pair[0]) / h).collect();
    let mut pieces: Coefficients = match interpolation {
        Interpolation::Linear => y.iter().zip(slopes).map(|(&y, slope)| [y, slope, 0.0, 0.0]).collect(),
        Interpolation::Monotone => {
            let d = monotone(&h, &slopes);
            let piece = |i: usize| {
                let (slope, [left, right]) = (slopes[i], [d[i], d[i + 1]]);
                [y[i], left, (3.0 * slope - 2.0 * left - right) / h[i], (left + right - 2.0 * slope) / (h[i] * h[i])]
            };
            (0..h.len()).map(piece).collect()
        }
        Interpolation::Spline => {
            let m = moments(&h, &slopes);
            let piece = |i: usize| {
                let slope = slopes[i] - h[i] * (2.0 * m[i] + m[i + 1]) / 6.0;
                [y[i], slope, m[i] / 2.0, (m[i + 1] - m[i]) / (6.0 * h[i])]
            };
            (0..h.len()).map(piece).collect()
        }
    };
    pieces.extend(y.last().map(|&end| [end, 0.0, 0.0, 0.0]));
    pieces
}

/// The derivatives at the knots of a monotone table.
fn monotone(h: &[f64], slopes: &[f64]) -> Vec<f64> {
    let n = slopes.len();
    if n == 1 {
        return vec![slopes[0]; 2];
    }
    // The derivative of a parabola at its end, kept from overshooting.
    let end = |h: [f64; 2], slopes: [f64; 2]| {
        let d = ((2.0 * h[0] + h[1]) * slopes[0] - h[0] * slopes[1]) / (h[0] + h[1]);
        // Signs are compared, since products of small numbers underflow.
        let both = |a: f64, b: f64| a.min(b) > 0.0 || a.max(b) < 0.0;
        if !both(d, slopes[0]) {
            0.0
        } else if both(slopes[0], -slopes[1]) && d.abs() > 3.0 * slopes[0].abs() {
            3.0 * slopes[0]
        } else {
            d
        }
    };
    let inner = |i: usize| {
        let [left, right] = [slopes[i - 1], slopes[i]];
        // If a slope is 0, or the two have different signs.
        if left.min(right) <= 0.0 && left.max(right) >= 0.0 {
            return 0.0;
        }
        let (a, b) = (2.0 * h[i] + h[i - 1], h[i] + 2.0 * h[i - 1]);
        (a + b) / (a / left + b / right)
    };
    let mut d = vec![end([h[0], h[1]], [slopes[0], slopes[1]])];
    d.extend((1..n).map(inner));
    d.push(end([h[n - 1], h[n - 2]], [slopes[n - 1], slopes[n - 2]]));
    d
}

/// The second derivatives at the knots of a spline: the solution of a tridiagonal system, by elimination.
fn moments(h: &[f64], slopes: &[f64]) -> Vec<f64> {
    let n = h.len();
    if n == 1 {
        return vec![0.0; 2];
    }
    if n == 2 {
        // One parabola.
        return vec![2.0 * (slopes[1] - slopes[0]) / (h[0] + h[1]); 3];
    }
    // h[i-1] m[i-1] + 2 (h[i-1] + h[i]) m[i] + h[i] m[i+1] = 6 (slopes[i] - slopes[i-1]) at inner knots. The third
    // derivative does not jump at the knots next to the ends, which gives m[0] and m[n].
    let inner = n - 1;
    let mut lower: Vec<f64> = (0..inner).map(|k| h[k]).collect();
    let mut diagonal: Vec<f64> = (0..inner).map(|k| 2.0 * (h[k] + h[k + 1])).collect();
    let mut upper: Vec<f64> = (0..inner).map(|k| h[k + 1]).collect();
    let mut m: Vec<f64> = (0..inner).map(|k| 6.0 * (slopes[k + 1] - slopes[k])).collect();
    diagonal[0] += h[0] * (h[0] + h[1]) / h[1];
    upper[0] -= h[0] * h[0] / h[1];
    diagonal[inner - 1] += h[n - 1] * (h[n - 2] + h[n - 1]) / h[n - 2];
    lower[inner - 1] -= h[n - 1] * h[n - 1] / h[n - 2];
    for k in 1..inner {
        let factor = lower[k] / diagonal[k - 1];
        diagonal[k] -= factor * upper[k - 1];
        m[k] -= factor * m[k - 1];
    }
    for k in (0..inner).rev() {
        let above = if k + 1 < inner { upper[k] * m[k + 1] } else { 0.0 };
        m[k] = (m[k] - above) / diagonal[k];
    }
    let first = m[0] + (m[0] - m[1]) * h[0] / h[1];
    let last = m[inner - 1] + (m[inner - 1] - m[inner - 2]) * h[n - 1] / h[n - 2];
    [&[first], &m[..], &[last]].concat()
}
