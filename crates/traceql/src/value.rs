//! Values of literals, attributes, intrinsics and aggregates, and what operators make of them.
//!
//! In: values and an operator. Out: a value, or one of the few errors that end a query (division by
//! zero, arrays on both sides). Absence is [`Value::Nil`]: every comparison with it is false.
//! Values of types that do not fit compare as false, for `!=` too. Deliberately not here: which
//! types may meet in a query text (`check`), and evaluation over columns (`program`).

mod arithmetic;
mod compare;
mod print;

use std::sync::Arc;

use model::{AttrValue, SpanKind, StatusCode};

pub use arithmetic::{negate, not};
pub use compare::{Patterns, binary, compare, equal, order};

use crate::error::EvalError;

/// One value.
#[derive(Debug, Clone, Default)]
pub enum Value {
    /// Absent.
    #[default]
    Nil,
    /// Whole number.
    Int(i64),
    /// Floating-point number.
    Float(f64),
    /// Text.
    Str(Arc<str>),
    /// Truth value.
    Bool(bool),
    /// Nanoseconds.
    Duration(i64),
    /// Status of a span.
    Status(StatusCode),
    /// Kind of a span.
    Kind(SpanKind),
    /// Values of one type, none of them an array or nil.
    Array(Arc<[Value]>),
}

/// The type of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Type {
    /// Absent.
    Nil,
    /// Known only when the data are read.
    Dynamic,
    /// Whole number.
    Int,
    /// Floating-point number.
    Float,
    /// Text.
    Str,
    /// Truth value.
    Bool,
    /// Nanoseconds.
    Duration,
    /// Status of a span.
    Status,
    /// Kind of a span.
    Kind,
    /// Array of any element type.
    Array,
}

impl Type {
    /// Whether it belongs to the one family of numbers.
    pub const fn is_numeric(self) -> bool {
        matches!(self, Self::Int | Self::Float | Self::Duration)
    }
}

impl Value {
    /// Text.
    pub fn text(text: &str) -> Self {
        Self::Str(Arc::from(text))
    }

    /// Its type.
    pub const fn kind(&self) -> Type {
        match self {
            Self::Nil => Type::Nil,
            Self::Int(_) => Type::Int,
            Self::Float(_) => Type::Float,
            Self::Str(_) => Type::Str,
            Self::Bool(_) => Type::Bool,
            Self::Duration(_) => Type::Duration,
            Self::Status(_) => Type::Status,
            Self::Kind(_) => Type::Kind,
            Self::Array(_) => Type::Array,
        }
    }

    /// Whether it is absent.
    pub const fn is_nil(&self) -> bool {
        matches!(self, Self::Nil)
    }

    /// Whether it is the boolean true; no other value counts as true.
    pub const fn is_true(&self) -> bool {
        matches!(self, Self::Bool(true))
    }

    /// The number, durations in nanoseconds.
    pub const fn as_f64(&self) -> Option<f64> {
        match self {
            Self::Int(value) | Self::Duration(value) => Some(*value as f64),
            Self::Float(value) => Some(*value),
            _ => None,
        }
    }

    /// The number as metrics show it: durations in seconds.
    pub const fn as_metric(&self) -> Option<f64> {
        match self {
            Self::Duration(ns) => Some(*ns as f64 / 1e9),
            Self::Int(value) => Some(*value as f64),
            Self::Float(value) => Some(*value),
            _ => None,
        }
    }

    /// An attribute's value. Bytes, maps, empty values and arrays of several types count as absent,
    /// as in the original's search.
    pub fn of_attribute(value: &AttrValue) -> Self {
        match value {
            AttrValue::Str(text) => Self::Str(Arc::clone(text)),
            AttrValue::Bool(value) => Self::Bool(*value),
            AttrValue::Int(value) => Self::Int(*value),
            AttrValue::Double(value) => Self::Float(*value),
            AttrValue::Array(items) => {
                let items: Vec<Self> = items.iter().map(Self::of_attribute).collect();
                let is_plain = |item: &Self| !matches!(item, Self::Nil | Self::Array(_));
                let is_uniform = items.windows(2).all(|pair| pair[0].kind() == pair[1].kind());
                if is_uniform && items.iter().all(is_plain) { Self::Array(items.into()) } else { Self::Nil }
            }
            AttrValue::Empty | AttrValue::Bytes(_) | AttrValue::Map(_) => Self::Nil,
        }
    }

    /// Adds for `sum`: only a value of the same type counts.
    pub fn sum_into(&mut self, other: &Self) {
        match (self, other) {
            (Self::Int(sum), Self::Int(value)) | (Self::Duration(sum), Self::Duration(value)) => {
                *sum = sum.wrapping_add(*value);
            }
            (Self::Float(sum), Self::Float(value)) => *sum += value,
            _ => {}
        }
    }

    /// Divides for `avg`: whole numbers become floats, durations whole nanoseconds.
    pub fn divide_by(&self, by: f64) -> Self {
        match self {
            Self::Int(value) => Self::Float(*value as f64 / by),
            Self::Float(value) => Self::Float(value / by),
            // The divisor of a duration is cut to whole numbers first, as the original does it.
            Self::Duration(ns) => match by as i64 {
                0 => Self::Nil,
                whole => Self::Duration(ns.wrapping_div(whole)),
            },
            _ => Self::Nil,
        }
    }

    /// Both as one array; nil when their element types differ.
    pub fn append(&self, other: &Self) -> Self {
        let items = |value: &Self| match value {
            Self::Array(items) => items.to_vec(),
            Self::Nil => Vec::new(),
            plain => vec![plain.clone()],
        };
        let mut all = items(self);
        all.extend(items(other));
        if all.windows(2).all(|pair| pair[0].kind() == pair[1].kind()) {
            Self::Array(all.into())
        } else {
            Self::Nil
        }
    }
}

impl PartialEq for Value {
    /// Same type and same value; floats by bits, so that values can be keys.
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Nil, Self::Nil) => true,
            (Self::Int(a), Self::Int(b)) | (Self::Duration(a), Self::Duration(b)) => a == b,
            (Self::Float(a), Self::Float(b)) => a.to_bits() == b.to_bits(),
            (Self::Str(a), Self::Str(b)) => a == b,
            (Self::Bool(a), Self::Bool(b)) => a == b,
            (Self::Status(a), Self::Status(b)) => a == b,
            (Self::Kind(a), Self::Kind(b)) => a == b,
            (Self::Array(a), Self::Array(b)) => a == b,
            _ => false,
        }
    }
}

impl Eq for Value {}

impl std::hash::Hash for Value {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.kind().hash(state);
        match self {
            Self::Nil => {}
            Self::Int(value) | Self::Duration(value) => value.hash(state),
            Self::Float(value) => value.to_bits().hash(state),
            Self::Str(text) => text.hash(state),
            Self::Bool(value) => value.hash(state),
            Self::Status(value) => value.hash(state),
            Self::Kind(value) => value.hash(state),
            Self::Array(items) => items.hash(state),
        }
    }
}

/// What an operation gives.
pub type Outcome = Result<Value, EvalError>;
