//! Pipelines to steps, with what they demand of the data.

use std::sync::Arc;

use super::{AggregateStep, Selector, Step};
use crate::ast::{
    Attribute, FieldExpr, FieldKind, Pipeline, ScalarExpr, ScalarKind, SpansetExpr, SpansetKind, SpansetOp,
    Stage,
};
use crate::columns::Field;
use crate::conditions::Tree;
use crate::error::Error;
use crate::program::{Fields, compile};
use crate::rewrite;
use crate::source::TraceTree;
use crate::trace;

/// Attributes that a result shows, in the order of the query.
#[derive(Debug, Clone, Default)]
pub struct Outputs(pub Vec<Attribute>);

impl Outputs {
    fn add(&mut self, attribute: &Attribute) {
        if !self.0.contains(attribute) {
            self.0.push(attribute.clone());
        }
    }

    fn add_all(&mut self, expr: &FieldExpr) {
        match &expr.kind {
            FieldKind::Literal(_) | FieldKind::Missing => {}
            FieldKind::Attribute(attribute) => self.add(attribute),
            FieldKind::Unary(_, operand) | FieldKind::Exists(operand, _) => self.add_all(operand),
            FieldKind::Binary(_, lhs, rhs) => {
                self.add_all(lhs);
                self.add_all(rhs);
            }
            FieldKind::Logic(first, rest) => {
                self.add_all(first);
                rest.iter().for_each(|(_, operand)| self.add_all(operand));
            }
        }
    }
}

/// Compiles pipelines and collects fields, conditions and outputs on the way.
#[derive(Debug, Default)]
pub struct Compiler {
    /// What the steps read.
    pub fields: Fields,
    /// Conditions, one tree a filter.
    pub spansets: Vec<Tree>,
    /// What results show.
    pub outputs: Outputs,
    /// Whether a structural operator needs nested sets.
    pub is_structural: bool,
    /// Whether the result of a span depends on other spans of its trace.
    pub needs_whole_traces: bool,
}

impl Compiler {
    /// Steps of a checked pipeline, and how a trace must meet its conditions.
    pub fn pipeline(&mut self, pipeline: &Pipeline) -> Result<(Vec<Step>, TraceTree), Error> {
        let mut steps = Vec::with_capacity(pipeline.stages.len());
        let mut trees = Vec::new();
        for stage in &pipeline.stages {
            match stage {
                Stage::Spansets(expr) => {
                    let (selector, tree) = self.selector(expr)?;
                    steps.push(Step::Spansets(selector));
                    trees.push(tree);
                }
                Stage::ScalarFilter(filter) => {
                    self.needs_whole_traces = true;
                    let (aggregate, op, number) = match (&filter.lhs.kind, &filter.rhs.kind) {
                        (_, ScalarKind::Number(number)) => (&filter.lhs, filter.op, number),
                        (ScalarKind::Number(number), _) => (&filter.rhs, filter.op.mirrored(), number),
                        _ => return Err(unsupported()),
                    };
                    let step = self.aggregate(aggregate)?;
                    steps.push(Step::ScalarFilter(step, op, number.clone()));
                }
                Stage::By(expr, _) => {
                    self.needs_whole_traces = true;
                    self.outputs.add_all(expr);
                    let name = Arc::from(format!("by({expr})"));
                    steps.push(Step::By(compile(expr, &mut self.fields), name));
                }
                Stage::Coalesce(_) => {
                    self.needs_whole_traces = true;
                    steps.push(Step::Coalesce);
                }
                Stage::Select(attributes, _) => {
                    attributes.iter().for_each(|attribute| self.outputs.add(attribute));
                }
            }
        }
        let tree = match trees.len() {
            0 => TraceTree::Any,
            1 => trees.remove(0),
            _ => TraceTree::All(trees),
        };
        Ok((steps, tree))
    }

    fn selector(&mut self, expr: &SpansetExpr) -> Result<(Selector, TraceTree), Error> {
        match &expr.kind {
            SpansetKind::Filter(filter) => {
                self.outputs.add_all(filter);
                let mut filter = filter.clone();
                rewrite::field(&mut filter);
                self.spansets.push(Tree::of(&filter));
                let program = compile(&filter, &mut self.fields);
                Ok((Selector::Filter(program), TraceTree::Spanset(self.spansets.len() - 1)))
            }
            SpansetKind::Chain(first, rest) => {
                self.needs_whole_traces = true;
                let (first, mut tree) = self.selector(first)?;
                let mut selectors = Vec::with_capacity(rest.len());
                for (op, operand) in rest {
                    let (selector, right) = self.selector(operand)?;
                    selectors.push((*op, selector));
                    self.is_structural |= !op.is_logic();
                    tree = joined(*op, tree, right);
                }
                Ok((Selector::Chain(Box::new(first), selectors), tree))
            }
            SpansetKind::Pipeline(pipeline) => {
                self.needs_whole_traces = true;
                let (steps, tree) = self.pipeline(pipeline)?;
                Ok((Selector::Pipeline(steps), tree))
            }
            SpansetKind::Missing => Err(unsupported()),
        }
    }

    fn aggregate(&mut self, expr: &ScalarExpr) -> Result<AggregateStep, Error> {
        let ScalarKind::Aggregate(function, argument) = &expr.kind else {
            return Err(unsupported());
        };
        if let Some(argument) = argument {
            self.outputs.add_all(argument);
        }
        let name = Arc::from(expr.to_string());
        let argument = argument.as_ref().map(|expr| compile(expr, &mut self.fields));
        Ok(AggregateStep { function: *function, argument, name })
    }

    /// Adds what computed fields are made of; call when all is compiled.
    pub fn finish(&mut self) {
        trace::add_dependencies(&mut self.fields);
        if self.needs_sets() {
            self.fields.add(Field::Intrinsic(crate::ast::Intrinsic::Kind));
        }
        let is_computed = |field: &Field| match field {
            Field::Intrinsic(intrinsic) => intrinsic.needs_trace(),
            _ => false,
        };
        self.needs_whole_traces |= self.fields.as_slice().iter().any(is_computed);
    }

    /// Whether nested sets are needed.
    pub fn needs_sets(&self) -> bool {
        self.is_structural || self.fields.as_slice().iter().any(trace::is_nested_set)
    }
}

fn joined(op: SpansetOp, lhs: TraceTree, rhs: TraceTree) -> TraceTree {
    match op {
        SpansetOp::Or => match lhs {
            TraceTree::OneOf(mut trees) => {
                trees.push(rhs);
                TraceTree::OneOf(trees)
            }
            lhs => TraceTree::OneOf(vec![lhs, rhs]),
        },
        // The left side may be empty.
        SpansetOp::Not(_) => rhs,
        _ => match lhs {
            TraceTree::All(mut trees) => {
                trees.push(rhs);
                TraceTree::All(trees)
            }
            lhs => TraceTree::All(vec![lhs, rhs]),
        },
    }
}

fn unsupported() -> Error {
    Error::Query("scalar filter of this shape is not yet supported".to_owned())
}
