//! Numbers of a service, an operation or an edge over a range, and the same as series.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Rate, errors and durations over a range.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Traffic {
    /// Calls, whole.
    pub calls: i64,
    /// Calls that failed, whole.
    pub errors: i64,
    /// Calls a second, weighted where spans tell their sampling.
    pub rate_per_second: f64,
    /// Share of failed calls, 0 to 1; null without calls.
    pub error_ratio: Option<f64>,
    /// Mean duration; null without calls.
    pub avg_ns: Option<i64>,
    /// Median.
    pub p50_ns: Option<i64>,
    /// 95th percentile.
    pub p95_ns: Option<i64>,
    /// 99th percentile.
    pub p99_ns: Option<i64>,
}

/// How the numbers differ from those of the equally long range just before.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Change {
    /// Relative change of the rate: 0.5 is half as much again; null when there was none before.
    pub rate: Option<f64>,
    /// Change of the error ratio in points, -1 to 1.
    pub error_ratio: Option<f64>,
    /// Relative change of the 95th percentile.
    pub p95: Option<f64>,
}

/// Numbers by equal steps of time; all lists are equally long.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Series {
    /// Start of the first step.
    pub start_unix_nano: String,
    /// Length of a step.
    pub step_ns: i64,
    /// Calls.
    pub calls: Vec<i64>,
    /// Failed calls.
    pub errors: Vec<i64>,
    /// Median; null where there were no calls.
    pub p50_ns: Vec<Option<i64>>,
    /// 95th percentile.
    pub p95_ns: Vec<Option<i64>>,
    /// 99th percentile.
    pub p99_ns: Vec<Option<i64>>,
}

/// How well something fares, with the reason.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Health {
    /// The state.
    pub status: HealthStatus,
    /// The rule that decided, its share and tolerance: `server errors 12.1 % >= 10 %`; empty when healthy.
    pub reason: String,
}

/// States of health, worst last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum HealthStatus {
    /// Known from elsewhere, without calls in the range.
    Idle,
    /// Nothing by which to judge.
    Unknown,
    /// Within its tolerances.
    Healthy,
    /// Above the first tolerance.
    Degraded,
    /// Above the second.
    Failing,
}

/// Calls by outcome.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct CodeCalls {
    /// `http` or `grpc`, or `status` for calls that have only OpenTelemetry's.
    pub protocol: String,
    /// The code; 0 when no answer was seen.
    pub code: i32,
    /// Flag of the connection, such as `UT` for a timeout; `-` for none.
    pub flag: String,
    /// Calls.
    pub calls: i64,
}
