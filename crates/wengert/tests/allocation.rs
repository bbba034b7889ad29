//! Memory: a training step allocates nothing after a first one like it, resident memory stays flat, and a node takes
//! the bytes it should. Allocations are counted by the allocator of this program.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use allocation_counter::measure;
use wengert::{Expr, External, Graph, NodeId, Scalar};

/// One test at a time: resident memory is that of the whole program.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

fn allocations(f: impl FnOnce()) -> u64 {
    measure(f).count_total
}

/// Asserts that after a first round, rounds of `build` (which gives the output), backward and rewind allocate nothing.
#[track_caller]
fn assert_rounds_allocate_nothing(leaves: usize, build: impl Fn(&Graph, &[NodeId]) -> NodeId) {
    let _alone = alone();
    let mut g = Graph::new();
    let x = g.leaves(&vec![0.75; leaves]);
    let mark = g.mark();
    let mut round = || {
        let l = build(&g, &x);
        g.backward(l);
        assert!(g.grad(x[0]) != 0.0);
        g.rewind(mark);
    };
    round();
    let counted = allocations(|| (0..100).for_each(|_| round()));
    assert_eq!(counted, 0, "in 100 rounds");
}

#[test]
fn the_counter_counts() {
    let _alone = alone();
    assert_eq!(allocations(|| drop(std::hint::black_box(Box::new(1)))), 1);
    assert!(allocations(|| drop(Graph::with_capacity(10))) > 0);
}

#[test]
fn ops_of_one_to_three_operands_by_key_allocate_nothing() {
    assert_rounds_allocate_nothing(3, |g, x| {
        let product = g.mul(g.sin(x[0]), g.powi(x[1], 3));
        g.mul_add(product, g.select(g.less(x[0], x[1]), x[2], x[0]), g.clamp(x[2], x[0], product))
    });
}

#[test]
fn operators_and_constants_allocate_nothing() {
    assert_rounds_allocate_nothing(2, |g, x| {
        let [x, y] = [x[0], x[1]].map(|x| g.expr(x));
        let l = (x * 2.0 + 1.0 - y / 3.0).powf(1.5) + x.max(Expr::constant(0.25)) % 0.7;
        let l = if l > y && y < 5.0 { l * y } else { x };
        (l.hypot(y) - 4.0 / x).id()
    });
}

#[test]
fn folds_of_eight_operands_allocate_nothing() {
    assert_rounds_allocate_nothing(8, |g, x| {
        let folds =
            [g.sum(x), g.product(x), g.dot(x, x), g.max_of(x), g.min_of(x), g.logsumexp(x), g.mean(x), g.norm(x)];
        g.sum(&folds)
    });
}

#[test]
fn folds_of_eight_expressions_allocate_nothing() {
    assert_rounds_allocate_nothing(8, |g, x| {
        let e: [Expr<'_>; 8] = std::array::from_fn(|k| g.expr(x[k]));
        let sum = e.into_iter().sum::<Expr<'_>>() + e.into_iter().product::<Expr<'_>>();
        let dot: Expr<'_> = Scalar::dot(&e[..4], &e[4..]);
        (sum + dot + Scalar::logsumexp(&e) + Scalar::max_of(&e)).id()
    });
}

#[test]
fn long_sums_and_dot_products_by_key_allocate_nothing() {
    assert_rounds_allocate_nothing(100, |g, x| g.sum(&[g.sum(x), g.dot(x, x), g.mean(x), g.norm(x)]));
}

#[test]
fn a_second_sweep_and_a_second_replay_allocate_nothing() {
    let _alone = alone();
    let mut g = Graph::new();
    let x = g.leaves(&[0.5; 8]);
    let folds = [g.product(&x), g.max_of(&x), g.logsumexp(&x), g.norm(&x), g.dot(&x[..4], &x[4..]), g.min_of(&x)];
    let l = g.tanh(g.sum(&folds));
    let many: Vec<NodeId> = (0..200).map(|_| x[3]).collect();
    let l = g.add(l, g.mean(&many));
    g.backward(l);
    g.forward().unwrap();
    assert_eq!(allocations(|| g.backward(l)), 0, "backward");
    assert_eq!(allocations(|| g.backward_seeded(&[(l, 1.0), (folds[0], 2.0)])), 0, "backward_seeded");
    g.set(x[0], 0.25);
    assert_eq!(allocations(|| g.forward().unwrap()), 0, "forward");
    assert_eq!(allocations(|| g.set(x[0], 0.5)), 0, "set");
    g.forward().unwrap();
    let shorter = folds[2];
    assert_eq!(allocations(|| g.backward(shorter)), 0, "a shorter sweep");
}

#[test]
fn a_graph_with_room_allocates_nothing_until_it_is_full() {
    let _alone = alone();
    let g = Graph::with_capacity(1000);
    let x = g.leaf(1.5);
    let counted = allocations(|| {
        let mut y = x;
        while g.len() < 1000 {
            y = g.sin(y);
        }
    });
    assert_eq!(counted, 0);
    assert!(allocations(|| _ = g.sin(x)) > 0, "and then it grows");
}

#[cfg(target_os = "linux")]
fn resident() -> usize {
    let text = std::fs::read_to_string("/proc/self/statm").expect("/proc/self/statm can be read");
    let pages = text.split(' ').nth(1).and_then(|field| field.parse().ok());
    pages.expect("the second field is a number")
}

#[test]
fn a_million_rounds_allocate_nothing_and_leave_resident_memory_flat() {
    let _alone = alone();
    let mut g = Graph::new();
    let p = g.leaves(&[0.5, -1.5, 2.0]);
    let outer = g.mark();
    let mut round = |k: u32| {
        let hidden = g.tanh(g.dot(&p, &[p[1], p[2], p[0]]));
        let inner = g.mark();
        if k.is_multiple_of(3) {
            g.exp(hidden);
            g.rewind(inner);
        }
        let loss = (g.expr(hidden) - f64::from(k % 7)).powi(2).id();
        g.backward(loss);
        let slope = g.grad(p[0]);
        g.rewind(outer);
        g.set(p[0], 0.5 - 1e-9 * slope);
    };
    (0..1000).for_each(&mut round);
    #[cfg(target_os = "linux")]
    let before = resident();
    let counted = allocations(|| (0..1_000_000).for_each(&mut round));
    assert_eq!(counted, 0);
    #[cfg(target_os = "linux")]
    {
        let grown = resident().saturating_sub(before);
        assert!(grown <= 64, "{grown} pages more: a leak of a byte a round would be 244");
    }
}

#[test]
fn names_of_what_is_dropped_are_freed() {
    let _alone = alone();
    let mut g = Graph::new();
    let x = g.leaf(1.0);
    let mark = g.mark();
    let mut round = || {
        for k in 0..100 {
            let _scope = g.scope(format!("a scope with a long name, {k}"));
            let y = g.sin(x);
            g.label(y, format!("a node with a long name, {k}"));
        }
        g.rewind(mark);
    };
    round();
    let counted = measure(|| (0..10).for_each(|_| round()));
    assert!(counted.count_total > 0);
    assert_eq!((counted.count_current, counted.bytes_current), (0, 0), "still held");
}

#[test]
fn resets_keep_the_memory() {
    let _alone = alone();
    let mut g = Graph::new();
    let mut round = || {
        let x = g.leaves_of(16);
        g.backward(x);
        g.reset();
    };
    round();
    assert_eq!(allocations(|| (0..1000).for_each(|_| round())), 0);
}

/// A chain of products and sums with `n` new leaves, built without a list of them.
trait Chain {
    fn leaves_of(&self, n: usize) -> NodeId;
}

impl Chain for Graph {
    fn leaves_of(&self, n: usize) -> NodeId {
        (0..n).fold(self.leaf(1.0), |sum, k| (self.expr(sum) * self.var(k as f64) + 0.5).id())
    }
}

/// Bytes per op after a sweep from `l`, adjoints included.
fn bytes_per_op(g: &Graph, l: NodeId, ops: usize) -> f64 {
    g.backward(l);
    assert!(g.len() >= ops, "{} nodes are fewer than {ops} ops", g.len());
    g.memory() as f64 / ops as f64
}

#[test]
fn a_chain_takes_at_most_26_bytes_an_op() {
    let _alone = alone();
    let g = Graph::new();
    let (mut x, p) = (g.var(0.5), g.var(0.5));
    const LINKS: usize = 250_000;
    for _ in 0..LINKS {
        x = x.sin() * p + x * 0.5;
    }
    let bytes = bytes_per_op(&g, x.id(), 4 * LINKS);
    assert!(bytes <= 24.01, "{bytes}: 16 of the node and 8 of its adjoint");
}

#[test]
fn a_path_with_a_constant_each_step_takes_at_most_26_bytes_an_op() {
    let _alone = alone();
    let g = Graph::new();
    let [start, rate, sigma] = [100.0, 0.03, 0.2].map(|v| g.var(v));
    const STEPS: usize = 252;
    let dt = 1.0 / STEPS as f64;
    let drift = (rate - sigma * sigma * 0.5) * dt;
    let volatility = sigma * dt.sqrt();
    let (mut price, mut sum) = (start, Expr::constant(0.0));
    for step in 0..STEPS {
        // As many constants as steps, no two equal.
        let normal = (step as f64 * 12.9898).sin() * 2.0 + 1e-6 * step as f64;
        price *= (drift + volatility * normal).exp();
        sum += price;
    }
    let payoff = (-rate).exp() * (sum / STEPS as f64 - 100.0).max(Expr::constant(0.0));
    let bytes = bytes_per_op(&g, payoff.id(), 5 * STEPS + 10);
    assert!(bytes <= 26.0, "{bytes}");
}

#[test]
fn rosenbrock_takes_at_most_26_bytes_an_op() {
    let _alone = alone();
    let g = Graph::new();
    const N: usize = 10_000;
    let x: Vec<Expr<'_>> = (0..N).map(|k| g.var(if k % 2 == 0 { -1.2 } else { 1.0 })).collect();
    let mut sum = Expr::constant(0.0);
    for two in x.windows(2) {
        let (a, b) = (two[1] - two[0] * two[0], 1.0 - two[0]);
        sum += 100.0 * a * a + b * b;
    }
    let l = sum.id();
    g.backward(l);
    // The leaves take their 24 bytes as well.
    let bytes = g.memory() as f64 / g.len() as f64;
    assert!(bytes <= 26.0, "{bytes}");
}

/// When the adjoints outgrow their buffer, the old buffer is freed, although expressions borrow the graph throughout.
#[test]
fn sweeps_of_a_growing_graph_hold_the_adjoints_of_the_last_alone() {
    let _alone = alone();
    let held = |sweeps: bool| {
        let g = Graph::new();
        let counted = measure(|| {
            let x = g.var(1.0);
            let mut l = x;
            for _ in 0..20_000 {
                l += x;
                // Sweeps at powers of two, so that the adjoints must grow each time.
                if sweeps && g.len().is_power_of_two() {
                    l.backward();
                }
            }
            if sweeps {
                l.backward();
                assert_eq!(x.grad(), 20_001.0);
            }
        });
        counted.bytes_current
    };
    let adjoints = held(true) - held(false);
    assert!(adjoints <= 8 * 32_768, "{adjoints} bytes");
}

#[test]
fn scopes_closed_outermost_first_take_memory_by_their_number() {
    let _alone = alone();
    let bytes = |count: usize| {
        let g = Graph::new();
        let open = || (0..count).map(|_| g.scope("s")).collect::<Vec<_>>();
        // A list drops its first item first.
        measure(|| drop(open())).bytes_total
    };
    let (few, many) = (bytes(100), bytes(4000));
    assert!(many <= 60 * few, "{few} bytes for 100 scopes, {many} for 4,000");
}

/// The sum of the squares and the sum of the inputs.
struct Moments(usize);

impl External for Moments {
    fn name(&self) -> &str {
        "moments"
    }
    fn shape(&self) -> (usize, usize) {
        (self.0, 2)
    }
    fn value(&self, x: &[f64], y: &mut [f64]) -> Result<(), String> {
        y.copy_from_slice(&[x.iter().map(|x| x * x).sum(), x.iter().sum()]);
        Ok(())
    }
    fn vjp(&self, x: &[f64], _: &[f64], ybar: &[f64], xbar: &mut [f64]) -> Result<(), String> {
        xbar.iter_mut().zip(x).for_each(|(xbar, x)| *xbar = 2.0 * x * ybar[0] + ybar[1]);
        Ok(())
    }
}

#[test]
fn a_function_of_the_users_own_that_is_replayed_and_swept_a_million_times_allocates_nothing() {
    let _alone = alone();
    for inputs in [2, 100] {
        let mut g = Graph::new();
        let x = g.leaves(&vec![0.5; inputs]);
        let y = g.external_nodes(Arc::new(Moments(inputs)), &x);
        let l = g.mul(y[0], y[1]);
        let mut round = |k: u32| {
            g.set(x[0], f64::from(k) * 1e-6);
            g.forward().unwrap();
            g.backward(l);
            assert!(g.grad(x[0]) > 0.0);
        };
        round(1);
        round(2);
        let rounds = if inputs == 2 { 1_000_000 } else { 10_000 };
        assert_eq!(allocations(|| (1..=rounds).for_each(&mut round)), 0);
    }
}

#[test]
fn recording_a_call_again_allocates_only_its_list_of_outputs() {
    let _alone = alone();
    let f: Arc<dyn External> = Arc::new(Moments(2));
    let mut g = Graph::new();
    let x = g.leaves(&[0.5, 0.75]);
    let mark = g.mark();
    let mut round = || {
        let y = g.external_nodes(Arc::clone(&f), &x);
        g.backward(y[0]);
        g.rewind(mark);
    };
    round();
    round();
    assert_eq!(allocations(|| (0..100).for_each(|_| round())), 100);
}

/// Texts of graphs that take more than others of their size.
fn greedy(n: usize) -> Vec<(&'static str, String)> {
    let lines = |line: &str| line.repeat(n / line.len());
    let list = |name: &str, count: usize| format!("leaf 1\n{name}{}\n", " 0".repeat(count));
    let two = format!("{}{}", list("sum", n / 4), &list("sum", n / 4 + 1)["leaf 1\n".len()..]);
    let nested = n / "scope \nleave 1000\n".len();
    let left: String = (0..nested).rev().map(|k| format!("leave {k}\n")).collect();
    [
        ("leaves", lines("leaf 1\n")),
        ("constants", lines("const 1\n")),
        ("empty sums", lines("sum\n")),
        ("logarithms", format!("leaf 1\n{}", lines("ln 0\n"))),
        ("numbers that take room", format!("leaf 1\n{}", lines("mul_c 0 .1\n"))),
        ("two numbers", format!("leaf 1\n{}", lines("powd 0 1 1\n"))),
        ("three operands", format!("leaf 1\n{}", lines("select 0 0 0\n"))),
        ("a sum", list("sum", n / 2)),
        ("two sums", two),
        ("a product", list("product", n / 2)),
        ("labels", lines("sum\nlabel \n")),
        ("labels to escape", lines("sum\nlabel \\n\\n\\n\\n\\n\\n\n")),
        ("scopes, nested", format!("{}{left}", "scope \n".repeat(nested))),
        ("scopes of a node", (0..n / 20).map(|k| format!("scope \nsum\nleave {k}\n")).collect()),
        ("guards", format!("leaf 1\n{}", lines("guard 0 le 0 true\n"))),
    ]
    .into_iter()
    .map(|(what, lines)| (what, format!("wengert-graph 1\n{lines}end\n")))
    .collect()
}

#[test]
fn a_graph_is_read_in_sixteen_times_the_memory_of_its_text() {
    let _alone = alone();
    let most = |f: &mut dyn FnMut()| measure(f).bytes_max as f64;
    let mut worst = 0.0f64;
    // Lists double when they are full: just past a power of two they are half empty.
    for n in [4_000, 16_400, 65_537, 100_000, 131_073] {
        for (what, text) in greedy(n) {
            let (json, bytes) = (serde_json::to_string(&text).unwrap(), postcard::to_stdvec(&text).unwrap());
            let by_json = most(&mut || drop(serde_json::from_str::<Graph>(&json).unwrap())) / json.len() as f64;
            let by_postcard = most(&mut || drop(postcard::from_bytes::<Graph>(&bytes).unwrap())) / bytes.len() as f64;
            println!("{what}, {n}: {by_json:.1} by JSON, {by_postcard:.1} by postcard");
            worst = worst.max(by_json).max(by_postcard);
        }
    }
    println!("at most {worst:.1} bytes of memory a byte");
    assert!(worst <= 16.0);
}

/// Also what is wrong takes no more, and its message is short.
#[test]
fn a_text_that_is_not_a_graph_takes_no_more_memory() {
    let _alone = alone();
    for line in ["\n", "\u{1}", "leaf ", "sum 0", "0x", "\\", "label \\\\", "scope \n", "wengert-graph "] {
        for first in ["", "wengert-graph 1\n", "wengert-graph 1\nlabel ", "wengert-graph 1\nleaf 1\nadd 0 "] {
            let text = format!("{first}{}", line.repeat(100_000 / line.len()));
            let (json, bytes) = (serde_json::to_string(&text).unwrap(), postcard::to_stdvec(&text).unwrap());
            let by_json = measure(|| assert!(serde_json::from_str::<Graph>(&json).is_err())).bytes_max;
            let by_postcard = measure(|| assert!(postcard::from_bytes::<Graph>(&bytes).is_err())).bytes_max;
            assert!(by_json <= 16 * json.len() as u64, "{line:?} after {first:?}: {by_json} for {}", json.len());
            assert!(by_postcard <= 16 * bytes.len() as u64, "{line:?} after {first:?}: {by_postcard}");
        }
    }
}
