//! What pages hold: all numbers to the bit, every block small enough to be looked at, and nothing that loads another
//! file. What they show is checked in a browser, by `browser/run`.

use std::io::Read;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::Value;
use wengert::{Expr, Graph, NodeId};
use wengert_nn::{Mlp, Trainer, max_margin};
use wengert_viz::{Options, draw, page};

/// The data of a page.
pub(crate) fn data(page: &str) -> Value {
    let (_, rest) = page.split_once(r#"<script id="data" type="text/plain">"#).unwrap();
    let (packed, _) = rest.split_once("</script>").unwrap();
    let bytes = BASE64_STANDARD.decode(packed).unwrap();
    let mut json = String::new();
    flate2::read::ZlibDecoder::new(&bytes[..]).read_to_string(&mut json).unwrap();
    serde_json::from_str(&json).unwrap()
}

fn bytes(column: &Value) -> Vec<u8> {
    BASE64_STANDARD.decode(column.as_str().unwrap()).unwrap()
}

pub(crate) fn floats(column: &Value) -> Vec<f64> {
    let bytes = bytes(column);
    bytes.chunks(8).map(|chunk| f64::from_le_bytes(chunk.try_into().unwrap())).collect()
}

fn numbers(column: &Value) -> Vec<u32> {
    let bytes = bytes(column);
    bytes.chunks(4).map(|chunk| u32::from_le_bytes(chunk.try_into().unwrap())).collect()
}

#[test]
fn a_page_holds_every_number_to_the_bit() {
    let g = Graph::new();
    let (x, y) = (g.var(0.1).named("x"), g.var(-3e300));
    let z = (x * y).tanh() + (x / 3.0).exp() * x;
    z.backward();
    let data = data(&page(&g, &[z.id()]).unwrap().html("title").unwrap());
    let values: Vec<f64> = g.nodes().map(|node| node.value).collect();
    let grads: Vec<f64> = g.nodes().map(|node| g.grad(node.id)).collect();
    assert_eq!(floats(&data["columns"]["value"]), values);
    assert_eq!(floats(&data["columns"]["grad"]), grads);
    let (start, operand) = (numbers(&data["columns"]["start"]), numbers(&data["columns"]["operand"]));
    let partial = floats(&data["columns"]["partial"]);
    for (k, node) in g.nodes().enumerate() {
        let of = start[k] as usize..start[k + 1] as usize;
        let operands: Vec<usize> = node.operands.iter().map(|x| x.index()).collect();
        assert_eq!(operand[of.clone()].iter().map(|&x| x as usize).collect::<Vec<_>>(), operands);
        if node.op == wengert::Op::Mul {
            let exact: Vec<f64> = [1, 0].iter().map(|&k| g.value(node.operands[k])).collect();
            assert_eq!(partial[of], exact);
        }
    }
    assert_eq!(data["seeds"], serde_json::json!([[z.id().index(), 1.0]]));
    assert_eq!(data["labels"], serde_json::json!({"0": "x"}));
}

#[test]
fn what_flows_back_from_outside_of_the_picture_is_a_seed_of_its_own() {
    let g = Graph::new();
    let x = g.var(2.0);
    let inner = x * x;
    let outer = inner * 5.0;
    outer.backward();
    let data = data(&page(&g, &[inner.id()]).unwrap().html("").unwrap());
    assert_eq!(data["seeds"], serde_json::json!([[1, 5.0]]));
}

#[test]
fn a_node_that_wants_no_gradient_has_no_seed() {
    let g = Graph::new();
    let y = g.mul(g.leaf(3.0), g.constant(7.0));
    g.backward(y);
    let data = data(&page(&g, &[y]).unwrap().html("").unwrap());
    assert_eq!(data["seeds"], serde_json::json!([[2, 1.0]]));
}

#[test]
fn an_operand_keeps_its_place_where_another_is_not_shown() {
    let g = Graph::new();
    let near = g.var(2.0).named("near");
    let l = g.var(3.0).sin() - near * near;
    let product = g.nodes().nth(3).unwrap().id;
    l.backward();
    let picture = Options::new().depth_limit(0).draw(&g, &[near.id(), product, l.id()]).unwrap();
    let data = data(&picture.html("").unwrap());
    let hidden = u32::MAX;
    // A leaf, a product, and a difference of which the first operand is hidden.
    assert_eq!(numbers(&data["columns"]["start"]), [0, 0, 2, 4]);
    assert_eq!(numbers(&data["columns"]["operand"]), [0, 0, hidden, 1]);
    let partial = floats(&data["columns"]["partial"]);
    assert_eq!(partial[..2], [2.0, 2.0]);
    assert!(partial[2].is_nan() && partial[3].is_nan(), "not known without all operands");
    assert_eq!(data["ops"][2]["formula"], "@0 - @1");
    assert_eq!(data["seeds"], serde_json::json!([[1, -1.0], [2, 1.0]]));
    // All operands that a limit leaves out count.
    let g = Graph::new();
    let y = g.sum(&[1.0, 2.0, 3.0].map(|x| g.leaf(x)));
    let data = self::data(&Options::new().depth_limit(0).draw(&g, &[y]).unwrap().html("").unwrap());
    assert_eq!(numbers(&data["columns"]["operand"]), [hidden; 3]);
    assert_eq!(data["ops"][0]["formula"], "@0 + @1 + @2");
}

#[test]
fn every_one_of_many_kinds_of_ops_is_shown_as_itself() {
    let kinds = 66_000;
    let g = Graph::new();
    let y = (0..kinds).fold(g.leaf(0.0), |x, k| g.add_c(x, 0.5 + f64::from(k)));
    let data = data(&page(&g, &[y]).unwrap().html("").unwrap());
    let op_of = numbers(&data["columns"]["op"]);
    assert_eq!(data["ops"][op_of[65_999] as usize]["caption"], "+ 65998.5");
    assert_eq!(data["ops"][op_of[66_000] as usize]["caption"], "+ 65999.5");
}

#[test]
fn a_page_has_a_safe_title_and_asks_for_nothing() {
    let g = Graph::new();
    let page = draw(&g, &[g.leaf(1.0)]).unwrap().html("<b> & {{data}} ]]>").unwrap();
    assert!(page.starts_with("<!doctype html>"));
    assert!(page.contains("<title>&lt;b&gt; &amp; {{data}} ]]&gt;</title>"));
    for asking in ["src=", "@import", "fetch(", "XMLHttpRequest", "import(", "https:"] {
        assert!(!page.contains(asking), "{asking}");
    }
    // What is named by url is in the page itself.
    assert_eq!(page.matches("url(").count(), page.matches("url(#").count());
    // The name of the SVG elements is not an address that is requested.
    assert_eq!(page.matches("http:").count(), page.matches("http://www.w3.org/2000/svg").count());
}

/// A batch of the moons, recorded as training records it: 65,000 nodes in no scope.
fn batch() -> (Trainer, NodeId) {
    let layers = [(16, "relu"), (16, "relu"), (1, "linear")].map(|(width, name)| (width, name.parse().unwrap()));
    let net = Mlp::with_layers(2, &layers, 1).unwrap();
    let mut trainer = Trainer::new(net.parameters());
    trainer.record(|_, parameters| {
        let losses = (0..100).map(|k| {
            let x = [0.01 * f64::from(k), 0.5].map(Expr::from);
            max_margin(&net.forward(parameters, &x), &[Expr::from(1.0)])
        });
        losses.fold(Expr::from(0.0), |sum, loss| sum + loss)
    });
    let last = trainer.graph().nodes().last().unwrap().id;
    (trainer, last)
}

#[test]
fn no_view_of_a_large_graph_holds_more_than_can_be_looked_at() {
    let (trainer, loss) = batch();
    let html = page(trainer.graph(), &[loss]).unwrap().html("batch").unwrap();
    assert!(html.len() < 10_000_000, "{}", html.len());
    let data = data(&html);
    let count = data["count"].as_u64().unwrap() as usize;
    assert!(count > 60_000);
    let blocks = data["layouts"][0]["blocks"].as_array().unwrap();
    let mut held = 0;
    for block in blocks {
        let entries: Vec<f64> = block["entries"].as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect();
        let kinds: Vec<f64> = entries.chunks(4).map(|entry| entry[0]).collect();
        let boxes = kinds.iter().filter(|&&kind| kind < 2.0).count();
        assert!((1..=60).contains(&boxes), "{boxes}");
        held += kinds.iter().filter(|&&kind| kind == 0.0).count();
    }
    assert_eq!(held, count, "every value stands in one block");
}

#[test]
fn scopes_are_blocks_and_a_collapsed_one_stays_a_box() {
    let g = Graph::new();
    let x = g.var(0.5);
    let y = {
        let _outer = g.scope("outer");
        let inner = {
            let _inner = g.scope("inner");
            x.sin()
        };
        inner.cos()
    };
    let names = |data: &Value| -> Vec<String> {
        let blocks = data["layouts"][0]["blocks"].as_array().unwrap();
        blocks.iter().map(|block| block["name"].as_str().unwrap().to_owned()).collect()
    };
    let open = data(&draw(&g, &[y.id()]).unwrap().html("").unwrap());
    assert_eq!(names(&open), ["", "outer", "inner"]);
    let collapsed = Options::new().collapse_level(1).draw(&g, &[y.id()]).unwrap();
    let collapsed = data(&collapsed.html("").unwrap());
    assert_eq!((names(&collapsed), collapsed["fixed"].as_array().unwrap().len()), (vec![String::new()], 1));
}

#[test]
fn a_page_tells_where_a_nan_was_born() {
    let g = Graph::new();
    let x = g.var(0.0).named("variance");
    let loss = x.ln() * 2.0;
    loss.backward();
    let data = data(&draw(&g, &[loss.id()]).unwrap().html("").unwrap());
    assert_eq!(data["story"]["node"], 1);
    assert!(data["story"]["text"].as_str().unwrap().contains("\"variance\" = 0"));
    let fine = Graph::new();
    let page = draw(&fine, &[fine.leaf(1.0)]).unwrap().html("").unwrap();
    assert_eq!(self::data(&page)["story"], Value::Null);
}

#[test]
fn an_empty_graph_and_a_single_node_are_pages() {
    let g = Graph::new();
    let empty = data(&page(&g, &[]).unwrap().html("").unwrap());
    assert_eq!(empty["count"], 0);
    assert!(empty["note"].as_str().unwrap().contains("nothing to draw"));
    let one = data(&page(&g, &[g.leaf(1.0)]).unwrap().html("").unwrap());
    assert_eq!(one["count"], 1);
}

#[cfg(feature = "training")]
#[test]
fn a_training_page_holds_its_log() {
    let net = Mlp::with_layers(2, &[(3, "tanh".parse().unwrap()), (1, "linear".parse().unwrap())], 1).unwrap();
    let mut log = wengert_nn::TrainingLog::new(4).with_points([([0.5, 1.0], -1.0)]);
    for step in 0..3 {
        log.record(step, 0.5 / (step + 1) as f64, (step == 1).then_some(0.75));
        log.snapshot(step, &net, net.parameters());
        log.sample_plane((0.0, 1.0), (0.0, 1.0), [2, 2], |[x, y]| x - y);
    }
    let page = wengert_viz::training_page(&log, "</title><script>");
    assert!(page.contains("<title>&lt;/title&gt;&lt;script&gt;</title>"));
    let data = data(&page);
    assert_eq!(data["planned"], 4);
    assert_eq!(floats(&data["loss"]), [0.5, 0.25, 0.5 / 3.0]);
    let accuracy = floats(&data["accuracy"]);
    assert!(accuracy[0].is_nan() && accuracy[1] == 0.75);
    assert_eq!(data["snapshots"].as_array().unwrap().len(), 3);
    assert_eq!(data["snapshots"][0]["layers"][0]["name"], "layer 1: 3 tanh");
    assert_eq!(data["points"], serde_json::json!([[0.5, 1.0, -1.0]]));
    let empty = wengert_viz::training_page(&wengert_nn::TrainingLog::new(0), "empty");
    assert_eq!(self::data(&empty)["snapshots"], serde_json::json!([]));
}
