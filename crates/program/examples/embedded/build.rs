//! Records the energy, compiles it with its gradient, and writes that as a Rust function.

use std::error::Error;
use std::path::PathBuf;
use std::{env, fs};

use wengert_program::{Language, Options, Program};

#[path = "src/energy.rs"]
mod energy;

fn main() -> Result<(), Box<dyn Error>> {
    let program = Program::value_and_gradient(&energy::AT, energy::energy, &Options::new())?;
    let folder = PathBuf::from(env::var("OUT_DIR")?);
    fs::write(folder.join("energy.rs"), program.source(Language::Rust, "energy_and_gradient")?)?;
    println!("cargo::rerun-if-changed=src/energy.rs");
    Ok(())
}
