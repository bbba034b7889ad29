//! Functions of the user's own are drawn and written by their names.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use wengert::{External, Formula, Graph, Statement, function};
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

/// Doubles and triples, and counts how often.
struct Counted(Arc<AtomicUsize>);

impl External for Counted {
    fn name(&self) -> &str {
        "counted"
    }
    fn shape(&self) -> (usize, usize) {
        (1, 2)
    }
    fn value(&self, x: &[f64], y: &mut [f64]) -> Result<(), String> {
        self.0.fetch_add(1, Ordering::Relaxed);
        y.copy_from_slice(&[2.0 * x[0], 3.0 * x[0]]);
        Ok(())
    }
    fn vjp(&self, _: &[f64], _: &[f64], ybar: &[f64], xbar: &mut [f64]) -> Result<(), String> {
        xbar[0] = 2.0 * ybar[0] + 3.0 * ybar[1];
        Ok(())
    }
}

#[test]
fn a_page_calls_a_function_once_for_all_of_its_outputs() {
    let calls = Arc::new(AtomicUsize::new(0));
    let g = Graph::new();
    let function: Arc<dyn External> = Arc::new(Counted(calls.clone()));
    let outputs = g.external(function.clone(), &[g.var(1.5)]);
    let again = g.external(function, &outputs[1..]);
    let l = outputs[0] * again[1];
    l.backward();
    calls.store(0, Ordering::Relaxed);
    let data = data(&page(&g, &[l.id()]).unwrap().html("").unwrap());
    assert_eq!(floats(&data["columns"]["partial"]), [2.0, 3.0, 3.0, 13.5, 3.0]);
    assert_eq!(calls.load(Ordering::Relaxed), 2);
}

#[test]
fn operands_of_a_call_are_numbered_or_listed() {
    let cell = Statement::new("cell", 3, function!(|u| u[1] - (u[2] - u[0]) * u[1] * 0.05));
    let sum = Statement::new("sum", 14, Formula::sum(14, Formula::input));
    let g = Graph::new();
    let x: Vec<_> = (0..14).map(|k| g.var(f64::from(k)).named(&format!("x{k}"))).collect();
    let y = g.call(&cell, &[x[2], x[0], x[1]]);
    let picture = draw(&g, &[y.id()]).unwrap();
    let svg = picture.svg().unwrap();
    assert_eq!(Svg::read(&svg).faults(), [""; 0]);
    let shown = texts(&svg);
    for number in ["1", "2", "3", "cell"] {
        assert!(shown.contains(&number.to_owned()), "{number}: {shown:?}");
    }
    assert!(svg.contains("<title>n14 = cell(n2, n0, n1)</title>"), "{svg}");
    let dot = picture.dot();
    for edge in ["n2 -> op14 [headlabel=1]", "n0 -> op14 [headlabel=2]", "n1 -> op14 [headlabel=3]"] {
        assert!(dot.contains(edge), "{dot}");
    }
    assert_eq!(to_tex(&g, y.id()).unwrap(), r"\mathrm{cell}\left(x_{2}, x_{0}, x_{1}\right)");
    let html = page(&g, &[y.id()]).unwrap().html("").unwrap();
    let data = data(&html);
    assert_eq!(data["ops"][1]["ordered"], true);
    let slopes = [0.05 * x[0].value(), 1.0 - 0.05 * (1.0 - 2.0), -0.05 * x[0].value()];
    assert_eq!(floats(&data["columns"]["partial"]), slopes);
    // Too many to number.
    let y = g.call(&sum, &x);
    let picture = draw(&g, &[y.id()]).unwrap();
    let svg = picture.svg().unwrap();
    let keys: Vec<String> = (0..12).map(|k| format!("n{k}")).collect();
    assert!(svg.contains(&format!("<title>n15 = sum({}, … 2 more)</title>", keys.join(", "))), "{svg}");
    assert!(!texts(&svg).contains(&"1".to_owned()) && !picture.dot().contains("headlabel"));
}
