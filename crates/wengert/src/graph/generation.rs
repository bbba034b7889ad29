//! Generations: how keys are checked, as `docs/design.md` explains under "Keys".

use alloc::vec::Vec;
use core::sync::atomic::{AtomicU32, Ordering};

use slotmap::Key;

use crate::error::Error;
use crate::node::NodeId;
use crate::room::{Refused, Room};

/// Slotmap's versions have 32 bits and are odd, which leaves 31 bits.
const BITS: u32 = 31;
const MASK: u32 = (1 << BITS) - 1;

static NEXT: AtomicU32 = AtomicU32::new(0);

/// The most generations that a graph takes at a time. All threads share the counter, and incrementing it costs as
/// much as recording two nodes. So a graph that is often reset or rewound takes 1, 2, 4, ... up to this many at a time,
/// and never more at a time than it has used so far.
const BLOCK: u32 = 64;

/// How many blocks a graph remembers.
const BLOCKS: usize = 16;

/// Takes `count` generations that no other graph has, and returns the first.
fn take(count: u32) -> u32 {
    NEXT.fetch_add(count, Ordering::Relaxed)
}

/// Which segment of the tape was recorded in which generation. A segment is given by the key of its first node,
/// and ends where the next one starts. The starts strictly increase.
#[derive(Debug)]
pub(crate) struct Generations {
    /// The newest, as one word.
    newest: u64,
    /// The upper half of the newest. While keys are refused, it is 0, which no key has.
    accepted: u32,
    older: Vec<NodeId>,
    /// Generations that were taken and are not used yet: the first, and how many.
    spare: (u32, u32),
    /// What was taken last: the first of each block, and how many. So keys of dropped nodes are told from those of other
    /// graphs.
    taken: [(u32, u32); BLOCKS],
    /// How many to take when those are used up.
    block: u32,
    /// The generation that began when the tape was made or last reset.
    begun: u32,
}

impl Generations {
    pub(crate) fn new() -> Generations {
        let begun = take(1) & MASK;
        let mut taken = [(0, 0); BLOCKS];
        taken[0] = (begun, 1);
        let newest = NodeId::new(0, begun);
        Generations {
            newest: newest.word(),
            accepted: (newest.word() >> 32) as u32,
            older: Vec::new(),
            spare: (0, 0),
            taken,
            block: 1,
            begun,
        }
    }

    /// Starts over on an empty tape. Older keys and marks are no longer valid.
    pub(crate) fn restart(&mut self) {
        self.cut(0);
        self.begun = self.newest().generation();
    }

    /// The key of the first node of the newest segment.
    #[inline(always)]
    pub(crate) fn newest(&self) -> NodeId {
        NodeId::of_word(self.newest)
    }

    /// Makes room for the next [`Generations::cut`].
    ///
    /// # Errors
    /// [`Refused`].
    pub(crate) fn room(&mut self) -> Result<(), Refused> {
        self.older.room(1)
    }

    /// Starts a new generation on a tape that was cut to `len`.
    pub(crate) fn cut(&mut self, len: u32) {
        let mut newest = self.newest();
        while newest.position() >= len
            && let Some(segment) = self.older.pop()
        {
            newest = segment;
        }
        if newest.position() < len {
            self.older.push(newest);
        }
        if self.spare.1 == 0 {
            self.spare = (take(self.block), self.block);
            self.taken.rotate_right(1);
            self.taken[0] = self.spare;
            self.block = BLOCK.min(2 * self.block);
        }
        let generation = self.spare.0 & MASK;
        self.spare = (self.spare.0.wrapping_add(1), self.spare.1 - 1);
        self.newest = NodeId::new(len, generation).word();
        self.accept_newest(true);
    }

    /// Sets whether [`Generations::is_newest`] accepts keys. It refuses all while values are stale, so that recording need
    /// not ask for that too.
    #[inline(always)]
    pub(crate) fn accept_newest(&mut self, accept: bool) {
        self.accepted = if accept { (self.newest >> 32) as u32 } else { 0 };
    }

    /// The segment that the position is in.
    fn segment(&self, position: u32) -> NodeId {
        if position >= self.newest().position() {
            return self.newest();
        }
        // The first segment starts at 0, so there is one before the partition point.
        let after = self.older.partition_point(|segment| segment.position() <= position);
        self.older[after.saturating_sub(1)]
    }

    /// The position of a key on a tape of `len` entries.
    ///
    /// # Errors
    /// [`Error::NotInGraph`], [`Error::Dropped`].
    #[inline(always)]
    pub(crate) fn position(&self, key: NodeId, len: u32) -> Result<u32, Error> {
        let position = key.position();
        match position < len && self.is_newest(key.word()) {
            true => Ok(position),
            false => self.older_position(key, len),
        }
    }

    #[cold]
    #[inline(never)]
    fn older_position(&self, key: NodeId, len: u32) -> Result<u32, Error> {
        let position = key.position();
        match position < len && self.segment(position).at(position) == key {
            true => Ok(position),
            false if self.was_own(key) => Err(Error::Dropped { node: key }),
            false => Err(Error::NotInGraph { node: key }),
        }
    }

    /// Whether the key is of a generation that this graph has or had, and remembers.
    fn was_own(&self, key: NodeId) -> bool {
        let generation = key.generation();
        let in_block = |&(first, count): &(u32, u32)| generation.wrapping_sub(first) & MASK < count;
        let kept = self.older.iter().any(|segment| segment.generation() == generation);
        !key.is_null() && (kept || self.taken.iter().any(in_block))
    }

    /// Whether the key with this word is of the newest segment and such keys are accepted. Its position may be beyond the
    /// end of the tape.
    #[inline(always)]
    pub(crate) fn is_newest(&self, word: u64) -> bool {
        (word >> 32) as u32 == self.accepted && word as u32 >= self.newest as u32
    }

    /// The key of a position of the tape.
    pub(crate) fn key(&self, position: u32) -> NodeId {
        self.segment(position).at(position)
    }

    /// Identifies the state of a tape of `len` entries: the generation of its last entry, or `begun` if it is empty. If
    /// the tape is cut shorter and grows to `len` again, its stamp is a different one.
    pub(crate) fn stamp(&self, len: u32) -> u32 {
        match len.checked_sub(1) {
            Some(last) => self.segment(last).generation(),
            None => self.begun,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    /// Held by tests during which the counter must not jump.
    static COUNTER: Mutex<()> = Mutex::new(());

    /// How many generations a graph takes if it is cut `cuts` times.
    fn taken(cuts: u32) -> u32 {
        let mut generations = Generations::new();
        let (mut taken, mut last) = (1, generations.spare);
        for _ in 0..cuts {
            generations.cut(0);
            // Right after a block is taken, all of its generations but one are left.
            if generations.spare.1 >= last.1 {
                taken += generations.spare.1 + 1;
            }
            last = generations.spare;
        }
        taken
    }

    #[test]
    fn a_graph_takes_few_more_generations_than_it_uses() {
        // So 2^30 graphs can be made and reset once each before the counter starts over.
        assert_eq!([0, 1].map(taken), [1, 2]);
        // Blocks of 1, 2, 4, ..., 64, 64, ...
        assert_eq!([2, 3, 4, 7, 8, 63, 64, 127, 128, 192].map(taken), [4, 4, 8, 8, 16, 64, 128, 128, 192, 256]);
        for cuts in 1..1000 {
            let (used, taken) = (cuts + 1, taken(cuts));
            assert!(taken >= used && taken < 2 * used + 1 && taken < used + BLOCK, "{cuts} cuts took {taken}");
        }
    }

    #[test]
    fn no_generation_is_used_twice_by_graphs_side_by_side() {
        let _counter = COUNTER.lock();
        let mut graphs: Vec<Generations> = (0..20).map(|_| Generations::new()).collect();
        let mut seen: Vec<u32> = graphs.iter().map(|graph| graph.newest().generation()).collect();
        for round in 0..200 {
            let at = round * 7 % graphs.len();
            graphs[at].cut(0);
            seen.push(graphs[at].newest().generation());
        }
        let used = seen.len();
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen.len(), used);
    }

    #[test]
    fn keys_differ_when_the_counter_wraps() {
        let _counter = COUNTER.lock();
        NEXT.store((1 << BITS) - 2, Ordering::Relaxed);
        let mut generations = Generations::new();
        let old = generations.key(0);
        for round in 0..5 {
            generations.cut(0);
            let new = generations.key(0);
            assert_eq!(generations.position(new, 1), Ok(0), "round {round}");
            assert_eq!(generations.position(old, 1), Err(Error::Dropped { node: old }));
        }
    }

    #[test]
    fn a_key_that_was_dropped_is_told_from_one_of_another_graph() {
        let _counter = COUNTER.lock();
        let (mut generations, mut other) = (Generations::new(), Generations::new());
        let mut keys = vec![generations.key(0)];
        for cut in 1..1000 {
            generations.cut(0);
            other.cut(0);
            let foreign = other.key(0);
            assert_eq!(generations.position(foreign, 1), Err(Error::NotInGraph { node: foreign }));
            // The last 600, or all that there were.
            for &key in keys.iter().rev().take(600) {
                assert_eq!(generations.position(key, 1), Err(Error::Dropped { node: key }), "{cut}");
            }
            keys.push(generations.key(0));
        }
        assert_eq!(generations.position(keys[0], 1), Err(Error::NotInGraph { node: keys[0] }), "forgotten");
        let null = NodeId::default();
        assert_eq!(generations.position(null, 1), Err(Error::NotInGraph { node: null }));
    }

    #[test]
    fn a_segment_ends_where_the_next_starts() {
        let mut generations = Generations::new();
        let kept = generations.key(4);
        let dropped = generations.key(5);
        generations.cut(5);
        let fresh = generations.key(5);
        assert!(generations.position(kept, 9).is_ok());
        assert!(generations.position(dropped, 9).is_err());
        assert!(generations.position(fresh, 9).is_ok());
        assert!(generations.position(fresh, 5).is_err(), "not recorded yet");
        assert!(generations.position(fresh.at(4), 9).is_err(), "no key that was given out");
        generations.cut(3);
        assert!(generations.position(kept, 9).is_err());
        assert!(generations.position(fresh, 9).is_err());
    }
}
