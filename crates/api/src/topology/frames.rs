//! The map over time: frames for a replay, and what changed since the last look.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Edge, Meta, Node, Topology, Warning};

/// A range of the map in equal steps; nodes and edges once, numbers by columns.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Frames {
    /// Of what it is a map.
    pub meta: Meta,
    /// Start of the first frame.
    pub start_unix_nano: String,
    /// Length of a frame.
    pub step_ns: i64,
    /// Number of frames.
    pub count: u32,
    /// Nodes of any frame, with their numbers over the whole range.
    pub nodes: Vec<Node>,
    /// Edges of any frame, with their numbers over the whole range.
    pub edges: Vec<Edge>,
    /// The edges' numbers frame by frame, in the order of `edges`.
    pub series: Vec<EdgeFrames>,
}

/// Numbers of one edge, one a frame.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct EdgeFrames {
    /// Calls.
    pub calls: Vec<i64>,
    /// Failed ones.
    pub errors: Vec<i64>,
    /// 95th percentile; null without calls.
    pub p95_ns: Vec<Option<i64>>,
}

/// First frame of a live view.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Snapshot {
    /// Names this state; `since=REV` goes on from it.
    pub rev: u64,
    /// The whole map.
    pub topology: Topology,
}

/// What changed since the frame before.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Delta {
    /// Names this state.
    pub rev: u64,
    /// Of what it is a map now.
    pub meta: Meta,
    /// New and changed nodes.
    pub nodes: Vec<Node>,
    /// New and changed edges.
    pub edges: Vec<Edge>,
    /// Ids of nodes that are gone.
    pub removed_nodes: Vec<String>,
    /// Ids of edges that are gone.
    pub removed_edges: Vec<String>,
    /// All warnings as they are now.
    #[serde(default)]
    pub warnings: Vec<Warning>,
}
