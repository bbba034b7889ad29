//! Tangents in several directions at once.

use crate::cold::rarely;
use crate::op::{Imm, Op, kernel};
use crate::scalar::{cotangent, rule};

/// The tangents of a dual number, with guarded products.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tangents<const N: usize>(pub(crate) [f64; N]);

impl<const N: usize> Tangents<N> {
    pub(crate) const ZERO: Self = Tangents([0.0; N]);

    /// Whether there are more than two tangents. It is a constant, so that the compiler drops the branches of the other case
    /// before it makes code of them.
    pub(crate) const MANY: bool = N > 2;

    /// Whether any is NaN. Also true if there are infinities of both signs.
    #[inline(always)]
    pub(crate) fn is_nan(&self) -> bool {
        self.0.iter().sum::<f64>().is_nan()
    }
}

/// Tangents whose products are not guarded. If the result of a rule is not NaN, it is the result for guarded
/// tangents too.
#[derive(Clone, Copy, Debug)]
pub(crate) struct UnguardedTangents<const N: usize>(pub(crate) Tangents<N>);

impl<const N: usize> UnguardedTangents<N> {
    #[inline(always)]
    pub(crate) fn get(self) -> Tangents<N> {
        self.0
    }
}

/// Tangents whose products are calls.
#[derive(Clone, Copy, Debug)]
struct Called<const N: usize>(Tangents<N>);

impl<const N: usize> Called<N> {
    #[inline(never)]
    fn times(self, s: f64) -> Self {
        Called(self.0 * s)
    }

    #[inline(never)]
    fn over(self, s: f64) -> Self {
        Called(self.0 / s)
    }
}

/// `f(k)` for every tangent.
#[inline(always)]
fn each<const N: usize>(f: impl Fn(usize) -> f64) -> Tangents<N> {
    let mut tangents = [0.0; N];
    for (k, tangent) in tangents.iter_mut().enumerate() {
        *tangent = f(k);
    }
    Tangents(tangents)
}

/// Whether a product or quotient with this partial needs no guard: it is not 0, infinite or NaN. The test is
/// on the bits, so that it uses integer units while the floating-point units are busy.
#[inline(always)]
fn is_harmless(partial: f64) -> bool {
    const INFINITY: u64 = f64::INFINITY.to_bits() << 1;
    (partial.to_bits() << 1).wrapping_sub(1) < INFINITY - 1
}

/// `plain` is the result without guards. If it may be wrong, `guarded` computes it again. One branch for all tangents.
#[inline(always)]
fn guarded<const N: usize>(plain: Tangents<N>, partial: f64, guarded: impl Fn(usize) -> f64) -> Tangents<N> {
    if is_harmless(partial) || !plain.is_nan() { plain } else { rarely(move || each(guarded)) }
}

/// The sum of one or more parts.
#[inline(always)]
pub(crate) fn total<const N: usize, const PARTS: usize>(parts: [Tangents<N>; PARTS]) -> Tangents<N> {
    let mut sum = parts[0];
    for &part in &parts[1..] {
        sum = sum + part;
    }
    sum
}

/// The tangents of an op's value, from the tangents `given` of its operands. The cost in the op's row says how:
///
/// - `linear`: without guards, since partials of 1 and -1 need none.
/// - `cheap`: with one or two tangents, first without guards, and again with guards if the result is NaN. With
///   more tangents, with guards.
/// - `costly`: with guards, so that partials are computed once.
macro_rules! push_tangents {
    (none, $rule:path, $values:ident, $imm:expr, $value:expr, $given:ident) => {{
        let _ = ($given, $imm);
        $crate::scalar::tangents::Tangents::ZERO
    }};
    (linear, $rule:path, $values:ident, $imm:expr, $value:expr, $given:ident) => {{
        let zero = $crate::scalar::tangents::UnguardedTangents($crate::scalar::tangents::Tangents::ZERO);
        let mut parts = $crate::array::each($given, zero, $crate::scalar::tangents::UnguardedTangents);
        $rule(
            $values,
            $imm,
            $value,
            |k| Some($crate::scalar::tangents::UnguardedTangents($given[k])),
            |k, part| parts[k] = part,
        );
        $crate::scalar::tangents::total($crate::array::each(
            parts,
            $crate::scalar::tangents::Tangents::ZERO,
            $crate::scalar::tangents::UnguardedTangents::get,
        ))
    }};
    (cheap, $rule:path, $values:ident, $imm:expr, $value:expr, $given:ident) => {{
        if $crate::scalar::tangents::Tangents::<N>::MANY {
            push_tangents!(costly, $rule, $values, $imm, $value, $given)
        } else {
            let sum = push_tangents!(linear, $rule, $values, $imm, $value, $given);
            if sum.is_nan() {
                $crate::cold::rarely(move || push_tangents!(costly, $rule, $values, $imm, $value, $given))
            } else {
                sum
            }
        }
    }};
    (costly, $rule:path, $values:ident, $imm:expr, $value:expr, $given:ident) => {{
        let mut parts = $given;
        $rule($values, $imm, $value, |k| Some($given[k]), |k, part| parts[k] = part);
        $crate::scalar::tangents::total(parts)
    }};
}
pub(crate) use push_tangents;

/// The tangents of the value `r` of any op, from those of its operands. `None` is an operand without tangents.
///
/// A call, where [`push_tangents`] is inlined: for what runs rarely, or is long in any case.
#[inline(never)]
pub(crate) fn push<const N: usize>(
    op: Op,
    imm: Imm,
    values: &[f64],
    r: f64,
    given: &[Option<Tangents<N>>],
) -> Tangents<N> {
    let mut sum = None;
    rule::of(op, imm, values, r, &|k| given[k].map(Called), &mut |_, part: Called<N>| gather(&mut sum, part.0));
    sum.unwrap_or(Tangents::ZERO)
}

/// Adds a part to the sum. If there is no sum yet, the part becomes the sum.
#[inline(always)]
pub(crate) fn gather<const N: usize>(sum: &mut Option<Tangents<N>>, part: Tangents<N>) {
    *sum = Some(sum.map_or(part, |sum| sum + part));
}

cotangent! { [const N: usize] Tangents<N>, with f64;
    -a => each(|k| -a.0[k]);
    a + b => each(|k| a.0[k] + b.0[k]);
    bar * s => guarded(each(|k| bar.0[k] * s), s, move |k| kernel::gmul(bar.0[k], s));
    bar / s => guarded(each(|k| bar.0[k] / s), s, move |k| kernel::gdiv(bar.0[k], s));
}
cotangent! { [const N: usize] UnguardedTangents<N>, with f64;
    -a => UnguardedTangents(-a.0);
    a + b => UnguardedTangents(a.0 + b.0);
    bar * s => UnguardedTangents(each(|k| bar.0.0[k] * s));
    bar / s => UnguardedTangents(each(|k| bar.0.0[k] / s));
}
cotangent! { [const N: usize] Called<N>, with f64;
    -a => Called(-a.0);
    a + b => Called(a.0 + b.0);
    bar * s => bar.times(s);
    bar / s => bar.over(s);
}
