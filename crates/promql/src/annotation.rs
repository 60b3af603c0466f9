//! Warnings and infos that a query gives beside its value.
//!
//! In: notes with places, as they are met, possibly millions of equal ones. Out: one of each text,
//! rendered as Prometheus renders it. Two kinds of notes add up instead of being kept once.

use indexmap::IndexMap;
use stdx::go::number::{FloatFormat, format_float};
use stdx::go::quote::quote;
use stdx::go::time::{RFC3339, Time};

use crate::span::Span;

/// How serious a note is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    /// Shown apart from warnings.
    Info,
    /// The result may be wrong or incomplete.
    Warning,
}

/// What adds up over steps and series.
#[derive(Debug, Clone, PartialEq)]
enum Detail {
    None,
    Monotonicity { from_ms: i64, to_ms: i64, low: f64, high: f64, difference: f64, samples: usize },
    Overlap { count: usize },
}

/// One note.
#[derive(Debug, Clone, PartialEq)]
pub struct Annotation {
    /// How serious it is.
    pub severity: Severity,
    /// Its place in the query.
    pub span: Span,
    text: String,
    detail: Detail,
}

/// All notes of one query, in the order in which they were first met.
#[derive(Debug, Clone, Default)]
pub struct Annotations {
    notes: IndexMap<String, Annotation>,
}

/// `%g` of Go.
pub(crate) fn general(value: f64) -> String {
    format_float(value, FloatFormat::General, None)
}

fn rfc3339(ms: i64) -> String {
    Time::from_unix_ns(ms.div_euclid(1000).saturating_mul(1_000_000_000)).format(RFC3339)
}

impl Annotation {
    /// The text with severity and place.
    pub fn render(&self, query: &str) -> String {
        let kind = match self.severity {
            Severity::Info => "info",
            Severity::Warning => "warning",
        };
        let place = self.span.line_column(query);
        let detail = match &self.detail {
            Detail::None => String::new(),
            Detail::Monotonicity { from_ms, to_ms, low, high, difference, samples } => format!(
                ", from buckets {} to {}, with a max diff of {}, over {samples} samples from {} to {}",
                general(*low),
                general(*high),
                format_float(*difference, FloatFormat::General, Some(2)),
                rfc3339(*from_ms),
                rfc3339(*to_ms),
            ),
            Detail::Overlap { count } if *count > 1 => format!(" ({count} occurrences)"),
            Detail::Overlap { .. } => String::new(),
        };
        format!("PromQL {kind}: {}{detail} ({place})", self.text)
    }
}

impl Annotations {
    /// The notes.
    pub fn iter(&self) -> impl Iterator<Item = &Annotation> {
        self.notes.values()
    }

    /// The texts of one severity.
    pub fn texts(&self, severity: Severity, query: &str) -> Vec<String> {
        self.iter().filter(|note| note.severity == severity).map(|note| note.render(query)).collect()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.notes.is_empty()
    }

    fn add(&mut self, severity: Severity, span: Span, text: String) {
        // The last place wins, as in Prometheus.
        if let Some(note) = self.notes.get_mut(&text) {
            note.span = span;
            return;
        }
        let note = Annotation { severity, span, text: text.clone(), detail: Detail::None };
        self.notes.insert(text, note);
    }

    pub(crate) fn warn(&mut self, span: Span, text: impl Into<String>) {
        self.add(Severity::Warning, span, text.into());
    }

    pub(crate) fn info(&mut self, span: Span, text: impl Into<String>) {
        self.add(Severity::Info, span, text.into());
    }

    pub(crate) fn invalid_quantile(&mut self, span: Span, q: f64) {
        let text = format!("quantile value should be between 0 and 1, got {}", general(q));
        self.warn(span, text);
    }

    pub(crate) fn mixed_floats_histograms(&mut self, span: Span, metric: &str) {
        let name = quote(metric);
        let text = format!("encountered a mix of histograms and floats for metric name {name}");
        self.warn(span, text);
    }

    pub(crate) fn mixed_schemas(&mut self, span: Span, metric: &str) {
        let text = format!(
            "vector contains a mix of histograms with exponential and custom buckets schemas for \
             metric name {}",
            quote(metric)
        );
        self.warn(span, text);
    }

    pub(crate) fn not_a_counter(&mut self, span: Span, metric: &str) {
        let name = quote(metric);
        self.warn(span, format!("this native histogram metric is not a counter: {name}"));
    }

    pub(crate) fn not_a_gauge(&mut self, span: Span, metric: &str) {
        let name = quote(metric);
        self.warn(span, format!("this native histogram metric is not a gauge: {name}"));
    }

    pub(crate) fn reset_conflict(&mut self, span: Span, operation: &str) {
        let text = format!("conflicting counter resets during histogram {operation}");
        self.warn(span, text);
    }

    pub(crate) fn reconciled_bounds(&mut self, span: Span, operation: &str) {
        let text = format!("mismatched custom buckets were reconciled during {operation}");
        self.info(span, text);
    }

    pub(crate) fn ignored_in_aggregation(&mut self, span: Span, operator: &str) {
        self.info(span, format!("ignored histogram in {operator} aggregation"));
    }

    pub(crate) fn ignored_in_range(&mut self, span: Span, metric: &str) {
        let text = format!(
            "ignored histograms in a range containing both floats and histograms for metric name {}",
            quote(metric)
        );
        self.info(span, text);
    }

    pub(crate) fn start_overlap(&mut self, span: Span, metric: &str) {
        let text = format!(
            "sample has start time that overlaps with previous sample timestamp for metric {}",
            quote(metric)
        );
        let note = self.notes.entry(text.clone()).or_insert(Annotation {
            severity: Severity::Warning,
            span,
            text,
            detail: Detail::Overlap { count: 0 },
        });
        if let Detail::Overlap { count } = &mut note.detail {
            *count += 1;
        }
    }

    pub(crate) fn forced_monotonicity(
        &mut self,
        span: Span,
        metric: &str,
        time_ms: i64,
        (low, high, difference): (f64, f64, f64),
    ) {
        let text = with_metric(
            "input to histogram_quantile needed to be fixed for monotonicity (see \
             https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile)",
            metric,
        );
        let fresh =
            Detail::Monotonicity { from_ms: time_ms, to_ms: time_ms, low, high, difference, samples: 1 };
        let Some(note) = self.notes.get_mut(&text) else {
            let severity = Severity::Info;
            let note = Annotation { severity, span, text: text.clone(), detail: fresh };
            self.notes.insert(text, note);
            return;
        };
        if let Detail::Monotonicity { from_ms, to_ms, low: l, high: h, difference: d, samples } =
            &mut note.detail
        {
            *from_ms = (*from_ms).min(time_ms);
            *to_ms = (*to_ms).max(time_ms);
            *l = l.min(low);
            *h = h.max(high);
            *d = d.max(difference);
            *samples += 1;
        }
    }
}

/// Adds the metric's name, if there is one.
pub(crate) fn with_metric(text: &str, metric: &str) -> String {
    if metric.is_empty() { text.to_owned() } else { format!("{text} for metric name {}", quote(metric)) }
}
