//! The columns of a table in the Delta protocol's JSON, and whether a stored table's are ours.
//!
//! In: Arrow schemas of the Parquet files and stored schema strings. Out: JSON. Only types that every
//! Delta reader knows without table features are let through (Delta protocol, "Schema Serialization
//! Format"); views and dictionaries are in-memory forms and become what stands in the file.

use arrow::datatypes::{DataType, Field, Schema, TimeUnit};
use serde_json::{Value, json};

use crate::Error;

/// Name of the partition column with the tenant.
pub(crate) const TENANT: &str = model::schema::TENANT;
/// Name of the partition column with the UTC day.
pub(crate) const DATE: &str = model::schema::DATE;

/// The Delta schema of a table whose files have the columns of `schema`; the partition columns, which
/// stand in no file, come last.
pub(crate) fn to_delta(table: &'static str, schema: &Schema) -> Result<Value, Error> {
    let mut fields = schema
        .fields()
        .iter()
        .map(|field| {
            field_to_delta(field).map_err(|detail| Error::Schema {
                table,
                column: field.name().clone(),
                detail,
            })
        })
        .collect::<Result<Vec<_>, _>>()?;
    for (name, data_type) in [(TENANT, "string"), (DATE, "date")] {
        if schema.field_with_name(name).is_ok() {
            return Err(Error::Schema {
                table,
                column: name.into(),
                detail: "a partition column stands in no file".into(),
            });
        }
        fields.push(json!({"name": name, "type": data_type, "nullable": true, "metadata": {}}));
    }
    Ok(json!({"type": "struct", "fields": fields}))
}

fn field_to_delta(field: &Field) -> Result<Value, String> {
    Ok(json!({
        "name": field.name(),
        "type": type_to_delta(field.data_type())?,
        "nullable": field.is_nullable(),
        "metadata": {},
    }))
}

fn type_to_delta(data_type: &DataType) -> Result<Value, String> {
    Ok(match data_type {
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => json!("string"),
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView | DataType::FixedSizeBinary(_) => {
            json!("binary")
        }
        DataType::Boolean => json!("boolean"),
        DataType::Int8 => json!("byte"),
        DataType::Int16 => json!("short"),
        DataType::Int32 => json!("integer"),
        DataType::Int64 => json!("long"),
        DataType::Float32 => json!("float"),
        DataType::Float64 => json!("double"),
        DataType::Date32 => json!("date"),
        DataType::Timestamp(TimeUnit::Microsecond, Some(zone)) if zone.as_ref() == "UTC" => {
            json!("timestamp")
        }
        DataType::Dictionary(_, values) => type_to_delta(values)?,
        DataType::List(item) | DataType::LargeList(item) | DataType::ListView(item) => json!({
            "type": "array",
            "elementType": type_to_delta(item.data_type())?,
            "containsNull": item.is_nullable(),
        }),
        DataType::Struct(fields) => json!({
            "type": "struct",
            "fields": fields.iter().map(|field| field_to_delta(field)).collect::<Result<Vec<_>, _>>()?,
        }),
        other => return Err(format!("type {other} is none that every delta reader knows")),
    })
}

/// Compares the stored schema with the wanted one. `None`: nothing to do. `Some`: the schema that adds
/// the new nullable columns at the end of the file columns' order.
pub(crate) fn evolve(table: &'static str, stored: &Value, wanted: &Value) -> Result<Option<Value>, Error> {
    let fails = |column: &str, detail: String| Err(Error::Schema { table, column: column.into(), detail });
    let (stored_fields, wanted_fields) = (fields(stored), fields(wanted));
    for field in stored_fields {
        let name = name(field);
        let Some(ours) = wanted_fields.iter().find(|ours| self::name(ours) == name) else {
            return fails(
                name,
                "this version of throughline does not know it; a later one may have added it".into(),
            );
        };
        for key in ["type", "nullable"] {
            if field.get(key) != ours.get(key) {
                let show = |value: Option<&Value>| value.map_or_else(|| "nothing".into(), Value::to_string);
                return fails(
                    name,
                    format!("{key} is {}, expected {}", show(field.get(key)), show(ours.get(key))),
                );
            }
        }
    }
    let added: Vec<&Value> = wanted_fields
        .iter()
        .filter(|ours| !stored_fields.iter().any(|field| name(field) == name(ours)))
        .collect();
    if let Some(field) = added.iter().find(|field| field.get("nullable") != Some(&Value::Bool(true))) {
        return fails(name(field), "it is missing in the stored table and may not be null".into());
    }
    if added.is_empty() {
        return Ok(None);
    }
    let all: Vec<&Value> = stored_fields.iter().chain(added).collect();
    Ok(Some(json!({"type": "struct", "fields": all})))
}

fn fields(schema: &Value) -> &[Value] {
    schema.get("fields").and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

fn name(field: &Value) -> &str {
    field.get("name").and_then(Value::as_str).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schema(fields: &[(&str, DataType, bool)]) -> Value {
        let fields: Vec<Field> = fields
            .iter()
            .map(|(name, data_type, null)| Field::new(*name, data_type.clone(), *null))
            .collect();
        to_delta("t", &Schema::new(fields)).expect("known types")
    }

    #[test]
    fn columns_are_added_and_never_changed() {
        let one = schema(&[("a", DataType::Utf8View, false)]);
        assert_eq!(evolve("t", &one, &schema(&[("a", DataType::Utf8, false)])).expect("equal"), None);
        let two = schema(&[("a", DataType::Utf8, false), ("b", DataType::Int64, true)]);
        let evolved = evolve("t", &one, &two).expect("a nullable column").expect("is new");
        let names: Vec<&str> = fields(&evolved).iter().map(name).collect();
        assert_eq!(names, ["a", "tenant", "date", "b"]);
        assert_eq!(evolve("t", &evolved, &two).expect("order does not matter"), None);

        let check = |stored: &Value, wanted: &Value, text: &str| {
            assert_eq!(evolve("t", stored, wanted).expect_err("differs").to_string(), text);
        };
        check(
            &two,
            &one,
            "column `b` of table `t`: this version of throughline does not know it; a later one may have added it",
        );
        check(
            &one,
            &schema(&[("a", DataType::Int64, false)]),
            "column `a` of table `t`: type is \"string\", expected \"long\"",
        );
        check(
            &one,
            &schema(&[("a", DataType::Utf8, true)]),
            "column `a` of table `t`: nullable is false, expected true",
        );
        check(
            &one,
            &schema(&[("a", DataType::Utf8, false), ("c", DataType::Int32, false)]),
            "column `c` of table `t`: it is missing in the stored table and may not be null",
        );
        let unsigned = Schema::new(vec![Field::new("u", DataType::UInt64, false)]);
        assert_eq!(
            to_delta("t", &unsigned).expect_err("unsigned").to_string(),
            "column `u` of table `t`: type UInt64 is none that every delta reader knows"
        );
    }
}
