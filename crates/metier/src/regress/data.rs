//! Columns of a CSV or Parquet file, only those that were asked for. Fits nothing.

use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::fs::File;
use std::io::{Read, Seek};
use std::path::Path;

use anyhow::{Context, Result, anyhow, bail};

/// What a model needs of a file.
#[derive(Debug, Default)]
pub(super) struct Table {
    /// Columns of numbers by name: not a number where nothing stands.
    numbers: HashMap<String, Vec<f64>>,
    /// Columns of categories by name.
    categories: HashMap<String, Categories>,
    /// The number of rows.
    pub(super) rows: usize,
    /// The line on which each row begins; none of a Parquet file.
    lines: Vec<u64>,
}

/// Where a row stands in its file: the line of a CSV file, the number of the row, from 1, of a Parquet file.
#[derive(Debug, Clone, Copy)]
pub(super) enum Place {
    Line(u64),
    Row(usize),
}

impl fmt::Display for Place {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Place::Line(line) => write!(to, "line {line}"),
            Place::Row(row) => write!(to, "row {row}"),
        }
    }
}

/// Names as numbers, counted from 0 in the order in which they come; [`Categories::NONE`] where nothing stands.
#[derive(Debug, Default)]
pub(super) struct Categories {
    pub(super) codes: Vec<u32>,
    pub(super) names: Vec<String>,
    /// Of a column that could have been numbers: what it holds that is none, and where.
    pub(super) no_number: Option<String>,
    known: HashMap<String, u32>,
}

impl Categories {
    pub(super) const NONE: u32 = u32::MAX;

    fn push(&mut self, name: &str) -> Result<()> {
        let code = match self.known.get(name) {
            Some(code) => *code,
            None => {
                let code = u32::try_from(self.names.len()).ok().filter(|code| *code < Categories::NONE);
                let code = code.context("more categories than there are numbers of 32 bits")?;
                self.names.push(name.to_owned());
                self.known.insert(name.to_owned(), code);
                code
            }
        };
        self.codes.push(code);
        Ok(())
    }
}

/// Which columns are read, and as what. A column can be both.
#[derive(Debug, Default)]
pub(super) struct Wanted<'n> {
    /// Columns of numbers, which must be numbers.
    pub(super) numbers: BTreeSet<&'n str>,
    /// Columns that may be numbers or names: numbers if every value is one.
    pub(super) either: BTreeSet<&'n str>,
    /// Columns of names, whatever they look like.
    pub(super) categories: BTreeSet<&'n str>,
}

impl Wanted<'_> {
    fn all(&self) -> BTreeSet<&str> {
        self.numbers.iter().chain(&self.either).chain(&self.categories).copied().collect()
    }
}

impl Table {
    /// Reads columns of a file: Parquet if it is one, else CSV with a line of names.
    pub(super) fn read(path: &Path, wanted: &Wanted) -> Result<Table> {
        let there = || format!("cannot read {}", path.display());
        let mut file = File::open(path).with_context(there)?;
        let mut start = Vec::new();
        file.by_ref().take(4).read_to_end(&mut start).with_context(there)?;
        let table = if start == b"PAR1" {
            file.rewind().with_context(there)?;
            parquet::read(file, wanted)
        } else if path.extension().is_some_and(|end| end.eq_ignore_ascii_case("parquet")) {
            Err(anyhow!("this is no Parquet file, though it is called one"))
        } else {
            // Not rewound, so that it may be a pipe. With a line feed at its end, so that lines can be counted by them.
            csv(start.chain(file).chain(&b"\n"[..]), wanted)
        };
        table.with_context(|| path.display().to_string())
    }

    /// Where a row stands, counted from 0.
    pub(super) fn place(&self, row: usize) -> Place {
        self.lines.get(row).map_or(Place::Row(row + 1), |line| Place::Line(*line))
    }

    /// A column of numbers, `None` if it has names.
    pub(super) fn numbers(&self, name: &str) -> Option<&[f64]> {
        self.numbers.get(name).map(Vec::as_slice)
    }

    /// A column of names.
    pub(super) fn categories(&self, name: &str) -> Option<&Categories> {
        self.categories.get(name)
    }
}

/// What stands for nothing in a CSV file.
fn missing(value: &str) -> bool {
    matches!(value, "" | "NA" | "NaN" | "nan" | "NULL" | "null" | "None")
}

/// A number, or what spreadsheets write for yes and no. It may be infinite.
fn number(value: &str) -> Option<f64> {
    match value {
        "true" | "True" | "TRUE" => Some(1.0),
        "false" | "False" | "FALSE" => Some(0.0),
        _ => value.parse().ok(),
    }
}

/// The beginning of a value, in quotation marks.
fn shown(value: &str) -> String {
    const MOST: usize = 40;
    let cut = if value.chars().nth(MOST).is_some() { "…" } else { "" };
    format!("{:?}{cut}", value.chars().take(MOST).collect::<String>())
}

/// A column being read: as numbers as long as it can be, as names if it has to be or may have to.
struct Column {
    name: String,
    at: usize,
    numbers: Option<Vec<f64>>,
    must_be_numbers: bool,
    categories: Option<Categories>,
}

impl Column {
    fn new(name: &str, at: usize, wanted: &Wanted) -> Column {
        let either = wanted.either.contains(name);
        let must_be_numbers = wanted.numbers.contains(name);
        Column {
            name: name.to_owned(),
            at,
            numbers: (must_be_numbers || either).then(Vec::new),
            must_be_numbers,
            categories: (wanted.categories.contains(name) || either).then(Categories::default),
        }
    }

    fn push(&mut self, value: &[u8], place: Place) -> Result<()> {
        let name = &self.name;
        let Ok(value) = std::str::from_utf8(value) else {
            bail!("{place}: column {name} holds what is not UTF-8: save the file as UTF-8");
        };
        let value = value.trim();
        if missing(value) {
            self.numbers.iter_mut().for_each(|numbers| numbers.push(f64::NAN));
            self.categories.iter_mut().for_each(|categories| categories.codes.push(Categories::NONE));
            return Ok(());
        }
        if let Some(numbers) = &mut self.numbers {
            match number(value) {
                Some(number) if number.is_finite() => numbers.push(number),
                None if !self.must_be_numbers => {
                    self.numbers = None;
                    if let Some(categories) = &mut self.categories {
                        categories.no_number = Some(format!("{} in {place}", shown(value)));
                    }
                }
                _ => bail!("{place}: column {name} holds {}, which is no finite number", shown(value)),
            }
        }
        if let Some(categories) = &mut self.categories {
            categories.push(value)?;
        }
        Ok(())
    }

    fn into(self, table: &mut Table, wanted: &Wanted) {
        let as_names = wanted.categories.contains(self.name.as_str()) || self.numbers.is_none();
        if let (Some(categories), true) = (self.categories, as_names) {
            table.categories.insert(self.name.clone(), categories);
        }
        if let Some(numbers) = self.numbers {
            table.numbers.insert(self.name, numbers);
        }
    }
}

fn csv(file: impl Read, wanted: &Wanted) -> Result<Table> {
    // Lines end at line feeds alone: with its own rule the reader counts one line too few where a return stands before
    // them. The returns are trimmed off with the blanks.
    let mut reader = ::csv::ReaderBuilder::new()
        .terminator(::csv::Terminator::Any(b'\n'))
        .flexible(true)
        .from_reader(file);
    let heading = reader.byte_headers()?.clone();
    let names: Vec<String> = heading
        .iter()
        .map(|name| String::from_utf8_lossy(name).trim_start_matches('\u{feff}').trim().to_owned())
        .collect();
    if names.iter().all(String::is_empty) {
        bail!("the file is empty, or its first line names no column");
    }
    let mut columns = Vec::new();
    for name in wanted.all() {
        let at = place(&names, name).map_err(|error| match std::str::from_utf8(heading.as_slice()) {
            Ok(_) => error,
            Err(_) => error.context("the line of names is not UTF-8: save the file as UTF-8"),
        })?;
        columns.push(Column::new(name, at, wanted));
    }
    let mut table = Table::default();
    let mut record = ::csv::ByteRecord::new();
    loop {
        let next = reader.position().line();
        if !reader.read_byte_record(&mut record)? {
            break;
        }
        // Lines that the reader left out because they are empty stand before the record, lines of its fields in it.
        let within = record.as_slice().iter().filter(|byte| **byte == b'\n').count() as u64;
        let line = reader.position().line().saturating_sub(1 + within).max(next);
        if record.len() != names.len() {
            if record.as_slice().trim_ascii().is_empty() && record.len() == 1 {
                continue;
            }
            bail!(
                "line {line}: the number of fields is {}, but the line of names has {}",
                record.len(),
                names.len()
            );
        }
        for column in &mut columns {
            column.push(&record[column.at], Place::Line(line))?;
        }
        table.lines.push(line);
        table.rows += 1;
    }
    columns.into_iter().for_each(|column| column.into(&mut table, wanted));
    Ok(table)
}

/// Where a column stands.
fn place(names: &[String], name: &str) -> Result<usize> {
    /// More would hide what is wrong.
    const MOST: usize = 60;
    let mut found = names.iter().enumerate().filter(|(_, other)| *other == name);
    let at = found.next().map(|(at, _)| at).ok_or_else(|| {
        let more = names.len().saturating_sub(MOST);
        let listed: Vec<String> = names.iter().take(MOST).map(|name| printable(name)).collect();
        anyhow!(
            "there is no column {}; there are: {}{}",
            printable(name),
            listed.join(", "),
            if more > 0 { format!(" and {more} more") } else { String::new() }
        )
    })?;
    if found.next().is_some() {
        bail!("two columns are called {name}");
    }
    Ok(at)
}

/// A name for a message: on one line, and not too long.
fn printable(name: &str) -> String {
    name.chars().take(80).map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

mod parquet {
    use std::fs::File;

    use ::parquet::arrow::ProjectionMask;
    use ::parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
    use anyhow::{Context, Result, bail};
    use arrow_array::cast::AsArray;
    use arrow_array::types::*;
    use arrow_array::{Array, ArrayRef};
    use arrow_schema::DataType;

    use super::{Column, Place, Table, Wanted, place};

    const NOT_SOUND: &str = "this is no sound Parquet file";

    pub(super) fn read(file: File, wanted: &Wanted) -> Result<Table> {
        let builder = ParquetRecordBatchReaderBuilder::try_new(file).context(NOT_SOUND)?;
        let names: Vec<String> = builder.schema().fields().iter().map(|field| field.name().clone()).collect();
        let mut columns = Vec::new();
        for name in wanted.all() {
            columns.push(Column::new(name, place(&names, name)?, wanted));
        }
        let roots = columns.iter().map(|column| column.at);
        let mask = ProjectionMask::roots(builder.parquet_schema(), roots);
        let mut table = Table::default();
        for batch in builder.with_projection(mask).build()? {
            let batch = batch.context(NOT_SOUND)?;
            for column in &mut columns {
                let Some(array) = batch.column_by_name(&column.name) else {
                    bail!("column {} is gone", column.name)
                };
                push(column, array, table.rows)?;
            }
            table.rows += batch.num_rows();
        }
        columns.into_iter().for_each(|column| column.into(&mut table, wanted));
        Ok(table)
    }

    /// Appends an array to a column, as a CSV file would hold it.
    fn push(column: &mut Column, array: &ArrayRef, before: usize) -> Result<()> {
        use std::io::Write;
        let mut text: Vec<u8> = Vec::new();
        macro_rules! written {
            ($type:ty) => {{
                let values = array.as_primitive::<$type>();
                Box::new(move |at: usize, text: &mut Vec<u8>| _ = write!(text, "{}", values.value(at)))
            }};
        }
        type Writes<'a> = Box<dyn Fn(usize, &mut Vec<u8>) + 'a>;
        let writes: Writes = match array.data_type() {
            DataType::Int8 => written!(Int8Type),
            DataType::Int16 => written!(Int16Type),
            DataType::Int32 => written!(Int32Type),
            DataType::Int64 => written!(Int64Type),
            DataType::UInt8 => written!(UInt8Type),
            DataType::UInt16 => written!(UInt16Type),
            DataType::UInt32 => written!(UInt32Type),
            DataType::UInt64 => written!(UInt64Type),
            DataType::Float32 => written!(Float32Type),
            DataType::Float64 => written!(Float64Type),
            DataType::Date32 => written!(Date32Type),
            DataType::Timestamp(unit, _) => match unit {
                arrow_schema::TimeUnit::Second => written!(TimestampSecondType),
                arrow_schema::TimeUnit::Millisecond => written!(TimestampMillisecondType),
                arrow_schema::TimeUnit::Microsecond => written!(TimestampMicrosecondType),
                arrow_schema::TimeUnit::Nanosecond => written!(TimestampNanosecondType),
            },
            DataType::Boolean => {
                let values = array.as_boolean();
                Box::new(move |at, text| {
                    text.extend(if values.value(at) { "1".bytes() } else { "0".bytes() })
                })
            }
            DataType::Utf8 => {
                let values = array.as_string::<i32>();
                Box::new(move |at, text| text.extend(values.value(at).bytes()))
            }
            DataType::LargeUtf8 => {
                let values = array.as_string::<i64>();
                Box::new(move |at, text| text.extend(values.value(at).bytes()))
            }
            DataType::Utf8View => {
                let values = array.as_string_view();
                Box::new(move |at, text| text.extend(values.value(at).bytes()))
            }
            DataType::FixedSizeBinary(_) => {
                let values = array.as_fixed_size_binary();
                Box::new(move |at, text| {
                    values.value(at).iter().for_each(|byte| _ = write!(text, "{byte:02x}"))
                })
            }
            DataType::Dictionary(_, value) if **value == DataType::Utf8 => {
                let dictionary = array.as_any_dictionary();
                let keys = dictionary.normalized_keys();
                let values = dictionary.values().as_string::<i32>().clone();
                Box::new(move |at, text| text.extend(values.value(keys[at]).bytes()))
            }
            other => bail!("column {} is of type {other}, which is neither a number nor a name", column.name),
        };
        for at in 0..array.len() {
            text.clear();
            if array.is_valid(at) {
                writes(at, &mut text);
            }
            column.push(&text, Place::Row(before + at + 1))?;
        }
        Ok(())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn table(text: &str, wanted: &Wanted) -> Result<Table> {
        let mut file = tempfile::NamedTempFile::new()?;
        std::io::Write::write_all(&mut file, text.as_bytes())?;
        Table::read(file.path(), wanted)
    }

    #[test]
    fn numbers_names_and_what_is_missing() {
        let wanted = Wanted {
            numbers: BTreeSet::from(["y"]),
            either: BTreeSet::from(["x", "mode"]),
            categories: BTreeSet::from(["person"]),
        };
        let text =
            "\u{feff}person,y,mode,x,other\n7,1.5,building,true,a\n8,NA,,FALSE,b\n7,2,\"fix, then\",,c\n";
        let table = table(text, &wanted).unwrap();
        assert_eq!(table.rows, 3);
        let y = table.numbers("y").unwrap();
        assert!(y[0] == 1.5 && y[1].is_nan() && y[2] == 2.0);
        let x = table.numbers("x").unwrap();
        assert!(x[0] == 1.0 && x[1] == 0.0 && x[2].is_nan());
        assert!(table.numbers("mode").is_none() && table.categories("x").is_none());
        let mode = table.categories("mode").unwrap();
        assert_eq!(
            (&mode.codes[..], &mode.names[..]),
            (&[0, Categories::NONE, 1][..], &["building".to_owned(), "fix, then".to_owned()][..])
        );
        assert_eq!(table.categories("person").unwrap().codes, [0, 1, 0]);
    }

    #[test]
    fn what_is_wrong_is_told_with_its_place() {
        let said = |text, wanted: &Wanted| format!("{:#}", table(text, wanted).unwrap_err());
        let y = Wanted { numbers: BTreeSet::from(["y"]), ..Wanted::default() };
        assert!(said("y\n1\nmany\n", &y).contains("line 3: column y holds \"many\""));
        assert!(said("y\ninf\n", &y).contains("no finite number"));
        assert!(said("a,b\n1,2\n", &y).contains("there is no column y; there are: a, b"));
        assert!(said("y,y\n1,2\n", &y).contains("two columns are called y"));
        assert!(said("y,z\n1,2\n1\n", &y).contains("line 3: the number of fields is 1"));
        // Returns, empty lines, and fields of several lines.
        assert!(said("y,z\r\n1,2\r\n\r\nx,2\r\n", &y).contains("line 4: column y"));
        assert!(said("y,z\n\n1,\"2\n\n\"\n\nx,2", &y).contains("line 7: column y"));
        assert!(said("y,z\n1,2\nx,2", &y).contains("line 3: column y"));
    }
}
