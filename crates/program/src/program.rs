//! The program: made once, immutable, shared between threads.

use std::panic::{RefUnwindSafe, UnwindSafe};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use wengert::room::collected;
use wengert::{Expr, Graph, Imm, NodeId, Op};

use crate::error::Error;
use crate::ir::lower::lower;
use crate::ir::{Ir, Role, Value};
use crate::layout::Layout;
use crate::layout::assemble::assemble;
use crate::native::Slot;
use crate::options::{Input, Options, Output, Spread};
use crate::passes;
use crate::recording::Recording;
use crate::recording::read::recording;
use crate::report::{MachineCode, Report};

/// A compiled part of a graph: a function from inputs to outputs that runs at many points.
///
/// It is immutable and `Sync`: any number of threads may run it at the same time, each with its own
/// [`Workspace`](crate::Workspace). Cloning is O(1). Displays as a listing, which panics if memory runs out.
#[derive(Clone, Debug)]
pub struct Program(Arc<Inner>);

/// A panic in a user's function leaves nothing of the program half done.
impl UnwindSafe for Program {}
impl RefUnwindSafe for Program {}

#[derive(Debug)]
struct Inner {
    /// Different for each program, so that a workspace knows which one it fits.
    id: u64,
    recording: Recording,
    ir: Ir,
    options: Options,
    layout: Layout,
    report: Report,
    native: Slot,
}

/// One instruction of a program, as [`Program::instructions`] lists them.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Instruction {
    /// The value it computes.
    pub value: Value,
    /// What it computes. A leaf is an input.
    pub op: Op,
    /// The immediates of the op. The number of a constant is the first.
    pub imm: Imm,
    /// The values that it reads. They are fewer than the op takes where an operand only saves the scalar
    /// function some work.
    pub operands: Vec<Value>,
    /// Which input it is, if it is an input.
    pub input: Option<usize>,
    /// For [`Op::External`], what it does in a call of a user's function: `input 0 of kepler`, `kepler`,
    /// `output 0 of kepler`. A call is an instruction for each input, one for the call and one for each output.
    pub external: Option<String>,
    /// Whether it is computed once per call ([`Spread::Uniform`]) or at each point.
    pub spread: Spread,
}

impl Program {
    /// Compiles what `outputs` depend on, as a function of `inputs`: leaves of the graph, in the order in which running
    /// takes them. A bare `NodeId` is an input or output with a number for each point; for the others, see
    /// [`Input::uniform`] and [`Output::sum`].
    ///
    /// Derivatives are outputs like others: record them with [`Graph::gradient_nodes`] first.
    ///
    /// Comparisons made while recording become guards, which are checked wherever the program runs: all of the graph
    /// that depend on an input, also those of formulas that are not outputs. Record such formulas in another graph, or
    /// see [`Options::guards`].
    ///
    /// The current values of nodes play no role, with three exceptions. Constants keep theirs, and so do leaves with
    /// [`Options::freeze_leaves`]. Comparisons that depend on no input must come out as they did when they were recorded.
    /// A call of a [`Statement`](wengert::Statement) becomes what its function records at the values of the call, so call
    /// [`Graph::forward`] first if a leaf was set.
    ///
    /// O(nodes up to the last output) and no more than about a microsecond each.
    ///
    /// ```
    /// use wengert::Graph;
    /// use wengert_program::{Options, Program, Workspace};
    ///
    /// let g = Graph::new();
    /// let [x, y] = [g.leaf(2.0), g.leaf(3.0)];
    /// let l = g.mul(x, y);
    /// let slope = g.gradient_nodes(l, &[x])[0];
    /// let program = Program::compile(&g, [x, y], [l, slope], &Options::new())?;
    /// let mut out = [0.0; 2];
    /// program.eval(&[5.0, 7.0], &mut out, &mut Workspace::new())?;
    /// assert_eq!(out, [35.0, 7.0]);
    /// # Ok::<(), wengert_program::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Graph`] on a wrong key, where a comparison that depends on no input flipped, and where a statement is
    /// called with stale values; [`Error::NotALeaf`], [`Error::RepeatedInput`], [`Error::NoOutputs`], [`Error::TooLarge`],
    /// [`Error::OutOfMemory`]; [`Error::LooseLeaf`] where the outputs, or a comparison that depends on an input, depend on
    /// a leaf that is not an input, unless [`Options::freeze_leaves`].
    pub fn compile<I, O>(graph: &Graph, inputs: I, outputs: O, options: &Options) -> Result<Program, Error>
    where
        I: IntoIterator<Item: Into<Input>>,
        O: IntoIterator<Item: Into<Output>>,
    {
        let inputs: Vec<Input> = collected(inputs.into_iter().map(Into::into))?;
        let outputs: Vec<Output> = collected(outputs.into_iter().map(Into::into))?;
        Program::of(recording(graph, &inputs, &outputs, options)?, *options)
    }

    /// Compiles a closure that builds the outputs from the inputs. It is recorded once, at `at`. The
    /// comparisons of expressions that it makes there are checked wherever the program runs. (A branch
    /// on [`Expr::value`](wengert::Expr::value) is taken once and for all, and not checked.)
    ///
    /// ```
    /// use wengert_program::{Options, Program, Workspace};
    ///
    /// let program = Program::from_fn(&[1.0, 2.0], |x| vec![x[0] * x[1]], &Options::new())?;
    /// let mut out = [0.0];
    /// program.eval(&[5.0, 7.0], &mut out, &mut Workspace::new())?;
    /// assert_eq!(out, [35.0]);
    /// # Ok::<(), wengert_program::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`Program::compile`].
    pub fn from_fn<F>(at: &[f64], f: F, options: &Options) -> Result<Program, Error>
    where
        F: for<'g> FnOnce(&[Expr<'g>]) -> Vec<Expr<'g>>,
    {
        let graph = Graph::new();
        let x: Vec<Expr<'_>> = at.iter().map(|&x| graph.var(x)).collect();
        let outputs = f(&x).into_iter().map(|output| node(&graph, output)).collect::<Result<Vec<_>, _>>()?;
        Program::compile(&graph, x, outputs, options)
    }

    /// Compiles a closure with its gradient: the outputs are its value, then its derivative with respect
    /// to each input.
    ///
    /// ```
    /// use wengert_program::{Options, Program, Workspace};
    ///
    /// let program = Program::value_and_gradient(&[1.0, 2.0], |x| x[0] * x[1], &Options::new())?;
    /// let mut out = [0.0; 3];
    /// program.eval(&[5.0, 7.0], &mut out, &mut Workspace::new())?;
    /// assert_eq!(out, [35.0, 7.0, 5.0]);
    /// # Ok::<(), wengert_program::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`Program::compile`].
    ///
    /// # Panics
    /// Where the closure panics at `at`: as the ops of [`Graph`], and where a function of your own
    /// ([`External`](wengert::External)) fails there. To get that error, record the closure with [`Graph::try_external`],
    /// and compile the nodes.
    pub fn value_and_gradient<F>(at: &[f64], f: F, options: &Options) -> Result<Program, Error>
    where
        F: for<'g> FnOnce(&[Expr<'g>]) -> Expr<'g>,
    {
        let graph = Graph::new();
        let x: Vec<Expr<'_>> = at.iter().map(|&x| graph.var(x)).collect();
        let value = node(&graph, f(&x))?;
        let inputs: Vec<_> = x.iter().map(|x| x.id()).collect();
        let mut outputs = vec![value];
        outputs.extend(graph.try_gradient_nodes(value, &inputs)?);
        Program::compile(&graph, inputs, outputs, options)
    }

    /// The same program without its guards: where the recorded code would have taken another branch, it
    /// gives the numbers of the recorded branch rather than an error. Compiles again, so keep it if you need it twice.
    ///
    /// ```
    /// use wengert::Expr;
    /// use wengert_program::{Options, Program, Workspace};
    ///
    /// fn absolute<'g>(x: &[Expr<'g>]) -> Vec<Expr<'g>> {
    ///     vec![if x[0] < 0.0 { -x[0] } else { x[0] }]
    /// }
    /// let program = Program::from_fn(&[1.0], absolute, &Options::new())?.without_guards();
    /// let mut out = [0.0];
    /// program.eval(&[-2.0], &mut out, &mut Workspace::new())?;
    /// assert_eq!(out, [-2.0]);
    /// # Ok::<(), wengert_program::Error>(())
    /// ```
    ///
    /// # Panics
    /// If memory runs out.
    #[track_caller]
    pub fn without_guards(&self) -> Program {
        let mut recording = self.recording().clone();
        recording.checks.clear();
        recording.names.clear();
        Program::of(recording, self.options().guards(false)).unwrap_or_else(|error| panic!("{error}"))
    }

    /// Lowers what was recorded, runs the passes, and lays out the result.
    pub(crate) fn of(mut recording: Recording, options: Options) -> Result<Program, Error> {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        recording.count_checks()?;
        let (mut ir, mut passes) = lower(&recording, &options)?;
        let (more, facts) = passes::run(&mut ir, &options)?;
        passes.extend(more);
        let layout = assemble(&ir, facts, &options)?;
        let report = Report {
            passes,
            instructions: ir.insts.len(),
            prologue_steps: layout.prologue.len(),
            body_steps: layout.body.len(),
            paired: layout.paired,
            fused: options.fuse,
            guards: ir.checks.len(),
            slots: layout.slots as usize,
            cells: layout.cells as usize,
            bytes_per_lane: 8 * layout.slots as usize,
            machine_code: MachineCode::NotYet,
        };
        let id = NEXT.fetch_add(1, Ordering::Relaxed);
        Ok(Program(Arc::new(Inner { id, recording, ir, options, layout, report, native: Slot::default() })))
    }

    /// How many inputs it takes.
    ///
    /// ```
    /// use wengert_program::{Options, Program};
    ///
    /// let program = Program::from_fn(&[1.0, 2.0], |x| vec![x[0] * x[1]], &Options::new())?;
    /// assert_eq!(program.input_count(), 2);
    /// # Ok::<(), wengert_program::Error>(())
    /// ```
    pub fn input_count(&self) -> usize {
        self.ir().inputs.len()
    }

    /// How many outputs it gives.
    ///
    /// ```
    /// use wengert_program::{Options, Program};
    ///
    /// let program = Program::from_fn(&[1.0, 2.0], |x| vec![x[0] * x[1]], &Options::new())?;
    /// assert_eq!(program.output_count(), 1);
    /// # Ok::<(), wengert_program::Error>(())
    /// ```
    pub fn output_count(&self) -> usize {
        self.ir().outputs.len()
    }

    /// Whether an input has a number for each point or one for all.
    ///
    /// ```
    /// use wengert_program::{Options, Program, Spread};
    ///
    /// let program = Program::from_fn(&[1.0, 2.0], |x| vec![x[0] * x[1]], &Options::new())?;
    /// assert_eq!(program.input_spread(0), Spread::PerPoint);
    /// # Ok::<(), wengert_program::Error>(())
    /// ```
    ///
    /// # Panics
    /// If there is no such input.
    #[track_caller]
    pub fn input_spread(&self, input: usize) -> Spread {
        let inputs = &self.ir().inputs;
        assert!(input < inputs.len(), "no input {input}: there are {}", inputs.len());
        inputs[input]
    }

    /// The value of an output, and whether it is wanted at each point or as a sum.
    ///
    /// ```
    /// use wengert_program::{Options, Program, Spread};
    ///
    /// let program = Program::from_fn(&[1.0, 2.0], |x| vec![x[0] * x[1]], &Options::new())?;
    /// let (value, spread) = program.output(0);
    /// assert_eq!((value.to_string(), spread), ("v2".into(), Spread::PerPoint));
    /// # Ok::<(), wengert_program::Error>(())
    /// ```
    ///
    /// # Panics
    /// If there is no such output.
    #[track_caller]
    pub fn output(&self, output: usize) -> (Value, Spread) {
        let outputs = &self.ir().outputs;
        assert!(output < outputs.len(), "no output {output}: there are {}", outputs.len());
        let outlet = outputs[output];
        (Value(outlet.value), outlet.spread)
    }

    /// The label that an input had when it was recorded, if any.
    ///
    /// ```
    /// use wengert_program::{Options, Program};
    ///
    /// let program = Program::from_fn(&[1.0], |x| vec![x[0].named("angle").sin().named("height")], &Options::new())?;
    /// assert_eq!(program.input_label(0), Some("angle"));
    /// # Ok::<(), wengert_program::Error>(())
    /// ```
    ///
    /// # Panics
    /// If there is no such input.
    #[track_caller]
    pub fn input_label(&self, input: usize) -> Option<&str> {
        self.input_spread(input);
        self.recording().label(input as u32)
    }

    /// The label that an output had when it was recorded, if any.
    ///
    /// ```
    /// use wengert_program::{Options, Program};
    ///
    /// let program = Program::from_fn(&[1.0], |x| vec![x[0].named("angle").sin().named("height")], &Options::new())?;
    /// assert_eq!(program.output_label(0), Some("height"));
    /// # Ok::<(), wengert_program::Error>(())
    /// ```
    ///
    /// # Panics
    /// If there is no such output.
    #[track_caller]
    pub fn output_label(&self, output: usize) -> Option<&str> {
        self.output(output);
        self.recording().label(self.recording().outputs[output].value)
    }

    /// The instructions in running order, after the passes, with n-ary ops unrolled.
    ///
    /// ```
    /// use wengert_program::{Options, Program};
    ///
    /// let program = Program::from_fn(&[1.0, 2.0], |x| vec![x[0] * x[1]], &Options::new())?;
    /// let ops: Vec<_> = program.instructions().map(|instruction| instruction.op.name()).collect();
    /// assert_eq!(ops, ["leaf", "leaf", "mul"]);
    /// # Ok::<(), wengert_program::Error>(())
    /// ```
    ///
    /// # Panics
    /// If memory runs out.
    #[track_caller]
    pub fn instructions(&self) -> impl ExactSizeIterator<Item = Instruction> + '_ {
        let uniform = self.ir().uniform().unwrap_or_else(|refused| panic!("{}", Error::from(refused)));
        self.ir().insts.iter().enumerate().map(move |(k, inst)| Instruction {
            value: Value(k as u32),
            op: inst.op,
            imm: self.ir().imm(inst),
            operands: inst.operands().iter().map(|&x| Value(x)).collect(),
            input: inst.as_input().map(|k| k as usize),
            external: (inst.op == Op::External).then(|| {
                let (site, role) = Role::of(self.ir().imm(inst));
                let name = self.ir().sites[site].function.name();
                match role {
                    Role::Input(k) => format!("input {k} of {name}"),
                    Role::Call => name.into(),
                    Role::Output(k) => format!("output {k} of {name}"),
                }
            }),
            spread: if uniform[k] { Spread::Uniform } else { Spread::PerPoint },
        })
    }

    /// What compiling did, and what the program needs to run.
    ///
    /// ```
    /// use wengert_program::{Options, Program};
    ///
    /// let program = Program::from_fn(&[1.0, 2.0], |x| vec![x[0] * x[1]], &Options::new())?;
    /// assert_eq!((program.report().instructions, program.report().guards), (3, 0));
    /// # Ok::<(), wengert_program::Error>(())
    /// ```
    pub fn report(&self) -> Report {
        Report { machine_code: self.native().report(), ..self.0.report.clone() }
    }

    /// The options it was compiled with. One that was loaded has those of [`Program::from_bytes`].
    ///
    /// ```
    /// use wengert_program::{Options, Program};
    ///
    /// let program = Program::from_fn(&[1.0, 2.0], |x| vec![x[0] * x[1]], &Options::new())?;
    /// assert_eq!(program.options(), Options::new());
    /// # Ok::<(), wengert_program::Error>(())
    /// ```
    pub fn options(&self) -> Options {
        self.0.options
    }

    pub(crate) fn id(&self) -> u64 {
        self.0.id
    }

    pub(crate) fn recording(&self) -> &Recording {
        &self.0.recording
    }

    pub(crate) fn ir(&self) -> &Ir {
        &self.0.ir
    }

    pub(crate) fn layout(&self) -> &Layout {
        &self.0.layout
    }

    pub(crate) fn native(&self) -> &Slot {
        &self.0.native
    }

    /// The error of a guard that flipped.
    #[cold]
    pub(crate) fn flipped(&self, point: Option<usize>, guard: usize) -> Error {
        let check = &self.ir().checks[guard];
        // What is the same at all points flips at no point in particular. Without memory to tell, the point is named.
        let uniform = self.ir().uniform().unwrap_or_default();
        let is_uniform = |x: u32| uniform.get(x as usize) == Some(&true);
        let point = point.filter(|_| !(is_uniform(check.left) && is_uniform(check.right)));
        let [left, right] = self.recording().names[guard].clone();
        Error::GuardFlipped { guard, point, left, relation: check.relation, right, recorded: check.recorded }
    }
}

/// The node of an output; a free constant becomes a node.
///
/// # Errors
/// As [`Graph::try_constant`].
pub(crate) fn node(graph: &Graph, output: Expr<'_>) -> Result<NodeId, wengert::Error> {
    match output.graph() {
        Some(_) => Ok(output.id()),
        None => graph.try_constant(output.value()),
    }
}
