//! The table `ingest`: the account of each flush round, a row a tenant, signal, outcome and reason.

use std::sync::{Arc, LazyLock};

use arrow::datatypes::{DataType, Field, Schema, SchemaRef};

/// Version of this column list, written into each file.
pub const VERSION: u32 = 1;

/// Positions of the columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(usize)]
pub enum Column {
    /// Position of the log up to which the round took records.
    Round,
    /// When the round ended, nanoseconds since the Unix epoch.
    Time,
    /// `traces`, `logs` or `metrics`.
    Signal,
    /// `received`, `accepted`, `rejected`, `stored`, `duplicate`, `merged` or `expired`.
    Outcome,
    /// Why; empty where the outcome needs none.
    Reason,
    /// Number of items of this round.
    Items,
}

impl Column {
    /// Every column in order.
    pub const ALL: &'static [Self] =
        &[Self::Round, Self::Time, Self::Signal, Self::Outcome, Self::Reason, Self::Items];

    /// Position in a batch.
    pub const fn at(self) -> usize {
        self as usize
    }

    /// Name of the column.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Round => "round",
            Self::Time => "time_unix_nano",
            Self::Signal => "signal",
            Self::Outcome => "outcome",
            Self::Reason => "reason",
            Self::Items => "items",
        }
    }
}

/// The schema of batches of `ingest`.
pub fn schema() -> SchemaRef {
    static SCHEMA: LazyLock<SchemaRef> = LazyLock::new(|| {
        let fields: Vec<Field> = Column::ALL
            .iter()
            .map(|column| {
                let data_type = match column {
                    Column::Round | Column::Time | Column::Items => DataType::Int64,
                    Column::Signal | Column::Outcome | Column::Reason => DataType::Utf8View,
                };
                Field::new(column.name(), data_type, false)
            })
            .collect();
        Arc::new(Schema::new(fields))
    });
    Arc::clone(&SCHEMA)
}
