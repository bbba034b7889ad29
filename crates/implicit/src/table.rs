//! Tables: values between knots, as piecewise polynomials of each axis. How the polynomials are found is in
//! [`pieces`](crate::pieces).
//!
//! A call has the value and its derivatives as outputs. The derivative of an output is another output, or 0 above the
//! highest order, so there are derivatives of every order.

use std::ops::Range;
use std::sync::Arc;

use wengert::{Expr, External};

use crate::error::Error;
use crate::map::Map;
use crate::pieces::{Coefficients, pieces};

/// How a table is interpolated between its knots.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Interpolation {
    /// Straight lines. The derivative jumps at knots.
    Linear,
    /// Cubics that rise and fall only where the values do, with a continuous derivative: Fritsch and Butland, "A method for
    /// constructing local monotone piecewise cubic interpolants" (1984), with one-sided parabolas at the ends. The second
    /// derivative jumps at knots.
    Monotone,
    /// Cubics with two continuous derivatives. Next to the ends, two intervals share one cubic (*not-a-knot*), so that
    /// the values of a cubic give this cubic. The third derivative jumps at knots.
    Spline,
}

/// What a table gives outside of its knots.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outside {
    /// The value at the nearest knot; derivatives are 0.
    Clamp,
    /// The polynomial of the nearest interval.
    Extend,
    /// An error of the call, which says where the table ends.
    Error,
}

/// A table of one input: `values` at the `knots`, which increase. Outputs: the value, then its derivatives of the orders up
/// to the degree of the polynomials, 1 for [`Interpolation::Linear`] and 3 for the others.
///
/// A call costs a binary search. At a knot where a derivative jumps, it is the mean of both sides, as at the kinks of the
/// engine's ops; with [`Outside::Clamp`], the ends are such knots. For `name`, see [`linear_solve`](crate::linear_solve).
///
/// ```
/// use wengert::Graph;
/// use wengert_implicit::{Interpolation, Outside, interp1};
///
/// let torque = interp1("torque", &[0.0, 1.0, 3.0], &[0.0, 2.0, 3.0], Interpolation::Linear, Outside::Clamp)?;
/// let g = Graph::new();
/// let speed = g.var(2.0);
/// let l = torque.call(&[speed])[0];
/// l.backward();
/// assert_eq!((l.value(), speed.grad()), (2.5, 0.5));
/// assert_eq!(torque.call(&[1.0]), [2.0, 1.25]); // at a knot, the mean of the slopes 2 and 0.5
/// assert_eq!(torque.call(&[9.0]), [3.0, 0.0]);
/// # Ok::<(), wengert_implicit::Error>(())
/// ```
///
/// # Errors
/// [`Error::TooFewKnots`] (two are needed), [`Error::Unsorted`], [`Error::NotFinite`], [`Error::Values`],
/// [`Error::Overflows`].
pub fn interp1(
    name: &str,
    knots: &[f64],
    values: &[f64],
    interpolation: Interpolation,
    outside: Outside,
) -> Result<Map, Error> {
    let x = Axis::new('x', knots, outside)?;
    check_values(values, knots.len())?;
    let pieces = checked('x', pieces(knots, values, interpolation))?;
    Ok(Table::map(name, interpolation, vec![x], vec![Pieces { first: 0, at: 0..pieces.len() }], pieces))
}

/// A table of one input whose values are not known yet: as [`interp1`], but the outputs are the weights of the values. There
/// is a weight for each knot, then the derivative of each weight of order 1, and so on. The sum of the weights times the
/// values is what `interp1` gives; so values can be parameters, and a table can be fitted to data.
///
/// Linear weights take memory proportional to the number of knots. A weight of a spline is a spline over all knots, so
/// these take 32 bytes times the square of the number of knots: 3.2 GB for 10,000.
///
/// ```
/// use wengert_implicit::{Interpolation, Outside, interp1_weights};
///
/// let weights = interp1_weights("weights", &[0.0, 1.0, 3.0], Interpolation::Linear, Outside::Error)?;
/// assert_eq!(weights.call(&[2.0])[..3], [0.0, 0.5, 0.5]);
/// # Ok::<(), wengert_implicit::Error>(())
/// ```
///
/// # Errors
/// As [`interp1`]; [`Error::Monotone`], since the weights of a monotone table depend on the values; [`Error::OutOfMemory`].
pub fn interp1_weights(
    name: &str,
    knots: &[f64],
    interpolation: Interpolation,
    outside: Outside,
) -> Result<Map, Error> {
    let x = Axis::new('x', knots, outside)?;
    if interpolation == Interpolation::Monotone {
        return Err(Error::Monotone);
    }
    let n = knots.len();
    // A linear weight is 0 except between the knots beside its own.
    let near = |k: usize| match interpolation {
        Interpolation::Linear => k.saturating_sub(1)..(k + 2).min(n),
        _ => 0..n,
    };
    // All memory is allocated first.
    let total = (0..n).try_fold(0usize, |total, k| total.checked_add(near(k).len())).ok_or(Error::OutOfMemory)?;
    let (mut list, mut table) = (Coefficients::new(), Vec::new());
    list.try_reserve_exact(total).map_err(|_| Error::OutOfMemory)?;
    table.try_reserve_exact(n).map_err(|_| Error::OutOfMemory)?;
    let mut unit = vec![0.0; n];
    for k in 0..n {
        let (near, start) = (near(k), list.len());
        unit[k] = 1.0;
        list.extend(pieces(&knots[near.clone()], &unit[near.clone()], interpolation));
        unit[k] = 0.0;
        if let Some(at) = overflow(&list[start..]) {
            return Err(Error::Overflows { axis: 'x', at: near.start + at });
        }
        table.push(Pieces { first: near.start, at: start..list.len() });
    }
    Ok(Table::map(name, interpolation, vec![x], table, list))
}

/// A table of two inputs, `x` and `y`: `values[i * y_knots.len() + j]` at `x_knots[i]` and `y_knots[j]`. Between the knots,
/// it is linear in each input ([`Interpolation::Linear`]), or a spline in each ([`Interpolation::Spline`]).
///
/// Outputs: with the degree `d` of the polynomials, output `i * (d + 1) + j` is the derivative of order `i` in `x` and `j`
/// in `y`; so output 0 is the value. For knots, `outside` and `name`, see [`interp1`].
///
/// ```
/// use wengert_implicit::{Interpolation, Outside, interp2};
///
/// let values = [0.0, 1.0, 2.0, 3.0, 5.0, 7.0];
/// let map = interp2("map", &[0.0, 1.0], &[0.0, 1.0, 2.0], &values, Interpolation::Linear, Outside::Error)?;
/// let (value, gradient) = wengert::value_and_gradient(|x| map.call(x)[0], &[0.5, 1.5]);
/// assert_eq!((value, gradient), (3.75, vec![4.5, 1.5]));
/// # Ok::<(), wengert_implicit::Error>(())
/// ```
///
/// # Errors
/// As [`interp1`], and [`Error::Monotone`]: a table of two inputs is linear or a spline.
pub fn interp2(
    name: &str,
    x_knots: &[f64],
    y_knots: &[f64],
    values: &[f64],
    interpolation: Interpolation,
    outside: Outside,
) -> Result<Map, Error> {
    let (x, y) = (Axis::new('x', x_knots, outside)?, Axis::new('y', y_knots, outside)?);
    check_values(values, x_knots.len() * y_knots.len())?;
    if interpolation == Interpolation::Monotone {
        return Err(Error::Monotone);
    }
    // Polynomials in y along each row of the table, then polynomials in x through each of their coefficients.
    let rows: Vec<Coefficients> = values.chunks(y_knots.len()).map(|row| pieces(y_knots, row, interpolation)).collect();
    let rows = rows.into_iter().map(|row| checked('y', row)).collect::<Result<Vec<Coefficients>, Error>>()?;
    let across = (0..4 * y_knots.len()).map(|at| {
        let column: Vec<f64> = rows.iter().map(|row| row[at / 4][at % 4]).collect();
        checked('x', pieces(x_knots, &column, interpolation))
    });
    let across = across.collect::<Result<Vec<Coefficients>, Error>>()?;
    // Cells in ascending order of x, then of y. Each has, for each power of x, the coefficients of the powers of y.
    let cell = |i: usize, j: usize, power: usize| [0, 1, 2, 3].map(|k| across[4 * j + k][i][power]);
    let cells = (0..x_knots.len()).flat_map(|i| (0..y_knots.len()).map(move |j| (i, j)));
    let table = cells.flat_map(|(i, j)| (0..4).map(move |power| (i, j, power))).map(|(i, j, k)| cell(i, j, k));
    let list: Coefficients = table.collect();
    Ok(Table::map(name, interpolation, vec![x, y], vec![Pieces { first: 0, at: 0..list.len() }], list))
}

fn check_values(values: &[f64], expected: usize) -> Result<(), Error> {
    if values.len() != expected {
        return Err(Error::Values { expected, given: values.len() });
    }
    finite("the values", values)
}

/// The first interval with a coefficient that is not finite.
fn overflow(pieces: &[[f64; 4]]) -> Option<usize> {
    pieces.iter().position(|piece| piece.iter().any(|coefficient| !coefficient.is_finite()))
}

fn checked(axis: char, pieces: Coefficients) -> Result<Coefficients, Error> {
    match overflow(&pieces) {
        Some(at) => Err(Error::Overflows { axis, at }),
        None => Ok(pieces),
    }
}

fn finite(list: &'static str, numbers: &[f64]) -> Result<(), Error> {
    match numbers.iter().position(|number| !number.is_finite()) {
        Some(at) => Err(Error::NotFinite { list, at, number: numbers[at] }),
        None => Ok(()),
    }
}

/// The knots of an input.
struct Axis {
    name: char,
    knots: Vec<f64>,
    outside: Outside,
}

/// An interval, and what to multiply the coefficients of its polynomial by.
type Part = (usize, [f64; 4]);

impl Axis {
    fn new(name: char, knots: &[f64], outside: Outside) -> Result<Axis, Error> {
        if knots.len() < 2 {
            return Err(Error::TooFewKnots { axis: name, given: knots.len(), needed: 2 });
        }
        finite(if name == 'x' { "the x knots" } else { "the y knots" }, knots)?;
        if let Some(at) = (1..knots.len()).find(|&at| knots[at] <= knots[at - 1]) {
            return Err(Error::Unsorted { axis: name, at, knot: knots[at], before: knots[at - 1] });
        }
        Ok(Axis { name, knots: knots.into(), outside })
    }

    /// For each order of derivative, the two parts whose sum it is.
    fn parts(&self, x: f64, degree: usize) -> Result<Vec<[Part; 2]>, String> {
        let (knots, last) = (&self.knots, self.knots.len() - 1);
        let [first, end] = [knots[0], knots[last]];
        let is_outside = x < first || x > end;
        if is_outside && self.outside == Outside::Error {
            return Err(format!("{} = {x} is outside of the table, which goes from {first} to {end}", self.name));
        }
        let clamp = self.outside == Outside::Clamp;
        let x = if clamp { x.clamp(first, end) } else { x };
        let right = knots.partition_point(|&knot| knot <= x).clamp(1, last) - 1;
        // A derivative is the mean of two sides. Beyond the ends of a clamped table it is 0.
        let left = if x == knots[right] && right > 0 { right - 1 } else { right };
        let weight = match clamp {
            true if is_outside => 0.0,
            true if x == first || x == end => 0.25,
            _ => 0.5,
        };
        let part = |interval: usize, order: usize, weight: f64| {
            let t = x - knots[interval];
            let power = |k: usize| {
                if k < order || k > degree {
                    return 0.0;
                }
                let factor: usize = (k + 1 - order..=k).product();
                weight * factor as f64 * t.powi((k - order) as i32)
            };
            (interval, [0, 1, 2, 3].map(power))
        };
        Ok((0..=degree)
            .map(|order| match order {
                // At the last knot, its own value, which the last polynomial may miss by rounding.
                0 => [part(if x == end { last } else { right }, 0, 1.0), (right, [0.0; 4])],
                _ => [part(left, order, weight), part(right, order, weight)],
            })
            .collect())
    }
}

/// One or more tables of one or two inputs, with the same knots.
struct Table {
    name: String,
    degree: usize,
    axes: Vec<Axis>,
    tables: Vec<Pieces>,
    /// The coefficients of all tables: of each interval, or with two inputs, of each cell, which has four lists, one for each
    /// power of x.
    coefficients: Coefficients,
}

/// Where the coefficients of a table are.
struct Pieces {
    /// The first interval with coefficients. Those of all intervals before it and after the last are 0.
    first: usize,
    at: Range<usize>,
}

impl Table {
    fn map(
        name: &str,
        interpolation: Interpolation,
        axes: Vec<Axis>,
        tables: Vec<Pieces>,
        coefficients: Coefficients,
    ) -> Map {
        let degree = if interpolation == Interpolation::Linear { 1 } else { 3 };
        Map::new(Arc::new(Table { name: name.into(), degree, axes, tables, coefficients }), vec![])
    }

    /// The coefficients of a table on an interval.
    fn coefficients(&self, table: &Pieces, interval: usize) -> &[f64; 4] {
        let list = &self.coefficients[table.at.clone()];
        interval.checked_sub(table.first).and_then(|at| list.get(at)).unwrap_or(&[0.0; 4])
    }

    /// How many orders of derivatives there are along each axis.
    fn orders(&self) -> usize {
        self.degree + 1
    }

    /// The distance in the outputs from one order to the next.
    fn stride(&self, axis: usize) -> usize {
        self.tables.len() * if axis + 1 == self.axes.len() { 1 } else { self.orders() }
    }

    /// The output that is the derivative of another along an axis. `None` where it is 0.
    fn derivative(&self, output: usize, axis: usize) -> Option<usize> {
        let stride = self.stride(axis);
        (output / stride % self.orders() < self.degree).then_some(output + stride)
    }

    /// Writes the outputs at `x`.
    fn evaluate(&self, x: &[f64], y: &mut [f64]) -> Result<(), String> {
        let along = |axis: usize| self.axes[axis].parts(x[axis], self.degree);
        let mut outputs = y.iter_mut();
        let mut put = |value: f64| outputs.by_ref().take(1).for_each(|y| *y = value);
        if self.axes.len() == 1 {
            for parts in along(0)? {
                for table in &self.tables {
                    put(parts
                        .iter()
                        .map(|(interval, weights)| dot(weights, self.coefficients(table, *interval)))
                        .sum());
                }
            }
            return Ok(());
        }
        let (rows, columns, cells) = (along(0)?, along(1)?, self.axes[1].knots.len());
        for parts in &rows {
            for across in &columns {
                for table in &self.tables {
                    let terms = parts.iter().flat_map(|row| across.iter().map(move |column| (row, column)));
                    put(terms
                        .map(|((i, powers), (j, weights))| {
                            let cell = 4 * (i * cells + j);
                            let along: [f64; 4] =
                                std::array::from_fn(|power| dot(weights, self.coefficients(table, cell + power)));
                            dot(powers, &along)
                        })
                        .sum());
                }
            }
        }
        Ok(())
    }
}

/// The dot product. A term with a factor of 0 is 0, also if the other factor is infinite.
fn dot(powers: &[f64; 4], coefficients: &[f64; 4]) -> f64 {
    let terms = powers.iter().zip(coefficients);
    terms.map(|(power, coefficient)| if *power == 0.0 || *coefficient == 0.0 { 0.0 } else { power * coefficient }).sum()
}

impl External for Table {
    fn name(&self) -> &str {
        &self.name
    }

    fn shape(&self) -> (usize, usize) {
        (self.axes.len(), self.orders().pow(self.axes.len() as u32) * self.tables.len())
    }

    fn value(&self, x: &[f64], y: &mut [f64]) -> Result<(), String> {
        if x.iter().any(|x| x.is_nan()) {
            y.fill(f64::NAN);
            return Ok(());
        }
        self.evaluate(x, y)?;
        match y.iter().any(|y| y.is_nan()) {
            true => Err(format!("the polynomials of the table overflow at {x:?}")),
            false => Ok(()),
        }
    }

    fn vjp(&self, _: &[f64], y: &[f64], ybar: &[f64], xbar: &mut [f64]) -> Result<(), String> {
        for (axis, xbar) in xbar.iter_mut().enumerate() {
            let part = |(output, bar): (usize, &f64)| match self.derivative(output, axis) {
                Some(derivative) if *bar != 0.0 => bar * y[derivative],
                _ => 0.0,
            };
            *xbar = ybar.iter().enumerate().map(part).sum();
        }
        Ok(())
    }

    fn jvp(&self, _: &[f64], y: &[f64], v: &[f64], w: &mut [f64]) -> Result<(), String> {
        for (output, w) in w.iter_mut().enumerate() {
            let part = |(axis, v): (usize, &f64)| match self.derivative(output, axis) {
                Some(derivative) if *v != 0.0 => v * y[derivative],
                _ => 0.0,
            };
            *w = v.iter().enumerate().map(part).sum();
        }
        Ok(())
    }

    fn pullback<'g>(&self, _: &[Expr<'g>], y: &[Expr<'g>], ybar: &[Expr<'g>]) -> Option<Vec<Expr<'g>>> {
        let zero = Expr::constant(0.0);
        let along = |axis: usize| {
            let parts = ybar.iter().enumerate().filter(|(_, bar)| bar.graph().is_some() || bar.value() != 0.0);
            let parts = parts.filter_map(|(output, &bar)| Some(bar * y[self.derivative(output, axis)?]));
            parts.reduce(|sum, part| sum + part).unwrap_or(zero)
        };
        Some((0..self.axes.len()).map(along).collect())
    }
}
