//! What a query asks of its source, and what is left to do with the answer.

use model::{TimeNs, TimeRange};

use super::Evaluation;
use crate::error::Error;
use crate::labels::LabelSet;
use crate::pipeline::label_filter::TextTest;
use crate::pipeline::row::{EXTRACTED, Row};
use crate::pipeline::{Pipeline, Shown, without_idle};
use crate::source::{Applied, Batch, Batches, Direction, Entry, Fields, LineNeed, Request};
use crate::syntax::ast::{
    LabelFilter, LabelFilterKind, LineFilter, LogExpr, Matcher, Stage, StageKind, Unwrap,
};

/// How an expression over lines is to be read.
#[derive(Debug)]
pub(super) struct Plan<'q> {
    pub(super) log: &'q LogExpr,
    pub(super) unwrap: Option<&'q Unwrap>,
    /// Instants, the end not included.
    pub(super) start_ns: i64,
    pub(super) end_ns: i64,
    pub(super) shown: Shown,
    pub(super) order: Option<Direction>,
    pub(super) limit: Option<usize>,
    /// The result needs the text of the line, its length, or nothing of it.
    pub(super) lines: LineNeed,
}

/// The head of a pipeline that sees lines and labels as they are stored.
struct Head<'q> {
    line_filters: Vec<&'q LineFilter>,
    label_filters: Vec<&'q LabelFilter>,
    /// Whether no stage drops entries.
    keeps_all: bool,
    /// Whether a stage behind the line filters reads the line.
    reads_line: bool,
}

fn head(stages: &[Stage]) -> Head<'_> {
    let mut head =
        Head { line_filters: Vec::new(), label_filters: Vec::new(), keeps_all: true, reads_line: false };
    let (mut line_is_stored, mut labels_are_stored) = (true, true);
    for stage in stages {
        match &stage.kind {
            StageKind::LineFilters(filters) => {
                head.keeps_all = false;
                if line_is_stored {
                    head.line_filters.extend(filters);
                } else {
                    head.reads_line = true;
                }
            }
            StageKind::LabelFilter(filter) => {
                head.keeps_all = false;
                if labels_are_stored && sees_stored_labels(filter) {
                    head.label_filters.push(filter);
                }
            }
            StageKind::LineFormat(_) | StageKind::Decolorize => {
                line_is_stored = false;
                labels_are_stored = false;
                head.reads_line = true;
            }
            StageKind::Unpack => {
                line_is_stored = false;
                labels_are_stored = false;
                head.reads_line = true;
            }
            StageKind::LabelFormat(_)
            | StageKind::Json(_)
            | StageKind::Logfmt { .. }
            | StageKind::Regexp(_)
            | StageKind::Pattern(_) => {
                labels_are_stored = false;
                head.reads_line = true;
            }
            StageKind::Drop(_) | StageKind::Keep(_) | StageKind::Error => {
                labels_are_stored = false;
            }
        }
    }
    head
}

/// Whether a condition reads labels that a source can see: not the error, which a condition before may
/// have set, and not the name that metadata get when a stream label has theirs.
fn sees_stored_labels(filter: &LabelFilter) -> bool {
    let mut sees = true;
    let mut look = |name: &str| sees &= !name.starts_with("__") && !name.ends_with(EXTRACTED);
    crate::pipeline::label_filter::each_name(filter, &mut look);
    sees
}

fn is_about_texts(filter: &LabelFilter) -> bool {
    match &filter.kind {
        LabelFilterKind::And(left, right) | LabelFilterKind::Or(left, right) => {
            is_about_texts(left) && is_about_texts(right)
        }
        LabelFilterKind::Text(_) => true,
        _ => false,
    }
}

/// Entries on their way from the source through the pipeline.
pub(super) struct Reader<'s> {
    batches: Box<dyn Batches + 's>,
    applied: Applied,
    pub(super) pipeline: Pipeline,
    tests: Vec<(String, TextTest)>,
    start_ns: i64,
    end_ns: i64,
    batch: Batch,
    searched: Option<memchr::memmem::Finder<'static>>,
    /// Why the stages cannot be compiled, to be told when an entry comes.
    broken: Option<Error>,
}

/// Opens the source for a plan and compiles its stages.
pub(super) fn open<'s>(evaluation: &Evaluation<'s>, plan: &Plan<'_>) -> Result<Reader<'s>, Error> {
    let stages = without_idle(&plan.log.stages, plan.unwrap, &plan.shown);
    let now_ns = evaluation.params.now_ns;
    // The original compiles stages when the first entry of a matching stream comes, so that a wrong one
    // over nothing is no error. Nothing of it may reach the source either.
    let compiled = Pipeline::new(&stages, plan.unwrap, &plan.shown, now_ns);
    let stages = if compiled.is_ok() { stages } else { Vec::new() };
    let head = head(&stages);
    let fields = match &plan.shown {
        Shown::All => Fields::All,
        Shown::Only(names) => fields_needed(plan, names),
    };
    let lines_if_filtered = if head.reads_line { LineNeed::Text } else { plan.lines };
    let lines = if head.line_filters.is_empty() { lines_if_filtered } else { LineNeed::Text };
    let keeps_all = head.keeps_all && plan.unwrap.is_none();
    let request = Request {
        matchers: &plan.log.matchers,
        range: TimeRange { start: TimeNs(plan.start_ns), end: TimeNs(plan.end_ns) },
        order: plan.order,
        limit: plan.limit.filter(|_| keeps_all),
        line_filters: head.line_filters,
        label_filters: head.label_filters,
        hints: super::hints::hints(&stages),
        fields,
        lines,
        lines_if_filtered,
    };
    let source = evaluation.source;
    let batches = source.open(&request)?;
    let applied = batches.applied();
    let (mut pipeline, broken) = match compiled {
        Ok(pipeline) => {
            let left = remaining(&stages, &applied);
            let is_whole = left == stages;
            let again = || Pipeline::new(&left, plan.unwrap, &plan.shown, now_ns);
            (if is_whole { pipeline } else { again()? }, None)
        }
        Err(error) => (Pipeline::new(&[], None, &plan.shown, now_ns)?, Some(error)),
    };
    let searched = pipeline.required_text().map(|text| memchr::memmem::Finder::new(text).into_owned());
    if searched.is_some() {
        pipeline.text_is_searched();
    }
    let tests = plan.log.matchers.iter().map(compile_matcher).collect::<Result<_, _>>()?;
    Ok(Reader {
        batches,
        applied,
        pipeline,
        tests,
        start_ns: plan.start_ns,
        end_ns: plan.end_ns,
        batch: Batch::default(),
        searched,
        broken,
    })
}

fn compile_matcher(matcher: &Matcher) -> Result<(String, TextTest), Error> {
    let test = TextTest::for_stream(matcher).map_err(|message| Error::Stage { stage: None, message })?;
    Ok((matcher.name.clone(), test))
}

/// Names of metadata that can change the result: those shown or read, and those that would push a
/// parsed label of that name to its name with suffix.
fn fields_needed(plan: &Plan<'_>, shown: &[String]) -> Fields {
    let mut names: Vec<String> = shown.to_vec();
    let reads_any = plan.log.stages.iter().any(|stage| {
        matches!(
            stage.kind,
            StageKind::LineFormat(_) | StageKind::LabelFormat(_) | StageKind::Drop(_) | StageKind::Keep(_)
        )
    });
    if reads_any {
        return Fields::All;
    }
    let filters = plan.log.stages.iter().filter_map(|stage| match &stage.kind {
        StageKind::LabelFilter(filter) => Some(filter),
        _ => None,
    });
    let mut add = |name: &str| names.push(name.to_owned());
    for filter in filters.chain(plan.unwrap.iter().flat_map(|unwrap| &unwrap.filters)) {
        crate::pipeline::label_filter::each_name(filter, &mut add);
    }
    if let Some(unwrap) = plan.unwrap {
        add(&unwrap.label);
    }
    let stems: Vec<String> =
        names.iter().filter_map(|name| name.strip_suffix(EXTRACTED)).map(str::to_owned).collect();
    names.extend(stems);
    names.sort();
    names.dedup();
    Fields::Only(names)
}

/// The stages without the filters that the source has applied for sure.
fn remaining(stages: &[Stage], applied: &Applied) -> Vec<Stage> {
    let (mut line_filter, mut label_filter) = (0, 0);
    let is_done = |list: &[bool], index: usize| list.get(index).copied().unwrap_or(false);
    let (mut line_is_stored, mut labels_are_stored) = (true, true);
    let mut out = Vec::with_capacity(stages.len());
    for stage in stages {
        match &stage.kind {
            StageKind::LineFilters(filters) if line_is_stored => {
                let mut left = Vec::new();
                for filter in filters {
                    if !is_done(&applied.line_filters, line_filter) {
                        left.push(filter.clone());
                    }
                    line_filter += 1;
                }
                if !left.is_empty() {
                    out.push(Stage { kind: StageKind::LineFilters(left), span: stage.span });
                }
                continue;
            }
            StageKind::LabelFilter(filter) if labels_are_stored && sees_stored_labels(filter) => {
                // Only running a filter on a number sets the error of a value that cannot be read.
                let done = is_done(&applied.label_filters, label_filter) && is_about_texts(filter);
                label_filter += 1;
                if !done {
                    out.push(stage.clone());
                }
                continue;
            }
            StageKind::LineFormat(_) | StageKind::Decolorize | StageKind::Unpack => {
                line_is_stored = false;
                labels_are_stored = false;
            }
            StageKind::LineFilters(_) | StageKind::LabelFilter(_) => {}
            _ => labels_are_stored = false,
        }
        out.push(stage.clone());
    }
    out
}

/// An entry that passed all stages.
pub(super) struct Kept<'r, 'b> {
    pub(super) row: &'r mut Row<'b>,
    pub(super) pipeline: &'r Pipeline,
    /// Index of the stream in the batch.
    pub(super) stream: usize,
    /// Length of the line as stored.
    pub(super) line_bytes: u32,
}

impl Reader<'_> {
    /// Whether entries come in the order asked for.
    pub(super) fn is_ordered(&self) -> bool {
        self.applied.order
    }

    /// Sends the next batch through the stages and calls `keep` for what stays, until it says false.
    /// False when there are no more entries or `keep` said so. `begin` is called before with the
    /// batch.
    pub(super) fn next(
        &mut self,
        evaluation: &mut Evaluation<'_>,
        mut begin: impl FnMut(&Batch),
        mut keep: impl FnMut(&mut Evaluation<'_>, Kept<'_, '_>) -> Result<bool, Error>,
    ) -> Result<bool, Error> {
        evaluation.check_cancelled()?;
        self.batch.clear();
        if !self.batches.next_batch(&mut self.batch)? {
            return Ok(false);
        }
        evaluation.check_memory(self.batch.heap_bytes())?;
        let batch = &self.batch;
        begin(batch);
        evaluation.cost.entries += batch.entries().len() as u64;
        evaluation.cost.line_bytes += batch.line_bytes();
        let passes: Vec<bool> = if self.applied.matchers {
            Vec::new()
        } else {
            batch.streams().iter().map(|labels| matches(&self.tests, labels)).collect()
        };
        let empty = LabelSet::default();
        let mut row = Row::new(&empty);
        let pipeline = &mut self.pipeline;
        let broken = &self.broken;
        let (start_ns, end_ns, range_applied) = (self.start_ns, self.end_ns, self.applied.range);
        let mut visit = |index: usize| -> Result<bool, Error> {
            let entry = batch.entries()[index];
            let stream = entry.stream as usize;
            let in_range = range_applied || (start_ns <= entry.time_ns && entry.time_ns < end_ns);
            if !in_range || !passes.get(stream).copied().unwrap_or(true) {
                return Ok(true);
            }
            if let Some(error) = broken {
                return Err(error.clone());
            }
            let labels = &batch.streams()[stream];
            row.reset(labels, batch.metadata(index), entry.time_ns, batch.line(index));
            if !pipeline.run(&mut row) {
                return Ok(true);
            }
            let kept = Kept { row: &mut row, pipeline, stream, line_bytes: entry.line_bytes };
            keep(evaluation, kept)
        };
        match &self.searched {
            Some(finder) => {
                let mut hits = Hits { finder, batch, row: 0 };
                while let Some(index) = hits.next() {
                    if !visit(index)? {
                        return Ok(false);
                    }
                }
            }
            None => {
                for index in 0..batch.entries().len() {
                    if !visit(index)? {
                        return Ok(false);
                    }
                }
            }
        }
        Ok(true)
    }
}

fn matches(tests: &[(String, TextTest)], labels: &LabelSet) -> bool {
    tests.iter().all(|(name, test)| test.holds(labels.get(name).unwrap_or("")))
}

/// Entries whose line contains a text, found by searching all lines of a batch as one.
struct Hits<'h> {
    finder: &'h memchr::memmem::Finder<'static>,
    batch: &'h Batch,
    /// The first entry not looked at yet.
    row: usize,
}

impl Hits<'_> {
    /// The entry that holds a byte behind `start`, where the first entry not looked at begins. Lines are
    /// mostly of similar length, so that a guess is near, and steps of doubling width from there touch
    /// little memory.
    fn row_of(&self, byte: usize, start: usize) -> usize {
        let entries = self.batch.entries();
        let ends_before = |entry: &Entry| entry.line_end as usize <= byte;
        let average = self.batch.lines().len() / entries.len().max(1) + 1;
        let guess = (self.row + (byte - start) / average).min(entries.len().saturating_sub(1));
        let mut width = 1;
        let near = if entries.get(guess).is_some_and(ends_before) {
            while entries.get(guess + width).is_some_and(ends_before) {
                width *= 2;
            }
            guess + width / 2..(guess + width + 1).min(entries.len())
        } else {
            let at_least = |width: usize| guess.checked_sub(width).filter(|at| *at >= self.row);
            while at_least(width).is_some_and(|at| !ends_before(&entries[at])) {
                width *= 2;
            }
            at_least(width).unwrap_or(self.row)..guess + 1
        };
        near.start + entries[near].partition_point(ends_before)
    }

    fn next(&mut self) -> Option<usize> {
        let entries = self.batch.entries();
        let lines = self.batch.lines().as_bytes();
        let mut at = match self.row {
            0 => 0,
            row => entries[row - 1].line_end as usize,
        };
        let start = at;
        loop {
            let hit = at + self.finder.find(lines.get(at..)?)?;
            let index = self.row_of(hit, start);
            let line_end = entries.get(index)?.line_end as usize;
            if hit + self.finder.needle().len() <= line_end {
                self.row = index + 1;
                return Some(index);
            }
            // The text lies across the border of two lines.
            at = hit + 1;
        }
    }
}
