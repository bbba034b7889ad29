//! Points: read from a file in any amount, so that no more of it is in memory than is worked on.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use csv::{ByteRecord, Reader, ReaderBuilder};
use indicatif::ProgressBar;

use crate::arguments::Format;
use crate::error::Error;

/// A file of points that is open.
pub(crate) struct Points {
    path: PathBuf,
    count: usize,
    /// Their checksum, or the name that the user gave them.
    name: String,
    /// The length of the file, and when it was changed last.
    opened: (u64, Option<SystemTime>),
    source: Source,
}

enum Source {
    Csv(Csv),
    /// The file, and the number of columns.
    Rows(File, usize),
    Columns(File, usize),
}

struct Csv {
    reader: Reader<File>,
    record: ByteRecord,
    /// For each input, its field in a line.
    fields: Vec<usize>,
    /// The number of the point that comes next.
    next: usize,
    /// The number of the first point that was read last, and where each of the points read with it begins.
    places: (usize, Vec<u64>),
}

impl Points {
    /// Opens a file that has a column for each of `inputs`, the labels of the inputs with a number for each point. Reads it
    /// once, for its checksum and for the number of lines, unless `name` stands for the checksum and the points are raw.
    pub(crate) fn open(
        path: &Path,
        format: Format,
        inputs: &[Option<&str>],
        name: Option<&str>,
        bar: &ProgressBar,
    ) -> Result<Points, Error> {
        let unread = |source| Error::File { path: path.into(), source };
        let mut file = File::open(path).map_err(unread)?;
        let metadata = file.metadata().map_err(unread)?;
        if !metadata.is_file() {
            return Err(Error::NotRegular { path: path.into() });
        }
        let bytes = metadata.len();
        bar.set_length(bytes);
        let mut summed = Summed { file: &mut file, checksum: crc32fast::Hasher::new(), bytes: 0, bar };
        let columns = inputs.len();
        let (count, header, fields) = match format {
            Format::Csv => scan(path, &mut summed, inputs)?,
            Format::Rows | Format::Columns => {
                let size = 8 * columns as u64;
                if !bytes.is_multiple_of(size) {
                    return Err(Error::Size { path: path.into(), bytes, columns });
                }
                if name.is_none() {
                    io::copy(&mut summed, &mut io::sink()).map_err(unread)?;
                }
                ((bytes / size) as usize, false, Vec::new())
            }
        };
        if count == 0 {
            return Err(Error::NoPoints { path: path.into() });
        }
        let checksum = format!("checksum {:08x}, {bytes} bytes", summed.checksum.finalize());
        let kind = match format {
            Format::Csv => "CSV",
            Format::Rows => "rows",
            Format::Columns => "columns",
        };
        let name = format!("{kind}, {}", name.map_or(checksum, |name| format!("named {name:?}")));
        file.rewind().map_err(unread)?;
        let source = match format {
            Format::Rows => Source::Rows(file, columns),
            Format::Columns => Source::Columns(file, columns),
            Format::Csv => {
                let (reader, record) = (reader(file), ByteRecord::new());
                let mut csv = Csv { reader, record, fields, next: 0, places: (0, Vec::new()) };
                if header {
                    csv.reader.read_byte_record(&mut csv.record).map_err(|error| wrong(path, error))?;
                }
                Source::Csv(csv)
            }
        };
        Ok(Points { path: path.into(), count, name, opened: (bytes, metadata.modified().ok()), source })
    }

    /// Checks that the file has not changed since it was opened: the checksum comes from one read, and the sums from another.
    pub(crate) fn unchanged(&self) -> Result<(), Error> {
        let now = fs::metadata(&self.path).map_err(|source| Error::File { path: self.path.clone(), source })?;
        match (now.len(), now.modified().ok()) == self.opened {
            true => Ok(()),
            false => Err(Error::Changed { path: self.path.clone() }),
        }
    }

    pub(crate) fn count(&self) -> usize {
        self.count
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// A column for each input, of these points. With CSV, each call must start where the last one ended, or later.
    pub(crate) fn read(&mut self, points: Range<usize>) -> Result<Vec<Vec<f64>>, Error> {
        let unread = |source| Error::File { path: self.path.clone(), source };
        match &mut self.source {
            Source::Csv(csv) => csv.read(&self.path, points),
            Source::Rows(file, columns) => {
                let size = 8 * *columns;
                file.seek(SeekFrom::Start((points.start * size) as u64)).map_err(unread)?;
                let mut bytes = vec![0; points.len() * size];
                file.read_exact(&mut bytes).map_err(unread)?;
                let column = |k| bytes.chunks(size).map(move |row| number(&row[8 * k..8 * k + 8])).collect();
                Ok((0..*columns).map(column).collect())
            }
            Source::Columns(file, columns) => {
                let mut column = |k: usize| {
                    file.seek(SeekFrom::Start(8 * (k * self.count + points.start) as u64))?;
                    let mut bytes = vec![0; 8 * points.len()];
                    file.read_exact(&mut bytes)?;
                    Ok(bytes.chunks(8).map(number).collect())
                };
                (0..*columns).map(&mut column).collect::<io::Result<_>>().map_err(unread)
            }
        }
    }

    /// An error at a point that was read last, with its line; none if points have no lines.
    pub(crate) fn error_at(&self, point: usize, what: String) -> Option<Error> {
        match &self.source {
            Source::Csv(csv) => {
                let place = csv.places.1.get(point.checked_sub(csv.places.0)?)?;
                Some(error_at(&self.path, *place, what))
            }
            _ => None,
        }
    }
}

impl Csv {
    fn read(&mut self, path: &Path, points: Range<usize>) -> Result<Vec<Vec<f64>>, Error> {
        let mut columns: Vec<_> = self.fields.iter().map(|_| Vec::with_capacity(points.len())).collect();
        self.places = (points.start, Vec::with_capacity(points.len()));
        while self.next < points.end {
            if !self.reader.read_byte_record(&mut self.record).map_err(|error| wrong(path, error))? {
                return Err(Error::File { path: path.into(), source: io::ErrorKind::UnexpectedEof.into() });
            }
            if self.next >= points.start {
                let place = place(&self.record);
                self.places.1.push(place);
                for (column, &field) in columns.iter_mut().zip(&self.fields) {
                    column.push(parse(path, place, field, self.record.get(field).unwrap_or(b""))?);
                }
            }
            self.next += 1;
        }
        Ok(columns)
    }
}

/// Counts the points of a CSV file, checks that all lines have the same number of fields, and finds the columns. The answer
/// is the number of points, whether there is a header, and which field each input is.
fn scan(path: &Path, file: impl Read, inputs: &[Option<&str>]) -> Result<(usize, bool, Vec<usize>), Error> {
    let mut reader = reader(file);
    let mut record = ByteRecord::new();
    if !reader.read_byte_record(&mut record).map_err(|error| wrong(path, error))? {
        return Err(Error::NoPoints { path: path.into() });
    }
    let place = place(&record);
    let refused = |what: String| error_at(path, place, what);
    let width = record.len();
    let names: Vec<String> = record.iter().map(|field| String::from_utf8_lossy(field).trim().to_owned()).collect();
    // A name may be empty: tables often have a column of row numbers without a name. A field that starts like a number is
    // a wrong number, not a name.
    let like_a_name = |name: &String| {
        let start = |first: char| first.is_ascii_digit() || "+-.".contains(first);
        name.parse::<f64>().is_err() && !name.starts_with(start)
    };
    let header = names.iter().all(like_a_name) && names.iter().any(|name| !name.is_empty());
    if !header {
        for (field, bytes) in record.iter().enumerate() {
            parse(path, place, field, bytes)?;
        }
    }
    if header {
        agrees(&names, inputs).map_err(refused)?;
    }
    let labels: Option<Vec<&str>> = inputs.iter().copied().collect();
    let fields = match labels.filter(|_| header) {
        Some(labels) => labels
            .into_iter()
            .map(|label| {
                let mut found = (0..width).filter(|&field| names[field] == label);
                match (found.next(), found.next()) {
                    (Some(field), None) => Ok(field),
                    (None, _) => Err(refused(format!(
                        "no column {label:?}, which is an input of the program: name it so, or remove the header to take the columns in order"
                    ))),
                    (Some(_), Some(_)) => Err(refused(format!("two columns {label:?}: rename one"))),
                }
            })
            .collect::<Result<_, _>>()?,
        None if width == inputs.len() => (0..width).collect(),
        None => {
            let given = inputs.len();
            return Err(refused(format!(
                "{width} columns, but the program has {given} inputs with a number for each point: give a column for each"
            )));
        }
    };
    let mut count = usize::from(!header);
    while reader.read_byte_record(&mut record).map_err(|error| wrong(path, error))? {
        count += 1;
    }
    Ok((count, header, fields))
}

/// Whether a header can be read in one way only.
fn agrees(names: &[String], inputs: &[Option<&str>]) -> Result<(), String> {
    let labels = || inputs.iter().enumerate().filter_map(|(input, &label)| Some((input, label?)));
    if let Some((_, label)) = labels().find(|&(input, label)| inputs[..input].contains(&Some(label))) {
        return Err(format!(
            "two inputs of the program have the label {label:?}, so the header does not say which column is which: remove it to take the columns in order"
        ));
    }
    // Where an input has no label, the columns come in the order of the inputs.
    let elsewhere =
        |&(input, label): &(usize, &str)| names.iter().enumerate().any(|(field, name)| name == label && field != input);
    match labels().find(elsewhere).filter(|_| inputs.contains(&None)) {
        Some((input, label)) => Err(format!(
            "{label:?} is in another column than {}, and some inputs have no label, so the columns come in the order of the inputs: order them so, or label all inputs",
            input + 1
        )),
        None => Ok(()),
    }
}

fn reader<R: Read>(file: R) -> Reader<R> {
    ReaderBuilder::new().has_headers(false).buffer_capacity(1 << 16).from_reader(file)
}

fn wrong(path: &Path, error: csv::Error) -> Error {
    match error.into_kind() {
        csv::ErrorKind::Io(source) => Error::File { path: path.into(), source },
        csv::ErrorKind::UnequalLengths { pos, expected_len, len } => {
            let what = format!("{len} fields, but the first line has {expected_len}: give all lines the same number");
            error_at(path, pos.map_or(0, |pos| pos.byte()), what)
        }
        other => Error::File { path: path.into(), source: io::Error::other(format!("{other:?}")) },
    }
}

fn parse(path: &Path, place: u64, field: usize, bytes: &[u8]) -> Result<f64, Error> {
    let text = String::from_utf8_lossy(bytes);
    text.trim().parse().map_err(|_| {
        let column = field + 1;
        let what = format!(
            "{text:?} in column {column} is not a number: correct it, or give --format if the points are not CSV"
        );
        error_at(path, place, what)
    })
}

/// Where the last read began, in bytes: at the record, or at empty lines before it.
fn place(record: &ByteRecord) -> u64 {
    record.position().map_or(0, csv::Position::byte)
}

/// An error with the line of the record that was read at this place. The lines before it are counted only now.
fn error_at(path: &Path, place: u64, what: String) -> Error {
    let count = || -> io::Result<u64> {
        let mut file = BufReader::new(File::open(path)?);
        let mut line = 1;
        let mut rest = place;
        loop {
            let bytes = file.fill_buf()?;
            let before = bytes.len().min(usize::try_from(rest).unwrap_or(usize::MAX));
            let empty = bytes[before..].iter().take_while(|&&byte| byte == b'\n' || byte == b'\r').count();
            let seen = before + empty;
            line += bytes[..seen].iter().filter(|&&byte| byte == b'\n').count() as u64;
            if seen < bytes.len() || bytes.is_empty() {
                return Ok(line);
            }
            file.consume(seen);
            rest -= before as u64;
        }
    };
    match count() {
        Ok(line) => Error::Line { path: path.into(), line, what },
        Err(source) => Error::File { path: path.into(), source },
    }
}

fn number(bytes: &[u8]) -> f64 {
    f64::from_le_bytes(bytes.try_into().expect("eight bytes"))
}

/// Adds what is read to a checksum, and shows how far it got.
struct Summed<'f> {
    file: &'f mut File,
    checksum: crc32fast::Hasher,
    bytes: u64,
    bar: &'f ProgressBar,
}

impl Read for Summed<'_> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let count = self.file.read(bytes)?;
        self.checksum.update(&bytes[..count]);
        self.bytes += count as u64;
        self.bar.set_position(self.bytes);
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_file_that_changed_since_it_was_opened_is_refused() {
        let folder = tempfile::tempdir().expect("is made");
        let path = folder.path().join("points");
        let then = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000);
        let write = |bytes: &[u8], changed| {
            fs::write(&path, bytes).expect("is written");
            File::options().append(true).open(&path).and_then(|file| file.set_modified(changed)).expect("is set");
        };
        let changes: [(&[u8], _, _); 3] =
            [(b"1\n2\n", then, false), (b"1\n20\n", then, true), (b"1\n3\n", then + Duration::from_millis(1), true)];
        for (bytes, changed, refused) in changes {
            write(b"1\n2\n", then);
            let opened = Points::open(&path, Format::Csv, &[None], None, &ProgressBar::hidden()).expect("is opened");
            write(bytes, changed);
            assert_eq!(matches!(opened.unchanged(), Err(Error::Changed { .. })), refused);
        }
    }
}
