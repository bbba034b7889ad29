//! Saving and loading: programs as files that later versions read, and that are checked whole
//! before anything runs. Read `record.rs` next.
//!
//! # The format, version 1
//! The eight bytes `wengertp`, then, in [postcard]'s encoding, the version as a `u32` and
//!
//! | field | type | content |
//! |--|--|--|
//! | `names` | list of strings | the names of the ops that occur, each once |
//! | `inputs` | list of bool | of each input, whether it is the same at all points |
//! | `ops` | list of u32 | of each instruction, its op: an index into `names` |
//! | `operands` | list of u32 | the operands of all instructions, one after another: how many instructions back each stands (1 is the one before); of a `leaf`, which input it is |
//! | `immediates` | list of f64 | the immediates of all instructions; of a `const`, its number |
//! | `outputs` | list of (u32, bool) | of each output, which instruction it is, and whether it is summed over the points |
//! | `guards` | list of (u32, u32, string, bool, string, string) | left and right operand, name of the relation, whether it held, what the operands were called |
//! | `pair`, `fuse`, `reuse` | three bools | whether a product and a sum are one step, whether it rounds once, whether values share slots |
//!
//! Ops and relations go by name, so a new row in the table of ops changes no file. The number of
//! operands and immediates of an instruction is that of its op. An unknown name, a wrong version
//! or anything that does not fit is an error; nothing may follow.
//!
//! [postcard]: https://postcard.jamesmunns.com/wire-format

use std::fmt;
use std::fs;
use std::marker::PhantomData;
use std::path::Path;

use rustc_hash::FxHashMap;
use serde::de::{SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use wengert::{NO_IMM, Op, Relation};

use crate::error::Error;
use crate::ir::{Check, Inst, Ir, MOST, NOTHING, Outlet, Spread, operand_count};
use crate::lower::MOST_VALUES;
use crate::options::Options;
use crate::program::Program;

const MAGIC: &[u8; 8] = b"wengertp";
const VERSION: u32 = 1;

#[derive(Default, Serialize, Deserialize)]
struct File {
    #[serde(deserialize_with = "list")]
    names: Vec<String>,
    #[serde(deserialize_with = "list")]
    inputs: Vec<bool>,
    #[serde(deserialize_with = "list")]
    ops: Vec<u32>,
    #[serde(deserialize_with = "list")]
    operands: Vec<u32>,
    #[serde(deserialize_with = "list")]
    immediates: Vec<f64>,
    #[serde(deserialize_with = "list")]
    outputs: Vec<(u32, bool)>,
    #[serde(deserialize_with = "list")]
    guards: Vec<(u32, u32, String, bool, String, String)>,
    pair: bool,
    fuse: bool,
    reuse: bool,
}

/// A list that grows as its items are read: its length is the word of a stranger, and room for so
/// many could be anything.
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
                list.push(item);
            }
            Ok(list)
        }
    }
    deserializer.deserialize_seq(Items(PhantomData))
}

impl Program {
    /// The program as bytes that [`Program::from_bytes`] reads, in this version and later ones.
    ///
    /// # Panics
    /// Where memory runs out.
    pub fn to_bytes(&self) -> Vec<u8> {
        let bytes = postcard::to_extend(&(VERSION, self.to_file()), MAGIC.to_vec());
        bytes.expect("lists and strings of known length can be written")
    }

    /// The program of these bytes. It gives the bits of the one that was saved.
    ///
    /// The bytes may come from anywhere: whatever is wrong with them is an error, and reading them
    /// takes memory of no more than a small multiple of their number.
    ///
    /// # Errors
    /// [`Error::Malformed`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Program, Error> {
        let body = bytes
            .strip_prefix(MAGIC)
            .ok_or_else(|| malformed("it does not begin as one"))?;
        let (version, body): (u32, &[u8]) = postcard::take_from_bytes(body).map_err(|_| malformed("it ends early"))?;
        if version != VERSION {
            return Err(malformed(format!(
                "its version is {version}, and this reads version {VERSION}"
            )));
        }
        let (file, rest): (File, &[u8]) =
            postcard::take_from_bytes(body).map_err(|error| malformed(error.to_string()))?;
        if !rest.is_empty() {
            return Err(malformed(format!("{} bytes follow its end", rest.len())));
        }
        let options = Options::new()
            .pair(file.pair)
            .fuse(file.fuse)
            .reuse(file.reuse)
            .guards(!file.guards.is_empty());
        Ok(Program::of(file.into_ir()?, options, Vec::new()))
    }

    /// Writes the program to a file, whole or not at all, as [`wengert_file::save`] does.
    ///
    /// # Errors
    /// [`Error::File`].
    pub fn save(&self, path: impl AsRef<Path>) -> Result<(), Error> {
        let path = path.as_ref();
        wengert_file::save(path, &self.to_bytes()).map_err(|source| Error::File {
            path: path.into(),
            source,
        })
    }

    /// Reads a program from a file.
    ///
    /// # Errors
    /// [`Error::File`], [`Error::Malformed`].
    pub fn load(path: impl AsRef<Path>) -> Result<Program, Error> {
        let path = path.as_ref();
        let bytes = fs::read(path).map_err(|source| Error::File {
            path: path.into(),
            source,
        })?;
        Program::from_bytes(&bytes)
    }

    fn to_file(&self) -> File {
        let ir = self.ir();
        let Options { pair, fuse, reuse, .. } = self.options();
        let mut file = File {
            pair,
            fuse,
            reuse,
            ..File::default()
        };
        let mut numbers: FxHashMap<Op, u32> = FxHashMap::default();
        for (k, inst) in ir.insts.iter().enumerate() {
            let number = *numbers.entry(inst.op).or_insert_with(|| {
                file.names.push(inst.op.name().into());
                file.names.len() as u32 - 1
            });
            file.ops.push(number);
            match inst.op {
                Op::Leaf => file.operands.push(inst.args[0]),
                Op::Const => file.immediates.push(inst.imm[0]),
                _ => {
                    file.operands.extend(inst.operands().iter().map(|&x| k as u32 - x));
                    file.immediates.extend(&inst.imm[..inst.op.immediates()]);
                }
            }
        }
        file.inputs
            .extend(ir.inputs.iter().map(|&spread| spread == Spread::Whole));
        file.outputs.extend(
            ir.outputs
                .iter()
                .map(|outlet| (outlet.value, outlet.spread == Spread::Whole)),
        );
        file.guards.extend(ir.checks.iter().map(|check| {
            let [left, right] = check.names.clone();
            (
                check.left,
                check.right,
                check.relation.name().into(),
                check.recorded,
                left,
                right,
            )
        }));
        file
    }
}

fn malformed(what: impl Into<String>) -> Error {
    Error::Malformed { what: what.into() }
}

impl File {
    /// The list that the file describes, once everything about it was checked.
    fn into_ir(self) -> Result<Ir, Error> {
        if self.ops.len() > MOST_VALUES || self.inputs.len() > MOST_VALUES || self.outputs.len() > MOST_VALUES {
            return Err(malformed("it is larger than a program may be"));
        }
        let ops = self.table()?;
        let insts = self.instructions(&ops)?;
        let value = |x: u32| match (x as usize) < insts.len() {
            true => Ok(x),
            false => Err(malformed(format!("there is no instruction {x}"))),
        };
        let spread = |whole: bool| if whole { Spread::Whole } else { Spread::Column };
        if self.outputs.is_empty() {
            return Err(malformed("it has no output"));
        }
        let outputs = self.outputs.iter().map(|&(x, sum)| {
            Ok(Outlet {
                value: value(x)?,
                spread: spread(sum),
            })
        });
        let outputs = outputs.collect::<Result<_, Error>>()?;
        let checks = self
            .guards
            .into_iter()
            .map(|(left, right, relation, recorded, left_name, right_name)| {
                let known = Relation::ALL.iter().copied().find(|known| known.name() == relation);
                Ok(Check {
                    left: value(left)?,
                    right: value(right)?,
                    relation: known.ok_or_else(|| malformed(format!("there is no relation {relation:?}")))?,
                    recorded,
                    names: [left_name, right_name],
                })
            });
        let checks = checks.collect::<Result<_, Error>>()?;
        Ok(Ir {
            insts,
            inputs: self.inputs.iter().map(|&whole| spread(whole)).collect(),
            outputs,
            checks,
        })
    }

    /// The ops that the names stand for.
    fn table(&self) -> Result<Vec<Op>, Error> {
        if self.names.len() > Op::ALL.len() {
            return Err(malformed("it names more ops than there are"));
        }
        let mut ops: Vec<Op> = Vec::new();
        for name in &self.names {
            let op = Op::from_name(name).filter(|&op| operand_count(op).is_some());
            let op = op.ok_or_else(|| malformed(format!("no instruction has the op {name:?}")))?;
            if ops.contains(&op) {
                return Err(malformed(format!("it names {name:?} twice")));
            }
            ops.push(op);
        }
        Ok(ops)
    }

    fn instructions(&self, ops: &[Op]) -> Result<Vec<Inst>, Error> {
        let mut operands = self.operands.iter().copied();
        let mut immediates = self.immediates.iter().copied();
        let mut given = vec![false; self.inputs.len()];
        let mut insts = Vec::with_capacity(self.ops.len());
        for (k, &number) in self.ops.iter().enumerate() {
            let fail = |what: &str| malformed(format!("instruction {k} {what}"));
            let &op = ops
                .get(number as usize)
                .ok_or_else(|| fail("has an op without a name"))?;
            let mut next = || operands.next().ok_or_else(|| fail("lacks an operand"));
            let mut args = [NOTHING; MOST];
            if op == Op::Leaf {
                args[0] = next()?;
                let given = given
                    .get_mut(args[0] as usize)
                    .ok_or_else(|| fail("is an input that there is not"))?;
                if std::mem::replace(given, true) {
                    return Err(fail("is an input for the second time"));
                }
            }
            for arg in args.iter_mut().take(operand_count(op).unwrap_or(0)) {
                let back = next()? as usize;
                if back == 0 || back > k {
                    return Err(fail("has an operand that does not stand before it"));
                }
                *arg = (k - back) as u32;
            }
            let count = if op == Op::Const { 1 } else { op.immediates() };
            let mut imm = NO_IMM;
            for imm in &mut imm[..count] {
                *imm = immediates.next().ok_or_else(|| fail("lacks an immediate"))?;
            }
            op.check_immediates(imm)
                .map_err(|error| malformed(format!("instruction {k}: {error}")))?;
            insts.push(Inst { op, imm, args });
        }
        if operands.next().is_some() || immediates.next().is_some() {
            return Err(malformed(
                "it has more operands or immediates than its instructions take",
            ));
        }
        Ok(insts)
    }
}
