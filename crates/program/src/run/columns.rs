//! Loops over columns: a formula of one vector, applied to every vector of a column. Read
//! [`crate::batch`] next.
//!
//! They are macros, since a closure is a function of its own, which may end up compiled without
//! the instructions of the loop around it. All operands of a turn are read before its result is
//! written: a result may go where an operand was. `turns` takes four vectors a turn, so that the
//! processor has something to overlap.

use crate::lanes::Simd;

/// An operand whose sort is known when the step runs: a column, or a cell of four equal lanes.
#[derive(Clone, Copy)]
pub(super) struct Operand {
    place: *const f64,
    /// 0 for a cell, whose first vector is read again and again; all ones for a column.
    mask: usize,
}

impl Operand {
    #[inline(always)]
    pub(super) fn new(place: *const f64, cell: bool) -> Operand {
        Operand {
            place,
            mask: usize::from(cell).wrapping_sub(1),
        }
    }

    /// The vector at lane `i`. Safety: a column must have as many lanes, a cell four.
    #[inline(always)]
    pub(super) unsafe fn vector<V: Simd>(self, i: usize) -> V {
        // SAFETY: the caller's promise.
        unsafe { V::load(self.place.add(i & self.mask)) }
    }

    /// The number at lane `i`. Safety: as [`Operand::vector`].
    #[inline(always)]
    pub(super) unsafe fn number(self, i: usize) -> f64 {
        // SAFETY: the caller's promise.
        unsafe { *self.place.add(i & self.mask) }
    }
}

/// An operand of the sort `CELL`, which stays in a register if it is a cell.
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
            cell = unsafe { V::load(operand.place) };
        }
        StaticOperand {
            column: operand.place,
            cell,
        }
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

/// Writes the formula of lane `$i` to every vector of `$out`, of `$lanes` lanes, a multiple of 4.
/// To be used where there is room for them, within `unsafe`.
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

/// As [`each`], four vectors a turn where there are as many; each turn is [`mended`] if the
/// operands and how to mend are given.
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

/// The vectors, which begin at lane `i`, with every NaN replaced by `mend` of the numbers it came
/// from: so a guarded product costs what a product does, unless one is NaN.
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
        // One by one: an array would be written to memory before the branch, each time.
        let [a, b, c] = operands;
        // SAFETY: the caller's promise.
        unsafe { mend_each(y, a.place, a.mask, b.place, b.mask, c.place, c.mask, i, mend) }
    } else {
        y
    }
}

/// Safety: as [`mended`], of the operands with these places and masks.
#[cold]
#[inline(never)]
#[allow(
    clippy::too_many_arguments,
    reason = "registers are free, memory is not: see the caller"
)]
unsafe fn mend_each<V: Simd, const N: usize>(
    mut y: [V; N],
    a: *const f64,
    a_mask: usize,
    b: *const f64,
    b_mask: usize,
    c: *const f64,
    c_mask: usize,
    i: usize,
    mend: fn([f64; 3]) -> f64,
) -> [V; N] {
    let operands = [(a, a_mask), (b, b_mask), (c, c_mask)].map(|(place, mask)| Operand { place, mask });
    for (k, y) in y.iter_mut().enumerate() {
        let mut numbers = [0.0; 4];
        // SAFETY: no vector is longer than 4; the operands have these lanes.
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

/// Adds the formula of each of `$active` lanes to its strand of `$sums`, lane 0's being
/// `$strand`. To be used where operands have the lanes, rounded up to a multiple of 4, and `$sums`
/// has [`STRANDS`] numbers apart from them, within `unsafe`.
macro_rules! add_up {
    ($V:ident, $sums:expr, $active:expr, $strand:expr, $i:ident => $y:expr) => {{
        let mut first = 0;
        if $strand == 0 && first + STRANDS <= $active {
            // As many as the shortest vectors need; the rest is never touched.
            let mut sums = [$V::splat(0.0); STRANDS / 2];
            for k in 0..STRANDS / $V::LANES {
                sums[k] = $V::load($sums.add(k * $V::LANES));
            }
            while first + STRANDS <= $active {
                for k in 0..STRANDS / $V::LANES {
                    let $i = first + k * $V::LANES;
                    sums[k] = sums[k] + $y;
                }
                first += STRANDS;
            }
            for k in 0..STRANDS / $V::LANES {
                sums[k].store($sums.add(k * $V::LANES));
            }
        }
        while first < $active {
            let mut numbers = [0.0; 4];
            let mut k = 0;
            while k < 4 {
                let $i = first + k;
                let y: $V = $y;
                y.store(numbers.as_mut_ptr().add(k));
                k += $V::LANES;
            }
            for (k, y) in numbers.into_iter().enumerate().take($active - first) {
                *$sums.add(($strand + first + k) % STRANDS) += y;
            }
            first += 4;
        }
    }};
}
pub(super) use add_up;
