//! The interpreter: one arm for each opcode.

use wengert::{Imm, Op, Scalar, apply_unchecked, call_external};

use super::columns::{COUNTED, Operand, StaticOperand, add_up, each, mended, turns};
use super::target::{CallContext, Cause, Flip, STRANDS, Target, earlier};
use crate::ir::{Role, operand_count};
use crate::lanes::{MULTIPLE, Simd, Unary, arith, exp};
use crate::layout::Step;
use crate::opcode::{Opcode, easy_power, for_each_opcode};

/// Runs the expression of the opcode whose bit is set.
macro_rules! by_bit {
    ($hot:ident; $($Opcode:path => $run:expr,)*) => {
        $(
            if $hot & (1 << $Opcode as u16) != 0 {
                $run;
                continue;
            }
        )*
    };
}

/// Runs the steps on a group or a point with vectors of type `V`, which has one lane for a point.
///
/// # Safety
/// As [`super::run_steps`]; and the processor must have the instructions of `V`.
#[inline(always)]
pub(super) unsafe fn run<V: Simd, S: Target>(context: &CallContext<'_>, steps: &[Step], group: &S) -> Option<Flip> {
    const { assert!(S::ONE == (V::LANES == 1)) };
    let mut flip = None;
    let lanes = group.lanes();
    let mut steps = steps.iter();
    while let Some(step) = steps.next() {
        // SAFETY: there is a column at every place of a step.
        let at = |place: u32| unsafe { group.at(place) };
        let (out, a) = (at(step.out), at(step.a));
        let cell = |k: usize| !S::ONE && step.cells >> k & 1 == 1;
        // A macro, since a closure that is not inlined costs a call for each step.
        macro_rules! operand {
            ($place:ident $k:literal) => {
                Operand::new(at(step.$place), cell($k))
            };
        }
        // What SAFETY below means by the table: every place holds `lanes` numbers, or one if it is
        // marked as a cell; results do not go to inputs; two columns are the same or do not overlap
        // (the invariant of the target); an operand that is read as a column is one (`Layout::check`).
        macro_rules! one {
            ($x:ident => $y:expr) => {
                // SAFETY: the table.
                unsafe {
                    each!(V, out, lanes, i => {
                        let $x = V::load(a.add(i));
                        $y
                    })
                }
            };
        }
        macro_rules! two {
            ($x:ident, $y:ident => $z:expr $(, $mend:expr)?) => {{
                let [a, b] = [operand!(a 0), operand!(b 1)];
                // SAFETY: the table.
                unsafe {
                    each!(V, out, lanes, i => {
                        let ($x, $y): (V, V) = (a.vector(i), b.vector(i));
                        let z = $z;
                        $(let [z] = mended([z], [a, b, b], i, $mend);)?
                        z
                    })
                }
            }};
        }
        macro_rules! three {
            ($x:ident, $y:ident, $z:ident => $w:expr $(, $mend:expr)?) => {{
                let [a, b, c] = [operand!(a 0), operand!(b 1), operand!(c 2)];
                // SAFETY: the table.
                unsafe {
                    each!(V, out, lanes, i => {
                        let ($x, $y, $z): (V, V, V) = (a.vector(i), b.vector(i), c.vector(i));
                        let w = $w;
                        $(let [w] = mended([w], [a, b, c], i, $mend);)?
                        w
                    })
                }
            }};
        }
        // The most common steps are compiled for each combination of cells and columns, where vectors
        // are fast.
        macro_rules! static_two {
            ($A:literal $B:literal, $x:ident, $y:ident => $z:expr $(, $mend:expr)?) => {
                // SAFETY: the table.
                unsafe {
                    let (a, b) = (StaticOperand::<V, $A>::new(operand!(a 0)), StaticOperand::<V, $B>::new(operand!(b 1)));
                    turns!(V, out, lanes, i => {
                        let ($x, $y) = (a.vector(i), b.vector(i));
                        $z
                    } $(, [operand!(a 0), operand!(b 1), operand!(b 1)], $mend)?)
                }
            };
        }
        macro_rules! fast_two {
            ($($formula:tt)+) => {
                if V::FMA && !S::ONE {
                    if cell(0) {
                        static_two!(true false, $($formula)+)
                    } else if cell(1) {
                        static_two!(false true, $($formula)+)
                    } else {
                        static_two!(false false, $($formula)+)
                    }
                } else {
                    two!($($formula)+)
                }
            };
        }
        macro_rules! static_three {
            ($A:literal $C:literal, $x:ident, $y:ident, $z:ident => $w:expr $(, $mend:expr)?) => {
                // SAFETY: the table: the second operand is a column.
                unsafe {
                    let a = StaticOperand::<V, $A>::new(operand!(a 0));
                    let b = StaticOperand::<V, false>::new(operand!(b 1));
                    let c = StaticOperand::<V, $C>::new(operand!(c 2));
                    turns!(V, out, lanes, i => {
                        let ($x, $y, $z) = (a.vector(i), b.vector(i), c.vector(i));
                        $w
                    } $(, [operand!(a 0), operand!(b 1), operand!(c 2)], $mend)?)
                }
            };
        }
        macro_rules! fast_three {
            ($($formula:tt)+) => {
                if V::FMA && !S::ONE {
                    if cell(0) {
                        if cell(2) {
                            static_three!(true true, $($formula)+)
                        } else {
                            static_three!(true false, $($formula)+)
                        }
                    } else if cell(2) {
                        static_three!(false true, $($formula)+)
                    } else {
                        static_three!(false false, $($formula)+)
                    }
                } else {
                    three!($($formula)+)
                }
            };
        }
        macro_rules! sum {
            ($x:ident, $y:ident => $z:expr) => {{
                let [a, b] = [operand!(a 0), operand!(b 1)];
                let (_, sum) = context.layout.outlets[step.aux as usize];
                // SAFETY: the table; there is room for the strands of every sum, and for a number
                // in the output of a single point.
                unsafe {
                    match group.strands(sum) {
                        Some((sums, strand)) => add_up!(V, sums, group.active(), strand, group.is_fresh(), i => {
                            let ($x, $y): (V, V) = (a.vector(i), b.vector(i));
                            $z
                        }),
                        None => {
                            let ($x, $y): (V, V) = (a.vector(0), b.vector(0));
                            ($z).store(group.output(step.aux));
                        }
                    }
                }
            }};
        }
        // Common opcodes are found by branches, which processors predict. A jump through a table costs as much as
        // sixteen vectors where the processor does not predict its target, as on many virtual machines.
        let hot = step.hot;
        by_bit! { hot;
            Opcode::Add => fast_two!(x, y => x + y),
            Opcode::Gmul => fast_two!(x, y => x * y, |[x, y, _]| x.gmul(y)),
            Opcode::Mul => fast_two!(x, y => x * y),
            Opcode::GmulThenAdd => fast_three!(x, y, z => x * y + z, |[x, y, z]| x.gmul(y) + z),
            Opcode::MulThenAdd => fast_three!(x, y, z => x * y + z),
            Opcode::FusedGmulAdd => fast_three!(x, y, z => x.madd(y, z), |[x, y, z]| mend_fused::<V>(x, y, z)),
            Opcode::FusedMulAdd => fast_three!(x, y, z => x.madd(y, z)),
            Opcode::Sub => fast_two!(x, y => x - y),
        }
        if hot != 0 {
            by_bit! { hot;
                // SAFETY: as for `one`.
                Opcode::Kernel => unsafe {
                    if kernel::<V, S>(context, step, steps.as_slice().first(), group) {
                        steps.next();
                    }
                },
                Opcode::Neg => one!(x => arith::neg(x)),
                Opcode::Div => two!(x, y => x / y),
                Opcode::SumGmul => sum!(x, y => arith::gmul(x, y)),
                Opcode::SumMul => sum!(x, y => x * y),
                Opcode::Sum => sum!(x, _y => x),
                // SAFETY: as for `one`; a step stores to that output.
                Opcode::Store => unsafe { store(step, group, a) },
                // SAFETY: as for `one`.
                Opcode::Power => unsafe { power::<V>(out, a, lanes, context.layout.calls[step.aux as usize].1) },
            }
        }
        macro_rules! other_arms {
            (
                arms { $($_:tt)* }
                one { $($One:ident $one:ident,)+ }
                two { $($Two:ident $two:ident,)+ }
                three { $($Three:ident $three:ident,)+ }
            ) => {
                match step.opcode {
                    $(Opcode::$One => one!(x => arith::$one(x)),)+
                    $(Opcode::$Two => two!(x, y => arith::$two(x, y)),)+
                    $(Opcode::$Three => three!(x, y, z => arith::$three(x, y, z)),)+
                    Opcode::Copy => one!(x => x),
                    Opcode::RecipPos => two!(x, y => arith::recip_pos(x, y)),
                    Opcode::Gdiv => two!(x, y => x / y, |[x, y, _]| x.gdiv(y)),
                    Opcode::MulThenSub => three!(x, y, z => x * y - z),
                    Opcode::SubMul => three!(x, y, z => z - x * y),
                    Opcode::GmulThenSub => three!(x, y, z => x * y - z, |[x, y, z]| x.gmul(y) - z),
                    Opcode::SubGmul => three!(x, y, z => z - x * y, |[x, y, z]| z - x.gmul(y)),
                    Opcode::FusedMulSub => three!(x, y, z => x.madd(y, -z)),
                    Opcode::FusedSubMul => three!(x, y, z => x.nmadd(y, z)),
                    Opcode::FusedGmulSub => three!(x, y, z => x.madd(y, -z), |[x, y, z]| mend_fused::<V>(x, y, -z)),
                    Opcode::FusedSubGmul => three!(x, y, z => x.nmadd(y, z), |[x, y, z]| mend_fused::<V>(-x, y, z)),
                    Opcode::MulAdd if V::FMA => three!(x, y, z => x.madd(y, z)),
                    // SAFETY: as for `one`.
                    Opcode::MulAdd | Opcode::Scalar => unsafe { by_scalars(context, step, group, &mut flip) },
                    // SAFETY: as for `one`.
                    Opcode::Check => unsafe { check(context, step, group, [operand!(a 0), operand!(b 1)], &mut flip) },
                    _ => unreachable!("{:?} is one of the common opcodes", step.opcode),
                }
            };
        }
        for_each_opcode!(other_arms);
    }
    flip
}

/// Runs a lane kernel, in a group together with the next step where a kernel computes both: then it returns true. The
/// exponential of a single point, which is common, runs without a call. Safety: as for `one` in [`run`].
#[inline(always)]
unsafe fn kernel<V: Simd, S: Target>(context: &CallContext<'_>, step: &Step, next: Option<&Step>, group: &S) -> bool {
    let kernel = |step: &Step| context.kernels[step.aux as usize];
    // SAFETY: the caller's promise; the kernel is of this instruction set. The next step reads the same column, since this
    // one does not write to it.
    unsafe {
        let (out, a) = (group.at(step.out), group.at(step.a));
        if !S::ONE {
            if let Some(next) = next
                && (next.opcode, next.a) == (Opcode::Kernel, step.a)
                && step.out != step.a
                && step.out != next.out
            {
                let (other, outs) = ((kernel(next), next.aux), [out, group.at(next.out)]);
                if kernel(step).run_both(other, outs, a, group.lanes()) {
                    return true;
                }
            }
            kernel(step).run(out, a, group.lanes());
        } else if step.aux == Unary::Exp as u32 {
            exp(V::load(a)).store(out);
        } else {
            *out = kernel(step).one(*a);
        }
    }
    false
}

/// Stores the points of a column to an output, or a cell once for each point. Safety: as for `one` in
/// [`run`]; the step must store there.
#[inline(always)]
unsafe fn store<S: Target>(step: &Step, group: &S, a: *const f64) {
    // SAFETY: the output has room for the points, and does not overlap the table.
    unsafe {
        let to = group.output(step.aux);
        if S::ONE || step.cells & 1 == 1 {
            for k in 0..group.active() {
                *to.add(k) = *a;
            }
        } else {
            std::ptr::copy_nonoverlapping(a, to, group.active());
        }
    }
}

/// Checks a guard, and keeps its flip if it is the earliest. It is not inlined, so that other steps do
/// not pay for it. Safety: as for `one` in [`run`].
#[inline(never)]
unsafe fn check<S: Target>(
    context: &CallContext<'_>,
    step: &Step,
    group: &S,
    [x, y]: [Operand; 2],
    flip: &mut Option<Flip>,
) {
    let check = &context.checks[step.aux as usize];
    // SAFETY: the caller's promise.
    let mut pairs = (0..group.active()).map(|k| unsafe { (x.number(k), y.number(k)) });
    let flipped = |(x, y)| check.relation.holds(x, y) != check.recorded;
    if let Some(lane) = pairs.position(flipped) {
        *flip = earlier(*flip, Some(Flip { point: group.first() + lane, guard: step.aux, cause: Cause::Guard }));
    }
}

/// A guarded product and a sum, for lanes where the plain form gave NaN. Rounds once or twice, as the
/// vectors do. A guarded product by 0 is 0.
fn mend_fused<V: Simd>(x: f64, y: f64, z: f64) -> f64 {
    let product = x * y;
    match (x == 0.0 || y == 0.0, V::FMA) {
        (true, _) if product.is_nan() => 0.0 + z,
        (_, true) => x.mul_add(y, z),
        (_, false) => product + z,
    }
}

/// A derivative of a power: by a few basic operations where `x` is neither huge nor tiny, by the scalar function
/// elsewhere. Safety: as for `one` in [`run`].
#[inline(always)]
unsafe fn power<V: Simd>(out: *mut f64, a: *const f64, lanes: usize, imm: Imm) {
    let (c, q) = easy_power(imm).unwrap_or((f64::NAN, f64::NAN));
    let k = V::splat(c);
    let (low, high) = (V::splat(1e-290), V::splat(1e290));
    let root = q == 0.5 || q == -0.5;
    let mut i = 0;
    while i < lanes {
        // SAFETY: as for `one`.
        let x = unsafe { V::load(a.add(i)) };
        // The operations and their order are those of the scalar function, so the bits are equal.
        let y = match q {
            2.0 => k * (x * x),
            3.0 => k * (x * x * x),
            0.5 => k * x.sqrt(),
            -0.5 => k / x.sqrt(),
            -2.0 => k / x / x,
            _ => k / x,
        };
        let size = if root { x } else { x.abs() };
        let easy = low.lt(size) & size.lt(high);
        let mut left = 0;
        if !V::all(easy) {
            left = !V::mask_bits(easy);
        }
        let mut xs = [0.0; MULTIPLE];
        // SAFETY: no vector is longer; the place is valid for `lanes` numbers.
        unsafe {
            x.store(xs.as_mut_ptr());
            y.store(out.add(i));
            for (lane, &x) in xs.iter().enumerate().take(V::LANES) {
                if left >> lane & 1 == 1 {
                    *out.add(i + lane) = apply_unchecked(Op::Powd, imm, &[x]);
                }
            }
        }
        i += V::LANES;
    }
}

/// Runs a step by the scalar function of its op, on the lanes that are points. The other lanes get
/// copies of the last point. Safety: as [`super::run_steps`].
#[inline(never)]
unsafe fn by_scalars<S: Target>(context: &CallContext<'_>, step: &Step, group: &S, flip: &mut Option<Flip>) {
    let (op, imm) = match step.opcode {
        Opcode::Scalar if context.layout.calls[step.aux as usize].0 == Op::External => {
            let imm = context.layout.calls[step.aux as usize].1;
            // SAFETY: the caller's promise.
            return unsafe { external(context, step, Role::of(imm), group, flip) };
        }
        Opcode::Scalar => context.layout.calls[step.aux as usize],
        _ => (Op::MulAdd, wengert::NO_IMM),
    };
    let places = [step.a, step.b, step.c];
    let count = operand_count(op, imm).unwrap_or(0);
    // SAFETY: there is a column at every place of a step.
    let (columns, out) = unsafe {
        let at = |place: u32| group.at(place);
        (places.map(at), at(step.out))
    };
    let mut last = 0.0;
    for k in 0..group.active() {
        let mut x = [0.0; 3];
        for (j, x) in x.iter_mut().enumerate().take(count) {
            let lane = if step.cells >> j & 1 == 1 { 0 } else { k };
            // SAFETY: columns have `lanes` numbers, which is at least `active`.
            *x = unsafe { *columns[j].add(lane) };
        }
        last = apply_unchecked(op, imm, &x[..count]);
        // SAFETY: the same; `out` is a cell or slot, which may be written.
        unsafe { *out.add(k) = last };
    }
    for k in group.active()..group.lanes() {
        // SAFETY: as above.
        unsafe { *out.add(k) = last };
    }
}

/// Runs a step of a call of a user's function, as [`by_scalars`] runs others. Where the function fails, its outputs are
/// NaN, and the call gets the error. Safety: as [`super::run_steps`].
#[inline(never)]
unsafe fn external<S: Target>(
    context: &CallContext<'_>,
    step: &Step,
    (number, role): (usize, Role),
    group: &S,
    flip: &mut Option<Flip>,
) {
    let layout = context.layout;
    let site = &layout.sites[number];
    let (active, lanes) = (group.active(), group.lanes());
    // A cell of a group has fewer numbers than a column, all the same.
    let is_cell = |place: u32| (layout.inputs..layout.inputs + layout.cells).contains(&place);
    // SAFETY: `Layout::check`: there is a column at every place of a step, and at those of the inputs and outputs of a
    // call. Columns have `lanes` numbers, and are read where they were written. Results do not go to inputs.
    unsafe {
        let read = |place: u32, lane: usize| *group.at(place).add(if is_cell(place) { 0 } else { lane });
        let write = |place: u32, lane: usize, number: f64| *group.at(place).add(lane) = number;
        // The lanes that are not points get what the last point has.
        let point = |lane: usize| lane.min(active - 1);
        match role {
            Role::Input(_) => (0..lanes).for_each(|lane| write(step.out, lane, read(step.a, point(lane)))),
            Role::Output(k) => (0..lanes).for_each(|lane| write(step.out, lane, read(site.first + k, point(lane)))),
            Role::Call => {
                // The room is for any call, and nobody else has it.
                let numbers = std::slice::from_raw_parts_mut(group.calls(), site.numbers());
                let (x, y) = numbers.split_at_mut(site.inputs.len());
                for lane in 0..active {
                    for (x, &place) in x.iter_mut().zip(&site.inputs) {
                        *x = read(place, lane);
                    }
                    let cause = Cause::Function(number as u32);
                    let failure = Flip { point: group.first() + lane, guard: site.checks, cause };
                    if context.failures.cover(failure) {
                        y.fill(f64::NAN);
                    } else if let Err(error) = call_external(&*site.function, x, y) {
                        y.fill(f64::NAN);
                        context.failures.note(failure, error);
                        *flip = earlier(*flip, Some(failure));
                    }
                    for (&y, place) in y.iter().zip(site.first..) {
                        write(place, lane, y);
                    }
                }
                for lane in active..lanes {
                    (site.first..site.first + site.outputs)
                        .for_each(|place| write(place, lane, read(place, active - 1)));
                }
                (0..lanes).for_each(|lane| write(step.out, lane, 0.0));
            }
        }
    }
}
