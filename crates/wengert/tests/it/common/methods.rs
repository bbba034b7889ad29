//! Every public method of a graph that takes a key, with one key to try in each place.

use wengert::{Error, Graph, NO_IMM, NodeId, Op};

/// A method that panics on a wrong key.
pub(crate) type Panics = fn(&mut Graph, NodeId);
/// A method that returns an error.
pub(crate) type Fails = fn(&mut Graph, NodeId) -> Result<(), Error>;

/// How a method reports an error.
#[derive(Clone, Copy)]
pub(crate) enum Form {
    Panics(Panics),
    Fails(Fails),
}

/// A method, and whether it reads the value of the node.
pub(crate) struct Method {
    pub(crate) name: &'static str,
    pub(crate) reads: bool,
    pub(crate) form: Form,
}

/// A valid key, passed together with the one that is tried: the first node, a leaf.
fn good(g: &Graph) -> NodeId {
    g.get(0).expect("the graph has a first node").id
}

/// The methods, each written as a call with a graph `g` and a key `k`.
macro_rules! list {
    ($form:ident $kind:ty, $reads:literal: $($name:literal, $g:ident, $k:ident => $call:expr;)+) => {
        [$({
            fn method($g: &mut Graph, $k: NodeId) -> list!(@result $form) { list!(@body $form $call) }
            Method { name: $name, reads: $reads, form: Form::$form(method as $kind) }
        }),+]
    };
    (@result Panics) => { () };
    (@result Fails) => { Result<(), Error> };
    (@body Panics $call:expr) => {{ let _ = $call; }};
    (@body Fails $call:expr) => { $call.map(|_| ()) };
}

/// Builders by their names.
macro_rules! builders {
    (unary $($name:ident)+) => {
        [$(builders!(@one concat!(stringify!($name), "(k)"), g, k => g.$name(k))),+]
    };
    (binary $($name:ident)+) => {
        [$(
            builders!(@one concat!(stringify!($name), "(k, x)"), g, k => g.$name(k, good(g))),
            builders!(@one concat!(stringify!($name), "(x, k)"), g, k => g.$name(good(g), k))
        ),+]
    };
    (ternary $($name:ident)+) => {
        [$(
            builders!(@one concat!(stringify!($name), "(k, x, x)"), g, k => g.$name(k, good(g), good(g))),
            builders!(@one concat!(stringify!($name), "(x, k, x)"), g, k => g.$name(good(g), k, good(g))),
            builders!(@one concat!(stringify!($name), "(x, x, k)"), g, k => g.$name(good(g), good(g), k))
        ),+]
    };
    (fold $($name:ident)+) => {
        [$(builders!(@one concat!(stringify!($name), "([x, x, k])"), g, k => g.$name(&[good(g), good(g), k]))),+]
    };
    (@one $name:expr, $g:ident, $k:ident => $call:expr) => {{
        fn method($g: &mut Graph, $k: NodeId) { $call; }
        Method { name: $name, reads: true, form: Form::Panics(method as Panics) }
    }};
}

pub(crate) fn all() -> Vec<Method> {
    let mut methods = Vec::new();
    methods.extend(builders!(unary
        neg recip sqrt cbrt exp exp2 exp_m1 ln log2 log10 ln_1p sin cos tan asin acos atan sinh cosh tanh asinh acosh
        atanh abs sign step relu sigmoid softplus log1m_exp floor ceil round trunc fract erf erfc norm_cdf lgamma digamma
        detach flat sinc log_norm_cdf erf_inv erfc_inv norm_quantile
    ));
    methods.extend(builders!(binary
        add sub mul div pow atan2 hypot max min rem copysign logaddexp xlogy xlog1py less less_equal greater greater_equal equal not_equal
    ));
    methods.extend(builders!(ternary mul_add select clamp));
    methods.extend(builders!(fold sum product max_of min_of logsumexp mean norm));
    methods.extend(list!(Panics Panics, true:
        "dot([k], [x])", g, k => g.dot(&[k], &[good(g)]);
        "dot([x], [k])", g, k => g.dot(&[good(g)], &[k]);
        "powi", g, k => g.powi(k, 3);
        "powf", g, k => g.powf(k, 2.5);
        "add_c", g, k => g.add_c(k, 2.5);
        "sub_c", g, k => g.sub_c(k, 2.5);
        "c_sub", g, k => g.c_sub(k, 2.5);
        "mul_c", g, k => g.mul_c(k, 0.1);
        "div_c", g, k => g.div_c(k, 2.5);
        "c_div", g, k => g.c_div(k, 2.5);
        "polygamma", g, k => g.polygamma(k, 2);
        "polygamma of order 0", g, k => g.polygamma(k, 0);
        "value", g, k => g.value(k);
        "expr", g, k => g.expr(k).value();
        "exprs", g, k => g.exprs(&[good(g), k]).len();
        "backward", g, k => g.backward(k);
        "backward_seeded", g, k => g.backward_seeded(&[(good(g), 2.0), (k, 1.0)]);
        "gradient_nodes of", g, k => g.gradient_nodes(k, &[good(g)]);
        "vjp_nodes of", g, k => g.vjp_nodes(&[(k, good(g))], &[good(g)]);
        "vjp_nodes by", g, k => g.vjp_nodes(&[(good(g), k)], &[good(g)]);
        "jvp_nodes to", g, k => g.jvp_nodes(&[(good(g), good(g))], &[k]);
        "jvp_nodes by", g, k => g.jvp_nodes(&[(good(g), k)], &[good(g)]);
        "gradient of", g, k => g.gradient(k, &[good(g)]);
        "vjp of", g, k => g.vjp(&[(k, 1.0)], &[good(g)]);
        "jvp to", g, k => g.jvp(&[(good(g), 1.0)], &[k]);
        "jacobian of", g, k => g.jacobian(&[good(g), k], &[good(g)]);
        "hvp of", g, k => g.hvp(k, &[good(g)], &[1.0]);
        "hessian of", g, k => g.hessian(k, &[good(g)]);
        "taylor of", g, k => g.taylor::<3>(k, &[good(g)], &[1.0]);
        "sparse_hessian of", g, k => g.sparse_hessian(k, &[good(g)]);
        "sparse_jacobian of", g, k => g.sparse_jacobian(&[k], &[good(g)]);
        "hessian_pattern of", g, k => g.hessian_pattern(k, &[good(g)]);
        "jacobian_pattern of", g, k => g.jacobian_pattern(&[k], &[good(g)]);
        "explain_nan", g, k => g.explain_nan(k);
        "audit", g, k => g.audit(k);
        "backward_strict", g, k => g.backward_strict(k);
    ));
    methods.extend(list!(Panics Panics, false:
        "set", g, k => g.set(k, 3.0);
        "grad", g, k => g.grad(k);
        "label", g, k => g.label(k, "name");
        "label_of", g, k => g.label_of(k);
        "scope_of", g, k => g.scope_of(k);
        "node", g, k => g.node(k);
        "gradient_nodes in", g, k => g.gradient_nodes(good(g), &[good(g), k]);
        "vjp_nodes in", g, k => g.vjp_nodes(&[(good(g), good(g))], &[k]);
        "jvp_nodes from", g, k => g.jvp_nodes(&[(k, good(g))], &[good(g)]);
        "gradient in", g, k => g.gradient(good(g), &[good(g), k]);
        "vjp in", g, k => g.vjp(&[(good(g), 1.0)], &[k]);
        "jvp from", g, k => g.jvp(&[(k, 1.0)], &[good(g)]);
        "jacobian in", g, k => g.jacobian(&[good(g)], &[k]);
        "hvp in", g, k => g.hvp(good(g), &[k], &[1.0]);
        "hessian in", g, k => g.hessian(good(g), &[k]);
        "taylor in", g, k => g.taylor::<3>(good(g), &[k], &[1.0]);
        "sparse_hessian in", g, k => g.sparse_hessian(good(g), &[k]);
        "sparse_jacobian in", g, k => g.sparse_jacobian(&[good(g)], &[k]);
        "hessian_pattern in", g, k => g.hessian_pattern(good(g), &[k]);
        "jacobian_pattern in", g, k => g.jacobian_pattern(&[good(g)], &[k]);
    ));
    methods.extend(list!(Fails Fails, true:
        "try_record of one operand", g, k => g.try_record(Op::Sin, NO_IMM, &[k]);
        "try_record of a second operand", g, k => g.try_record(Op::Mul, NO_IMM, &[good(g), k]);
        "try_record of a third operand", g, k => g.try_record(Op::MulAdd, NO_IMM, &[good(g), good(g), k]);
        "try_record of a fourth operand", g, k => g.try_record(Op::Dot, NO_IMM, &[good(g), good(g), good(g), k]);
        "try_record with an immediate", g, k => g.try_record(Op::AddC, [2.5, 0.0], &[k]);
        "try_record with two immediates", g, k => g.try_record(Op::Zpow, [2.0, 1.0], &[good(g), k]);
        "try_value", g, k => g.try_value(k);
        "try_expr", g, k => g.try_expr(k).map(|e| e.value());
        "try_backward", g, k => g.try_backward(k);
        "try_backward_seeded", g, k => g.try_backward_seeded(&[(good(g), 2.0), (k, 1.0)]);
        "try_gradient_nodes of", g, k => g.try_gradient_nodes(k, &[good(g)]);
        "try_vjp_nodes of", g, k => g.try_vjp_nodes(&[(k, good(g))], &[good(g)]);
        "try_vjp_nodes by", g, k => g.try_vjp_nodes(&[(good(g), k)], &[good(g)]);
        "try_jvp_nodes to", g, k => g.try_jvp_nodes(&[(good(g), good(g))], &[k]);
        "try_jvp_nodes by", g, k => g.try_jvp_nodes(&[(good(g), k)], &[good(g)]);
        "try_gradient of", g, k => g.try_gradient(k, &[good(g)]);
        "try_vjp of", g, k => g.try_vjp(&[(k, 1.0)], &[good(g)]);
        "try_jvp to", g, k => g.try_jvp(&[(good(g), 1.0)], &[k]);
        "try_jacobian of", g, k => g.try_jacobian(&[k], &[good(g)]);
        "try_hvp of", g, k => g.try_hvp(k, &[good(g)], &[1.0]);
        "try_hessian of", g, k => g.try_hessian(k, &[good(g)]);
        "try_taylor of", g, k => g.try_taylor::<3>(k, &[good(g)], &[1.0]);
        "try_sparse_hessian of", g, k => g.try_sparse_hessian(k, &[good(g)]);
        "try_sparse_jacobian of", g, k => g.try_sparse_jacobian(&[k], &[good(g)]);
        "try_hessian_pattern of", g, k => g.try_hessian_pattern(k, &[good(g)]);
        "try_jacobian_pattern of", g, k => g.try_jacobian_pattern(&[k], &[good(g)]);
        "plan_hessian of", g, k => g.plan_hessian(k, &[good(g)]);
        "plan_jacobian of", g, k => g.plan_jacobian(&[k], &[good(g)]);
        "try_explain_nan", g, k => g.try_explain_nan(k);
        "try_audit", g, k => g.try_audit(k);
        "try_backward_strict", g, k => g.try_backward_strict(k);
        "check_gradient of", g, k => g.check_gradient(k, &[good(g)]);
    ));
    methods.extend(list!(Fails Fails, false:
        "try_set", g, k => g.try_set(k, 3.0);
        "try_grad", g, k => g.try_grad(k);
        "try_node", g, k => g.try_node(k);
        "try_gradient_nodes in", g, k => g.try_gradient_nodes(good(g), &[good(g), k]);
        "try_vjp_nodes in", g, k => g.try_vjp_nodes(&[(good(g), good(g))], &[k]);
        "try_jvp_nodes from", g, k => g.try_jvp_nodes(&[(k, good(g))], &[good(g)]);
        "try_gradient in", g, k => g.try_gradient(good(g), &[good(g), k]);
        "try_vjp in", g, k => g.try_vjp(&[(good(g), 1.0)], &[k]);
        "try_jvp from", g, k => g.try_jvp(&[(k, 1.0)], &[good(g)]);
        "try_jacobian in", g, k => g.try_jacobian(&[good(g)], &[k]);
        "try_hvp in", g, k => g.try_hvp(good(g), &[k], &[1.0]);
        "try_hessian in", g, k => g.try_hessian(good(g), &[k]);
        "try_taylor in", g, k => g.try_taylor::<3>(good(g), &[k], &[1.0]);
        "try_sparse_hessian in", g, k => g.try_sparse_hessian(good(g), &[k]);
        "try_sparse_jacobian in", g, k => g.try_sparse_jacobian(&[good(g)], &[k]);
        "try_hessian_pattern in", g, k => g.try_hessian_pattern(good(g), &[k]);
        "try_jacobian_pattern in", g, k => g.try_jacobian_pattern(&[good(g)], &[k]);
        "plan_hessian in", g, k => g.plan_hessian(good(g), &[k]);
        "plan_jacobian in", g, k => g.plan_jacobian(&[good(g)], &[k]);
        "check_gradient in", g, k => g.check_gradient(good(g), &[good(g), k]);
    ));
    methods
}
