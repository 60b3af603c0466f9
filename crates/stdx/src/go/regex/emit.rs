//! The tree of a pattern in the syntax of the `regex` crate.
//!
//! In: a tree. Out: text that means the same under the default flags of the `regex` crate. Groups
//! are printed only where they are needed, which keeps the nesting and the compile time small.

use super::ast::{Class, Kind, Node};

/// Prints a node where an alternation may stand.
pub(super) fn emit(node: &Node, out: &mut String) {
    match &node.kind {
        Kind::Alternate(branches) => {
            for (index, branch) in branches.iter().enumerate() {
                if index > 0 {
                    out.push('|');
                }
                emit_sequence(branch, out);
            }
        }
        _ => emit_sequence(node, out),
    }
}

/// Prints a node where a sequence may stand.
fn emit_sequence(node: &Node, out: &mut String) {
    match &node.kind {
        Kind::Empty => {}
        Kind::Concat(items) => {
            let mut rest = items.as_slice();
            while let Some((item, tail)) = rest.split_first() {
                if let Kind::Literal { is_folded, .. } = item.kind {
                    let run = rest.iter().take_while(|item| is_literal(item, is_folded)).count();
                    emit_literals(&rest[..run], is_folded, out);
                    rest = &rest[run..];
                } else {
                    emit_item(item, out);
                    rest = tail;
                }
            }
        }
        _ => emit_item(node, out),
    }
}

fn is_literal(node: &Node, wanted: bool) -> bool {
    matches!(node.kind, Kind::Literal { is_folded, .. } if is_folded == wanted)
}

fn emit_literals(literals: &[Node], is_folded: bool, out: &mut String) {
    if is_folded {
        out.push_str("(?i:");
    }
    for literal in literals {
        if let Kind::Literal { c, .. } = literal.kind {
            if regex_syntax::is_meta_character(c) {
                out.push('\\');
            }
            out.push(c);
        }
    }
    if is_folded {
        out.push(')');
    }
}

/// Prints a node as one item of a sequence.
fn emit_item(node: &Node, out: &mut String) {
    if let Kind::Repeat { sub, min, max, is_greedy } = &node.kind {
        emit_atom(sub, out);
        match (min, max) {
            (0, None) => out.push('*'),
            (1, None) => out.push('+'),
            (0, Some(1)) => out.push('?'),
            (min, None) => out.push_str(&format!("{{{min},}}")),
            (min, Some(max)) => out.push_str(&format!("{{{min},{max}}}")),
        }
        if !is_greedy {
            out.push('?');
        }
    } else {
        emit_atom(node, out);
    }
}

/// Prints a node so that a repeat binds to all of it.
fn emit_atom(node: &Node, out: &mut String) {
    match &node.kind {
        Kind::Literal { is_folded, .. } => {
            emit_literals(std::slice::from_ref(node), *is_folded, out);
        }
        Kind::Class(class) => emit_class(class, out),
        Kind::AnyChar => out.push_str("(?s:.)"),
        Kind::AnyCharNotNewline => out.push('.'),
        Kind::BeginLine => out.push_str("(?m:^)"),
        Kind::EndLine => out.push_str("(?m:$)"),
        Kind::BeginText => out.push_str(r"\A"),
        Kind::EndText => out.push_str(r"\z"),
        Kind::WordBoundary => out.push_str(r"(?-u:\b)"),
        Kind::NotWordBoundary => out.push_str(r"(?-u:\B)"),
        Kind::Capture { name, sub } => {
            match name {
                Some(name) => out.push_str(&format!("(?P<{name}>")),
                None => out.push('('),
            }
            emit(sub, out);
            out.push(')');
        }
        Kind::Empty | Kind::Repeat { .. } | Kind::Concat(_) | Kind::Alternate(_) => {
            out.push_str("(?:");
            emit(node, out);
            out.push(')');
        }
    }
}

fn emit_class(class: &Class, out: &mut String) {
    let open = if class.is_folded { "(?i:[" } else { "[" };
    let negation = if class.is_negated { "^" } else { "" };
    let close = if class.is_folded { "])" } else { "]" };
    for part in [open, negation, &class.inside, close] {
        out.push_str(part);
    }
}
