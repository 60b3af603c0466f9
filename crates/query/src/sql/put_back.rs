//! Attributes as sent: the functions behind the columns `attributes` and `resource_attributes` of the view `spans`.
//!
//! In: the JSON text of what has no column, the spellings, the well-known columns of one level. Out: one JSON object with everything
//! that was sent, what has a column last, in the order of the columns; null when nothing was sent.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Int64Array, StringViewArray, StringViewBuilder};
use arrow::datatypes::{DataType, Int64Type};
use datafusion::common::{Result, exec_err};
use datafusion::logical_expr::{
    ColumnarValue, Expr, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility, col,
};
use model::attr_json::write::{push_int, push_str};
use model::schema::spans::Column;
use model::schema::well_known::{ColumnType, Level, Spelling, WELL_KNOWN, WellKnown};

const SPAN: &str = "span_attributes_as_sent";
const RESOURCE: &str = "resource_attributes_as_sent";

/// Whether a function of this name is one of ours.
pub(crate) fn is_put_back(name: &str) -> bool {
    name == SPAN || name == RESOURCE
}

/// The expression of a level's attributes over the columns of `spans_raw`.
pub(crate) fn expression(level: Level) -> Expr {
    let json = match level {
        Level::Span => Column::Attributes,
        Level::Resource => Column::ResourceAttributes,
    };
    let mut args = vec![col(json.name()), col(Column::Spellings.name())];
    args.extend(columns(level).map(|column| col(column.column)));
    ScalarUDF::from(PutBack::new(level)).call(args).alias(json.name())
}

fn columns(level: Level) -> impl Iterator<Item = &'static WellKnown> {
    WELL_KNOWN.iter().filter(move |column| column.level == level)
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct PutBack {
    resource: bool,
    signature: Signature,
}

impl PutBack {
    fn new(level: Level) -> Self {
        let mut types = vec![DataType::Utf8View, DataType::Int64];
        types.extend(columns(level).map(|column| match column.column_type {
            ColumnType::Text => DataType::Utf8View,
            ColumnType::Int => DataType::Int64,
        }));
        Self { resource: level == Level::Resource, signature: Signature::exact(types, Volatility::Immutable) }
    }

    fn level(&self) -> Level {
        if self.resource { Level::Resource } else { Level::Span }
    }
}

enum Values<'a> {
    Text(&'a StringViewArray),
    Int(&'a Int64Array),
}

impl ScalarUDFImpl for PutBack {
    fn name(&self) -> &str {
        if self.resource { RESOURCE } else { SPAN }
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Utf8View)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let arrays = ColumnarValue::values_to_arrays(&args.args)?;
        let [json, spellings, folded @ ..] = arrays.as_slice() else {
            return exec_err!("{} takes the text, the spellings and the columns", self.name());
        };
        Ok(ColumnarValue::Array(put_back(self.level(), json, spellings, folded)))
    }
}

fn put_back(level: Level, json: &ArrayRef, spellings: &ArrayRef, folded: &[ArrayRef]) -> ArrayRef {
    let (json, spellings) = (json.as_string_view(), spellings.as_primitive::<Int64Type>());
    let columns: Vec<(&WellKnown, Values<'_>)> = columns(level)
        .zip(folded)
        .filter(|(_, array)| array.null_count() < array.len())
        .map(|(column, array)| {
            let values = match column.column_type {
                ColumnType::Text => Values::Text(array.as_string_view()),
                ColumnType::Int => Values::Int(array.as_primitive::<Int64Type>()),
            };
            (column, values)
        })
        .collect();
    let mut out = StringViewBuilder::with_capacity(json.len());
    let mut text = Vec::new();
    for row in 0..json.len() {
        text.clear();
        let rest = if json.is_null(row) { "" } else { json.value(row) };
        text.extend_from_slice(rest.strip_suffix('}').unwrap_or("{").as_bytes());
        let bits = if spellings.is_null(row) { 0 } else { spellings.value(row) };
        for (column, values) in &columns {
            push(&mut text, column, values, row, bits);
        }
        if text.len() == 1 {
            out.append_null();
        } else {
            text.push(b'}');
            // Both halves are valid UTF-8, so nothing is ever replaced.
            out.append_value(String::from_utf8_lossy(&text));
        }
    }
    Arc::new(out.finish())
}

fn push(text: &mut Vec<u8>, column: &WellKnown, values: &Values<'_>, row: usize, bits: i64) {
    let is_null = match values {
        Values::Text(array) => array.is_null(row),
        Values::Int(array) => array.is_null(row),
    };
    if is_null {
        return;
    }
    let mut pair = |key: &str| {
        if text.len() > 1 {
            text.push(b',');
        }
        push_str(text, key);
        text.push(b':');
        match values {
            Values::Text(array) => push_str(text, array.value(row)),
            Values::Int(array) => push_int(text, array.value(row)),
        }
    };
    let spelling = column.spelling_of(bits);
    if spelling != Spelling::Old {
        pair(column.key);
    }
    if spelling != Spelling::New {
        column.old_key.into_iter().for_each(pair);
    }
}
