//! Comparisons of expressions. Each leaves a guard: see [`Graph::forward`](crate::Graph::forward).

use core::cmp::Ordering;

use crate::number::expr::Expr;
use crate::number::recording::common;
use crate::number::tracked;
use crate::op::Relation;

impl Expr<'_> {
    /// Whether `self relation other` holds. Leaves a guard with the answer.
    #[track_caller]
    pub(crate) fn guarded(self, relation: Relation, other: Self) -> bool {
        let recorded = relation.holds(self.value, other.value);
        if let Some(graph) = common(&[self, other]) {
            graph.push_guard(self.handle_in(graph), relation, other.handle_in(graph), recorded);
        }
        recorded
    }
}

impl PartialEq for Expr<'_> {
    tracked! { fn eq(&self, other: &Self) -> bool { self.guarded(Relation::Equal, *other) } }
}

impl PartialOrd for Expr<'_> {
    tracked! {
        fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
            let order = self.value().partial_cmp(&other.value());
            match order {
                Some(Ordering::Less) => self.guarded(Relation::Less, *other),
                Some(Ordering::Equal) => self.guarded(Relation::Equal, *other),
                Some(Ordering::Greater) => other.guarded(Relation::Less, *self),
                None => self.guarded(Relation::Unordered, *other),
            };
            order
        }
        fn lt(&self, other: &Self) -> bool { self.guarded(Relation::Less, *other) }
        fn le(&self, other: &Self) -> bool { self.guarded(Relation::LessEqual, *other) }
        fn gt(&self, other: &Self) -> bool { other.guarded(Relation::Less, *self) }
        fn ge(&self, other: &Self) -> bool { other.guarded(Relation::LessEqual, *self) }
    }
}

impl PartialEq<f64> for Expr<'_> {
    tracked! { fn eq(&self, other: &f64) -> bool { *self == Expr::constant(*other) } }
}

impl PartialOrd<f64> for Expr<'_> {
    tracked! {
        fn partial_cmp(&self, other: &f64) -> Option<Ordering> { self.partial_cmp(&Expr::constant(*other)) }
        fn lt(&self, other: &f64) -> bool { *self < Expr::constant(*other) }
        fn le(&self, other: &f64) -> bool { *self <= Expr::constant(*other) }
        fn gt(&self, other: &f64) -> bool { *self > Expr::constant(*other) }
        fn ge(&self, other: &f64) -> bool { *self >= Expr::constant(*other) }
    }
}
