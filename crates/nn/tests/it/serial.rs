//! Nets through serde: JSON and postcard.

use wengert_nn::{Activation, Mlp, text};

/// Parameters that formats tend to lose: NaN with a payload, infinities, -0, subnormals, all 17 digits.
fn net() -> Mlp {
    let special = [f64::from_bits(0x7ff8_0000_0000_1234), f64::INFINITY, -0.0, 5e-324, 0.1 + 0.2, -1.0 / 3.0, 1e300];
    Mlp::from_parameters(2, &[(1, Activation::Tanh), (2, Activation::Linear)], special.to_vec()).unwrap()
}

fn bits(net: &Mlp) -> Vec<u64> {
    net.parameters().iter().map(|p| p.to_bits()).collect()
}

#[test]
fn a_net_comes_back_to_the_bit() {
    for net in [net(), Mlp::new(3, &[16, 16, 1], 5).unwrap()] {
        let by_json: Mlp = serde_json::from_str(&serde_json::to_string(&net).unwrap()).unwrap();
        let by_postcard: Mlp = postcard::from_bytes(&postcard::to_stdvec(&net).unwrap()).unwrap();
        for other in [by_json, by_postcard] {
            assert_eq!((bits(&other), other.layers()), (bits(&net), net.layers()));
        }
    }
}

#[test]
fn what_is_not_a_net_is_an_error_that_says_so() {
    let message = |json: &str| serde_json::from_str::<Mlp>(json).unwrap_err().to_string();
    assert!(message("3").contains("the text of a net"), "{}", message("3"));
    let newer = serde_json::to_string(&text(&net()).replace("wengert-nn 1", "wengert-nn 2")).unwrap();
    assert!(message(&newer).contains("expected \"wengert-nn 1\""), "{}", message(&newer));
    let short = serde_json::to_string(&text(&net()).replace("parameters 7", "parameters 6")).unwrap();
    assert!(message(&short).contains("line"), "{}", message(&short));
}

/// SplitMix64.
struct Random(u64);

impl Random {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % n as u64) as usize
    }
}

/// A few bytes set, inserted or dropped.
fn mutated(seed: &[u8], random: &mut Random) -> Vec<u8> {
    const LIKELY: &[u8] = b"0123456789abcdef \\n\"{}[]-layerparametersinputsendrelu";
    let mut bytes = seed.to_vec();
    for _ in 0..=random.below(3) {
        let (at, byte) = (random.below(bytes.len().max(1)), LIKELY[random.below(LIKELY.len())]);
        match random.below(4) {
            0 if at < bytes.len() => bytes[at] = byte,
            1 => bytes.insert(at, byte),
            2 if at < bytes.len() => _ = bytes.remove(at),
            _ => bytes.truncate(at.max(1)),
        }
    }
    bytes
}

#[test]
fn mutated_bytes_are_an_error_or_a_net() {
    let count = 1_000_000;
    let (json, bytes) = (serde_json::to_vec(&net()).unwrap(), postcard::to_stdvec(&net()).unwrap());
    let (mut random, mut nets) = (Random(1), 0);
    let mut check = |result: Option<Mlp>| {
        if let Some(net) = result {
            assert_eq!(bits(&wengert_nn::parse(&text(&net)).unwrap()), bits(&net));
            nets += 1;
        }
    };
    for _ in 0..count / 2 {
        check(serde_json::from_slice(&mutated(&json, &mut random)).ok());
        check(postcard::from_bytes(&mutated(&bytes, &mut random)).ok());
    }
    println!("{nets} of {count} are nets");
    assert!(nets > 0 && nets < count);
}
