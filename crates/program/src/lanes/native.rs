//! Tests of `arith.rs` and of the vectors: their bits are those of the scalar operations, on every instruction
//! set.

use super::tests::{SPECIAL, SWEEP, SplitMix, fuses, same};
#[cfg(target_arch = "x86_64")]
use super::{Avx2, Sse2};
use super::{InstructionSet, Kind, Portable, Simd, arith};

/// The ops, each with the scalar operation that it must agree with. For each instruction set, makes one function that
/// runs any of the ops on four lanes.
macro_rules! ops {
    ($($name:ident($($x:ident),+) $vector:expr => $scalar:expr;)*) => {
        const NAMES: &[&str] = &[$(stringify!($name)),*];

        fn scalar(name: &str, fma: bool, [a, b, c]: [f64; 3]) -> f64 {
            let _ = fma;
            match name {
                $(stringify!($name) => {
                    ops!(@call $scalar, fma, a, b, c; $($x),+)
                })*
                _ => panic!("no op {name}"),
            }
        }

        ops!(@isa portable Portable, inline(never), $($name($($x),+) $vector;)*);
        #[cfg(target_arch = "x86_64")]
        ops!(@isa avx2 Avx2, target_feature(enable = "avx2,fma"), $($name($($x),+) $vector;)*);
        #[cfg(target_arch = "x86_64")]
        ops!(@isa sse2 Sse2, target_feature(enable = "sse2"), $($name($($x),+) $vector;)*);
    };
    (@call $f:expr, $fma:ident, $a:ident, $b:ident, $c:ident; $x:ident) => { ($f)($fma, $a) };
    (@call $f:expr, $fma:ident, $a:ident, $b:ident, $c:ident; $x:ident, $y:ident) => { ($f)($fma, $a, $b) };
    (@call $f:expr, $fma:ident, $a:ident, $b:ident, $c:ident; $x:ident, $y:ident, $z:ident) => { ($f)($fma, $a, $b, $c) };
    (@isa $isa:ident $V:ty, $attr:meta, $($name:ident($($x:ident),+) $vector:expr;)*) => {
        #[$attr]
        unsafe fn $isa(name: &str, operands: &[[f64; 4]; 3]) -> [f64; 4] {
            type V = $V;
            let mut out = [0.0; 4];
            let mut i = 0;
            while i < 4 {
                // SAFETY: the vectors end at 4.
                let [a, b, c] = [0, 1, 2].map(|k| unsafe { V::load(operands[k].as_ptr().add(i)) });
                let _ = (a, b, c);
                let y = match name {
                    $(stringify!($name) => ops!(@vector $vector; a b c; $($x),+),)*
                    _ => panic!("no op {name}"),
                };
                // SAFETY: as above.
                unsafe { y.store(out.as_mut_ptr().add(i)) };
                i += V::LANES;
            }
            out
        }
    };
    (@vector $f:expr; $a:ident $b:ident $c:ident; $x:ident) => { $f($a) };
    (@vector $f:expr; $a:ident $b:ident $c:ident; $x:ident, $y:ident) => { $f($a, $b) };
    (@vector $f:expr; $a:ident $b:ident $c:ident; $x:ident, $y:ident, $z:ident) => { $f($a, $b, $c) };
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

ops! {
    plus(x, y) std::ops::Add::add => |_, x: f64, y: f64| x + y;
    minus(x, y) std::ops::Sub::sub => |_, x: f64, y: f64| x - y;
    times(x, y) std::ops::Mul::mul => |_, x: f64, y: f64| x * y;
    over(x, y) std::ops::Div::div => |_, x: f64, y: f64| x / y;
    madd(x, y, z) V::madd => mul_add;
    nmadd(x, y, z) V::nmadd => |fma, x: f64, y, z| mul_add(fma, -x, y, z);
    neg(x) arith::neg => |_, x: f64| -x;
    abs(x) arith::abs => |_, x: f64| x.abs();
    recip(x) arith::recip => |_, x: f64| 1.0 / x;
    sqrt(x) arith::sqrt => |_, x: f64| x.sqrt();
    sign(x) arith::sign => |_, x: f64| if x == 0.0 { 0.0 } else { x.signum() };
    step(x) arith::step => |_, x: f64| unless_nan(x, f64::from(x > 0.0));
    relu(x) arith::relu => |_, x: f64| if x <= 0.0 { 0.0 } else { x };
    flat(x) arith::flat => |_, x: f64| unless_nan(x, 0.0);
    floor(x) arith::floor => |_, x: f64| x.floor();
    ceil(x) arith::ceil => |_, x: f64| x.ceil();
    trunc(x) arith::trunc => |_, x: f64| x.trunc();
    round(x) arith::round => |_, x: f64| x.round();
    fract(x) arith::fract => |_, x: f64| x.fract();
    max(x, y) arith::max => |_, x: f64, y: f64| {
        if either_nan(x, y) { NAN } else if x > y || x == y && x.is_sign_positive() { x } else { y }
    };
    min(x, y) arith::min => |_, x: f64, y: f64| {
        if either_nan(x, y) { NAN } else if x < y || x == y && x.is_sign_negative() { x } else { y }
    };
    copysign(x, y) arith::copysign => |_, x: f64, y: f64| x.copysign(y);
    prefer(x, y) arith::prefer => |_, x: f64, y: f64| {
        if either_nan(x, y) { NAN } else { 0.5 * (f64::from(x >= y) + f64::from(x > y)) }
    };
    recip_pos(x, c) arith::recip_pos => |_, x: f64, c: f64| if x >= 0.0 { c / x.abs() } else { NAN };
    gmul(x, y) arith::gmul => |_, x: f64, y: f64| guard(x == 0.0 || y == 0.0, x * y);
    lt(x, y) arith::lt => |_, x: f64, y: f64| f64::from(x < y);
    le(x, y) arith::le => |_, x: f64, y: f64| f64::from(x <= y);
    gt(x, y) arith::gt => |_, x: f64, y: f64| f64::from(x > y);
    ge(x, y) arith::ge => |_, x: f64, y: f64| f64::from(x >= y);
    eq(x, y) arith::eq => |_, x: f64, y: f64| f64::from(x == y);
    ne(x, y) arith::ne => |_, x: f64, y: f64| f64::from(x != y);
    select(c, x, y) arith::select => |_, c: f64, x: f64, y: f64| if c != 0.0 { x } else { y };
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
            for four in triples.chunks_exact(4) {
                let operands = [0, 1, 2].map(|k| [0, 1, 2, 3].map(|i: usize| four[i][k]));
                // SAFETY: an `InstructionSet` exists only where the processor has the instructions.
                let got = unsafe {
                    match isa.kind() {
                        #[cfg(target_arch = "x86_64")]
                        Kind::Avx2Fma => avx2(name, &operands),
                        #[cfg(target_arch = "x86_64")]
                        Kind::Sse2 => sse2(name, &operands),
                        Kind::Portable => portable(name, &operands),
                    }
                };
                for (t, got) in four.iter().zip(got) {
                    let want = scalar(name, fuses(isa), *t);
                    assert!(same(got, want), "{name} on {}: {t:?} gives {got:e}, not {want:e}", isa.name());
                }
            }
        }
    }
}
