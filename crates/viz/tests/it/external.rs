//! Functions of the user's own are drawn and written by their names.

use std::sync::Arc;

use wengert::{External, Graph};
use wengert_viz::{draw, page, to_tex};

use crate::pages::{data, floats};
use crate::support::{Svg, read, texts};

/// The quotient and the remainder of whole numbers, under any name.
struct Division(&'static str);

impl External for Division {
    fn name(&self) -> &str {
        self.0
    }
    fn shape(&self) -> (usize, usize) {
        (2, 2)
    }
    fn value(&self, x: &[f64], y: &mut [f64]) -> Result<(), String> {
        y.copy_from_slice(&[(x[0] / x[1]).trunc(), x[0] % x[1]]);
        Ok(())
    }
    fn vjp(&self, _: &[f64], y: &[f64], ybar: &[f64], xbar: &mut [f64]) -> Result<(), String> {
        xbar.copy_from_slice(&[ybar[1], -ybar[1] * y[0]]);
        Ok(())
    }
}

#[test]
fn pictures_and_formulas_have_the_name_of_the_function() {
    for (name, escaped) in [("divide", "divide"), ("a<b> & \"c\"", "a<b> \\& \"c\"")] {
        let g = Graph::new();
        let [x, y] = [g.var(17.0).named("x"), g.var(5.0).named("y")];
        let outputs = g.external(Arc::new(Division(name)), &[x, y]);
        let l = outputs[0] * outputs[1];
        l.backward();
        assert_eq!(
            to_tex(&g, l.id()).unwrap(),
            format!("\\mathrm{{{escaped}[0]}}\\left(x, y\\right) \\, \\mathrm{{{escaped}[1]}}\\left(x, y\\right)")
        );
        let picture = draw(&g, &[l.id()]).unwrap();
        let svg = picture.svg().unwrap();
        assert_eq!(Svg::read(&svg).faults(), [""; 0]);
        let shown = texts(&svg);
        for output in ["[0]", "[1]"] {
            assert!(shown.contains(&format!("{name}{output}")), "{shown:?}");
        }
        assert!(read(&picture.dot()).boxes.len() >= 5);
        // The local derivatives of both outputs and of the product.
        let data = data(&page(&g, &[l.id()]).unwrap().html("divide").unwrap());
        assert_eq!(floats(&data["columns"]["partial"]), [0.0, 0.0, 1.0, -3.0, 2.0, 3.0]);
        let captions: Vec<&str> =
            data["ops"].as_array().unwrap().iter().filter_map(|op| op["caption"].as_str()).collect();
        assert!(captions.contains(&&*format!("{name}[1]")), "{captions:?}");
    }
}
