//! The interpreter: one arm for each code of [`crate::machine`]. Read `columns.rs` next.

use wengert::{Imm, Op, Scalar};

use super::columns::{Operand, Sorted, add_up, each, mended, turns};
use super::{Block, Flip, Machinery, STRANDS, first_flip};
use crate::code::Step;
use crate::ir::operand_count;
use crate::lanes::{Simd, arith};
use crate::machine::{Code, easy_power};

/// Runs the steps on the block with vectors of this kind.
///
/// `FOUR` says that the columns are dense, with four lanes: every loop is one turn then.
///
/// # Safety
/// As [`super::run_steps`]; and the processor must have the instructions of `V`.
#[inline(always)]
pub(super) unsafe fn run<V: Simd, const FOUR: bool>(
    machinery: &Machinery<'_>,
    steps: &[Step],
    block: &Block,
) -> Option<Flip> {
    let mut flip = None;
    let lanes = if FOUR { 4 } else { block.lanes };
    for step in steps {
        // SAFETY: there is a column at every place of a step.
        let at = |place: u32| unsafe { block.columns.at::<FOUR>(place) };
        let (out, a) = (at(step.out), at(step.a));
        let operand = |k: usize| Operand::new(at([step.a, step.b, step.c][k]), !FOUR && step.cells >> k & 1 == 1);
        // Every place holds four numbers at least, and all that are read as columns `lanes`;
        // results go to cells and slots; columns are the same or apart. What is not marked as a
        // cell but is one is read by steps of the prologue, on four lanes. This is what every
        // SAFETY below means by the table.
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
                let [a, b] = [operand(0), operand(1)];
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
                let [a, b, c] = [operand(0), operand(1), operand(2)];
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
        // What most programs are made of is compiled for each sort of operands, where vectors are
        // fast to begin with.
        macro_rules! sorted_two {
            ($A:literal $B:literal, $x:ident, $y:ident => $z:expr $(, $mend:expr)?) => {
                // SAFETY: the table.
                unsafe {
                    let (a, b) = (Sorted::<V, $A>::new(operand(0)), Sorted::<V, $B>::new(operand(1)));
                    turns!(V, out, lanes, i => {
                        let ($x, $y) = (a.vector(i), b.vector(i));
                        $z
                    } $(, [operand(0), operand(1), operand(1)], $mend)?)
                }
            };
        }
        macro_rules! fast_two {
            ($($formula:tt)+) => {
                if V::FMA && !FOUR {
                    match step.cells & 3 {
                        1 => sorted_two!(true false, $($formula)+),
                        2 => sorted_two!(false true, $($formula)+),
                        _ => sorted_two!(false false, $($formula)+),
                    }
                } else {
                    two!($($formula)+)
                }
            };
        }
        macro_rules! sorted_three {
            ($A:literal $C:literal, $x:ident, $y:ident, $z:ident => $w:expr $(, $mend:expr)?) => {
                // SAFETY: the table. A second operand that is a cell has a first one that is, too,
                // which makes it a step of the prologue.
                unsafe {
                    let a = Sorted::<V, $A>::new(operand(0));
                    let b = Sorted::<V, false>::new(operand(1));
                    let c = Sorted::<V, $C>::new(operand(2));
                    turns!(V, out, lanes, i => {
                        let ($x, $y, $z) = (a.vector(i), b.vector(i), c.vector(i));
                        $w
                    } $(, [operand(0), operand(1), operand(2)], $mend)?)
                }
            };
        }
        macro_rules! fast_three {
            ($($formula:tt)+) => {
                if V::FMA && !FOUR {
                    match step.cells & 5 {
                        1 => sorted_three!(true false, $($formula)+),
                        4 => sorted_three!(false true, $($formula)+),
                        5 => sorted_three!(true true, $($formula)+),
                        _ => sorted_three!(false false, $($formula)+),
                    }
                } else {
                    three!($($formula)+)
                }
            };
        }
        macro_rules! sum {
            ($x:ident, $y:ident => $z:expr) => {{
                let [a, b] = [operand(0), operand(1)];
                // SAFETY: the table; there is room for the strands of every sum.
                unsafe {
                    let sums = block.sums.add(step.aux as usize * STRANDS);
                    add_up!(V, sums, block.active, block.strand, i => {
                        let ($x, $y): (V, V) = (a.vector(i), b.vector(i));
                        $z
                    })
                }
            }};
        }
        match step.code {
            Code::Copy => one!(x => x),
            Code::Neg => one!(x => arith::neg(x)),
            Code::Abs => one!(x => arith::abs(x)),
            Code::Recip => one!(x => arith::recip(x)),
            Code::Sqrt => one!(x => arith::sqrt(x)),
            Code::Sign => one!(x => arith::sign(x)),
            Code::Step => one!(x => arith::step(x)),
            Code::Relu => one!(x => arith::relu(x)),
            Code::Flat => one!(x => arith::flat(x)),
            Code::Floor => one!(x => arith::floor(x)),
            Code::Ceil => one!(x => arith::ceil(x)),
            Code::Trunc => one!(x => arith::trunc(x)),
            Code::Round => one!(x => arith::round(x)),
            Code::Fract => one!(x => arith::fract(x)),
            Code::Add => fast_two!(x, y => x + y),
            Code::Sub => fast_two!(x, y => x - y),
            Code::Mul => fast_two!(x, y => x * y),
            Code::Div => two!(x, y => x / y),
            Code::Max => two!(x, y => arith::max(x, y)),
            Code::Min => two!(x, y => arith::min(x, y)),
            Code::Copysign => two!(x, y => arith::copysign(x, y)),
            Code::Prefer => two!(x, y => arith::prefer(x, y)),
            Code::RecipPos => two!(x, y => arith::recip_pos(x, y)),
            Code::Gmul => fast_two!(x, y => x * y, |[x, y, _]| x.gmul(y)),
            Code::Gdiv => two!(x, y => x / y, |[x, y, _]| x.gdiv(y)),
            Code::Lt => two!(x, y => arith::lt(x, y)),
            Code::Le => two!(x, y => arith::le(x, y)),
            Code::Gt => two!(x, y => arith::gt(x, y)),
            Code::Ge => two!(x, y => arith::ge(x, y)),
            Code::Eq => two!(x, y => arith::eq(x, y)),
            Code::Ne => two!(x, y => arith::ne(x, y)),
            Code::Select => three!(c, x, y => arith::select(c, x, y)),
            Code::MulThenAdd => fast_three!(x, y, z => x * y + z),
            Code::MulThenSub => three!(x, y, z => x * y - z),
            Code::SubMul => three!(x, y, z => z - x * y),
            Code::GmulThenAdd => {
                fast_three!(x, y, z => x * y + z, |[x, y, z]| x.gmul(y) + z)
            }
            Code::GmulThenSub => three!(x, y, z => x * y - z, |[x, y, z]| x.gmul(y) - z),
            Code::SubGmul => three!(x, y, z => z - x * y, |[x, y, z]| z - x.gmul(y)),
            Code::FusedMulAdd => fast_three!(x, y, z => x.madd(y, z)),
            Code::FusedMulSub => three!(x, y, z => x.madd(y, -z)),
            Code::FusedSubMul => three!(x, y, z => x.nmadd(y, z)),
            Code::FusedGmulAdd => {
                fast_three!(x, y, z => x.madd(y, z), |[x, y, z]| mend_fused::<V>(x, y, z))
            }
            Code::FusedGmulSub => three!(x, y, z => x.madd(y, -z), |[x, y, z]| mend_fused::<V>(x, y, -z)),
            Code::FusedSubGmul => three!(x, y, z => x.nmadd(y, z), |[x, y, z]| mend_fused::<V>(-x, y, z)),
            Code::Sum => sum!(x, _y => x),
            Code::SumMul => sum!(x, y => x * y),
            Code::SumGmul => sum!(x, y => arith::gmul(x, y)),
            Code::MulAdd if V::FMA => three!(x, y, z => x.madd(y, z)),
            Code::Power => {
                let (_, imm) = machinery.layout.calls[step.aux as usize];
                // SAFETY: as for `one`.
                unsafe { power::<V>(out, a, lanes, imm) }
            }
            Code::Kernel => {
                let kernel = machinery.kernels[step.aux as usize];
                // SAFETY: as for `one`; the kernel is of this instruction set.
                unsafe { kernel.run(out, a, lanes) }
            }
            // SAFETY: as for `one`.
            Code::MulAdd | Code::Scalar => unsafe { by_scalars::<FOUR>(machinery, step, block) },
            Code::Store => {
                // SAFETY: the output has room for `active` numbers from `first` on, and is the
                // caller's: apart from the table.
                unsafe {
                    let to = (*block.outputs.add(step.aux as usize)).add(block.first);
                    if step.cells & 1 == 1 {
                        for k in 0..block.active {
                            *to.add(k) = *a;
                        }
                    } else {
                        std::ptr::copy_nonoverlapping(a, to, block.active);
                    }
                }
            }
            Code::Check => {
                let check = &machinery.checks[step.aux as usize];
                let (x, y) = (operand(0), operand(1));
                // SAFETY: as for `one`.
                let pairs = (0..block.active).map(|k| unsafe { (x.number(k), y.number(k)) });
                if let Some(lane) = first_flip(check.relation, check.recorded, pairs) {
                    let this = (block.first + lane, step.aux);
                    flip = Some(flip.map_or(this, |flip: Flip| flip.min(this)));
                }
            }
        }
    }
    flip
}

/// A guarded product and a sum, rounded once or twice as the vectors do, where the plain form gave
/// NaN: a product of 0 and whatever it is with is 0.
fn mend_fused<V: Simd>(x: f64, y: f64, z: f64) -> f64 {
    let product = x * y;
    match (x == 0.0 || y == 0.0, V::FMA) {
        (true, _) if product.is_nan() => 0.0 + z,
        (_, true) => x.mul_add(y, z),
        (_, false) => product + z,
    }
}

/// A derivative of a power by few exact operations where `x` is of middling size, by the scalar
/// function elsewhere. Safety: as [`one`].
#[inline(always)]
unsafe fn power<V: Simd>(out: *mut f64, a: *const f64, lanes: usize, imm: Imm) {
    let (c, q) = easy_power(imm).unwrap_or((f64::NAN, f64::NAN));
    let k = V::splat(c);
    let (low, high) = (V::splat(1e-290), V::splat(1e290));
    let root = q == 0.5 || q == -0.5;
    let mut i = 0;
    while i < lanes {
        // SAFETY: as in `one`.
        let x = unsafe { V::load(a.add(i)) };
        // The order of operations is that of the scalar function, and so are the bits.
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
        let mut xs = [0.0; 4];
        // SAFETY: no vector is longer than 4; the place is valid for `lanes` numbers.
        unsafe {
            x.store(xs.as_mut_ptr());
            y.store(out.add(i));
            for (lane, &x) in xs.iter().enumerate().take(V::LANES) {
                if left >> lane & 1 == 1 {
                    *out.add(i + lane) = f64::apply(Op::Powd, imm, &[x]);
                }
            }
        }
        i += V::LANES;
    }
}

/// Runs a step by the scalar function of its op, on the lanes that are points; the others become
/// copies of the last. Safety: as [`super::run_steps`].
#[inline(never)]
unsafe fn by_scalars<const FOUR: bool>(machinery: &Machinery<'_>, step: &Step, block: &Block) {
    let (op, imm) = match step.code {
        Code::Scalar => machinery.layout.calls[step.aux as usize],
        _ => (Op::MulAdd, wengert::NO_IMM),
    };
    let places = [step.a, step.b, step.c];
    let count = operand_count(op).unwrap_or(0);
    // SAFETY: there is a column at every place of a step.
    let (columns, out) = unsafe {
        let at = |place: u32| block.columns.at::<FOUR>(place);
        (places.map(at), at(step.out))
    };
    let mut last = 0.0;
    for k in 0..block.active {
        let mut x = [0.0; 3];
        for (j, x) in x.iter_mut().enumerate().take(count) {
            let lane = if step.cells >> j & 1 == 1 { 0 } else { k };
            // SAFETY: columns have `lanes` numbers, of which there are `active` at least.
            *x = unsafe { *columns[j].add(lane) };
        }
        last = f64::apply(op, imm, &x[..count]);
        // SAFETY: the same; it is a cell or slot, that is, ours to write.
        unsafe { *out.add(k) = last };
    }
    for k in block.active..block.lanes {
        // SAFETY: as above.
        unsafe { *out.add(k) = last };
    }
}
