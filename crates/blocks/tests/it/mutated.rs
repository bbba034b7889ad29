//! Parts that were damaged: an error, or the right sums.

use std::fs;
use std::process::Output;

use proptest::prelude::*;

use crate::command::{command, small, small_part, succeed};

#[derive(Clone, Debug)]
enum Damage {
    Flip(prop::sample::Index, u8),
    Cut(prop::sample::Index),
    Remove(prop::sample::Index, usize),
    Insert(prop::sample::Index, Vec<u8>),
    Swap(prop::sample::Index, prop::sample::Index),
}

impl Damage {
    fn apply(&self, bytes: &mut Vec<u8>) {
        if bytes.is_empty() {
            return;
        }
        match self {
            Damage::Flip(at, bits) => *at.get_mut(bytes) ^= bits,
            Damage::Cut(at) => bytes.truncate(at.index(bytes.len())),
            Damage::Remove(at, count) => {
                let start = at.index(bytes.len());
                let end = bytes.len().min(start + count);
                bytes.drain(start..end);
            }
            Damage::Insert(at, new) => {
                let start = at.index(bytes.len());
                bytes.splice(start..start, new.iter().copied());
            }
            Damage::Swap(a, b) => {
                let (a, b) = (a.index(bytes.len()), b.index(bytes.len()));
                bytes.swap(a, b);
            }
        }
    }
}

fn damage() -> impl Strategy<Value = Damage> {
    let at = any::<prop::sample::Index>;
    prop_oneof![
        (at(), 1..=255u8).prop_map(|(at, bits)| Damage::Flip(at, bits)),
        at().prop_map(Damage::Cut),
        (at(), 1..40usize).prop_map(|(at, count)| Damage::Remove(at, count)),
        (at(), prop::collection::vec(any::<u8>(), 1..20)).prop_map(|(at, new)| Damage::Insert(at, new)),
        (at(), at()).prop_map(|(a, b)| Damage::Swap(a, b)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    /// With `mended`, the checksum is that of the damaged bytes, so that what comes after it is tested too.
    #[test]
    fn a_damaged_part_is_an_error_or_has_the_right_sums(
        damages in prop::collection::vec(damage(), 1..4),
        mended in any::<bool>(),
    ) {
        thread_local! {
            static MADE: (tempfile::TempDir, Vec<u8>, String) = {
                let folder = small(700);
                small_part(folder.path(), "--blocks 0..5", "first");
                small_part(folder.path(), "--blocks 5..11", "second");
                let bytes = fs::read(folder.path().join("second")).expect("is there");
                let right = succeed(folder.path(), "fold first second --format csv");
                (folder, bytes, right)
            };
        }
        let (output, right, mended) = MADE.with(|(folder, whole, right)| {
            let mut bytes = whole.clone();
            let body = bytes.len() - 4;
            if mended {
                bytes.truncate(body);
            }
            damages.iter().for_each(|damage| damage.apply(&mut bytes));
            if mended {
                bytes.extend(crc32fast::hash(&bytes).to_le_bytes());
            }
            let same = bytes == *whole;
            fs::write(folder.path().join("damaged"), bytes).expect("is written");
            let output: Output = command(folder.path(), "fold first damaged --format csv").output().expect("starts");
            (output, right.clone(), mended && !same)
        });
        let error = String::from_utf8_lossy(&output.stderr);
        match output.status.code() {
            // With a checksum that fits, a sum may have been changed on purpose.
            Some(0) if mended => prop_assert!(output.stdout.starts_with(b"output,label,sum,mean\n")),
            Some(0) => prop_assert_eq!(String::from_utf8_lossy(&output.stdout), right),
            code => {
                prop_assert_eq!(code, Some(1), "{}", error);
                prop_assert!(error.starts_with("error: ") && error.contains("damaged") || error.contains("missing"), "{}", error);
            }
        }
    }
}
