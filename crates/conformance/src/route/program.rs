//! The compiled program: value, gradient and Hessian recorded once as nodes, compiled once, and
//! run at all points in one batch.
//!
//! Nothing is recorded again where a max, min, abs or relu switches branches: these ops choose at every point.

use wengert_program::{InstructionSet, Native, Options, Program, Setup, Workspace};

use super::{Answer, Question, Route, derive::Recording};

/// How the points are run.
#[derive(Clone, Copy, Debug)]
enum Mode {
    /// All in one batch.
    Batch,
    /// One by one.
    Single,
}

/// Programs, with the options to compile and run them.
#[derive(Clone, Debug)]
pub struct Programs {
    name: String,
    options: Options,
    setup: Setup,
    mode: Mode,
}

impl Programs {
    /// On every instruction set of this processor, without and with fusing: `program` and
    /// `program-fused` on the best, `program-sse2` and so on on the others. `native` and `native-fused` run
    /// points one by one as machine code, where this processor can.
    pub fn all() -> Vec<Self> {
        let mut all = Vec::new();
        for (k, set) in InstructionSet::available().into_iter().enumerate() {
            let name = if k == 0 { "program".to_string() } else { format!("program-{set}") };
            let plain = Self {
                name,
                options: Options::new(),
                setup: Setup::new().instructions(set).native(Native::Never),
                mode: Mode::Batch,
            };
            all.extend([plain.fused(), plain]);
        }
        if ["avx512", "avx2+fma"].contains(&InstructionSet::best().name()) {
            let native = Self {
                name: "native".to_string(),
                options: Options::new(),
                setup: Setup::new().native(Native::Always),
                mode: Mode::Single,
            };
            all.extend([native.fused(), native]);
        }
        all
    }

    /// The same with products and sums fused.
    fn fused(&self) -> Self {
        Self { name: format!("{}-fused", self.name), options: Options::fast(), ..self.clone() }
    }
}

impl Route for Programs {
    fn name(&self) -> &str {
        &self.name
    }

    fn gives_hessians(&self) -> bool {
        true
    }

    fn sweeps_back(&self) -> bool {
        true
    }

    fn has_lanes(&self) -> bool {
        true
    }

    fn with_lanes(&self, lanes: usize) -> Option<Box<dyn Route>> {
        let mode = if lanes == 1 { Mode::Single } else { Mode::Batch };
        Some(Box::new(Self { setup: self.setup.lanes(lanes), mode, ..self.clone() }))
    }

    fn answer(&self, question: Question<'_>) -> Result<Vec<Vec<Answer>>, String> {
        if question.points.is_empty() {
            return Ok(Vec::new());
        }
        let compiled = Compiled::new(question, &self.options)?;
        let mut workspace = Workspace::with(self.setup);
        match self.mode {
            Mode::Batch => compiled.at_all(question.points, &mut workspace),
            Mode::Single => {
                let points = question.points.iter();
                points.map(|x| compiled.at(x, &mut workspace)).collect()
            }
        }
    }
}

/// A formula with its derivatives, compiled.
#[derive(Clone, Debug)]
pub struct Compiled {
    program: Program,
    inputs: usize,
    /// The number of outputs of the formula.
    outputs: usize,
    hessian: bool,
}

impl Compiled {
    /// Compiles the question, recorded at its first point.
    ///
    /// # Errors
    /// The error of the engine, in words.
    ///
    /// # Panics
    /// If the question has no point.
    pub fn new(question: Question<'_>, options: &Options) -> Result<Self, String> {
        let recording = Recording::at(question, question.points[0])?;
        let mut nodes = Vec::new();
        for output in &recording.outputs {
            nodes.push(output.value);
            nodes.extend(&output.gradient);
            nodes.extend(output.hessian.iter().flatten());
        }
        let inputs = recording.inputs.iter().copied();
        let program = Program::compile(&recording.graph, inputs, nodes, options);
        Ok(Self {
            program: program.map_err(|e| e.to_string())?,
            inputs: question.formula.inputs,
            outputs: question.outputs.len(),
            hessian: question.hessian,
        })
    }

    /// The same program, saved to bytes and loaded.
    ///
    /// # Errors
    /// Why the bytes were refused, in words.
    pub fn saved_and_loaded(&self) -> Result<Self, String> {
        let program = Program::from_bytes(&self.program.to_bytes());
        Ok(Self { program: program.map_err(|e| e.to_string())?, ..self.clone() })
    }

    /// The program.
    pub fn program(&self) -> &Program {
        &self.program
    }

    /// The answers at all points, run as one batch.
    ///
    /// # Errors
    /// The error of the program, in words.
    pub fn at_all(&self, points: &[&[f64]], workspace: &mut Workspace) -> Result<Vec<Vec<Answer>>, String> {
        let column = |k| points.iter().map(|x| x[k]).collect();
        let inputs: Vec<Vec<f64>> = (0..self.inputs).map(column).collect();
        let inputs: Vec<&[f64]> = inputs.iter().map(|column| &column[..]).collect();
        let mut columns = vec![vec![f64::NAN; points.len()]; self.program.output_count()];
        let mut outputs: Vec<&mut [f64]> = columns.iter_mut().map(|column| &mut column[..]).collect();
        let done = self.program.eval_batch(points.len(), &inputs, &mut outputs, workspace);
        done.map_err(|e| e.to_string())?;
        let numbers = |p: usize| columns.iter().map(move |column| column[p]);
        Ok((0..points.len()).map(|p| self.answers(numbers(p))).collect())
    }

    /// The answers at one point, run alone.
    ///
    /// # Errors
    /// The error of the program, in words.
    pub fn at(&self, x: &[f64], workspace: &mut Workspace) -> Result<Vec<Answer>, String> {
        let mut numbers = vec![f64::NAN; self.program.output_count()];
        let done = self.program.eval(x, &mut numbers, workspace);
        done.map_err(|e| e.to_string())?;
        Ok(self.answers(numbers.into_iter()))
    }

    /// The answers, from the outputs of the program at one point.
    fn answers(&self, mut numbers: impl Iterator<Item = f64>) -> Vec<Answer> {
        let entries = self.inputs * (self.inputs + 1) / 2;
        let answer = |_| Answer {
            value: numbers.next().expect("an output for each value"),
            gradient: numbers.by_ref().take(self.inputs).collect(),
            hessian: self.hessian.then(|| numbers.by_ref().take(entries).collect()),
        };
        (0..self.outputs).map(answer).collect()
    }
}
