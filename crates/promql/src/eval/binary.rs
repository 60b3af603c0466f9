//! Arithmetic and comparisons between two vectors.
//!
//! In: all series of both sides. Out: one series for each pair that matches at a step. The side that
//! is "one" must be unique for each key and step; that is judged on the series present at the step.

use hashbrown::HashMap;
use model::Labels;

use super::arithmetic::{Outcome, changes_metric, of_points};
use super::plan::BinaryPlan;
use super::series::{Cursor, Float, Point, Series, Uniqueness, is_name_label, show_labels};
use super::steps::Steps;
use super::{Context, Error};
use crate::ast::{Cardinality, Matching};
use crate::parser::NAME_LABEL;
use crate::span::Span;

impl Matching {
    /// Whether a label is part of the key by which elements find each other.
    fn is_key(&self, name: &str) -> bool {
        let is_listed = self.labels.iter().any(|label| **label == *name);
        if self.is_on { is_listed } else { !is_listed && name != NAME_LABEL }
    }

    /// The labels by which an element finds others.
    pub(super) fn key(&self, labels: &Labels) -> Labels {
        labels.filtered(|name| self.is_key(name))
    }
}

/// Numbers keys, so that a step works with small integers.
pub(super) fn key_numbers(matching: &Matching, sides: [&[Series]; 2]) -> ([Vec<usize>; 2], usize) {
    let mut numbers: HashMap<Labels, usize> = HashMap::new();
    let number = |series: &Series, numbers: &mut HashMap<Labels, usize>| {
        let next = numbers.len();
        *numbers.entry(matching.key(&series.labels)).or_insert(next)
    };
    let of_sides = sides.map(|side| side.iter().map(|series| number(series, &mut numbers)).collect());
    (of_sides, numbers.len())
}

/// Evaluates the operator.
pub(super) fn evaluate(
    context: &Context<'_>,
    plan: &BinaryPlan,
    span: Span,
    left: Vec<Series>,
    right: Vec<Series>,
    steps: Steps,
) -> Result<Vec<Series>, Error> {
    let matching = plan.matching.as_ref().ok_or_else(|| Error::execution("vectors without matching"))?;
    let ([left_keys, right_keys], key_count) = key_numbers(matching, [&left, &right]);
    let is_swapped = matching.cardinality == Cardinality::OneToMany;
    let (many, one) = if is_swapped { (right, left) } else { (left, right) };
    let (many_keys, one_keys) = if is_swapped { (right_keys, left_keys) } else { (left_keys, right_keys) };
    let mut join = Join {
        context,
        plan,
        matching,
        span,
        is_swapped,
        out: Vec::new(),
        places: HashMap::new(),
        matched: vec![Vec::new(); key_count],
    };
    let mut many_cursors = vec![Cursor::default(); many.len()];
    let mut one_cursors = vec![Cursor::default(); one.len()];
    let mut at_key: Vec<Option<(usize, Point)>> = vec![None; key_count];
    for step in 0..steps.count {
        if step % 64 == 0 {
            context.limits.check()?;
        }
        at_key.fill(None);
        join.matched.iter_mut().for_each(Vec::clear);
        let mut present = Vec::new();
        for (at, series) in many.iter().enumerate() {
            if let Some(point) = many_cursors[at].at(series, step) {
                present.push((at, point.to_point()));
            }
        }
        let mut one_present = Vec::new();
        for (at, series) in one.iter().enumerate() {
            if let Some(point) = one_cursors[at].at(series, step) {
                one_present.push((at, point.to_point()));
            }
        }
        let has_fill = matching.fill_left.is_some() || matching.fill_right.is_some();
        let cannot_match = (present.is_empty() || one_present.is_empty()) && !has_fill;
        if cannot_match {
            continue;
        }
        for (at, point) in &one_present {
            let key = one_keys[*at];
            if let Some((other, _)) = &at_key[key] {
                return Err(join.duplicate(&one[*at].labels, &one[*other].labels));
            }
            at_key[key] = Some((*at, point.clone()));
        }
        join.step(step, &many, &many_keys, &present, &one, &at_key)?;
        join.unmatched(step, &one, &one_keys, &one_present)?;
    }
    join.finish()
}

struct Join<'j> {
    context: &'j Context<'j>,
    plan: &'j BinaryPlan,
    matching: &'j Matching,
    span: Span,
    is_swapped: bool,
    out: Vec<Series>,
    places: HashMap<(Labels, bool), usize>,
    /// For each key the results at this step.
    matched: Vec<Vec<Labels>>,
}

impl Join<'_> {
    fn duplicate(&self, a: &Labels, b: &Labels) -> Error {
        let mut shown = [show_labels(a), show_labels(b)];
        shown.sort();
        let side = if self.is_swapped { "left" } else { "right" };
        // The group is shown with the name if that is not ignored by its name.
        let group = self.matching_labels(a);
        Error::Execution(format!(
            "found duplicate series for the match group {} on the {side} hand-side of the \
             operation: [{}, {}];many-to-many matching not allowed: matching labels must be unique \
             on one side",
            show_labels(&group),
            shown[0],
            shown[1]
        ))
    }

    /// The labels that stand for a missing partner.
    fn matching_labels(&self, labels: &Labels) -> Labels {
        self.matching.key(labels)
    }

    fn step(
        &mut self,
        step: usize,
        many: &[Series],
        keys: &[usize],
        present: &[(usize, Point)],
        one: &[Series],
        at_key: &[Option<(usize, Point)>],
    ) -> Result<(), Error> {
        // As in Prometheus `fill_right` fills in for the "one" side, also under `group_right`.
        let fill = self.matching.fill_right;
        for (at, point) in present {
            let key = keys[*at];
            let labels = &many[*at].labels;
            match (&at_key[key], fill) {
                (Some((other, other_point)), _) => {
                    self.pair(step, key, (labels, point), (&one[*other].labels, other_point))?;
                }
                (None, Some(value)) => {
                    let filled = self.matching_labels(labels);
                    self.pair(step, key, (labels, point), (&filled, &Point::Float(value)))?;
                }
                (None, None) => {}
            }
        }
        Ok(())
    }

    /// Fills in for the "many" side where the "one" side has no partner.
    fn unmatched(
        &mut self,
        step: usize,
        one: &[Series],
        keys: &[usize],
        present: &[(usize, Point)],
    ) -> Result<(), Error> {
        let Some(value) = self.matching.fill_left else {
            return Ok(());
        };
        for (at, point) in present {
            let key = keys[*at];
            if self.matched[key].is_empty() {
                let labels = &one[*at].labels;
                let filled = self.matching_labels(labels);
                self.pair(step, key, (&filled, &Point::Float(value)), (labels, point))?;
            }
        }
        Ok(())
    }

    /// One result of the "many" and the "one" side.
    fn pair(
        &mut self,
        step: usize,
        key: usize,
        many: (&Labels, &Point),
        one: (&Labels, &Point),
    ) -> Result<(), Error> {
        let (left, right) = if self.is_swapped { (one.1, many.1) } else { (many.1, one.1) };
        let op = self.plan.op;
        let outcome = of_points(op, left, right, self.span, &mut self.context.notes.borrow_mut());
        let value = match outcome {
            Outcome::Nothing => return Ok(()),
            Outcome::Keep(_) if self.plan.is_bool => Some(Point::Float(1.0)),
            Outcome::Drop if self.plan.is_bool => Some(Point::Float(0.0)),
            Outcome::Keep(value) => Some(value),
            Outcome::Drop => None,
        };
        let labels = self.result_labels(many.0, one.0);
        if self.matching.cardinality == Cardinality::OneToOne {
            if !self.matched[key].is_empty() {
                return Err(Error::execution(
                    "multiple matches for labels: many-to-one matching must be explicit \
                     (group_left/group_right)",
                ));
            }
        } else if self.matched[key].contains(&labels) {
            return Err(Error::execution(
                "multiple matches for labels: grouping labels must ensure unique matches",
            ));
        }
        self.matched[key].push(labels.clone());
        if let Some(value) = value {
            let drop_name = self.plan.is_bool;
            let place = *self.places.entry((labels.clone(), drop_name)).or_insert_with(|| {
                self.out.push(Series { labels, drop_name, ..Series::default() });
                self.out.len() - 1
            });
            self.context.limits.hold(1)?;
            self.context.limits.take(size_of::<Float>())?;
            let series = &mut self.out[place];
            let last = series.floats.last().map(|f| f.step).max(series.hists.last().map(|h| h.step));
            if last == Some(step as u32) {
                // Two keys gave the same labels; shown at the end.
                let labels = series.labels.clone();
                let mut again = Series { labels, drop_name, ..Series::default() };
                again.push(step, value);
                self.out.push(again);
            } else {
                series.push(step, value);
            }
        }
        Ok(())
    }

    fn result_labels(&self, many: &Labels, one: &Labels) -> Labels {
        let matching = self.matching;
        let drops_name =
            (!self.context.options.delayed_name_removal && self.plan.is_bool) || changes_metric(self.plan.op);
        let is_one_to_one = matching.cardinality == Cardinality::OneToOne;
        let base = many.filtered(|name| {
            if drops_name && is_name_label(name) {
                return false;
            }
            if !is_one_to_one {
                return true;
            }
            let is_listed = matching.labels.iter().any(|label| **label == *name);
            is_listed == matching.is_on
        });
        if matching.include.is_empty() {
            return base;
        }
        let mut labels = base.to_builder();
        for name in &matching.include {
            labels.set(name, one.get(name).unwrap_or_default());
        }
        labels.finish()
    }

    fn finish(self) -> Result<Vec<Series>, Error> {
        let options = &self.context.options;
        if self.context.is_range || !options.delayed_name_removal {
            let mut unique = Uniqueness::default();
            for series in &self.out {
                unique.check(series, self.context.limits)?;
            }
        }
        Ok(self.out)
    }
}
