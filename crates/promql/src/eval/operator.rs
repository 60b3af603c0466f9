//! From plan nodes to operators.
//!
//! In: a node and the steps. Out: an operator that gives its series one by one, the values of a
//! scalar, or the samples of a range. This is the one place that knows which file does what.

use super::plan::{AggregatePlan, BinaryPlan, CallPlan, Plan, PlanKind};
use super::series::{Float, Hist, Series};
use super::steps::Steps;
use super::{
    Context, Error, absent, aggregate, aggregate_k, arithmetic, binary, count_values, date, elementwise,
    histogram_functions, info, instant, labels, range, sets, sorting,
};
use crate::ast::{AggregateOp, ValueType};

/// Gives series one by one, in an order of its own, each with at least one point.
pub(crate) trait Operator {
    fn next(&mut self) -> Result<Option<Series>, Error>;
}

/// An operator over its context.
pub(crate) type Boxed<'c> = Box<dyn Operator + 'c>;

/// The values of a scalar.
#[derive(Debug, Clone)]
pub(crate) enum Scalar {
    Constant(f64),
    Steps(Vec<f64>),
}

impl Scalar {
    pub(crate) fn at(&self, step: usize) -> f64 {
        match self {
            Self::Constant(value) => *value,
            Self::Steps(values) => values.get(step).copied().unwrap_or(f64::NAN),
        }
    }

    /// All values, a constant once.
    pub(crate) fn values(&self) -> &[f64] {
        match self {
            Self::Constant(value) => std::slice::from_ref(value),
            Self::Steps(values) => values,
        }
    }
}

/// Series that were computed at once.
pub(crate) struct Collected(pub(crate) std::vec::IntoIter<Series>);

impl Operator for Collected {
    fn next(&mut self) -> Result<Option<Series>, Error> {
        Ok(self.0.next())
    }
}

pub(crate) fn collected<'c>(series: Vec<Series>) -> Boxed<'c> {
    Box::new(Collected(series.into_iter()))
}

impl<'c> Context<'c> {
    /// The operator of a node of vector type.
    pub(crate) fn vector(&'c self, plan: &'c Plan, steps: Steps) -> Result<Boxed<'c>, Error> {
        self.limits.check()?;
        if steps.count == 0 {
            return Ok(collected(Vec::new()));
        }
        match &plan.kind {
            PlanKind::Selector(select) => instant::selector(self, select, steps),
            PlanKind::Invariant(inner) => {
                let child = self.vector(inner, steps.first())?;
                Ok(Box::new(Repeat { child, steps }))
            }
            PlanKind::Unary { is_negation: false, operand } => self.vector(operand, steps),
            PlanKind::Unary { operand, .. } => {
                let child = self.vector(operand, steps)?;
                Ok(arithmetic::negated(self, child))
            }
            PlanKind::Binary(binary) => self.binary(binary, plan, steps),
            PlanKind::Aggregate(aggregate) => self.aggregate(aggregate, plan, steps),
            PlanKind::Call(call) => self.call(call, plan, steps),
            PlanKind::Number(_) | PlanKind::String(_) | PlanKind::Range(_) | PlanKind::Subquery(_) => {
                Err(Error::execution("expected an instant vector"))
            }
        }
    }

    /// All series of a node of vector type. They count against the limit until the query ends.
    pub(crate) fn collect(&'c self, plan: &'c Plan, steps: Steps) -> Result<Vec<Series>, Error> {
        let mut operator = self.vector(plan, steps)?;
        let mut out = Vec::new();
        while let Some(series) = operator.next()? {
            self.limits.hold(series.samples())?;
            self.limits.take(series.samples() * 16 + 64)?;
            out.push(series);
        }
        Ok(out)
    }

    /// The values of a node of scalar type.
    pub(crate) fn scalar(&'c self, plan: &'c Plan, steps: Steps) -> Result<Scalar, Error> {
        match &plan.kind {
            PlanKind::Number(value) => Ok(Scalar::Constant(*value)),
            PlanKind::Invariant(inner) => {
                let value = self.scalar(inner, steps.first())?;
                Ok(Scalar::Constant(value.at(0)))
            }
            PlanKind::Unary { is_negation, operand } => {
                let value = self.scalar(operand, steps)?;
                Ok(if *is_negation { mapped(value, |value| -value) } else { value })
            }
            PlanKind::Binary(binary) => {
                let left = self.scalar(&binary.left, steps)?;
                let right = self.scalar(&binary.right, steps)?;
                self.zipped(&left, &right, steps, |l, r| arithmetic::of_scalars(binary.op, l, r))
            }
            PlanKind::Call(call) => self.scalar_call(call, steps),
            _ => Err(Error::execution("expected a scalar")),
        }
    }

    fn zipped(
        &self,
        left: &Scalar,
        right: &Scalar,
        steps: Steps,
        compute: impl Fn(f64, f64) -> f64,
    ) -> Result<Scalar, Error> {
        if let (Scalar::Constant(left), Scalar::Constant(right)) = (left, right) {
            return Ok(Scalar::Constant(compute(*left, *right)));
        }
        self.limits.hold(steps.count)?;
        let values = (0..steps.count).map(|step| compute(left.at(step), right.at(step))).collect();
        Ok(Scalar::Steps(values))
    }

    fn scalar_call(&'c self, call: &'c CallPlan, steps: Steps) -> Result<Scalar, Error> {
        match (call.function.name, call.args.as_slice()) {
            ("pi", _) => Ok(Scalar::Constant(std::f64::consts::PI)),
            ("time", _) => {
                self.limits.hold(steps.count)?;
                Ok(Scalar::Steps(steps.iter().map(|(_, ms)| ms as f64 / 1000.0).collect()))
            }
            ("max_of" | "min_of", [left, right]) => {
                let (left, right) = (self.scalar(left, steps)?, self.scalar(right, steps)?);
                let compute =
                    if call.function.name == "max_of" { elementwise::go_max } else { elementwise::go_min };
                self.zipped(&left, &right, steps, compute)
            }
            ("scalar", [vector]) => {
                self.limits.hold(steps.count)?;
                elementwise::scalar(self.vector(vector, steps)?, steps)
            }
            _ => Err(Error::execution("expected a scalar")),
        }
    }

    fn binary(&'c self, binary: &'c BinaryPlan, plan: &'c Plan, steps: Steps) -> Result<Boxed<'c>, Error> {
        let is_scalar = |side: &Plan| side.value_type == ValueType::Scalar;
        if is_scalar(&binary.right) {
            let scalar = self.scalar(&binary.right, steps)?;
            let child = self.vector(&binary.left, steps)?;
            return Ok(arithmetic::with_scalar(self, binary, plan.span, child, scalar, false));
        }
        if is_scalar(&binary.left) {
            let scalar = self.scalar(&binary.left, steps)?;
            let child = self.vector(&binary.right, steps)?;
            return Ok(arithmetic::with_scalar(self, binary, plan.span, child, scalar, true));
        }
        let left = self.collect(&binary.left, steps)?;
        let right = self.collect(&binary.right, steps)?;
        let out = if binary.op.is_set() {
            sets::evaluate(self, binary, left, right, steps)?
        } else {
            binary::evaluate(self, binary, plan.span, left, right, steps)?
        };
        Ok(collected(out))
    }

    fn aggregate(
        &'c self,
        aggregate: &'c AggregatePlan,
        plan: &'c Plan,
        steps: Steps,
    ) -> Result<Boxed<'c>, Error> {
        let out = match aggregate.op {
            AggregateOp::CountValues => count_values::evaluate(self, aggregate, steps)?,
            AggregateOp::TopK | AggregateOp::BottomK | AggregateOp::LimitK | AggregateOp::LimitRatio => {
                aggregate_k::evaluate(self, aggregate, plan.span, steps)?
            }
            _ => aggregate::evaluate(self, aggregate, steps)?,
        };
        Ok(collected(out))
    }

    fn call(&'c self, call: &'c CallPlan, plan: &'c Plan, steps: Steps) -> Result<Boxed<'c>, Error> {
        let name = call.function.name;
        match name {
            "timestamp" | "start_timestamp" => {
                if let Some(PlanKind::Selector(select)) = call.args.first().map(|arg| &arg.kind) {
                    return instant::timestamps(self, select, steps, name == "start_timestamp");
                }
                elementwise::times(self, call, steps, name == "start_timestamp")
            }
            "absent" => absent::absent(self, call, steps),
            "absent_over_time" => absent::absent_over_time(self, call, steps),
            "label_replace" => labels::replace(self, call, steps),
            "label_join" => labels::join(self, call, steps),
            "info" => info::evaluate(self, call, steps),
            "sort" | "sort_desc" | "sort_by_label" | "sort_by_label_desc" => {
                sorting::evaluate(self, call, plan.span, steps)
            }
            "vector" => elementwise::vector(self, call, steps),
            "histogram_quantile" | "histogram_fraction" | "histogram_quantiles" => {
                histogram_functions::evaluate(self, call, steps)
            }
            _ if range::is_range_function(name) => range::evaluate(self, call, steps),
            _ if date::is_date_function(name) => date::evaluate(self, call, steps),
            _ => elementwise::evaluate(self, call, steps),
        }
    }
}

fn mapped(scalar: Scalar, change: impl Fn(f64) -> f64) -> Scalar {
    match scalar {
        Scalar::Constant(value) => Scalar::Constant(change(value)),
        Scalar::Steps(values) => Scalar::Steps(values.into_iter().map(change).collect()),
    }
}

/// Repeats the only point of each series at every step.
struct Repeat<'c> {
    child: Boxed<'c>,
    steps: Steps,
}

impl Operator for Repeat<'_> {
    fn next(&mut self) -> Result<Option<Series>, Error> {
        let Some(mut series) = self.child.next()? else {
            return Ok(None);
        };
        let count = u32::try_from(self.steps.count).unwrap_or(u32::MAX);
        if let [Float { value, .. }] = series.floats[..] {
            series.floats = (0..count).map(|step| Float { step, value }).collect();
        } else if let [Hist { value, .. }] = &series.hists[..] {
            let value = value.clone();
            series.hists = (0..count).map(|step| Hist { step, value: value.clone() }).collect();
        }
        Ok(Some(series))
    }
}
