//! Tests of `arith.rs` and of the vectors: their bits are those of the scalar operations, on every instruction
//! set.

use super::tests::{SPECIAL, SWEEP, SplitMix, fuses, same};
#[cfg(target_arch = "x86_64")]
use super::{Avx2, Avx512, Sse2};
use super::{InstructionSet, Kind, MULTIPLE, Portable, Simd, arith};

/// The ops, each by a formula of vectors and a formula of numbers that must agree. `fma` says whether the vectors round
/// sums of products once. For each instruction set, makes one function that runs any of the ops on [`MULTIPLE`] lanes.
macro_rules! ops {
    ($fma:ident; $($name:ident |$($x:ident),+| $vector:expr => $scalar:expr;)*) => {
        const NAMES: &[&str] = &[$(stringify!($name)),*];

        fn scalar(name: &str, $fma: bool, operands: [f64; 3]) -> f64 {
            match name {
                $(stringify!($name) => {
                    let [$($x,)+ ..] = operands;
                    $scalar
                })*
                _ => panic!("no op {name}"),
            }
        }

        ops!(@isa portable Portable, inline(never), $($name |$($x),+| $vector;)*);
        #[cfg(target_arch = "x86_64")]
        ops!(@isa avx512 Avx512, target_feature(enable = "avx512f,avx512dq,avx2,fma"), $($name |$($x),+| $vector;)*);
        #[cfg(target_arch = "x86_64")]
        ops!(@isa avx2 Avx2, target_feature(enable = "avx2,fma"), $($name |$($x),+| $vector;)*);
        #[cfg(target_arch = "x86_64")]
        ops!(@isa sse2 Sse2, target_feature(enable = "sse2"), $($name |$($x),+| $vector;)*);
    };
    (@isa $isa:ident $V:ty, $attr:meta, $($name:ident |$($x:ident),+| $vector:expr;)*) => {
        #[$attr]
        unsafe fn $isa(name: &str, operands: &[[f64; MULTIPLE]; 3]) -> [f64; MULTIPLE] {
            let mut out = [0.0; MULTIPLE];
            let mut i = 0;
            while i < MULTIPLE {
                // SAFETY: the vectors end at `MULTIPLE`.
                let vectors = [0, 1, 2].map(|k| unsafe { <$V>::load(operands[k].as_ptr().add(i)) });
                let y = match name {
                    $(stringify!($name) => {
                        let [$($x,)+ ..] = vectors;
                        $vector
                    })*
                    _ => panic!("no op {name}"),
                };
                // SAFETY: as above.
                unsafe { y.store(out.as_mut_ptr().add(i)) };
                i += <$V>::LANES;
            }
            out
        }
    };
}

const NAN: f64 = f64::NAN;

fn guard(zero: bool, x: f64) -> f64 {
    if zero && x.is_nan() { 0.0 } else { x }
}

fn unless_nan(x: f64, y: f64) -> f64 {
    if x.is_nan() { x } else { y }
}

fn either_nan(x: f64, y: f64) -> bool {
    x.is_nan() || y.is_nan()
}

fn mul_add(fma: bool, x: f64, y: f64, z: f64) -> f64 {
    if fma { x.mul_add(y, z) } else { x * y + z }
}

ops! { fma;
    plus |x, y| x + y => x + y;
    minus |x, y| x - y => x - y;
    times |x, y| x * y => x * y;
    over |x, y| x / y => x / y;
    madd |x, y, z| x.madd(y, z) => mul_add(fma, x, y, z);
    nmadd |x, y, z| x.nmadd(y, z) => mul_add(fma, -x, y, z);
    neg |x| arith::neg(x) => -x;
    abs |x| arith::abs(x) => x.abs();
    recip |x| arith::recip(x) => 1.0 / x;
    sqrt |x| arith::sqrt(x) => x.sqrt();
    sign |x| arith::sign(x) => if x == 0.0 { 0.0 } else { x.signum() };
    step |x| arith::step(x) => unless_nan(x, f64::from(x > 0.0));
    relu |x| arith::relu(x) => if x <= 0.0 { 0.0 } else { x };
    flat |x| arith::flat(x) => unless_nan(x, 0.0);
    floor |x| arith::floor(x) => x.floor();
    ceil |x| arith::ceil(x) => x.ceil();
    trunc |x| arith::trunc(x) => x.trunc();
    round |x| arith::round(x) => x.round();
    fract |x| arith::fract(x) => x.fract();
    max |x, y| arith::max(x, y) => {
        if either_nan(x, y) { NAN } else if x > y || x == y && x.is_sign_positive() { x } else { y }
    };
    min |x, y| arith::min(x, y) => {
        if either_nan(x, y) { NAN } else if x < y || x == y && x.is_sign_negative() { x } else { y }
    };
    copysign |x, y| arith::copysign(x, y) => x.copysign(y);
    prefer |x, y| arith::prefer(x, y) => {
        if either_nan(x, y) { NAN } else { 0.5 * (f64::from(x >= y) + f64::from(x > y)) }
    };
    recip_pos |x, c| arith::recip_pos(x, c) => if x >= 0.0 { c / x.abs() } else { NAN };
    gmul |x, y| arith::gmul(x, y) => guard(x == 0.0 || y == 0.0, x * y);
    lt |x, y| arith::lt(x, y) => f64::from(x < y);
    le |x, y| arith::le(x, y) => f64::from(x <= y);
    gt |x, y| arith::gt(x, y) => f64::from(x > y);
    ge |x, y| arith::ge(x, y) => f64::from(x >= y);
    eq |x, y| arith::eq(x, y) => f64::from(x == y);
    ne |x, y| arith::ne(x, y) => f64::from(x != y);
    select |c, x, y| arith::select(c, x, y) => if c != 0.0 { x } else { y };
}

/// All pairs of special points with some third one, then random triples, many with special or equal
/// points.
fn triples() -> Vec<[f64; 3]> {
    let mut all = Vec::new();
    for x in SPECIAL {
        for y in SPECIAL {
            for z in [0.0, -0.0, 1.0, f64::NAN, f64::INFINITY, x] {
                all.push([x, y, z]);
            }
        }
    }
    let mut random = SplitMix(9);
    for _ in 0..SWEEP / 10 {
        let [x, y, z] = [random.point(), random.point(), random.point()];
        let pick = random.bits();
        let odd = SPECIAL[(pick >> 8) as usize % SPECIAL.len()];
        all.push(match pick % 4 {
            0 => [x, x, z],
            1 => [odd, y, z],
            2 => [x, odd, z],
            _ => [x, y, z],
        });
    }
    all
}

#[test]
fn small_ops_have_the_bits_of_the_scalar_ones() {
    let triples = triples();
    for isa in InstructionSet::available() {
        for name in NAMES {
            for triples in triples.chunks_exact(MULTIPLE) {
                let operands = [0, 1, 2].map(|k| std::array::from_fn(|i| triples[i][k]));
                // SAFETY: an `InstructionSet` exists only where the processor has the instructions.
                let got = unsafe {
                    match isa.kind() {
                        #[cfg(target_arch = "x86_64")]
                        Kind::Avx512 => avx512(name, &operands),
                        #[cfg(target_arch = "x86_64")]
                        Kind::Avx2Fma => avx2(name, &operands),
                        #[cfg(target_arch = "x86_64")]
                        Kind::Sse2 => sse2(name, &operands),
                        Kind::Portable => portable(name, &operands),
                    }
                };
                for (t, got) in triples.iter().zip(got) {
                    let want = scalar(name, fuses(isa), *t);
                    assert!(same(got, want), "{name} on {}: {t:?} gives {got:e}, not {want:e}", isa.name());
                }
            }
        }
    }
}
