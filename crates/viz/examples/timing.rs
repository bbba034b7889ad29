//! How long pictures take: `cargo run --release -p wengert-viz --example timing`.

use std::time::Instant;

use wengert::{Expr, Graph};
use wengert_viz::Options;

fn main() -> Result<(), wengert_viz::Error> {
    for nodes in [100, 300, 1_000, 3_000, 6_000] {
        for (kind, near) in [("near", 10), ("far", 200)] {
            let g = Graph::new();
            let mut state = 7u64;
            let mut random = |below: usize| {
                state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
                (state >> 33) as usize % below
            };
            let mut all: Vec<Expr> = (0..10).map(|k| g.var(0.1 * f64::from(k))).collect();
            // Each node is used, and so all of them are drawn.
            while all.len() < nodes {
                let [x, y] = [1, 1 + random(near.min(all.len()))].map(|back| all[all.len() - back]);
                all.push(if random(8) == 0 { g.var(1.0) + x } else { x * y });
            }
            let start = Instant::now();
            let root = all[all.len() - 1];
            let picture = Options::new().node_limit(usize::MAX).draw(&g, &[root.id()])?;
            let svg = picture.svg()?;
            let boxes = picture.petgraph().node_count();
            println!("{kind:5} {boxes:6} boxes {:4} kB {:?}", svg.len() / 1000, start.elapsed());
        }
    }
    Ok(())
}
