//! The columns of labels: made from the rubric, for writing and reading, whoever gave the labels.

use std::sync::Arc;

use crate::schema::places;
use arrow_array::builder::{Float32Builder, Float64Builder, ListBuilder, StringBuilder, UInt8Builder};
use arrow_array::cast::AsArray;
use arrow_array::types::{Float32Type, Float64Type, UInt8Type};
use arrow_array::{Array, ArrayRef, RecordBatch};
use arrow_schema::{DataType, Field};
use metier_label::rubric::RubricHash;
use metier_label::{Answer, Kind, Labels, Question, Rater, Value, rubric};

/// For each question its answer and the rater's confidence, then the kinds of the messages, then the rubric.
pub(crate) fn fields() -> Vec<Field> {
    let mut fields = Vec::new();
    for question in &rubric().questions {
        let kind = match question.kind {
            Kind::Choice { .. } => DataType::Utf8,
            Kind::Level { .. } => DataType::UInt8,
            Kind::Share | Kind::Usd => DataType::Float64,
        };
        fields.push(Field::new(&question.name, kind, true));
        fields.push(Field::new(confidence(question), DataType::Float32, true));
    }
    let list = DataType::List(Arc::new(Field::new_list_field(DataType::Utf8, true)));
    fields.push(Field::new(INTENTS, list, false));
    fields.push(Field::new(RUBRIC, DataType::Utf8, false));
    fields
}

const INTENTS: &str = "message_intents";
const RUBRIC: &str = "rubric";

fn confidence(question: &Question) -> String {
    format!("{}_confidence", question.name)
}

/// The columns of these labels, in the order of [`fields`].
pub(crate) fn write(all: &[&Labels]) -> Vec<ArrayRef> {
    let mut columns: Vec<ArrayRef> = Vec::new();
    for (at, question) in rubric().questions.iter().enumerate() {
        // Labels under a rubric with other questions hold answers to these all the same, or fewer.
        let answers = || all.iter().map(|labels| labels.answers.get(at).copied().flatten());
        let value = |answer: Option<Answer>| answer.map(|answer| answer.value);
        columns.push(match question.kind {
            Kind::Choice { .. } => {
                let mut builder = StringBuilder::new();
                for answer in answers() {
                    let option = match value(answer) {
                        Some(Value::Choice(index)) => question.options().get(usize::from(index)),
                        _ => None,
                    };
                    builder.append_option(option.map(|option| option.name.as_str()));
                }
                Arc::new(builder.finish())
            }
            Kind::Level { .. } => {
                let mut builder = UInt8Builder::new();
                for answer in answers() {
                    builder.append_option(match value(answer) {
                        Some(Value::Level(level)) => Some(level),
                        _ => None,
                    });
                }
                Arc::new(builder.finish())
            }
            Kind::Share | Kind::Usd => {
                let mut builder = Float64Builder::new();
                for answer in answers() {
                    builder.append_option(match value(answer) {
                        Some(Value::Tenths(tenths)) => Some(f64::from(tenths) / 10.0),
                        Some(Value::Usd(usd)) => Some(usd),
                        _ => None,
                    });
                }
                Arc::new(builder.finish())
            }
        });
        let mut builder = Float32Builder::new();
        answers().for_each(|answer| builder.append_option(answer.and_then(|answer| answer.confidence)));
        columns.push(Arc::new(builder.finish()));
    }
    let mut intents = ListBuilder::new(StringBuilder::new());
    for labels in all {
        for intent in &labels.intents {
            let option = intent.and_then(|index| rubric().intent.options().get(usize::from(index)));
            intents.values().append_option(option.map(|option| option.name.as_str()));
        }
        intents.append(true);
    }
    columns.push(Arc::new(intents.finish()));
    let mut hashes = StringBuilder::new();
    all.iter().for_each(|labels| hashes.append_value(labels.rubric.to_string()));
    columns.push(Arc::new(hashes.finish()));
    columns
}

/// The labels of a batch, by this rater. What its columns lack is unanswered; an option that the rubric
/// does not have (any more) too.
pub(crate) fn read(batch: &RecordBatch, rater: &Rater) -> Result<Vec<Labels>, String> {
    let rubric = rubric();
    let mut all = vec![Labels::none(rater.clone(), rubric); batch.num_rows()];
    for (at, question) in rubric.questions.iter().enumerate() {
        let Some(column) = batch.column_by_name(&question.name) else { continue };
        let wrong = || format!("column {} is of type {}", question.name, column.data_type());
        let sure = batch
            .column_by_name(&confidence(question))
            .map(|column| column.as_primitive_opt::<Float32Type>().ok_or_else(wrong))
            .transpose()?;
        for (row, labels) in all.iter_mut().enumerate().filter(|(row, _)| column.is_valid(*row)) {
            let value = match question.kind {
                Kind::Choice { .. } => {
                    let names = column.as_string_opt::<i32>().ok_or_else(wrong)?;
                    question.option(names.value(row)).map(Value::Choice)
                }
                Kind::Level { .. } => {
                    Some(Value::Level(column.as_primitive_opt::<UInt8Type>().ok_or_else(wrong)?.value(row)))
                }
                Kind::Share => {
                    let share = column.as_primitive_opt::<Float64Type>().ok_or_else(wrong)?.value(row);
                    Some(Value::Tenths((share.clamp(0.0, 1.0) * 10.0).round() as u8))
                }
                Kind::Usd => {
                    Some(Value::Usd(column.as_primitive_opt::<Float64Type>().ok_or_else(wrong)?.value(row)))
                }
            };
            let confidence = sure.filter(|sure| sure.is_valid(row)).map(|sure| sure.value(row));
            labels.answers[at] = value.map(|value| Answer { value, confidence });
        }
    }
    if let Some(column) = batch.column_by_name(INTENTS) {
        let wrong = || format!("column {INTENTS} is of type {}", column.data_type());
        let lists = column.as_list_opt::<i32>().ok_or_else(wrong)?;
        let names = lists.values().as_string_opt::<i32>().ok_or_else(wrong)?;
        for (row, labels) in all.iter_mut().enumerate() {
            let option = |at| names.is_valid(at).then(|| names.value(at));
            labels.intents = places(lists, row).map(|at| rubric.intent.option(option(at)?)).collect();
        }
    }
    if let Some(column) = batch.column_by_name(RUBRIC) {
        let hashes = column.as_string_opt::<i32>().ok_or_else(|| format!("column {RUBRIC} holds no text"))?;
        for (row, labels) in all.iter_mut().enumerate() {
            labels.rubric = u64::from_str_radix(hashes.value(row), 16)
                .map(RubricHash)
                .map_err(|_| format!("{:?} in row {row} is no hash of a rubric", hashes.value(row)))?;
        }
    }
    Ok(all)
}
