//! Saving and loading: programs as files that later versions read. A file is checked as a whole before
//! anything runs.
//!
//! # The format, version 2
//! First the eight bytes `wengertp`. Then, in [postcard]'s encoding, the version as a `u32` and the fields
//! below. Then the CRC-32 of all bytes before it, lowest byte first. The checksum finds accidents: a
//! flipped bit, a file that was cut short. It does not protect against someone who changes a file on
//! purpose, so the fields are checked as if it were not there.
//!
//! | field | type | content |
//! |--|--|--|
//! | `names` | list of strings | the names of the ops that occur, each once |
//! | `inputs` | list of bool | for each input, whether it is uniform; inputs are the first values |
//! | `ops` | list of u32 | for each further value, its op: an index into `names` |
//! | `counts` | list of u32 | for each value of an n-ary op, how many operands it has |
//! | `operands` | list of u32 | the operands of all ops, one after another, as distances: 1 is the value right before |
//! | `immediates` | list of f64 | the immediates of all ops; for a `const`, its number |
//! | `outputs` | list of (u32, bool) | for each output, its value, and whether it is summed over the points |
//! | `labels` | list of (u32, string) | the labels of inputs and outputs, in the order of the values: value and label |
//! | `guards` | list of (u32, u32, string, bool, string, string) | left and right operand, name of the relation, whether it held, names of the operands |
//! | `fold`, `share`, `dead`, `order`, `reuse`, `pair`, `fuse` | seven bools | the options with these names |
//!
//! A user's function is an op whose name is `external ` and that of the function. Its outputs are values one after
//! another: the first has the operands of the call, the others have none. How many there are, the function says.
//!
//! A file holds what was recorded, before any pass; loading runs the passes again. Ops and relations are
//! stored by name, so a new row in the table of ops does not change the format. The op of a value says how many
//! immediates it has. An unknown name, or anything that does not fit, is an error, and so are bytes after
//! the end.
//!
//! Every version from 2 on is read by all later ones: `tests/it/data` has a file of each. Version 1 had no
//! checksum and held programs after their passes; it can no longer be read.
//!
//! [postcard]: https://postcard.jamesmunns.com/wire-format

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::fs;
use std::io::ErrorKind;
use std::marker::PhantomData;
use std::path::Path;
use std::sync::Arc;

use serde::de::{Error as _, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use wengert::room::{Grow, collected, with_room};
use wengert::{Arity, External, NO_IMM, Op, Relation};

use crate::error::Error;
use crate::options::{Options, Spread};
use crate::program::Program;
use crate::recording::{Check, MOST_VALUES, Outlet, Recording, Site};

const MAGIC: &[u8; 8] = b"wengertp";
const VERSION: u32 = 2;
/// What the name of a user's function follows.
const EXTERNAL: &str = "external ";

/// Strings are borrowed: from the program, or from the bytes.
#[derive(Default, Serialize, Deserialize)]
struct File<'a> {
    #[serde(borrow, deserialize_with = "list")]
    names: Vec<&'a str>,
    #[serde(deserialize_with = "list")]
    inputs: Vec<bool>,
    #[serde(deserialize_with = "list")]
    ops: Vec<u32>,
    #[serde(deserialize_with = "list")]
    counts: Vec<u32>,
    #[serde(deserialize_with = "list")]
    operands: Vec<u32>,
    #[serde(deserialize_with = "list")]
    immediates: Vec<f64>,
    #[serde(deserialize_with = "list")]
    outputs: Vec<(u32, bool)>,
    #[serde(borrow, deserialize_with = "list")]
    labels: Vec<(u32, &'a str)>,
    #[serde(borrow, deserialize_with = "list")]
    guards: Vec<(u32, u32, &'a str, bool, &'a str, &'a str)>,
    /// `fold`, `share`, `dead`, `order`, `reuse`, `pair`, `fuse`.
    options: [bool; 7],
}

/// A list that grows as its items are read. The length in a file cannot be trusted, so no memory is
/// reserved by it. Nothing else makes an error of its own, so [`is_out_of_memory`] knows this one.
fn list<'de, D, T>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    struct Items<T>(PhantomData<T>);
    impl<'de, T: Deserialize<'de>> Visitor<'de> for Items<T> {
        type Value = Vec<T>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a list")
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Vec<T>, A::Error> {
            let mut list = Vec::new();
            while let Some(item) = items.next_element()? {
                list.try_push(item).map_err(|_| A::Error::custom("out of memory"))?;
            }
            Ok(list)
        }
    }
    deserializer.deserialize_seq(Items(PhantomData))
}

fn is_out_of_memory(error: &postcard::Error) -> bool {
    matches!(error, postcard::Error::SerdeDeCustom)
}

impl Program {
    /// The program as bytes that [`Program::from_bytes`] reads, in this version and later ones.
    ///
    /// A user's function ([`wengert::External`]) is stored by its name.
    ///
    /// ```
    /// use wengert_program::{Options, Program};
    ///
    /// let program = Program::from_fn(&[1.0, 2.0], |x| vec![x[0] * x[1]], &Options::new())?;
    /// assert_eq!(Program::from_bytes(&program.to_bytes())?.input_count(), 2);
    /// # Ok::<(), wengert_program::Error>(())
    /// ```
    ///
    /// # Panics
    /// If memory runs out, and with the text of [`Error::AmbiguousExternal`].
    #[track_caller]
    pub fn to_bytes(&self) -> Vec<u8> {
        self.try_to_bytes().unwrap_or_else(|error| panic!("{error}"))
    }

    pub(crate) fn try_to_bytes(&self) -> Result<Vec<u8>, Error> {
        let mut named: HashMap<&str, &Arc<dyn External>> = HashMap::new();
        for site in &self.recording().sites {
            let other = named.insert(site.function.name(), &site.function);
            if other.is_some_and(|other| !Arc::ptr_eq(other, &site.function)) {
                return Err(Error::AmbiguousExternal { name: site.function.name().into() });
            }
        }
        let calls: Vec<String> =
            self.recording().sites.iter().map(|site| format!("{EXTERNAL}{}", site.function.name())).collect();
        let bytes = postcard::to_extend(&(VERSION, self.to_file(&calls)), MAGIC.to_vec());
        let mut bytes = bytes.expect("lists and strings of known length can be written");
        bytes.extend(crc32fast::hash(&bytes).to_le_bytes());
        Ok(bytes)
    }

    /// The program in these bytes. It gives the same bits as the one that was saved.
    ///
    /// The passes of its options are those that it was compiled with. What the other options did ([`Options::guards`],
    /// [`Options::freeze_leaves`], [`Options::strict`]) is part of what was recorded, so they have their defaults.
    ///
    /// The bytes may come from anywhere: anything wrong with them is an error. A checksum finds accidental changes;
    /// someone who changes a file on purpose can make it fit.
    ///
    /// What a program of `n` bytes can take is bounded:
    ///
    /// | | at most |
    /// |--|--|
    /// | memory to load it | 210 `n` bytes, where each operand of a `logsumexp` becomes four instructions; for gradients of a path, a net and Rosenbrock's function, 16 `n` |
    /// | time to load it | O(`n`), but for a sort of its outputs and guards, O(`n` log `n`) |
    /// | instructions | 4 `n` |
    /// | memory for single points ([`Program::eval`]) | 50 `n` bytes |
    /// | memory for batches, for each thread, with the lanes that a workspace chooses | 700 `n` bytes, and 4 MB |
    /// | time at a point | its instructions, of which the slowest takes 6 ms (see [`wengert::MAX_ORDER`]) |
    ///
    /// No op of high order is computed while loading, and hash tables have secret keys, so that no file makes its values
    /// collide.
    ///
    /// ```
    /// use wengert_program::{Options, Program, Workspace};
    ///
    /// let program = Program::from_fn(&[1.0, 2.0], |x| vec![x[0] * x[1]], &Options::new())?;
    /// let loaded = Program::from_bytes(&program.to_bytes())?;
    /// let mut out = [0.0];
    /// loaded.eval(&[5.0, 7.0], &mut out, &mut Workspace::new())?;
    /// assert_eq!(out, [35.0]);
    /// assert!(Program::from_bytes(b"something else").is_err());
    /// # Ok::<(), wengert_program::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Malformed`], also for a version that is not supported; [`Error::TooLarge`], [`Error::OutOfMemory`]. [`Error::UnknownExternal`] for
    /// a program that calls user's functions: see [`Program::from_bytes_with`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Program, Error> {
        Program::from_bytes_with(bytes, &[])
    }

    /// As [`Program::from_bytes`], for a program that calls user's functions. A file has their names. The functions that
    /// they name are found among `externals`, the first of each name.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use wengert::{Expr, External, Scalar};
    /// use wengert_program::{Error, Options, Program, Workspace};
    ///
    /// struct Cube;
    ///
    /// impl External for Cube {
    ///     fn name(&self) -> &str {
    ///         "cube"
    ///     }
    ///     fn shape(&self) -> (usize, usize) {
    ///         (1, 1)
    ///     }
    ///     fn value(&self, x: &[f64], y: &mut [f64]) -> Result<(), String> {
    ///         y[0] = x[0].powi(3);
    ///         Ok(())
    ///     }
    ///     fn vjp(&self, x: &[f64], _: &[f64], ybar: &[f64], xbar: &mut [f64]) -> Result<(), String> {
    ///         xbar[0] = 3.0 * x[0] * x[0] * ybar[0];
    ///         Ok(())
    ///     }
    /// }
    ///
    /// let cube: Arc<dyn External> = Arc::new(Cube);
    /// let program = Program::from_fn(&[2.0], |x| Expr::external(&cube, x), &Options::new())?;
    /// let bytes = program.to_bytes();
    /// assert!(matches!(Program::from_bytes(&bytes), Err(Error::UnknownExternal { .. })));
    /// let loaded = Program::from_bytes_with(&bytes, &[cube])?;
    /// let mut out = [0.0];
    /// loaded.eval(&[3.0], &mut out, &mut Workspace::new())?;
    /// assert_eq!(out, [27.0]);
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`Program::from_bytes`].
    pub fn from_bytes_with(bytes: &[u8], externals: &[Arc<dyn External>]) -> Result<Program, Error> {
        let body = bytes.strip_prefix(MAGIC).ok_or_else(|| malformed("it does not start like one"))?;
        let (version, body): (u32, &[u8]) = postcard::take_from_bytes(body).map_err(|_| malformed("it ends early"))?;
        if version < 2 {
            return Err(malformed(format!("its version {version} is no longer supported: record the program again")));
        }
        if version > VERSION {
            return Err(malformed(format!(
                "it has version {version}, but this reads up to version {VERSION}: read it with the wengert-program that wrote it, or a later one"
            )));
        }
        let (body, sum) = body.split_last_chunk().ok_or_else(|| malformed("it ends early"))?;
        if crc32fast::hash(&bytes[..bytes.len() - sum.len()]) != u32::from_le_bytes(*sum) {
            return Err(malformed("its checksum does not match: it was cut short, or some bytes changed"));
        }
        let (file, rest): (File<'_>, &[u8]) = postcard::take_from_bytes(body).map_err(|error| match error {
            error if is_out_of_memory(&error) => Error::OutOfMemory { bytes: bytes.len() },
            error => malformed(error.to_string()),
        })?;
        if !rest.is_empty() {
            return Err(malformed(format!("{} bytes follow its end", rest.len())));
        }
        let [fold, share, dead, order, reuse, pair, fuse] = file.options;
        let options = Options { fold, share, dead, order, reuse, pair, fuse, ..Options::default() };
        Program::of(file.into_recording(externals)?, options)
    }

    /// Writes the program to a file, whole or not at all, as [`wengert_file::save`] does.
    ///
    /// ```
    /// use wengert_program::{Options, Program};
    ///
    /// let program = Program::from_fn(&[1.0, 2.0], |x| vec![x[0] * x[1]], &Options::new())?;
    /// let path = std::env::temp_dir().join(format!("wengert-saved-{}", std::process::id()));
    /// program.save(&path)?;
    /// assert_eq!(std::fs::read(&path).unwrap(), program.to_bytes());
    /// # std::fs::remove_file(path).unwrap();
    /// # Ok::<(), wengert_program::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::File`], [`Error::AmbiguousExternal`].
    pub fn save(&self, path: impl AsRef<Path>) -> Result<(), Error> {
        let path = path.as_ref();
        wengert_file::save(path, &self.try_to_bytes()?).map_err(|source| Error::File { path: path.into(), source })
    }

    /// Reads a program from a file.
    ///
    /// ```
    /// use wengert_program::{Options, Program};
    ///
    /// let program = Program::from_fn(&[1.0, 2.0], |x| vec![x[0] * x[1]], &Options::new())?;
    /// let path = std::env::temp_dir().join(format!("wengert-loaded-{}", std::process::id()));
    /// program.save(&path)?;
    /// assert_eq!(Program::load(&path)?.input_count(), 2);
    /// # std::fs::remove_file(path).unwrap();
    /// # Ok::<(), wengert_program::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::File`], and those of [`Program::from_bytes`].
    pub fn load(path: impl AsRef<Path>) -> Result<Program, Error> {
        Program::load_with(path, &[])
    }

    /// Reads a program that calls user's functions from a file: see [`Program::from_bytes_with`].
    ///
    /// # Errors
    /// As [`Program::load`], and [`Error::UnknownExternal`].
    pub fn load_with(path: impl AsRef<Path>, externals: &[Arc<dyn External>]) -> Result<Program, Error> {
        let path = path.as_ref();
        let bytes = fs::read(path).map_err(|source| match source.kind() {
            ErrorKind::OutOfMemory => {
                Error::OutOfMemory { bytes: fs::metadata(path).map_or(0, |file| file.len() as usize) }
            }
            _ => Error::File { path: path.into(), source },
        })?;
        Program::from_bytes_with(&bytes, externals)
    }

    /// `calls` has the name for each call of a user's function.
    fn to_file<'a>(&'a self, calls: &'a [String]) -> File<'a> {
        let recording = self.recording();
        let Options { fold, share, dead, order, reuse, pair, fuse, .. } = self.options();
        let mut file = File { options: [fold, share, dead, order, reuse, pair, fuse], ..File::default() };
        for (value, (op, imm, operands)) in (recording.inputs.len() as u32..).zip(recording.entries()) {
            let name = if op == Op::External { &calls[imm[0] as usize] } else { op.name() };
            let number = file.names.iter().position(|&known| known == name).unwrap_or_else(|| {
                file.names.push(name);
                file.names.len() - 1
            });
            file.ops.push(number as u32);
            if let Arity::AtLeast(_) = op.arity() {
                file.counts.push(operands.len() as u32);
            }
            file.operands.extend(operands.iter().map(|&x| value - x));
            file.immediates.extend(&imm[..immediates(op)]);
        }
        file.inputs.extend(recording.inputs.iter().map(|&spread| spread == Spread::Uniform));
        file.outputs.extend(recording.outputs.iter().map(|outlet| (outlet.value, outlet.spread == Spread::Uniform)));
        file.labels.extend(recording.labels.iter().map(|(value, label)| (*value, label.as_str())));
        let checks = recording.checks.iter().zip(&recording.names);
        file.guards.extend(checks.map(|(check, names)| {
            (check.left, check.right, check.relation.name(), check.recorded, &*names[0], &*names[1])
        }));
        file
    }
}

fn malformed(what: impl Into<String>) -> Error {
    Error::Malformed { what: what.into() }
}

/// A copy of a string.
fn owned(text: &str) -> Result<String, Error> {
    let mut copy = String::new();
    copy.try_reserve_exact(text.len()).map_err(|_| Error::OutOfMemory { bytes: text.len() })?;
    copy.push_str(text);
    Ok(copy)
}

impl File<'_> {
    /// The recording in the file, after checking all of it.
    fn into_recording(self, externals: &[Arc<dyn External>]) -> Result<Recording, Error> {
        if self.outputs.len() > MOST_VALUES {
            return Err(malformed("it is larger than a program can be"));
        }
        if self.outputs.is_empty() {
            return Err(malformed("it has no output"));
        }
        let spread = |uniform: bool| if uniform { Spread::Uniform } else { Spread::PerPoint };
        let mut recording = Recording::of(collected(self.inputs.iter().map(|&uniform| spread(uniform)))?)?;
        self.values(&mut recording, externals)?;
        let count = recording.len();
        let value = |x: u32| match (x as usize) < count {
            true => Ok(x),
            false => Err(malformed(format!("value {x} does not exist"))),
        };
        for &(x, sum) in &self.outputs {
            recording.outputs.try_push(Outlet { value: value(x)?, spread: spread(sum) })?;
        }
        for (x, label) in self.labels {
            if recording.labels.last().is_some_and(|&(before, _)| before >= x) {
                return Err(malformed("its labels are not in the order of the values"));
            }
            recording.labels.try_push((value(x)?, owned(label)?))?;
        }
        for (left, right, relation, recorded, left_name, right_name) in self.guards {
            let known = Relation::ALL.iter().copied().find(|known| known.name() == relation);
            recording.checks.try_push(Check {
                left: value(left)?,
                right: value(right)?,
                relation: known.ok_or_else(|| malformed(format!("{relation:?} is not a relation")))?,
                recorded,
            })?;
            recording.names.try_push([owned(left_name)?, owned(right_name)?])?;
        }
        Ok(recording)
    }

    /// The ops with these names. Of [`Op::External`], the name of the function too.
    fn table(&self) -> Result<Vec<(Op, &str)>, Error> {
        let mut ops: Vec<(Op, &str)> = with_room(self.names.len())?;
        let mut seen = HashSet::new();
        seen.try_reserve(self.names.len())
            .map_err(|_| Error::OutOfMemory { bytes: self.names.len() * size_of::<&str>() })?;
        for &name in &self.names {
            if !seen.insert(name) {
                return Err(malformed(format!("it names {name:?} twice")));
            }
            ops.push(match name.strip_prefix(EXTERNAL) {
                Some(called) => (Op::External, called),
                None => {
                    let op = Op::from_name(name).filter(|&op| op != Op::Leaf);
                    (op.ok_or_else(|| malformed(format!("no op that computes a value is named {name:?}")))?, "")
                }
            });
        }
        Ok(ops)
    }

    /// Adds the values after the inputs.
    fn values(&self, recording: &mut Recording, externals: &[Arc<dyn External>]) -> Result<(), Error> {
        let ops = self.table()?;
        recording.room(self.ops.len(), self.operands.len(), self.immediates.len())?;
        let mut counts = self.counts.iter().copied();
        let mut distances = self.operands.iter().copied();
        let mut numbers = self.immediates.iter().copied();
        let mut operands = Vec::new();
        // How many outputs of the last call are still to come, and which op they have.
        let (mut pending, mut called) = (0, 0);
        for &number in &self.ops {
            let value = recording.len() - pending as usize;
            let fail = |what: &str| malformed(format!("value {value} {what}"));
            let &(op, name) = ops.get(number as usize).ok_or_else(|| fail("has an op that is not named"))?;
            let count = match op.arity() {
                Arity::Fixed(count) => count,
                Arity::AtLeast(_) => counts.next().ok_or_else(|| fail("has no number of operands"))? as usize,
                _ => return Err(fail("has an op with an unknown number of operands")),
            };
            if pending > 0 {
                if number != called || count != 0 {
                    return Err(fail("is not an output of the call before it"));
                }
                pending -= 1;
                continue;
            }
            if !op.takes(count) {
                return Err(fail("has a number of operands that its op does not take"));
            }
            operands.clear();
            for _ in 0..count {
                let back = distances.next().ok_or_else(|| fail("is missing an operand"))? as usize;
                if back == 0 || back > value {
                    return Err(fail("has an operand that does not come before it"));
                }
                operands.try_push((value - back) as u32)?;
            }
            if op == Op::External {
                let known = externals.iter().find(|known| known.name() == name).cloned().map(Site::of);
                let site = known.filter(|site| site.inputs as usize == count && site.outputs > 0);
                let site = site.ok_or_else(|| Error::UnknownExternal { name: name.into(), inputs: count })?;
                (pending, called) = (site.outputs - 1, number);
                recording.push_call(site, &operands)?;
                continue;
            }
            let mut imm = NO_IMM;
            for imm in &mut imm[..immediates(op)] {
                *imm = numbers.next().ok_or_else(|| fail("is missing an immediate"))?;
            }
            op.check_immediates(imm).map_err(|error| malformed(format!("value {value}: {error}")))?;
            recording.push(op, imm, &operands)?;
        }
        if pending > 0 {
            return Err(malformed("a call is missing an output"));
        }
        if counts.next().is_some() || distances.next().is_some() || numbers.next().is_some() {
            return Err(malformed("it has more counts, operands or immediates than its ops take"));
        }
        Ok(())
    }
}

/// How many numbers of an op are in a file.
fn immediates(op: Op) -> usize {
    if op == Op::Const { 1 } else { op.immediates() }
}
