//! A loss as a program: recorded once at one example, run at every example of a batch.

use std::iter;

use wengert::{Expr, Graph};
use wengert_program::{Input, Options, Output, Program, Setup, Workspace};

use crate::error::Error;
use crate::train::examples::Batch;
use crate::train::trainer::of_graph;

/// The program of a loss of one example and its derivatives, and the memory that it runs in.
#[derive(Debug)]
pub(crate) struct Compiled {
    program: Program,
    workspace: Workspace,
    /// The loss, then each of its derivatives, summed over the examples.
    sums: Vec<f64>,
    /// The loss without derivatives, compiled when it is first needed.
    loss: Option<Program>,
    /// The parameters and the example that the loss was recorded at.
    recorded_at: (Vec<f64>, Vec<f64>),
}

impl Compiled {
    /// Compiles the loss, recorded at the first example of the batch.
    pub(crate) fn new<L>(parameters: &[f64], batch: Batch<'_>, loss: &L) -> Result<Compiled, Error>
    where
        L: for<'g> Fn(&[Expr<'g>], &[Expr<'g>]) -> Expr<'g>,
    {
        let recorded_at = (parameters.to_vec(), batch.row(0).collect());
        let program = compile(&recorded_at, loss, true)?;
        Ok(Compiled {
            sums: vec![0.0; program.output_count()],
            program,
            workspace: Workspace::new(),
            loss: None,
            recorded_at,
        })
    }

    /// Sets the number of threads.
    pub(crate) fn threads(&mut self, threads: usize) {
        self.workspace = Workspace::with(Setup::new().threads(threads));
    }

    pub(crate) fn program(&self) -> &Program {
        &self.program
    }

    /// The sum of the losses of these examples, without derivatives.
    pub(crate) fn value<L>(&mut self, parameters: &[f64], batch: Batch<'_>, loss: &L) -> Result<f64, Error>
    where
        L: for<'g> Fn(&[Expr<'g>], &[Expr<'g>]) -> Expr<'g>,
    {
        let program = match &mut self.loss {
            Some(program) => program,
            none => none.insert(compile(&self.recorded_at, loss, false)?),
        };
        let inputs: Vec<&[f64]> = parameters.chunks(1).chain(batch.columns()).collect();
        let mut sum = [0.0];
        program.eval_batch(batch.len(), &inputs, &mut [&mut sum], &mut self.workspace)?;
        Ok(sum[0])
    }

    /// The sum of the losses of these examples, and the sums of their derivatives with respect to each parameter.
    pub(crate) fn run(&mut self, parameters: &[f64], batch: Batch<'_>) -> Result<(f64, &[f64]), Error> {
        let inputs: Vec<&[f64]> = parameters.chunks(1).chain(batch.columns()).collect();
        let mut outputs: Vec<&mut [f64]> = self.sums.chunks_mut(1).collect();
        self.program.eval_batch(batch.len(), &inputs, &mut outputs, &mut self.workspace)?;
        Ok((self.sums[0], &self.sums[1..]))
    }
}

/// The program of a loss, recorded at these parameters and this example; with derivatives if `slopes` is true.
fn compile<L>((parameters, example): &(Vec<f64>, Vec<f64>), loss: &L, slopes: bool) -> Result<Program, Error>
where
    L: for<'g> Fn(&[Expr<'g>], &[Expr<'g>]) -> Expr<'g>,
{
    let graph = Graph::new();
    let [parameters, example] = [parameters, example].map(|values| graph.leaves(values));
    let loss = loss(&graph.exprs(&parameters), &graph.exprs(&example));
    let loss = of_graph(&graph, loss)?;
    let loss = match loss.graph() {
        Some(_) => loss.id(),
        None => graph.constant(loss.value()),
    };
    let wrt = if slopes { &parameters[..] } else { &[] };
    let slopes = graph.try_gradient_nodes(loss, wrt).map_err(wengert_program::Error::from)?;
    let inputs = parameters.into_iter().map(Input::uniform);
    let inputs = inputs.chain(example.into_iter().map(Input::per_point));
    let outputs = iter::once(loss).chain(slopes).map(Output::sum);
    Ok(Program::compile(&graph, inputs, outputs, &Options::new())?)
}
