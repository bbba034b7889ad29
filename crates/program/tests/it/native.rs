//! Machine code has the bits of the interpreter, and its errors.

use std::cmp::PartialOrd;
use std::hint::black_box;

use wengert::{Expr, Graph, NodeId};
use wengert_program::{Error, Input, InstructionSet, MachineCode, Native, Options, Output, Program, Setup, Workspace};

use crate::dag::{Recorded, ops, record};

fn runs_code(set: InstructionSet) -> bool {
    ["avx512", "avx2+fma"].contains(&set.name())
}

/// Whether there is machine code here at all.
pub(crate) fn is_possible() -> bool {
    cfg!(all(feature = "native", target_arch = "x86_64")) && runs_code(InstructionSet::best())
}

fn workspace(native: Native) -> Workspace {
    Workspace::with(Setup::new().native(native))
}

struct Random(u64);

impl Random {
    fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ z >> 31
    }

    fn below(&mut self, n: usize) -> usize {
        (self.bits() >> 33) as usize % n
    }

    fn flag(&mut self) -> bool {
        self.bits() >> 63 == 1
    }

    fn number(&mut self) -> f64 {
        const SPECIAL: [f64; 20] = [
            0.0,
            -0.0,
            1.0,
            -1.0,
            2.0,
            0.5,
            -0.5,
            f64::INFINITY,
            f64::NEG_INFINITY,
            f64::NAN,
            1e-310,
            -5e-324,
            1e300,
            -1e300,
            -700.0,
            710.0,
            1e-200,
            2.5,
            3e9,
            f64::MAX,
        ];
        let x = (self.bits() >> 11) as f64 / (1u64 << 53) as f64;
        match self.below(5) {
            0 => SPECIAL[self.below(SPECIAL.len())],
            1 => x,
            _ => 6.0 * x - 3.0,
        }
    }
}

/// Leaves a guard: a comparison of the two, or a question about the first.
fn compare<'g>(kind: usize, x: Expr<'g>, y: Expr<'g>) {
    black_box(match kind {
        0 => PartialOrd::lt(&x, &y),
        1 => PartialOrd::le(&x, &y),
        2 => x == y,
        3 => num_traits::Float::is_nan(x),
        4 => num_traits::Float::is_sign_negative(x),
        _ => num_traits::ToPrimitive::to_f64(&x).is_some(),
    });
}

/// A random program with every op, its points, and how to show it.
fn random(seed: u64) -> (Program, Vec<[f64; 3]>) {
    let mut random = Random(seed);
    let most = if random.below(8) == 0 { 300 } else { 40 };
    let count = 1 + random.below(most);
    let kinds = ops().len();
    // A few ops only make groups of the same kernel.
    let few = random.flag().then(|| 1 + random.below(4));
    let picked: Vec<usize> = (0..few.unwrap_or(1)).map(|_| random.below(kinds)).collect();
    let choices: Vec<(usize, [usize; 4])> = (0..count)
        .map(|_| {
            let op = match few {
                Some(few) if random.below(4) > 0 => picked[random.below(few)],
                _ => random.below(kinds),
            };
            (op, [(); 4].map(|()| random.below(1000)))
        })
        .collect();
    let constants: Vec<f64> = (0..random.below(4)).map(|_| random.number()).collect();
    let at = [0.3, 1.2, -0.7];
    let Recorded { graph, inputs, mut outputs } = record(&choices, &constants, random.flag(), &at);
    let nodes: Vec<NodeId> = graph.nodes().map(|node| node.id).collect();
    for _ in 0..random.below(3) {
        let (x, y) = (nodes[random.below(nodes.len())], nodes[random.below(nodes.len())]);
        outputs.push(graph.copysign(x, y));
        outputs.push(nodes[random.below(nodes.len())]);
    }
    // What swallows a NaN.
    if random.below(4) == 0 {
        for y in &mut outputs {
            let x = nodes[random.below(nodes.len())];
            *y = match random.below(3) {
                0 => graph.greater(*y, x),
                1 => graph.select(*y, x, nodes[0]),
                _ => graph.copysign(x, *y),
            };
        }
    }
    if random.below(3) == 0 {
        for _ in 0..1 + random.below(4) {
            let (x, y) = (nodes[random.below(nodes.len())], nodes[random.below(nodes.len())]);
            compare(random.below(6), graph.expr(x), graph.expr(y));
        }
    }
    let whole = random.below(8);
    let spread = |(k, &node): (usize, &NodeId)| match whole >> k & 1 {
        1 => Input::uniform(node),
        _ => Input::per_point(node),
    };
    let sums = random.flag();
    let output = |&node: &NodeId| {
        if sums { Output::sum(node) } else { Output::per_point(node) }
    };
    let options = match random.below(4) {
        0 => Options::plain(),
        1 => Options::fast(),
        _ => Options::new(),
    };
    let inputs = inputs.iter().enumerate().map(spread);
    let program = Program::compile(&graph, inputs, outputs.iter().map(output), &options).expect("compiles");
    let mut points = vec![at];
    points.extend((0..5).map(|_| [(); 3].map(|()| random.number())));
    points.push([at[0].next_up(), at[1], at[2]]);
    (program, points)
}

/// What a run gives: the bits of all outputs, or the guard that flipped.
fn outcome(program: &Program, x: &[f64], workspace: &mut Workspace) -> Result<Vec<u64>, usize> {
    let mut out = vec![0.0; program.output_count()];
    match program.eval(x, &mut out, workspace) {
        Ok(()) => Ok(out.into_iter().map(f64::to_bits).collect()),
        Err(Error::GuardFlipped { guard, .. }) => Err(guard),
        Err(error) => panic!("{error}"),
    }
}

fn agrees(seed: u64) {
    let (program, points) = random(seed);
    let (mut interpreter, mut code) = (workspace(Native::Never), workspace(Native::Always));
    for x in points {
        let [expected, got] = [&mut interpreter, &mut code].map(|workspace| outcome(&program, &x, workspace));
        assert_eq!(got, expected, "seed {seed} at {x:?}\n{program}");
    }
}

#[test]
fn random_programs_have_the_bits_of_the_interpreter() {
    if is_possible() {
        (0..4000).for_each(agrees);
    }
}

#[test]
#[ignore = "takes minutes: cargo test --release -p wengert-program --test it a_million -- --ignored"]
fn a_million_random_programs_have_the_bits_of_the_interpreter() {
    assert!(is_possible());
    for seed in 1_000_000..2_000_000 {
        agrees(seed);
        wide_agrees(seed);
        if seed % 100_000 == 0 {
            println!("seed {seed}");
        }
    }
}

/// Kernels at sums, products and quotients of many inputs and of what many of them share: what is computed four at a time
/// together with the call.
fn wide(seed: u64) -> (Program, Vec<Vec<f64>>) {
    let mut random = Random(seed);
    let at: Vec<f64> = (0..4 + random.below(60)).map(|k| 0.3 + 0.01 * k as f64).collect();
    let graph = Graph::new();
    let x: Vec<Expr<'_>> = at.iter().map(|&x| graph.var(x)).collect();
    let shared = [x[0] * x[1], x[2] + 1.0, graph.expr(graph.constant(1.5))];
    let mut terms: Vec<Expr<'_>> = Vec::new();
    for _ in 0..1 + random.below(6) {
        let (op, kernel) = (random.below(10), random.below(7));
        // Each operand is an input further on at each call, the same one, a shared number, or a term.
        let kinds = [(); 3].map(|()| (random.below(5), random.below(x.len())));
        for lane in 0..1 + random.below(40) {
            let [a, b, c] = kinds.map(|(kind, first)| match kind {
                0 | 1 => x[(first + lane) % x.len()],
                2 => x[first],
                3 if !terms.is_empty() => terms[(first + lane) % terms.len()],
                _ => shared[first % 3],
            });
            let argument = match op {
                0 => a + b,
                1 => a - b,
                2 => a * b,
                3 => a / b,
                4 => a * b + c,
                5 => a * b - c,
                6 => c - a * b,
                7 => a.mul_add(b, c),
                8 => -a,
                // Another op at every third call.
                _ if lane % 3 == 0 => a - b,
                _ => a + b,
            };
            terms.push(match kernel {
                0 => argument.exp(),
                1 => argument.sin(),
                2 => argument.tanh(),
                3 => argument.ln(),
                4 => argument.exp_m1(),
                5 => argument.erf(),
                _ => argument.sigmoid(),
            });
        }
    }
    let mut outputs = vec![terms.iter().fold(x[0], |sum, &term| sum + term).id()];
    if random.flag() {
        outputs.extend(graph.gradient_nodes(outputs[0], &x.iter().map(|x| x.id()).collect::<Vec<_>>()));
    } else {
        outputs.extend(terms.iter().map(|term| term.id()));
    }
    let options = if random.flag() { Options::fast() } else { Options::new() };
    let spread = |x: &Expr<'_>| if random.flag() { Input::uniform(x.id()) } else { Input::per_point(x.id()) };
    let inputs: Vec<Input> = x.iter().map(spread).collect();
    let program = Program::compile(&graph, inputs, outputs.into_iter().map(Output::per_point), &options);
    let points = (0..4).map(|k| {
        let point = at.iter().map(|&x| match k {
            0 => x,
            1 => 4.0 * x - 2.0,
            _ => random.number(),
        });
        point.collect()
    });
    (program.expect("compiles"), points.collect())
}

fn wide_agrees(seed: u64) {
    let (program, points) = wide(seed);
    let (mut interpreter, mut code) = (workspace(Native::Never), workspace(Native::Always));
    for x in points {
        let [expected, got] = [&mut interpreter, &mut code].map(|workspace| outcome(&program, &x, workspace));
        assert_eq!(got, expected, "seed {seed} at {x:?}\n{program}");
    }
}

#[test]
fn kernels_at_arithmetic_on_many_inputs_have_the_bits_of_the_interpreter() {
    if is_possible() {
        (0..2000).for_each(wide_agrees);
    }
}

/// A chain of sines and a sum of exponentials.
fn waves(count: usize) -> Program {
    let x: Vec<f64> = (0..count).map(|k| 0.01 * k as f64).collect();
    fn f<'g>(x: &[Expr<'g>]) -> Expr<'g> {
        x.iter().fold(x[0] * 0.0, |sum, &x| (sum * 0.5).sin() + x.exp() * x.tanh())
    }
    Program::value_and_gradient(&x, f, &Options::new()).expect("compiles")
}

#[test]
fn kernels_that_do_not_depend_on_one_another_share_a_call() {
    if !is_possible() {
        return;
    }
    let program = waves(100);
    assert_eq!(program.report().machine_code, MachineCode::NotYet);
    program.prepare().expect("it is possible");
    let MachineCode::Made { bytes, packs, packed, .. } = program.report().machine_code else {
        panic!("{}", program.report())
    };
    // 100 each of exp, tanh and sech2, sixteen in a call; sines and cosines of a chain one by one.
    assert!(bytes > 1000, "{}", program.report());
    assert_eq!((packed, packs), (499, 220), "{}", program.report());
}

#[test]
fn code_is_made_at_the_eighth_call_and_shared_by_clones() {
    let program = waves(3);
    let (clone, x) = (program.clone(), [0.1, 0.2, 0.3]);
    let mut auto = Workspace::new();
    for call in 1..=8 {
        assert_eq!(clone.report().machine_code, MachineCode::NotYet, "before call {call}");
        outcome(&program, &x, &mut auto).expect("no guards");
    }
    let made = matches!(clone.report().machine_code, MachineCode::Made { .. });
    assert_eq!(made, is_possible());
    assert_eq!(outcome(&clone, &x, &mut auto), outcome(&clone, &x, &mut workspace(Native::Never)));
}

#[test]
fn never_means_never() {
    let program = waves(3);
    let mut never = workspace(Native::Never);
    (0..20).for_each(|_| drop(outcome(&program, &[0.1, 0.2, 0.3], &mut never)));
    assert_eq!(program.report().machine_code, MachineCode::NotYet);
}

#[test]
fn on_another_instruction_set_always_is_an_error_and_auto_interprets() {
    let program = waves(3);
    let mut out = [0.0; 4];
    for set in InstructionSet::available() {
        if is_possible() && runs_code(set) {
            continue;
        }
        let setup = Setup::new().instructions(set);
        let always = program.eval(&[0.1, 0.2, 0.3], &mut out, &mut Workspace::with(setup.native(Native::Always)));
        assert!(matches!(always, Err(Error::NoMachineCode { .. })), "{set}: {always:?}");
        let mut auto = Workspace::with(setup);
        (0..20).for_each(|_| drop(outcome(&program, &[0.1, 0.2, 0.3], &mut auto)));
        assert_eq!(program.report().machine_code, MachineCode::NotYet, "{set}");
    }
}

#[test]
fn a_guard_that_flips_is_named_as_by_the_interpreter() {
    let program = {
        let graph = Graph::new();
        let x = [graph.var(1.0), graph.var(2.0)];
        let y = if x[0] < x[1] { x[0] * 2.0 } else { x[1] * 3.0 };
        Program::compile(&graph, x, [y], &Options::new()).expect("compiles")
    };
    for native in [Native::Never, if is_possible() { Native::Always } else { Native::Auto }] {
        let mut workspace = workspace(native);
        assert_eq!(outcome(&program, &[3.0, 4.0], &mut workspace), Ok(vec![6.0f64.to_bits()]));
        assert_eq!(outcome(&program, &[4.0, 3.0], &mut workspace), Err(0));
        assert_eq!(outcome(&program, &[f64::NAN, 3.0], &mut workspace), Err(0));
        assert_eq!(outcome(&program, &[-1.0, 0.0], &mut workspace), Ok(vec![(-2.0f64).to_bits()]));
    }
}

#[test]
fn a_guarded_product_is_0_even_where_a_comparison_would_swallow_its_nan() {
    let graph = Graph::new();
    let (x, c) = (graph.var(0.5), graph.var(1.0));
    // d sqrt(x)/dx at 0 is infinite, and select gives it the adjoint 0.
    let f = c.select(x * 2.0, x.sqrt());
    let slope = graph.expr(graph.gradient_nodes(f.id(), &[x.id()])[0]);
    let swallowed = (slope * 1.0).greater(1.0);
    let program = Program::compile(&graph, [x, c], [swallowed], &Options::new()).expect("compiles");
    let (mut interpreter, mut auto) = (workspace(Native::Never), Workspace::new());
    for x in [[0.5, 1.0], [0.0, 1.0], [0.0, 0.0], [-1.0, 1.0]] {
        (0..9).for_each(|_| {
            assert_eq!(outcome(&program, &x, &mut auto), outcome(&program, &x, &mut interpreter), "{x:?}");
        });
    }
}

#[test]
fn threads_share_the_code() {
    let program = waves(50);
    let x: Vec<f64> = (0..50).map(|k| 0.02 * k as f64).collect();
    let expected = outcome(&program, &x, &mut workspace(Native::Never));
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let mut auto = Workspace::new();
                (0..50).for_each(|_| assert_eq!(outcome(&program, &x, &mut auto), expected));
            });
        }
    });
}

#[test]
fn one_workspace_runs_the_code_of_several_programs() {
    let programs = [waves(3), waves(4)];
    let mut auto = Workspace::new();
    for round in 0..20 {
        for (program, x) in programs.iter().zip([&[0.1, 0.2, 0.3][..], &[0.1, 0.2, 0.3, 0.4]]) {
            let expected = outcome(program, x, &mut workspace(Native::Never));
            assert_eq!(outcome(program, x, &mut auto), expected, "round {round}");
        }
    }
}

/// Steps that wait while calls of kernels go are given back: making code takes linear time. (Where assertions are on, the
/// order of steps checks how many it compares.)
#[test]
fn steps_that_wait_for_their_turn_do_not_slow_down_the_others() {
    fn formula<'g>(x: &[Expr<'g>]) -> Vec<Expr<'g>> {
        let mut sums = vec![x[0] + 1.0];
        for _ in 0..60 {
            let last = sums[sums.len() - 1];
            sums.push(x[1..16].iter().map(|&x| (last * x).sin()).reduce(|a, b| a + b).expect("there are some"));
        }
        let ends = |&n: &Expr<'g>| [n * x[16], n + x[17], (n + x[17]).sin()];
        sums[..60].iter().rev().flat_map(ends).collect()
    }
    let x: Vec<f64> = (0..18).map(|k| 0.1 + 0.05 * f64::from(k)).collect();
    let program = Program::from_fn(&x, formula, &Options::new()).expect("compiles");
    let expected = outcome(&program, &x, &mut workspace(Native::Never));
    if is_possible() {
        assert_eq!(outcome(&program, &x, &mut workspace(Native::Always)), expected);
    }
}

#[test]
fn code_longer_than_the_caches_has_the_bits_of_the_interpreter() {
    // Code of more than some 200 kB asks for its bytes ahead.
    let x: Vec<f64> = (0..3000).map(|k| f64::from(k).sin()).collect();
    let program = Program::value_and_gradient(
        &x,
        |x| x.windows(2).map(|x| (x[0].powi(2) - x[1]).powi(2) * 100.0 + (x[0] - x[1].sin()).powi(3)).sum(),
        &Options::new(),
    );
    let program = program.expect("compiles");
    if is_possible() {
        program.prepare().expect("not too long");
    }
    for scale in [1.0, -1.0, 1e200, 0.0] {
        let x: Vec<f64> = x.iter().map(|x| x * scale).collect();
        let [native, never] = [Native::Auto, Native::Never].map(|n| outcome(&program, &x, &mut workspace(n)));
        assert_eq!(native, never, "{scale}");
    }
}
