//! Questions in SQL and what they cost; the rows themselves have the shape that the question gives them.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A question.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct SqlQuestion {
    /// One statement.
    #[schema(example = "SELECT service_name, count(*) AS spans FROM spans GROUP BY 1 ORDER BY 2 DESC")]
    pub sql: String,
}

/// What a question has cost.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct SqlCost {
    /// Files of the tables asked for.
    pub files_total: u64,
    /// Files that could not be left out.
    pub files_asked: u64,
    /// Row groups of `spans` that could not be left out.
    pub row_groups_asked: u64,
    /// Bytes read of files.
    pub bytes_read: u64,
    /// Rows in memory that were looked at.
    pub buffer_rows: u64,
    /// Rows answered.
    pub rows: u64,
    /// Time taken.
    pub elapsed_nano: u64,
}
