//! Shapes on other threads.

use wengert_solve::{Nlp, Objective, Ode, Shape, Shared, System};

fn is_send<T: Send>() {}
fn is_sync<T: Sync>() {}

#[test]
fn shapes_can_be_sent_and_shared_shapes_used_by_several_threads() {
    is_send::<Objective>();
    is_send::<System>();
    is_send::<Nlp>();
    is_send::<Ode>();
    is_send::<Shared<Objective>>();
    is_sync::<Shared<Objective>>();
    is_sync::<Shared<Nlp>>();
}

#[test]
fn a_shape_goes_to_another_thread_with_what_it_compiled() {
    let mut f = Objective::new(|x| x[0].powi(2), &[1.0]).unwrap();
    f.gradient(&[3.0]).unwrap();
    let f = std::thread::spawn(move || {
        assert_eq!(f.gradient(&[4.0]).unwrap(), [8.0]);
        f
    })
    .join()
    .unwrap();
    assert_eq!((f.evaluations(), f.recordings()), (2, 2));
}

#[test]
fn threads_evaluate_at_the_same_time_each_at_its_own_points() {
    let f = Objective::new(|x| if x[0] < 0.0 { -x[0] } else { x[0].sin() }, &[1.0]).unwrap().shared();
    std::thread::scope(|threads| {
        for thread in 0..4 {
            let f = &f;
            threads.spawn(move || {
                for k in 0..200 {
                    let x = f64::from(k * 4 + thread) * 0.01 - 4.0;
                    let value = f.with(|f| f.value(&[x]).unwrap());
                    let gradient = f.with(|f| f.gradient(&[x]).unwrap()[0]);
                    let (expected, slope) = if x < 0.0 { (-x, -1.0) } else { (x.sin(), x.cos()) };
                    assert!((value - expected).abs() < 1e-15 && (gradient - slope).abs() < 1e-15, "{x}");
                }
            });
        }
    });
    // One evaluation a point, and one more in each clone before a gradient was asked for. A thread that starts after
    // another ended may take over its clone.
    assert!((801..=804).contains(&f.with(|f| f.evaluations())));
}

#[test]
fn a_panic_in_a_closure_leaves_the_shape_as_it_was() {
    let mut f = Objective::new(
        |x| {
            assert!(x[0] <= 10.0, "too large");
            x[0] * 2.0
        },
        &[1.0],
    )
    .unwrap();
    let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| f.value(&[11.0]).map(f64::recip)));
    assert!(panicked.is_err());
    assert_eq!(f.value(&[3.0]).unwrap(), 6.0);
    assert_eq!(f.gradient(&[3.0]).unwrap(), [2.0]);

    let shared = f.shared();
    let panicked =
        std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| shared.with(|f| f.value(&[12.0]).unwrap())));
    assert!(panicked.is_err());
    assert_eq!(shared.with(|f| f.value(&[4.0])).unwrap(), 8.0);
}

#[test]
#[should_panic(expected = "use the shape that the closure was given")]
fn a_call_within_a_call_is_refused() {
    let f = Objective::new(|x| x[0], &[1.0]).unwrap().shared();
    f.with(|_| f.with(|f| f.evaluations()));
}
