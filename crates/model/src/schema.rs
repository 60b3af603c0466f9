//! The columns of the tables: names, types and order, the one place from which files, Delta metadata,
//! SQL and `docs/formats/` take them. Partition columns (`tenant`, `date`) stand in no file.

pub mod ingest;
pub mod spans;
pub mod traces;
pub mod well_known;

/// Name of the partition column with the tenant.
pub const TENANT: &str = "tenant";
/// Name of the partition column with the UTC day.
pub const DATE: &str = "date";
