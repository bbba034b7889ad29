//! Random bytes, for targets whose bytes all mean something.

use fuzz_targets::{api, labels, routes};

/// SplitMix64.
pub(crate) struct Random(pub(crate) u64);

/// How many cases: what `FUZZ_CASES` says, or else so many.
pub(crate) fn cases(otherwise: u64) -> u64 {
    std::env::var("FUZZ_CASES").map_or(otherwise, |cases| cases.parse().expect("a number"))
}

impl Random {
    pub(crate) fn below(&mut self, n: usize) -> usize {
        (self.next() % n as u64) as usize
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ z >> 31
    }
}

/// `FUZZ_CASES=100000 cargo test --release -p fuzz-targets --test it random` tries that many for each target.
#[test]
fn every_target_passes_random_bytes() {
    let cases = cases(200);
    for (target, name, longest) in
        [(api as fuzz_targets::Target, "api", 600), (routes, "routes", 120), (labels, "labels", 60)]
    {
        for seed in 0..cases {
            let mut random = Random(seed);
            let length = random.next() % longest;
            let bytes: Vec<u8> = (0..length).map(|_| random.next() as u8).collect();
            // Printed if it panics.
            println!("{name}, seed {seed}: {bytes:?}");
            target(&bytes);
        }
    }
}
