//! `eq`, `ne`, `lt`, `le`, `gt`, `ge`.

use std::cmp::Ordering;

use super::exec::CallError;
use super::value::Value;

type Compared = Result<bool, CallError>;

pub(super) fn call<'v>(name: &str, args: &[Value<'v>]) -> Result<Value<'v>, CallError> {
    let failed = |message: &str| Err(CallError::Failed(message.to_owned()));
    let holds = match (name, args) {
        ("eq", []) => return Err(CallError::arity(name, "at least 1", 0)),
        ("eq", [_]) => return failed("missing argument for comparison"),
        ("eq", [first, rest @ ..]) => {
            let mut holds = false;
            for other in rest {
                holds = holds || equal(first, other)?;
            }
            holds
        }
        ("ne", [a, b]) => !equal(a, b)?,
        ("lt", [a, b]) => order(a, b)? == Some(Ordering::Less),
        ("le", [a, b]) => order(a, b)?.is_some_and(Ordering::is_le),
        ("gt", [a, b]) => order(a, b)? == Some(Ordering::Greater),
        ("ge", [a, b]) => order(a, b)?.is_some_and(Ordering::is_ge),
        _ => return Err(CallError::arity(name, "2", args.len())),
    };
    Ok(Value::Bool(holds))
}

fn equal(a: &Value<'_>, b: &Value<'_>) -> Compared {
    let incompatible = || CallError::Failed("incompatible types for comparison".to_owned());
    match (a, b) {
        (Value::Nil, Value::Nil) => Ok(true),
        (Value::Nil, _) | (_, Value::Nil) => Ok(false),
        (Value::Bool(a), Value::Bool(b)) => Ok(a == b),
        (Value::Int(a), Value::Int(b)) => Ok(a == b),
        (Value::Float(a), Value::Float(b)) => Ok(a == b),
        (Value::String(a), Value::String(b)) => Ok(a == b),
        (Value::Time(a), Value::Time(b)) => Ok(a == b),
        (Value::List(_) | Value::Map(_) | Value::Root, _)
        | (_, Value::List(_) | Value::Map(_) | Value::Root) => {
            Err(CallError::Failed(format!("non-comparable type {}: {}", "value", a.type_name())))
        }
        _ => Err(incompatible()),
    }
}

fn order(a: &Value<'_>, b: &Value<'_>) -> Result<Option<Ordering>, CallError> {
    match (a, b) {
        (Value::Int(a), Value::Int(b)) => Ok(Some(a.cmp(b))),
        (Value::Float(a), Value::Float(b)) => Ok(a.partial_cmp(b)),
        (Value::String(a), Value::String(b)) => Ok(Some(a.cmp(b))),
        (
            Value::Int(_) | Value::Float(_) | Value::String(_),
            Value::Int(_) | Value::Float(_) | Value::String(_),
        ) => Err(CallError::Failed("incompatible types for comparison".to_owned())),
        _ => Err(CallError::Failed("invalid type for comparison".to_owned())),
    }
}
