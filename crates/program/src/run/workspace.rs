//! The workspace: the memory that a program runs in. The caller owns it, so that calls allocate nothing.

use wengert::Scalar;
use wengert::room::{Room, with_room, zeroed};

use super::arena::Arena;
use super::target::STRANDS;
use crate::blocks::{Blocks, LEVELS};
use crate::error::Error;
use crate::lanes::{InstructionSet, Kernel1, MULTIPLE, Unary};
use crate::layout::{Layout, SitePlaces};
use crate::native::{Code, Native};
use crate::options::Spread;

/// How a workspace runs programs. Only the rounding of the instruction set changes bits.
#[must_use]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Setup {
    lanes: Option<usize>,
    threads: Option<usize>,
    instructions: Option<InstructionSet>,
    native: Native,
}

impl Setup {
    /// What is best for the program and this machine.
    ///
    /// ```
    /// use wengert_program::{Setup, Workspace};
    ///
    /// let workspace = Workspace::with(Setup::new());
    /// assert_eq!(workspace.instructions(), Workspace::new().instructions());
    /// ```
    pub fn new() -> Setup {
        Setup::default()
    }

    /// How many points run at a time. Clamped to 1 to 1024, and rounded up to a multiple of 8.
    ///
    /// ```
    /// use wengert_program::{Options, Program, Setup, Workspace};
    ///
    /// let program = Program::from_fn(&[1.0, 2.0], |x| vec![x[0] * x[1]], &Options::new())?;
    /// let mut workspace = Workspace::with(Setup::new().lanes(8));
    /// program.eval_batch(1, &[&[2.0], &[3.0]], &mut [&mut [0.0]], &mut workspace)?;
    /// assert_eq!(workspace.lanes(), 8);
    /// # Ok::<(), wengert_program::Error>(())
    /// ```
    pub fn lanes(self, lanes: usize) -> Setup {
        Setup { lanes: Some(lanes.clamp(1, MOST_LANES).next_multiple_of(MULTIPLE)), ..self }
    }

    /// How many threads share a batch. Clamped to 1 to 64, since a batch is cut into at most 64 blocks. The
    /// default is all threads of rayon, or one without the feature `parallel`.
    ///
    /// ```
    /// use wengert_program::{Options, Program, Setup, Workspace};
    ///
    /// let program = Program::from_fn(&[1.0], |x| vec![x[0].exp()], &Options::new())?;
    /// let x: Vec<f64> = (0..1000).map(|k| 0.001 * f64::from(k)).collect();
    /// let on = |threads| {
    ///     let mut out = vec![0.0; 1000];
    ///     let mut workspace = Workspace::with(Setup::new().threads(threads));
    ///     program.eval_batch(1000, &[&x], &mut [&mut out], &mut workspace).map(|()| out)
    /// };
    /// assert_eq!(on(1)?, on(2)?); // the same bits
    /// # Ok::<(), wengert_program::Error>(())
    /// ```
    pub fn threads(self, threads: usize) -> Setup {
        Setup { threads: Some(threads.clamp(1, Blocks::MOST)), ..self }
    }

    /// The instruction set.
    ///
    /// ```
    /// use wengert_program::{InstructionSet, Setup, Workspace};
    ///
    /// for set in InstructionSet::available() {
    ///     assert_eq!(Workspace::with(Setup::new().instructions(set)).instructions(), set);
    /// }
    /// ```
    pub fn instructions(self, set: InstructionSet) -> Setup {
        Setup { instructions: Some(set), ..self }
    }

    /// Whether single points run as machine code. The default is [`Native::Auto`].
    ///
    /// ```
    /// use wengert_program::{Options, Program, Native, Setup, Workspace};
    ///
    /// let program = Program::from_fn(&[1.0, 2.0], |x| vec![x[0] * x[1]], &Options::new())?;
    /// let mut workspace = Workspace::with(Setup::new().native(Native::Never));
    /// let mut out = [0.0];
    /// program.eval(&[2.0, 3.0], &mut out, &mut workspace)?;
    /// assert_eq!(out, [6.0]);
    /// # Ok::<(), wengert_program::Error>(())
    /// ```
    pub fn native(self, native: Native) -> Setup {
        Setup { native, ..self }
    }
}

const MOST_LANES: usize = 1024;

/// The most points of a batch: as many numbers as a slice can have.
pub(crate) const MOST_POINTS: usize = isize::MAX as usize / size_of::<f64>();

/// The memory that programs run in.
///
/// It fits itself to a program at the first call, which allocates; calls after that allocate nothing.
/// Single points need little: a number for each value that is alive. Batches need that for each lane and
/// each thread, and it is allocated when the first batch runs. One workspace may run several programs, but
/// it fits itself again each time the program changes, so one workspace for each program is faster.
#[derive(Debug)]
pub struct Workspace {
    pub(crate) isa: InstructionSet,
    pub(crate) kernels: Vec<Kernel1>,
    setup: Setup,
    /// The program that `point` fits. 0 for none, also while it is being fitted.
    fits: u64,
    /// The program that `scratches` and the fields after it fit, for batches. 0 for none.
    fits_batches: u64,
    pub(crate) lanes: usize,
    /// A number for every place: the memory of a single point, where the prologue runs too.
    pub(crate) point: Arena,
    /// The inputs and outputs of all calls of user's functions.
    pub(crate) calls: Vec<f64>,
    /// The program whose machine code `frame` fits. 0 for none.
    fits_code: u64,
    /// The memory of machine code.
    pub(crate) frame: Arena,
    /// One for each thread.
    pub(crate) scratches: Vec<ThreadScratch>,
    /// Rows of sums, one for each block that is in memory at a time.
    pub(crate) block_sums: Arena,
    pub(crate) outputs: Vec<Column>,
}

/// A pointer to numbers that a call reads or writes.
#[derive(Clone, Copy, Debug)]
#[repr(transparent)]
pub(crate) struct Column(pub(crate) *mut f64);

// SAFETY: a pointer by itself does nothing; each use has its own argument.
unsafe impl Send for Column {}
// SAFETY: the same.
unsafe impl Sync for Column {}

/// The memory of one thread.
#[derive(Debug)]
pub(crate) struct ThreadScratch {
    /// The column at every place: inputs, cells, slots.
    pub(crate) table: Vec<Column>,
    /// A column for each input: for the last points of a batch, if they are not a multiple of [`MULTIPLE`], and for
    /// per-point inputs that are given as one number.
    pub(crate) pads: Arena,
    pub(crate) sums: Arena,
    /// Room for the inputs and outputs of any call of a user's function.
    pub(crate) calls: Vec<f64>,
    /// What the slots of the table point to.
    _slots: Arena,
}

/// A workspace with the same setup and memory of its own, which it takes at its first call.
impl Clone for Workspace {
    fn clone(&self) -> Workspace {
        Workspace::with(self.setup)
    }
}

impl Default for Workspace {
    fn default() -> Workspace {
        Workspace::new()
    }
}

impl Workspace {
    /// A workspace that runs on the best instruction set, with lanes to suit the program, and on all cores
    /// if a batch is large enough.
    ///
    /// ```
    /// use wengert_program::{InstructionSet, Workspace};
    ///
    /// assert_eq!(Workspace::new().instructions(), InstructionSet::best());
    /// ```
    pub fn new() -> Workspace {
        Workspace::with(Setup::new())
    }

    /// A workspace that runs as the setup says.
    ///
    /// ```
    /// use wengert_program::{Setup, Workspace};
    ///
    /// let workspace = Workspace::with(Setup::new().threads(1));
    /// assert_eq!(workspace.lanes(), 0); // no batch ran yet
    /// ```
    pub fn with(setup: Setup) -> Workspace {
        let isa = setup.instructions.unwrap_or(InstructionSet::best());
        Workspace {
            isa,
            kernels: Unary::ALL.iter().map(|&kernel| isa.unary(kernel, scalar(kernel))).collect(),
            setup,
            fits: 0,
            fits_batches: 0,
            lanes: 0,
            point: Arena::empty(),
            calls: Vec::new(),
            fits_code: 0,
            frame: Arena::empty(),
            scratches: Vec::new(),
            block_sums: Arena::empty(),
            outputs: Vec::new(),
        }
    }

    /// How many points ran at a time in the last batch; 0 before any.
    ///
    /// ```
    /// use wengert_program::{Options, Program, Workspace};
    ///
    /// let program = Program::from_fn(&[1.0, 2.0], |x| vec![x[0] * x[1]], &Options::new())?;
    /// let mut workspace = Workspace::new();
    /// program.eval_batch(1, &[&[2.0], &[3.0]], &mut [&mut [0.0]], &mut workspace)?;
    /// assert!(workspace.lanes() >= 4);
    /// # Ok::<(), wengert_program::Error>(())
    /// ```
    pub fn lanes(&self) -> usize {
        self.lanes
    }

    /// The instruction set.
    ///
    /// ```
    /// use wengert_program::{InstructionSet, Workspace};
    ///
    /// assert_eq!(Workspace::new().instructions(), InstructionSet::best());
    /// ```
    pub fn instructions(&self) -> InstructionSet {
        self.isa
    }

    /// Whether single points run as machine code.
    #[inline]
    pub(crate) fn native(&self) -> Native {
        self.setup.native
    }

    /// The bytes it holds.
    ///
    /// ```
    /// use wengert_program::{Options, Program, Workspace};
    ///
    /// let program = Program::from_fn(&[1.0, 2.0], |x| vec![x[0] * x[1]], &Options::new())?;
    /// let mut workspace = Workspace::new();
    /// let before = workspace.bytes();
    /// program.eval_batch(1, &[&[2.0], &[3.0]], &mut [&mut [0.0]], &mut workspace)?;
    /// assert!(workspace.bytes() > before);
    /// # Ok::<(), wengert_program::Error>(())
    /// ```
    pub fn bytes(&self) -> usize {
        let scratch = |scratch: &ThreadScratch| {
            scratch.pads.len()
                + scratch.sums.len()
                + scratch._slots.len()
                + scratch.calls.len()
                + scratch.table.capacity()
        };
        8 * (self.point.len()
            + self.calls.len()
            + self.frame.len()
            + self.block_sums.len()
            + self.scratches.iter().map(scratch).sum::<usize>())
    }

    /// Fits itself to a program for single points: afterwards `point` has a number for every place, `calls` one for every
    /// input and output of a call, and constants are set. Allocates unless it already fits.
    ///
    /// # Errors
    /// [`Error::OutOfMemory`]; it then fits no program.
    #[inline]
    pub(crate) fn fit(&mut self, id: u64, layout: &Layout) -> Result<(), Error> {
        if self.fits == id { Ok(()) } else { self.fit_anew(id, layout) }
    }

    #[cold]
    fn fit_anew(&mut self, id: u64, layout: &Layout) -> Result<(), Error> {
        // The scratches point to memory that is replaced here.
        (self.fits, self.fits_batches) = (0, 0);
        self.scratches.clear();
        let places = layout.inputs as usize + layout.cells as usize + layout.slots as usize;
        self.point = Arena::new(1, places)?;
        self.calls = zeroed(layout.sites.iter().map(SitePlaces::numbers).sum())?;
        for &(cell, c) in &layout.constants {
            self.set(layout.inputs + cell, c);
        }
        self.fits = id;
        Ok(())
    }

    /// Fits itself to the machine code of a program. Allocates unless it already fits.
    ///
    /// # Errors
    /// [`Error::OutOfMemory`]; it then fits no code.
    #[inline]
    pub(crate) fn fit_code(&mut self, id: u64, code: &Code) -> Result<(), Error> {
        if self.fits_code == id { Ok(()) } else { self.fit_code_anew(id, code) }
    }

    #[cold]
    fn fit_code_anew(&mut self, id: u64, code: &Code) -> Result<(), Error> {
        self.fits_code = 0;
        let constants = code.constants();
        assert!(constants.len() <= code.slots(), "constants are part of the frame");
        self.frame = Arena::new(1, code.slots())?;
        // SAFETY: the frame is new, and longer than the constants.
        unsafe { std::ptr::copy_nonoverlapping(constants.as_ptr(), self.frame.start(), constants.len()) };
        self.fits_code = id;
        Ok(())
    }

    /// Fits itself to a program for batches, and for single points too. Afterwards the table of each scratch
    /// has a column at every place, with `lanes` numbers for an input or a slot and one for a cell, and
    /// there are [`STRANDS`] numbers for each sum and room for each call. Allocates unless it already fits.
    ///
    /// # Errors
    /// As [`Workspace::fit`].
    pub(crate) fn fit_batches(&mut self, id: u64, layout: &Layout) -> Result<(), Error> {
        self.fit(id, layout)?;
        if self.fits_batches == id {
            return Ok(());
        }
        self.fits_batches = 0;
        self.scratches.clear();
        let threads = self.setup.threads.unwrap_or_else(threads);
        let lanes = self.setup.lanes.unwrap_or_else(|| suitable_lanes(layout));
        let [inputs, cells, slots, sums] =
            [layout.inputs, layout.cells, layout.slots, layout.sums].map(|count| count as usize);
        self.lanes = lanes;
        let blocks = if threads > 1 { Blocks::MOST } else { LEVELS };
        self.block_sums = Arena::new(blocks, sums)?;
        self.outputs = with_room(layout.outlets.len())?;
        self.scratches.room(threads)?;
        let call = layout.sites.iter().map(SitePlaces::numbers).max().unwrap_or(0);
        for _ in 0..threads {
            let columns = Arena::new(lanes, slots)?;
            let pads = Arena::new(lanes, inputs)?;
            let mut table = with_room(inputs + cells + slots)?;
            table.extend((0..inputs).map(|k| Column(pads.at(k * lanes))));
            table.extend((0..cells).map(|cell| Column(self.point.at(inputs + cell))));
            table.extend((0..slots).map(|k| Column(columns.at(lanes * k))));
            let (sums, calls) = (Arena::new(STRANDS, sums)?, zeroed(call)?);
            self.scratches.push(ThreadScratch { table, pads, sums, calls, _slots: columns });
        }
        self.fits_batches = id;
        Ok(())
    }

    #[inline]
    pub(crate) fn set(&mut self, place: u32, value: f64) {
        assert!((place as usize) < self.point.len(), "place {place}");
        // SAFETY: within the arena, which nobody else has.
        unsafe { *self.point.start().add(place as usize) = value };
    }
}

/// The scalar function of a kernel, for lanes outside the kernel's range.
fn scalar(kernel: Unary) -> fn(f64) -> f64 {
    match kernel {
        Unary::Sin => <f64 as Scalar>::sin,
        Unary::Cos => <f64 as Scalar>::cos,
        Unary::Tan => <f64 as Scalar>::tan,
        // The others have no such lanes.
        _ => |x| x,
    }
}

/// As many lanes as keep the slots in the nearer caches, from 16 to 96; fewer if the pads of the inputs
/// would take more than 32 MiB. (With 64 or 128 lanes, a path of an Asian option of 252 days took up to a tenth longer.)
fn suitable_lanes(layout: &Layout) -> usize {
    const NEAR: usize = 512 << 10;
    const MOST_LAID_OUT: usize = 32 << 20;
    let per_lane = 8 * (layout.slots as usize).max(1);
    let laid_out = 8 * (layout.inputs as usize).max(1);
    let most = (MOST_LAID_OUT / laid_out / STRANDS * STRANDS).clamp(MULTIPLE, 96);
    (NEAR / per_lane / 32 * 32).clamp(16, 96).min(most)
}

#[cfg(feature = "parallel")]
fn threads() -> usize {
    rayon::current_num_threads().clamp(1, Blocks::MOST)
}

#[cfg(not(feature = "parallel"))]
fn threads() -> usize {
    1
}

/// How many numbers an input or output has in a batch of `points` points.
pub(crate) fn length(spread: Spread, points: usize) -> usize {
    match spread {
        Spread::PerPoint => points,
        Spread::Uniform => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Options, Program};

    #[test]
    fn a_workspace_whose_fitting_failed_fits_no_program_and_can_be_used_again() {
        let small = Program::from_fn(&[0.5], |x| vec![x[0].sin() * x[0]], &Options::new()).expect("compiles");
        let mut workspace = Workspace::new();
        let run = |workspace: &mut Workspace| {
            let (mut one, mut three) = ([0.0], [0.0; 3]);
            small.eval(&[0.5], &mut one, workspace).expect("runs");
            small.eval_batch(3, &[&[0.5; 3]], &mut [&mut three], workspace).expect("runs");
            assert_eq!(three, [one[0]; 3]);
            one[0]
        };
        let before = run(&mut workspace);
        let mut short = small.layout().clone();
        (short.inputs, short.slots) = (0, 0);
        short.constants.push((5, 1.0));
        let fit = || workspace.fit_batches(u64::MAX, &short);
        let cut = std::panic::catch_unwind(std::panic::AssertUnwindSafe(fit));
        assert!(cut.is_err(), "there is no sixth cell");
        assert_eq!(run(&mut workspace), before);
    }
}
