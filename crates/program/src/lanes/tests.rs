//! Every kernel on every instruction set of this processor: special values, random bits, and lanes that do not
//! depend on their neighbors.

use super::reference::truth;
use super::{InstructionSet, MULTIPLE, Unary};

/// Points per kernel and sweep.
pub(super) const SWEEP: usize = if cfg!(miri) {
    200
} else if cfg!(debug_assertions) {
    100_000
} else {
    2_000_000
};

/// Numbers where functions have kinks, limits or rounding.
pub(super) const SPECIAL: [f64; 36] = [
    0.0,
    -0.0,
    f64::NAN,
    f64::INFINITY,
    f64::NEG_INFINITY,
    1.0,
    -1.0,
    0.5,
    -0.5,
    0.49999999999999994,
    1.5,
    2.5,
    -2.5,
    f64::MAX,
    f64::MIN,
    f64::MIN_POSITIVE,
    -f64::MIN_POSITIVE,
    5e-324,
    -5e-324,
    4503599627370495.5,
    4503599627370497.0,
    9007199254740993.0,
    709.782712893384,
    709.7827128933841,
    -708.3964185322641,
    -745.1332191019411,
    -745.1332191019412,
    1e6,
    1000000.0000000001,
    1e22,
    27.226017111108362,
    -38.5,
    36.7368005696771,
    -36.7368005696771,
    1e-300,
    1e-17,
];

/// A generator of random points.
pub(super) struct SplitMix(pub(super) u64);

impl SplitMix {
    pub(super) fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e3779b97f4a7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58476d1ce4e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d049bb133111eb);
        z ^ (z >> 31)
    }

    /// A number from 0 to 1.
    fn unit(&mut self) -> f64 {
        (self.bits() >> 11) as f64 * 2f64.powi(-53)
    }

    /// A number of any bits, or with an exponent from -64 to 11, or uniform over the range of most functions, or
    /// next to a multiple of pi/2 or to 1.
    pub(super) fn point(&mut self) -> f64 {
        let b = self.bits();
        let unit = self.unit();
        match b % 8 {
            0 | 1 => f64::from_bits(self.bits()),
            2 | 3 => {
                let exponent = 959 + (b >> 8) % 75;
                f64::from_bits(self.bits() & !(0x7ff << 52) | exponent << 52)
            }
            4 => (unit - 0.5) * 1600.0,
            5 => (unit - 0.5) * 60.0,
            6 => {
                let near = ((b >> 8) % 600_000) as f64 * std::f64::consts::FRAC_PI_2;
                f64::from_bits(near.to_bits() + (b >> 32) % 3)
            }
            _ => 1.0 + (unit - 0.5) * 2f64.powi(-((b >> 8) % 53).cast_signed() as i32),
        }
    }
}

fn slow(kernel: Unary) -> fn(f64) -> f64 {
    match kernel {
        Unary::Sin => pxfm::f_sin,
        Unary::Cos => pxfm::f_cos,
        Unary::Tan => pxfm::f_tan,
        _ => |_| panic!("this kernel is right for every lane"),
    }
}

/// A kernel over any number of points, `lanes` at a time.
fn run(isa: InstructionSet, kernel: Unary, xs: &[f64], lanes: usize) -> Vec<f64> {
    assert!(lanes.is_multiple_of(MULTIPLE));
    let kernel = isa.unary(kernel, slow(kernel));
    let mut column = vec![7.0; lanes];
    let mut out = vec![9.0; lanes];
    let mut all = Vec::with_capacity(xs.len());
    for block in xs.chunks(lanes) {
        column[..block.len()].copy_from_slice(block);
        // SAFETY: both columns have `lanes` numbers, a multiple of `MULTIPLE`.
        unsafe { kernel.run(out.as_mut_ptr(), column.as_ptr(), lanes) };
        all.extend_from_slice(&out[..block.len()]);
    }
    all
}

/// Equal to the bit, or both NaN.
pub(super) fn same(a: f64, b: f64) -> bool {
    a.to_bits() == b.to_bits() || a.is_nan() && b.is_nan()
}

/// Whether sums of products round once.
pub(super) fn fuses(isa: InstructionSet) -> bool {
    isa.rounding() == "fused"
        || isa.rounding() == "portable" && cfg!(any(target_arch = "aarch64", target_feature = "fma"))
}

/// The bound of each kernel in ulp: the most that was found, rounded up. References of the error functions
/// and the distribution function are good to half an ulp, which their bounds include.
fn allowed(kernel: Unary) -> f64 {
    match kernel {
        Unary::ExpM1 => 1.4,
        Unary::Softplus => 1.3,
        Unary::Exp | Unary::Exp2 | Unary::Tanh | Unary::Tan => 1.2,
        Unary::Erf | Unary::Erfc | Unary::NormCdf => 1.5,
        _ => 1.0,
    }
}

/// Every instruction set with every kernel.
fn everywhere() -> impl Iterator<Item = (InstructionSet, Unary)> {
    InstructionSet::available().into_iter().flat_map(|isa| Unary::ALL.iter().map(move |&kernel| (isa, kernel)))
}

/// How many points to take for each kernel.
fn points() -> usize {
    std::env::var("WENGERT_POINTS").map_or(SWEEP, |count| count.parse().expect("a number"))
}

/// The worst error of the kernel at these points, in ulp, and where it is.
///
/// # Panics
/// If it is more than [`allowed`].
fn worst_of(isa: InstructionSet, kernel: Unary, xs: &[f64]) -> (f64, f64) {
    let mut worst = (0.0, 0.0);
    for (&x, got) in xs.iter().zip(run(isa, kernel, xs, 64)) {
        let error = truth(kernel, x).bound(got);
        if error > worst.0 {
            worst = (error, x);
        }
        assert!(
            error <= allowed(kernel),
            "{} on {}: {error} ulp at {x:e} ({:016x}): {got:e}",
            kernel.name(),
            isa.name(),
            x.to_bits()
        );
    }
    worst
}

/// As [`worst_of`], for each ten thousand of many points, the worst first.
fn worst_of_many(isa: InstructionSet, kernel: Unary, count: usize, mut point: impl FnMut() -> f64) -> Vec<(f64, f64)> {
    let some = |done| (0..10_000.min(count - done)).map(|_| point()).collect::<Vec<f64>>();
    let mut worst: Vec<_> = (0..count).step_by(10_000).map(some).map(|xs| worst_of(isa, kernel, &xs)).collect();
    worst.sort_by(|a, b| b.0.total_cmp(&a.0));
    worst
}

fn report(isa: InstructionSet, kernel: Unary, worst: &[(f64, f64)]) {
    let (error, x) = worst.iter().copied().fold((0.0, 0.0), |a, b| if b.0 > a.0 { b } else { a });
    println!("{:10} {:9} at most {error:.3} ulp, at {x:e}", kernel.name(), isa.name());
}

/// Random points, then points closer and closer to where the error was worst.
///
/// `WENGERT_POINTS=20000000 cargo test --release -p wengert-program --lib accurate -- --nocapture` takes
/// that many for each kernel, and prints the worst.
#[test]
fn every_unary_kernel_is_accurate_on_special_points_and_random_bits() {
    for (isa, kernel) in everywhere() {
        let mut random = SplitMix(kernel as u64);
        let mut worst = worst_of_many(isa, kernel, points(), || random.point());
        worst.truncate(10);
        worst.push(worst_of(isa, kernel, &SPECIAL));
        worst.push(worst_of(isa, kernel, &SPECIAL.map(f64::next_up)));
        for (error, x) in &mut worst {
            for nearer in 3..13 {
                let near = |_| *x * (1.0 + (2.0 * random.unit() - 1.0) * 2f64.powi(-nearer));
                let xs: Vec<f64> = (0..points() / 200).map(near).collect();
                let found = worst_of(isa, kernel, &xs);
                if found.0 > *error {
                    (*error, *x) = found;
                }
            }
        }
        report(isa, kernel, &worst);
    }
}

/// The ranges where kernels that round more than twice are worst, sampled densely.
#[test]
fn kernels_keep_their_bounds_where_they_are_worst() {
    let ranges = [
        (Unary::ExpM1, 0.34, 0.39),
        (Unary::Softplus, 0.34, 0.39),
        (Unary::Exp, 3.8, 4.5),
        (Unary::Exp2, 1.5, 2.5),
        (Unary::Tanh, 0.17, 0.18),
        (Unary::Tan, 0.4, 1.5),
    ];
    for (kernel, low, high) in ranges {
        for isa in InstructionSet::available() {
            let mut random = SplitMix(8);
            let worst = worst_of_many(isa, kernel, points(), || low + (high - low) * random.unit());
            report(isa, kernel, &worst);
        }
    }
}

#[test]
fn a_lane_has_the_same_bits_at_every_place_and_every_width() {
    let mut random = SplitMix(3);
    let mut points: Vec<f64> = (0..16).map(|_| random.point()).collect();
    points.extend(SPECIAL);
    for (isa, kernel) in everywhere() {
        let alone: Vec<u64> = points.iter().map(|&x| run(isa, kernel, &[x; MULTIPLE], MULTIPLE)[0].to_bits()).collect();
        let widths = MULTIPLE..=if cfg!(miri) { 2 * MULTIPLE } else { 256 };
        for lanes in widths.step_by(MULTIPLE) {
            // Each point at every place of a vector, with different neighbors.
            for turn in 0..MULTIPLE {
                let xs: Vec<f64> = (0..lanes.max(64)).map(|i| points[(i * 5 + turn) % points.len()]).collect();
                for (i, got) in run(isa, kernel, &xs, lanes).into_iter().enumerate() {
                    let want = alone[(i * 5 + turn) % points.len()];
                    assert_eq!(got.to_bits(), want, "{} {} {:e}", isa.name(), kernel.name(), xs[i]);
                }
            }
        }
    }
}

#[test]
fn a_number_alone_has_the_bits_of_a_lane() {
    let mut random = SplitMix(5);
    let mut xs: Vec<f64> = (0..SWEEP / 10).map(|_| random.point()).collect();
    xs.extend(SPECIAL);
    xs.extend(SPECIAL.map(f64::next_up));
    for (isa, kernel) in everywhere() {
        let one = isa.unary(kernel, slow(kernel));
        for (&x, lane) in xs.iter().zip(run(isa, kernel, &xs, 64)) {
            let alone = one.one(x);
            assert!(same(alone, lane), "{} on {} at {x:e}: {alone:e} {lane:e}", kernel.name(), isa.name());
        }
    }
}

#[test]
fn the_result_may_take_the_place_of_the_operand() {
    let mut random = SplitMix(4);
    let xs: Vec<f64> = (0..3 * MULTIPLE).map(|_| random.point()).collect();
    for (isa, kernel) in everywhere() {
        let mut cells = xs.clone();
        let place = cells.as_mut_ptr();
        // SAFETY: there are as many numbers, a multiple of `MULTIPLE`.
        unsafe { isa.unary(kernel, slow(kernel)).run(place, place.cast_const(), 3 * MULTIPLE) };
        for (got, want) in cells.into_iter().zip(run(isa, kernel, &xs, 3 * MULTIPLE)) {
            assert!(same(got, want), "{} {}", isa.name(), kernel.name());
        }
    }
}

#[test]
fn kernels_computed_together_have_the_bits_of_each() {
    let mut random = SplitMix(7);
    let mut xs: Vec<f64> = (0..SWEEP / 100 * MULTIPLE).map(|_| random.point()).collect();
    xs.extend(&SPECIAL[..SPECIAL.len() / MULTIPLE * MULTIPLE]);
    xs.extend(&SPECIAL[SPECIAL.len() - MULTIPLE..]);
    let mut pairs = 0;
    for isa in InstructionSet::available() {
        for &kernel in Unary::ALL {
            for &other in Unary::ALL {
                let [one, two] = [kernel, other].map(|kernel| isa.unary(kernel, slow(kernel)));
                let (mut first, mut second) = (vec![7.0; xs.len()], xs.clone());
                let outs = [first.as_mut_ptr(), second.as_mut_ptr()];
                // SAFETY: both columns have as many numbers, a multiple of `MULTIPLE`.
                let ran = unsafe { one.run_both((two, other as u32), outs, outs[1].cast_const(), xs.len()) };
                assert_eq!(ran, kernel.goes_with(other), "{} {}", kernel.name(), other.name());
                if !ran {
                    continue;
                }
                pairs += 1;
                for (kernel, got) in [(kernel, first), (other, second)] {
                    for ((&x, got), want) in xs.iter().zip(got).zip(run(isa, kernel, &xs, 64)) {
                        assert!(same(got, want), "{} {} at {x:e}: {got:e} {want:e}", isa.name(), kernel.name());
                    }
                }
            }
        }
    }
    assert!(pairs >= 6, "{pairs}");
}

#[test]
fn sets_of_the_same_rounding_agree_to_the_bit() {
    let mut random = SplitMix(6);
    let mut xs: Vec<f64> = (0..SWEEP / 10).map(|_| random.point()).collect();
    xs.extend(SPECIAL);
    let sets = InstructionSet::available();
    for &kernel in Unary::ALL {
        let pairs = sets.iter().flat_map(|&one| sets.iter().map(move |&other| [one, other]));
        for pair in pairs.filter(|[one, other]| one.rounding() == other.rounding() && one != other) {
            let [a, b] = pair.map(|isa| run(isa, kernel, &xs, 64));
            for ((&x, a), b) in xs.iter().zip(a).zip(b) {
                assert!(same(a, b), "{} {x:e}: {a:e} {b:e}", kernel.name());
            }
        }
    }
}

#[test]
fn round_values_come_out_round() {
    let cases = [
        (Unary::Exp, 0.0, 1.0),
        (Unary::Exp2, 10.0, 1024.0),
        (Unary::Exp2, -1074.0, 5e-324),
        (Unary::Ln, 1.0, 0.0),
        (Unary::Log2, 8.0, 3.0),
        (Unary::Log2, 5e-324, -1074.0),
        (Unary::Log10, 1.0, 0.0),
        (Unary::Log10, 1000.0, 3.0),
        (Unary::Cos, 0.0, 1.0),
        (Unary::Sigmoid, 0.0, 0.5),
        (Unary::SigmoidD, 0.0, 0.25),
        (Unary::Sech2, 0.0, 1.0),
        (Unary::Softplus, 0.0, std::f64::consts::LN_2),
        (Unary::Erfc, 0.0, 1.0),
        (Unary::NormCdf, 0.0, 0.5),
        (Unary::ErfD, 0.0, std::f64::consts::FRAC_2_SQRT_PI),
    ];
    for isa in InstructionSet::available() {
        for (kernel, x, y) in cases {
            assert_eq!(run(isa, kernel, &[x; MULTIPLE], MULTIPLE)[3], y, "{} {}", isa.name(), kernel.name());
        }
    }
}

#[test]
fn names_find_their_kernels() {
    for &kernel in Unary::ALL {
        assert_eq!(Unary::from_name(kernel.name()), Some(kernel));
    }
    assert_eq!(Unary::from_name("sine"), None);
}
