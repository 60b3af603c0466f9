//! Arrow columns as JSON.
//!
//! Bytes are lower-case hexadecimal digits; 64-bit integers are numbers when a double holds them exactly, else strings; numbers
//! that are not finite are the strings `NaN`, `Infinity`, `-Infinity`; days and times are RFC 3339; decimals are strings;
//! lists are arrays, structures objects. Two columns of one name get `_2`, `_3` and so on.

use std::collections::HashSet;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::datatypes::{
    DataType, Float16Type, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type, Schema,
    UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use serde_json::{Map, Value};

/// The largest integer up to which a double holds every one.
const EXACT_MAX: u64 = 1 << 53;

/// A 64-bit integer as clients can read it.
pub(super) fn whole(value: i64) -> Value {
    if value.unsigned_abs() <= EXACT_MAX { value.into() } else { value.to_string().into() }
}

/// Names of columns, each once.
pub(super) fn names(schema: &Schema) -> Vec<String> {
    let mut used = HashSet::new();
    schema
        .fields()
        .iter()
        .map(|field| {
            let mut name = field.name().clone();
            let mut count = 1;
            while !used.insert(name.clone()) {
                count += 1;
                name = format!("{}_{count}", field.name());
            }
            name
        })
        .collect()
}

/// The value of each column in one row.
pub(super) fn row(batch: &RecordBatch, row: usize) -> impl Iterator<Item = Value> {
    batch.columns().iter().map(move |column| value(column, row))
}

/// A column's values.
pub(super) fn column(array: &ArrayRef) -> Vec<Value> {
    (0..array.len()).map(|row| value(array, row)).collect()
}

fn value(array: &ArrayRef, row: usize) -> Value {
    if array.is_null(row) {
        return Value::Null;
    }
    macro_rules! number {
        ($kind:ty) => {
            array.as_primitive::<$kind>().value(row)
        };
    }
    match array.data_type() {
        DataType::Null => Value::Null,
        DataType::Boolean => array.as_boolean().value(row).into(),
        DataType::Int8 => number!(Int8Type).into(),
        DataType::Int16 => number!(Int16Type).into(),
        DataType::Int32 => number!(Int32Type).into(),
        DataType::Int64 => whole(number!(Int64Type)),
        DataType::UInt8 => number!(UInt8Type).into(),
        DataType::UInt16 => number!(UInt16Type).into(),
        DataType::UInt32 => number!(UInt32Type).into(),
        DataType::UInt64 => {
            let value = number!(UInt64Type);
            if value <= EXACT_MAX { value.into() } else { value.to_string().into() }
        }
        DataType::Float16 => double(f64::from(number!(Float16Type).to_f32())),
        DataType::Float32 => double(f64::from(number!(Float32Type))),
        DataType::Float64 => double(number!(Float64Type)),
        DataType::Utf8 => array.as_string::<i32>().value(row).into(),
        DataType::LargeUtf8 => array.as_string::<i64>().value(row).into(),
        DataType::Utf8View => array.as_string_view().value(row).into(),
        DataType::Binary => hex(array.as_binary::<i32>().value(row)),
        DataType::LargeBinary => hex(array.as_binary::<i64>().value(row)),
        DataType::BinaryView => hex(array.as_binary_view().value(row)),
        DataType::FixedSizeBinary(_) => hex(array.as_fixed_size_binary().value(row)),
        DataType::List(_) => column(&array.as_list::<i32>().value(row)).into(),
        DataType::LargeList(_) => column(&array.as_list::<i64>().value(row)).into(),
        DataType::FixedSizeList(..) => column(&array.as_fixed_size_list().value(row)).into(),
        DataType::Struct(fields) => {
            let columns = array.as_struct().columns();
            let pairs =
                fields.iter().zip(columns).map(|(field, column)| (field.name().clone(), value(column, row)));
            Value::Object(pairs.collect::<Map<_, _>>())
        }
        DataType::Dictionary(..) => {
            let dictionary = array.as_any_dictionary();
            match dictionary.normalized_keys().get(row) {
                Some(key) => value(dictionary.values(), *key),
                None => Value::Null,
            }
        }
        _ => text(array, row).into(),
    }
}

/// The text of a value; an error in it is said in its place, as the value itself is stored.
pub(super) fn text(array: &ArrayRef, row: usize) -> String {
    let options = FormatOptions::default().with_display_error(true);
    match ArrayFormatter::try_new(array, &options) {
        Ok(formatter) => formatter.value(row).to_string(),
        Err(error) => error.to_string(),
    }
}

fn double(value: f64) -> Value {
    match serde_json::Number::from_f64(value) {
        Some(number) => Value::Number(number),
        None if value.is_nan() => "NaN".into(),
        None if value > 0.0 => "Infinity".into(),
        None => "-Infinity".into(),
    }
}

fn hex(bytes: &[u8]) -> Value {
    let mut digits = Vec::with_capacity(bytes.len() * 2);
    model::attr_json::write::push_hex(&mut digits, bytes);
    String::from_utf8(digits).unwrap_or_default().into()
}
