//! Every panic of a public function points to the line that called it, not into the engine.

use std::panic::{AssertUnwindSafe, Location, catch_unwind, set_hook, take_hook};
use std::sync::{Mutex, PoisonError};

use wengert::{Dual, Expr, Graph, NO_IMM, NodeId, Op, Scalar, Series};

#[path = "it/common/methods.rs"]
#[allow(dead_code, reason = "other tests read the rest")]
mod methods;

use methods::Form;

static PLACE: Mutex<String> = Mutex::new(String::new());

/// Where the panic of a call points to.
fn place(call: impl FnOnce()) -> Option<String> {
    set_hook(Box::new(|panic| {
        let file = panic.location().map_or_else(String::new, |at| at.file().to_owned());
        *PLACE.lock().unwrap_or_else(PoisonError::into_inner) = file;
    }));
    catch_unwind(AssertUnwindSafe(call)).is_err().then(|| PLACE.lock().unwrap().clone())
}

#[track_caller]
fn assert_points_here(name: &str, call: impl FnOnce()) {
    let here = Location::caller().file();
    let place = place(call);
    let _ = take_hook();
    assert_eq!(place.as_deref(), Some(here), "{name}");
}

/// An expression of a graph other than the one that a closure is recorded on.
fn foreign() -> Expr<'static> {
    Box::leak(Box::new(Graph::new())).var(2.0)
}

/// Operators and methods on expressions that do not go together: of two graphs, or where the graph is full.
macro_rules! expressions {
    (unary $($unary:ident)+; binary $($binary:ident)+; folds $($fold:ident)+; $($name:literal: |$x:ident, $y:ident| $call:expr;)+) => {
        vec![
            $((stringify!($unary), (|x: Expr<'_>, _: Expr<'_>| _ = x.$unary()) as fn(Expr<'_>, Expr<'_>)),)+
            $((stringify!($binary), |x, y| _ = x.$binary(y)),)+
            $((stringify!($fold), |x, y| _ = Scalar::$fold(&[x, y])),)+
            $(($name, |$x, $y| _ = $call),)+
        ]
    };
}

#[test]
fn a_panic_points_to_the_line_that_called() {
    for method in methods::all() {
        if let Form::Panics(call) = method.form {
            let mut g = Graph::new();
            g.leaf(1.0);
            let file = place(|| call(&mut g, NodeId::default())).expect("a wrong key is refused");
            let _ = take_hook();
            assert!(file.ends_with("methods.rs"), "{} points to {file}", method.name);
        }
    }

    let calls = expressions! {
        unary neg recip sqrt cbrt exp exp2 exp_m1 ln log2 log10 ln_1p sin cos tan asin acos atan sinh cosh tanh asinh
            acosh atanh abs sign step relu sigmoid softplus log1m_exp floor ceil round trunc fract flat erf erfc norm_cdf lgamma
            digamma detach sinc log_norm_cdf erf_inv erfc_inv norm_quantile;
        binary add sub mul div pow atan2 hypot max min rem copysign logaddexp xlogy xlog1py less less_equal greater greater_equal equal not_equal;
        folds sum product max_of min_of logsumexp mean norm;
        "mul_add": |x, y| x.mul_add(y, y);
        "select": |x, y| x.select(y, y);
        "clamp": |x, y| x.clamp(y, y);
        "dot": |x, y| Scalar::dot(&[x], &[y]);
        "powi": |x, _y| x.powi(3);
        "powf": |x, _y| x.powf(0.5);
        "polygamma": |x, _y| x.polygamma(2);
        "apply": |x, y| Expr::apply(Op::Atan2, NO_IMM, &[x, y]);
        "-x": |x, _y| -x;
        "x + y": |x, y| x + y;
        "x - y": |x, y| x - y;
        "x * y": |x, y| x * y;
        "x / y": |x, y| x / y;
        "x % y": |x, y| x % y;
        "x + 0.3": |x, _y| x + 0.3;
        "x - 0.3": |x, _y| x - 0.3;
        "x * 0.3": |x, _y| x * 0.3;
        "x / 0.3": |x, _y| x / 0.3;
        "x % 0.3": |x, _y| x % 0.3;
        "0.3 - x": |x, _y| 0.3 - x;
        "0.3 / x": |x, _y| 0.3 / x;
        "+=": |x, y| { let mut x = x; x += y; };
        "-=": |x, y| { let mut x = x; x -= y; };
        "*=": |x, y| { let mut x = x; x *= y; };
        "/=": |x, y| { let mut x = x; x /= y; };
        "%=": |x, y| { let mut x = x; x %= y; };
        "*= 0.3": |x, _y| { let mut x = x; x *= 0.3; };
        "num_traits ln": |x, _y| num_traits::Float::ln(x);
        "num_traits max": |x, y| num_traits::Float::max(x, y);
    };
    for (name, call) in calls {
        let (g, h) = (Graph::with_limit(1), Graph::with_limit(1));
        let (x, y) = (g.var(0.5), h.var(0.25));
        assert_points_here(name, || call(x, y));
    }
    type Compare = fn(Expr<'_>, Expr<'_>) -> bool;
    let compare: [(&str, Compare); 5] =
        [("<", |x, y| x < y), ("<=", |x, y| x <= y), (">", |x, y| x > y), (">=", |x, y| x >= y), ("==", |x, y| x == y)];
    for (name, call) in compare {
        let (g, h) = (Graph::new(), Graph::new());
        let (x, y) = (g.var(0.5), h.var(0.25));
        assert_points_here(name, || _ = call(x, y));
        let full = Graph::with_limit(1);
        let x = full.var(0.5);
        assert_points_here(name, || _ = call(x, Expr::constant(0.25)));
    }

    assert_points_here("id of a constant", || _ = Expr::constant(1.0).id());
    assert_points_here("var of a full graph", || _ = Graph::with_limit(0).var(1.0));
    assert_points_here("leaf of a full graph", || _ = Graph::with_limit(0).leaf(1.0));
    assert_points_here("constant of a full graph", || _ = Graph::with_limit(0).constant(1.0));
    assert_points_here("leaves of a full graph", || drop(Graph::with_limit(1).leaves(&[1.0, 2.0])));
    assert_points_here("with_capacity", || _ = Graph::with_capacity(usize::MAX));
    assert_points_here("hvp of a wrong length", || {
        let g = Graph::new();
        let x = g.leaf(1.0);
        g.hvp(x, &[x], &[]);
    });
    assert_points_here("taylor of a wrong length", || {
        let g = Graph::new();
        let x = g.leaf(1.0);
        g.taylor::<3>(x, &[x], &[]);
    });
    assert_points_here("sparse_hessian with respect to a node of another graph", || {
        let g = Graph::new();
        let x = g.sin(g.leaf(1.0));
        g.sparse_hessian(x, &[Graph::new().leaf(1.0)]);
    });
    assert_points_here("hvp of a closure", || _ = wengert::hvp(|x| x[0], &[1.0], &[]));
    assert_points_here("jvp of a closure", || _ = wengert::jvp(|x| vec![x[0]], &[1.0], &[]));
    assert_points_here("vjp of a closure", || _ = wengert::vjp(|x| vec![x[0]], &[1.0], &[]));
    assert_points_here("taylor of a closure", || _ = wengert::taylor::<3>(|x| x[0], &[1.0], &[]));
    assert_points_here("sparse_jacobian of a closure", || _ = wengert::sparse_jacobian(|_| vec![foreign()], &[1.0]));
    assert_points_here("check_gradient of a closure", || _ = wengert::check_gradient(|_| foreign(), &[1.0]));
    assert_points_here("gradient of a closure", || _ = wengert::gradient(|_| foreign(), &[1.0]));
    assert_points_here("hessian of a closure", || _ = wengert::hessian(|_| foreign(), &[1.0]));
    assert_points_here("apply of a number", || _ = f64::apply(Op::Add, NO_IMM, &[1.0]));
    assert_points_here("apply of a dual", || _ = Dual::<1>::apply(Op::Add, NO_IMM, &[]));
    assert_points_here("apply of a series", || _ = Series::<2>::apply(Op::Leaf, NO_IMM, &[]));
    assert_points_here("apply of an expression", || {
        _ = Expr::apply(Op::Sin, NO_IMM, &[Graph::new().var(1.0); 2]).value()
    });
    assert_points_here("a fold of numbers", || _ = f64::max_of(&[]));
    assert_points_here("lists of two lengths", || _ = Scalar::dot(&[Graph::new().var(1.0)], &[]).value());
    assert_points_here("input of a dual", || _ = Dual::<1>::input(1.0, 1));
    assert_points_here("derivative of a series", || _ = Series::<2>::new(1.0).derivative(2));
    assert_points_here("a product with too short a vector", || {
        let g = Graph::new();
        let x = g.leaf(1.0);
        _ = g.sparse_jacobian(&[x], &[x]).times(&[]);
    });
}
