//! Dual numbers: a value with `N` tangents, for derivatives in few inputs without a tape. Read
//! [`crate::derivative::numeric`] next.
//!
//! A dual applies an op by its value and its rule, both from the table; the rule is linear in what
//! it is sent, so one evaluation of the partials serves all tangents.

use std::cmp::Ordering;
use std::fmt;
use std::iter::{Product, Sum};
use std::ops::{Add, AddAssign, Div, DivAssign, Mul, MulAssign, Neg, Rem, RemAssign, Sub, SubAssign};

use smallvec::SmallVec;

use crate::cold::rarely;
use crate::error::expect;
use crate::op::kernel;
use crate::op::{Imm, Op, for_each_op};
use crate::scalar::{Bar, Number, Scalar, imm, rule, value};

/// A value, and its derivatives in `N` directions.
#[derive(Clone, Copy, Debug)]
pub struct Dual<const N: usize> {
    /// The value.
    pub value: f64,
    /// The tangents: what the value's change is per unit of each direction.
    pub tangents: [f64; N],
}

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
pub(crate) struct Loose<const N: usize>(pub(crate) Tangents<N>);

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
        Tangents::ZERO
    }};
    (linear, $rule:path, $values:ident, $imm:expr, $value:expr, $given:ident) => {{
        let mut parts = $given.map(Loose);
        $rule(
            $values,
            $imm,
            $value,
            |k| Some(Loose($given[k])),
            |k, part| parts[k] = part,
        );
        total(parts.map(|part| part.0))
    }};
    (cheap, $rule:path, $values:ident, $imm:expr, $value:expr, $given:ident) => {{
        if $given[0].0.len() > 2 {
            push_tangents!(costly, $rule, $values, $imm, $value, $given)
        } else {
            let sum = push_tangents!(linear, $rule, $values, $imm, $value, $given);
            if sum.is_nan() {
                rarely(move || push_tangents!(costly, $rule, $values, $imm, $value, $given))
            } else {
                sum
            }
        }
    }};
    (costly, $rule:path, $values:ident, $imm:expr, $value:expr, $given:ident) => {{
        let mut parts = $given;
        $rule($values, $imm, $value, |k| Some($given[k]), |k, part| parts[k] = part);
        total(parts)
    }};
}
pub(crate) use push_tangents;
/// Adds a part; the first is taken as it is.
#[inline(always)]
fn gather<const N: usize>(sum: &mut Option<Tangents<N>>, part: Tangents<N>) {
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

impl<const N: usize> Bar<f64> for Tangents<N> {}

impl<const N: usize> Neg for Loose<N> {
    type Output = Self;
    #[inline(always)]
    fn neg(self) -> Self {
        Loose(-self.0)
    }
}

impl<const N: usize> Add for Loose<N> {
    type Output = Self;
    #[inline(always)]
    fn add(self, rhs: Self) -> Self {
        Loose(self.0 + rhs.0)
    }
}

impl<const N: usize> Mul<f64> for Loose<N> {
    type Output = Self;
    #[inline(always)]
    fn mul(self, partial: f64) -> Self {
        Loose(each(|k| self.0.0[k] * partial))
    }
}

impl<const N: usize> Div<f64> for Loose<N> {
    type Output = Self;
    #[inline(always)]
    fn div(self, rhs: f64) -> Self {
        Loose(each(|k| self.0.0[k] / rhs))
    }
}

impl<const N: usize> Bar<f64> for Loose<N> {}

impl<const N: usize> Dual<N> {
    /// The input with which direction `k` moves.
    ///
    /// # Panics
    /// Where `k` is not below `N`.
    #[track_caller]
    pub fn input(value: f64, k: usize) -> Self {
        let mut tangents = [0.0; N];
        tangents[k] = 1.0;
        Dual { value, tangents }
    }

    /// A number that moves in no direction.
    #[inline(always)]
    pub const fn new(value: f64) -> Self {
        Dual {
            value,
            tangents: [0.0; N],
        }
    }

    #[inline(always)]
    fn bar(self) -> Tangents<N> {
        Tangents(self.tangents)
    }
}

impl<const N: usize> From<f64> for Dual<N> {
    #[inline(always)]
    fn from(value: f64) -> Self {
        Dual::new(value)
    }
}

impl<const N: usize> Number for Dual<N> {
    const ZERO: Self = Dual::new(0.0);
    #[inline(always)]
    fn is_zero(&self) -> bool {
        self.value == 0.0 && self.tangents.iter().all(|&t| t == 0.0)
    }
    #[inline(always)]
    fn is_nan(&self) -> bool {
        self.tangents.iter().fold(self.value, |sum, t| sum + t).is_nan()
    }
}

macro_rules! define_dual {
    (
        ops { $($(#[doc = $doc:literal])+ $vis:vis $Op:ident = $name:ident($x:ident $(, $y:ident)* $(; $($k:ident: $kind:ident),+)?) -> $r:ident, $cost:ident $form:ident $symbol:literal, $value:block, $bar:ident => [$($pull:expr),*];)+ }
        folds { $($frows:tt)+ }
    ) => {
        impl<const N: usize> Scalar for Dual<N> {
            #[inline(always)]
            fn constant(c: f64) -> Self {
                Dual::new(c)
            }

            #[inline(always)]
            fn primal(self) -> f64 {
                self.value
            }

            fn apply(op: Op, imm: Imm, args: &[Self]) -> Self {
                expect(op.check(imm, args.len()));
                let values: SmallVec<[f64; 8]> = args.iter().map(|x| x.value).collect();
                let value = value::of(op, imm, &values);
                let mut sum = None;
                rule::of(op, imm, &values, value, |k| Some(args[k].bar()), |_, part| gather(&mut sum, part));
                Dual { value, tangents: sum.unwrap_or(Tangents::ZERO).0 }
            }

            $(#[inline(always)]
            fn $name(self $(, $y: Self)* $($(, $k: f64)+)?) -> Self {
                let imm = imm(&[$($($k),+)?]);
                let args = [self $(, $y)*];
                let values = args.map(|x| x.value);
                let value = value::$name(values, imm);
                let given = args.map(|x| x.bar());
                Dual { value, tangents: push_tangents!($cost, rule::$name, values, imm, value, given).0 }
            })+
        }

        /// The ops, one method each.
        #[allow(clippy::should_implement_trait, reason = "the operators are implemented too; a row has one name")]
        impl<const N: usize> Dual<N> {
            $($(#[doc = $doc])+
            #[inline(always)]
            #[allow(dead_code, reason = "helpers are methods of `Scalar`")]
            $vis fn $name(self $(, $y: Self)* $($(, $k: f64)+)?) -> Self {
                Scalar::$name(self $(, $y)* $($(, $k)+)?)
            })+
        }
    };
}
for_each_op!(define_dual);

impl<const N: usize> Dual<N> {
    /// `x` to the whole power `n`; every derivative is exact at 0 too.
    #[inline(always)]
    pub fn powi(self, n: i32) -> Self {
        Scalar::powi(self, n)
    }

    /// `x` to the constant power `p`.
    #[inline(always)]
    pub fn powf(self, p: f64) -> Self {
        Scalar::powf(self, p)
    }
}

impl<const N: usize> Neg for Dual<N> {
    type Output = Self;
    #[inline(always)]
    fn neg(self) -> Self {
        Scalar::neg(self)
    }
}

macro_rules! operators {
    ($($Trait:ident $method:ident $Assign:ident $assign:ident $with_c:ident $c_first:ident;)+) => {$(
        impl<const N: usize> $Trait for Dual<N> {
            type Output = Self;
            #[inline(always)]
            fn $method(self, rhs: Self) -> Self {
                Scalar::$method(self, rhs)
            }
        }
        impl<const N: usize> $Trait<f64> for Dual<N> {
            type Output = Self;
            #[inline(always)]
            fn $method(self, rhs: f64) -> Self {
                Scalar::$with_c(self, rhs)
            }
        }
        impl<const N: usize> $Trait<Dual<N>> for f64 {
            type Output = Dual<N>;
            #[inline(always)]
            fn $method(self, rhs: Dual<N>) -> Dual<N> {
                Scalar::$c_first(rhs, self)
            }
        }
        impl<const N: usize> $Assign for Dual<N> {
            #[inline(always)]
            fn $assign(&mut self, rhs: Self) {
                *self = Scalar::$method(*self, rhs);
            }
        }
        impl<const N: usize> $Assign<f64> for Dual<N> {
            #[inline(always)]
            fn $assign(&mut self, rhs: f64) {
                *self = Scalar::$with_c(*self, rhs);
            }
        }
    )+};
}
operators! {
    Add add AddAssign add_assign add_c add_c;
    Sub sub SubAssign sub_assign sub_c c_sub;
    Mul mul MulAssign mul_assign mul_c mul_c;
    Div div DivAssign div_assign div_c c_div;
}

impl<const N: usize> Rem for Dual<N> {
    type Output = Self;
    fn rem(self, rhs: Self) -> Self {
        Scalar::rem(self, rhs)
    }
}

impl<const N: usize> Rem<f64> for Dual<N> {
    type Output = Self;
    fn rem(self, rhs: f64) -> Self {
        Scalar::rem(self, Dual::new(rhs))
    }
}

impl<const N: usize> RemAssign for Dual<N> {
    fn rem_assign(&mut self, rhs: Self) {
        *self = Scalar::rem(*self, rhs);
    }
}

impl<const N: usize> Sum for Dual<N> {
    fn sum<I: Iterator<Item = Self>>(iter: I) -> Self {
        iter.fold(Dual::new(0.0), |sum, x| sum + x)
    }
}

impl<const N: usize> Product for Dual<N> {
    fn product<I: Iterator<Item = Self>>(iter: I) -> Self {
        iter.fold(Dual::new(1.0), |product, x| product * x)
    }
}

/// Compares values.
impl<const N: usize> PartialEq for Dual<N> {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

/// Compares values.
impl<const N: usize> PartialOrd for Dual<N> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        self.value.partial_cmp(&other.value)
    }
}

impl<const N: usize> PartialEq<f64> for Dual<N> {
    fn eq(&self, other: &f64) -> bool {
        self.value == *other
    }
}

impl<const N: usize> PartialOrd<f64> for Dual<N> {
    fn partial_cmp(&self, other: &f64) -> Option<Ordering> {
        self.value.partial_cmp(other)
    }
}

impl<const N: usize> fmt::Display for Dual<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.value.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SPECIAL: [f64; 8] = [
        0.0,
        -0.0,
        1.5,
        -5e-324,
        f64::MAX,
        f64::INFINITY,
        f64::NEG_INFINITY,
        f64::NAN,
    ];

    fn same(a: f64, b: f64) -> bool {
        a == b || a.is_nan() && b.is_nan()
    }

    /// A product, a quotient and an exponential whose tangents are special numbers.
    fn guards_hold<const N: usize>() {
        let given = |from: usize| std::array::from_fn::<f64, N, _>(|k| SPECIAL[(from + k) % SPECIAL.len()]);
        for (from, x) in (0..SPECIAL.len()).flat_map(|from| SPECIAL.map(|x| (from, x))) {
            for y in SPECIAL {
                let (a, b) = (given(from), given(from + 3));
                let dual = |value, tangents| Dual { value, tangents };
                let product = dual(x, a) * dual(y, b);
                let quotient = dual(x, a) / dual(y, b);
                let exponential = dual(x, a).exp();
                for k in 0..N {
                    let (of_x, of_y) = (a[k], b[k]);
                    let want = kernel::gmul(of_x, y) + kernel::gmul(of_y, x);
                    assert!(same(product.tangents[k], want), "{x} * {y}, {of_x} and {of_y}");
                    let want = kernel::gdiv(of_x, y) - kernel::gdiv(kernel::gmul(of_y, x / y), y);
                    assert!(same(quotient.tangents[k], want), "{x} / {y}, {of_x} and {of_y}");
                    let want = kernel::gmul(of_x, kernel::exp(x));
                    assert!(same(exponential.tangents[k], want), "exp {x}, {of_x}");
                }
            }
        }
    }

    #[test]
    fn guards_hold_however_many_tangents_there_are() {
        guards_hold::<1>();
        guards_hold::<2>();
        guards_hold::<3>();
        guards_hold::<8>();
    }
}
