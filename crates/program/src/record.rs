//! A program as nodes of a graph: to draw it, differentiate it, or compile it as part of something else.

use std::sync::Arc;

use wengert::room::{Grow, collected, with_room};
use wengert::{Graph, NodeId, Op};

use crate::error::{Error, same_length};
use crate::program::Program;

impl Program {
    /// Records what the program computes in a graph, as a function of these nodes. Returns a node for
    /// each output; a sum over points is the value at the one point.
    ///
    /// The nodes are those that the program was compiled from, in their order, before any pass: n-ary ops such as `sum`
    /// are not unrolled, and `detach` is still there. So derivatives of every order are those of that graph (a reverse
    /// sweep gives the same bits, unless it calls a [`Statement`](wengert::Statement): what its function computes stands in
    /// place of the call, so parts of a derivative may be added in another order), and a picture (`wengert-viz`) shows it as it was written. [`Program::instructions`]
    /// lists what runs after the passes. Guards are not recorded.
    ///
    /// ```
    /// use wengert::Graph;
    /// use wengert_program::{Options, Program};
    ///
    /// let program = Program::from_fn(&[0.5], |x| vec![(x[0] * x[0]).sin()], &Options::new())?;
    /// let graph = Graph::new();
    /// let x = graph.leaf(3.0);
    /// let y = program.record(&graph, &[x])?[0];
    /// assert_eq!(graph.value(y), 9.0_f64.sin());
    /// graph.backward(y);
    /// assert_eq!(graph.grad(x), 6.0 * 9.0_f64.cos());
    /// # Ok::<(), wengert_program::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Length`], [`Error::OutOfMemory`]; [`Error::Graph`] on a wrong key, a graph that is full or cannot grow, or a
    /// user's function that fails.
    pub fn record(&self, graph: &Graph, inputs: &[NodeId]) -> Result<Vec<NodeId>, Error> {
        same_length(|| "nodes in `inputs`, one for each input".into(), self.input_count(), inputs.len())?;
        let recording = self.recording();
        let mut nodes: Vec<NodeId> = with_room(recording.len())?;
        nodes.extend(inputs);
        let mut operands = Vec::new();
        for (op, imm, values) in recording.entries() {
            operands.clear();
            operands.try_extend(values.iter().map(|&x| nodes[x as usize]))?;
            if op == Op::External {
                // All outputs are recorded with the first.
                if imm[1] == 0.0 {
                    let site = &recording.sites[imm[0] as usize];
                    nodes.extend(graph.try_external_nodes(Arc::clone(&site.function), &operands)?);
                }
                continue;
            }
            nodes.push(match op {
                Op::Const => graph.try_constant(imm[0])?,
                op => graph.try_record(op, imm, &operands)?,
            });
        }
        let outputs = recording.outputs.iter();
        Ok(collected(outputs.map(|outlet| nodes[outlet.value as usize]))?)
    }
}
