//! Gradients of long loops: scans, a tape, a loop written by hand, and echidna's checkpoints. CPU time of one thread, in
//! interleaved rounds; minima.
//!
//! ```sh
//! cargo run --profile bench -p benches --bin loops -- burgers [STEPS [ROUNDS]]
//! cargo run --profile bench -p benches --bin loops -- logistic [STEPS [ROUNDS]]
//! cargo run --profile bench -p benches --bin loops -- online [STEPS]
//! ```
//!
//! `online` runs the logistic map until a condition ends it, with `Keep::Online`.

#![forbid(unsafe_code)]

use std::hint::black_box;

use wengert::{Graph, Real};
use wengert_scan::{Keep, Losses, Scan, Settings, Steps, Workspace};

const CELLS: usize = 64;
/// Numbers of convection and diffusion of a step of Burgers' equation.
const CONVECTION: f64 = 0.05;
const DIFFUSION: f64 = 0.2;

/// A step of Burgers' equation on a ring of cells. The parameter scales the diffusion.
fn burgers<T: Real>(u: &[T], p: &[T]) -> (Vec<T>, T) {
    let n = u.len();
    let diffusion = p[0] * DIFFUSION;
    let next: Vec<T> = (0..n)
        .map(|i| {
            let (left, here, right) = (u[(i + n - 1) % n], u[i], u[(i + 1) % n]);
            here - (right * right - left * left) * CONVECTION + diffusion * (right - here * 2.0 + left)
        })
        .collect();
    let loss = next[1..].iter().fold(next[0] * next[0], |sum, &x| sum + x * x);
    (next, loss)
}

fn logistic<T: Real>(x: &[T], r: &[T]) -> (Vec<T>, T) {
    let next = r[0] * x[0] * (-x[0] + 1.0);
    (vec![next], next)
}

fn first_state() -> Vec<f64> {
    (0..CELLS).map(|i| (std::f64::consts::TAU * i as f64 / CELLS as f64).sin() + 0.3).collect()
}

/// Burgers' loss and its derivatives by hand, with every state kept. The compiler makes vector code of the inner loops.
fn burgers_by_hand(steps: usize, u: &[f64], p: f64, states: &mut Vec<f64>) -> Vec<f64> {
    const N: usize = CELLS;
    fn state(states: &[f64], step: usize) -> &[f64; N] {
        states[step * N..][..N].try_into().expect("N numbers")
    }
    let ends = [(N - 1, 0, 1), (N - 2, N - 1, 0)];
    let d = p * DIFFUSION;
    states.resize((steps + 1) * N, 0.0);
    states[..N].copy_from_slice(u);
    for step in 0..steps {
        let (before, after) = states.split_at_mut((step + 1) * N);
        let u = state(before, step);
        let next: &mut [f64; N] = (&mut after[..N]).try_into().expect("N numbers");
        let mut cell = |left: usize, i: usize, right: usize| {
            let convection = (u[right] * u[right] - u[left] * u[left]) * CONVECTION;
            next[i] = u[i] - convection + d * (u[right] - u[i] * 2.0 + u[left]);
        };
        (1..N - 1).for_each(|i| cell(i - 1, i, i + 1));
        ends.into_iter().for_each(|(left, i, right)| cell(left, i, right));
    }
    let last = state(states, steps);
    let value: f64 = last.iter().map(|x| x * x).sum();
    let (mut bar, mut back, mut d_bars) = (last.map(|x| 2.0 * x), [0.0; N], [0.0; N]);
    for step in (0..steps).rev() {
        let u = state(states, step);
        let mut cell = |left: usize, i: usize, right: usize| {
            d_bars[i] += bar[i] * (u[right] - 2.0 * u[i] + u[left]);
            back[i] = bar[i] * (1.0 - 2.0 * d)
                + bar[left] * (d - 2.0 * CONVECTION * u[i])
                + bar[right] * (d + 2.0 * CONVECTION * u[i]);
        };
        (1..N - 1).for_each(|i| cell(i - 1, i, i + 1));
        ends.into_iter().for_each(|(left, i, right)| cell(left, i, right));
        std::mem::swap(&mut bar, &mut back);
    }
    let p_bar = d_bars.iter().sum::<f64>() * DIFFUSION;
    [&[value, p_bar], &bar[..]].concat()
}

fn logistic_by_hand(steps: usize, x: f64, r: f64, states: &mut Vec<f64>) -> Vec<f64> {
    states.clear();
    states.push(x);
    let (mut x, mut sum) = (x, 0.0);
    for _ in 0..steps {
        x = r * x * (1.0 - x);
        states.push(x);
        sum += x;
    }
    let (mut bar, mut r_bar) = (0.0, 0.0);
    for &x in states[..steps].iter().rev() {
        bar += 1.0;
        r_bar += bar * x * (1.0 - x);
        bar *= r * (1.0 - 2.0 * x);
    }
    vec![sum, r_bar, bar]
}

/// The loss of a loop with its derivatives, from one tape of all steps.
fn by_tape(
    graph: &mut Graph,
    steps: usize,
    x: &[f64],
    p: f64,
    losses: Losses,
    step: impl for<'g> Fn(&[wengert::Expr<'g>], &[wengert::Expr<'g>]) -> (Vec<wengert::Expr<'g>>, wengert::Expr<'g>),
) -> Vec<f64> {
    graph.reset();
    let first: Vec<_> = x.iter().map(|&x| graph.var(x)).collect();
    let p = [graph.var(p)];
    let (mut state, mut loss) = (first.clone(), p[0]);
    for count in 0..steps {
        let (next, part) = step(&state, &p);
        state = next;
        loss = if count > 0 && losses == Losses::Every { loss + part } else { part };
    }
    loss.backward();
    [vec![loss.value(), p[0].grad()], first.iter().map(|x| x.grad()).collect()].concat()
}

/// CPU nanoseconds of this thread.
fn cpu() -> f64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").expect("Linux counts them");
    text.split_whitespace().next().and_then(|number| number.parse().ok()).expect("the first number")
}

type Contender<'a> = (String, Box<dyn FnMut() -> Vec<f64> + 'a>);

/// Runs all in turn, each so many times, and prints for each the CPU time of a step and how far its numbers are from those
/// of the first.
fn compete(steps: usize, times: usize, rounds: usize, mut contenders: Vec<Contender<'_>>) {
    let mut best = vec![f64::INFINITY; contenders.len()];
    let mut results = vec![Vec::new(); contenders.len()];
    for _ in 0..rounds {
        for (k, (_, run)) in contenders.iter_mut().enumerate() {
            let start = cpu();
            for _ in 0..times {
                results[k] = black_box(run());
            }
            best[k] = best[k].min((cpu() - start) / (steps * times) as f64);
        }
    }
    for ((name, _), (time, result)) in contenders.iter().zip(best.iter().zip(&results)) {
        let scale = results[0].iter().fold(0.0_f64, |most, x| most.max(x.abs()));
        let away = result.iter().zip(&results[0]).fold(0.0_f64, |most, (a, b)| most.max((a - b).abs()));
        println!("{name:<24} {time:>10.2} ns a step, {:.2} of the first, {:.1e} away", time / best[0], away / scale);
    }
}

/// A scan with each way to keep states.
fn scans<'a>(scan: &'a Scan, steps: usize, x: &'a [f64], p: f64) -> Vec<Contender<'a>> {
    println!("{} steps in a block", scan.block());
    for keep in [Keep::Sqrt, Keep::Snapshots(24)] {
        let run = scan.value_and_gradient(steps, x, &[p], (), keep, &mut Workspace::new()).expect("it has steps");
        println!("{keep:?} keeps {} states, {} kB", run.work.states, run.work.states * size_of_val(x) / 1000);
    }
    let keeps = [Keep::All, Keep::Sqrt, Keep::Snapshots(24), Keep::Online(24)];
    let contender = |keep| {
        let mut workspace = Workspace::new();
        let run = move || {
            let gradient = scan.value_and_gradient(steps, x, &[p], (), keep, &mut workspace).expect("it has steps");
            [vec![gradient.value], gradient.params, gradient.state].concat()
        };
        (format!("{keep:?}"), Box::new(run) as Box<dyn FnMut() -> Vec<f64>>)
    };
    keeps.into_iter().map(contender).collect()
}

/// As echidna gives them: without the loss, and the parameter's last.
fn derivatives((name, mut run): Contender<'_>) -> Contender<'_> {
    let run = move || {
        let all = run();
        [&all[2..], &all[1..2]].concat()
    };
    (name, Box::new(run))
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number = |k: usize, default: usize| {
        arguments.get(k).map_or(default, |text| text.parse().expect("a number of steps or rounds"))
    };
    let last = Settings::new().losses(Losses::Last);
    match arguments.first().map(String::as_str) {
        Some("burgers") => {
            let (steps, rounds, u) = (number(1, 100_000), number(2, 5), first_state());
            let scan = Scan::with(last, &u, &[1.0], &[], |s, p, _| burgers(s, p)).expect("it compiles");
            let (mut states, mut graph) = (Vec::new(), Graph::new());
            let hand = Box::new(|| burgers_by_hand(steps, &u, 1.0, &mut states));
            let tape = Box::new(|| by_tape(&mut graph, steps, &u, 1.0, Losses::Last, |s, p| burgers(s, p)));
            let few = steps.min(2000);
            let mut all: Vec<Contender<'_>> = vec![("by hand".into(), hand), ("tape".into(), tape)];
            all.extend(scans(&scan, steps, &u, 1.0));
            compete(steps, 1, rounds, all);
            let scan = derivatives(scans(&scan, few, &u, 1.0).remove(1));
            let peer = Box::new(|| {
                let mut x = u.clone();
                x.push(1.0);
                echidna::grad_checkpointed(
                    |x| {
                        let (s, p) = x.split_at(CELLS);
                        let n = CELLS;
                        let mut next: Vec<_> = (0..n)
                            .map(|i| {
                                let (left, here, right) = (s[(i + n - 1) % n], s[i], s[(i + 1) % n]);
                                here - (right * right - left * left) * CONVECTION
                                    + p[0] * DIFFUSION * (right - here * 2.0 + left)
                            })
                            .collect();
                        next.push(p[0]);
                        next
                    },
                    |x| x[1..CELLS].iter().fold(x[0] * x[0], |sum, &x| sum + x * x),
                    &x,
                    few,
                    24,
                )
            });
            println!("{few} steps");
            compete(few, 20, rounds, vec![scan, ("echidna, 24 checkpoints".into(), peer)]);
        }
        Some("logistic") => {
            let (steps, rounds) = (number(1, 10_000_000), number(2, 5));
            let scan = Scan::new(&[0.2], &[2.7], &[], |s, p, _| logistic(s, p)).expect("it compiles");
            let (mut states, mut graph) = (Vec::new(), Graph::new());
            let hand = Box::new(|| logistic_by_hand(steps, 0.2, 2.7, &mut states));
            let mut all: Vec<Contender<'_>> = vec![("by hand".into(), hand)];
            all.push((
                "tape".into(),
                Box::new(|| by_tape(&mut graph, steps, &[0.2], 2.7, Losses::Every, |s, p| logistic(s, p))),
            ));
            all.extend(scans(&scan, steps, &[0.2], 2.7));
            compete(steps, 1, rounds, all);
            // Beyond a thousand steps the adjoints of the last state are too small to be normal numbers, which are slow.
            let few = steps.min(1000);
            let scan = Scan::with(last, &[0.2], &[2.7], &[], |s, p, _| logistic(s, p)).expect("it compiles");
            let scan = derivatives(scans(&scan, few, &[0.2], 2.7).remove(1));
            let peer = Box::new(|| {
                echidna::grad_checkpointed(|x| vec![x[1] * x[0] * (-x[0] + 1.0), x[1]], |x| x[0], &[0.2, 2.7], few, 24)
            });
            println!("{few} steps");
            compete(few, 2000, rounds, vec![scan, ("echidna, 24 checkpoints".into(), peer)]);
        }
        Some("online") => {
            let steps = number(1, 1_000_000_000);
            let scan = Scan::new(&[0.2], &[2.7], &[], |s, p, _| logistic(s, p)).expect("it compiles");
            let mut workspace = Workspace::new();
            for (what, end) in
                [("a known end", Steps::Exactly(steps)), ("a condition", Steps::until(|step, _| step == steps))]
            {
                let start = cpu();
                let gradient = scan.value_and_gradient(end, &[0.2], &[2.7], (), Keep::Online(500), &mut workspace);
                let gradient = gradient.expect("it has steps");
                println!(
                    "{what}: {:.2} ns a step, {:?}, derivative by step {}, at the fixed point {}",
                    (cpu() - start) / steps as f64,
                    gradient.work,
                    gradient.params[0] / steps as f64,
                    1.0 / (2.7 * 2.7)
                );
            }
            let status = std::fs::read_to_string("/proc/self/status").expect("Linux tells");
            println!("{}", status.lines().find(|line| line.starts_with("VmHWM")).unwrap_or("no high-water mark"));
        }
        _ => eprintln!("which: burgers, logistic or online?"),
    }
}
