//! Which value is in which register, and where in the frame the others are.
//!
//! Where a register is needed and none is free, the value whose next use is farthest away is spilled (Belady,
//! 1966). Inputs and constants are in memory from the start; a value is spilled once at most, since it never
//! changes.

use wengert::room::{Refused, Room, collected, filled, zeroed};

use super::encode::{Base, Encoder, Place, Xmm};
use super::pack::{Kind, Node, Packed, Work};
use crate::recording::NOTHING;

/// Registers that hold values. The two after them are for the steps of one op.
pub(super) const REGISTERS: usize = 14;
pub(super) const SCRATCH: [Xmm; 2] = [Xmm(14), Xmm(15)];

/// The register of the frame points this far into it, so that more of it is within a byte's reach.
pub(super) const FRAME_BIAS: i32 = 128;

/// The offset of a number in the frame.
pub(super) fn offset(slot: u32) -> i32 {
    8 * slot as i32 - FRAME_BIAS
}

const NO_REGISTER: u8 = u8::MAX;

/// When each value is used: the times, one value after another.
#[derive(Debug)]
struct Uses {
    times: Vec<u32>,
    /// The next of `times`, for each value, and the end of its times.
    next: Vec<u32>,
    end: Vec<u32>,
}

impl Uses {
    fn of(packed: &Packed) -> Result<Uses, Refused> {
        let mut next = zeroed::<u32>(packed.nodes.len())?;
        for_each_use(packed, |x, _| next[x] += 1);
        let mut total = 0;
        for count in &mut next {
            total += std::mem::replace(count, total);
        }
        let (mut end, mut times) = (collected(next.iter().copied())?, zeroed::<u32>(total as usize)?);
        for_each_use(packed, |x, time| {
            times[end[x] as usize] = time;
            end[x] += 1;
        });
        Ok(Uses { times, next, end })
    }

    /// The first use from now on that is later than `time`; the end of time if there is none.
    fn after(&self, x: u32, time: u32) -> u32 {
        let left = &self.times[self.next[x as usize] as usize..self.end[x as usize] as usize];
        left.iter().copied().find(|&use_| use_ > time).unwrap_or(u32::MAX)
    }
}

fn for_each_use(packed: &Packed, mut f: impl FnMut(usize, u32)) {
    for (time, work) in packed.work.iter().enumerate() {
        let one;
        let nodes = match work {
            Work::Step(node) => {
                one = [*node];
                &one[..]
            }
            Work::Calls(range) => &packed.calls[range.clone()],
        };
        for &node in nodes {
            packed.reads(node).iter().for_each(|&x| f(x as usize, time as u32));
        }
    }
}

/// Numbers of the frame that are taken together and given back once all are free.
#[derive(Clone, Copy, Debug)]
struct Block {
    slot: u32,
    len: u32,
    alive: u32,
}

/// Where all values are.
#[derive(Debug)]
pub(super) struct Registers {
    uses: Uses,
    time: u32,
    held: [u32; REGISTERS],
    /// The registers of operands of the present step, a bit each.
    pinned: u16,
    at: Vec<u8>,
    home: Vec<Option<(Base, i32)>>,
    /// The block that a home is in.
    block_of: Vec<u32>,
    blocks: Vec<Block>,
    /// Blocks to use again, by their length: 1, then 4, 8, 12, ...
    free: Vec<Vec<u32>>,
    /// How many numbers the frame has.
    slots: u32,
    /// Values whose last use is the present step.
    over: Vec<u32>,
}

impl Registers {
    /// Where values are at the start. The frame begins with this many numbers that are not values.
    ///
    /// # Errors
    /// [`Refused`].
    pub(super) fn new(packed: &Packed, slots: u32) -> Result<Registers, Refused> {
        let count = packed.nodes.len();
        Ok(Registers {
            uses: Uses::of(packed)?,
            time: 0,
            held: [NOTHING; REGISTERS],
            pinned: 0,
            at: filled(NO_REGISTER, count)?,
            home: collected(packed.nodes.iter().map(home))?,
            block_of: filled(NOTHING, count)?,
            blocks: Vec::new(),
            free: Vec::new(),
            slots,
            over: Vec::new(),
        })
    }

    /// Makes room for what any one work can add.
    ///
    /// # Errors
    /// [`Refused`].
    pub(super) fn room(&mut self) -> Result<(), Refused> {
        const MOST: usize = 64;
        self.over.room(MOST)?;
        self.blocks.room(MOST)?;
        self.free.iter_mut().try_for_each(|free| free.room(MOST))
    }

    /// How many numbers the frame has so far.
    pub(super) fn slots(&self) -> u32 {
        self.slots
    }

    /// Says where a constant is.
    pub(super) fn settle_constant(&mut self, x: u32, slot: u32) {
        self.home[x as usize] = Some((Base::Frame, offset(slot)));
    }

    /// The operand in a register, where it stays for the present step.
    pub(super) fn register(&mut self, x: u32, code: &mut Encoder) -> Xmm {
        if self.at[x as usize] == NO_REGISTER {
            let register = self.vacate(code);
            code.load(register, self.memory(x));
            self.hold(x, register);
        }
        let register = self.at[x as usize];
        self.pinned |= 1 << register;
        Xmm(register)
    }

    /// The operand where it is, or in a register if it is needed again before what it would replace.
    pub(super) fn place(&mut self, x: u32, code: &mut Encoder) -> Place {
        if self.at[x as usize] == NO_REGISTER {
            let again = self.uses.after(x, self.time);
            if again == u32::MAX || self.farthest().is_some_and(|(_, farthest)| again >= farthest) {
                return self.memory(x);
            }
        }
        self.register(x, code).into()
    }

    /// Whether the value is in a register.
    pub(super) fn is_held(&self, x: u32) -> bool {
        self.at[x as usize] != NO_REGISTER
    }

    /// Where the value is, without moving it.
    pub(super) fn current(&self, x: u32) -> Place {
        match self.at[x as usize] {
            NO_REGISTER => self.memory(x),
            register => Xmm(register).into(),
        }
    }

    fn memory(&self, x: u32) -> Place {
        let (base, offset) = self.home[x as usize].expect("a value is in a register or in memory");
        Place::Memory(base, offset)
    }

    /// Counts a use of each operand. What has no other is over: its register is free at once, its memory when
    /// the step is done.
    pub(super) fn consume(&mut self, operands: &[u32]) {
        for &x in operands {
            let k = x as usize;
            self.uses.next[k] += 1;
            if self.uses.next[k] == self.uses.end[k] {
                self.drop_register(x);
                self.over.push(x);
            }
        }
    }

    /// A register for the result of the present step.
    pub(super) fn result(&mut self, node: u32, code: &mut Encoder) -> Xmm {
        let register = self.vacate(code);
        self.hold(node, register);
        self.pinned |= 1 << register.0;
        register
    }

    /// Ends the present step, which gave this value if any.
    pub(super) fn end_step(&mut self, result: Option<u32>) {
        self.end_results(result.as_slice());
    }

    /// Ends the present step, which gave these values in registers.
    pub(super) fn end_results(&mut self, results: &[u32]) {
        for &x in results {
            if self.is_unused(x) {
                self.drop_register(x);
            }
        }
        while let Some(x) = self.over.pop() {
            self.release(x);
        }
        self.pinned = 0;
        self.time += 1;
    }

    /// Spills all registers, since a call overwrites them.
    pub(super) fn spill_all(&mut self, code: &mut Encoder) {
        for register in 0..REGISTERS {
            if self.held[register] != NOTHING {
                self.spill(register, code);
            }
        }
    }

    /// Numbers of the frame in which the results of calls will be, the results one after another. Returns the
    /// first.
    pub(super) fn block(&mut self, results: &[u32], len: u32) -> u32 {
        let block = self.take(len);
        let slot = self.blocks[block as usize].slot;
        for (&x, slot) in results.iter().zip(slot..) {
            self.home[x as usize] = Some((Base::Frame, offset(slot)));
            self.block_of[x as usize] = block;
        }
        self.blocks[block as usize].alive = results.len() as u32;
        slot
    }

    /// Ends the calls that gave these results.
    pub(super) fn end_calls(&mut self, results: &[u32]) {
        for &x in results {
            if self.is_unused(x) {
                self.release(x);
            }
        }
        self.end_step(None);
    }

    fn is_unused(&self, x: u32) -> bool {
        self.uses.next[x as usize] == self.uses.end[x as usize]
    }

    fn hold(&mut self, x: u32, register: Xmm) {
        self.held[usize::from(register.0)] = x;
        self.at[x as usize] = register.0;
    }

    fn drop_register(&mut self, x: u32) {
        let register = std::mem::replace(&mut self.at[x as usize], NO_REGISTER);
        if register != NO_REGISTER {
            self.held[usize::from(register)] = NOTHING;
        }
    }

    /// Gives the memory of a value back.
    fn release(&mut self, x: u32) {
        let block = std::mem::replace(&mut self.block_of[x as usize], NOTHING);
        if block == NOTHING {
            return;
        }
        let Block { len, alive, .. } = &mut self.blocks[block as usize];
        *alive -= 1;
        if *alive == 0 {
            let class = class(*len);
            self.free[class].push(block);
        }
    }

    /// The register whose value is needed last, and when, if none is free. Operands of the present step stay.
    fn farthest(&self) -> Option<(usize, u32)> {
        let mut farthest = (0, 0);
        for (register, &x) in self.held.iter().enumerate() {
            if x == NOTHING {
                return None;
            }
            if self.pinned >> register & 1 == 0 {
                let next = self.uses.after(x, self.time);
                if next >= farthest.1 {
                    farthest = (register, next);
                }
            }
        }
        Some(farthest)
    }

    /// A free register, until the next value needs one.
    pub(super) fn vacate(&mut self, code: &mut Encoder) -> Xmm {
        let register = match self.farthest() {
            Some((register, _)) => {
                self.spill(register, code);
                register
            }
            None => self.held.iter().position(|&x| x == NOTHING).unwrap_or(0),
        };
        Xmm(register as u8)
    }

    /// Empties a register, and stores its value unless memory has it.
    fn spill(&mut self, register: usize, code: &mut Encoder) {
        let x = self.held[register];
        if self.home[x as usize].is_none() {
            let block = self.take(1);
            let slot = self.blocks[block as usize].slot;
            self.blocks[block as usize].alive = 1;
            self.home[x as usize] = Some((Base::Frame, offset(slot)));
            self.block_of[x as usize] = block;
            code.store(Xmm(register as u8), Base::Frame, offset(slot));
        }
        self.drop_register(x);
    }

    /// A block of so many numbers that nothing uses.
    fn take(&mut self, len: u32) -> u32 {
        let class = class(len);
        if self.free.len() <= class {
            self.free.resize(class + 1, Vec::new());
        }
        self.free[class].pop().unwrap_or_else(|| {
            // Vectors do not cross lines of the cache.
            let slot = if len > 1 { self.slots.next_multiple_of(4) } else { self.slots };
            self.slots = slot + len;
            self.blocks.push(Block { slot, len, alive: 0 });
            self.blocks.len() as u32 - 1
        })
    }
}

/// Which of the lists of free blocks has those of this length: 1 or a multiple of 4.
fn class(len: u32) -> usize {
    (len / 4) as usize
}

/// Where a value is before anything ran.
fn home(node: &Node) -> Option<(Base, i32)> {
    match node.kind {
        Kind::Input(k) => Some((Base::Inputs, 8 * k as i32)),
        Kind::Constant(_) | Kind::Step(_) => None,
    }
}
