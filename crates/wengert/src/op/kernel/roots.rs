//! `lgamma` and `digamma` near their zeros, where they need more than double precision.
//!
//! Near a zero `z` the value is `x - z` times a slope, so `z` must be known to 106 bits. The zeros are tabulated. They
//! were computed with 400 bits.

use super::core::{ln_1p_dd, ln_dd};
use super::dd::{Dd, two_sum};
use super::gamma::BERNOULLI;
use crate::float;

const fn zero(hi: f64, lo: f64) -> Dd {
    Dd { hi, lo }
}

/// The zeros of `ln |gamma|` in `(-16, -2)`. Further left they are closer to a pole than any `f64`.
const LGAMMA_ZEROS: [Dd; 28] = [
    zero(-2.457_024_738_220_800_6, -3.707_561_081_551_326_6e-17),
    zero(-2.747_682_646_727_412_7, 9.055_340_329_338_315e-17),
    zero(-3.143_580_888_349_98, -2.181_817_985_233_171_4e-16),
    zero(-3.955_294_284_858_598, -1.999_428_391_746_348e-17),
    zero(-4.039_361_839_740_537, 2.114_399_550_398_060_2e-16),
    zero(-4.991_544_640_560_048, 1.517_441_176_057_172_2e-16),
    zero(-5.008_218_168_322_593_5, -4.392_635_349_101_581_5e-17),
    zero(-5.998_607_480_080_875, -3.311_862_478_893_795e-16),
    zero(-6.001_385_294_453_155, 6.415_847_287_933_042e-17),
    zero(-6.999_801_507_890_638, 1.055_013_003_740_002_3e-17),
    zero(-7.000_198_333_407_325, 2.504_354_173_632_409e-16),
    zero(-7.999_975_197_095_821, -5.261_737_128_572_354e-17),
    zero(-8.000_024_800_270_682, -4.354_586_297_860_107e-16),
    zero(-8.999_997_244_250_977, -2.218_562_050_972_713_2e-16),
    zero(-9.000_002_755_714_823, -9.491_348_611_623_208e-17),
    zero(-9.999_999_724_426_63, 4.883_037_618_642_443e-16),
    zero(-10.000_000_275_573_013, -3.490_970_833_264_205_7e-16),
    zero(-10.999_999_974_947_89, 1.984_399_830_698_540_7e-16),
    zero(-11.000_000_025_052_106, -6.850_849_812_286_175e-16),
    zero(-11.999_999_997_912_324, -1.002_069_392_010_303_6e-16),
    zero(-12.000_000_002_087_676, 1.222_254_811_204_818_5e-16),
    zero(-12.999_999_999_839_41, 6.747_262_033_096_337e-16),
    zero(-13.000_000_000_160_59, -6.745_919_484_964_342e-16),
    zero(-13.999_999_999_988_53, 8.094_860_741_926_607e-16),
    zero(-14.000_000_000_011_47, -8.094_853_704_222_662e-16),
    zero(-14.999_999_999_999_236, 8.829_322_414_768_68e-16),
    zero(-15.000_000_000_000_764, -8.829_322_382_710_274e-16),
    zero(-15.999_999_999_999_952, -1.668_613_399_265_054e-16),
];

/// `ln |gamma(x)|` for `x` near one of its negative zeros, `|ln |gamma(x)|| < 0.05`. `guess` if none is near.
///
/// With `x = -n + e`: `ln|gamma| = g(e) - ln|e|`, where `g(e) = ln gamma(1 + e) - sum ln(k - e)` over `k = 1..=n`. So
/// with the zero `z = -n + e0` and `d = x - z`: `ln|gamma| = -ln(1 + d/e0) + d * (mean of g' from e0 to e)`.
pub(super) fn lgamma_near_zero(x: f64, guess: f64) -> f64 {
    let n = -float::round_ties_even(x);
    if n < 8.0 && guess.abs() > 1e-3 {
        // `guess` has enough digits here, and the quadrature below is for short intervals only.
        return guess;
    }
    let Some(z) = LGAMMA_ZEROS.iter().find(|z| -float::round_ties_even(z.hi) == n && (z.hi + n > 0.0) == (x + n > 0.0))
    else {
        return guess;
    };
    let d = two_sum(x - z.hi, -z.lo);
    let e0 = two_sum(z.hi + n, z.lo);
    let slope = |t: Dd| {
        let mut s = digamma_right(Dd::ONE.add(t));
        let mut k = 1.0;
        while k <= n {
            s = s.add(Dd::ONE.div(Dd::new(k).sub(t)));
            k += 1.0;
        }
        s
    };
    // Gauss-Legendre quadrature with three points. A middle that is rounded would cost an ulp.
    let (middle, h) = (e0.add(d.scale(0.5)), Dd::new(0.5 * d.hi * 0.774_596_669_241_483_4));
    let outer = slope(middle.sub(h)).add(slope(middle.add(h)));
    let sum = outer.mul(Dd::new(5.0)).add(slope(middle).scale(8.0));
    let smooth = sum.mul(d).div(Dd::new(18.0));
    smooth.sub(ln_1p_dd(d.div(e0))).value()
}

/// A zero of the digamma function, and its first three derivatives there.
struct Root {
    at: Dd,
    slope: Dd,
    bends: [f64; 2],
}

const fn root(at: (f64, f64), slope: (f64, f64), bends: [f64; 2]) -> Root {
    Root { at: zero(at.0, at.1), slope: zero(slope.0, slope.1), bends }
}

impl Root {
    /// The digamma function by its Taylor series. `None` if `x` is not within `reach`, which is at most 1e-6.
    fn series(&self, x: f64, reach: f64) -> Option<f64> {
        let d = two_sum(x - self.at.hi, -self.at.lo);
        if d.hi.abs() > reach {
            return None;
        }
        let h = d.hi;
        let p = d.mul(self.slope);
        Some(p.hi + (p.lo + h * h * (0.5 * self.bends[0] + h * (self.bends[1] / 6.0))))
    }
}

#[rustfmt::skip]
const POSITIVE_ROOT: Root =
    root((1.461_632_144_968_362_2, 9.549_995_429_965_697e-17), (0.967_672_245_447_621_2, -3.387_874_303_038_943e-17), [-0.885_526_337_967_184_2, 1.550_998_565_733_906]);

/// The negative zeros that are within about `1e-16` of an `f64`, where even the reflection with 106 bits is not
/// accurate enough.
#[rustfmt::skip]
const NEGATIVE_ROOTS: [Root; 9] = [
    root((-0.504_083_008_264_455_4, -8.154_282_062_438_13e-18), (8.939_798_558_792_134, 4.661_730_805_438_714e-16), [-1.618_690_925_061_301_3, 193.551_432_389_493_04]),
    root((-1.573_498_473_162_390_4, -1.574_185_691_077_347e-17), (9.941_513_615_924_176, -3.506_655_152_202_022_4e-16), [-15.605_187_949_565_256, 239.471_464_850_993_8]),
    root((-2.610_720_868_444_144_7, 9.881_960_746_978_353e-17), (10.848_328_799_209_19, -8.536_942_638_820_942e-16), [-25.541_451_388_494_384, 307.304_114_296_853_13]),
    root((-3.635_293_366_436_901, 5.454_396_163_173_039e-17), (11.650_939_359_651_861, 2.771_734_742_872_511_5e-16), [-33.876_675_215_642_67, 378.972_357_854_494_3]),
    root((-5.667_162_441_556_885_5, -3.215_305_107_494_833_5e-18), (13.021_406_387_509_394, -6.965_089_235_370_473e-16), [-48.021_667_133_979_8, 522.320_690_398_485_5]),
    root((-7.687_788_325_031_626, -1.351_562_494_643_672e-16), (14.171_340_633_241_15, -6.249_516_188_433_109e-16), [-60.140_115_690_814_53, 661.513_064_071_123_6]),
    root((-14.727_334_416_018_529, -3.661_839_996_313_978_6e-17), (17.220_165_296_986_988, -5.688_225_105_726_854e-16), [-94.152_239_082_284_58, 1_110.378_894_810_061_4]),
    root((-15.730_988_906_332_882, 1.055_195_637_336_584_2e-16), (17.575_830_292_043_43, 1.753_587_841_726_109_3e-16), [-98.317_613_889_777_77, 1_170.173_842_284_22]),
    root((-87.805_360_278_395_07, 1.275_856_164_442_560_9e-17), (29.935_903_973_781_15, 2.165_475_355_342_108e-16), [-268.375_577_025_950_35, 4_198.749_675_263_150_5]),
];

/// The digamma function for `x` near its positive zero. `guess` elsewhere.
pub(super) fn digamma_near_zero(x: f64, guess: f64) -> f64 {
    POSITIVE_ROOT.series(x, 1e-6).unwrap_or(guess)
}

/// The digamma function for a negative `x` near one of its zeros, by reflection in double-double:
/// `digamma(x) = digamma(1 - x) - pi cot(pi x)`.
pub(super) fn digamma_left(x: f64) -> f64 {
    if let Some(r) = NEGATIVE_ROOTS.iter().find_map(|root| root.series(x, 1e-9)) {
        return r;
    }
    let f = x - float::round_ties_even(x);
    digamma_right(two_sum(1.0, -x)).sub(PI.mul(cot_pi(f))).value()
}

pub(super) const PI: Dd = zero(core::f64::consts::PI, 1.224_646_799_147_353_2e-16);

/// The digamma function of `a > 0` to about 100 bits: the recurrence up to 30, then Stirling's series.
fn digamma_right(a: Dd) -> Dd {
    let mut z = a;
    let mut sum = Dd::ZERO;
    while z.hi < 30.0 {
        sum = sum.add(Dd::ONE.div(z));
        z = z.add(Dd::ONE);
    }
    let inverse = Dd::ONE.div(z);
    let square = inverse.mul(inverse);
    let mut series = Dd::ZERO;
    // The terms are B_2j / 2j.
    for (j, &(p, q)) in BERNOULLI[..14].iter().enumerate().rev() {
        series = series.add(Dd::new(p).div(Dd::new(q * (2 * j + 2) as f64))).mul(square);
    }
    let log = ln_dd(z.hi).add(ln_1p_dd(Dd::new(z.lo).div(Dd::new(z.hi))));
    log.sub(inverse.scale(0.5)).sub(series).sub(sum)
}

/// `cot(pi f)` for `0 < |f| <= 1/2`, to about 100 bits.
pub(super) fn cot_pi(f: f64) -> Dd {
    let a = f.abs();
    let flip = a > 0.25;
    let t = PI.mul(if flip { two_sum(0.5, -a) } else { Dd::new(a) });
    let t2 = t.mul(t);
    let (mut sin, mut cos) = (Dd::ZERO, Dd::ZERO);
    let mut n = 28.0;
    while n > 0.0 {
        // 1 - t^2/(n(n-1)) (1 - ...)
        cos = Dd::ONE.sub(t2.mul(cos).div(Dd::new(n * (n - 1.0))));
        sin = Dd::ONE.sub(t2.mul(sin).div(Dd::new(n * (n + 1.0))));
        n -= 2.0;
    }
    let sin = sin.mul(t);
    let cot = if flip { sin.div(cos) } else { cos.div(sin) };
    if f < 0.0 { cot.neg() } else { cot }
}

#[cfg(test)]
mod tests {
    use super::super::gamma::{digamma, lgamma};
    use super::*;

    #[test]
    fn lgamma_is_accurate_next_to_its_zeros() {
        // From 60-digit arithmetic.
        let near = |x: f64, want: f64| {
            let got = lgamma(x);
            assert!((got / want - 1.0).abs() < 3e-16, "{x}: {got} {want}");
        };
        near(-2.457_024_738_220_800_6, 5.619_192_358_950_097e-17);
        near(-2.457_024_740_659_073_3, -3.695_454_418_471_675_4e-9);
        near(-2.457_025_361_160_679, -9.441_279_421_864_788e-7);
        near(-2.457_027_247_873_881_5, -3.803_608_263_278_792_3e-6);
        near(-4.039_361_839_740_537, -5.664_578_074_060_335e-15);
        near(-14.999_999_999_999_236, 0.001_155_254_910_914_165_6);
    }

    #[test]
    fn digamma_is_accurate_next_to_its_zeros() {
        let near = |x: f64, want: f64| {
            let got = digamma(x);
            assert!((got / want - 1.0).abs() < 4e-16, "{x}: {got} {want}");
        };
        near(1.461_632_144_968_362_2, -9.241_265_521_729_427e-17);
        near(-0.504_083_008_264_455_4, 7.289_763_902_976_895e-17);
        near(-1.573_498_473_162_4, -9.476_425_903_298_456e-14);
        near(-87.805_360_278_395_1, -8.512_115_033_556_242e-13);
    }

    #[test]
    fn the_cotangent_of_a_quarter_turn_is_one() {
        let c = cot_pi(0.25).sub(Dd::ONE);
        assert!(c.hi.abs() < 1e-30);
        assert_eq!(cot_pi(0.5).hi, 0.0);
        assert!((cot_pi(-1.0 / 3.0).hi + 1.0 / 3f64.sqrt()).abs() < 1e-15);
    }
}
