//! Compiled programs as contenders: many paths of W5 or all points of W4 at a time, or one point of a function.
//!
//! The function is recorded once, with variables for what differs between points (the normals of a path; a
//! point and its label). Its gradient is recorded after it, and both are compiled. Calls are timed, each with
//! new parameters, as in a step of an optimizer.

use crate::engines::agree;
use crate::engines::wengert::graph;
use crate::measure::{Contender, Figure, Part, Times, Yardstick, mean};
use crate::workloads::Workload;
use crate::workloads::asian::{Asian, STEPS};
use crate::workloads::formula::Formula;
use crate::workloads::perceptron::{DECAY, Perceptron, Sample};
use crate::workloads::rosenbrock::Rosenbrock;
use std::hint::black_box;
use std::time::{Duration, Instant};
use wengert::{Expr, Graph, NodeId};
use wengert_program::{Input, MachineCode, Native, Options, Output, Program, Setup, Workspace};

/// How a program is compiled and run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Manner {
    /// Short name, as on the command line.
    pub name: &'static str,
    /// Whether products and sums are fused.
    pub fuse: bool,
    /// The number of threads for a batch.
    pub threads: usize,
    /// Whether points run one at a time.
    pub single: bool,
    /// Whether such a point runs as machine code.
    pub native: Native,
}

const fn batches(name: &'static str, fuse: bool, threads: usize) -> Manner {
    Manner { name, fuse, threads, single: false, native: Native::Never }
}

const fn one_by_one(name: &'static str, native: Native) -> Manner {
    Manner { name, fuse: false, threads: 1, single: true, native }
}

/// In batches, every operation rounded as recorded.
pub const EXACT: Manner = batches("program", false, 1);
/// In batches, products and sums fused.
pub const FUSED: Manner = batches("program-fused", true, 1);
/// In batches on two threads, products and sums fused.
pub const SHARED: Manner = batches("program-fused-2threads", true, 2);
/// One point at a time, every operation rounded as recorded, by the interpreter.
pub const SINGLE: Manner = one_by_one("program-one", Native::Never);
/// The same as machine code.
pub const NATIVE: Manner = one_by_one("native", Native::Always);

impl Manner {
    /// The entry with this name.
    pub fn named(name: &str) -> Option<Self> {
        [EXACT, FUSED, SHARED, SINGLE, NATIVE].into_iter().find(|manner| manner.name == name)
    }

    fn workspace(self) -> Workspace {
        Workspace::with(Setup::new().threads(self.threads).native(self.native))
    }

    pub(crate) fn yardsticks(self) -> &'static [Yardstick] {
        const ONE: Yardstick = Yardstick { label: "xone", contender: FUSED.name, part: Part::Total };
        const EAGER: Yardstick = Yardstick { label: "xwengert", contender: "wengert", part: Part::Total };
        const INTERPRETED: Yardstick = Yardstick { label: "xone", contender: SINGLE.name, part: Part::Total };
        match self {
            SHARED => &[ONE],
            SINGLE => &[EAGER],
            NATIVE => &[INTERPRETED, EAGER],
            _ => &[],
        }
    }
}

/// A function with its gradient, recorded and ready to be compiled.
#[derive(Debug)]
pub struct Recorded {
    graph: Graph,
    inputs: Vec<Input>,
    outputs: Vec<Output>,
}

impl Recorded {
    /// One path of W5: the parameters are uniform, each path has its own normals, and value and gradient of
    /// every path are outputs.
    pub fn path(asian: &Asian) -> Self {
        let graph = graph(4 * asian.ops());
        let x = leaves(&graph, asian.inputs());
        let path = leaves(&graph, asian.path(0));
        let payoff = Asian::payoff(&x, &path).id();
        let outputs = with_gradient(&graph, payoff, &x);
        let inputs = whole(&x).chain(path.iter().map(|&z| z.into())).collect();
        Self { inputs, outputs: outputs.map(Output::per_point).collect(), graph }
    }

    /// One point of W4: the parameters are uniform, and value and gradient are summed over the points.
    pub fn point<const DOT: bool>(perceptron: &Perceptron<DOT>) -> Self {
        let graph = graph(4 * perceptron.ops() / perceptron.columns()[0].len());
        let p = leaves(&graph, perceptron.inputs());
        let point = perceptron.columns().map(|column| graph.var(column[0]));
        let share = Perceptron::<DOT>::share(&p, point).id();
        let outputs = with_gradient(&graph, share, &p);
        let inputs = whole(&p).chain(point.map(Input::from)).collect();
        Self { inputs, outputs: outputs.map(Output::sum).collect(), graph }
    }

    /// Value and gradient of any workload; all inputs are per point.
    pub fn gradient(workload: &impl Workload) -> Self {
        let graph = graph(4 * workload.ops());
        let x = leaves(&graph, workload.inputs());
        let value = workload.body(0, &x).id();
        let outputs = with_gradient(&graph, value, &x).map(Output::per_point).collect();
        let inputs = x.iter().map(|&x| x.into()).collect();
        Self { inputs, outputs, graph }
    }

    /// The value alone of any workload; all inputs are per point.
    pub fn value(workload: &impl Workload) -> Self {
        let graph = graph(workload.ops());
        let x = leaves(&graph, workload.inputs());
        let outputs = vec![workload.body(0, &x).into()];
        let inputs = x.iter().map(|&x| x.into()).collect();
        Self { inputs, outputs, graph }
    }

    /// Compiles it.
    ///
    /// # Errors
    /// The error of [`Program::compile`], as a message.
    pub fn compile(&self, options: &Options) -> Result<Program, String> {
        let (inputs, outputs) = (self.inputs.iter().copied(), self.outputs.iter().copied());
        Program::compile(&self.graph, inputs, outputs, options).map_err(|error| error.to_string())
    }

    /// The numbers that its inputs were recorded with.
    pub fn numbers(&self) -> Vec<f64> {
        let leaves = self.graph.nodes().filter(|node| node.op == wengert::Op::Leaf);
        leaves.map(|node| self.graph.value(node.id)).collect()
    }

    /// The number of nodes, without inputs and constants.
    pub fn ops(&self) -> usize {
        use wengert::Op;
        self.graph.nodes().filter(|node| !matches!(node.op, Op::Leaf | Op::Const)).count()
    }
}

fn leaves<'g>(graph: &'g Graph, values: &[f64]) -> Vec<Expr<'g>> {
    values.iter().map(|&value| graph.var(value)).collect()
}

fn whole(x: &[Expr<'_>]) -> impl Iterator<Item = Input> {
    x.iter().map(|x| Input::uniform(x.id()))
}

fn with_gradient(graph: &Graph, value: NodeId, x: &[Expr<'_>]) -> impl Iterator<Item = NodeId> {
    let x: Vec<NodeId> = x.iter().map(|x| x.id()).collect();
    std::iter::once(value).chain(graph.gradient_nodes(value, &x))
}

/// The figures that every program reports.
fn figures(program: &Program, workspace: &Workspace) -> Vec<Figure> {
    let report = program.report();
    let mut figures = vec![("steps", report.body_steps as f64), ("bytes/lane", report.bytes_per_lane as f64)];
    if workspace.lanes() > 0 {
        figures.push(("lanes", workspace.lanes() as f64));
    }
    figures
}

/// W5: value and gradient of every path. A repetition is a path; a call of the batch runs all.
#[derive(Debug)]
pub struct Paths<'w> {
    manner: Manner,
    asian: &'w Asian,
    program: Program,
    workspace: Workspace,
    /// For each step of a path, a column with the normals of all paths.
    normals: Vec<Vec<f64>>,
    /// The value, then the gradient, of every path.
    results: [Vec<f64>; 4],
}

impl<'w> Paths<'w> {
    /// The compiled path, checked on every path.
    ///
    /// # Errors
    /// A message, if compiling or running fails or a gradient is not the hand-written one.
    pub fn new(asian: &'w Asian, manner: Manner) -> Result<Self, String> {
        let program = Recorded::path(asian).compile(&Options::new().fuse(manner.fuse))?;
        let normals = (0..STEPS).map(|step| (0..asian.cases()).map(|case| asian.path(case)[step]).collect()).collect();
        let results = std::array::from_fn(|_| vec![f64::NAN; asian.cases()]);
        let workspace = manner.workspace();
        let mut paths = Self { manner, asian, program, workspace, normals, results };
        paths.check()?;
        Ok(paths)
    }

    fn check(&mut self) -> Result<(), String> {
        self.time_batches(1)?;
        let mut scratch = self.asian.scratch();
        let mut expected = [0.0; 3];
        for case in 0..self.asian.cases() {
            let by_hand = self.asian.by_hand(case, self.asian.inputs(), &mut scratch, &mut expected);
            let [value, gradient @ ..] = self.results.each_ref().map(|column| column[case]);
            agree(self.manner.name, self.asian.name(), [value, by_hand], [&gradient, &expected])?;
        }
        Ok(())
    }

    /// Times this number of calls, each of which runs all paths.
    ///
    /// # Errors
    /// The error of the program.
    pub fn time_batches(&mut self, calls: usize) -> Result<Duration, String> {
        let parameters = self.asian.inputs().chunks(1);
        let inputs: Vec<&[f64]> = parameters.chain(self.normals.iter().map(Vec::as_slice)).collect();
        let mut outputs = self.results.each_mut().map(Vec::as_mut_slice);
        let start = Instant::now();
        for _ in 0..calls {
            let inputs = black_box(&inputs[..]);
            let done = self.program.eval_batch(self.asian.cases(), inputs, &mut outputs, &mut self.workspace);
            done.map_err(|error| error.to_string())?;
            black_box(&outputs);
        }
        Ok(start.elapsed())
    }
}

impl Contender for Paths<'_> {
    fn name(&self) -> &str {
        self.manner.name
    }

    fn yardsticks(&self) -> &'static [Yardstick] {
        self.manner.yardsticks()
    }

    fn figures(&self) -> Vec<Figure> {
        figures(&self.program, &self.workspace)
    }

    fn run(&mut self, repetitions: usize) -> Times {
        let calls = repetitions.div_ceil(self.asian.cases());
        // `new` ran it on the same data already, so this does not fail.
        let time = self.time_batches(calls).unwrap_or_else(|error| panic!("{error}"));
        Times { record: None, backward: None, total: mean(time, calls * self.asian.cases()) }
    }
}

/// A workload of which one point at a time is wanted.
pub trait Single: Workload {
    /// The function, ready to be compiled. Its inputs are those of the workload, then [`Single::numbers`].
    fn recorded(&self) -> Recorded
    where
        Self: Sized,
    {
        Recorded::gradient(self)
    }

    /// The numbers of a data set.
    fn numbers(&self, _case: usize) -> &[f64] {
        &[]
    }
}

impl Single for Rosenbrock {}

impl Single for Formula {}

impl Single for Asian {
    fn recorded(&self) -> Recorded {
        Recorded::path(self)
    }

    fn numbers(&self, case: usize) -> &[f64] {
        self.path(case)
    }
}

impl Single for Sample {
    fn recorded(&self) -> Recorded {
        Recorded::point(self.step())
    }

    fn numbers(&self, case: usize) -> &[f64] {
        self.numbers(case)
    }
}

/// Value and gradient of one data set in a call.
#[derive(Debug)]
pub struct One<'w, W> {
    manner: Manner,
    workload: &'w W,
    program: Program,
    workspace: Workspace,
    /// Of each data set a point, where it has more numbers than there are inputs: its owner has them where the program
    /// reads them. Otherwise one point, into which a data set is copied.
    points: Vec<f64>,
    /// The value, then the gradient.
    out: Vec<f64>,
    next: usize,
}

impl<'w, W: Single> One<'w, W> {
    /// The compiled function, checked on up to a hundred data sets.
    ///
    /// # Errors
    /// A message, if compiling or running fails or a gradient is not the hand-written one.
    pub fn new(workload: &'w W, manner: Manner) -> Result<Self, String> {
        let cases = if workload.numbers(0).len() > workload.inputs().len() { workload.cases() } else { 1 };
        let mut one = Self {
            manner,
            workload,
            program: workload.recorded().compile(&Options::new().fuse(manner.fuse))?,
            workspace: manner.workspace(),
            points: (0..cases).flat_map(|case| [workload.inputs(), workload.numbers(case)].concat()).collect(),
            out: vec![f64::NAN; 1 + workload.inputs().len()],
            next: 0,
        };
        let mut scratch = workload.scratch();
        let mut expected = vec![0.0; workload.inputs().len()];
        for case in 0..workload.cases().min(100) {
            one.time(1)?;
            let by_hand = workload.by_hand(case, workload.inputs(), &mut scratch, &mut expected);
            let (value, gradient) = (one.out[0], &one.out[1..]);
            agree(manner.name, workload.name(), [value, by_hand], [gradient, &expected])?;
        }
        Ok(one)
    }

    /// Times this number of calls, on the data sets in turn.
    ///
    /// # Errors
    /// The error of the program.
    pub fn time(&mut self, calls: usize) -> Result<Duration, String> {
        let (inputs, width) = (self.workload.inputs().len(), self.program.input_count());
        let start = Instant::now();
        for _ in 0..calls {
            let case = self.next;
            self.next = if case + 1 < self.workload.cases() { case + 1 } else { 0 };
            let first = if self.points.len() > width { case * width } else { 0 };
            let x = &mut self.points[first..][..width];
            if first == 0 {
                x[inputs..].copy_from_slice(self.workload.numbers(case));
            }
            let done = self.program.eval(black_box(x), &mut self.out, &mut self.workspace);
            done.map_err(|error| error.to_string())?;
            black_box(&self.out);
        }
        Ok(start.elapsed())
    }
}

impl<W: Single> Contender for One<'_, W> {
    fn name(&self) -> &str {
        self.manner.name
    }

    fn yardsticks(&self) -> &'static [Yardstick] {
        self.manner.yardsticks()
    }

    fn figures(&self) -> Vec<Figure> {
        let mut figures = figures(&self.program, &self.workspace);
        if let MachineCode::Made { bytes, .. } = self.program.report().machine_code {
            figures.push(("code", bytes as f64));
        }
        figures
    }

    fn run(&mut self, repetitions: usize) -> Times {
        // `new` ran it on the same data already, so this does not fail.
        let time = self.time(repetitions).unwrap_or_else(|error| panic!("{error}"));
        Times { record: None, backward: None, total: mean(time, repetitions) }
    }
}

/// W4: the training step, with the points as lanes. The squares of the parameters, which belong to no point,
/// are added by hand.
#[derive(Debug)]
pub struct Step<'w, const DOT: bool> {
    manner: Manner,
    perceptron: &'w Perceptron<DOT>,
    program: Program,
    workspace: Workspace,
    points: [Vec<f64>; 3],
    /// The loss and its gradient without the squares.
    sums: Vec<f64>,
    value: f64,
    gradient: Vec<f64>,
}

impl<'w, const DOT: bool> Step<'w, DOT> {
    /// The compiled step, checked.
    ///
    /// # Errors
    /// A message, if compiling or running fails or the gradient is not the hand-written one.
    pub fn new(perceptron: &'w Perceptron<DOT>, manner: Manner) -> Result<Self, String> {
        let parameters = perceptron.inputs().len();
        let mut step = Self {
            manner,
            perceptron,
            program: Recorded::point(perceptron).compile(&Options::new().fuse(manner.fuse))?,
            workspace: manner.workspace(),
            points: perceptron.columns(),
            sums: vec![f64::NAN; 1 + parameters],
            value: f64::NAN,
            gradient: vec![f64::NAN; parameters],
        };
        step.time(1)?;
        let mut expected = vec![0.0; parameters];
        let by_hand = perceptron.by_hand(0, perceptron.inputs(), &mut (), &mut expected);
        agree(manner.name, perceptron.name(), [step.value, by_hand], [&step.gradient, &expected])?;
        Ok(step)
    }

    /// Times this number of steps.
    ///
    /// # Errors
    /// The error of the program.
    pub fn time(&mut self, steps: usize) -> Result<Duration, String> {
        let p = self.perceptron.inputs();
        let inputs: Vec<&[f64]> = p.chunks(1).chain(self.points.iter().map(Vec::as_slice)).collect();
        let mut sums: Vec<&mut [f64]> = self.sums.chunks_mut(1).collect();
        let points = self.points[0].len();
        let start = Instant::now();
        for _ in 0..steps {
            let done = self.program.eval_batch(points, black_box(&inputs), &mut sums, &mut self.workspace);
            done.map_err(|error| error.to_string())?;
            let mut squares = 0.0;
            for ((gradient, sum), &p) in self.gradient.iter_mut().zip(&sums[1..]).zip(p) {
                squares += p * p;
                *gradient = sum[0] + 2.0 * DECAY * p;
            }
            self.value = sums[0][0] + DECAY * squares;
            black_box(&self.gradient);
        }
        Ok(start.elapsed())
    }
}

impl<const DOT: bool> Contender for Step<'_, DOT> {
    fn name(&self) -> &str {
        self.manner.name
    }

    fn figures(&self) -> Vec<Figure> {
        figures(&self.program, &self.workspace)
    }

    fn run(&mut self, repetitions: usize) -> Times {
        // `new` ran it on the same data already, so this does not fail.
        let time = self.time(repetitions).unwrap_or_else(|error| panic!("{error}"));
        Times { record: None, backward: None, total: mean(time, repetitions) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_compute_the_hand_written_gradients() {
        // 70 paths: a full block and a remainder.
        let asian = Asian::new(70);
        for manner in [EXACT, FUSED, SHARED] {
            Paths::new(&asian, manner).unwrap_or_else(|error| panic!("{error}"));
        }
        fn one(workload: &impl Single, manner: Manner) {
            One::new(workload, manner).unwrap_or_else(|error| panic!("{error}"));
        }
        for manner in [SINGLE, NATIVE] {
            one(&asian, manner);
            one(&Rosenbrock::named("W3-100", 100), manner);
            one(&Sample::new(), manner);
            one(&Formula::new(), manner);
        }
        for manner in [EXACT, FUSED] {
            Step::new(&Perceptron::<false>::new(), manner).unwrap_or_else(|error| panic!("{error}"));
            Step::new(&Perceptron::<true>::new(), manner).unwrap_or_else(|error| panic!("{error}"));
        }
    }

    #[test]
    fn manners_are_found_by_name() {
        assert_eq!(Manner::named("program-one"), Some(SINGLE));
        assert_eq!(Manner::named("wengert"), None);
    }
}
