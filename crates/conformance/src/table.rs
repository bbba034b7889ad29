//! Files of points: one function at one point per line, tab separated.
//!
//! The key columns are `fn n x` for functions of one argument (`n` the whole
//! number of powi and polygamma, `-` for the others) and `fn a b` for functions of
//! two. The other columns hold the expected numbers (the value, the first partials,
//! the second partials, as pairs of bits and lo bits) and then the tags. They may be
//! left out. Lines that start with `#` are comments.

use crate::formula::{Formula, Instruction, Malformed, bits, integer};
use crate::ulp::Exact;
use crate::words::{self, Operands};

/// A function at a point.
#[derive(Clone, Debug)]
pub struct Row {
    /// The line in the file, from 1.
    pub line: usize,
    /// The key columns, as in the file.
    pub key: [String; 3],
    /// The function, as a formula whose last instruction is its value.
    pub formula: Formula,
    /// The point.
    pub x: Vec<f64>,
    /// The expected numbers in column order (the value, the first partials, the
    /// second partials); NaN where undefined. Empty if the file has the keys only.
    pub expected: Vec<Exact>,
    /// The tags, comma separated.
    pub tags: String,
}

impl Row {
    /// Whether the row carries this tag.
    pub fn has_tag(&self, tag: &str) -> bool {
        self.tags.split(',').any(|t| t == tag)
    }
}

/// Reads a whole file of either kind; the function of a line decides its kind.
///
/// # Errors
/// The first thing wrong with it.
pub fn parse(file: &[u8]) -> Result<Vec<Row>, Malformed> {
    let lines = file.split(|&b| b == b'\n').enumerate();
    let rows = lines.map(|(k, bytes)| {
        let line = k + 1;
        row(bytes, line).map_err(|what| Malformed { line, what })
    });
    rows.filter_map(Result::transpose).collect()
}

fn row(bytes: &[u8], line: usize) -> Result<Option<Row>, String> {
    let text = std::str::from_utf8(bytes).map_err(|_| "not UTF-8 text")?;
    let text = text.strip_suffix('\r').unwrap_or(text);
    if text.is_empty() || text.starts_with('#') {
        return Ok(None);
    }
    let columns: Vec<&str> = text.split('\t').collect();
    let [name, second, third, rest @ ..] = &columns[..] else {
        return Err(format!("three key columns expected, {} found", columns.len()));
    };
    let word = words::find(name).ok_or_else(|| format!("no op is called {name:?}"))?;
    let inputs = match word.operands {
        Operands::Exactly(n @ 1..=2) => n,
        _ => return Err(format!("{name} is not a function of one or two arguments")),
    };
    let mut number = 0;
    let mut x = vec![bits(third)?];
    match inputs {
        2 => x.insert(0, bits(second)?),
        _ if word.integer => number = integer(second)?,
        _ if *second != "-" => return Err(format!("{name} takes no n: `-` expected")),
        _ => {}
    }
    let mut code: Vec<_> = (0..inputs).map(Instruction::Input).collect();
    code.push(Instruction::Apply { word, operands: (0..inputs).collect(), integer: number });
    let (expected, tags) = match rest.split_last() {
        None => (Vec::new(), ""),
        Some((tags, pairs)) => {
            let (pairs, odd) = pairs.as_chunks::<2>();
            // The value, the gradient, the Hessian's lower triangle.
            let wanted = [3, 6][inputs - 1];
            if pairs.len() != wanted || !odd.is_empty() {
                let found = columns.len();
                return Err(format!("{} columns expected, {found} found", 4 + 2 * wanted));
            }
            let read = |[hi, lo]: &[&str; 2]| Ok(Exact { hi: bits(hi)?, lo: bits(lo)? });
            (pairs.iter().map(read).collect::<Result<_, String>>()?, *tags)
        }
    };
    Ok(Some(Row {
        line,
        key: [name, second, third].map(|s| s.to_string()),
        formula: Formula { inputs, code },
        x,
        expected,
        tags: tags.into(),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_of_both_kinds_are_read() {
        let one = "3ff0000000000000";
        let text = format!("#fn\n\npowi\t-3\t{one}\r\nmax\t{one}\t4000000000000000\n");
        let rows = parse(text.as_bytes()).unwrap();
        assert_eq!(rows.len(), 2);
        assert_eq!((rows[0].line, &rows[0].x[..], rows[0].expected.len()), (3, &[1.0][..], 0));
        let Instruction::Apply { integer: -3, .. } = rows[0].formula.code[1] else { panic!() };
        assert_eq!((rows[1].line, &rows[1].x[..]), (4, &[1.0, 2.0][..]));
        assert_eq!(rows[1].key[2], "4000000000000000");
    }

    #[test]
    fn malformed_rows_are_refused_with_their_line() {
        let one = "3ff0000000000000";
        for bad in [
            "exp".to_string(),
            format!("exp\t{one}"),
            format!("exp\t1\t{one}"),
            format!("powi\t-\t{one}"),
            format!("powi\t2147483648\t{one}"),
            format!("exp\t-\t{one}0"),
            format!("frobnicate\t-\t{one}"),
            format!("select\t{one}\t{one}"),
            format!("add\t-\t{one}"),
            format!("exp\t-\t{one}\t{one}"),
            format!("exp\t-\t{one}\t{one}\t{one}\t{one}\t{one}\t-"),
        ] {
            let text = format!("# fn\nexp\t-\t{one}\n{bad}\n");
            assert_eq!(parse(text.as_bytes()).unwrap_err().line, 3, "{bad}");
        }
        assert_eq!(parse(b"\n\xff").unwrap_err().line, 2);
    }
}
