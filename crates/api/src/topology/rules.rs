//! The rules that name hosts: what is in force, and what a draft would do.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The rules in force.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Rules {
    /// Grows with each change that took effect.
    pub revision: u64,
    /// The file's text as it is in force.
    pub yaml: String,
    /// The rules, in the order in which they are asked, with what they did in the last 24 hours.
    pub rules: Vec<RuleUse>,
    /// What is wrong with the newest text, when the one before is still in force.
    pub problems: Vec<RulesProblem>,
}

/// A rule and what it did.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct RuleUse {
    /// Its name.
    pub name: String,
    /// rule, service entry or catalogue.
    pub source: String,
    /// Kind of the nodes that it names.
    pub kind: String,
    /// What it matches.
    pub matches: Vec<String>,
    /// Calls to hosts that it named.
    pub calls: i64,
    /// Hosts that it named.
    pub hosts: u64,
    /// A rule before it that takes all that it would match; empty for none.
    pub shadowed_by: String,
}

/// Something wrong in a text of rules.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct RulesProblem {
    /// Line from 1; 0 when the place is unknown.
    pub line: u32,
    /// Column from 1; 0 when the place is unknown.
    pub column: u32,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub remedy: String,
}

/// A text of rules to be put in force or to be tried.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct RulesDraft {
    /// The whole text.
    pub yaml: String,
    /// Revision on which it is based; refused with 409 when another is in force. Absent: taken as it is.
    #[serde(default)]
    pub based_on: Option<u64>,
}

/// What a draft would do with the hosts of the last 24 hours.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct RulesTest {
    /// What is wrong with it; it can be put in force when this is empty.
    pub problems: Vec<RulesProblem>,
    /// Hosts that it would name otherwise than now, the most called first; at most 1,000.
    pub changed: Vec<PeerName>,
    /// Hosts that no rule names, the most called first; at most 1,000.
    pub unnamed: Vec<PeerName>,
    /// The draft's rules with what they would have done.
    pub rules: Vec<RuleUse>,
}

/// A host and its names.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct PeerName {
    /// `host:port` as the callers said it.
    pub host: String,
    /// Calls to it.
    pub calls: i64,
    /// Its name now.
    pub before: String,
    /// Its name by the draft.
    pub after: String,
}
