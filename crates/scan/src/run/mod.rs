//! Running a loop: blocks forward and back, as a schedule says.
//!
//! A state of several lanes (first states) has its first number for every lane, then its second, and so on.

mod resume;

use wengert_program::Program;

use crate::ends::Ends;
use crate::error::Error;
use crate::scan::{Gradient, Work};
use crate::schedule::{Action, Schedule};
use crate::unroll::{Loop, Losses, Widths};
use crate::watch::{Progress, Watch};
use crate::workspace::{Call, Memory, clear, lengthen};

/// One run of a loop.
pub(crate) struct Run<'a, 'e> {
    programs: &'a Loop,
    added: Losses,
    ends: Ends<'e>,
    /// The step, to check its comparisons if `programs` does not check them.
    checks: Option<&'a Program>,
    memory: &'a mut Memory,
    lanes: usize,
    /// How many blocks ran forward at least once.
    frontier: usize,
    /// How many blocks are still to be swept; `usize::MAX` before the first sweep.
    left: usize,
    /// How many steps the loop has, once its end was reached.
    steps: Option<usize>,
    work: Work,
}

/// Where a run is in its schedule.
#[derive(Debug, Default)]
struct Position {
    /// How many actions were begun.
    actions: u64,
    /// The number of actions begun when the end was reached.
    ended: Option<u64>,
    /// What is left of the action that was begun last.
    rest: Option<Action>,
}

impl Position {
    fn take(&mut self, schedule: &mut Schedule) -> Option<Action> {
        self.actions += 1;
        schedule.next()
    }
}

/// The places of the numbers that go into a program.
struct Places {
    params: usize,
    inputs: usize,
    adjoint: usize,
    seed: usize,
}

impl<'a, 'e> Run<'a, 'e> {
    pub(crate) fn new(programs: &'a Loop, added: Losses, ends: Ends<'e>, memory: &'a mut Memory) -> Run<'a, 'e> {
        Run {
            programs,
            added,
            ends,
            checks: None,
            memory,
            lanes: 1,
            frontier: 0,
            left: usize::MAX,
            steps: None,
            work: Work::default(),
        }
    }

    /// Runs this step before each step, to check its comparisons. Used with tangents, where blocks have one step.
    pub(crate) fn checking(self, step: &'a Program) -> Run<'a, 'e> {
        Run { checks: Some(step), ..self }
    }

    fn widths(&self) -> Widths {
        self.programs.widths
    }

    /// How many numbers a state of all lanes has.
    fn room(&self) -> usize {
        self.widths().state * self.lanes
    }

    fn places(&self, steps: usize) -> Places {
        let widths = self.widths();
        let params = self.room();
        let inputs = params + widths.params;
        let adjoint = inputs + steps * widths.inputs;
        Places { params, inputs, adjoint, seed: adjoint + self.room() }
    }

    /// Takes the first states and the parameters, and makes room.
    pub(crate) fn start(&mut self, states: &[&[f64]], params: &[f64]) -> Result<(), Error> {
        self.lanes = states.len();
        let (widths, room, lanes) = (self.widths(), self.room(), self.lanes);
        let of_pairs = [self.programs.one.steps, self.programs.block.steps];
        for (k, steps) in of_pairs.into_iter().enumerate() {
            let places = self.places(steps);
            let memory = &mut *self.memory;
            clear(&mut memory.advance[k].x, places.adjoint)?;
            clear(&mut memory.advance[k].out, room + widths.losses * lanes)?;
            clear(&mut memory.reverse[k].x, places.seed + widths.losses)?;
            clear(&mut memory.reverse[k].out, room + (widths.params + steps * widths.inputs) * lanes)?;
            for call in [&mut memory.advance[k], &mut memory.reverse[k]] {
                call.x[places.params..places.inputs].copy_from_slice(params);
            }
        }
        let memory = &mut *self.memory;
        for list in [&mut memory.state, &mut memory.next, &mut memory.end, &mut memory.adjoint] {
            clear(list, room)?;
        }
        for (lane, state) in states.iter().enumerate() {
            for (k, &number) in state.iter().enumerate() {
                memory.state[k * lanes + lane] = number;
            }
        }
        clear(&mut memory.losses, widths.losses * lanes)?;
        clear(&mut memory.part, widths.losses * lanes)?;
        clear(&mut memory.params, widths.params * lanes)?;
        clear(&mut memory.inputs, 0)?;
        Ok(())
    }

    /// Runs to the end, and keeps no state. Saves nothing.
    pub(crate) fn forward(&mut self, watch: &mut Watch) -> Result<(), Error> {
        while !self.advance_first(self.frontier)? {
            self.step_on();
            watch.ask(self.progress())?;
        }
        Ok(())
    }

    /// Runs forward and back, as a schedule says. Goes on from the file of the watch, if there is one.
    ///
    /// `key` is different for calls that need different files.
    pub(crate) fn follow(&mut self, mut schedule: Schedule, watch: &mut Watch, key: &[u8]) -> Result<(), Error> {
        let mut at = Position::default();
        if watch.file.is_some() {
            self.ends.keep_checksum();
        }
        if let Some(saved) = watch.saved(key)? {
            at = self.resume(saved, &mut schedule)?.ok_or_else(|| watch.other_run())?;
        }
        while let Some(action) = at.rest.take().or_else(|| at.take(&mut schedule)) {
            match action {
                Action::Snapshot { slot, .. } => self.snapshot(slot)?,
                Action::Restore { slot, .. } => {
                    let room = self.room();
                    self.memory.state.copy_from_slice(&self.memory.kept[slot * room..][..room]);
                }
                Action::Advance { from, to } => {
                    for block in from..to {
                        if block < self.frontier {
                            self.advance_again(block)?;
                        } else if self.advance_first(block)? {
                            schedule.end();
                            at.ended = Some(at.actions);
                            break;
                        }
                        self.step_on();
                        at.rest = (block + 1 < to).then_some(Action::Advance { from: block + 1, to });
                        watch.look(self.progress(), || self.saved(&at).to_bytes(key))?;
                    }
                    at.rest = None;
                }
                Action::Reverse { block } => {
                    if block == self.frontier {
                        self.advance_first(block)?;
                    }
                    self.reverse(block)?;
                    self.left = block;
                    watch.look(self.progress(), || self.saved(&at).to_bytes(key))?;
                }
            }
        }
        watch.done()
    }

    fn snapshot(&mut self, slot: usize) -> Result<(), Error> {
        let room = self.room();
        lengthen(&mut self.memory.kept, (slot + 1) * room)?;
        self.memory.kept[slot * room..][..room].copy_from_slice(&self.memory.state);
        self.work.states = self.work.states.max(slot + 1);
        Ok(())
    }

    fn progress(&self) -> Progress {
        let width = self.programs.block.steps;
        let steps = self.steps.or(self.ends.steps());
        let most = |blocks: usize| steps.map_or(blocks * width, |steps| steps.min(blocks * width));
        let back = match self.steps {
            Some(steps) if self.left < self.frontier => steps - most(self.left),
            _ => 0,
        };
        Progress { forward: most(self.frontier), back, steps }
    }

    /// Makes the state after the block that ran last the current one.
    fn step_on(&mut self) {
        std::mem::swap(&mut self.memory.state, &mut self.memory.next);
    }

    /// Runs a block for the first time, adds its losses, and returns whether the loop ends with it.
    fn advance_first(&mut self, block: usize) -> Result<bool, Error> {
        let width = self.programs.block.steps;
        let start = block * width;
        let most = self.ends.steps().map_or(width, |steps| width.min(steps - start));
        let count = self.ends.steps_from(start, most)?;
        if let Some(program) = self.checks {
            self.check(program, start)?;
        }
        let (mut after, mut is_last) = (start + count, false);
        if count == width && !self.ends.has_condition() {
            self.advance_block(start)?;
        } else {
            let is_traced = count == width && self.trace_block(start)?;
            self.memory.next.copy_from_slice(&self.memory.state);
            for k in 0..count {
                if !is_traced {
                    self.advance_one(start + k)?;
                }
                let memory = &mut *self.memory;
                let results = match is_traced {
                    true => &memory.trace.out[k * (memory.next.len() + memory.part.len())..],
                    false => &memory.advance[0].out[..],
                };
                let (next, losses) = results.split_at(memory.next.len());
                memory.next.copy_from_slice(next);
                let is_sum = k > 0 && self.added == Losses::Every;
                for (part, loss) in memory.part.iter_mut().zip(losses) {
                    *part = if is_sum { *part + loss } else { *loss };
                }
                if self.ends.is_met(start + k + 1, &memory.next) {
                    (after, is_last) = (start + k + 1, true);
                    break;
                }
            }
        }
        for (loss, part) in self.memory.losses.iter_mut().zip(&self.memory.part) {
            *loss = if self.added == Losses::Every { *loss + part } else { *part };
        }
        self.frontier = block + 1;
        is_last |= match self.ends.steps() {
            Some(steps) => steps == after,
            None => !self.ends.has(after)?,
        };
        if is_last {
            self.ends.check_tangents(after)?;
            self.steps = Some(after);
            self.work.blocks = block + 1;
            self.memory.end.copy_from_slice(&self.memory.next);
            if !self.ends.is_frozen() {
                let numbers = after.saturating_mul(self.widths().inputs * self.lanes);
                clear(&mut self.memory.inputs, numbers)?;
            }
        }
        Ok(is_last)
    }

    /// Runs the step itself from the current state, to check its comparisons.
    fn check(&mut self, program: &Program, step: usize) -> Result<(), Error> {
        let widths = self.widths();
        let memory = &mut *self.memory;
        let call = &mut memory.checks;
        clear(&mut call.out, program.output_count())?;
        clear(&mut call.x, program.input_count())?;
        let (state, rest) = call.x.split_at_mut(widths.state / 2);
        let (params, inputs) = rest.split_at_mut(widths.params / 2);
        state.copy_from_slice(&memory.state[..state.len()]);
        params.copy_from_slice(&memory.advance[1].x[widths.state..][..params.len()]);
        if !inputs.is_empty() {
            self.ends.write_inputs(step, inputs);
        }
        program.eval(&call.x, &mut call.out, &mut call.workspace).map_err(at_step(step))
    }

    fn advance_again(&mut self, block: usize) -> Result<(), Error> {
        self.work.again += 1;
        self.advance_block(block * self.programs.block.steps)
    }

    /// Runs a whole block from the current state.
    fn advance_block(&mut self, start: usize) -> Result<(), Error> {
        let steps = self.programs.block.steps;
        let places = self.places(steps);
        let memory = &mut *self.memory;
        let call = &mut memory.advance[1];
        call.x[..places.params].copy_from_slice(&memory.state);
        self.ends.write(start, steps, &mut call.x[places.inputs..]);
        eval(&self.programs.block.advance, call, self.programs.widths, steps, self.lanes).map_err(at_step(start))?;
        let (next, losses) = call.out.split_at(places.params);
        memory.next.copy_from_slice(next);
        memory.part.copy_from_slice(losses);
        Ok(())
    }

    /// Runs a whole block from the current state, and keeps the state and loss after each step, if there is a program for
    /// that.
    fn trace_block(&mut self, start: usize) -> Result<bool, Error> {
        let Some(program) = &self.programs.trace else { return Ok(false) };
        let steps = self.programs.block.steps;
        let places = self.places(steps);
        let memory = &mut *self.memory;
        let call = &mut memory.trace;
        if call.x.len() != places.adjoint || call.out.len() != program.output_count() {
            clear(&mut call.x, places.adjoint)?;
            clear(&mut call.out, program.output_count())?;
        }
        call.x[..places.params].copy_from_slice(&memory.state);
        let params = &memory.advance[1].x[places.params..places.inputs];
        call.x[places.params..places.inputs].copy_from_slice(params);
        self.ends.write(start, steps, &mut call.x[places.inputs..]);
        eval(program, call, self.programs.widths, steps, self.lanes).map_err(at_step(start))?;
        Ok(true)
    }

    /// Runs one step from the next state.
    fn advance_one(&mut self, step: usize) -> Result<(), Error> {
        let places = self.places(1);
        let memory = &mut *self.memory;
        let call = &mut memory.advance[0];
        call.x[..places.params].copy_from_slice(&memory.next);
        self.ends.write(step, 1, &mut call.x[places.inputs..]);
        eval(&self.programs.one.advance, call, self.programs.widths, 1, self.lanes).map_err(at_step(step))?;
        memory.next.copy_from_slice(&call.out[..places.params]);
        Ok(())
    }

    /// Sweeps back over a block from the current state.
    fn reverse(&mut self, block: usize) -> Result<(), Error> {
        let width = self.programs.block.steps;
        let start = block * width;
        let steps = self.steps();
        if start + width <= steps {
            let is_seeded = self.added == Losses::Every || start + width == steps;
            return self.reverse_steps(start, width, is_seeded);
        }
        let (room, count) = (self.room(), steps - start);
        clear(&mut self.memory.within, count * room)?;
        self.memory.next.copy_from_slice(&self.memory.state);
        for k in 0..count {
            self.memory.within[k * room..][..room].copy_from_slice(&self.memory.next);
            if k + 1 < count {
                self.advance_one(start + k)?;
            }
        }
        for k in (0..count).rev() {
            self.memory.state.copy_from_slice(&self.memory.within[k * room..][..room]);
            self.reverse_steps(start + k, 1, self.added == Losses::Every || k + 1 == count)?;
        }
        Ok(())
    }

    /// Sweeps back over one step or a whole block.
    fn reverse_steps(&mut self, start: usize, steps: usize, is_seeded: bool) -> Result<(), Error> {
        let places = self.places(steps);
        let widths = self.widths();
        let (program, call) = match steps == self.programs.block.steps {
            true => (&self.programs.block.reverse, &mut self.memory.reverse[1]),
            false => (&self.programs.one.reverse, &mut self.memory.reverse[0]),
        };
        call.x[..places.params].copy_from_slice(&self.memory.state);
        self.ends.write(start, steps, &mut call.x[places.inputs..places.adjoint]);
        call.x[places.adjoint..places.seed].copy_from_slice(&self.memory.adjoint);
        // Its tangent, if there is one, stays 0.
        call.x[places.seed] = f64::from(u8::from(is_seeded));
        eval(program, call, widths, steps, self.lanes).map_err(at_step(start))?;
        let (adjoint, rest) = call.out.split_at(places.params);
        let (params, inputs) = rest.split_at(widths.params * self.lanes);
        self.memory.adjoint.copy_from_slice(adjoint);
        for (sum, part) in self.memory.params.iter_mut().zip(params) {
            *sum += part;
        }
        if !self.ends.is_frozen() {
            self.memory.inputs[start * widths.inputs * self.lanes..][..inputs.len()].copy_from_slice(inputs);
        }
        Ok(())
    }

    /// The losses, with their tangents if there are any, of the first lane first.
    pub(crate) fn losses(&self) -> &[f64] {
        &self.memory.losses
    }

    /// The state after the last step.
    pub(crate) fn end(&self) -> &[f64] {
        &self.memory.end
    }

    /// How many steps the loop had.
    pub(crate) fn steps(&self) -> usize {
        self.steps.expect("the end was reached")
    }

    /// The derivatives with respect to the first state, the parameters, and the inputs of each step.
    pub(crate) fn slopes(&self) -> [&[f64]; 3] {
        [&self.memory.adjoint, &self.memory.params, &self.memory.inputs]
    }

    /// What it cost.
    pub(crate) fn work(&self) -> Work {
        self.work
    }

    /// The results of a lane.
    pub(crate) fn gradient(&self, lane: usize) -> Gradient {
        let of_lane = |list: &[f64]| list.iter().copied().skip(lane).step_by(self.lanes).collect::<Vec<f64>>();
        let memory = &*self.memory;
        Gradient {
            value: memory.losses[lane],
            state: of_lane(&memory.adjoint),
            params: of_lane(&memory.params),
            inputs: of_lane(&memory.inputs),
            end: of_lane(&memory.end),
            steps: self.steps(),
            work: self.work,
        }
    }
}

/// Names the step at which a program failed.
fn at_step(step: usize) -> impl FnOnce(wengert_program::Error) -> Error {
    move |source| match source {
        wengert_program::Error::GuardFlipped { .. } | wengert_program::Error::External { .. } => {
            Error::Step { step, source }
        }
        source => source.into(),
    }
}

/// Runs a program at the numbers of `call`.
fn eval(
    program: &Program,
    call: &mut Call,
    widths: Widths,
    steps: usize,
    lanes: usize,
) -> Result<(), wengert_program::Error> {
    if lanes == 1 {
        return program.eval(&call.x, &mut call.out, &mut call.workspace);
    }
    // State, parameters and inputs, then the adjoint and its seeds.
    let shared = widths.params + steps * widths.inputs;
    let sorts = [(widths.state, lanes), (shared, 1), (widths.state, lanes), (widths.losses, 1)];
    let mut columns = Vec::with_capacity(program.input_count());
    let mut rest = &call.x[..];
    for (count, length) in sorts {
        for _ in 0..count {
            if let Some((column, after)) = rest.split_at_checked(length)
                && !column.is_empty()
            {
                columns.push(column);
                rest = after;
            }
        }
    }
    let mut outputs: Vec<&mut [f64]> = call.out.chunks_mut(lanes).collect();
    program.eval_batch(lanes, &columns, &mut outputs, &mut call.workspace)
}
