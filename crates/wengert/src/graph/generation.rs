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

/// The most generations that a graph takes at a time. The counter is shared by all threads, and to
/// count it up costs as much as to record two nodes, so a graph that is reset or rewound again and
/// again takes 1, 2, 4, ... up to this many: never more than it used before, and one more.
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
    /// How many to take when they are used up.
    block: u32,
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
            block: 1,
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
            self.spare = (take(self.block), self.block);
            self.block = BLOCK.min(2 * self.block);
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
    use std::sync::Mutex;

    use super::*;

    /// Held by tests that the counter must not jump under.
    static COUNTER: Mutex<()> = Mutex::new(());

    /// How many generations a graph uses up that is cut so many times.
    fn taken(cuts: u32) -> u32 {
        let mut generations = Generations::new();
        let (mut taken, mut last) = (1, generations.spare);
        for _ in 0..cuts {
            generations.cut(0);
            // Just after a block was taken all of it but one is left.
            if generations.spare.1 >= last.1 {
                taken += generations.spare.1 + 1;
            }
            last = generations.spare;
        }
        taken
    }

    #[test]
    fn a_graph_takes_few_more_generations_than_it_uses() {
        // So 2^30 graphs can be made and reset once each before generations come round again.
        assert_eq!([0, 1].map(taken), [1, 2]);
        // Blocks of 1, 2, 4, ..., 64, 64, ...
        assert_eq!(
            [2, 3, 4, 7, 8, 63, 64, 127, 128, 192].map(taken),
            [4, 4, 8, 8, 16, 64, 128, 128, 192, 256]
        );
        for cuts in 1..1000 {
            let (used, taken) = (cuts + 1, taken(cuts));
            assert!(
                taken >= used && taken < 2 * used + 1 && taken < used + BLOCK,
                "{cuts} cuts took {taken}"
            );
        }
    }

    #[test]
    fn no_generation_is_used_twice_by_graphs_side_by_side() {
        let _counter = COUNTER.lock();
        let mut graphs: Vec<Generations> = (0..20).map(|_| Generations::new()).collect();
        let mut seen: Vec<u32> = graphs.iter().map(Generations::current).collect();
        for round in 0..200 {
            let at = round * 7 % graphs.len();
            graphs[at].cut(0);
            seen.push(graphs[at].current());
        }
        let used = seen.len();
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen.len(), used);
    }

    #[test]
    fn keys_are_told_apart_when_the_counter_wraps() {
        let _counter = COUNTER.lock();
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
