//! Every example runs, and its assertions hold.

#[path = "../examples/assimilation.rs"]
mod assimilation;
#[path = "../examples/burgers.rs"]
mod burgers;
#[path = "../examples/classifier.rs"]
mod classifier;
#[path = "../examples/curve_fit.rs"]
mod curve_fit;
#[path = "../examples/engine_map.rs"]
mod engine_map;
#[path = "../examples/greeks.rs"]
mod greeks;
#[path = "../examples/heat.rs"]
mod heat;
#[path = "../examples/inverse_kinematics.rs"]
mod inverse_kinematics;
#[path = "../examples/kepler.rs"]
mod kepler;
#[path = "../examples/own_graph.rs"]
mod own_graph;
#[path = "../examples/pendulum.rs"]
mod pendulum;
#[path = "../examples/spiral.rs"]
mod spiral;
#[path = "../examples/spline_fit.rs"]
mod spline_fit;
#[path = "../examples/swing_up.rs"]
mod swing_up;

#[test]
fn curve_fit_finds_the_certified_parameters() {
    curve_fit::main();
}

#[test]
fn greeks_are_those_of_the_closed_forms() {
    greeks::main();
}

#[test]
fn classifier_resumes_to_the_bit_and_its_probabilities_have_the_means_of_the_optimum() {
    classifier::main().unwrap();
}

#[test]
fn inverse_kinematics_finds_the_joints_of_the_closed_form() {
    inverse_kinematics::main();
}

#[test]
fn pendulum_is_back_after_its_period() {
    pendulum::main();
}

#[test]
fn kepler_has_the_derivatives_that_are_found_by_hand() {
    kepler::main().unwrap();
}

#[test]
fn heat_has_the_derivatives_of_elimination_op_by_op() {
    heat::main().unwrap();
}

#[test]
fn engine_map_has_the_derivatives_of_its_polynomial() {
    engine_map::main().unwrap();
}

#[test]
fn spline_fit_has_the_derivatives_of_linear_regression() {
    spline_fit::main().unwrap();
}

#[test]
fn own_graph_shows_values_and_gradients() {
    own_graph::main().unwrap();
}

#[test]
fn assimilation_finds_the_state_that_the_system_started_in() {
    assimilation::main().unwrap();
}

#[test]
fn spiral_is_learned() {
    spiral::main().unwrap();
}

#[test]
fn swing_up_ends_upright() {
    swing_up::main().unwrap();
}

#[test]
fn burgers_finds_viscosity_and_height() {
    burgers::main().unwrap();
}

#[test]
fn every_example_is_run() {
    let mut names: Vec<String> = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/examples"))
        .expect("the examples are there")
        .map(|entry| entry.expect("one is there").file_name().into_string().expect("it is named"))
        .collect();
    names.sort();
    let here = include_str!("examples.rs");
    for name in names {
        assert!(here.contains(&format!("../examples/{name}")), "{name}");
    }
}
