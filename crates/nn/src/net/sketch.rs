//! Nets recorded for pictures. Every parameter is a named leaf; every layer and neuron is a scope, so that a
//! drawing can show all of it or collapse it to boxes.

use wengert::{Expr, Graph};

use crate::net::{Mlp, Neuron, Outputs};

impl Neuron {
    /// Records the neuron at the inputs `x`. Its parameters become new leaves named `w1`, `w2`, ... and `b`.
    ///
    /// ```
    /// use wengert_nn::{Activation, Neuron};
    ///
    /// let g = wengert::Graph::new();
    /// let y = Neuron::new(1, Activation::Tanh).sketch(&g, &[2.0, 0.5], &[g.var(0.25)]);
    /// assert_eq!(y.value(), wengert::Scalar::tanh(1.0));
    /// ```
    ///
    /// # Panics
    /// Where the number of parameters or inputs is not the neuron's, and where the graph is full.
    #[track_caller]
    pub fn sketch<'g>(self, graph: &'g Graph, parameters: &[f64], x: &[Expr<'g>]) -> Expr<'g> {
        let name = |k| {
            if k < self.input_count() { format!("w{}", k + 1) } else { "b".to_string() }
        };
        let parameters = graph.exprs(&graph.leaves(parameters));
        let named: Vec<Expr> = parameters.iter().enumerate().map(|(k, parameter)| parameter.named(&name(k))).collect();
        self.forward(&named, x)
    }
}

impl Mlp {
    /// Records the net at the inputs `x`, neuron by neuron, in scopes (`layer 1`, `neuron 1`). Its parameters
    /// become new leaves. The values are those of [`Mlp::predict`].
    ///
    /// ```
    /// let net = wengert_nn::Mlp::new(2, &[4, 1], 7)?;
    /// let g = wengert::Graph::new();
    /// let y = net.sketch(&g, &[g.var(0.5), g.var(-1.0)]);
    /// assert_eq!(y[0].value(), net.predict(&[0.5, -1.0])[0]);
    /// # Ok::<(), wengert_nn::Error>(())
    /// ```
    ///
    /// # Panics
    /// Where the number of inputs is not the net's, and where the graph is full.
    #[track_caller]
    pub fn sketch<'g>(&self, graph: &'g Graph, x: &[Expr<'g>]) -> Outputs<Expr<'g>> {
        let mut values = Outputs::from_slice(x);
        let mut left = self.parameters();
        for (k, layer) in self.layers().iter().enumerate() {
            let _layer = graph.scope(format!("layer {}", k + 1));
            let (own, rest) = left.split_at(layer.parameter_count());
            let neurons = own.chunks_exact(layer.neuron().parameter_count()).enumerate();
            let mut outputs = Outputs::with_capacity(layer.width());
            for (n, parameters) in neurons {
                let _neuron = graph.scope(format!("neuron {}", n + 1));
                outputs.push(layer.neuron().sketch(graph, parameters, &values));
            }
            (left, values) = (rest, outputs);
        }
        values
    }
}
