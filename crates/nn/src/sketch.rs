//! Nets recorded for pictures: every parameter a named leaf, every layer and neuron a scope, so
//! that a drawing can show the whole or fold it to boxes.

use wengert::{Expr, Graph};

use crate::net::{Mlp, Neuron, Outputs};

impl Neuron {
    /// Records the neuron at the inputs `x`, with leaves of its own for these parameters, named
    /// `w1`, `w2`, ... and `b`.
    ///
    /// # Panics
    /// Where there are not as many parameters or inputs as it has, or the graph is full.
    pub fn sketch<'g>(self, graph: &'g Graph, parameters: &[f64], x: &[Expr<'g>]) -> Expr<'g> {
        let name = |k| {
            if k < self.inputs() {
                format!("w{}", k + 1)
            } else {
                "b".to_string()
            }
        };
        let named = |(k, &value)| graph.var(value).named(&name(k));
        let parameters: Vec<Expr> = parameters.iter().enumerate().map(named).collect();
        self.forward(&parameters, x)
    }
}

impl Mlp {
    /// Records the net at the inputs `x`, neuron by neuron in scopes (`layer 1`, `neuron 1`), with
    /// leaves of its own for its parameters. The values are those of [`Mlp::predict`].
    ///
    /// # Panics
    /// Where there are not as many inputs as the net has, or the graph is full.
    pub fn sketch<'g>(&self, graph: &'g Graph, x: &[Expr<'g>]) -> Outputs<Expr<'g>> {
        let mut values = Outputs::from_slice(x);
        let mut left = self.parameters();
        for (k, layer) in self.layers().iter().enumerate() {
            let _layer = graph.scope(format!("layer {}", k + 1));
            let (own, rest) = left.split_at(layer.parameters());
            let neurons = own.chunks_exact(layer.neuron().parameters()).enumerate();
            let sketched = neurons.map(|(n, parameters)| {
                let _neuron = graph.scope(format!("neuron {}", n + 1));
                layer.neuron().sketch(graph, parameters, &values)
            });
            values = sketched.collect();
            left = rest;
        }
        values
    }
}
