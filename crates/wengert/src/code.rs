//! The numbers that stand for ops on a tape. Read [`crate::tape`] next.
//!
//! A jump through a table is predicted badly on many machines, where comparisons are predicted
//! well. So the ops that formulas are mostly made of have the lowest codes: a sweep finds them by
//! two to four comparisons, and looks up all others.

use crate::op::{Op, for_each_op};

/// The common ops in the order of their codes, from 0.
const COMMON: [Op; 7] = [Op::Mul, Op::Add, Op::Sub, Op::MulC, Op::AddC, Op::SubC, Op::CSub];

const COUNT: usize = Op::ALL.len();

/// Beyond them a code has a bit to spare, for what an entry wants.
const _: () = assert!(COUNT <= 1 << 7);

/// The ops by their codes: the common ones, then all others in the order of the table.
const OPS: [Op; COUNT] = {
    let mut ops = [Op::Const; COUNT];
    let mut code = 0;
    while code < COMMON.len() {
        ops[code] = COMMON[code];
        code += 1;
    }
    let mut k = 0;
    while k < COUNT {
        if !is_common(Op::ALL[k]) {
            ops[code] = Op::ALL[k];
            code += 1;
        }
        k += 1;
    }
    ops
};

const CODES: [u8; COUNT] = {
    let mut codes = [0; COUNT];
    let mut code = 0;
    while code < COUNT {
        codes[OPS[code] as usize] = code as u8;
        code += 1;
    }
    codes
};

const fn is_common(op: Op) -> bool {
    let mut k = 0;
    while k < COMMON.len() {
        if COMMON[k] as u8 == op as u8 {
            return true;
        }
        k += 1;
    }
    false
}

impl Op {
    /// The number of the op on a tape, below 128; those of leaves and constants are the highest.
    #[inline(always)]
    pub(crate) const fn code(self) -> u8 {
        CODES[self as usize]
    }

    /// The op of a code that came from [`Op::code`].
    #[inline(always)]
    pub(crate) fn from_code(code: u8) -> Op {
        OPS[usize::from(code)]
    }
}

macro_rules! define_codes {
    (
        ops { $($(#[doc = $odoc:literal])+ $Op:ident = $oname:ident($ox:ident $(, $oy:ident)*) -> $or:ident, $ocost:ident $oform:ident $osym:literal, $oval:block, $obar:ident => [$($opull:expr),+];)+ }
        helpers { $($(#[doc = $hdoc:literal])+ $He:ident = $hname:ident($hx:ident $(, $hy:ident)* $(; $($hk:ident),+)?) -> $hr:ident, $hcost:ident $hform:ident $hsym:literal, $hval:block, $hbar:ident => [$($hpull:expr),+];)+ }
        stops { $($(#[doc = $sdoc:literal])+ $St:ident = $sname:ident($sx:ident $(, $sy:ident)*), $sform:ident $ssym:literal, $sval:block;)+ }
        folds { $($(#[doc = $fdoc:literal])+ $Fo:ident = $fname:ident($($fx:ident),+) -> $fr:ident, $fform:ident $fsym:literal, least $least:literal, $fval:block, $emit:ident => $partials:block;)+ }
    ) => {
        /// The codes as constants, to match on.
        #[allow(non_upper_case_globals, dead_code, reason = "named as the ops, all of them")]
        pub(crate) mod codes {
            use super::Op;
            $(pub(crate) const $Op: u8 = Op::$Op.code();)+
            $(pub(crate) const $He: u8 = Op::$He.code();)+
            $(pub(crate) const $St: u8 = Op::$St.code();)+
            $(pub(crate) const $Fo: u8 = Op::$Fo.code();)+
        }
    };
}
for_each_op!(define_codes);

/// The sweeps compare codes, and take their order for granted.
const _: () = assert!(
    codes::Mul == 0
        && codes::Add == 1
        && codes::Sub == 2
        && codes::MulC == 3
        && codes::AddC == 4
        && codes::SubC == 5
        && codes::CSub == 6
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_op_has_a_code_of_its_own_and_sources_the_highest() {
        for &op in Op::ALL {
            assert_eq!(Op::from_code(op.code()), op);
            let source = matches!(op, Op::Leaf | Op::Const);
            assert_eq!(op.code() >= Op::Leaf.code(), source, "{op:?}");
        }
        assert!(COMMON.iter().enumerate().all(|(k, op)| usize::from(op.code()) == k));
    }
}
