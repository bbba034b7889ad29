//! Few snapshots, a known number of blocks: the fewest advances.

use super::Action;

/// Blocks `from..to`, with the state before `from` kept.
#[derive(Clone, Copy, Debug)]
struct Frame {
    from: usize,
    to: usize,
}

/// Sweeps the blocks of the last frame first. A frame may use the snapshots that the frames before it do not use.
#[derive(Clone, Debug)]
pub(super) struct Binomial {
    frames: Vec<Frame>,
    /// The slot of each frame, also of those to come.
    slots: Slots,
    snapshots: usize,
    /// The current state is that before this block. None after a sweep.
    at: Option<usize>,
    /// Whether the current state is kept.
    settled: bool,
}

#[derive(Clone, Debug)]
enum Slots {
    /// Frame 0 has slot 0, and so on.
    InOrder,
    Listed(Vec<usize>),
}

impl Binomial {
    pub(super) fn new(blocks: usize, snapshots: usize) -> Binomial {
        let frames = if blocks > 0 { vec![Frame { from: 0, to: blocks }] } else { Vec::new() };
        Binomial { frames, slots: Slots::InOrder, snapshots, at: Some(0), settled: false }
    }

    /// The states before blocks `kept` are in slots already, in ascending order; `blocks` are to be swept, and the current
    /// state is that before the last of them.
    pub(super) fn resumed(blocks: usize, kept: &[(usize, usize)], snapshots: usize) -> Binomial {
        let snapshots = snapshots.min(blocks);
        let ends = kept.iter().skip(1).map(|&(block, _)| block).chain([blocks]);
        let frames = kept.iter().zip(ends).map(|(&(from, _), to)| Frame { from, to }).collect();
        let mut slots: Vec<usize> = kept.iter().map(|&(_, slot)| slot).collect();
        let mut is_used = vec![false; snapshots];
        slots.iter().for_each(|&slot| is_used[slot] = true);
        slots.extend((0..snapshots).filter(|&slot| !is_used[slot]));
        Binomial { frames, slots: Slots::Listed(slots), snapshots, at: Some(blocks - 1), settled: true }
    }

    #[inline]
    pub(super) fn next(&mut self) -> Option<Action> {
        let depth = self.frames.len().checked_sub(1)?;
        let Frame { from, to } = self.frames[depth];
        let slot = match &self.slots {
            Slots::InOrder => depth,
            Slots::Listed(slots) => slots[depth],
        };
        let Some(at) = self.at else {
            self.at = Some(from);
            self.settled = true;
            return Some(Action::Restore { slot, block: from });
        };
        if at + 1 == to {
            self.at = None;
            self.frames[depth].to = at;
            if at == from {
                self.frames.pop();
            }
            return Some(Action::Reverse { block: at });
        }
        if !self.settled {
            self.settled = true;
            return Some(Action::Snapshot { slot, block: at });
        }
        let free = self.snapshots - depth;
        let next = if free == 1 { to - 1 } else { from + split(to - from, free) };
        if free > 1 {
            self.frames[depth].to = next;
            self.frames.push(Frame { from: next, to });
            self.settled = false;
        }
        self.at = Some(next);
        Some(Action::Advance { from, to: next })
    }
}

/// `r`, and the binomial coefficient `b(s, r - 1)`, for the `r` with `b(s, r - 1) < blocks <= b(s, r)`, where
/// `b(s, r) = (s + r)! / (s! r!)` is the most blocks that `s` snapshots can sweep if no block runs more than `r` times
/// before its sweep. `blocks` is at least 2.
fn repeats(blocks: usize, snapshots: usize) -> (u128, u128) {
    let (blocks, s) = (blocks as u128, snapshots as u128);
    let (mut r, mut before) = (1, 1);
    loop {
        let reach = before * (s + r) / r;
        if blocks <= reach {
            return (r, before);
        }
        (r, before) = (r + 1, reach);
    }
}

/// How many blocks to run before the next snapshot is taken. Any number `j` such that `j <= b(s, r - 1)` and
/// `blocks - j` is from `b(s - 1, r - 1)` to `b(s - 1, r)` gives the fewest advances, unless it is below `b(s, r - 2)`;
/// the largest is taken.
fn split(blocks: usize, snapshots: usize) -> usize {
    let (r, before) = repeats(blocks, snapshots);
    let s = snapshots as u128;
    let rest = before * s / (s + r - 1);
    before.min(blocks as u128 - rest) as usize
}

/// The fewest blocks that must run forward to sweep back over `blocks` of them with `snapshots` states kept, the first
/// state among them. Sweeping a block needs the state before it, so without limits it is `blocks - 1`.
///
/// It is `r l - (s + r)! / ((s + 1)! (r - 1)!)` for `l` blocks and `s` snapshots, with the least `r` for which
/// `l <= (s + r)! / (s! r!)` (Griewank and Walther, ACM Transactions on Mathematical
/// Software 26, 2000).
///
/// ```
/// use wengert_scan::fewest_advances;
///
/// assert_eq!(fewest_advances(10, 10), 9);
/// assert_eq!(fewest_advances(10, 1), 45);
/// assert_eq!(fewest_advances(10, 3), 15);
/// ```
///
/// # Panics
/// If `snapshots` is 0.
#[track_caller]
pub fn fewest_advances(blocks: usize, snapshots: usize) -> u128 {
    assert!(snapshots > 0, "a schedule needs at least one snapshot, for the first state");
    if blocks < 2 {
        return 0;
    }
    if snapshots == 1 {
        // The formula with r = l - 1, which is long to search for.
        return blocks as u128 * (blocks as u128 - 1) / 2;
    }
    let (r, before) = repeats(blocks, snapshots);
    let s = snapshots as u128;
    // b(s + 1, r - 1) = b(s, r - 1) (s + r) / (s + 1).
    r * blocks as u128 - before * (s + r) / (s + 1)
}
