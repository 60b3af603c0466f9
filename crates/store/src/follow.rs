//! The readers' list after commits that it was not told of: another program's, or ours whose reply was lost.
//!
//! In: the tables as their logs say. Out: a list that names the same files. Without it a list would go on naming files that
//! vacuum removes.

use std::collections::HashSet;
use std::sync::Arc;

use crate::error::Error;
use crate::files::{Added, TableFile, open_spans};
use crate::live::Inner;

/// Makes the readers' list follow the tables. Does nothing while a round is unfinished: its files are in some tables only.
pub(crate) async fn follow(inner: &Arc<Inner>) -> Result<(), Error> {
    for table in [&inner.spans, &inner.traces, &inner.ingest] {
        table.refresh().await?;
        let turn = inner.round.lock().await;
        if turn.is_some() {
            return Ok(());
        }
        let files = Arc::clone(&inner.live.lock().files);
        let seen: HashSet<&str> = match table.name() {
            "spans" => files.spans.iter().map(|file| file.file.entry.path.as_str()).collect(),
            "traces" => files.traces.iter().map(|file| file.entry.path.as_str()).collect(),
            _ => files.ingest.iter().map(|file| file.entry.path.as_str()).collect(),
        };
        let listed = table.files();
        let known: HashSet<&str> = listed.iter().map(|entry| entry.path.as_str()).collect();
        let gone: Vec<String> = seen.difference(&known).map(|path| (*path).to_owned()).collect();
        let mut added = Added::default();
        let mut new = 0;
        for entry in listed.iter().filter(|entry| !seen.contains(entry.path.as_str())) {
            new += 1;
            let entry = Arc::clone(entry);
            match table.name() {
                "spans" => added.spans.push(Arc::new(open_spans(&inner.places, entry).await?)),
                "traces" => added.traces.push(Arc::new(TableFile::new(&inner.places, "traces", entry))),
                _ => added.ingest.push(Arc::new(TableFile::new(&inner.places, "ingest", entry))),
            }
        }
        if new == 0 && gone.is_empty() {
            continue;
        }
        tracing::info!(
            table = table.name(),
            new,
            gone = gone.len(),
            "follows commits that were not seen before"
        );
        let mut live = inner.live.lock();
        let files = live.files.replaced(table.name(), &gone, added);
        live.files = Arc::new(files);
    }
    Ok(())
}
