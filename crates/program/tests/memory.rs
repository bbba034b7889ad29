//! Where the allocator refuses, calls return the error that the docs name, and graph, program and workspace can be used
//! as before.
//!
//! The allocator of this program refuses the `k`-th allocation above 4 KiB of a thread. Each function runs with `k` = 1,
//! 2, 3, ... until nothing is refused.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::fmt::Debug;

use wengert::{Expr, Graph, NO_IMM, NodeId, Op};
use wengert_program::{Error, Input, Native, Options, Output, Program, Setup, Workspace};

/// Smaller allocations are given: those of fixed size, and of messages.
const SMALL: usize = 4096;

thread_local! {
    /// How many allocations are given until one is refused; `None` for all.
    static GIVEN: Cell<Option<usize>> = const { Cell::new(None) };
    static REFUSED: Cell<bool> = const { Cell::new(false) };
}

struct Refusing;

#[global_allocator]
static ALLOCATOR: Refusing = Refusing;

/// Whether to refuse this allocation.
fn refuses(bytes: usize) -> bool {
    if bytes <= SMALL {
        return false;
    }
    match GIVEN.get() {
        Some(0) => {
            GIVEN.set(None);
            REFUSED.set(true);
            true
        }
        left => {
            GIVEN.set(left.map(|left| left - 1));
            false
        }
    }
}

// SAFETY: it is that of the system, but for null where it refuses, which an allocator may return.
unsafe impl GlobalAlloc for Refusing {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promise.
        if refuses(layout.size()) { std::ptr::null_mut() } else { unsafe { System.alloc(layout) } }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promise.
        if refuses(layout.size()) { std::ptr::null_mut() } else { unsafe { System.alloc_zeroed(layout) } }
    }

    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, bytes: usize) -> *mut u8 {
        // A shorter allocation takes no memory.
        if bytes > layout.size() && refuses(bytes) {
            return std::ptr::null_mut();
        }
        // SAFETY: the caller's promise.
        unsafe { System.realloc(memory, layout, bytes) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        // SAFETY: the caller's promise.
        unsafe { System.dealloc(memory, layout) }
    }
}

/// What the test itself does: nothing is refused.
fn given<T>(work: impl FnOnce() -> T) -> T {
    let left = GIVEN.replace(None);
    let result = work();
    GIVEN.set(left);
    result
}

/// An error that says whether memory was refused.
trait Refusal: Debug {
    fn is_out_of_memory(&self) -> bool;
}

impl Refusal for wengert::Error {
    fn is_out_of_memory(&self) -> bool {
        matches!(self, wengert::Error::OutOfMemory { .. })
    }
}

impl Refusal for Error {
    fn is_out_of_memory(&self) -> bool {
        use wengert_program::Error::{Graph, OutOfMemory};
        matches!(self, OutOfMemory { .. } | Graph(wengert::Error::OutOfMemory { .. }))
    }
}

/// Refuses each large allocation of `call` in turn, every time after a new `setup`. The call returns the error or the
/// right result; called again, the right result. Prints and returns how many allocations were refused.
fn refused<S, T: PartialEq + Debug, E: Refusal>(
    name: &str,
    setup: impl Fn() -> S,
    call: impl Fn(&mut S) -> Result<T, E>,
) -> usize {
    let expected = call(&mut setup()).expect(name);
    for k in 0.. {
        let mut state = setup();
        REFUSED.set(false);
        GIVEN.set(Some(k));
        let result = call(&mut state);
        GIVEN.set(None);
        let met = REFUSED.get();
        match result {
            Ok(result) => assert!(result == expected, "{name}, allocation {k}"),
            Err(error) => assert!(met && error.is_out_of_memory(), "{name}, allocation {k}: {error:?}"),
        }
        if !met {
            println!("{k:>6}  {name}");
            return k;
        }
        assert!(call(&mut state).expect(name) == expected, "{name}, after allocation {k} was refused");
    }
    unreachable!("it ends")
}

fn bits(numbers: &[f64]) -> Vec<u64> {
    given(|| numbers.iter().map(|x| x.to_bits()).collect())
}

fn all_bits(rows: &[Vec<f64>]) -> Vec<u64> {
    bits(&given(|| rows.concat()))
}

fn values(graph: &Graph, nodes: &[NodeId]) -> Vec<u64> {
    given(|| nodes.iter().map(|&node| graph.value(node).to_bits()).collect())
}

fn halves(nodes: &[NodeId]) -> Vec<(NodeId, f64)> {
    given(|| nodes.iter().map(|&node| (node, 0.5)).collect())
}

fn slopes(r: &Recorded) -> Vec<u64> {
    given(|| r.x.iter().map(|&x| r.graph.grad(x).to_bits()).collect())
}

/// A graph of some thousand nodes.
struct Recorded {
    graph: Graph,
    x: Vec<NodeId>,
    /// One for each leaf, of two of them.
    terms: Vec<NodeId>,
    l: NodeId,
}

const LEAVES: usize = 520;

fn recorded() -> Recorded {
    let mut r = chained();
    let total = r.graph.add(r.graph.sum(&r.terms), r.graph.dot(&r.terms, &r.x));
    r.l = r.graph.mul(total, r.graph.powf(r.graph.mean(&r.x), 1.25));
    r
}

/// As [`recorded`], without ops of many operands.
fn chained() -> Recorded {
    let graph = Graph::new();
    let x = graph.leaves(&(0..LEAVES).map(|k| 0.5 + k as f64 / 1000.0).collect::<Vec<_>>());
    let term = |k: usize| graph.add_c(graph.mul(graph.sin(x[k]), x[(k + 1) % LEAVES]), 0.1 + k as f64 / 7.0);
    let terms: Vec<NodeId> = (0..LEAVES).map(term).collect();
    let l = terms.iter().fold(x[0], |sum, &term| graph.add(sum, term));
    Recorded { graph, x, terms, l }
}

/// Asserts that each function met a refusal.
fn assert_all_met(met: &[usize]) {
    assert!(met.iter().all(|&met| met > 0), "{met:?}");
}

#[test]
fn recording_and_sweeps() {
    assert_all_met(&[
        refused("Graph::try_with_capacity", || (), |()| Graph::try_with_capacity(1000).map(|g| g.len())),
        refused("Graph::try_record", recorded, |r| {
            let before = r.graph.len();
            let add = || r.graph.try_record(Op::Powd, [1.0 / 3.0, 0.0], &r.x[..1]);
            for _ in 0..5000 {
                if let Err(error) = add() {
                    assert!(r.graph.len() >= before);
                    // The nodes before stay.
                    add().expect("the graph can be used");
                    return Err(error);
                }
            }
            Ok(r.graph.value(add()?).to_bits())
        }),
        refused("Graph::try_leaf, Graph::try_constant", recorded, |r| {
            for k in 0..2000 {
                r.graph.try_leaf(0.5)?;
                r.graph.try_constant(f64::from(k))?;
            }
            Ok::<_, wengert::Error>(())
        }),
        refused("Graph::try_record, n-ary", recorded, |r| {
            let (before, many) = (r.graph.len(), given(|| r.terms.repeat(5)));
            let sum = r.graph.try_record(Op::Sum, NO_IMM, &many);
            assert_eq!(r.graph.len(), before + usize::from(sum.is_ok()));
            Ok::<_, wengert::Error>(r.graph.value(sum?).to_bits())
        }),
        refused(
            "Graph::try_rewind",
            || {
                // Nodes of many generations.
                let mut graph = Graph::with_capacity(10_000);
                for _ in 0..2000 {
                    graph.leaf(1.0);
                    let mark = graph.mark();
                    graph.leaf(2.0);
                    graph.rewind(mark);
                }
                graph
            },
            |graph| {
                for _ in 0..2100 {
                    graph.leaf(1.0);
                    let (mark, len) = (graph.mark(), graph.len());
                    let dropped = graph.leaf(2.0);
                    if let Err(error) = graph.try_rewind(mark) {
                        assert_eq!((graph.len(), graph.value(dropped)), (len + 1, 2.0), "the graph is unchanged");
                        return Err(error);
                    }
                }
                Ok(())
            },
        ),
        refused("Graph::try_backward", recorded, |r| {
            r.graph.try_backward(r.l)?;
            Ok::<_, wengert::Error>(slopes(r))
        }),
        refused("Graph::try_backward_seeded", recorded, |r| {
            r.graph.try_backward_seeded(&halves(&r.terms))?;
            Ok::<_, wengert::Error>(slopes(r))
        }),
        refused("Graph::try_backward_strict", recorded, |r| {
            r.graph.try_backward_strict(r.l)?;
            Ok::<_, wengert::Error>(slopes(r))
        }),
    ]);
}

#[test]
fn derivatives_as_numbers() {
    assert_all_met(&[
        refused("Graph::try_gradient", recorded, |r| r.graph.try_gradient(r.l, &r.x).map(|g| bits(&g))),
        refused("Graph::try_vjp", recorded, |r| r.graph.try_vjp(&halves(&r.terms), &r.x).map(|g| bits(&g))),
        refused("Graph::try_vjp_into", recorded, |r| {
            let mut out = [0.0; LEAVES];
            r.graph.try_vjp_into(&[(r.l, 1.0)], &r.x, &mut out).map(|()| bits(&out))
        }),
        refused("Graph::try_jvp", recorded, |r| r.graph.try_jvp(&halves(&r.x), &r.terms).map(|t| bits(&t))),
        refused("Graph::try_jvp, computed nodes", recorded, |r| {
            r.graph.try_jvp(&halves(&r.terms), &[r.l]).map(|t| bits(&t))
        }),
        refused("Graph::try_jacobian, forward", recorded, |r| {
            r.graph.try_jacobian(&r.terms, &r.x[..40]).map(|j| all_bits(&j))
        }),
        refused("Graph::try_jacobian, reverse", recorded, |r| {
            r.graph.try_jacobian(&[r.l, r.terms[7]], &r.x).map(|j| all_bits(&j))
        }),
        refused("Graph::try_jacobian, computed nodes", recorded, |r| {
            r.graph.try_jacobian(&[r.l, r.terms[7]], &r.terms).map(|j| all_bits(&j))
        }),
        refused("Graph::try_hvp", recorded, |r| r.graph.try_hvp(r.l, &r.x, &[1.0; LEAVES]).map(|h| bits(&h))),
        // Few nodes, since every row is an allocation.
        refused("Graph::try_hessian", chained, |r| r.graph.try_hessian(r.terms[0], &r.x).map(|h| all_bits(&h))),
        refused("Graph::try_taylor", chained, |r| r.graph.try_taylor::<4>(r.l, &r.x, &[1.0; LEAVES]).map(|t| bits(&t))),
    ]);
}

#[test]
fn sparse_derivatives() {
    let entries = |m: wengert::Sparse| given(|| (m.row_indices().to_vec(), bits(m.values())));
    let pattern = |p: wengert::Pattern| given(|| (p.col_starts().to_vec(), p.row_indices().to_vec()));
    // Terms that have few variables each, and more variables than sets keep.
    let sparse = || {
        let mut r = recorded();
        let squares: Vec<NodeId> = r.terms.iter().map(|&term| r.graph.powi(term, 2)).collect();
        r.l = r.graph.sum(&squares);
        r
    };
    assert_all_met(&[
        refused("Graph::try_jacobian_pattern", sparse, |r| r.graph.try_jacobian_pattern(&r.terms, &r.x).map(pattern)),
        refused("Graph::try_jacobian_pattern, of many", sparse, |r| {
            r.graph.try_jacobian_pattern(&[r.l], &r.x).map(pattern)
        }),
        refused("Graph::try_hessian_pattern", sparse, |r| r.graph.try_hessian_pattern(r.l, &r.x).map(pattern)),
        refused("Graph::try_hessian_pattern, dense", recorded, |r| r.graph.try_hessian_pattern(r.l, &r.x).map(pattern)),
        refused("Graph::try_hessian_pattern, computed nodes", sparse, |r| {
            r.graph.try_hessian_pattern(r.l, &r.terms).map(pattern)
        }),
        refused("Graph::try_sparse_jacobian, forward", sparse, |r| {
            r.graph.try_sparse_jacobian(&r.terms, &r.x).map(entries)
        }),
        refused("Graph::try_sparse_jacobian, reverse", sparse, |r| {
            r.graph.try_sparse_jacobian(&[r.l], &r.x).map(entries)
        }),
        refused("Graph::try_sparse_hessian", sparse, |r| r.graph.try_sparse_hessian(r.l, &r.x).map(entries)),
        refused(
            "HessianPlan::evaluate",
            || {
                let r = sparse();
                let plan = r.graph.plan_hessian(r.l, &r.x).expect("plans");
                (r, plan)
            },
            |(r, plan)| plan.evaluate(&r.graph).map(entries),
        ),
        refused(
            "JacobianPlan::evaluate",
            || {
                let r = sparse();
                let plan = r.graph.plan_jacobian(&r.terms, &r.x).expect("plans");
                (r, plan)
            },
            |(r, plan)| plan.evaluate(&r.graph).map(entries),
        ),
    ]);
}

#[test]
fn derivatives_as_nodes() {
    let pairs = |r: &Recorded, nodes: &[NodeId]| given(|| nodes.iter().map(|&node| (node, r.l)).collect::<Vec<_>>());
    assert_all_met(&[
        refused("Graph::try_gradient_nodes", recorded, |r| {
            let before = r.graph.len();
            let gradient = r.graph.try_gradient_nodes(r.l, &r.x);
            assert!(gradient.is_ok() || r.graph.len() == before, "the graph is as before");
            gradient.map(|nodes| values(&r.graph, &nodes))
        }),
        refused("Graph::try_vjp_nodes", recorded, |r| {
            r.graph.try_vjp_nodes(&pairs(r, &r.terms), &r.x).map(|nodes| values(&r.graph, &nodes))
        }),
        refused("Graph::try_jvp_nodes", recorded, |r| {
            r.graph.try_jvp_nodes(&pairs(r, &r.x), &r.terms).map(|nodes| values(&r.graph, &nodes))
        }),
    ]);
}

#[test]
fn nodes_guards_and_audits() {
    let kinked = || {
        let mut r = recorded();
        let kinks: Vec<NodeId> = r.terms.iter().map(|&term| r.graph.relu(term)).collect();
        r.l = r.graph.ln(r.graph.neg(r.graph.sum(&kinks)));
        r
    };
    assert_all_met(&[
        refused(
            "Graph::try_node",
            || {
                let mut r = recorded();
                r.l = r.graph.sum(&r.terms.repeat(2));
                r
            },
            |r| r.graph.try_node(r.l).map(|node| node.operands.len()),
        ),
        refused("Graph::try_guards", guarded, |(r, _)| r.graph.try_guards().map(|guards| guards.len())),
        refused("Graph::try_audit", kinked, |r| r.graph.try_audit(r.l).map(|audit| given(|| audit.to_string()))),
        refused("Graph::try_explain_nan", kinked, |r| {
            r.graph.try_explain_nan(r.l).map(|origin| given(|| origin.map(|origin| origin.to_string())))
        }),
    ]);
}

#[test]
fn recomputing_asks_for_nothing() {
    let met = [
        refused("Graph::try_set_all and Graph::forward", recorded, |r| {
            r.graph.try_set_all(&r.x, &[0.25; LEAVES])?;
            r.graph.forward()?;
            Ok::<_, wengert::Error>(r.graph.value(r.l).to_bits())
        }),
        refused("Graph::evaluate_into", recorded, |r| {
            let mut out = [0.0];
            r.graph.evaluate_into(&r.x, &[0.25; LEAVES], &[r.l], &mut out).map(|()| bits(&out))
        }),
    ];
    assert_eq!(met, [0, 0]);
}

/// A graph with a gradient and a guard for each term.
fn guarded() -> (Recorded, Vec<NodeId>) {
    let r = recorded();
    let ordered = |&term: &NodeId| {
        let [term, zero] = [r.graph.expr(term), Expr::constant(0.0)];
        assert!(term > zero);
    };
    r.terms.iter().for_each(ordered);
    let kernels = r.graph.sum(&r.x.iter().map(|&x| r.graph.lgamma(r.graph.exp(x))).collect::<Vec<_>>());
    let mut outputs = vec![r.graph.mul(r.l, kernels)];
    outputs.extend(r.graph.gradient_nodes(outputs[0], &r.x));
    (r, outputs)
}

fn program() -> Program {
    let (r, outputs) = guarded();
    Program::compile(&r.graph, r.x.iter().copied(), outputs, &Options::new()).expect("compiles")
}

/// Compared by what is saved.
fn saved(program: Program) -> Vec<u8> {
    given(|| program.to_bytes())
}

#[test]
fn programs_are_made_and_loaded() {
    let compile = |(r, outputs): &mut (Recorded, Vec<NodeId>), options: &Options| {
        Program::compile(&r.graph, r.x.iter().copied(), outputs.iter().copied(), options).map(saved)
    };
    let folder = std::env::temp_dir().join(format!("wengert-memory-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder can be made");
    let path = folder.join("program");
    program().save(&path).expect("saves");
    let bytes = program().to_bytes();
    assert_all_met(&[
        refused("Program::compile", guarded, |state| compile(state, &Options::new())),
        refused("Program::compile, without passes", guarded, |state| compile(state, &Options::plain())),
        refused("Program::compile, uniform inputs and sums", guarded, |(r, outputs)| {
            let inputs = r.x.iter().enumerate();
            let inputs = inputs.map(|(k, &x)| if k % 2 == 0 { Input::uniform(x) } else { Input::per_point(x) });
            let outputs = outputs.iter().map(|&output| Output::sum(output));
            Program::compile(&r.graph, inputs, outputs, &Options::new()).map(saved)
        }),
        refused("Program::from_bytes", || (), |()| Program::from_bytes(&bytes).map(saved)),
        refused("Program::load", || (), |()| Program::load(&path).map(saved)),
        refused(
            "Program::record",
            || (recorded(), program()),
            |(r, program)| program.record(&r.graph, &r.x).map(|nodes| values(&r.graph, &nodes)),
        ),
    ]);
    std::fs::remove_dir_all(folder).expect("the folder can be removed");
}

#[test]
fn programs_run() {
    let made = |native: Native| move || (program(), Workspace::with(Setup::new().threads(1).native(native)));
    let eval = |(program, workspace): &mut (Program, Workspace)| {
        let mut out = [0.0; LEAVES + 1];
        program.eval(&[0.75; LEAVES], &mut out, workspace).map(|()| bits(&out))
    };
    let mut met = vec![
        refused("Program::eval", made(Native::Never), eval),
        refused("Program::eval_batch", made(Native::Never), |(program, workspace)| {
            let inputs = [&[0.75, 0.5, 0.25, 0.5, 0.75][..]; LEAVES];
            let mut out = given(|| vec![[0.0; 5]; LEAVES + 1]);
            let mut columns: Vec<&mut [f64]> = given(|| out.iter_mut().map(|column| &mut column[..]).collect());
            program.eval_batch(5, &inputs, &mut columns, workspace)?;
            Ok::<_, Error>(bits(out.as_flattened()))
        }),
    ];
    if program().prepare().is_ok() {
        met.extend([
            refused("Program::eval, machine code", made(Native::Always), eval),
            refused("Program::eval, eight calls", made(Native::Auto), |state| {
                (0..7).try_for_each(|_| eval(state).map(drop))?;
                eval(state)
            }),
            refused("Program::prepare", program, |program| program.prepare()),
        ]);
    }
    assert_all_met(&met);
}
