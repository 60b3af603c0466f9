//! What a pattern says about the texts it matches, for fast paths.
//!
//! In: a pattern. Out: the finite set of texts that it matches as a whole, or a prefix that every
//! such text has. Both take the pattern as anchored at both ends, and neither looks into a tree so
//! high that walking it would strain the stack.

use super::SHALLOW_HEIGHT_MAX;
use super::ast::{Kind, Node};
use super::parse::parse;

/// The largest set that [`literal_alternation`] gives. Beyond, a set look-up saves little and the
/// product of alternations could explode.
pub const ALTERNATIVES_MAX: usize = 256;

/// All texts that `^(?:pattern)$` matches, in the pattern's order and each once, if there are at
/// most [`ALTERNATIVES_MAX`]: `foo|ba[rz]` gives `foo`, `bar`, `baz`. `None` if there are more, the
/// pattern is wrong, or it ignores case.
pub fn literal_alternation(pattern: &str) -> Option<Vec<String>> {
    let tree = parse(pattern).ok().filter(|tree| tree.height <= SHALLOW_HEIGHT_MAX)?;
    let mut set: Vec<String> = Vec::new();
    let mut seen = std::collections::HashSet::new();
    for text in texts(strip_anchors(&tree))? {
        if seen.insert(text.clone()) {
            set.push(text);
        }
    }
    Some(set)
}

/// The longest text found with which every text that `^(?:pattern)$` matches begins: `foo.*` gives
/// `foo`. `None` if there is none or the pattern is wrong.
pub fn literal_prefix(pattern: &str) -> Option<String> {
    let tree = parse(pattern).ok().filter(|tree| tree.height <= SHALLOW_HEIGHT_MAX)?;
    let mut prefix = String::new();
    push_prefix(&tree, &mut prefix);
    if prefix.is_empty() { None } else { Some(prefix) }
}

/// A leading `\A` and a trailing `\z` say nothing new about a whole match.
fn strip_anchors(tree: &Node) -> &[Node] {
    let mut items = match &tree.kind {
        Kind::Concat(items) => items.as_slice(),
        _ => std::slice::from_ref(tree),
    };
    while let [first, tail @ ..] = items {
        if !matches!(first.kind, Kind::BeginText) {
            break;
        }
        items = tail;
    }
    while let [head @ .., last] = items {
        if !matches!(last.kind, Kind::EndText) {
            break;
        }
        items = head;
    }
    items
}

fn texts(items: &[Node]) -> Option<Vec<String>> {
    let mut products = vec![String::new()];
    for item in items {
        let parts = node_texts(item)?;
        if products.len().checked_mul(parts.len())? > ALTERNATIVES_MAX {
            return None;
        }
        products =
            products.iter().flat_map(|head| parts.iter().map(move |part| format!("{head}{part}"))).collect();
    }
    Some(products)
}

fn node_texts(node: &Node) -> Option<Vec<String>> {
    match &node.kind {
        Kind::Empty => Some(vec![String::new()]),
        Kind::Literal { c, is_folded } if !is_folded || has_one_case(*c) => Some(vec![c.to_string()]),
        Kind::Class(class) if !class.is_negated && !class.is_folded => {
            let ranges = class.plain.as_ref()?;
            let count: usize = ranges.iter().map(|&(lo, hi)| (lo..=hi).count()).sum();
            if count > ALTERNATIVES_MAX {
                return None;
            }
            Some(ranges.iter().flat_map(|&(lo, hi)| lo..=hi).map(String::from).collect())
        }
        Kind::Capture { sub, .. } => node_texts(sub),
        Kind::Concat(items) => texts(items),
        Kind::Alternate(branches) => {
            let mut all = Vec::new();
            for branch in branches {
                all.extend(node_texts(branch)?);
                if all.len() > ALTERNATIVES_MAX {
                    return None;
                }
            }
            Some(all)
        }
        _ => None,
    }
}

/// True if folding cannot change the character. Letters beyond ASCII are not looked up.
fn has_one_case(c: char) -> bool {
    c.is_ascii() && !c.is_ascii_alphabetic()
}

/// Appends what every match of the node begins with; true if that is all the node can match.
fn push_prefix(node: &Node, prefix: &mut String) -> bool {
    match &node.kind {
        Kind::Empty | Kind::BeginText | Kind::EndText => true,
        Kind::Literal { c, is_folded } if !is_folded || has_one_case(*c) => {
            prefix.push(*c);
            true
        }
        Kind::Capture { sub, .. } => push_prefix(sub, prefix),
        Kind::Repeat { sub, min, .. } if *min >= 1 => {
            push_prefix(sub, prefix);
            false
        }
        Kind::Concat(items) => items.iter().all(|item| push_prefix(item, prefix)),
        Kind::Alternate(branches) => {
            let mut shared: Option<String> = None;
            for branch in branches {
                let mut own = String::new();
                push_prefix(branch, &mut own);
                shared = Some(match shared {
                    None => own,
                    Some(shared) => common_prefix(&shared, &own),
                });
            }
            prefix.push_str(&shared.unwrap_or_default());
            false
        }
        _ => false,
    }
}

fn common_prefix(a: &str, b: &str) -> String {
    a.chars().zip(b.chars()).take_while(|(a, b)| a == b).map(|(a, _)| a).collect()
}
