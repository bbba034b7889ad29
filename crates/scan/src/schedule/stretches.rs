//! Blocks are cut into stretches of one length, and the state before each stretch is kept. On the way back, the states
//! within the stretch that is swept are kept too.

use super::Action;

#[derive(Clone, Debug)]
pub(super) struct Stretches {
    /// The number of blocks of a stretch.
    width: usize,
    /// How many blocks are still to be swept; `usize::MAX` while the end is not known.
    left: usize,
    /// How many stretches there are.
    count: usize,
    /// The current state is that before this block. None after a sweep.
    at: Option<usize>,
    /// Whether it has been decided if the current state is kept.
    settled: bool,
    /// The first block of the stretch whose states are all kept.
    expanded: Option<usize>,
}

impl Stretches {
    /// One stretch, however long.
    pub(super) fn one() -> Stretches {
        Stretches::new(usize::MAX, usize::MAX, 1)
    }

    pub(super) fn of_sqrt(blocks: usize) -> Stretches {
        let root = blocks.isqrt();
        let width = if root * root < blocks { root + 1 } else { root.max(1) };
        Stretches::new(width, blocks, blocks.div_ceil(width))
    }

    fn new(width: usize, left: usize, count: usize) -> Stretches {
        Stretches { width, left, count, at: Some(0), settled: false, expanded: None }
    }

    pub(super) fn end(&mut self) {
        if self.left == usize::MAX
            && let Some(blocks) = self.at
        {
            self.left = blocks;
            self.at = blocks.checked_sub(1);
            self.settled = true;
        }
    }

    /// The slot for the state before a block.
    fn slot(&self, block: usize) -> usize {
        match block % self.width {
            0 => block / self.width,
            inner => self.count + inner - 1,
        }
    }

    #[inline]
    pub(super) fn next(&mut self) -> Option<Action> {
        let last = self.left.checked_sub(1)?;
        let start = last - last % self.width;
        let Some(at) = self.at else {
            let block = if self.expanded == Some(start) { last } else { start };
            self.at = Some(block);
            self.settled = true;
            return Some(Action::Restore { slot: self.slot(block), block });
        };
        if !self.settled {
            self.settled = true;
            if at < last {
                return Some(Action::Snapshot { slot: self.slot(at), block: at });
            }
        }
        if at == last {
            self.left = last;
            self.at = None;
            self.expanded = Some(start);
            return Some(Action::Reverse { block: last });
        }
        let to = if at < start { at + self.width } else { at + 1 };
        self.at = Some(to);
        self.settled = false;
        Some(Action::Advance { from: at, to })
    }
}
