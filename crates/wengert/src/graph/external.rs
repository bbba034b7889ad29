//! Recording functions of the user's own.

use alloc::sync::Arc;
use alloc::vec::Vec;

use smallvec::SmallVec;

use crate::error::{Error, expect};
use crate::external::checked::fit;
use crate::external::statement::Statement;
use crate::external::{External, checked};
use crate::graph::Graph;
use crate::node::{ExternalOutput, NodeId};
use crate::number::Function;
use crate::number::expr::Expr;
use crate::op::Op;
use crate::tape::entry::{Entry, Handle};
use crate::tape::{Extent, Tape};

/// The most inputs of a statement that the compiler keeps in registers.
const FEW: usize = 8;

/// Functions of the user's own.
impl Graph {
    /// Records a call of `f` with the inputs `x`: a node for each output. Computes the outputs at once.
    ///
    /// Free constants among the inputs become nodes. The function may be recorded in any number of graphs.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use wengert::{External, Graph};
    ///
    /// struct Polar;
    ///
    /// impl External for Polar {
    ///     fn name(&self) -> &str {
    ///         "polar"
    ///     }
    ///     fn shape(&self) -> (usize, usize) {
    ///         (2, 2)
    ///     }
    ///     fn value(&self, x: &[f64], y: &mut [f64]) -> Result<(), String> {
    ///         let (sin, cos) = x[1].sin_cos();
    ///         y.copy_from_slice(&[x[0] * cos, x[0] * sin]);
    ///         Ok(())
    ///     }
    ///     fn vjp(&self, x: &[f64], y: &[f64], ybar: &[f64], xbar: &mut [f64]) -> Result<(), String> {
    ///         let (sin, cos) = x[1].sin_cos();
    ///         xbar.copy_from_slice(&[ybar[0] * cos + ybar[1] * sin, ybar[1] * y[0] - ybar[0] * y[1]]);
    ///         Ok(())
    ///     }
    /// }
    ///
    /// let g = Graph::new();
    /// let [radius, angle] = [g.var(2.0), g.var(0.0)];
    /// let point = g.external(Arc::new(Polar), &[radius, angle]);
    /// point[1].backward();
    /// assert_eq!([radius.grad(), angle.grad()], [0.0, 2.0]);
    /// ```
    ///
    /// # Panics
    /// With the text of the error that [`Graph::try_external`] returns.
    #[track_caller]
    pub fn external<'g>(&'g self, f: Arc<dyn External>, x: &[Expr<'g>]) -> Vec<Expr<'g>> {
        expect(self.try_external(f, x))
    }

    /// As [`Graph::external`].
    ///
    /// # Errors
    /// [`Error::External`] where the function fails, does not write an output, or writes NaN at finite inputs, and on a
    /// wrong number of inputs. [`Error::MixedGraphs`], [`Error::Full`], [`Error::OutOfMemory`].
    /// The graph is as before.
    pub fn try_external<'g>(&'g self, f: Arc<dyn External>, x: &[Expr<'g>]) -> Result<Vec<Expr<'g>>, Error> {
        if x.iter().filter_map(|x| x.graph()).any(|graph| !core::ptr::eq(graph, self)) {
            return Err(Error::MixedGraphs);
        }
        let (first, values) = self.call_external(&f, x.iter().map(|x| Ok((x.handle(), x.value()))))?;
        let handles = (first.index()..).map(|position| Handle::new(position, first.wants()));
        Ok(handles.zip(values).map(|(handle, value)| Expr::of(self, handle, value)).collect())
    }

    /// As [`Graph::external`], by key.
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # use wengert::{External, Graph};
    /// # struct Double;
    /// # impl External for Double {
    /// #     fn name(&self) -> &str {
    /// #         "double"
    /// #     }
    /// #     fn shape(&self) -> (usize, usize) {
    /// #         (1, 1)
    /// #     }
    /// #     fn value(&self, x: &[f64], y: &mut [f64]) -> Result<(), String> {
    /// #         y[0] = 2.0 * x[0];
    /// #         Ok(())
    /// #     }
    /// #     fn vjp(&self, _: &[f64], _: &[f64], ybar: &[f64], xbar: &mut [f64]) -> Result<(), String> {
    /// #         xbar[0] = 2.0 * ybar[0];
    /// #         Ok(())
    /// #     }
    /// # }
    /// let mut g = Graph::new();
    /// let x = g.leaf(3.0);
    /// let y = g.external_nodes(Arc::new(Double), &[x])[0];
    /// g.set(x, 5.0);
    /// g.forward()?;
    /// assert_eq!(g.value(y), 10.0);
    /// # Ok::<(), wengert::Error>(())
    /// ```
    ///
    /// # Panics
    /// With the text of the error that [`Graph::try_external_nodes`] returns.
    #[track_caller]
    pub fn external_nodes(&self, f: Arc<dyn External>, x: &[NodeId]) -> Vec<NodeId> {
        expect(self.try_external_nodes(f, x))
    }

    /// As [`Graph::external_nodes`].
    ///
    /// # Errors
    /// As [`Graph::try_external`], and [`Error::NotInGraph`], [`Error::StaleValue`].
    pub fn try_external_nodes(&self, f: Arc<dyn External>, x: &[NodeId]) -> Result<Vec<NodeId>, Error> {
        let operand = |&x: &NodeId| self.operand(x).map(|(handle, value)| (Some(handle), value));
        let (first, values) = self.call_external(&f, x.iter().map(operand))?;
        Ok((first.index()..).zip(values).map(|(position, _)| self.generations.key(position)).collect())
    }

    /// Records a call of the statement `f` with the inputs `x`, as one node. Computes the value and the partial derivatives
    /// at once.
    ///
    /// Free constants among the inputs become nodes. Comparisons inside the function are decided anew wherever it runs, so
    /// they leave no guards; where it is recorded, in a program or for derivatives as nodes, they do.
    ///
    /// Derivatives are those of the function recorded op by op, to rounding: the partials are computed first, and multiplied
    /// by the adjoint last.
    ///
    /// ```
    /// use wengert::{Graph, Real, Scalar, Statement, function};
    ///
    /// let upwind = Statement::new("upwind", 2, function!(|u| u[0] - u[0] * (u[0] - u[1]) * 0.1));
    /// let mut g = Graph::new();
    /// let u = g.leaves(&[1.0, 2.0]);
    /// let next = g.call(&upwind, &g.exprs(&u)).id();
    /// assert_eq!((g.value(next), g.gradient(next, &u)), (1.1, vec![1.0, 0.1]));
    ///
    /// // It runs again at other values.
    /// g.set(u[0], 2.0);
    /// g.forward()?;
    /// assert_eq!(g.value(next), 2.0);
    /// # Ok::<(), wengert::Error>(())
    /// ```
    ///
    /// # Panics
    /// With the text of the error that [`Graph::try_call`] returns, and as that panics.
    #[inline]
    #[track_caller]
    pub fn call<'g, F: Function + Send + Sync + 'static>(&'g self, f: &Statement<F>, x: &[Expr<'g>]) -> Expr<'g> {
        // Handle and value stay in registers: a result that is stored in pieces is slow to load.
        let (handle, value) = match self.call_with_nodes(f, x) {
            Ok(Some(called)) => called,
            _ => self.call_otherwise(f, x),
        };
        Expr::of(self, handle, value)
    }

    /// As [`Graph::call`], where [`Graph::call_with_nodes`] did nothing.
    #[cold]
    #[inline(never)]
    #[track_caller]
    fn call_otherwise<'g, F: Function + Send + Sync + 'static>(
        &'g self,
        f: &Statement<F>,
        x: &[Expr<'g>],
    ) -> (Handle, f64) {
        let y = expect(self.try_call(f, x));
        (y.known_handle(), y.value())
    }

    /// As [`Graph::call`].
    ///
    /// # Errors
    /// [`Error::External`] on a wrong number of inputs, [`Error::MixedGraphs`], [`Error::Full`], [`Error::OutOfMemory`].
    /// The graph is as before.
    ///
    /// # Panics
    /// Where the function of the statement panics, as at a call of an [`External`] that fails: over numbers, a function has
    /// no error to return. The graph is as before. [`Graph::forward`] panics there too, and leaves values stale. Record a
    /// function that can fail with [`Graph::external`].
    #[inline]
    pub fn try_call<'g, F: Function + Send + Sync + 'static>(
        &'g self,
        f: &Statement<F>,
        x: &[Expr<'g>],
    ) -> Result<Expr<'g>, Error> {
        match self.call_with_nodes(f, x)? {
            Some((handle, value)) => Ok(Expr::of(self, handle, value)),
            None => self.call_with_constants(f, x),
        }
    }

    /// As [`Graph::try_call`]. `None` if not all inputs are nodes of this graph, and then nothing is done.
    #[inline(always)]
    fn call_with_nodes<'g, F: Function + Send + Sync + 'static>(
        &'g self,
        f: &Statement<F>,
        x: &[Expr<'g>],
    ) -> Result<Option<(Handle, f64)>, Error> {
        f.takes(x.len())?;
        self.call_statement(f, x.len(), |k| (x[k].known_handle(), x[k].is_of(self)), |k| x[k].value())
    }

    /// As [`Graph::try_call`], with inputs that are not all nodes of this graph.
    #[cold]
    #[inline(never)]
    fn call_with_constants<'g, F: Function + Send + Sync + 'static>(
        &'g self,
        f: &Statement<F>,
        x: &[Expr<'g>],
    ) -> Result<Expr<'g>, Error> {
        if x.iter().filter_map(|x| x.graph()).any(|graph| !core::ptr::eq(graph, self)) {
            return Err(Error::MixedGraphs);
        }
        let before = Undo { tape: &self.tape, before: Some(self.tape.extent()) };
        let mut handles: SmallVec<[Handle; 16]> = SmallVec::new();
        handles.try_reserve(x.len()).map_err(|_| Error::OutOfMemory { nodes: x.len() })?;
        for x in x {
            handles.push(match x.handle() {
                Some(handle) => handle,
                None => self.tape.try_constant(x.value())?,
            });
        }
        let called = self.call_statement(f, x.len(), |k| (handles[k], true), |k| x[k].value())?;
        before.keep();
        let (handle, value) = called.expect("all inputs are nodes");
        Ok(Expr::of(self, handle, value))
    }

    /// As [`Graph::call`], by key.
    ///
    /// ```
    /// use wengert::{Formula, Graph, Statement};
    ///
    /// let product = Statement::new("product", 2, Formula::input(0) * Formula::input(1));
    /// let g = Graph::new();
    /// let x = g.leaves(&[2.0, 3.0]);
    /// let y = g.call_node(&product, &x);
    /// assert_eq!(g.gradient(y, &x), [3.0, 2.0]);
    /// ```
    ///
    /// # Panics
    /// With the text of the error that [`Graph::try_call_node`] returns, and as that panics.
    #[inline]
    #[track_caller]
    pub fn call_node<F: Function + Send + Sync + 'static>(&self, f: &Statement<F>, x: &[NodeId]) -> NodeId {
        expect(self.try_call_node(f, x))
    }

    /// As [`Graph::call_node`].
    ///
    /// # Errors
    /// As [`Graph::try_call`], and [`Error::NotInGraph`], [`Error::StaleValue`].
    ///
    /// # Panics
    /// As [`Graph::try_call`].
    #[inline]
    pub fn try_call_node<F: Function + Send + Sync + 'static>(
        &self,
        f: &Statement<F>,
        x: &[NodeId],
    ) -> Result<NodeId, Error> {
        f.takes(x.len())?;
        let input = |k: usize| match self.operand(x[k]) {
            Ok((handle, _)) => (handle, true),
            Err(_) => (Handle::NONE, false),
        };
        let value = |k: usize| self.operand(x[k]).map_or(0.0, |(_, value)| value);
        match self.call_statement(f, x.len(), input, value)? {
            Some((handle, _)) => Ok(self.generations.key(handle.index())),
            None => Err(x.iter().find_map(|&x| self.operand(x).err()).expect("an input was refused")),
        }
    }

    /// Computes and appends a call of a statement of `n` inputs. `input` gives the handle of an input, and whether it is a
    /// node of this graph; `value` its value, anything if it is not. `None` if one is not, and then nothing is done.
    #[inline(always)]
    fn call_statement<F: Function + Send + Sync + 'static>(
        &self,
        f: &Statement<F>,
        n: usize,
        input: impl Fn(usize) -> (Handle, bool),
        value: impl Fn(usize) -> f64,
    ) -> Result<Option<(Handle, f64)>, Error> {
        let buffer = &mut *self.operands.borrow_mut();
        if buffer.len() < 2 * n {
            fit(buffer, 2 * n, 0.0)?;
        }
        let (x, partials) = buffer[..2 * n].split_at_mut(n);
        let statement = self.tape.statement(f.external(), f.address(), n)?;
        // The values of few inputs are written last: if no store between may be to the same place, the compiler keeps them
        // in registers.
        let few = n <= FEW;
        // Without a way out of the loop, which would keep the compiler from unrolling it.
        let (mut wants, mut all_given) = (false, true);
        for (k, (x, cell)) in x.iter_mut().zip(statement.inputs).enumerate() {
            let (handle, is_given) = input(k);
            if !few {
                *x = value(k);
            }
            cell.set(handle.index());
            wants |= handle.wants();
            all_given &= is_given;
        }
        if !all_given {
            return Ok(None);
        }
        partials.fill(0.0);
        if few {
            x.iter_mut().enumerate().for_each(|(k, x)| *x = value(k));
        }
        let value = f.function().value_and_gradient(x, partials);
        Ok(Some((statement.push(wants, value, partials), value)))
    }

    /// Which output of which function the entry at a position is. `None` for all ops but [`Op::External`].
    pub(super) fn external_at(&self, position: u32) -> Option<ExternalOutput> {
        let entry = self.tape.entry(position);
        if entry.op() != Op::External {
            return None;
        }
        let call = self.tape.view().call(entry);
        Some(ExternalOutput {
            function: self.tape.functions.get(call.function),
            first: self.generations.key(call.first),
            output: (position - call.first) as usize,
        })
    }

    /// Computes and appends a call. Returns the handle of the first output, and the values of all.
    fn call_external(
        &self,
        f: &Arc<dyn External>,
        x: impl ExactSizeIterator<Item = Result<(Option<Handle>, f64), Error>>,
    ) -> Result<(Handle, SmallVec<[f64; 8]>), Error> {
        let (n, m) = (x.len(), checked::outputs_of(&**f, x.len())?);
        let (mut handles, mut values) = (SmallVec::<[Option<Handle>; 8]>::new(), SmallVec::<[f64; 8]>::new());
        let refused = |_| Error::OutOfMemory { nodes: n + m };
        handles.try_reserve(n).map_err(refused)?;
        values.try_reserve(n + m).map_err(refused)?;
        for input in x {
            let (handle, value) = input?;
            handles.push(handle);
            values.push(value);
        }
        values.resize(n + m, 0.0);
        let (given, computed) = values.split_at_mut(n);
        checked::value(&**f, given, computed)?;
        let first = self.push_call(f, &handles, given, computed)?;
        values.drain(..n);
        Ok((first, values))
    }

    /// Appends a call with these inputs and outputs; an input without a handle becomes a constant. Nothing is recorded
    /// if not all of it fits.
    fn push_call(
        &self,
        f: &Arc<dyn External>,
        handles: &[Option<Handle>],
        x: &[f64],
        y: &[f64],
    ) -> Result<Handle, Error> {
        let before = self.tape.extent();
        let mut inputs: SmallVec<[Handle; 8]> = SmallVec::new();
        let pushed = handles.iter().zip(x).try_for_each(|(handle, &value)| {
            inputs.push(match handle {
                Some(handle) => *handle,
                None => self.tape.try_constant(value)?,
            });
            Ok(())
        });
        let pushed = pushed.and_then(|()| self.tape.push_call(f, inputs.iter().copied(), y));
        if pushed.is_err() {
            self.tape.undo(before);
        }
        pushed
    }

    /// Copies the call whose first output is at `first` to another graph, where its inputs are at `copies`. Does not
    /// call the function.
    pub(crate) fn copy_call(&self, first: u32, graph: &Graph, copies: &[NodeId]) -> Result<NodeId, Error> {
        let view = self.tape.view();
        let call = view.call(self.tape.entry(first));
        let values: SmallVec<[f64; 8]> =
            (first..first + call.outputs).map(|k| Entry::from(view.entries[k as usize].get()).value).collect();
        let inputs = call.inputs.iter().map(|x| graph.operand(copies[x.get() as usize]).map(|operand| operand.0));
        let inputs: SmallVec<[Handle; 8]> = inputs.collect::<Result<_, Error>>()?;
        let f = self.tape.functions.get(call.function);
        let copy = match call.partials(&self.tape) {
            None => graph.tape.push_call(&f, inputs.iter().copied(), &values),
            Some(partials) => {
                let partials: SmallVec<[f64; 8]> = partials.iter().map(|partial| partial.get()).collect();
                let address = Arc::as_ptr(&f).cast::<()>() as usize;
                graph.tape.statement(&f, address, inputs.len()).map(|statement| {
                    statement.inputs.iter().zip(&inputs).for_each(|(cell, input)| cell.set(input.index()));
                    statement.push(inputs.iter().any(|input| input.wants()), values[0], &partials)
                })
            }
        };
        Ok(graph.generations.key(copy?.index()))
    }
}

/// Drops what was appended to a tape, unless it is kept: after an error or a panic.
struct Undo<'t> {
    tape: &'t Tape,
    before: Option<Extent>,
}

impl Undo<'_> {
    fn keep(mut self) {
        self.before = None;
    }
}

impl Drop for Undo<'_> {
    fn drop(&mut self) {
        if let Some(before) = self.before {
            self.tape.undo(before);
        }
    }
}
