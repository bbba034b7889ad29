//! Files as their fields, to write what no program would save.

use serde::Serialize;

/// The fields of a file, in order: see `src/save.rs`.
#[derive(Clone, Default, Serialize)]
pub(crate) struct Raw {
    pub(crate) names: Vec<&'static str>,
    pub(crate) inputs: Vec<bool>,
    pub(crate) ops: Vec<u32>,
    pub(crate) counts: Vec<u32>,
    pub(crate) operands: Vec<u32>,
    pub(crate) immediates: Vec<f64>,
    pub(crate) outputs: Vec<(u32, bool)>,
    pub(crate) labels: Vec<(u32, &'static str)>,
    pub(crate) guards: Vec<(u32, u32, &'static str, bool, &'static str, &'static str)>,
    pub(crate) passes: [bool; 7],
}

impl Raw {
    /// With every pass but the one that may change bits.
    pub(crate) fn optimized(mut self) -> Raw {
        self.passes = [true, true, true, true, true, true, false];
        self
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        let bytes = postcard::to_extend(&(2u32, self), b"wengertp".to_vec());
        sealed(bytes.expect("lists of known length"))
    }
}

/// The bytes, followed by their checksum.
pub(crate) fn sealed(mut bytes: Vec<u8>) -> Vec<u8> {
    bytes.extend(crc32fast::hash(&bytes).to_le_bytes());
    bytes
}
