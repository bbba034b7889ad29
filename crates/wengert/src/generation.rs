//! Generations: how a wrong key is told from a right one. Read [`crate::graph`] next.
//!
//! A graph takes a generation from one counter of the process when it is made, and a new one at
//! every reset and rewind. It keeps which stretch of the tape was recorded in which generation, so
//! a key (position and generation) is right just if its position lies in a stretch of its
//! generation. The newest stretch answers at once; older ones by a binary search.

use std::sync::atomic::{AtomicU32, Ordering};

use crate::error::Error;
use crate::node::NodeId;

/// Generations have 31 bits: slotmap's versions have 32 and are odd.
const BITS: u32 = 31;
const MASK: u32 = (1 << BITS) - 1;

static NEXT: AtomicU32 = AtomicU32::new(0);

/// How many generations a graph that is reset or rewound takes at a time: the counter is shared by
/// all threads, and to count it up costs as much as to record two nodes.
const BLOCK: u32 = 64;

/// The first of `count` generations that nobody else has.
fn take(count: u32) -> u32 {
    NEXT.fetch_add(count, Ordering::Relaxed)
}

/// A stretch of the tape, up to where the next one starts.
#[derive(Clone, Copy, Debug)]
struct Segment {
    start: u32,
    generation: u32,
}

/// Which stretch was recorded in which generation. Starts strictly increase.
#[derive(Debug)]
pub(crate) struct Generations {
    newest: Segment,
    older: Vec<Segment>,
    /// Generations that were taken and not used yet: the next, and how many.
    spare: (u32, u32),
    /// The generation that the tape was begun in, when it was made or reset.
    begun: u32,
}

impl Generations {
    pub(crate) fn new() -> Generations {
        let begun = take(1) & MASK;
        Generations {
            newest: Segment {
                start: 0,
                generation: begun,
            },
            older: Vec::new(),
            spare: (0, 0),
            begun,
        }
    }

    /// Begins anew on an empty tape: no key and no mark of before is right.
    pub(crate) fn restart(&mut self) {
        self.cut(0);
        self.begun = self.newest.generation;
    }

    /// The generation that is being recorded.
    pub(crate) fn current(&self) -> u32 {
        self.newest.generation
    }

    /// Begins a new generation at `len`, which the tape was cut to.
    pub(crate) fn cut(&mut self, len: u32) {
        while self.newest.start >= len {
            match self.older.pop() {
                Some(segment) => self.newest = segment,
                None => break,
            }
        }
        if self.newest.start < len {
            self.older.push(self.newest);
        }
        if self.spare.1 == 0 {
            self.spare = (take(BLOCK), BLOCK);
        }
        let generation = self.spare.0 & MASK;
        self.spare = (self.spare.0.wrapping_add(1), self.spare.1 - 1);
        self.newest = Segment { start: len, generation };
    }

    /// The stretch in which the position lies.
    fn segment(&self, position: u32) -> Segment {
        if position >= self.newest.start {
            return self.newest;
        }
        // The first stretch starts at 0, so there is one before the partition point.
        let after = self.older.partition_point(|segment| segment.start <= position);
        self.older[after.saturating_sub(1)]
    }

    /// The position that the key names, on a tape of `len` entries.
    #[inline(always)]
    pub(crate) fn position(&self, key: NodeId, len: u32) -> Result<u32, Error> {
        let position = key.position();
        let newest = position >= self.newest.start && key.generation() == self.newest.generation;
        if position < len && (newest || self.segment(position).generation == key.generation()) {
            Ok(position)
        } else {
            Err(Error::NotInGraph { node: key })
        }
    }

    /// The key of a position of the tape.
    pub(crate) fn key(&self, position: u32) -> NodeId {
        NodeId::new(position, self.segment(position).generation)
    }

    /// Tells a tape of `len` entries from one that has been cut shorter since: the generation of
    /// the last entry, or of the beginning.
    pub(crate) fn stamp(&self, len: u32) -> u32 {
        match len.checked_sub(1) {
            Some(last) => self.segment(last).generation,
            None => self.begun,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_told_apart_when_the_counter_wraps() {
        NEXT.store((1 << BITS) - 2, Ordering::Relaxed);
        let mut generations = Generations::new();
        let old = generations.key(0);
        for round in 0..5 {
            generations.cut(0);
            let new = generations.key(0);
            assert_eq!(generations.position(new, 1), Ok(0), "round {round}");
            assert_eq!(generations.position(old, 1), Err(Error::NotInGraph { node: old }));
        }
    }

    #[test]
    fn a_stretch_ends_where_the_next_starts() {
        let mut generations = Generations::new();
        let kept = generations.key(4);
        let dropped = generations.key(5);
        generations.cut(5);
        let fresh = generations.key(5);
        assert!(generations.position(kept, 9).is_ok());
        assert!(generations.position(dropped, 9).is_err());
        assert!(generations.position(fresh, 9).is_ok());
        assert!(generations.position(fresh, 5).is_err(), "not recorded yet");
        generations.cut(3);
        assert!(generations.position(kept, 9).is_err());
        assert!(generations.position(fresh, 9).is_err());
    }
}
