//! Which statements are questions.
//!
//! In: a text. Out: one parsed statement of a short list, or a refusal that names the list. The check is on the parsed statement and
//! goes through all of its parts; the plan is checked again before it runs.

use std::ops::ControlFlow;

use datafusion::sql::parser::{DFParser, Statement};
use datafusion::sql::sqlparser::ast::{self, Query, SetExpr, Visit, Visitor};
use stdx::Kind;

use super::SqlError;

/// Longest text that is parsed, in bytes.
pub const TEXT_BYTES_MAX: usize = 1 << 20;

const REMEDY: &str =
    "write SELECT, WITH, EXPLAIN, SHOW TABLES, SHOW COLUMNS or DESCRIBE; the tables are read-only";

/// Parses exactly one statement and refuses what is no question.
pub fn only_questions(text: &str) -> Result<Statement, SqlError> {
    if text.len() > TEXT_BYTES_MAX {
        let message = format!("the statement has {} bytes, at most {TEXT_BYTES_MAX} are taken", text.len());
        return Err(SqlError::new(Kind::LimitExceeded, message, "write a shorter statement"));
    }
    let mut statements = DFParser::parse_sql(text)?;
    let statement = match (statements.pop_front(), statements.len()) {
        (Some(statement), 0) => statement,
        (None, _) => return Err(SqlError::new(Kind::InvalidInput, "the statement is empty", REMEDY)),
        (Some(_), more) => {
            let message = format!("{} statements were sent, one is answered", more + 1);
            return Err(SqlError::new(Kind::InvalidInput, message, "send them one by one"));
        }
    };
    check(&statement)?;
    Ok(statement)
}

fn check(statement: &Statement) -> Result<(), SqlError> {
    match statement {
        Statement::Explain(explain) => check(&explain.statement),
        Statement::Statement(inner) => check_inner(inner),
        other => Err(refused(&other.to_string())),
    }
}

fn check_inner(statement: &ast::Statement) -> Result<(), SqlError> {
    match statement {
        ast::Statement::Explain { statement, .. } => check_inner(statement),
        ast::Statement::Query(_)
        | ast::Statement::ShowTables { .. }
        | ast::Statement::ShowColumns { .. }
        | ast::Statement::ExplainTable { .. } => match statement.visit(&mut Writes) {
            ControlFlow::Continue(()) => Ok(()),
            ControlFlow::Break(found) => Err(refused(&found)),
        },
        other => Err(refused(&other.to_string())),
    }
}

/// Says the first words of what was refused.
fn refused(statement: &str) -> SqlError {
    let words: Vec<&str> = statement.split_whitespace().take(2).collect();
    SqlError::new(Kind::InvalidInput, format!("`{}` is not allowed here", words.join(" ")), REMEDY)
}

/// Finds writing parts inside a query.
struct Writes;

impl Visitor for Writes {
    type Break = String;

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<String> {
        body(&query.body)
    }
}

fn body(set: &SetExpr) -> ControlFlow<String> {
    match set {
        SetExpr::Insert(s) | SetExpr::Update(s) | SetExpr::Delete(s) | SetExpr::Merge(s) => {
            ControlFlow::Break(s.to_string())
        }
        SetExpr::Select(select) if select.into.is_some() => ControlFlow::Break("SELECT INTO".to_owned()),
        SetExpr::SetOperation { left, right, .. } => {
            body(left)?;
            body(right)
        }
        _ => ControlFlow::Continue(()),
    }
}
