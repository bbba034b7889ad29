//! Drawing your own graph: the softplus of a weighted sum with its values and gradients. The gradient of a softplus is
//! the sigmoid (Dugas et al., 2001), which the boxes must show. Graphviz is not needed for `.dot`.

use std::error::Error;

use wengert::Graph;

pub(crate) fn main() -> Result<(), Box<dyn Error>> {
    let g = Graph::new();
    let [w, x, b] = [("w", 0.5), ("x", 3.0), ("b", -1.0)].map(|(name, value)| g.var(value).named(name));
    let sum = {
        let _scope = g.scope("weighted sum");
        (w * x + b).named("sum")
    };
    let l = sum.softplus().named("loss");
    l.backward();

    let path = std::env::temp_dir().join(format!("wengert-own-graph-{}.dot", std::process::id()));
    let picture = wengert_viz::Options::new().draw(&g, &[l.id()])?;
    picture.save(&path)?;
    let dot = std::fs::read_to_string(&path)?;
    std::fs::remove_file(&path)?;
    println!("{dot}");

    let sigmoid = 1.0 / (1.0 + (-0.5_f64).exp());
    for (name, value, gradient) in [
        ("w", 0.5, sigmoid * 3.0),
        ("x", 3.0, sigmoid * 0.5),
        ("b", -1.0, sigmoid),
        ("sum", 0.5, sigmoid),
        ("loss", 0.5_f64.exp().ln_1p(), 1.0),
    ] {
        let shown = format!("{{ {name} | data {value:.4} | grad {gradient:.4} }}");
        assert!(dot.contains(&shown), "{shown}");
    }
    // Five named values and the product; three ops.
    assert_eq!(picture.petgraph().node_count(), 6 + 3);
    Ok(())
}
