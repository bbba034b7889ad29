//! The table of a graph.

use wengert::Graph;
use wengert_viz::summary;

#[test]
fn every_node_is_counted_in_all_of_its_scopes() {
    let g = Graph::new();
    let x = g.var(0.5);
    let mut y = x;
    for layer in 1..=2 {
        let _layer = g.scope(format!("layer {layer}"));
        for neuron in 1..=3 {
            let _neuron = g.scope(format!("neuron {neuron}"));
            y = y * g.var(1.0) + 2.0;
        }
    }
    {
        // Opened again: the same scope.
        let _layer = g.scope("layer 1");
        y = y.detach().sin();
    }
    let table = summary(&g);
    let of = |path: &[&str]| table.rows.iter().find(|row| row.path == path).unwrap();
    assert_eq!(table.rows.len(), 1 + 2 + 6);
    assert_eq!((of(&[]).nodes, of(&[]).leaves), (21, 7));
    assert_eq!((of(&["layer 1"]).nodes, of(&["layer 1"]).leaves), (11, 3));
    assert_eq!(of(&["layer 2", "neuron 3"]).products, 2 + 1);
    assert_eq!(of(&["layer 1"]).products, 9, "nothing passes beyond detach");
    assert_eq!(of(&["layer 2"]).share, 0.5);
    let order: Vec<String> = table.rows.iter().map(|row| row.path.join("/")).collect();
    assert_eq!(order[1..3], ["layer 1", "layer 1/neuron 1"]);
    assert_eq!(order[5], "layer 2");
    let _ = y;
}

#[test]
fn a_table_of_many_scopes_shows_the_outer_ones_and_says_so() {
    let g = Graph::new();
    for outer in 0..10 {
        let _outer = g.scope(format!("outer {outer}"));
        for inner in 0..20 {
            let _inner = g.scope(format!("inner {inner}"));
            g.leaf(1.0);
        }
    }
    let text = summary(&g).to_string();
    assert_eq!(text.lines().count(), 1 + 1 + 10 + 1);
    assert!(text.ends_with("… 200 more scopes within these\n"), "{text}");
    assert_eq!(summary(&Graph::new()).rows.len(), 1);
}
