//! Files of nets: text, one parameter per line, exact to the bit.
//!
//! ```text
//! wengert-nn 1
//! inputs 2
//! layer 16 relu
//! layer 1 linear
//! parameters 65
//! 3fce250d1d9dfc68
//! ...
//! end
//! ```
//!
//! A parameter is the 16 hexadecimal digits of its IEEE 754 bits, in the order of
//! [`Mlp::parameters`]. Nothing follows `end`.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use crate::error::Error;
use crate::net::{Activation, Mlp};

const FIRST: &str = "wengert-nn 1";

impl Mlp {
    /// Writes the net to a file, completely or not at all: see [`wengert_file::save`].
    ///
    /// ```
    /// use wengert_nn::Mlp;
    ///
    /// # let path = std::env::temp_dir().join(format!("wengert-nn-{}.net", std::process::id()));
    /// let net = Mlp::new(2, &[16, 1], 7)?;
    /// net.save(&path)?;
    /// assert_eq!(Mlp::load(&path)?, net);
    /// # std::fs::remove_file(path).unwrap();
    /// # Ok::<(), wengert_nn::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::File`]; the file is as before.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<(), Error> {
        save(path.as_ref(), &self.text())
    }

    /// Reads a net from a file that [`Mlp::save`] wrote.
    ///
    /// ```
    /// use wengert_nn::Mlp;
    ///
    /// let net = Mlp::new(2, &[3, 1], 0)?;
    /// let path = std::env::temp_dir().join(format!("wengert-net-{}", std::process::id()));
    /// net.save(&path)?;
    /// assert_eq!(Mlp::load(&path)?, net);
    /// # std::fs::remove_file(path).unwrap();
    /// # Ok::<(), wengert_nn::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::File`] where the file cannot be read; [`Error::InFile`] with the error of [`Mlp::parse`].
    pub fn load(path: impl AsRef<Path>) -> Result<Mlp, Error> {
        load(path.as_ref(), Mlp::parse)
    }

    /// The net in the format of a file; [`Mlp::parse`] reads it.
    ///
    /// ```
    /// use wengert_nn::Mlp;
    ///
    /// let net = Mlp::new(2, &[16, 1], 7)?;
    /// let text = net.text();
    /// assert!(text.starts_with("wengert-nn 1\ninputs 2\nlayer 16 relu\n"));
    /// assert_eq!(Mlp::parse(&text)?, net);
    /// # Ok::<(), wengert_nn::Error>(())
    /// ```
    pub fn text(&self) -> String {
        let mut text = format!("{FIRST}\ninputs {}\n", self.input_count());
        for layer in self.layers() {
            let _ = writeln!(text, "layer {} {}", layer.width(), layer.neuron().activation().name());
        }
        let _ = writeln!(text, "parameters {}", self.parameters().len());
        for parameter in self.parameters() {
            let _ = writeln!(text, "{:016x}", parameter.to_bits());
        }
        text + "end\n"
    }

    /// The net that a text describes.
    ///
    /// ```
    /// use wengert_nn::Mlp;
    ///
    /// let net = Mlp::new(2, &[3, 1], 0)?;
    /// assert_eq!(Mlp::parse(&net.text())?, net);
    /// # Ok::<(), wengert_nn::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Malformed`] with the number of the first line that is wrong.
    pub fn parse(text: &str) -> Result<Mlp, Error> {
        let mut lines = Lines::new(text);
        if lines.next()? != FIRST {
            return Err(lines.wrong(format!("expected {FIRST:?}")));
        }
        let words = lines.next()?;
        let inputs = lines.number(words, "inputs")?;
        let mut layers = Vec::new();
        let parameters = loop {
            let words = lines.next()?;
            let Some(layer) = words.strip_prefix("layer ") else {
                break lines.number(words, "parameters")?;
            };
            let (width, activation) = layer.split_once(' ').unwrap_or((layer, ""));
            let width = width.parse().map_err(|_| lines.wrong(format!("expected a width, not {width:?}")))?;
            let activation: Activation = activation.parse().map_err(|error: Error| lines.wrong(error.to_string()))?;
            layers.push((width, activation));
        };
        // Memory grows with the lines that exist, not with the number of parameters that the text declares.
        let mut values = Vec::new();
        for _ in 0..parameters {
            let digits = lines.next()?;
            values.push(lines.bits(digits)?);
        }
        lines.end()?;
        Mlp::from_parameters(inputs, &layers, values).map_err(|error| lines.wrong(error.to_string()))
    }
}

/// Writes a text to a file.
pub(crate) fn save(path: &Path, text: &str) -> Result<(), Error> {
    wengert_file::save(path, text.as_bytes()).map_err(|source| Error::File { path: path.to_owned(), source })
}

/// What the text of a file describes.
pub(crate) fn load<T>(path: &Path, parse: fn(&str) -> Result<T, Error>) -> Result<T, Error> {
    let text = fs::read_to_string(path).map_err(|source| Error::File { path: path.to_owned(), source })?;
    parse(&text).map_err(|error| Error::InFile { path: path.to_owned(), source: Box::new(error) })
}

/// The lines left, and the number of the current one.
pub(crate) struct Lines<'t> {
    rest: std::str::Lines<'t>,
    line: usize,
}

impl<'t> Lines<'t> {
    pub(crate) fn new(text: &'t str) -> Lines<'t> {
        Lines { rest: text.lines(), line: 0 }
    }

    pub(crate) fn next(&mut self) -> Result<&'t str, Error> {
        self.line += 1;
        let line = self.rest.next();
        line.ok_or_else(|| self.wrong("the file ends early".to_string()))
    }

    /// The number after a word.
    pub(crate) fn number(&self, words: &str, name: &str) -> Result<usize, Error> {
        let number = words.strip_prefix(name).and_then(|rest| rest.strip_prefix(' '));
        let number = number.and_then(|number| number.parse().ok());
        number.ok_or_else(|| self.wrong(format!("expected \"{name}\" and a number, not {words:?}")))
    }

    /// The number that has these bits.
    pub(crate) fn bits(&self, digits: &str) -> Result<f64, Error> {
        let plain = digits.len() == 16 && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        let bits = u64::from_str_radix(digits, 16).ok().filter(|_| plain);
        let bits = bits.ok_or_else(|| self.wrong(format!("expected 16 hexadecimal digits, not {digits:?}")))?;
        Ok(f64::from_bits(bits))
    }

    /// Checks that the file ends here.
    pub(crate) fn end(&mut self) -> Result<(), Error> {
        if self.next()? != "end" {
            return Err(self.wrong("expected \"end\"".to_string()));
        }
        if self.rest.any(|line| !line.is_empty()) {
            self.line += 1;
            return Err(self.wrong("nothing may follow \"end\"".to_string()));
        }
        Ok(())
    }

    pub(crate) fn wrong(&self, reason: String) -> Error {
        Error::Malformed { line: self.line, reason }
    }
}
