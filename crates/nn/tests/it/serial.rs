//! Nets through serde: JSON and postcard.

use wengert_nn::{Activation, Mlp};

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
    let newer = serde_json::to_string(&net().text().replace("wengert-nn 1", "wengert-nn 2")).unwrap();
    assert!(message(&newer).contains("expected \"wengert-nn 1\""), "{}", message(&newer));
    let short = serde_json::to_string(&net().text().replace("parameters 7", "parameters 6")).unwrap();
    assert!(message(&short).contains("line"), "{}", message(&short));
}
