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
}

impl Compiled {
    /// Compiles the loss, recorded at the first example of the batch.
    pub(crate) fn new<L>(parameters: &[f64], batch: Batch<'_>, loss: &L) -> Result<Compiled, Error>
    where
        L: for<'g> Fn(&[Expr<'g>], &[Expr<'g>]) -> Expr<'g>,
    {
        let graph = Graph::new();
        let parameters = graph.leaves(parameters);
        let example = graph.leaves(&batch.row(0).collect::<Vec<_>>());
        let loss = loss(&graph.exprs(&parameters), &graph.exprs(&example));
        let loss = of_graph(&graph, loss)?;
        let loss = match loss.graph() {
            Some(_) => loss.id(),
            None => graph.constant(loss.value()),
        };
        let slopes = graph
            .try_gradient_nodes(loss, &parameters)
            .map_err(wengert_program::Error::from)?;
        let inputs = parameters.into_iter().map(Input::uniform);
        let inputs = inputs.chain(example.into_iter().map(Input::per_point));
        let outputs = iter::once(loss).chain(slopes).map(Output::sum);
        let program = Program::compile(&graph, inputs, outputs, &Options::new())?;
        Ok(Compiled {
            sums: vec![0.0; program.output_count()],
            program,
            workspace: Workspace::new(),
        })
    }

    /// Sets the number of threads.
    pub(crate) fn threads(&mut self, threads: usize) {
        self.workspace = Workspace::with(Setup::new().threads(threads));
    }

    pub(crate) fn program(&self) -> &Program {
        &self.program
    }

    /// The sum of the losses of these examples, and the sums of their derivatives with respect to each parameter.
    pub(crate) fn run(&mut self, parameters: &[f64], batch: Batch<'_>) -> Result<(f64, &[f64]), Error> {
        let inputs: Vec<&[f64]> = parameters.chunks(1).chain(batch.columns()).collect();
        let mut outputs: Vec<&mut [f64]> = self.sums.chunks_mut(1).collect();
        self.program
            .eval_batch(batch.len(), &inputs, &mut outputs, &mut self.workspace)?;
        Ok((self.sums[0], &self.sums[1..]))
    }
}
