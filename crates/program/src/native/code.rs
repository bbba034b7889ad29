//! The code of a program, made and run.

use std::arch::x86_64::{
    _CMP_UNORD_Q, _mm256_cmp_pd, _mm256_loadu_pd, _mm256_movemask_pd, _mm256_or_pd, _mm256_setzero_pd,
};
use std::panic::resume_unwind;

use super::Refusal;
use super::emit::{Emitted, emit};
use super::memory::Executable;
use super::pack::pack;
use super::shims::Context;
use crate::lanes::{InstructionSet, Kernel1, Kind};
use crate::layout::Layout;
use crate::recording::Check;
use crate::report::MachineCode;

/// The machine code of a program.
#[derive(Debug)]
pub(crate) struct Code {
    memory: Executable,
    bytes: usize,
    /// How many numbers the frame has.
    slots: usize,
    /// The numbers that it begins with.
    constants: Vec<f64>,
    packs: usize,
    packed: usize,
}

/// What the code is, as a function: of the frame, the inputs, the outputs and the context. Returns 0 unless the
/// interpreter must run the point again.
type Entry = unsafe extern "sysv64" fn(*mut f64, *const f64, *mut f64, &Context<'_>) -> u64;

/// How long code may be.
#[derive(Clone, Copy, Debug)]
struct Limits {
    bytes: usize,
    /// More would take more bytes, and are not tried.
    steps: usize,
}

/// Of Rosenbrock's function, a point takes an eighth of the interpreter's time up to 0.7 MB of code, a fifth at 7 MB and
/// a quarter at 72 MB. Longer code was not measured.
const LIMITS: Limits = Limits { bytes: 72_000_000, steps: 8_000_000 };

/// The most inputs, and outputs: their distances must fit 32 bits.
const MOST_NUMBERS: usize = 1 << 27;

impl Code {
    pub(super) fn new(layout: &Layout, checks: &[Check]) -> Result<Code, Refusal> {
        Code::within(LIMITS, layout, checks)
    }

    fn within(limits: Limits, layout: &Layout, checks: &[Check]) -> Result<Code, Refusal> {
        if !Code::runs_on(InstructionSet::best()) {
            return Err(Refusal::Nowhere);
        }
        let steps = layout.prologue.len() + layout.body.len();
        for (what, given, most) in [
            ("steps", steps, limits.steps),
            ("inputs", layout.inputs as usize, MOST_NUMBERS),
            ("outputs", layout.outlets.len(), MOST_NUMBERS),
        ] {
            if given > most {
                return Err(Refusal::TooLarge { what, most });
            }
        }
        let Emitted { bytes, slots, constants, packs, packed } = emit(layout, checks, &pack(layout)?, limits.bytes)?
            .ok_or(Refusal::TooLarge { what: "bytes of code", most: limits.bytes })?;
        let memory = Executable::new(&bytes).map_err(|error| Refusal::Memory(error.to_string()))?;
        Ok(Code { memory, bytes: bytes.len(), slots: slots as usize, constants, packs, packed })
    }

    /// Whether a workspace with this instruction set may run it.
    #[inline]
    pub(super) fn runs_on(isa: InstructionSet) -> bool {
        matches!(isa.kind(), Kind::Avx2Fma | Kind::Avx512)
    }

    pub(super) fn elsewhere(isa: InstructionSet) -> Refusal {
        Refusal::Elsewhere(isa.name())
    }

    pub(super) fn report(&self) -> MachineCode {
        MachineCode::Made { bytes: self.bytes, packs: self.packs, packed: self.packed }
    }

    /// How many numbers the frame has.
    pub(crate) fn slots(&self) -> usize {
        self.slots
    }

    /// The numbers that the frame begins with.
    pub(crate) fn constants(&self) -> &[f64] {
        &self.constants
    }

    /// Runs it at a point, and returns whether the outputs are right. If not, the interpreter must run the
    /// point: a guard flipped, a user's function failed, or there is a NaN that may come from a guarded product.
    ///
    /// # Panics
    /// Where a function that the code calls does, or `calls` has no room for the inputs and outputs of user's functions.
    ///
    /// # Safety
    /// The code must be made of this layout. `frame` must be valid for reading and writing [`Code::slots`]
    /// numbers, and begin with [`Code::constants`]. `x` and `out` must have a number for every input and
    /// output. The kernels must be those of AVX2 with FMA, which the processor must have.
    #[inline]
    pub(crate) unsafe fn run(
        &self,
        layout: &Layout,
        kernels: &[Kernel1],
        frame: *mut f64,
        calls: &mut [f64],
        x: &[f64],
        out: &mut [f64],
    ) -> bool {
        let context = Context::new(kernels, layout, calls);
        // SAFETY: the memory begins with code that keeps the convention of `Entry`, and lives as long as
        // `self`. What it reads and writes is what the caller promises: `emit` derives every offset from a layout
        // that `Layout::check` found sound.
        let flags = unsafe {
            let entry: Entry = std::mem::transmute(self.memory.start());
            entry(frame, x.as_ptr(), out.as_mut_ptr(), &context)
        };
        if context.failed() {
            return false;
        }
        if let Some(panic) = context.into_panic() {
            resume_unwind(panic);
        }
        // SAFETY: the caller's promise.
        flags == 0 && !unsafe { any_nan(out) }
    }
}

/// Whether one of the numbers is NaN: sixteen, then four at a time, since a point may have hundreds of outputs.
#[target_feature(enable = "avx2,fma")]
fn any_nan(numbers: &[f64]) -> bool {
    let (blocks, rest) = numbers.as_chunks::<16>();
    let mut nan = _mm256_setzero_pd();
    for block in blocks {
        // SAFETY: a block has four vectors.
        let [a, b, c, d] = [0, 4, 8, 12].map(|k| unsafe { _mm256_loadu_pd(block.as_ptr().add(k)) });
        let (a, b) = (_mm256_cmp_pd::<_CMP_UNORD_Q>(a, b), _mm256_cmp_pd::<_CMP_UNORD_Q>(c, d));
        nan = _mm256_or_pd(nan, _mm256_or_pd(a, b));
    }
    let (fours, rest) = rest.as_chunks::<4>();
    for four in fours {
        // SAFETY: a vector.
        let four = unsafe { _mm256_loadu_pd(four.as_ptr()) };
        nan = _mm256_or_pd(nan, _mm256_cmp_pd::<_CMP_UNORD_Q>(four, four));
    }
    _mm256_movemask_pd(nan) != 0 || rest.iter().any(|y| y.is_nan())
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use crate::lanes::{InstructionSet, Unary};
    use crate::{Native, Options, Program, Setup, Workspace};

    use super::{Code, LIMITS, Limits, any_nan};

    #[test]
    fn code_that_would_be_too_long_is_not_made() {
        if !Code::runs_on(InstructionSet::best()) {
            return;
        }
        let sines =
            Program::from_fn(&[0.5], |x| vec![(0..1000).fold(x[0], |y, _| y.sin() + 1.0)], &Options::new()).unwrap();
        let make = |limits| Code::within(limits, sines.layout(), &sines.ir().checks);
        let bytes = make(LIMITS).expect("within the limits").bytes;
        assert!(make(Limits { bytes, ..LIMITS }).is_ok());
        let refused = make(Limits { bytes: bytes / 2, ..LIMITS }).expect_err("bytes").to_string();
        assert_eq!(refused, format!("more than {} bytes of code do not pay", bytes / 2));
        let refused = make(Limits { steps: 1000, ..LIMITS }).expect_err("steps").to_string();
        assert_eq!(refused, "more than 1000 steps do not pay");
    }

    #[test]
    fn a_nan_is_found_at_every_place_and_infinities_are_none() {
        if !Code::runs_on(InstructionSet::best()) {
            return;
        }
        // SAFETY: the processor has the instructions.
        let any_nan = |numbers: &[f64]| unsafe { any_nan(numbers) };
        for count in 0..70 {
            let mut numbers = vec![f64::INFINITY; count];
            assert!(!any_nan(&numbers));
            for place in 0..count {
                numbers[place] = -f64::NAN;
                assert!(any_nan(&numbers), "{place} of {count}");
                numbers[place] = f64::NEG_INFINITY;
            }
        }
    }

    #[test]
    fn a_panic_in_what_the_code_calls_goes_on_after_the_code_has_returned() {
        let best = InstructionSet::best();
        if !Code::runs_on(best) {
            return;
        }
        // One sine by itself, three by register, and five in memory.
        for count in [1, 3, 5] {
            let x = vec![0.5; count];
            let program = Program::from_fn(&x, |x| x.iter().map(|x| x.sin() + 1.0).collect(), &Options::new());
            let program = program.expect("compiles");
            let mut workspace = Workspace::with(Setup::new().native(Native::Always));
            let usual = workspace.kernels[Unary::Sin as usize];
            workspace.kernels[Unary::Sin as usize] = best.unary(Unary::Sin, |x| panic!("no sine of {x}"));
            let mut out = vec![0.0; count];
            let mut eval = |x: &[f64], workspace: &mut Workspace| {
                catch_unwind(AssertUnwindSafe(|| program.eval(x, &mut out, workspace).map(|()| out[count - 1])))
            };
            let panic = eval(&vec![1e9; count], &mut workspace).expect_err("beyond the kernel's reach");
            assert_eq!(panic.downcast_ref::<String>().map(String::as_str), Some("no sine of 1000000000"));
            let sine = |x: f64| Some(x.sin() + 1.0);
            assert_eq!(eval(&vec![0.5; count], &mut workspace).ok().and_then(Result::ok), sine(0.5));
            workspace.kernels[Unary::Sin as usize] = usual;
            assert_eq!(eval(&vec![1e9; count], &mut workspace).ok().and_then(Result::ok), sine(1e9));
        }
    }
}
