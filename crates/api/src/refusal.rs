//! The one form of a refusal: `{"error":{"code","message","remedy"}}`.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The body of a refusal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ErrorEnvelope {
    /// The refusal.
    pub error: ErrorBody,
}

/// What a refusal says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ErrorBody {
    /// A stable word for programs.
    #[schema(example = "invalid_input")]
    pub code: String,
    /// The cause.
    pub message: String,
    /// What to do about it; may be empty.
    pub remedy: String,
}
