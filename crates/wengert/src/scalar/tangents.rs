//! Tangents in several directions at once, as rules send them forward.

use std::ops::{Add, Div, Mul, Neg};

use crate::cold::rarely;
use crate::op::kernel;
use crate::scalar::Cotangent;

/// The tangents of a dual, as a rule sends them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tangents<const N: usize>(pub(crate) [f64; N]);

impl<const N: usize> Tangents<N> {
    pub(crate) const ZERO: Self = Tangents([0.0; N]);

    /// Whether any is NaN, or there are infinities of both signs.
    #[inline(always)]
    pub(crate) fn is_nan(&self) -> bool {
        self.0.iter().sum::<f64>().is_nan()
    }
}

/// Tangents whose products are not guarded. Where what a rule makes of them is no NaN, it is what
/// the rule makes of guarded ones.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PlainTangents<const N: usize>(pub(crate) Tangents<N>);

/// `f` of each tangent. (`array::map` is a call, not a loop, from five elements on.)
#[inline(always)]
fn each<const N: usize>(f: impl Fn(usize) -> f64) -> Tangents<N> {
    let mut tangents = [0.0; N];
    for (k, tangent) in tangents.iter_mut().enumerate() {
        *tangent = f(k);
    }
    Tangents(tangents)
}

/// Whether a product or quotient by it needs no guard, whatever the other is: neither 0 nor
/// infinite nor NaN. Asked of the bits, which leaves the units that make tangents alone.
#[inline(always)]
fn is_harmless(partial: f64) -> bool {
    const INFINITY: u64 = f64::INFINITY.to_bits() << 1;
    (partial.to_bits() << 1).wrapping_sub(1) < INFINITY - 1
}

/// `plain`, what tangents make with `partial`, or `guarded` where any of it is NaN: one branch for
/// all tangents.
#[inline(always)]
fn guarded<const N: usize>(plain: Tangents<N>, partial: f64, guarded: impl Fn(usize) -> f64) -> Tangents<N> {
    if is_harmless(partial) || !plain.is_nan() {
        plain
    } else {
        rarely(move || each(guarded))
    }
}

/// The sum of one part or more.
#[inline(always)]
pub(crate) fn total<const N: usize, const PARTS: usize>(parts: [Tangents<N>; PARTS]) -> Tangents<N> {
    let mut sum = parts[0];
    for &part in &parts[1..] {
        sum = sum + part;
    }
    sum
}

/// The tangents of an op's value, from those `given` of its operands: of a `linear` op, whose
/// partials need no guard, without; of a `dear` one, whose partials are not to be computed twice,
/// with guards. Of a `native` one with guards too, but where tangents are so few that to look for a
/// NaN in the result costs less.
macro_rules! push_tangents {
    (none, $rule:path, $values:ident, $imm:expr, $value:expr, $given:ident) => {{
        let _ = ($given, $imm);
        $crate::scalar::tangents::Tangents::ZERO
    }};
    (linear, $rule:path, $values:ident, $imm:expr, $value:expr, $given:ident) => {{
        let mut parts = $given.map($crate::scalar::tangents::PlainTangents);
        $rule(
            $values,
            $imm,
            $value,
            |k| Some($crate::scalar::tangents::PlainTangents($given[k])),
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

/// Adds a part; the first is taken as it is.
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
        guarded(each(|k| self.0[k] * partial), partial, move |k| {
            kernel::gmul(self.0[k], partial)
        })
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

impl<const N: usize> Neg for PlainTangents<N> {
    type Output = Self;
    #[inline(always)]
    fn neg(self) -> Self {
        PlainTangents(-self.0)
    }
}

impl<const N: usize> Add for PlainTangents<N> {
    type Output = Self;
    #[inline(always)]
    fn add(self, rhs: Self) -> Self {
        PlainTangents(self.0 + rhs.0)
    }
}

impl<const N: usize> Mul<f64> for PlainTangents<N> {
    type Output = Self;
    #[inline(always)]
    fn mul(self, partial: f64) -> Self {
        PlainTangents(each(|k| self.0.0[k] * partial))
    }
}

impl<const N: usize> Div<f64> for PlainTangents<N> {
    type Output = Self;
    #[inline(always)]
    fn div(self, rhs: f64) -> Self {
        PlainTangents(each(|k| self.0.0[k] / rhs))
    }
}

impl<const N: usize> Cotangent<f64> for PlainTangents<N> {}
