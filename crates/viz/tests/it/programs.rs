//! A program is drawn by recording it.

use wengert::Graph;
use wengert_program::{Options, Program};

#[test]
fn a_program_is_drawn_as_it_was_recorded() {
    let shapes = |options: &Options| {
        let program = Program::from_fn(&[0.5], |x| vec![x[0].sin() * x[0].sin()], options).expect("compiles");
        let graph = Graph::new();
        let x = graph.var(0.5).named("x");
        let outputs = program.record(&graph, &[x.id()]).expect("one input");
        let picture = wengert_viz::draw(&graph, &outputs).expect("its own nodes");
        assert!(picture.dot().contains("{ x | data 0.5000"));
        picture.petgraph().node_count()
    };
    // The input, two sines and their product, each with an op, no matter what the passes did.
    assert_eq!(shapes(&Options::plain()), 4 + 3);
    assert_eq!(shapes(&Options::new()), 4 + 3);
}
