//! Loops over columns: a formula of one vector, applied to every vector of a column.
//!
//! They are macros, because a closure may be compiled as a separate function, without the instruction set of
//! the loop around it. All operands of a turn are read before its result is written, so a result may
//! overwrite an operand. `turns` computes four vectors a turn, so that the processor can overlap them.

use super::target::STRANDS;
use crate::lanes::{MULTIPLE, Simd};

/// An operand that is a column or a cell, one number for all lanes, as the step says at run time.
#[derive(Clone, Copy)]
pub(super) struct Operand {
    place: *const f64,
    cell: bool,
}

impl Operand {
    #[inline(always)]
    pub(super) fn new(place: *const f64, cell: bool) -> Operand {
        Operand { place, cell }
    }

    /// The vector at lane `i`. Safety: a column must have these lanes.
    #[inline(always)]
    pub(super) unsafe fn vector<V: Simd>(self, i: usize) -> V {
        // SAFETY: the caller's promise.
        unsafe { if self.cell { V::splat(*self.place) } else { V::load(self.place.add(i)) } }
    }

    /// The number at lane `i`. Safety: as [`Operand::vector`].
    #[inline(always)]
    pub(super) unsafe fn number(self, i: usize) -> f64 {
        // SAFETY: the caller's promise.
        unsafe { *self.place.add(if self.cell { 0 } else { i }) }
    }
}

/// An operand that is known at compile time to be a cell or a column. A cell stays in a register.
#[derive(Clone, Copy)]
pub(super) struct StaticOperand<V, const CELL: bool> {
    column: *const f64,
    cell: V,
}

impl<V: Simd, const CELL: bool> StaticOperand<V, CELL> {
    /// Safety: as [`Operand::vector`].
    #[inline(always)]
    pub(super) unsafe fn new(operand: Operand) -> Self {
        let mut cell = V::splat(0.0);
        if CELL {
            // SAFETY: the caller's promise.
            cell = unsafe { V::splat(*operand.place) };
        }
        StaticOperand { column: operand.place, cell }
    }

    /// Safety: as [`Operand::vector`].
    #[inline(always)]
    pub(super) unsafe fn vector(self, i: usize) -> V {
        if CELL {
            self.cell
        } else {
            // SAFETY: the caller's promise.
            unsafe { V::load(self.column.add(i)) }
        }
    }
}

/// Writes the formula of lane `$i` to every vector of `$out`, which has `$lanes` lanes, a multiple of `MULTIPLE`. For
/// use within `unsafe`, where there is room for them.
macro_rules! each {
    ($V:ident, $out:expr, $lanes:expr, $i:ident => $y:expr) => {{
        let mut $i = 0;
        while $i < $lanes {
            let y: $V = $y;
            y.store($out.add($i));
            $i += $V::LANES;
        }
    }};
}
pub(super) use each;

/// As [`each`], but with four vectors a turn while there are four. If operands and a mend are given, each
/// turn is [`mended`].
macro_rules! turns {
    ($V:ident, $out:expr, $lanes:expr, $i:ident => $y:expr $(, $operands:expr, $mend:expr)?) => {{
        let mut first = 0;
        while first + 4 * $V::LANES <= $lanes {
            let y: [$V; 4] = [
                { let $i = first; $y },
                { let $i = first + $V::LANES; $y },
                { let $i = first + 2 * $V::LANES; $y },
                { let $i = first + 3 * $V::LANES; $y },
            ];
            $(let y = mended(y, $operands, first, $mend);)?
            y[0].store($out.add(first));
            y[1].store($out.add(first + $V::LANES));
            y[2].store($out.add(first + 2 * $V::LANES));
            y[3].store($out.add(first + 3 * $V::LANES));
            first += 4 * $V::LANES;
        }
        while first < $lanes {
            let y: [$V; 1] = [{ let $i = first; $y }];
            $(let y = mended(y, $operands, first, $mend);)?
            y[0].store($out.add(first));
            first += $V::LANES;
        }
    }};
}
pub(super) use turns;

/// The vectors, which begin at lane `i`, with every NaN replaced by `mend` of its operands. So a guarded
/// product costs as much as a plain one, unless a result is NaN.
///
/// Safety: the operands must have these lanes.
#[inline(always)]
pub(super) unsafe fn mended<V: Simd, const N: usize>(
    y: [V; N],
    operands: [Operand; 3],
    i: usize,
    mend: fn([f64; 3]) -> f64,
) -> [V; N] {
    let mut bad = y[0].nan();
    for y in &y[1..] {
        bad = bad | y.nan();
    }
    if V::any(bad) {
        // The operands are passed one by one: an array would be written to memory every time, before the branch.
        let [a, b, c] = operands;
        // SAFETY: the caller's promise.
        unsafe { mend_each(y, a.place, a.cell, b.place, b.cell, c.place, c.cell, i, mend) }
    } else {
        y
    }
}

/// Safety: as [`mended`], of the operands at these places.
#[cold]
#[inline(never)]
#[allow(clippy::too_many_arguments, reason = "they stay in registers: see the caller")]
unsafe fn mend_each<V: Simd, const N: usize>(
    mut y: [V; N],
    a: *const f64,
    a_cell: bool,
    b: *const f64,
    b_cell: bool,
    c: *const f64,
    c_cell: bool,
    i: usize,
    mend: fn([f64; 3]) -> f64,
) -> [V; N] {
    let operands = [(a, a_cell), (b, b_cell), (c, c_cell)].map(|(place, cell)| Operand { place, cell });
    for (k, y) in y.iter_mut().enumerate() {
        let mut numbers = [0.0; MULTIPLE];
        // SAFETY: no vector is longer; the operands have these lanes.
        unsafe {
            y.store(numbers.as_mut_ptr());
            for (lane, y) in numbers.iter_mut().enumerate().take(V::LANES) {
                if y.is_nan() {
                    *y = mend(operands.map(|x| x.number(i + k * V::LANES + lane)));
                }
            }
            *y = V::load(numbers.as_ptr());
        }
    }
    y
}

/// Sixteen lanes, counted.
pub(super) static COUNTED: [f64; STRANDS] =
    [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0, 11.0, 12.0, 13.0, 14.0, 15.0];

/// Adds the formula of each of `$active` lanes to its strand of `$sums`; lane 0 adds to `$strand`. If the sums are fresh,
/// which only those are whose `$strand` is 0, they begin at -0, the neutral element of addition, which lanes that are not
/// active add too. For use within `unsafe`, where operands have the lanes, rounded up to a multiple of `MULTIPLE`, and
/// `$sums` has `STRANDS` numbers that do not overlap them.
macro_rules! add_up {
    ($V:ident, $sums:expr, $active:expr, $strand:expr, $fresh:expr, $i:ident => $y:expr) => {{
        let mut first = 0;
        if $strand == 0 {
            // Enough for the shortest vectors; longer ones use fewer.
            let mut sums = [$V::splat(-0.0); STRANDS / 2];
            if !$fresh {
                for k in 0..STRANDS / $V::LANES {
                    sums[k] = $V::load($sums.add(k * $V::LANES));
                }
            }
            while first + STRANDS <= $active {
                for k in 0..STRANDS / $V::LANES {
                    let $i = first + k * $V::LANES;
                    sums[k] = sums[k] + $y;
                }
                first += STRANDS;
            }
            let left = $V::splat(($active - first) as f64);
            for k in 0..STRANDS / $V::LANES {
                let $i = first + k * $V::LANES;
                if $i < $active {
                    let here = $V::load(COUNTED.as_ptr().add(k * $V::LANES)).lt(left);
                    sums[k] = sums[k] + $V::pick(here, $y, $V::splat(-0.0));
                }
            }
            for k in 0..STRANDS / $V::LANES {
                sums[k].store($sums.add(k * $V::LANES));
            }
            first = $active;
        }
        while first < $active {
            let mut numbers = [0.0; MULTIPLE];
            let mut k = 0;
            while k < MULTIPLE {
                let $i = first + k;
                let y: $V = $y;
                y.store(numbers.as_mut_ptr().add(k));
                k += $V::LANES;
            }
            for (k, y) in numbers.into_iter().enumerate().take($active - first) {
                *$sums.add(($strand + first + k) % STRANDS) += y;
            }
            first += MULTIPLE;
        }
    }};
}
pub(super) use add_up;
