//! Tangents in several directions at once.

use std::ops::{Add, Div, Mul, Neg};

use crate::cold::rarely;
use crate::op::kernel;
use crate::scalar::Cotangent;

/// The tangents of a dual number, with guarded products.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tangents<const N: usize>(pub(crate) [f64; N]);

impl<const N: usize> Tangents<N> {
    pub(crate) const ZERO: Self = Tangents([0.0; N]);

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

/// `f(k)` for every tangent. (`array::map` compiles to a call, not a loop, from five elements on.)
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
        let mut parts = $given.map($crate::scalar::tangents::UnguardedTangents);
        $rule(
            $values,
            $imm,
            $value,
            |k| Some($crate::scalar::tangents::UnguardedTangents($given[k])),
            |k, part| parts[k] = part,
        );
        $crate::scalar::tangents::total(parts.map(|part| part.0))
    }};
    (cheap, $rule:path, $values:ident, $imm:expr, $value:expr, $given:ident) => {{
        if $given[0].0.len() > 2 {
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

/// Adds a part to the sum. If there is no sum yet, the part becomes the sum.
#[inline(always)]
pub(crate) fn gather<const N: usize>(sum: &mut Option<Tangents<N>>, part: Tangents<N>) {
    *sum = Some(sum.map_or(part, |sum| sum + part));
}

impl<const N: usize> Neg for Tangents<N> {
    type Output = Self;
    #[inline(always)]
    fn neg(self) -> Self {
        each(|k| -self.0[k])
    }
}

impl<const N: usize> Add for Tangents<N> {
    type Output = Self;
    #[inline(always)]
    fn add(self, rhs: Self) -> Self {
        each(|k| self.0[k] + rhs.0[k])
    }
}

impl<const N: usize> Mul<f64> for Tangents<N> {
    type Output = Self;
    #[inline(always)]
    fn mul(self, partial: f64) -> Self {
        guarded(each(|k| self.0[k] * partial), partial, move |k| kernel::gmul(self.0[k], partial))
    }
}

impl<const N: usize> Div<f64> for Tangents<N> {
    type Output = Self;
    #[inline(always)]
    fn div(self, rhs: f64) -> Self {
        guarded(each(|k| self.0[k] / rhs), rhs, move |k| kernel::gdiv(self.0[k], rhs))
    }
}

impl<const N: usize> Cotangent<f64> for Tangents<N> {}

impl<const N: usize> Neg for UnguardedTangents<N> {
    type Output = Self;
    #[inline(always)]
    fn neg(self) -> Self {
        UnguardedTangents(-self.0)
    }
}

impl<const N: usize> Add for UnguardedTangents<N> {
    type Output = Self;
    #[inline(always)]
    fn add(self, rhs: Self) -> Self {
        UnguardedTangents(self.0 + rhs.0)
    }
}

impl<const N: usize> Mul<f64> for UnguardedTangents<N> {
    type Output = Self;
    #[inline(always)]
    fn mul(self, partial: f64) -> Self {
        UnguardedTangents(each(|k| self.0.0[k] * partial))
    }
}

impl<const N: usize> Div<f64> for UnguardedTangents<N> {
    type Output = Self;
    #[inline(always)]
    fn div(self, rhs: f64) -> Self {
        UnguardedTangents(each(|k| self.0.0[k] / rhs))
    }
}

impl<const N: usize> Cotangent<f64> for UnguardedTangents<N> {}
