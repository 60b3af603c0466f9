//! A consistent view of buffer and tables.

use std::collections::BTreeSet;
use std::sync::Arc;

use buffer::{Part, RepeatedTraces};
use model::{TenantId, TraceId};

use crate::files::{FileSet, SpanFile, TableFile};

/// Every row that was visible at one instant, each once: parts of the buffer and files of the tables. It stays as it is
/// while it is held; the files it names stay readable for the vacuum's delay at least.
#[derive(Debug, Clone)]
pub struct Snapshot {
    /// Rows that are in no table.
    pub parts: Vec<Arc<Part>>,
    /// Traces of which a row in `parts` may be a copy of another row, there or in the files.
    pub repeated: [Arc<RepeatedTraces>; 2],
    /// Files of the tables.
    pub files: Arc<FileSet>,
    /// Position of the log up to which it reaches.
    pub applied: u64,
    /// Position of the log up to which the files reach.
    pub flushed: u64,
}

impl Snapshot {
    /// Parts of one tenant, oldest first.
    pub fn parts_of<'a>(&'a self, tenant: &'a TenantId) -> impl Iterator<Item = &'a Arc<Part>> {
        self.parts.iter().filter(move |part| part.tenant == *tenant)
    }

    /// Traces of one tenant of which a row in the buffer may be a copy of another row.
    pub fn repeated_of(&self, tenant: &TenantId) -> BTreeSet<TraceId> {
        let all = self.repeated.iter().flat_map(|set| set.iter());
        all.filter(|(of, _)| of == tenant).map(|(_, trace)| *trace).collect()
    }

    /// Files of spans of one tenant, latest starts first.
    pub fn spans_of<'a>(&'a self, tenant: &'a TenantId) -> impl Iterator<Item = &'a Arc<SpanFile>> {
        self.files.spans.iter().filter(move |file| file.file.entry.tenant == *tenant)
    }

    /// Files of the table `traces` of one tenant.
    pub fn traces_of<'a>(&'a self, tenant: &'a TenantId) -> impl Iterator<Item = &'a Arc<TableFile>> {
        self.files.traces.iter().filter(move |file| file.entry.tenant == *tenant)
    }

    /// Files of the table `ingest` of one tenant.
    pub fn ingest_of<'a>(&'a self, tenant: &'a TenantId) -> impl Iterator<Item = &'a Arc<TableFile>> {
        self.files.ingest.iter().filter(move |file| file.entry.tenant == *tenant)
    }

    /// Files of a derived table of one tenant.
    pub fn derived_of<'a>(
        &'a self,
        table: &str,
        tenant: &'a TenantId,
    ) -> impl Iterator<Item = &'a Arc<TableFile>> {
        let files = self.files.derived.get(table).into_iter().flatten();
        files.filter(move |file| file.entry.tenant == *tenant)
    }

    /// Tenants that have rows, sorted.
    pub fn tenants(&self) -> Vec<TenantId> {
        let mut found: BTreeSet<TenantId> = self.parts.iter().map(|p| p.tenant.clone()).collect();
        found.extend(self.files.spans.iter().map(|f| f.file.entry.tenant.clone()));
        found.extend(self.files.ingest.iter().map(|f| f.entry.tenant.clone()));
        found.into_iter().collect()
    }
}
