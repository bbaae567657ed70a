//! Writes simulated rows as a store: the columns are those that the store's schema names, whatever they are.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::{Context, Result};
use arrow_array::builder::{
    BooleanBuilder, Float32Builder, Float64Builder, ListBuilder, StringBuilder, TimestampMillisecondBuilder,
    UInt8Builder, UInt64Builder,
};
use arrow_array::{ArrayRef, RecordBatch};
use arrow_schema::DataType;
use metier_label::rubric;
use metier_session::ActionKind;
use metier_store::Row;
use metier_study::simulate::{Place, Population};
use parquet::arrow::ArrowWriter;
use parquet::basic::Compression;
use parquet::file::properties::WriterProperties;
use serde_json::{Map, Value, json};

/// So many rows are drawn and written at once: no more are in memory.
const AT_ONCE: usize = 4_096;

/// Writes the rows, a file a month, and puts them in force beside what the manifest names already.
pub(super) fn write(population: &Population, out: &Path, threads: usize) -> Result<()> {
    let mut months: BTreeMap<String, Vec<Place>> = BTreeMap::new();
    population.places().for_each(|place| months.entry(place.first.month()).or_default().push(place));
    let path = out.join("manifest.json");
    let mut manifest: Map<String, Value> = match fs::read(&path) {
        Ok(text) => serde_json::from_slice(&text)?,
        Err(_) => Map::new(),
    };
    let generation = manifest.get("generation").and_then(Value::as_u64).unwrap_or(0) + 1;
    let mut months: Vec<(String, Vec<Place>)> = months.into_iter().collect();
    let mut sessions = Map::new();
    for (month, places) in &mut months {
        places.sort_by_key(|place| place.session);
        sessions.insert(month.clone(), format!("sessions/month={month}/{generation}.parquet").into());
    }
    let next = AtomicUsize::new(0);
    let work = || -> Result<()> {
        while let Some((month, places)) = months.get(next.fetch_add(1, Ordering::Relaxed)) {
            let folder = out.join("sessions").join(format!("month={month}"));
            let path = folder.join(format!("{generation}.parquet"));
            fs::create_dir_all(&folder)
                .map_err(anyhow::Error::from)
                .and_then(|()| write_month(population, places, &path))
                .with_context(|| format!("cannot write {}", path.display()))?;
        }
        Ok(())
    };
    std::thread::scope(|scope| {
        let working: Vec<_> = (0..threads.clamp(1, months.len())).map(|_| scope.spawn(work)).collect();
        working.into_iter().try_for_each(|one| one.join().expect("writing does not panic"))
    })?;
    manifest.insert("schema".to_owned(), metier_store::SCHEMA_VERSION.into());
    manifest.insert("generation".to_owned(), generation.into());
    manifest.insert("sessions".to_owned(), sessions.into());
    fs::write(&path, serde_json::to_vec_pretty(&manifest)?)
        .with_context(|| format!("cannot write {}", path.display()))
}

fn write_month(population: &Population, places: &[Place], path: &Path) -> Result<()> {
    let properties = WriterProperties::builder()
        .set_compression(Compression::SNAPPY)
        .set_created_by("metier".to_owned())
        .build();
    let file = fs::File::create(path)?;
    let mut writer = ArrowWriter::try_new(file, metier_store::schema(), Some(properties))?;
    for places in places.chunks(AT_ONCE) {
        let rows: Result<Vec<Map<String, Value>>> =
            places.iter().map(|place| columns(&population.session(*place).row)).collect();
        writer.write(&batch(&rows?)?)?;
    }
    writer.close()?;
    Ok(())
}

/// A row by the names of its columns.
fn columns(row: &Row) -> Result<Map<String, Value>> {
    let Value::Object(mut columns) = serde_json::to_value(&row.facts)? else { return Ok(Map::new()) };
    columns.insert("session".to_owned(), row.session.to_string().into());
    columns.insert("person".to_owned(), json!(row.person.map(|id| id.to_string())));
    columns.insert("project".to_owned(), json!(row.project.map(|id| id.to_string())));
    columns.insert("first".to_owned(), json!(row.facts.first.map(|time| time.0)));
    columns.insert("last".to_owned(), json!(row.facts.last.map(|time| time.0)));
    for (kind, count) in ActionKind::ALL.into_iter().zip(row.facts.actions_by_kind) {
        columns.insert(format!("actions_{}", kind.name()), count.into());
    }
    let mut turns: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    if let Some(Value::Array(all)) = columns.remove("turns") {
        for turn in all {
            let Value::Object(turn) = turn else { continue };
            turn.into_iter().for_each(|(name, value)| turns.entry(name).or_default().push(value));
        }
    }
    turns.into_iter().for_each(|(name, values)| drop(columns.insert(format!("turn_{name}"), values.into())));
    let mut labels = row.labels.to_json(rubric());
    columns.insert("message_intents".to_owned(), labels.remove("intents").unwrap_or_else(|| json!([])));
    if let Some(Value::Object(confidence)) = labels.remove("confidence") {
        let named = confidence.into_iter().map(|(name, value)| (format!("{name}_confidence"), value));
        columns.extend(named);
    }
    columns.extend(labels);
    Ok(columns)
}

/// Rows as a batch. A value that a row lacks is null.
fn batch(rows: &[Map<String, Value>]) -> Result<RecordBatch> {
    let schema = metier_store::schema();
    let arrays: Result<Vec<ArrayRef>> = schema
        .fields()
        .iter()
        .map(|field| {
            let values = rows.iter().map(|row| row.get(field.name()).unwrap_or(&Value::Null));
            array(field.data_type(), values)
                .with_context(|| format!("column {} is of type {}", field.name(), field.data_type()))
        })
        .collect();
    Ok(RecordBatch::try_new(schema, arrays?)?)
}

/// Values as an array. `None` if the store has a type of column that is not known here.
fn array<'v>(kind: &DataType, values: impl Iterator<Item = &'v Value>) -> Option<ArrayRef> {
    macro_rules! each {
        ($builder:expr, $get:expr) => {{
            let mut builder = $builder;
            values.for_each(|value| builder.append_option($get(value)));
            Some(Arc::new(builder.finish()))
        }};
    }
    macro_rules! lists {
        ($builder:expr, $get:expr) => {{
            let mut builder = ListBuilder::new($builder);
            for value in values {
                value
                    .as_array()
                    .into_iter()
                    .flatten()
                    .for_each(|one| builder.values().append_option($get(one)));
                builder.append(true);
            }
            Some(Arc::new(builder.finish()))
        }};
    }
    match kind {
        DataType::Utf8 => each!(StringBuilder::new(), Value::as_str),
        DataType::UInt64 => each!(UInt64Builder::new(), Value::as_u64),
        DataType::UInt8 => {
            each!(UInt8Builder::new(), |value: &Value| value.as_u64().and_then(|n| u8::try_from(n).ok()))
        }
        DataType::Float64 => each!(Float64Builder::new(), Value::as_f64),
        DataType::Float32 => {
            each!(Float32Builder::new(), |value: &Value| value.as_f64().map(|number| number as f32))
        }
        DataType::Boolean => each!(BooleanBuilder::new(), Value::as_bool),
        DataType::Timestamp(..) => {
            each!(TimestampMillisecondBuilder::new().with_timezone("UTC"), Value::as_i64)
        }
        DataType::List(item) => match item.data_type() {
            DataType::Utf8 => lists!(StringBuilder::new(), Value::as_str),
            DataType::UInt64 => lists!(UInt64Builder::new(), Value::as_u64),
            _ => None,
        },
        _ => None,
    }
}
