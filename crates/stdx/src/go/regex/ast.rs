//! The tree of a pattern, with what Go's limits need to know of each node.
//!
//! In: pieces from the parser. Out: nodes whose height and product of repeat counts are known, so
//! that the limits cost no second walk.

/// Go's limit on the height of the tree.
pub(super) const HEIGHT_MAX: u32 = 1_000;
/// Go's limit on a repeat count and on the product of nested ones.
pub(super) const REPEAT_MAX: u32 = 1_000;

#[derive(Debug, Clone)]
pub(super) struct Node {
    pub(super) kind: Kind,
    pub(super) height: u32,
    /// The largest product of nested counts, 1 without any. At most `REPEAT_MAX` squared.
    pub(super) repeats: u32,
}

#[derive(Debug, Clone)]
pub(super) enum Kind {
    Empty,
    Literal {
        c: char,
        is_folded: bool,
    },
    Class(Class),
    /// `(?s).`
    AnyChar,
    /// `.`
    AnyCharNotNewline,
    /// `(?m)^`
    BeginLine,
    /// `(?m)$`
    EndLine,
    BeginText,
    EndText,
    WordBoundary,
    NotWordBoundary,
    /// `max` is `None` if unbounded.
    Repeat {
        sub: Box<Node>,
        min: u32,
        max: Option<u32>,
        is_greedy: bool,
    },
    Capture {
        name: Option<String>,
        sub: Box<Node>,
    },
    Concat(Vec<Node>),
    Alternate(Vec<Node>),
}

/// A character class, ready to print.
#[derive(Debug, Clone)]
pub(super) struct Class {
    /// The inside of the brackets, in the syntax of the `regex` crate.
    pub(super) inside: String,
    pub(super) is_negated: bool,
    pub(super) is_folded: bool,
    /// The ranges, if the class has nothing but ranges written out.
    pub(super) plain: Option<Vec<(char, char)>>,
}

impl Node {
    pub(super) fn leaf(kind: Kind) -> Self {
        Self { kind, height: 1, repeats: 1 }
    }

    pub(super) fn repeat(sub: Self, min: u32, max: Option<u32>, is_greedy: bool) -> Self {
        let height = sub.height + 1;
        let repeats = sub.repeats;
        Self { kind: Kind::Repeat { sub: Box::new(sub), min, max, is_greedy }, height, repeats }
    }

    /// A counted repeat, `{min,max}`. Only these count for Go's limit; `{0}` clears what is inside.
    pub(super) fn counted(sub: Self, min: u32, max: Option<u32>, is_greedy: bool) -> Self {
        let inner = sub.repeats;
        let repeats = match max {
            Some(0) => 0,
            Some(max) => inner.saturating_mul(max).max(max),
            None => inner.saturating_mul(min.max(1)).max(min),
        };
        Self { repeats, ..Self::repeat(sub, min, max, is_greedy) }
    }

    pub(super) fn capture(name: Option<String>, sub: Self) -> Self {
        let (height, repeats) = (sub.height + 1, sub.repeats);
        Self { kind: Kind::Capture { name, sub: Box::new(sub) }, height, repeats }
    }

    pub(super) fn concat(items: Vec<Self>) -> Self {
        let mut flat = Vec::with_capacity(items.len());
        for item in items {
            match item.kind {
                Kind::Concat(inner) => flat.extend(inner),
                Kind::Empty => {}
                _ => flat.push(item),
            }
        }
        if flat.len() < 2 {
            return flat.pop().unwrap_or(Self::leaf(Kind::Empty));
        }
        // Go keeps a run of characters in one node.
        let is_string = flat.iter().all(|item| matches!(item.kind, Kind::Literal { .. }));
        Self {
            height: if is_string { 1 } else { tallest(&flat) + 1 },
            repeats: most_repeated(&flat),
            kind: Kind::Concat(flat),
        }
    }

    pub(super) fn alternate(branches: Vec<Self>) -> Self {
        let mut flat = Vec::with_capacity(branches.len());
        for branch in branches {
            match branch.kind {
                Kind::Alternate(inner) => flat.extend(inner),
                _ => flat.push(branch),
            }
        }
        if flat.len() < 2 {
            return flat.pop().unwrap_or(Self::leaf(Kind::Empty));
        }
        // Go joins one-character branches into a class.
        let is_class = flat.iter().all(|branch| matches!(branch.kind, Kind::Literal { .. }));
        Self {
            height: if is_class { 1 } else { tallest(&flat) + 1 },
            repeats: most_repeated(&flat),
            kind: Kind::Alternate(flat),
        }
    }
}

fn tallest(nodes: &[Node]) -> u32 {
    nodes.iter().map(|node| node.height).max().unwrap_or(0)
}

fn most_repeated(nodes: &[Node]) -> u32 {
    nodes.iter().map(|node| node.repeats).max().unwrap_or(1)
}
