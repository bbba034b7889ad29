//! Bytes of x86-64 instructions: as many forms as [`super::emit`] uses, after Intel's manual, volume 2.
//!
//! An AVX instruction is a VEX prefix, an opcode, a ModRM byte, a displacement, and perhaps a byte more. The
//! tests read every form back with another decoder.

/// A general register with a role in the code. All but `Rax` are kept over calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Base {
    /// `rbx`: constants and spilled values.
    Frame = 3,
    /// `rbp`: the inputs.
    Inputs = 5,
    /// `r13`: the outputs.
    Outputs = 13,
}

/// A register of the vector unit, of which the lowest number is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Xmm(pub(super) u8);

/// Where an operand is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Register(Xmm),
    /// So many bytes after what a register points to.
    Memory(Base, i32),
}

impl From<Xmm> for Place {
    fn from(register: Xmm) -> Place {
        Place::Register(register)
    }
}

/// The opcode of an instruction of three operands, `out = x op y`: prefix, map, W, opcode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Three(u8, u8, u8, u8);

/// The bit of the prefix that says that an instruction works on 32 bytes.
const WIDE: u8 = 4;

pub(super) const ADD: Three = Three(3, 1, 0, 0x58);
pub(super) const MUL: Three = Three(3, 1, 0, 0x59);
pub(super) const SUB: Three = Three(3, 1, 0, 0x5c);
pub(super) const MIN: Three = Three(3, 1, 0, 0x5d);
pub(super) const DIV: Three = Three(3, 1, 0, 0x5e);
pub(super) const MAX: Three = Three(3, 1, 0, 0x5f);
pub(super) const SQRT: Three = Three(3, 1, 0, 0x51);
/// Bitwise; these read 16 bytes of memory.
pub(super) const AND: Three = Three(1, 1, 0, 0x54);
/// `!x & y`.
pub(super) const ANDN: Three = Three(1, 1, 0, 0x55);
pub(super) const OR: Three = Three(1, 1, 0, 0x56);
/// The lower lanes of both, and the upper.
const LOWER: Three = Three(1, 1, 0, 0x14);
pub(super) const UPPER: Three = Three(1, 1, 0, 0x15);
/// The lower lane of `x`, and 8 bytes of memory.
const WITH_UPPER: Three = Three(1, 1, 0, 0x16);
pub(super) const XOR: Three = Three(1, 1, 0, 0x57);
/// All ones where the 64 bits are equal.
pub(super) const SAME_BITS: Three = Three(1, 2, 0, 0x29);
/// `out = x * y + out`, and with other signs, rounded once.
pub(super) const MADD: Three = Three(1, 2, 1, 0xb9);
/// `x * y - out`.
pub(super) const MSUB: Three = Three(1, 2, 1, 0xbb);
/// `out - x * y`.
pub(super) const NMADD: Three = Three(1, 2, 1, 0xbd);

impl Three {
    /// The instruction that does the same to four numbers.
    fn wide(self) -> Three {
        match self {
            // Of the fused ones, it is the one before.
            Three(_, 2, w, opcode) => Three(WIDE | 1, 2, w, opcode - 1),
            Three(_, map, w, opcode) => Three(WIDE | 1, map, w, opcode),
        }
    }
}

/// A comparison; the name says where the result is all ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Compare {
    Equal = 0x00,
    Unordered = 0x03,
    NotEqual = 0x04,
    Ordered = 0x07,
    NotLess = 0x15,
    NotLessEqual = 0x16,
    Less = 0x11,
    LessEqual = 0x12,
    GreaterEqual = 0x1d,
    Greater = 0x1e,
    NotGreaterEqual = 0x19,
}

/// How to round to a whole number, without raising a flag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Rounding {
    Floor = 9,
    Ceil = 10,
    Trunc = 11,
}

/// Where a jump's distance stands in the code.
#[derive(Clone, Copy, Debug)]
#[must_use]
pub(super) struct Jump(usize);

/// Code being written.
#[derive(Debug, Default)]
pub(super) struct Encoder {
    pub(super) bytes: Vec<u8>,
}

impl Encoder {
    fn put(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// An instruction with a VEX prefix: `reg` and `rm` stand in the ModRM byte, `x` in the prefix.
    fn vex(&mut self, Three(prefix, map, w, opcode): Three, reg: u8, x: u8, rm: Place) {
        let low = match rm {
            Place::Register(Xmm(k)) => k,
            Place::Memory(base, _) => base as u8,
        };
        // Extra bits are stored inverted.
        let (r, b) = (u8::from(reg < 8) << 7, u8::from(low < 8) << 5);
        let rest = (!x & 15) << 3 | prefix;
        if map == 1 && w == 0 && b != 0 {
            self.put(&[0xc5, r | rest]);
        } else {
            self.put(&[0xc4, r | 0x40 | b | map, w << 7 | rest]);
        }
        self.bytes.push(opcode);
        self.mod_rm(reg, rm);
    }

    fn mod_rm(&mut self, reg: u8, rm: Place) {
        let reg = (reg & 7) << 3;
        match rm {
            Place::Register(Xmm(k)) => self.bytes.push(0xc0 | reg | k & 7),
            Place::Memory(base, offset) => match i8::try_from(offset) {
                Ok(offset) => self.put(&[0x40 | reg | base as u8 & 7, offset as u8]),
                Err(_) => {
                    self.bytes.push(0x80 | reg | base as u8 & 7);
                    self.put(&offset.to_le_bytes());
                }
            },
        }
    }

    pub(super) fn three(&mut self, op: Three, out: Xmm, x: Xmm, y: Place) {
        self.vex(op, out.0, x.0, y);
    }

    pub(super) fn compare(&mut self, how: Compare, out: Xmm, x: Xmm, y: Place) {
        self.vex(Three(3, 1, 0, 0xc2), out.0, x.0, y);
        self.bytes.push(how as u8);
    }

    pub(super) fn round(&mut self, how: Rounding, out: Xmm, x: Xmm) {
        self.vex(Three(1, 3, 0, 0x0b), out.0, x.0, x.into());
        self.bytes.push(how as u8);
    }

    /// `no` where the sign bit of `mask` is clear, `yes` where it is set.
    pub(super) fn blend(&mut self, out: Xmm, no: Xmm, yes: Xmm, mask: Xmm) {
        self.vex(Three(1, 3, 0, 0x4b), out.0, no.0, yes.into());
        self.bytes.push(mask.0 << 4);
    }

    /// Four lanes of two pairs.
    fn join_pairs(&mut self, out: Xmm, low: Xmm, high: Xmm) {
        self.vex(Three(WIDE | 1, 3, 0, 0x18), out.0, low.0, high.into()); // vinsertf128
        self.bytes.push(1);
    }

    /// Four numbers as a vector. What is stored in pieces and loaded as a vector waits for the pieces to reach the
    /// cache, so they are joined in registers. `out` may be one of the two that it needs for the time being.
    pub(super) fn gather(&mut self, [x, y, z, w]: [Place; 4], out: Xmm, [low, high]: [Xmm; 2]) {
        self.pair(low, x, y);
        self.pair(high, z, w);
        self.join_pairs(out, low, high);
    }

    /// Two numbers in the lower lanes.
    fn pair(&mut self, out: Xmm, x: Place, y: Place) {
        let x = match x {
            Place::Register(x) => x,
            Place::Memory(..) => {
                self.load(out, x);
                out
            }
        };
        match y {
            Place::Register(_) => self.three(LOWER, out, x, y),
            Place::Memory(..) => self.three(WITH_UPPER, out, x, y),
        }
    }

    /// [`Encoder::three`] in all four lanes: of arithmetic on numbers. It reads 32 bytes of memory.
    pub(super) fn three_by_four(&mut self, op: Three, out: Xmm, x: Xmm, y: Place) {
        self.vex(op.wide(), out.0, x.0, y);
    }

    /// The number in all four lanes.
    pub(super) fn spread(&mut self, out: Xmm, x: Place) {
        self.vex(Three(WIDE | 1, 2, 0, 0x19), out.0, 0, x); // vbroadcastsd
    }

    /// Loads all four lanes.
    pub(super) fn load_four(&mut self, out: Xmm, from: Place) {
        match from {
            Place::Register(from) if from == out => {}
            Place::Register(from) => self.vex(Three(WIDE | 1, 1, 0, 0x28), out.0, 0, from.into()), // vmovapd
            Place::Memory(..) => self.vex(Three(WIDE | 1, 1, 0, 0x10), out.0, 0, from),            // vmovupd
        }
    }

    /// Stores all four lanes.
    pub(super) fn store_four(&mut self, x: Xmm, base: Base, offset: i32) {
        self.vex(Three(WIDE | 1, 1, 0, 0x11), x.0, 0, Place::Memory(base, offset)); // vmovupd
    }

    /// The upper two of four lanes.
    pub(super) fn high_pair(&mut self, out: Xmm, x: Xmm) {
        self.vex(Three(WIDE | 1, 3, 0, 0x19), x.0, 0, out.into()); // vextractf128
        self.bytes.push(1);
    }

    /// Clears the upper lanes of all registers, which slow other code down.
    pub(super) fn clear_high_lanes(&mut self) {
        self.put(&[0xc5, 0xf8, 0x77]); // vzeroupper
    }

    pub(super) fn load(&mut self, out: Xmm, from: Place) {
        match from {
            Place::Register(from) if from == out => {}
            Place::Register(from) => self.vex(Three(1, 1, 0, 0x28), out.0, 0, from.into()),
            Place::Memory(..) => self.vex(Three(3, 1, 0, 0x10), out.0, 0, from),
        }
    }

    pub(super) fn store(&mut self, x: Xmm, base: Base, offset: i32) {
        self.vex(Three(3, 1, 0, 0x11), x.0, 0, Place::Memory(base, offset));
    }

    /// Asks for the line of bytes that is so far after the next instruction. Beyond the end of the code this does nothing.
    pub(super) fn fetch(&mut self, ahead: usize) {
        self.put(&[0x0f, 0x18, 0x15]); // prefetcht1 [rip + ahead]
        self.put(&(ahead as i32).to_le_bytes());
    }

    /// Joins the bits of `x` to the flags: to those that make the interpreter run the point again.
    pub(super) fn join_flags(&mut self, x: Xmm) {
        // vmovq rax, x; or r15, rax
        self.vex(Three(1, 1, 1, 0x7e), x.0, 0, Place::Register(Xmm(0)));
        self.put(&[0x49, 0x09, 0xc7]);
    }

    /// Takes over the registers of a caller with the System V convention: `rdi` points to the frame,
    /// `rsi` to the inputs, `rdx` to the outputs, `rcx` to the context.
    pub(super) fn enter(&mut self, frame: i32) {
        self.put(&[0x53, 0x55, 0x41, 0x55, 0x41, 0x56, 0x41, 0x57]); // push rbx, rbp, r13, r14, r15
        self.put(&[0x48, 0x8d, 0x9f]); // lea rbx, [rdi + frame]
        self.put(&frame.to_le_bytes());
        self.put(&[0x48, 0x89, 0xf5]); // mov rbp, rsi
        self.put(&[0x49, 0x89, 0xd5]); // mov r13, rdx
        self.put(&[0x49, 0x89, 0xce]); // mov r14, rcx
        self.put(&[0x45, 0x31, 0xff]); // xor r15d, r15d
    }

    /// Returns the flags.
    pub(super) fn leave(&mut self) {
        self.put(&[0x4c, 0x89, 0xf8]); // mov rax, r15
        self.put(&[0x41, 0x5f, 0x41, 0x5e, 0x41, 0x5d, 0x5d, 0x5b, 0xc3]); // pop in turn, ret
    }

    /// Calls a function with the context, an address in the frame, and two numbers.
    pub(super) fn call(&mut self, function: usize, frame: i32, third: u32, fourth: u32) {
        self.put(&[0x4c, 0x89, 0xf7]); // mov rdi, r14
        self.put(&[0x48, 0x8d, 0xb3]); // lea rsi, [rbx + frame]
        self.put(&frame.to_le_bytes());
        self.bytes.push(0xba); // mov edx, third
        self.put(&third.to_le_bytes());
        self.bytes.push(0xb9); // mov ecx, fourth
        self.put(&fourth.to_le_bytes());
        self.call_address(function);
    }

    /// The same, but for `edx`, which is set before.
    pub(super) fn call_with_edx(&mut self, function: usize, frame: i32) {
        self.put(&[0x4c, 0x89, 0xf7, 0x48, 0x8d, 0xb3]);
        self.put(&frame.to_le_bytes());
        self.call_address(function);
    }

    /// Calls a function with the context alone; a number is in the first register.
    pub(super) fn call_with_context(&mut self, function: usize) {
        self.put(&[0x4c, 0x89, 0xf7]);
        self.call_address(function);
    }

    fn call_address(&mut self, function: usize) {
        self.put(&[0x48, 0xb8]); // mov rax, function
        self.put(&(function as u64).to_le_bytes());
        self.put(&[0xff, 0xd0]); // call rax
    }

    pub(super) fn set_edx(&mut self, number: u32) {
        self.bytes.push(0xba);
        self.put(&number.to_le_bytes());
    }

    /// Moves the stack pointer by eight bytes down, and back.
    pub(super) fn align_stack(&mut self) {
        self.put(&[0x48, 0x83, 0xec, 8]);
    }

    pub(super) fn align_stack_back(&mut self) {
        self.put(&[0x48, 0x83, 0xc4, 8]);
    }

    pub(super) fn ret(&mut self) {
        self.bytes.push(0xc3);
    }

    /// Jumps if not `low < x`, NaN included.
    pub(super) fn jump_unless_above(&mut self, x: Xmm, low: Place) -> Jump {
        self.vex(Three(1, 1, 0, 0x2e), x.0, 0, low); // vucomisd
        self.put(&[0x0f, 0x86]); // jbe
        self.distance()
    }

    /// Jumps if not `x < high`, for an ordered pair.
    pub(super) fn jump_unless_below(&mut self, x: Xmm, high: Place) -> Jump {
        self.vex(Three(1, 1, 0, 0x2e), x.0, 0, high);
        self.put(&[0x0f, 0x83]); // jae
        self.distance()
    }

    pub(super) fn jump(&mut self) -> Jump {
        self.bytes.push(0xe9);
        self.distance()
    }

    /// Calls code of the same block.
    pub(super) fn call_near(&mut self) -> Jump {
        self.bytes.push(0xe8);
        self.distance()
    }

    fn distance(&mut self) -> Jump {
        self.put(&[0; 4]);
        Jump(self.bytes.len())
    }

    /// Where the next instruction will stand.
    pub(super) fn here(&self) -> usize {
        self.bytes.len()
    }

    /// Lets the jump lead to this place.
    pub(super) fn lead(&mut self, Jump(from): Jump, to: usize) {
        let distance = (to as i64 - from as i64) as i32;
        self.bytes[from - 4..from].copy_from_slice(&distance.to_le_bytes());
    }
}

#[cfg(test)]
mod tests {
    use iced_x86::{Decoder, DecoderOptions, Formatter, IntelFormatter};

    use super::*;

    /// The text of the instructions, as the other decoder reads them.
    fn read(write: impl FnOnce(&mut Encoder)) -> String {
        let mut code = Encoder::default();
        write(&mut code);
        let mut decoder = Decoder::with_ip(64, &code.bytes, 0, DecoderOptions::NONE);
        let mut formatter = IntelFormatter::new();
        let options = formatter.options_mut();
        options.set_space_after_operand_separator(true);
        options.set_use_pseudo_ops(false);
        options.set_hex_prefix("");
        options.set_hex_suffix("");
        options.set_decimal_digit_group_size(0);
        options.set_number_base(iced_x86::NumberBase::Decimal);
        let mut lines = Vec::new();
        while decoder.can_decode() {
            let mut line = String::new();
            let instruction = decoder.decode();
            assert!(!instruction.is_invalid(), "{:02x?}", code.bytes);
            formatter.format(&instruction, &mut line);
            lines.push(line);
        }
        lines.join("; ")
    }

    fn places() -> impl Iterator<Item = Place> {
        let registers = (0..16).map(|k| Xmm(k).into());
        let offsets = [0, 8, -128, 127, 128, -129, 1 << 20, i32::MAX, i32::MIN];
        let bases = [Base::Frame, Base::Inputs, Base::Outputs];
        registers.chain(bases.into_iter().flat_map(move |base| offsets.map(|offset| Place::Memory(base, offset))))
    }

    /// As the decoder writes an operand.
    fn text(place: Place) -> String {
        let (base, offset) = match place {
            Place::Register(Xmm(k)) => return format!("xmm{k}"),
            Place::Memory(Base::Frame, offset) => ("rbx", offset),
            Place::Memory(Base::Inputs, offset) => ("rbp", offset),
            Place::Memory(Base::Outputs, offset) => ("r13", offset),
        };
        match offset {
            0 => format!("[{base}]"),
            _ => format!("[{base}{offset:+}]"),
        }
    }

    fn same(got: String, expected: String) {
        // Whether a displacement of 0 is written does not matter.
        assert_eq!(got.replace("+0]", "]"), expected);
    }

    #[test]
    fn instructions_of_three_operands_are_what_another_decoder_reads() {
        let names = [
            (ADD, "vaddsd"),
            (MUL, "vmulsd"),
            (SUB, "vsubsd"),
            (MIN, "vminsd"),
            (DIV, "vdivsd"),
            (MAX, "vmaxsd"),
            (SQRT, "vsqrtsd"),
            (AND, "vandpd"),
            (ANDN, "vandnpd"),
            (OR, "vorpd"),
            (XOR, "vxorpd"),
            (LOWER, "vunpcklpd"),
            (UPPER, "vunpckhpd"),
            (SAME_BITS, "vpcmpeqq"),
            (MADD, "vfmadd231sd"),
            (MSUB, "vfmsub231sd"),
            (NMADD, "vfnmadd231sd"),
        ];
        for (op, name) in names {
            for y in places() {
                for (out, x) in [(0, 15), (7, 8), (8, 7), (15, 0)] {
                    let got = read(|code| code.three(op, Xmm(out), Xmm(x), y));
                    same(got, format!("{name} xmm{out}, xmm{x}, {}", text(y)));
                }
            }
        }
    }

    #[test]
    fn moves_comparisons_and_roundings_are_what_another_decoder_reads() {
        for y in places() {
            let got = read(|code| code.compare(Compare::NotLess, Xmm(9), Xmm(3), y));
            same(got, format!("vcmpsd xmm9, xmm3, {}, 21", text(y)));
            match y {
                Place::Register(Xmm(k)) => {
                    let expected = if k == 5 { String::new() } else { format!("vmovapd xmm5, xmm{k}") };
                    same(read(|code| code.load(Xmm(5), y)), expected);
                }
                Place::Memory(base, offset) => {
                    same(read(|code| code.load(Xmm(12), y)), format!("vmovsd xmm12, {}", text(y)));
                    let got = read(|code| code.store(Xmm(12), base, offset));
                    same(got, format!("vmovsd {}, xmm12", text(y)));
                }
            }
            // Both jump to what follows them.
            let write = |code: &mut Encoder| {
                let [above, below] = [code.jump_unless_above(Xmm(14), y), code.jump_unless_below(Xmm(2), y)];
                [above, below].into_iter().for_each(|jump| code.lead(jump, 100));
            };
            let text = text(y);
            same(read(write), format!("vucomisd xmm14, {text}; jbe 100; vucomisd xmm2, {text}; jae 100"));
        }
        for (a, b, c, d) in [(0, 1, 2, 3), (15, 14, 13, 12), (8, 7, 9, 6)] {
            let got = read(|code| code.blend(Xmm(a), Xmm(b), Xmm(c), Xmm(d)));
            same(got, format!("vblendvpd xmm{a}, xmm{b}, xmm{c}, xmm{d}"));
            let got = read(|code| code.round(Rounding::Trunc, Xmm(a), Xmm(b)));
            same(got, format!("vroundsd xmm{a}, xmm{b}, xmm{b}, 11"));
            let got = read(|code| code.join_pairs(Xmm(a), Xmm(b), Xmm(c)));
            same(got, format!("vinsertf128 ymm{a}, ymm{b}, xmm{c}, 1"));
            same(read(|code| code.high_pair(Xmm(a), Xmm(b))), format!("vextractf128 xmm{a}, ymm{b}, 1"));
            same(read(Encoder::clear_high_lanes), "vzeroupper".into());
            let got = read(|code| code.store_four(Xmm(a), Base::Frame, 256));
            same(got, format!("vmovupd [rbx+256], ymm{a}"));
            same(read(|code| code.join_flags(Xmm(a))), format!("vmovq rax, xmm{a}; or r15, rax"));
        }
    }

    #[test]
    fn instructions_on_four_numbers_are_what_another_decoder_reads() {
        let four = |y| text(y).replace("xmm", "ymm");
        let names = [
            (ADD, "vaddpd"),
            (MUL, "vmulpd"),
            (SUB, "vsubpd"),
            (DIV, "vdivpd"),
            (MADD, "vfmadd231pd"),
            (MSUB, "vfmsub231pd"),
            (NMADD, "vfnmadd231pd"),
        ];
        for y in places() {
            for (op, name) in names {
                for (out, x) in [(0, 15), (7, 8), (8, 7), (15, 0)] {
                    let got = read(|code| code.three_by_four(op, Xmm(out), Xmm(x), y));
                    same(got, format!("{name} ymm{out}, ymm{x}, {}", four(y)));
                }
            }
            let got = read(|code| code.spread(Xmm(9), y));
            same(got, format!("vbroadcastsd ymm9, {}", text(y)));
            let expected = match y {
                Place::Register(Xmm(9)) => String::new(),
                Place::Register(_) => format!("vmovapd ymm9, {}", four(y)),
                Place::Memory(..) => format!("vmovupd ymm9, {}", four(y)),
            };
            same(read(|code| code.load_four(Xmm(9), y)), expected);
        }
    }

    #[test]
    fn four_numbers_are_gathered_from_registers_and_from_memory() {
        let [x, y] = [Place::Memory(Base::Inputs, 8), Place::Memory(Base::Frame, 16)];
        let gather = |x, out| read(move |code| code.gather(x, Xmm(out), [Xmm(14), Xmm(15)]));
        same(
            gather([Xmm(0).into(), Xmm(9).into(), Xmm(1).into(), x], 0),
            "vunpcklpd xmm14, xmm0, xmm9; vmovhpd xmm15, xmm1, [rbp+8]; vinsertf128 ymm0, ymm14, xmm15, 1".into(),
        );
        same(
            gather([x, Xmm(3).into(), x, y], 14),
            "vmovsd xmm14, [rbp+8]; vunpcklpd xmm14, xmm14, xmm3; vmovsd xmm15, [rbp+8]; \
             vmovhpd xmm15, xmm15, [rbx+16]; vinsertf128 ymm14, ymm14, xmm15, 1"
                .into(),
        );
    }

    #[test]
    fn the_frame_of_the_code_is_what_another_decoder_reads() {
        same(
            read(|code| code.enter(128)),
            "push rbx; push rbp; push r13; push r14; push r15; lea rbx, [rdi+128]; mov rbp, rsi; mov r13, rdx; \
             mov r14, rcx; xor r15d, r15d"
                .into(),
        );
        same(read(Encoder::leave), "mov rax, r15; pop r15; pop r14; pop r13; pop rbp; pop rbx; ret".into());
        same(
            read(|code| code.call(0x1234_5678_9abc, -64, 7, 12)),
            format!(
                "mov rdi, r14; lea rsi, [rbx-64]; mov edx, 7; mov ecx, 12; mov rax, {}; call rax",
                0x1234_5678_9abcu64
            ),
        );
        same(read(|code| code.call_with_context(77)), "mov rdi, r14; mov rax, 77; call rax".into());
        same(read(|code| code.fetch(4096)), "prefetcht1 [4103]".into());
        let slow = |code: &mut Encoder| {
            code.set_edx(9);
            code.align_stack();
            code.call_with_edx(77, 1024);
            code.align_stack_back();
            code.ret();
        };
        same(
            read(slow),
            "mov edx, 9; sub rsp, 8; mov rdi, r14; lea rsi, [rbx+1024]; mov rax, 77; call rax; add rsp, 8; ret".into(),
        );
    }

    #[test]
    fn jumps_lead_where_they_are_told() {
        let write = |code: &mut Encoder| {
            let [call, jump] = [code.call_near(), code.jump()];
            code.ret();
            let here = code.here();
            code.lead(call, here);
            code.lead(jump, 0);
        };
        same(read(write), "call 11; jmp 0; ret".into());
    }
}
