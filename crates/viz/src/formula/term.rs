//! How an op is written over its operands, as text or as TeX.

use wengert::{Form, Imm, Op};

/// How formulas are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Style {
    Text,
    Tex,
}

/// How tightly a formula holds together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Tie {
    Sum,
    Product,
    Power,
    Atom,
}

/// A formula.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Term {
    pub(crate) text: String,
    pub(crate) tie: Tie,
}

impl Term {
    pub(crate) fn atom(text: impl Into<String>) -> Term {
        Term { text: text.into(), tie: Tie::Atom }
    }

    /// A number; a negative one gets parentheses wherever a sum would.
    pub(crate) fn number(x: f64, style: Style) -> Term {
        let plain = x == 0.0 || !x.is_finite() || (1e-4..1e7).contains(&x.abs());
        let (text, tie) = match style {
            _ if x.is_nan() => ("NaN".to_owned(), Tie::Atom),
            Style::Tex if x.is_infinite() => ("\\infty".to_owned(), Tie::Atom),
            _ if plain => (x.abs().to_string(), Tie::Atom),
            Style::Text => (format!("{:e}", x.abs()), Tie::Atom),
            Style::Tex => {
                let text = format!("{:e}", x.abs());
                let (digits, power) = text.split_once('e').unwrap_or((&text, "0"));
                (format!("{digits} \\cdot 10^{{{power}}}"), Tie::Product)
            }
        };
        match x.is_sign_negative() && !x.is_nan() {
            true => Term { text: format!("-{text}"), tie: Tie::Sum },
            false => Term { text, tie },
        }
    }
}

/// Writes formulas in a style.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Writer(pub(crate) Style);

impl Writer {
    fn tex(self) -> bool {
        self.0 == Style::Tex
    }

    fn number(self, x: f64) -> Term {
        Term::number(x, self.0)
    }

    /// In parentheses, unless it holds together as tightly as this.
    fn tied(self, x: &Term, tie: Tie) -> String {
        match x.tie >= tie {
            true => x.text.clone(),
            false => self.grouped(&x.text),
        }
    }

    fn grouped(self, text: &str) -> String {
        match self.0 {
            Style::Text => format!("({text})"),
            Style::Tex => format!("\\left({text}\\right)"),
        }
    }

    fn sum(self, x: &Term, y: &Term) -> Term {
        let text = match y.text.strip_prefix('-') {
            Some(rest) => format!("{} - {rest}", x.text),
            None => format!("{} + {}", self.tied(x, Tie::Sum), self.tied(y, Tie::Sum)),
        };
        Term { text, tie: Tie::Sum }
    }

    fn difference(self, x: &Term, y: &Term) -> Term {
        Term { text: format!("{} - {}", self.tied(x, Tie::Sum), self.tied(y, Tie::Product)), tie: Tie::Sum }
    }

    fn negative(self, x: &Term) -> Term {
        Term { text: format!("-{}", self.tied(x, Tie::Product)), tie: Tie::Sum }
    }

    fn product(self, x: &Term, y: &Term) -> Term {
        if x.text == "-1" {
            return self.negative(y);
        }
        if y.text == "-1" {
            return self.negative(x);
        }
        if let Some(rest) = x.text.strip_prefix('-').filter(|rest| x.tie == Tie::Sum && is_number(rest)) {
            return self.negative(&self.product(&Term::atom(rest), y));
        }
        let [a, b] = [x, y].map(|x| self.tied(x, Tie::Product));
        let digit = |c: Option<char>| c.is_some_and(|c| c.is_ascii_digit());
        let sign = match self.0 {
            Style::Text => " * ",
            // Numbers side by side would be read as one.
            Style::Tex if digit(b.chars().next()) => " \\cdot ",
            Style::Tex => " \\, ",
        };
        Term { text: format!("{a}{sign}{b}"), tie: Tie::Product }
    }

    fn quotient(self, x: &Term, y: &Term) -> Term {
        let text = match self.0 {
            Style::Tex => format!("\\frac{{{}}}{{{}}}", x.text, y.text),
            Style::Text => format!("{} / {}", self.tied(x, Tie::Product), self.tied(y, Tie::Power)),
        };
        Term { text, tie: Tie::Product }
    }

    fn power(self, x: &Term, y: &Term) -> Term {
        let base = self.tied(x, Tie::Atom);
        Term {
            text: match self.0 {
                Style::Tex => format!("{base}^{{{}}}", y.text),
                Style::Text => format!("{base}^{}", self.tied(y, Tie::Atom)),
            },
            tie: Tie::Power,
        }
    }

    /// `x` to the power of a number.
    fn powered(self, x: &Term, p: f64) -> Term {
        let one = Term::atom("1");
        match p {
            0.0 => one,
            1.0 => x.clone(),
            0.5 => self.root(x),
            _ if p < 0.0 => self.quotient(&one, &self.powered(x, -p)),
            _ => self.power(x, &self.number(p)),
        }
    }

    fn root(self, x: &Term) -> Term {
        match self.0 {
            Style::Tex => Term::atom(format!("\\sqrt{{{}}}", x.text)),
            Style::Text => Term::atom(format!("sqrt({})", x.text)),
        }
    }

    /// A function; `tex` is how TeX writes its name.
    pub(super) fn call(self, text: &str, tex: &str, args: &[Term]) -> Term {
        let args: Vec<&str> = args.iter().map(|x| &x.text[..]).collect();
        let name = if self.tex() { tex } else { text };
        Term::atom(format!("{name}{}", self.grouped(&args.join(", "))))
    }

    fn exponential(self, x: &Term) -> Term {
        match self.0 {
            Style::Tex => self.power(&Term::atom("e"), x),
            Style::Text => self.call("exp", "", std::slice::from_ref(x)),
        }
    }

    /// 1 where a relation holds, else 0 (Iverson's bracket).
    fn holds(self, x: &Term, relation: &str, y: &Term) -> Term {
        let [x, y] = [x, y].map(|x| self.tied(x, Tie::Sum));
        Term::atom(format!("[{x} {relation} {y}]"))
    }

    fn named(self, text: &str, args: &[Term]) -> Term {
        self.call(text, &format!("\\operatorname{{{}}}", text.replace('_', "\\_")), args)
    }

    /// An op over its operands.
    pub(crate) fn op(self, op: Op, imm: Imm, args: &[Term]) -> Term {
        let one = Term::atom("1");
        let [c, k] = imm;
        let constant = self.number(c);
        let square = |x: &Term| self.powered(x, 2.0);
        match (op, args) {
            (Op::Neg, [x]) => self.negative(x),
            (Op::Recip, [x]) => self.quotient(&one, x),
            (Op::Sqrt, [x]) => self.root(x),
            (Op::Cbrt, [x]) if self.tex() => Term::atom(format!("\\sqrt[3]{{{}}}", x.text)),
            (Op::Exp, [x]) => self.exponential(x),
            (Op::Exp2, [x]) => self.power(&Term::atom("2"), x),
            (Op::ExpM1, [x]) => self.difference(&self.exponential(x), &one),
            (Op::Ln, [x]) => self.call("ln", "\\ln", std::slice::from_ref(x)),
            (Op::Ln1p, [x]) => self.call("ln", "\\ln", &[self.sum(&one, x)]),
            (Op::Log2, [x]) => self.call("log2", "\\log_2", std::slice::from_ref(x)),
            (Op::Log10, [x]) => self.call("log10", "\\log_{10}", std::slice::from_ref(x)),
            (Op::Sin | Op::Cos | Op::Tan | Op::Sinh | Op::Cosh | Op::Tanh, args) => {
                self.call(op.name(), &format!("\\{}", op.name()), args)
            }
            (Op::Asin, args) => self.call("asin", "\\arcsin", args),
            (Op::Acos, args) => self.call("acos", "\\arccos", args),
            (Op::Atan, args) => self.call("atan", "\\arctan", args),
            (Op::Abs, [x]) => Term::atom(format!("|{}|", x.text)),
            (Op::Step, [x]) => self.holds(x, ">", &Term::atom("0")),
            (Op::Relu, [x]) => self.call("max", "\\max", &[x.clone(), Term::atom("0")]),
            (Op::Sigmoid, args) => self.call("sigmoid", "\\sigma", args),
            (Op::SigmoidD, args) => self.call("sigmoid'", "\\sigma'", args),
            (Op::Floor, [x]) if self.tex() => Term::atom(format!("\\lfloor {} \\rfloor", x.text)),
            (Op::Ceil, [x]) if self.tex() => Term::atom(format!("\\lceil {} \\rceil", x.text)),
            (Op::Flat, [_]) => Term::atom("0"),
            (Op::NormCdf, args) => self.call("Φ", "\\Phi", args),
            (Op::ErfInv, args) => self.call("erf⁻¹", "\\operatorname{erf}^{-1}", args),
            (Op::ErfcInv, args) => self.call("erfc⁻¹", "\\operatorname{erfc}^{-1}", args),
            (Op::NormQuantile, args) => self.call("Φ⁻¹", "\\Phi^{-1}", args),
            (Op::LogNormCdf, args) => self.call("ln", "\\ln", &[self.op(Op::NormCdf, imm, args)]),
            (Op::Lgamma, args) => self.call("lgamma", "\\ln\\Gamma", args),
            (Op::Digamma, args) => self.call("digamma", "\\psi", args),
            (Op::Polygamma, args) => self.call(&format!("digamma^({c})"), &format!("\\psi^{{({c})}}"), args),
            (Op::Add, [x, y]) => self.sum(x, y),
            (Op::AddC, [x]) => self.sum(x, &constant),
            (Op::Sub, [x, y]) => self.difference(x, y),
            (Op::SubC, [x]) => self.difference(x, &constant),
            (Op::CSub, [x]) => self.difference(&constant, x),
            (Op::Mul | Op::Gmul, [x, y]) => self.product(x, y),
            (Op::MulC, [x]) => self.product(&constant, x),
            (Op::MulAdd, [x, y, z]) => self.sum(&self.product(x, y), z),
            (Op::Div | Op::Gdiv, [x, y]) => self.quotient(x, y),
            (Op::DivC, [x]) => self.quotient(x, &constant),
            (Op::CDiv | Op::RecipPos, [x]) => self.quotient(&constant, x),
            (Op::Pow, [x, y]) => self.power(x, y),
            (Op::Powd, [x]) => {
                // The k-th derivative of x^p: p (p - 1) ... times a power.
                let factor = (0..k as usize).fold(1.0, |factor, i| factor * (c - i as f64));
                let power = self.powered(x, c - k);
                match factor {
                    1.0 => power,
                    _ if c == k => self.number(factor),
                    _ if c < k => self.quotient(&self.number(factor), &self.powered(x, k - c)),
                    _ => self.product(&self.number(factor), &power),
                }
            }
            (Op::CbrtD, [x]) => {
                // The n-th derivative of x^(1/3): 1/3 (1/3 - 1) ... over a power of the root.
                let factor = (0..c as usize).fold(1.0, |factor, i| factor * (1.0 / 3.0 - i as f64));
                let root = self.op(Op::Cbrt, imm, std::slice::from_ref(x));
                match c {
                    0.0 => root,
                    _ => self.quotient(&self.number(factor), &self.powered(&root, 3.0 * c - 1.0)),
                }
            }
            (Op::Unit, [x, _, z]) => self.quotient(x, z),
            (Op::Hypot, [x, y]) => self.root(&self.sum(&square(x), &square(y))),
            (Op::HypotPartial, [x, y]) if c + k == 1.0 => {
                let whole = self.root(&self.sum(&square(x), &square(y)));
                self.quotient(if c == 1.0 { x } else { y }, &whole)
            }
            (Op::Zpow, [x, y]) if c == 1.0 && k <= 1.0 => {
                self.quotient(if k == 0.0 { x } else { y }, &self.sum(&square(x), &square(y)))
            }
            (Op::PowPartial, [x, y]) if [c, k] == [1.0, 0.0] => {
                self.product(y, &self.power(x, &self.difference(y, &one)))
            }
            (Op::PowPartial, [x, y]) if [c, k] == [0.0, 1.0] => {
                let ln = self.op(Op::Ln, imm, std::slice::from_ref(x));
                self.product(&self.power(x, y), &ln)
            }
            (Op::Sech2, [x, _]) => self.call("sech²", "\\operatorname{sech}^2", std::slice::from_ref(x)),
            (Op::Rsqrt1m, [x]) => self.quotient(&one, &self.root(&self.difference(&one, &square(x)))),
            (Op::Rsqrt1p, [x]) => self.quotient(&one, &self.root(&self.sum(&one, &square(x)))),
            (Op::AtanD, [x]) => self.quotient(&one, &self.sum(&one, &square(x))),
            (Op::AtanhD, [x]) => self.quotient(&one, &self.difference(&one, &square(x))),
            (Op::AcoshD, [x]) => self.quotient(&one, &self.root(&self.difference(&square(x), &one))),
            (Op::Gauss, args) if [c, k] == [0.5, 0.0] => self.call("φ", "\\varphi", args),
            (Op::Gauss, args) if c == 0.5 => self.call(&format!("φ^({k})"), &format!("\\varphi^{{({k})}}"), args),
            (Op::Gauss, args) => {
                let order = k + 1.0;
                self.call(&format!("erf^({order})"), &format!("\\operatorname{{erf}}^{{({order})}}"), args)
            }
            (Op::Max | Op::MaxOf, args) => self.call("max", "\\max", args),
            (Op::Min | Op::MinOf, args) => self.call("min", "\\min", args),
            (Op::Prefer, [x, y]) => self.holds(x, ">", y),
            (Op::Rem, [x, y]) if self.tex() => Term {
                // A reader cannot know how tightly it binds.
                text: format!("\\left({} \\bmod {}\\right)", self.tied(x, Tie::Power), self.tied(y, Tie::Power)),
                tie: Tie::Atom,
            },
            (Op::Logaddexp, args) | (Op::Logsumexp, args) if !args.is_empty() => {
                let powers: Vec<Term> = args.iter().map(|x| self.exponential(x)).collect();
                self.call("ln", "\\ln", &[self.fold(&powers, Writer::sum)])
            }
            (Op::Softplus, [x]) => self.call("ln", "\\ln", &[self.sum(&one, &self.exponential(x))]),
            (Op::Softmax2, [x, y]) => {
                let ratio = self.exponential(&self.difference(y, x));
                self.quotient(&one, &self.sum(&one, &ratio))
            }
            (Op::ExpDiff, [x, y]) => self.exponential(&self.difference(x, y)),
            (Op::Detach, [x]) => x.clone(),
            (Op::Lt, [x, y]) => self.holds(x, "<", y),
            (Op::Gt, [x, y]) => self.holds(x, ">", y),
            (Op::Le, [x, y]) => self.holds(x, if self.tex() { "\\le" } else { "<=" }, y),
            (Op::Ge, [x, y]) => self.holds(x, if self.tex() { "\\ge" } else { ">=" }, y),
            (Op::Eq, [x, y]) => self.holds(x, if self.tex() { "=" } else { "==" }, y),
            (Op::Ne, [x, y]) => self.holds(x, if self.tex() { "\\ne" } else { "!=" }, y),
            (Op::Select, [x, y, z]) if self.tex() => Term::atom(format!(
                "\\begin{{cases}} {} & \\text{{if }} {} \\ne 0 \\\\ {} & \\text{{otherwise}} \\end{{cases}}",
                y.text, x.text, z.text
            )),
            (Op::Sum, args) if !args.is_empty() => self.fold(args, Writer::sum),
            (Op::Product, args) if !args.is_empty() => self.fold(args, Writer::product),
            (Op::Dot, args) if !args.is_empty() => {
                let (xs, ys) = args.split_at(args.len() / 2);
                let products: Vec<Term> = xs.iter().zip(ys).map(|(x, y)| self.product(x, y)).collect();
                self.fold(&products, Writer::sum)
            }
            (Op::Mean, args) => {
                let sum = self.fold(args, Writer::sum);
                self.quotient(&sum, &self.number(args.len() as f64))
            }
            _ => self.other(op, imm, args),
        }
    }

    fn fold(self, args: &[Term], two: fn(Writer, &Term, &Term) -> Term) -> Term {
        let rest = args.iter().skip(1);
        rest.fold(args[0].clone(), |left, x| two(self, &left, x))
    }

    /// An op without a mathematical notation: written as its row in the table of ops says.
    fn other(self, op: Op, imm: Imm, args: &[Term]) -> Term {
        match (op.form(), args) {
            (Form::Infix, [x, y]) => Term {
                text: format!("{} {} {}", self.tied(x, Tie::Power), op.symbol(), self.tied(y, Tie::Power)),
                tie: Tie::Sum,
            },
            _ => {
                let constants = imm[..op.immediates()].iter().map(|&c| self.number(c));
                let all: Vec<Term> = args.iter().cloned().chain(constants).collect();
                self.named(op.symbol(), &all)
            }
        }
    }
}

fn is_number(text: &str) -> bool {
    text.parse::<f64>().is_ok()
}
