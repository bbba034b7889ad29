//! Formulas as types: functions whose partials are computed without a tape.
//!
//! `Formula::input(0) * Formula::input(1)` is a value of a type that says what is computed: a product of two inputs. Its
//! [`Expression`] has two methods. `push` computes the value and keeps what the other needs. `pull` goes back through the
//! expression with an adjoint. The compiler inlines both, so they become the code that one writes by hand. The rules are
//! those of the table of ops ([`Rule`]). What would need a list, the terms of a sum, is computed again on the way back.

use core::fmt;
use core::marker::PhantomData;
use core::ops::{Add, Div, Mul, Neg, Sub};

use crate::cold::rarely;
use crate::number::{Function, Real};
use crate::op::{Imm, NO_IMM, count, for_each_op};
use crate::scalar::{Guarded, Scalar, Unguarded, imm, rule, value};

/// A formula of some inputs: a [`Function`] that computes its gradient without a tape, about as fast as code written by
/// hand. For a [`Statement`](crate::Statement) of many inputs.
///
/// It is made of inputs ([`Formula::input`]), numbers, operators, ops, and sums of terms that a closure makes
/// ([`Formula::sum`]). It is `Copy`, but a formula that is used twice is computed twice.
///
/// ```
/// use wengert::{Formula, Graph, Statement};
///
/// // A neuron with two inputs: weights, bias, inputs.
/// let sum = Formula::sum(2, |k| Formula::input(k) * Formula::input(3 + k));
/// let neuron = Statement::new("neuron", 5, (sum + Formula::input(2)).tanh());
///
/// let g = Graph::new();
/// let x = [-3.0, 1.0, 6.88, 2.0, 0.0].map(|v| g.var(v));
/// let y = g.call(&neuron, &x);
/// y.backward();
/// assert!((y.value() - 0.88_f64.tanh()).abs() < 1e-15);
/// assert!((x[0].grad() - 2.0 * (1.0 - y.value().powi(2))).abs() < 1e-15);
/// ```
///
/// # Panics
/// If it reads an input beyond the last.
#[derive(Clone, Copy)]
pub struct Formula<E>(E);

impl<E> fmt::Debug for Formula<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Formula")
    }
}

/// What a formula is made of.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not part of a formula",
    note = "a formula is made of `Formula::input(k)`, `Formula::constant(c)`, operators, ops and `Formula::sum`"
)]
pub trait Expression: Copy {
    /// What [`Expression::pull`] needs from [`Expression::push`].
    type Kept: Copy;

    /// The value at `x`.
    fn push(&self, x: &[f64]) -> (f64, Self::Kept);

    /// Adds the adjoint `bar` times each partial to `gradient`. `r` is the value.
    fn pull<const GUARDED: bool>(&self, x: &[f64], kept: Self::Kept, r: f64, bar: f64, gradient: &mut [f64]);

    /// The value over any kind of number.
    fn over<T: Real>(&self, x: &[T]) -> T;
}

impl<E: Expression> Function for Formula<E> {
    #[inline]
    fn call<T: Real>(&self, x: &[T]) -> T {
        self.0.over(x)
    }

    /// By one pass forward and one back. As in a reverse sweep, products are guarded in a second pass, if the first left
    /// a NaN.
    #[inline(always)]
    fn value_and_gradient(&self, x: &[f64], gradient: &mut [f64]) -> f64 {
        // Of the same length, so that one check serves both.
        let (formula, gradient) = (self.0, &mut gradient[..x.len()]);
        let (value, kept) = formula.push(x);
        formula.pull::<false>(x, kept, value, 1.0, gradient);
        if gradient.iter().fold(false, |any, partial| any | partial.is_nan()) {
            // Copies move in, so that what the usual way needs stays in registers.
            rarely(move || {
                gradient.fill(0.0);
                formula.pull::<true>(x, kept, value, 1.0, gradient);
            });
        }
        value
    }
}

/// An input.
#[doc(hidden)]
#[derive(Clone, Copy)]
pub struct Input(usize);

#[cold]
#[inline(never)]
fn not_given(k: usize, given: usize) -> ! {
    panic!("a formula reads input {k}, counted from 0, but has {given} inputs")
}

impl Expression for Input {
    type Kept = ();

    #[inline(always)]
    fn push(&self, x: &[f64]) -> (f64, ()) {
        (self.over(x), ())
    }

    #[inline(always)]
    fn pull<const GUARDED: bool>(&self, _: &[f64], (): (), _: f64, bar: f64, gradient: &mut [f64]) {
        if let Some(partial) = gradient.get_mut(self.0) {
            *partial += bar;
        }
    }

    #[inline(always)]
    fn over<T: Real>(&self, x: &[T]) -> T {
        match x.get(self.0) {
            Some(&x) => x,
            None => not_given(self.0, x.len()),
        }
    }
}

/// A number.
#[doc(hidden)]
#[derive(Clone, Copy)]
pub struct Constant(f64);

impl Expression for Constant {
    type Kept = ();

    #[inline(always)]
    fn push(&self, _: &[f64]) -> (f64, ()) {
        (self.0, ())
    }

    #[inline(always)]
    fn pull<const GUARDED: bool>(&self, _: &[f64], (): (), _: f64, _: f64, _: &mut [f64]) {}

    #[inline(always)]
    fn over<T: Real>(&self, _: &[T]) -> T {
        T::constant(self.0)
    }
}

/// A sum of terms.
#[doc(hidden)]
#[derive(Clone, Copy)]
pub struct Sum<F> {
    count: usize,
    term: F,
}

impl<E: Expression, F: Fn(usize) -> Formula<E> + Copy> Expression for Sum<F> {
    type Kept = ();

    #[inline(always)]
    fn push(&self, x: &[f64]) -> (f64, ()) {
        let term = |k| (self.term)(k).0.push(x).0;
        match self.count {
            0 => (0.0, ()),
            count => ((1..count).fold(term(0), |sum, k| sum + term(k)), ()),
        }
    }

    #[inline(always)]
    fn pull<const GUARDED: bool>(&self, x: &[f64], (): (), _: f64, bar: f64, gradient: &mut [f64]) {
        for k in 0..self.count {
            let Formula(term) = (self.term)(k);
            let (r, kept) = term.push(x);
            term.pull::<GUARDED>(x, kept, r, bar, gradient);
        }
    }

    #[inline(always)]
    fn over<T: Real>(&self, x: &[T]) -> T {
        let term = |k| (self.term)(k).0.over(x);
        match self.count {
            0 => T::constant(0.0),
            count => (1..count).fold(term(0), |sum, k| sum + term(k)),
        }
    }
}

/// An op of `N` operands, as a type.
#[doc(hidden)]
pub trait Rule<const N: usize>: Copy {
    fn value(x: [f64; N], imm: Imm) -> f64;
    /// What each operand receives of the adjoint `bar`. `r` is the value.
    fn pull<const GUARDED: bool>(x: [f64; N], imm: Imm, r: f64, bar: f64) -> [f64; N];
    fn over<T: Scalar>(x: [T; N], imm: Imm) -> T;
}

/// An op of one operand.
#[doc(hidden)]
#[derive(Clone, Copy)]
pub struct Unary<R, A> {
    rule: PhantomData<R>,
    imm: Imm,
    x: A,
}

impl<R: Rule<1>, A: Expression> Expression for Unary<R, A> {
    type Kept = (f64, A::Kept);

    #[inline(always)]
    fn push(&self, x: &[f64]) -> (f64, Self::Kept) {
        let kept = self.x.push(x);
        (R::value([kept.0], self.imm), kept)
    }

    #[inline(always)]
    fn pull<const GUARDED: bool>(&self, x: &[f64], kept: Self::Kept, r: f64, bar: f64, gradient: &mut [f64]) {
        let [part] = R::pull::<GUARDED>([kept.0], self.imm, r, bar);
        self.x.pull::<GUARDED>(x, kept.1, kept.0, part, gradient);
    }

    #[inline(always)]
    fn over<T: Real>(&self, x: &[T]) -> T {
        R::over([self.x.over(x)], self.imm)
    }
}

/// An op of two operands.
#[doc(hidden)]
#[derive(Clone, Copy)]
pub struct Binary<R, A, B> {
    rule: PhantomData<R>,
    x: A,
    y: B,
}

impl<R: Rule<2>, A: Expression, B: Expression> Expression for Binary<R, A, B> {
    type Kept = ((f64, A::Kept), (f64, B::Kept));

    #[inline(always)]
    fn push(&self, x: &[f64]) -> (f64, Self::Kept) {
        let kept = (self.x.push(x), self.y.push(x));
        (R::value([kept.0.0, kept.1.0], NO_IMM), kept)
    }

    #[inline(always)]
    fn pull<const GUARDED: bool>(&self, x: &[f64], (a, b): Self::Kept, r: f64, bar: f64, gradient: &mut [f64]) {
        let [p, q] = R::pull::<GUARDED>([a.0, b.0], NO_IMM, r, bar);
        self.x.pull::<GUARDED>(x, a.1, a.0, p, gradient);
        self.y.pull::<GUARDED>(x, b.1, b.0, q, gradient);
    }

    #[inline(always)]
    fn over<T: Real>(&self, x: &[T]) -> T {
        R::over([self.x.over(x), self.y.over(x)], NO_IMM)
    }
}

/// The op of a row as a type.
macro_rules! rule {
    ($Op:ident $name:ident [$($x:ident)+] [$($k:ident)*]) => {
        #[derive(Clone, Copy)]
        pub struct $Op;

        #[allow(unused_variables, reason = "not every op has immediates")]
        impl Rule<{ count!($($x)+) }> for $Op {
            #[inline(always)]
            fn value(x: [f64; count!($($x)+)], imm: Imm) -> f64 {
                value::$name(x, imm)
            }

            #[inline(always)]
            fn pull<const GUARDED: bool>(x: [f64; count!($($x)+)], imm: Imm, r: f64, bar: f64) -> [f64; count!($($x)+)] {
                let mut parts = [0.0; count!($($x)+)];
                if GUARDED {
                    rule::$name(x, imm, r, |_| Some(Guarded(bar)), |k, part| parts[k] = part.0);
                } else {
                    rule::$name(x, imm, r, |_| Some(Unguarded(bar)), |k, part| parts[k] = part.0);
                }
                parts
            }

            #[inline(always)]
            fn over<T: Scalar>([$($x),+]: [T; count!($($x)+)], [$($k,)* ..]: Imm) -> T {
                Scalar::$name($($x,)+ $($k),*)
            }
        }
    };
}

/// The types of the ops that have a method: those of one or two operands that users see.
macro_rules! rule_of_row {
    ([pub $Op:ident] $name:ident [$x:ident] $k:tt) => {
        rule! { $Op $name [$x] $k }
    };
    ([pub $Op:ident] $name:ident [$x:ident $y:ident] $k:tt) => {
        rule! { $Op $name [$x $y] $k }
    };
    ($($rest:tt)*) => {};
}

/// The method of an op.
macro_rules! method {
    ([$(#[$doc:meta])+] [pub $Op:ident] $name:ident [$x:ident] [$($k:ident)*]) => {
        $(#[$doc])+
        #[inline(always)]
        pub fn $name(self $(, $k: f64)*) -> Formula<Unary<ops::$Op, E>> {
            Formula(Unary { rule: PhantomData, imm: imm(&[$($k),*]), x: self.0 })
        }
    };
    ([$(#[$doc:meta])+] [pub $Op:ident] $name:ident [$x:ident $y:ident] []) => {
        $(#[$doc])+
        #[inline(always)]
        pub fn $name<B: Expression>(self, $y: Formula<B>) -> Formula<Binary<ops::$Op, E, B>> {
            Formula(Binary { rule: PhantomData, x: self.0, y: $y.0 })
        }
    };
    ($($rest:tt)*) => {};
}

macro_rules! define_formula {
    (
        ops { $($(#[doc = $doc:literal])+ $($word:ident)+ = $name:ident($x:ident $(, $y:ident)* $(; $($k:ident: $kind:ident),+)?) -> $r:ident, $cost:ident $form:ident $symbol:literal, $value:block, $bar:ident => [$($pull:expr),*];)+ }
        folds { $($frows:tt)+ }
    ) => {
        /// The ops as types.
        mod ops {
            use super::*;

            $(rule_of_row! { [$($word)+] $name [$x $($y)*] [$($($k)+)?] })+
            rule! { Powd powd [x] [p k] }
        }

        /// The ops, one method each.
        #[allow(clippy::should_implement_trait, reason = "the operators are implemented too, under the same names")]
        impl<E: Expression> Formula<E> {
            $(method! { [$(#[doc = $doc])+] [$($word)+] $name [$x $($y)*] [$($($k)+)?] })+
        }
    };
}
for_each_op!(define_formula);

impl Formula<Input> {
    /// The input number `k`, counted from 0.
    ///
    /// ```
    /// use wengert::{Formula, Function};
    ///
    /// assert_eq!(Formula::input(1).call(&[2.0, 3.0]), 3.0);
    /// ```
    #[inline(always)]
    pub const fn input(k: usize) -> Self {
        Formula(Input(k))
    }
}

impl Formula<Constant> {
    /// The number `c`.
    ///
    /// ```
    /// use wengert::{Formula, Function};
    ///
    /// assert_eq!(Formula::constant(3.0).call(&[2.0]), 3.0);
    /// ```
    #[inline(always)]
    pub const fn constant(c: f64) -> Self {
        Formula(Constant(c))
    }
}

impl<E: Expression, F: Fn(usize) -> Formula<E> + Copy> Formula<Sum<F>> {
    /// The sum of `term(0)` to `term(count - 1)`, from left to right. 0 without terms.
    ///
    /// `term` must give the same formula whenever it is called with the same number.
    ///
    /// ```
    /// use wengert::{Formula, Function};
    ///
    /// let squares = Formula::sum(3, |k| Formula::input(k).powi(2));
    /// let mut gradient = [0.0; 3];
    /// assert_eq!(squares.value_and_gradient(&[1.0, 2.0, 3.0], &mut gradient), 14.0);
    /// assert_eq!(gradient, [2.0, 4.0, 6.0]);
    /// ```
    #[inline(always)]
    pub const fn sum(count: usize, term: F) -> Self {
        Formula(Sum { count, term })
    }
}

impl<E: Expression> Formula<E> {
    /// `x` to the integer power `n`. All derivatives are exact, also at 0.
    #[inline(always)]
    pub fn powi(self, n: i32) -> Formula<Unary<ops::Powd, E>> {
        self.powf(f64::from(n))
    }

    /// `x` to the constant power `p`.
    #[inline(always)]
    pub fn powf(self, p: f64) -> Formula<Unary<ops::Powd, E>> {
        Formula(Unary { rule: PhantomData, imm: [p, 0.0], x: self.0 })
    }
}

/// An operator between formulas, and between a formula and a number.
macro_rules! operator {
    ($Trait:ident $method:ident $after:ident $AfterOp:ident $before:ident $BeforeOp:ident) => {
        impl<A: Expression, B: Expression> $Trait<Formula<B>> for Formula<A> {
            type Output = Formula<Binary<ops::$Trait, A, B>>;
            #[inline(always)]
            fn $method(self, y: Formula<B>) -> Self::Output {
                Formula::$method(self, y)
            }
        }
        impl<A: Expression> $Trait<f64> for Formula<A> {
            type Output = Formula<Unary<ops::$AfterOp, A>>;
            #[inline(always)]
            fn $method(self, c: f64) -> Self::Output {
                self.$after(c)
            }
        }
        impl<A: Expression> $Trait<Formula<A>> for f64 {
            type Output = Formula<Unary<ops::$BeforeOp, A>>;
            #[inline(always)]
            fn $method(self, x: Formula<A>) -> Self::Output {
                x.$before(self)
            }
        }
    };
}
operator! { Add add add_c AddC add_c AddC }
operator! { Sub sub sub_c SubC c_sub CSub }
operator! { Mul mul mul_c MulC mul_c MulC }
operator! { Div div div_c DivC c_div CDiv }

impl<A: Expression> Neg for Formula<A> {
    type Output = Formula<Unary<ops::Neg, A>>;
    #[inline(always)]
    fn neg(self) -> Self::Output {
        Formula::neg(self)
    }
}
