//! `label_replace`: sets a label of each series from another one by a regular expression.

use super::{Evaluation, Series};
use crate::error::Error;
use crate::syntax::ast::LabelReplace;

pub(super) fn evaluate(
    evaluation: &mut Evaluation<'_>,
    replace: &LabelReplace,
) -> Result<Vec<Series>, Error> {
    let regex = stdx::go::regex::compile(&replace.regex, stdx::go::regex::Anchoring::Full)
        .map_err(|error| Error::Unsupported(format!("invalid regex in label_replace: {error}")))?;
    let mut series = evaluation.series(&replace.expr)?;
    for one in &mut series {
        let source = one.labels.get(&replace.source).unwrap_or("");
        if let Some(captures) = regex.captures(source) {
            let mut value = String::new();
            stdx::go::regex::expand(&replace.replacement, &captures, &mut value);
            one.labels = one.labels.with(&replace.target, &value);
        }
    }
    Ok(series)
}
