//! Two windows of the map beside each other.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Edge, Node};
use crate::traffic::Change;

/// What differs between two windows, `a` before and `b` after.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Diff {
    /// Nodes of either window.
    pub nodes: Vec<Node>,
    /// Edges that differ, the most significant first.
    pub edges: Vec<ChangedEdge>,
}

/// What became of an edge.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DiffState {
    /// Only in the second window.
    New,
    /// Only in the first one.
    Lost,
    /// In both, with other numbers.
    Changed,
    /// In both, alike.
    Same,
}

/// An edge of two windows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ChangedEdge {
    /// What became of it.
    pub state: DiffState,
    /// The edge before; null when it is new.
    pub a: Option<Edge>,
    /// The edge after; null when it is lost.
    pub b: Option<Edge>,
    /// The differences.
    pub change: Change,
    /// Whether the differences are larger than chance explains, at 1 in 1,000.
    pub significant: bool,
}
