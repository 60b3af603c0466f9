//! A query as steps and a request.

use super::SearchOptions;
use crate::ast::{Attribute, Body, Intrinsic, MetricsExpr, MetricsKind, Pipeline, Query};
use crate::columns::Field;
use crate::error::Error;
use crate::program::{Fields, Slot};
use crate::source::{Order, Request};
use crate::spansets::{Compiler, Step};
use crate::trace;

/// What a search does.
#[derive(Debug)]
pub struct SearchPlan {
    /// What it asks of the source.
    pub request: Request,
    pub(super) steps: Vec<Step>,
    pub(super) needs_sets: bool,
    /// Attributes that results show, and where the second pass has them.
    pub(super) outputs: Vec<(Attribute, Vec<Slot>)>,
    /// Whether results show the names of spans.
    pub(super) shows_name: bool,
    pub(super) output_needs_sets: bool,
}

impl SearchPlan {
    /// Plans a checked query.
    pub fn new(query: &Query, options: &SearchOptions) -> Result<Self, Error> {
        let pipeline = searched(&query.body)?;
        let mut compiler = Compiler::default();
        let (steps, traces) = compiler.pipeline(pipeline)?;
        compiler.finish();
        let needs_sets = compiler.needs_sets();
        let mut second = Fields::default();
        let mut outputs = Vec::new();
        let mut shows_name = false;
        for attribute in &compiler.outputs.0 {
            match attribute.intrinsic {
                Some(Intrinsic::Name) => shows_name = true,
                // Shown elsewhere in the answer.
                Some(
                    Intrinsic::Duration
                    | Intrinsic::TraceDuration
                    | Intrinsic::RootName
                    | Intrinsic::RootServiceName
                    | Intrinsic::TraceId
                    | Intrinsic::SpanId
                    | Intrinsic::Parent,
                ) => {}
                _ => outputs.push((attribute.clone(), second.slots(attribute))),
            }
        }
        for field in
            [Field::Intrinsic(Intrinsic::Name), Field::Intrinsic(Intrinsic::Status), trace::service_name()]
        {
            second.add(field);
        }
        let output_needs_sets = second.as_slice().iter().any(trace::is_nested_set);
        if output_needs_sets {
            second.add(Field::Intrinsic(Intrinsic::Kind));
        }
        let request = Request {
            spansets: compiler.spansets,
            traces,
            range: options.range,
            order: Order::NewestFirst,
            limit: Some(options.limit),
            fields: compiler.fields.as_slice().to_vec(),
            second_pass: second.as_slice().to_vec(),
            needs_whole_traces: true,
            needs_every_attribute: false,
        };
        Ok(Self { request, steps, needs_sets, outputs, shows_name, output_needs_sets })
    }
}

fn searched(body: &Body) -> Result<&Pipeline, Error> {
    match body {
        Body::Spansets(pipeline) => Ok(pipeline),
        Body::Metrics(MetricsExpr { kind: MetricsKind::Series(pipeline, _), .. }) => Ok(pipeline),
        Body::Metrics(_) => Err(Error::NotSpansets),
    }
}
