//! Roots, fixed points, minimizers.

use wengert::{Expr, Graph, Real};
use wengert_implicit::{Map, fixed_point, minimize, root};
use wengert_program::{Options, Program, Workspace};

use crate::routes::{agree, close};

/// What the call of a function says where it has no value.
#[track_caller]
fn refused(map: &Map, x: &[f64]) -> String {
    let g = Graph::new();
    let leaves = g.leaves(x);
    let error = g.try_external_nodes(map.function().clone(), &leaves).unwrap_err();
    assert_eq!(g.len(), x.len());
    error.to_string()
}

/// The solution of Kepler's equation by steps of Newton's method from a plain solution: right up to order seven.
fn anomaly<T: Real>(mean: T, e: T) -> T {
    let step = |y: T| y - (y - e * y.sin() - mean) / (T::constant(1.0) - e * y.cos());
    let plain = (0..60)
        .fold(mean.primal(), |y, _| y - (y - e.primal() * y.sin() - mean.primal()) / (1.0 - e.primal() * y.cos()));
    (0..3).fold(T::constant(plain), |y, _| step(y))
}

#[test]
fn keplers_equation_has_the_derivatives_of_recorded_steps() {
    let kepler = root("kepler", &[1.0], 2, |y, p| vec![y[0] - p[1] * y[0].sin() - p[0]]);
    agree(
        &kepler.externals(),
        &[&[1.3, 0.6], &[0.2, 0.1], &[2.9, 0.9]],
        |x| kepler.call(&[x[0] * 1.1, x[1]])[0].sin() * x[1],
        |x| anomaly(x[0] * 1.1, x[1]).sin() * x[1],
    );
}

#[test]
fn a_system_has_the_derivatives_of_its_closed_form() {
    let system = root("system", &[2.0, 0.5], 2, |y, p| vec![y[0] * y[0] + y[1] * y[1] - p[0], y[0] * y[1] - p[1]]);
    close(&system.call(&[5.0, 2.0]), &[2.0, 1.0], "values");
    fn l<'g>(a: Expr<'g>, b: Expr<'g>) -> Expr<'g> {
        a * b.exp() - a / b
    }
    agree(
        &system.externals(),
        &[&[5.0, 2.0], &[6.0, 1.0], &[4.0, 1.5]],
        |x| {
            let y = system.call(x);
            l(y[0], y[1])
        },
        |x| {
            let (sum, difference) = ((x[0] + x[1] * 2.0).sqrt(), (x[0] - x[1] * 2.0).sqrt());
            l((sum + difference) * 0.5, (sum - difference) * 0.5)
        },
    );
}

#[test]
fn a_fixed_point_has_the_derivatives_of_its_equation() {
    let cosine = fixed_point("cosine", &[1.0], 1, |y, p| vec![(y[0] * p[0]).cos()]);
    agree(
        &cosine.externals(),
        &[&[1.0], &[0.3], &[-1.1]],
        |x| cosine.call(x)[0] * x[0],
        |x| {
            let p = x[0].value();
            let plain = (0..500).fold(1.0, |y: f64, _| (y * p).cos());
            let x = x[0];
            (0..3).fold(Expr::constant(plain), |y, _| y - (y - (x * y).cos()) / (x * (x * y).sin() + 1.0)) * x
        },
    );
    // Where the iteration turns away, it is an error, although there is a fixed point.
    let away = fixed_point("away", &[0.5], 1, |y, p| vec![y[0] * y[0] * p[0]]);
    assert_eq!(away.call(&[1.0]), [0.0]);
    let message = refused(&fixed_point("grows", &[1.0], 1, |y, p| vec![y[0] * p[0] + 1.0]), &[-1.0]);
    assert!(message.contains("did not settle in 1000 steps"), "{message}");
    let message = refused(&fixed_point("grows", &[1.0], 1, |y, p| vec![y[0] * y[0] * p[0]]), &[2.0]);
    assert!(message.contains("leaves the finite numbers"), "{message}");
    let message = refused(&fixed_point("short", &[1.0, 2.0], 1, |_, p| vec![p[0]]), &[2.0]);
    assert!(message.contains("the closure gave 1 numbers for 2 unknowns"), "{message}");
}

#[test]
fn a_minimizer_has_the_derivatives_of_its_closed_form() {
    // A valley along a parabola; the minimum is at (p0, p0^2).
    let valley =
        minimize("valley", &[-1.2, 1.0], 2, |y, p| (y[1] - y[0] * y[0]).powi(2) * p[1] + (y[0] - p[0]).powi(2));
    agree(
        &valley.externals(),
        &[&[1.0, 100.0], &[-0.5, 10.0], &[2.0, 3.0]],
        |x| {
            let y = valley.call(x);
            y[0] * y[1] + x[1]
        },
        |x| x[0].powi(3) + x[1],
    );
    let exponential = minimize("exponential", &[0.0], 1, |y, p| y[0].exp() - y[0] * p[0]);
    agree(&exponential.externals(), &[&[2.0], &[0.1], &[30.0]], |x| exponential.call(x)[0], |x| x[0].ln());
    // A start where the Hessian is negative.
    let double = minimize("double", &[0.1], 1, |y, p| y[0].powi(4) * 0.25 - y[0].powi(2) * p[0] * 0.5);
    agree(&double.externals(), &[&[2.0], &[1.0]], |x| double.call(x)[0], |x| x[0].sqrt());
    let message = refused(&minimize("down", &[1.0], 1, |y, p| y[0] * y[0] * p[0]), &[-1.0]);
    assert!(message.contains("no convergence") || message.contains("not finite"), "{message}");
    let top = minimize("top", &[0.0], 1, |y, p| y[0].powi(4) - y[0].powi(2) * p[0]);
    let message = refused(&top, &[1.0]);
    assert!(
        message.contains("the Hessian is not positive definite and the gradient is still 0e0 at [0.0]"),
        "{message}"
    );
    let message = refused(&minimize("flat", &[1.0], 1, |_, _| Expr::constant(1.0)), &[-1.0]);
    assert!(message.contains("a constant, which has no minimum"), "{message}");
}

#[test]
fn a_branch_is_taken_anew_at_other_parameters() {
    // y = p where p is above 1, and y^3 = p below.
    let bent = root("bent", &[1.0], 1, |y, p| vec![if p[0] > 1.0 { y[0] - p[0] } else { y[0].powi(3) - p[0] }]);
    let mut g = Graph::new();
    let x = g.leaf(2.0);
    let y = bent.call(&[g.expr(x)])[0].id();
    let slope = g.gradient_nodes(y, &[x])[0];
    for (at, value, derivative) in [(2.0, 2.0, 1.0), (0.125, 0.5, 4.0 / 3.0), (3.0, 3.0, 1.0)] {
        g.set(x, at);
        let replayed = g.forward();
        // The function itself follows, and so do derivatives as numbers. Nodes are guarded.
        assert_eq!(replayed.is_ok(), at > 1.0, "{at}");
        if at > 1.0 {
            close(&[g.value(y), g.value(slope)], &[value, derivative], "replayed");
        }
        let (found, gradient) = wengert::value_and_gradient(|x| bent.call(x)[0], &[at]);
        close(&[found, gradient[0]], &[value, derivative], "anew");
    }
}

#[test]
fn equations_may_call_functions_themselves() {
    let inner = root("inner", &[1.0], 1, |y, p| vec![y[0].exp() - p[0]]);
    let function = inner.function().clone();
    // ln(y) = p, so y = e^p.
    let outer = root("outer", &[1.0], 1, move |y, p| {
        let ln = <Expr<'_> as wengert::Scalar>::external(&function, &[y[0]])[0];
        vec![ln - p[0]]
    });
    let externals = [outer.externals(), inner.externals()].concat();
    agree(&externals, &[&[0.5], &[-1.0]], |x| outer.call(x)[0], |x| x[0].exp());
}

#[test]
fn where_there_is_no_solution_the_error_says_so() {
    let square = |start: f64| root("square", &[start], 1, |y, p| vec![y[0] * y[0] - p[0]]);
    let message = refused(&square(1.5), &[-1.0]);
    assert!(message.starts_with("the function \"square\": value failed: "), "{message}");
    assert!(message.contains("no convergence") || message.contains("singular"), "{message}");
    assert!(message.contains("choose another start"), "{message}");
    let message = refused(&square(0.0), &[4.0]);
    assert!(message.contains("the Jacobian is singular at [0.0]; choose another start"), "{message}");
    assert!(message.ends_with("(after 0 steps the residuals are 4e0)"), "{message}");
    let message = refused(&square(f64::NAN), &[4.0]);
    assert!(message.contains("not finite at the start"), "{message}");
    let message = refused(&square(1.0), &[f64::NAN]);
    assert!(message.contains("parameter 0 is NaN, not a finite number"), "{message}");
    let message = refused(&square(1.0), &[1.0, 2.0]);
    assert!(message.contains("expected 1 inputs, got 2"), "{message}");
    let message = refused(&root("short", &[1.0, 2.0], 1, |y, p| vec![y[0] - p[0]]), &[1.0]);
    assert!(message.contains("the closure gave 1 equations for 2 unknowns"), "{message}");
    // Also in a branch that is met on the way.
    let other = root("other", &[2.0], 1, |y, p| if y[0] > 1.0 { vec![y[0] - p[0]] } else { vec![y[0], p[0]] });
    assert_eq!(other.call(&[3.0]), [3.0]);
    let message = refused(&other, &[0.0]);
    assert!(message.contains("the closure gave 2 equations for 1 unknowns"), "{message}");
    assert_eq!(other.call(&[4.0]), [4.0]);
    let message = refused(&root("ln", &[-1.0], 1, |y, p| vec![y[0].ln() - p[0]]), &[1.0]);
    assert!(message.contains("not finite at the start, [-1.0]"), "{message}");
    // At a double root the value may be found, but there is no derivative.
    let double = square(0.0);
    assert_eq!(double.call(&[0.0]), [0.0]);
    let g = Graph::new();
    let x = g.leaf(0.0);
    let y = double.call(&[g.expr(x)])[0].id();
    let error = g.try_gradient(y, &[x]).unwrap_err().to_string();
    assert!(error.contains("vjp failed: the Jacobian is singular at [0.0]"), "{error}");
}

#[test]
fn a_search_that_ends_says_how_far_it_came() {
    // No root: y^2 + 1 is smallest at 0.
    let none = root("none", &[0.75], 1, |y, p| vec![y[0] * y[0] + p[0]]);
    // A triple root at 0, to which each step leads by a third.
    let slow = root("slow", &[1.0], 1, |y, p| vec![y[0].powi(3) * p[0]]);
    for (map, left, first) in [(none, " steps the residuals are still 1e0 at [", "1.5625e0"), (slow, "e-", "1e0")] {
        let message = refused(&map, &[1.0]);
        let end = format!("], and {first} at the start; choose another start, nearer to the solution, if there is one");
        assert!(message.contains("no convergence: after 100 steps ") && message.contains(left), "{message}");
        assert!(message.ends_with(&end), "{message}");
    }
}

#[test]
fn a_solution_of_any_size_is_found() {
    // Steps are relative to the size of the numbers.
    let cube = root("cube", &[1.0], 1, |y, p| vec![y[0].powi(3) - p[0]]);
    for exponent in [-30, -9, 0, 9, 20] {
        let p = 10f64.powi(exponent);
        let y = cube.call(&[p])[0];
        assert!((y / p.cbrt() - 1.0).abs() < 1e-12, "{p}: {y}");
    }
    assert_eq!(root("line", &[3.0], 1, |y, p| vec![y[0] - p[0]]).call(&[0.0]), [0.0]);
    // No unknowns, and no parameters.
    assert!(root("none", &[], 1, |_, _| vec![]).call(&[1.0]).is_empty());
    assert_eq!(root("two", &[3.0], 0, |y, _| vec![y[0] * y[0] - 4.0]).call::<f64>(&[]), [2.0]);
}

#[test]
fn a_small_unknown_beside_a_large_one_converges_too() {
    let right = |found: f64, expected: f64| {
        assert!((found / expected - 1.0).abs() < 1e-12, "{found:e}, expected {expected:e}");
    };
    let apart = root("apart", &[1.0, 1.0], 2, |y, p| vec![y[0] - p[0], y[1].powi(3) - p[1]]);
    for large in [1.0, 1e6, 1e12] {
        right(apart.call(&[large, 1e-18])[1], 1e-6);
    }
    let product = root("product", &[1e5, 0.1], 1, |y, p| vec![y[0] - p[0], y[1] * y[1] * y[0] - 1e-13]);
    right(product.call(&[101325.0])[1], (1e-13f64 / 101325.0).sqrt());
    // Residuals of the first equation are rounding errors that are larger than those of the second.
    let noisy = root("noisy", &[1.0, 1.0], 2, |y, p| vec![y[0] * y[0] * y[0] - p[0], y[1].powi(3) * y[0] - p[1]]);
    let y = noisy.call(&[3e15, 1e-18]);
    right(y[0], 3e15f64.cbrt());
    right(y[1], (1e-18 / 3e15f64.cbrt()).cbrt());
    let least = minimize("least", &[1.0, 1.0], 2, |y, p| (y[0] - p[0]).powi(2) + (y[1] - p[1]).powi(2) * 1e12);
    right(least.call(&[1e6, 1e-6])[1], 1e-6);
}

#[test]
fn a_solution_of_zero_is_found_up_to_rounding_errors() {
    // Near 0, each step is half of the unknown, and the residual is a rounding error.
    let y = root("y", &[1.0], 1, |y, x| vec![y[0] + y[0].exp() - x[0]]).call(&[1.0])[0];
    assert!(y.abs() < 1e-15, "{y:e}");
    let y = root("pair", &[1.0, 1.0], 1, |y, x| vec![y[0] * y[0] - x[0], y[1] + y[0] - y[1].exp() * x[0].sqrt()]);
    let y = y.call(&[2.0]);
    assert!((y[0] - 2f64.sqrt()).abs() < 1e-15 && y[1].abs() < 4e-15, "{y:?}");
    let half = fixed_point("half", &[1.0], 1, |y, p| vec![y[0] * p[0]]);
    assert_eq!(half.call(&[0.5]), [0.0]);
    assert_eq!(half.call(&[-0.75]), [0.0]);
}

#[test]
fn an_iteration_settles_where_it_leads_from_any_start() {
    // Of the fixed points of cos(3y), the iteration leads to one, and Newton's method from far away to others.
    let plain = (0..5000).fold(1.0, |y: f64, _| (3.0 * y).cos());
    for start in [1.0, 1e7, -3e7] {
        let cosine = fixed_point("cosine", &[start], 1, |y, p| vec![(y[0] * p[0]).cos()]);
        close(&cosine.call(&[3.0]), &[plain], "three");
    }
    for start in [1e9, -1e9] {
        let cosine = fixed_point("cosine", &[start], 1, |y, p| vec![(y[0] * p[0]).cos()]);
        close(&cosine.call(&[1.0]), &[0.739_085_133_215_160_7], "from far");
    }
    // A small unknown beside a large one: 1e9 settles at once, and the other goes from 0.9 to 0, not to 1.
    let pair = fixed_point("pair", &[1.0, 0.9], 1, |y, p| vec![p[0], y[1] * y[1]]);
    assert_eq!(pair.call(&[1e9]), [1e9, 0.0]);
}

#[test]
fn a_constant_changes_no_minimizer() {
    let double = minimize("double", &[0.1], 2, |y, p| y[0].powi(4) * 0.25 - y[0].powi(2) * p[0] + p[1]);
    let wells = minimize("wells", &[0.1, -0.3], 2, |y, p| {
        y.iter().map(|y| y.powi(4) * 0.25 - y.powi(2) * p[0]).sum::<Expr<'_>>() + p[1]
    });
    for constant in [0.0, 1.0, 1e6, -1e6, 1e9] {
        close(&double.call(&[1.0, constant]), &[2f64.sqrt()], "one");
        close(&wells.call(&[1.0, constant]), &[2f64.sqrt(), -2f64.sqrt()], "two");
    }
}

#[test]
fn derivatives_as_nodes_are_refused_where_those_as_numbers_are() {
    // Where both parameters are 0, every number is a solution.
    let line = root("line", &[3.0], 2, |y, p| vec![y[0] * p[0] - p[1]]);
    let g = Graph::new();
    let p = g.leaves(&[0.0, 0.0]);
    let y = line.call(&g.exprs(&p))[0].id();
    assert_eq!(g.value(y), 3.0);
    let error = g.try_gradient(y, &p).unwrap_err().to_string();
    assert!(error.contains("singular"), "{error}");
    // Nodes cannot be recorded there.
    let recorded = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| g.gradient_nodes(y, &p)));
    let message = recorded.unwrap_err().downcast::<String>().unwrap();
    assert!(message.contains("the matrix is singular"), "{message}");
    let program = Program::value_and_gradient(&[2.0, 4.0], |p| line.call(p)[0], &Options::new()).unwrap();
    let mut out = [0.0; 3];
    program.eval(&[2.0, 4.0], &mut out, &mut Workspace::new()).unwrap();
    assert_eq!(out, [2.0, -1.0, 0.5]);
    let error = program.eval(&[0.0, 0.0], &mut out, &mut Workspace::new()).unwrap_err().to_string();
    assert!(error.contains("singular"), "{error}");
}

#[test]
fn an_adjoint_or_tangent_that_is_not_finite_gives_nan() {
    let solve = wengert_implicit::linear_solve("solve", 1);
    let square = root("square", &[1.5], 2, |y, p| vec![y[0] * y[0] * p[0] - p[1]]);
    for map in [solve, square] {
        let g = Graph::new();
        let p = g.leaves(&[1.0, 4.0]);
        let y = map.call(&g.exprs(&p))[0].id();
        for seed in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            let mut out = [0.0; 2];
            g.try_vjp_into(&[(y, seed)], &p, &mut out).unwrap();
            assert!(out.iter().all(|x| x.is_nan()), "{out:?}");
            let out = g.try_jvp(&[(p[1], seed)], &[y]).unwrap();
            assert!(out[0].is_nan(), "{out:?}");
        }
    }
}

#[test]
fn unknowns_that_are_large_beside_the_scale_of_the_equations_are_found_to_their_last_digits() {
    // A time in seconds since 1970. Neighboring numbers are 2.4e-7 apart.
    const NOW: f64 = 1.7e9;
    let ulp = NOW.next_up() - NOW;
    for offset in [1e-3, 1e-4, 0.0] {
        let doubling = root("doubling", &[NOW + offset], 1, |t, p| vec![((t[0] - NOW) * 1000.0).exp() - p[0]]);
        let t = doubling.call(&[2.0])[0];
        assert!((t - NOW - 2f64.ln() / 1000.0).abs() <= 2.0 * ulp, "from {offset}: {}", t - NOW);
    }
    // Kepler's equation with an anomaly that is not reduced.
    let kepler = root("kepler", &[1e11], 2, |y, p| vec![y[0] - p[1] * y[0].sin() - p[0]]);
    let anomaly = kepler.call(&[1e11, 0.9])[0];
    assert!((anomaly - 0.9 * anomaly.sin() - 1e11).abs() <= 4.0 * (1e11_f64.next_up() - 1e11), "{anomaly}");
}
