//! How much memory reading a net takes.

use wengert_nn::{Activation, Mlp};

/// The bytes of memory in use at the most while this runs.
fn most(f: impl FnOnce()) -> u64 {
    allocation_counter::measure(f).bytes_max
}

#[test]
fn reading_a_net_takes_memory_by_the_size_of_the_input() {
    let wide = Mlp::new(50, &[40, 40, 1], 1).unwrap();
    let deep = Mlp::from_parameters(1, &[(1, Activation::Relu); 500], vec![0.5; 1000]).unwrap();
    for net in [wide, deep] {
        let (json, bytes) = (serde_json::to_string(&net).unwrap(), postcard::to_stdvec(&net).unwrap());
        let by_json = most(|| drop(serde_json::from_str::<Mlp>(&json).unwrap()));
        let by_postcard = most(|| drop(postcard::from_bytes::<Mlp>(&bytes).unwrap()));
        assert!(by_json <= 16 * json.len() as u64, "{by_json} for {}", json.len());
        assert!(by_postcard <= 16 * bytes.len() as u64, "{by_postcard} for {}", bytes.len());
    }
}

/// Numbers that promise more than there is.
#[test]
fn promises_of_a_text_take_no_memory() {
    for lie in
        ["inputs 2\nlayer 1 relu\nparameters 4000000000000", "inputs 4000000000\nlayer 4000000000 relu\nparameters 3"]
    {
        let text = format!("wengert-nn 1\n{lie}\n3fe0000000000000\n3fe0000000000000\n3fe0000000000000\nend\n");
        let json = serde_json::to_string(&text).unwrap();
        let taken = most(|| assert!(serde_json::from_str::<Mlp>(&json).is_err()));
        assert!(taken <= 16 * json.len() as u64, "{taken} for {}", json.len());
    }
}
