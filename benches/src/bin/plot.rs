//! Writes docs/pictures/tapes.svg from docs/performance.md: `just plot`.

#![forbid(unsafe_code)]

use benches::plot::{svg, totals};

fn main() -> std::io::Result<()> {
    let docs = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs");
    let performance = std::fs::read_to_string(format!("{docs}/performance.md"))?;
    std::fs::write(format!("{docs}/pictures/tapes.svg"), svg(&totals(&performance)))
}
