//! What the interpreter relies on in a layout. It is checked in every build, before anything runs.

use wengert::room::zeroed;
use wengert::{Imm, Op};

use super::{Layout, Step};
use crate::error::Error;
use crate::ir::{Role, operand_count};
use crate::lanes::Unary;
use crate::opcode::{Opcode, Reads};
use crate::options::Spread;

impl Layout {
    /// Checks what the unsafe code of the interpreter and the workspace relies on, for a program with
    /// this many checks:
    ///
    /// - every place of a step, used or not, is below `inputs + cells + slots`, which fits in 32
    ///   bits; an operand is marked as a cell exactly where it is one;
    /// - in the body, operands are columns where the opcode needs columns (see [`Reads`]), and none is a
    ///   uniform input; in the prologue, operands are cells;
    /// - what a step reads is an input, a constant, or the result of an earlier step;
    /// - results of the prologue go to cells, never over a constant or an input; results of the body
    ///   go to slots; only the body writes outputs, each as its spread says;
    /// - `aux` is a valid index; the hot bit is that of the opcode;
    /// - a call of a user's function reads places that were written, and writes where a step may; its outputs are read
    ///   after it.
    ///
    /// # Errors
    /// [`Error::Unsound`], [`Error::OutOfMemory`].
    pub(crate) fn check(&self, checks: usize) -> Result<(), Error> {
        let fail = |what: &str| Err(Error::Unsound { what: what.into() });
        let [inputs, cells, slots] = [self.inputs, self.cells, self.slots].map(|count| count as usize);
        if inputs + cells + slots > u32::MAX as usize {
            return fail("there are too many places for 32 bits");
        }
        // Marks a number, and says whether it exists.
        let mark = |marks: &mut [bool], k: u32| marks.get_mut(k as usize).map(|mark| *mark = true).is_some();
        let mut varies = zeroed::<bool>(inputs)?;
        if !self.per_point_inputs.iter().all(|&k| mark(&mut varies, k)) {
            return fail("a per-point input does not exist");
        }
        if self.streams.iter().any(|&k| k as usize >= inputs) {
            return fail("an input that is fetched does not exist");
        }
        // Whether each cell is set before the prologue runs.
        let mut set = zeroed::<bool>(cells)?;
        if !self.constants.iter().all(|&(cell, _)| mark(&mut set, cell)) {
            return fail("the cell of a constant does not exist");
        }
        if self.uniform_inputs.iter().any(|&(_, k)| varies.get(k as usize) != Some(&false)) {
            return fail("the input in a cell is not uniform");
        }
        if !self.uniform_inputs.iter().all(|&(cell, _)| mark(&mut set, cell)) {
            return fail("the cell of an input does not exist");
        }
        if self.outlets.iter().any(|&(spread, k)| spread == Spread::Uniform && k >= self.sums) {
            return fail("an output is a sum that does not exist");
        }
        let mut written = zeroed::<bool>(inputs + cells + slots)?;
        written[inputs..inputs + cells].copy_from_slice(&set);
        let mut walk = Walk {
            layout: self,
            checks,
            set,
            written,
            inputs: self.inputs,
            slots_from: self.inputs + self.cells,
            body: false,
        };
        walk.steps(&self.prologue)?;
        // The body reads the caller's memory too.
        walk.written[..inputs].copy_from_slice(&varies);
        walk.body = true;
        walk.steps(&self.body)
    }
}

/// The state of a walk over the steps.
struct Walk<'a> {
    layout: &'a Layout,
    checks: usize,
    /// Whether each cell is set before the prologue runs.
    set: Vec<bool>,
    /// Whether each place may be read.
    written: Vec<bool>,
    /// The places of the first cell and the first slot.
    inputs: u32,
    slots_from: u32,
    /// Whether the walk is in the body.
    body: bool,
}

impl Walk<'_> {
    fn steps(&mut self, steps: &[Step]) -> Result<(), Error> {
        for (at, step) in steps.iter().enumerate() {
            if let Err(what) = self.step(step) {
                let part = if self.body { "body" } else { "prologue" };
                let what = format!("step {at} of the {part}, {:?}, {what}", step.opcode);
                return Err(Error::Unsound { what });
            }
        }
        Ok(())
    }

    fn step(&mut self, step: &Step) -> Result<(), &'static str> {
        let Step { opcode, cells, hot, out, a, b, c, aux } = *step;
        let operands = [a, b, c];
        if hot != opcode.hot_bit() {
            return Err("has the hot bit of another opcode");
        }
        if a.max(b).max(c).max(out) as usize >= self.written.len() {
            return Err("names a place that does not exist");
        }
        let (mut count, columns) = match opcode.reads() {
            Reads::Column => (1, cells & 1 == 0),
            Reads::OneOfTwo => (2, cells & 3 != 3),
            Reads::Second => (3, cells & 2 == 0),
            Reads::Any(count) => (count, true),
        };
        let mut is_place = true;
        let mut call = None;
        match opcode {
            Opcode::Scalar => {
                let &(op, imm) = self.layout.calls.get(aux as usize).ok_or("calls an op that does not exist")?;
                count = operand_count(op, imm).ok_or("calls an op that does not exist")?;
                call = (op == Op::External).then_some(imm);
            }
            Opcode::Kernel => in_range(aux, Unary::ALL.len())?,
            Opcode::Power => in_range(aux, self.layout.calls.len())?,
            Opcode::Check => {
                in_range(aux, self.checks)?;
                is_place = false;
            }
            Opcode::Store | Opcode::Sum | Opcode::SumMul | Opcode::SumGmul => {
                let spread = if opcode == Opcode::Store { Spread::PerPoint } else { Spread::Uniform };
                let outlet = self.layout.outlets.get(aux as usize).map(|&(spread, _)| spread);
                if !self.body || outlet != Some(spread) {
                    return Err("writes where it must not");
                }
                is_place = false;
            }
            _ => {}
        }
        if self.body && !columns {
            return Err("reads a cell where a column is needed");
        }
        for (k, &place) in operands.iter().enumerate().take(count) {
            let is_cell = (self.inputs..self.slots_from).contains(&place);
            if is_cell != (cells >> k & 1 == 1) {
                return Err("marks a cell as a column, or a column as a cell");
            }
            if !self.written[place as usize] {
                return Err("reads a place that was not written");
            }
        }
        if let Some(imm) = call {
            self.external(out, imm)?;
        }
        if is_place {
            self.write(out)?;
        }
        Ok(())
    }

    /// Notes that a step writes its result to a place: in the body to a slot, in the prologue to a cell that is not set
    /// before it.
    fn write(&mut self, place: u32) -> Result<(), &'static str> {
        let may = match self.body {
            true => place >= self.slots_from,
            false => {
                let cell = place.checked_sub(self.inputs).and_then(|cell| self.set.get(cell as usize));
                cell == Some(&false)
            }
        };
        match self.written.get_mut(place as usize) {
            Some(written) if may => *written = true,
            _ => return Err("writes where it must not"),
        }
        Ok(())
    }

    /// Whether a place holds what a step computed.
    fn was_computed(&self, place: u32) -> Result<bool, &'static str> {
        let written = self.written.get(place as usize).ok_or("names a place that does not exist")?;
        Ok(*written && place >= self.inputs)
    }

    /// Checks a step of a call of a user's function, and notes where the call writes its outputs.
    fn external(&mut self, out: u32, imm: Imm) -> Result<(), &'static str> {
        let (site, role) = Role::of(imm);
        let site = self.layout.sites.get(site).ok_or("is of a call that does not exist")?;
        match role {
            Role::Input(k) if site.inputs.get(k as usize) == Some(&out) => Ok(()),
            Role::Input(_) => Err("writes an input of a call elsewhere"),
            Role::Call => {
                for &input in &site.inputs {
                    if !self.was_computed(input)? {
                        return Err("calls with an input that was not written");
                    }
                }
                for k in 0..site.outputs {
                    self.write(site.first.checked_add(k).ok_or("names a place that does not exist")?)?;
                }
                Ok(())
            }
            Role::Output(k) if k < site.outputs && self.was_computed(site.first.saturating_add(k))? => Ok(()),
            Role::Output(_) => Err("reads an output of a call that was not written"),
        }
    }
}

fn in_range(index: u32, count: usize) -> Result<(), &'static str> {
    if (index as usize) < count { Ok(()) } else { Err("has an index out of range") }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use wengert::{Expr, External, Graph, Scalar};

    use super::*;
    use crate::{Input, Options, Output, Program};

    /// A layout with many kinds of steps. The prologue has `sin(w)` and a check. The body has products
    /// with sums, a kernel, scalar functions, a power, a sum over points and a store.
    fn layout() -> Layout {
        let graph = Graph::new();
        let (w, x, y) = (graph.var(0.5), graph.var(0.7), graph.var(2.0));
        assert!(w < 1.0 && x < y);
        let f = x.tanh() * x.lgamma() + w.sin() * y.powf(-2.0) - (x * y + w) * y.hypot(w);
        let slope = graph.gradient_nodes(f.id(), &[x.id()])[0];
        let outputs = [Output::sum(f.id()), Output::per_point(slope)];
        let inputs = [Input::uniform(w.id()), x.id().into(), y.id().into()];
        let program = Program::compile(&graph, inputs, outputs, &Options::new()).expect("compiles");
        program.layout().clone()
    }

    /// The error of the layout after this change to the first step with this opcode.
    fn error(part: &str, opcode: Opcode, change: impl Fn(&mut Step, &Layout)) -> String {
        let mut layout = layout();
        let unchanged = layout.clone();
        let steps = if part == "body" { &mut layout.body } else { &mut layout.prologue };
        let step = steps.iter_mut().find(|step| step.opcode == opcode);
        change(step.unwrap_or_else(|| panic!("no {opcode:?} in the {part}")), &unchanged);
        match layout.check(2) {
            Err(Error::Unsound { what }) => what,
            other => panic!("{other:?}"),
        }
    }

    /// Makes operand `a` the first cell, and marks it as a cell.
    fn cell_at_a(step: &mut Step, layout: &Layout) {
        (step.a, step.cells) = (layout.inputs, step.cells | 1);
    }

    #[test]
    fn a_layout_of_this_crate_is_sound() {
        assert!(layout().check(2).is_ok());
    }

    #[test]
    fn a_cell_where_a_column_is_needed_is_refused() {
        assert!(error("body", Opcode::Kernel, cell_at_a).contains("reads a cell where a column is needed"));
        assert!(error("body", Opcode::Power, cell_at_a).contains("reads a cell where a column is needed"));
        let both = |step: &mut Step, layout: &Layout| {
            (step.a, step.b, step.cells) = (layout.inputs, layout.inputs, 3);
        };
        assert!(error("body", Opcode::Gmul, both).contains("reads a cell where a column is needed"));
        let second = |step: &mut Step, layout: &Layout| {
            (step.b, step.cells) = (layout.inputs, step.cells | 2);
        };
        assert!(error("body", Opcode::MulThenAdd, second).contains("reads a cell where a column is needed"));
    }

    #[test]
    fn an_operand_with_a_wrong_mark_is_refused() {
        let unmarked = |step: &mut Step, layout: &Layout| (step.a, step.cells) = (layout.inputs, 0);
        assert!(error("body", Opcode::Scalar, unmarked).contains("marks"));
        assert!(error("prologue", Opcode::Kernel, |step, _| step.cells = 0).contains("marks"));
    }

    #[test]
    fn places_and_numbers_out_of_range_are_refused() {
        let beyond = |layout: &Layout| layout.inputs + layout.cells + layout.slots;
        for k in 0..4 {
            let change = |step: &mut Step, layout: &Layout| {
                *[&mut step.a, &mut step.b, &mut step.c, &mut step.out][k] = beyond(layout);
            };
            assert!(error("body", Opcode::Kernel, change).contains("a place that does not exist"), "{k}");
        }
        for (opcode, what) in [
            (Opcode::Kernel, "out of range"),
            (Opcode::Power, "out of range"),
            (Opcode::Scalar, "an op that does not exist"),
            (Opcode::Check, "out of range"),
            (Opcode::Store, "writes where it must not"),
        ] {
            assert!(error("body", opcode, |step, _| step.aux = 1000).contains(what), "{opcode:?}");
        }
    }

    #[test]
    fn outputs_are_written_as_their_spread_says_and_by_the_body_alone() {
        let store_to_a_sum = |step: &mut Step, _: &Layout| step.aux = 0;
        assert!(error("body", Opcode::Store, store_to_a_sum).contains("writes where it must not"));
        let mut layout = layout();
        let mut store = layout.prologue[0];
        (store.opcode, store.aux, store.hot) = (Opcode::Store, 1, Opcode::Store.hot_bit());
        layout.prologue.push(store);
        assert!(layout.check(2).is_err());
    }

    #[test]
    fn results_go_to_slots_in_the_body_and_to_free_cells_in_the_prologue() {
        let to_an_input = |step: &mut Step, _: &Layout| step.out = 1;
        assert!(error("body", Opcode::Kernel, to_an_input).contains("writes where it must not"));
        let to_a_cell = |step: &mut Step, layout: &Layout| step.out = layout.inputs;
        assert!(error("body", Opcode::Kernel, to_a_cell).contains("writes where it must not"));
        let over_an_input = |step: &mut Step, layout: &Layout| step.out = layout.inputs + layout.uniform_inputs[0].0;
        assert!(error("prologue", Opcode::Kernel, over_an_input).contains("writes where it must not"));
    }

    #[test]
    fn a_place_that_was_not_written_is_not_read() {
        let from_a_slot = |step: &mut Step, layout: &Layout| {
            (step.a, step.cells) = (layout.inputs + layout.cells, 0);
        };
        assert!(error("prologue", Opcode::Kernel, from_a_slot).contains("reads a place that was not written"));
        let from_a_uniform_input = |step: &mut Step, _: &Layout| step.a = 0;
        assert!(error("body", Opcode::Kernel, from_a_uniform_input).contains("reads a place that was not written"));
        let mut layout = layout();
        layout.body.reverse();
        assert!(layout.check(2).is_err());
    }

    /// A layout that calls a user's function of two inputs and two outputs.
    fn calling() -> Layout {
        struct Swap;
        impl External for Swap {
            fn name(&self) -> &str {
                "swap"
            }
            fn shape(&self) -> (usize, usize) {
                (2, 2)
            }
            fn value(&self, x: &[f64], y: &mut [f64]) -> Result<(), String> {
                y.copy_from_slice(&[x[1], x[0]]);
                Ok(())
            }
            fn vjp(&self, _: &[f64], _: &[f64], ybar: &[f64], xbar: &mut [f64]) -> Result<(), String> {
                xbar.copy_from_slice(&[ybar[1], ybar[0]]);
                Ok(())
            }
        }
        let swap: Arc<dyn External> = Arc::new(Swap);
        let program = Program::from_fn(
            &[1.0, 2.0],
            |x| {
                let y = Expr::external(&swap, x);
                vec![y[0] - y[1]]
            },
            &Options::new(),
        );
        program.expect("compiles").layout().clone()
    }

    #[test]
    fn a_call_of_a_users_function_reads_and_writes_where_it_may() {
        assert!(calling().check(0).is_ok());
        let changes: [fn(&mut Layout); 9] = [
            // The call reads its own first output. It comes after the steps of its two inputs.
            |layout| (layout.body[2].a, layout.body[2].cells) = (layout.sites[0].first, 0),
            |layout| layout.sites[0].inputs[0] = layout.inputs + layout.cells + layout.slots,
            |layout| layout.sites[0].inputs[0] = layout.sites[0].first,
            |layout| layout.sites[0].inputs.push(0),
            |layout| layout.sites[0].inputs.truncate(1),
            |layout| layout.sites[0].first = u32::MAX,
            |layout| layout.sites[0].first = 0,
            |layout| layout.sites[0].outputs = 1,
            |layout| layout.sites.clear(),
        ];
        for (number, change) in changes.into_iter().enumerate() {
            let mut layout = calling();
            change(&mut layout);
            assert!(layout.check(0).is_err(), "change {number}");
        }
        let mut layout = calling();
        layout.body.reverse();
        assert!(layout.check(0).is_err());
    }

    #[test]
    fn what_is_set_before_a_call_has_a_place() {
        for change in [
            |layout: &mut Layout| layout.constants.push((layout.cells, 1.0)),
            |layout: &mut Layout| layout.uniform_inputs.push((layout.cells, 0)),
            |layout: &mut Layout| layout.uniform_inputs.push((0, 1)),
            |layout: &mut Layout| layout.uniform_inputs.push((0, layout.inputs)),
            |layout: &mut Layout| layout.per_point_inputs.push(layout.inputs),
            |layout: &mut Layout| layout.streams.push(layout.inputs),
            |layout: &mut Layout| layout.sums = 0,
            |layout: &mut Layout| layout.slots = u32::MAX,
        ] {
            let mut layout = layout();
            change(&mut layout);
            assert!(layout.check(2).is_err());
        }
    }
}
