//! Dual numbers: a value with `N` tangents, for derivatives with respect to few inputs without a tape.
//!
//! An op is applied by its value and its rule, both from the table. The rule is linear in the tangents, so its
//! partials are computed once for all of them.

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;

use smallvec::SmallVec;

use crate::array::each;
use crate::error::{Error, expect};
use crate::external::{External, second};
use crate::op::{Imm, Op, for_each_op};
use crate::scalar::apart::Apart;
use crate::scalar::tangents::{Tangents, push, push_tangents};
use crate::scalar::{AdjointScalar, Scalar, define_number, imm, operators, rule, value};

/// A value, and its derivatives in `N` directions.
///
/// ```
/// use wengert::Dual;
///
/// let x = Dual::<2>::input(3.0, 0);
/// let y = Dual::<2>::input(2.0, 1);
/// let z = x * x * y;
/// assert_eq!((z.value, z.tangents), (18.0, [12.0, 9.0]));
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Dual<const N: usize> {
    /// The value.
    pub value: f64,
    /// The derivative of the value in each direction.
    pub tangents: [f64; N],
}

impl<const N: usize> Dual<N> {
    /// The input number `k`: its derivative in direction `k` is 1, in all others 0.
    ///
    /// ```
    /// use wengert::Dual;
    ///
    /// let [x, y] = [Dual::<2>::input(3.0, 0), Dual::input(2.0, 1)];
    /// assert_eq!((x * y).tangents, [2.0, 3.0]);
    /// ```
    ///
    /// # Panics
    /// If `k` is not below `N`.
    #[track_caller]
    pub fn input(value: f64, k: usize) -> Self {
        assert!(k < N, "no direction {k}: a Dual<{N}> has {N}, counted from 0");
        let mut tangents = [0.0; N];
        tangents[k] = 1.0;
        Dual { value, tangents }
    }

    /// A constant: its derivative is 0 in all directions.
    ///
    /// ```
    /// assert_eq!(wengert::Dual::<2>::new(3.0).tangents, [0.0, 0.0]);
    /// ```
    #[inline(always)]
    pub const fn new(value: f64) -> Self {
        Dual { value, tangents: [0.0; N] }
    }

    #[inline(always)]
    pub(crate) fn bar(self) -> Tangents<N> {
        Tangents(self.tangents)
    }
}

impl<const N: usize> AdjointScalar for Dual<N> {
    const ZERO: Self = Dual::new(0.0);
    const IS_LARGE: bool = true;
    type Apart = Apart<N>;
    #[inline(always)]
    fn is_zero(&self) -> bool {
        self.value == 0.0 && self.tangents.iter().all(|&t| t == 0.0)
    }
    #[inline(always)]
    fn is_nan(&self) -> bool {
        self.tangents.iter().fold(self.value, |sum, t| sum + t).is_nan()
    }
    fn pull_external(f: &dyn External, x: &[Self], y: &[Self], ybar: &[Self], xbar: &mut [Self]) -> Result<(), Error> {
        second::pull(f, x, y, ybar, xbar)
    }
    fn partials(f: &dyn External, x: &[Self], partials: &mut [Self]) -> Result<(), Error> {
        second::partials(f, x, partials)
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

            #[track_caller]
            fn external(f: &Arc<dyn External>, x: &[Self]) -> Vec<Self> {
                expect(second::push(&**f, x))
            }

            fn apply(op: Op, imm: Imm, args: &[Self]) -> Self {
                expect(op.check(imm, args.len()));
                if op.check_immediates(imm).is_err() {
                    return Dual { value: f64::NAN, tangents: [f64::NAN; N] };
                }
                let values: SmallVec<[f64; 8]> = args.iter().map(|x| x.value).collect();
                let value = value::of(op, imm, &values);
                let given: SmallVec<[Option<Tangents<N>>; 8]> = args.iter().map(|x| Some(x.bar())).collect();
                Dual { value, tangents: push(op, imm, &values, value, &given).0 }
            }

            $(#[inline(always)]
            fn $name(self $(, $y: impl Into<Self>)* $($(, $k: f64)+)?) -> Self {
                let imm = imm(&[$($($k),+)?]);
                let args = [self $(, $y.into())*];
                let values = each(args, 0.0, |x| x.value);
                let value = value::$name(values, imm);
                let given = each(args, Tangents::ZERO, |x| x.bar());
                Dual { value, tangents: push_tangents!($cost, rule::$name, values, imm, value, given).0 }
            })+
        }
    };
}
for_each_op!(define_dual);
for_each_op!(define_number [const N: usize] Dual<N>;);

impl<const N: usize> fmt::Display for Dual<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.value.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::op::kernel;

    const SPECIAL: [f64; 8] = [0.0, -0.0, 1.5, -5e-324, f64::MAX, f64::INFINITY, f64::NEG_INFINITY, f64::NAN];

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
