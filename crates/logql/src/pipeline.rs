//! The stages of a query, compiled, and entries on their way through them.
//!
//! In: an entry as a [`Row`]. Out: whether it stays, and the row changed. Parsers extract only labels
//! that a later stage or the result needs; each stage has a file of its own.

pub mod decolorize;
pub mod drop_keep;
pub mod functions;
pub mod ip;
pub mod json;
pub mod json_fields;
pub mod json_path;
pub mod json_scan;
pub mod label_filter;
pub mod label_format;
pub mod line_filter;
pub mod line_format;
pub mod logfmt;
pub mod logfmt_scan;
pub mod names;
pub mod needed;
pub mod pattern;
pub mod pattern_stage;
pub mod regexp;
pub mod row;
pub mod sanitize;
mod template_host;
pub mod unpack;
pub mod unwrap;

use label_filter::Condition;
use line_filter::LineFilterSet;
use line_format::LineFormat;
use names::Names;
use needed::Needed;
use row::Row;
use unwrap::Unwrap;

use crate::error::Error;
use crate::syntax::ast::{self, FormatValue, LabelFilter, Selection, Stage, StageKind};

/// Which labels the result shows or groups by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Shown {
    /// Every one.
    All,
    /// Only these.
    Only(Vec<String>),
}

/// Compiled stages.
#[derive(Debug)]
pub struct Pipeline {
    steps: Vec<Step>,
    unwrap: Option<Unwrap>,
    names: Names,
    now_ns: i64,
    text_is_searched: bool,
}

#[derive(Debug)]
enum Step {
    Lines(LineFilterSet),
    Labels(Condition),
    Json(json::Json),
    JsonFields(json_fields::JsonFields),
    Logfmt(logfmt::Logfmt),
    Regexp(regexp::Regexp),
    Pattern(pattern_stage::PatternStage),
    Unpack(unpack::Unpack),
    LineFormat(LineFormat),
    LabelFormat(label_format::LabelFormat),
    Decolorize,
    Drop(Vec<drop_keep::Selected>),
    Keep(Vec<drop_keep::Selected>),
}

impl Pipeline {
    /// Compiles the stages of a query and, for samples, its `unwrap`. `now_ns` is what `now` gives in
    /// templates, in nanoseconds since the epoch.
    ///
    /// # Errors
    /// The original's text about the stage that cannot be compiled.
    pub fn new(
        stages: &[Stage],
        unwrap: Option<&ast::Unwrap>,
        shown: &Shown,
        now_ns: i64,
    ) -> Result<Self, Error> {
        let mut names = Names::default();
        let reads = needed_after(stages, unwrap, shown, &mut names);
        let mut steps = Vec::with_capacity(stages.len());
        for (stage, needed) in stages.iter().zip(&reads) {
            let step = compile(&stage.kind, needed, &mut names).map_err(|message| {
                let is_own_text = message.starts_with("invalid regexp parser")
                    || message.starts_with("invalid pattern parser");
                let stage = if is_own_text { None } else { Some(stage.to_string()) };
                Error::Stage { stage, message }
            })?;
            steps.extend(step);
        }
        let unwrap = unwrap
            .map(|unwrap| Unwrap::new(unwrap, &mut names))
            .transpose()
            .map_err(|message| Error::Stage { stage: None, message })?;
        names.seal();
        Ok(Self { steps, unwrap, names, now_ns, text_is_searched: false })
    }

    /// The names of the pipeline.
    pub fn names(&self) -> &Names {
        &self.names
    }

    /// The number of a name, for good; to be asked before the first entry.
    pub fn intern(&mut self, name: &str) -> names::NameId {
        let id = self.names.intern(name);
        self.names.seal();
        id
    }

    /// The text that each line must contain to pass the first stage, for a caller who searches many
    /// lines at once; it then calls [`Pipeline::text_is_searched`].
    pub fn required_text(&self) -> Option<&[u8]> {
        match self.steps.first() {
            Some(Step::Lines(filters)) => filters.required_text(),
            _ => None,
        }
    }

    /// Says that only lines with [`Pipeline::required_text`] will come.
    pub fn text_is_searched(&mut self) {
        self.text_is_searched = match self.steps.first() {
            Some(Step::Lines(filters)) => filters.is_required_text_only(),
            _ => false,
        };
    }

    /// Sends an entry through; false drops it.
    pub fn run(&mut self, row: &mut Row<'_>) -> bool {
        self.names.trim();
        let names = &mut self.names;
        let skipped = usize::from(self.text_is_searched);
        self.steps[skipped..].iter().all(|step| {
            match step {
                Step::Lines(filters) => return filters.matches(&row.line),
                Step::Labels(condition) => return condition.keeps(row, names),
                Step::Json(stage) => stage.apply(row, names),
                Step::JsonFields(stage) => stage.apply(row),
                Step::Logfmt(stage) => stage.apply(row, names),
                Step::Regexp(stage) => stage.apply(row),
                Step::Pattern(stage) => stage.apply(row),
                Step::Unpack(stage) => stage.apply(row, names),
                Step::LineFormat(stage) => stage.apply(row, names, self.now_ns),
                Step::LabelFormat(stage) => stage.apply(row, names, self.now_ns),
                Step::Decolorize => decolorize::apply(row),
                Step::Drop(selected) => drop_keep::drop_labels(selected, row, names),
                Step::Keep(selected) => drop_keep::keep_labels(selected, row, names),
            }
            true
        })
    }

    /// The value of an entry that stayed; `None` drops it. Without `unwrap` it is 1.
    pub fn value(&self, row: &mut Row<'_>) -> Option<f64> {
        match &self.unwrap {
            Some(unwrap) => unwrap.value(row, &self.names),
            None => Some(1.0),
        }
    }
}

/// Compiles a stage; `None` if it has nothing to do.
fn compile(kind: &StageKind, needed: &Needed, names: &mut Names) -> Result<Option<Step>, String> {
    Ok(Some(match kind {
        StageKind::LineFilters(filters) => Step::Lines(LineFilterSet::new(filters)?),
        StageKind::LabelFilter(filter) => Step::Labels(Condition::new(filter, names)?),
        StageKind::Json(fields) if fields.is_empty() => {
            if needed.is_nothing() {
                return Ok(None);
            }
            Step::Json(json::Json::new(needed, names))
        }
        StageKind::Json(fields) => {
            let stage = json_fields::JsonFields::new(fields, needed, names)?;
            if needed.is_nothing() {
                return Ok(None);
            }
            Step::JsonFields(stage)
        }
        StageKind::Logfmt { strict, keep_empty, fields } => {
            let stage = logfmt::Logfmt::new(*strict, *keep_empty, fields, needed, names)?;
            if needed.is_nothing() {
                return Ok(None);
            }
            Step::Logfmt(stage)
        }
        StageKind::Regexp(pattern) => Step::Regexp(regexp::Regexp::new(pattern, needed, names)?),
        StageKind::Pattern(pattern) => {
            Step::Pattern(pattern_stage::PatternStage::new(pattern, needed, names)?)
        }
        StageKind::Unpack => Step::Unpack(unpack::Unpack::new(needed, names)),
        StageKind::LineFormat(template) => Step::LineFormat(LineFormat::new(template)?),
        StageKind::LabelFormat(formats) => Step::LabelFormat(label_format::LabelFormat::new(formats, names)?),
        StageKind::Decolorize => Step::Decolorize,
        StageKind::Drop(selections) => Step::Drop(drop_keep::select(selections, names)?),
        StageKind::Keep(selections) => Step::Keep(drop_keep::select(selections, names)?),
        StageKind::Error => return Err("the stage could not be read".to_owned()),
    }))
}

/// The stages without parsers whose labels nothing reads, so that a source need not even give the lines.
/// As in the original, such a parser's errors do not count.
pub fn without_idle(stages: &[Stage], unwrap: Option<&ast::Unwrap>, shown: &Shown) -> Vec<Stage> {
    let needed = needed_after(stages, unwrap, shown, &mut Names::default());
    let is_idle = |(stage, needed): &(&Stage, &Needed)| {
        // A list of fields has paths, whose mistakes are found when the stage is compiled.
        let takes_all = match &stage.kind {
            StageKind::Json(fields) | StageKind::Logfmt { fields, .. } => fields.is_empty(),
            _ => false,
        };
        takes_all && needed.is_nothing()
    };
    stages.iter().zip(&needed).filter(|pair| !is_idle(pair)).map(|(stage, _)| stage.clone()).collect()
}

/// For each stage the labels that what comes after it reads.
fn needed_after(
    stages: &[Stage],
    unwrap: Option<&ast::Unwrap>,
    shown: &Shown,
    names: &mut Names,
) -> Vec<Needed> {
    let mut needed = match shown {
        Shown::All => Needed::All,
        Shown::Only(list) => Needed::Only(list.iter().map(|name| names.intern(name)).collect()),
    };
    if let Some(unwrap) = unwrap {
        needed.add(names.intern(&unwrap.label));
        for filter in &unwrap.filters {
            add_filter(filter, &mut needed, names);
        }
    }
    let mut after = vec![Needed::All; stages.len()];
    for (slot, stage) in after.iter_mut().zip(stages).rev() {
        *slot = needed.clone();
        match &stage.kind {
            StageKind::LabelFilter(filter) => add_filter(filter, &mut needed, names),
            StageKind::LineFormat(template) => add_template(template, &mut needed, names),
            StageKind::LabelFormat(formats) => {
                for format in formats {
                    match &format.value {
                        FormatValue::Label(name) => needed.add(names.intern(name)),
                        FormatValue::Template(text) => add_template(text, &mut needed, names),
                    }
                }
            }
            StageKind::Drop(selections) | StageKind::Keep(selections) => {
                for selection in selections {
                    if let Selection::Matcher(matcher) = selection {
                        needed.add(names.intern(&matcher.name));
                    }
                }
            }
            _ => {}
        }
    }
    after
}

fn add_filter(filter: &LabelFilter, needed: &mut Needed, names: &mut Names) {
    label_filter::each_name(filter, &mut |name| needed.add(names.intern(name)));
}

fn add_template(text: &str, needed: &mut Needed, names: &mut Names) {
    // A template that cannot be compiled is complained about elsewhere.
    let fields = LineFormat::new(text).ok().and_then(|stage| stage.template().fields());
    match fields {
        Some(fields) => fields.iter().for_each(|name| needed.add(names.intern(name))),
        None => *needed = Needed::All,
    }
}
