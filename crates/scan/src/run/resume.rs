//! What is saved of a run, and how it goes on from there.

use super::{Position, Run};
use crate::error::Error;
use crate::scan::Work;
use crate::schedule::{Action, Schedule};
use crate::watch::Saved;

impl Run<'_, '_> {
    pub(super) fn saved(&self, at: &Position) -> Saved<'_> {
        let memory = &*self.memory;
        let rest = match at.rest {
            Some(Action::Advance { from, to }) => Some((from, to)),
            _ => None,
        };
        Saved {
            actions: at.actions,
            ended: at.ended,
            rest,
            frontier: self.frontier,
            left: self.left,
            steps: self.steps,
            read: self.ends.checksum(),
            work: [self.work.blocks, self.work.again, self.work.states],
            state: (&memory.state).into(),
            kept: memory.kept[..self.work.states * self.room()].into(),
            end: (&memory.end).into(),
            losses: (&memory.losses).into(),
            adjoint: (&memory.adjoint).into(),
            params: (&memory.params).into(),
            inputs: (&memory.inputs).into(),
        }
    }

    /// Takes what was saved, and brings the schedule to where it was. None if it was saved by a run with other inputs.
    pub(super) fn resume(&mut self, saved: Saved<'_>, schedule: &mut Schedule) -> Result<Option<Position>, Error> {
        let (read, sum) = saved.read;
        if !self.ends.have_checksum(read, sum)? {
            return Ok(None);
        }
        // The saved run ended where its inputs did, so these must end there too.
        if let Some(steps) = saved.steps
            && self.ends.steps().is_none()
            && !self.ends.has_condition()
            && self.ends.has(steps)?
        {
            return Ok(None);
        }
        for action in 1..=saved.actions {
            schedule.next();
            if saved.ended == Some(action) {
                schedule.end();
            }
        }
        self.frontier = saved.frontier;
        self.left = saved.left;
        self.steps = saved.steps;
        let [blocks, again, states] = saved.work;
        self.work = Work { blocks, again, states };
        let memory = &mut *self.memory;
        memory.state = saved.state.into_owned();
        memory.kept = saved.kept.into_owned();
        memory.end = saved.end.into_owned();
        memory.losses = saved.losses.into_owned();
        memory.adjoint = saved.adjoint.into_owned();
        memory.params = saved.params.into_owned();
        memory.inputs = saved.inputs.into_owned();
        let rest = saved.rest.map(|(from, to)| Action::Advance { from, to });
        Ok(Some(Position { actions: saved.actions, ended: saved.ended, rest }))
    }
}
