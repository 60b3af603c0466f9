//! Operators.

use std::cmp::Ordering;

/// `-` and `!` before an operand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnaryOp {
    /// Unary minus.
    Negate,
    /// Logical not.
    Not,
}

/// Operators between two expressions over a span. The last four are what chains over one attribute
/// are rewritten to; the grammar has no words for them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BinaryOp {
    Add,
    Sub,
    Mul,
    Div,
    Mod,
    Pow,
    Equal,
    NotEqual,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
    Match,
    NotMatch,
    And,
    Or,
    In,
    NotIn,
    MatchAny,
    MatchNone,
}

impl BinaryOp {
    /// As written.
    pub const fn symbol(self) -> &'static str {
        match self {
            Self::Add => "+",
            Self::Sub => "-",
            Self::Mul => "*",
            Self::Div => "/",
            Self::Mod => "%",
            Self::Pow => "^",
            Self::Equal => "=",
            Self::NotEqual => "!=",
            Self::Less => "<",
            Self::LessEqual => "<=",
            Self::Greater => ">",
            Self::GreaterEqual => ">=",
            Self::Match => "=~",
            Self::NotMatch => "!~",
            Self::And => "&&",
            Self::Or => "||",
            Self::In => "IN",
            Self::NotIn => "NOT IN",
            Self::MatchAny => "MATCH ANY",
            Self::MatchNone => "MATCH NONE",
        }
    }

    /// `+ - * / % ^`.
    pub const fn is_arithmetic(self) -> bool {
        matches!(self, Self::Add | Self::Sub | Self::Mul | Self::Div | Self::Mod | Self::Pow)
    }

    /// `= != < <= > >=`.
    pub const fn is_comparison(self) -> bool {
        matches!(
            self,
            Self::Equal | Self::NotEqual | Self::Less | Self::LessEqual | Self::Greater | Self::GreaterEqual
        )
    }

    /// Whether a comparison holds for an order of its sides.
    pub const fn holds(self, order: Ordering) -> bool {
        match self {
            Self::Equal => order.is_eq(),
            Self::NotEqual => order.is_ne(),
            Self::Less => order.is_lt(),
            Self::LessEqual => order.is_le(),
            Self::Greater => order.is_gt(),
            Self::GreaterEqual => order.is_ge(),
            _ => false,
        }
    }

    /// The comparison with its sides exchanged.
    pub const fn mirrored(self) -> Self {
        match self {
            Self::Less => Self::Greater,
            Self::LessEqual => Self::GreaterEqual,
            Self::Greater => Self::Less,
            Self::GreaterEqual => Self::LessEqual,
            same => same,
        }
    }
}

/// How two spans lie to each other; the operator gives the right one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StructuralOp {
    /// `>`: a span of the left is its parent.
    Child,
    /// `<`: a span of the left is its child.
    Parent,
    /// `>>`: a span of the left is above it.
    Descendant,
    /// `<<`: a span of the left is below it.
    Ancestor,
    /// `~`: a span of the left has the same parent.
    Sibling,
}

/// Operators between spansets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SpansetOp {
    /// Both sides not empty.
    And,
    /// Any side.
    Or,
    /// Right spans that stand so to a left one.
    Structural(StructuralOp),
    /// Right spans that stand so to no left one.
    Not(StructuralOp),
    /// Left and right spans that stand so to each other.
    Union(StructuralOp),
}

impl SpansetOp {
    /// As written.
    pub const fn symbol(self) -> &'static str {
        use StructuralOp::{Ancestor, Child, Descendant, Parent, Sibling};
        match self {
            Self::And => "&&",
            Self::Or => "||",
            Self::Structural(Child) => ">",
            Self::Structural(Parent) => "<",
            Self::Structural(Descendant) => ">>",
            Self::Structural(Ancestor) => "<<",
            Self::Structural(Sibling) => "~",
            Self::Not(Child) => "!>",
            Self::Not(Parent) => "!<",
            Self::Not(Descendant) => "!>>",
            Self::Not(Ancestor) => "!<<",
            Self::Not(Sibling) => "!~",
            Self::Union(Child) => "&>",
            Self::Union(Parent) => "&<",
            Self::Union(Descendant) => "&>>",
            Self::Union(Ancestor) => "&<<",
            Self::Union(Sibling) => "&~",
        }
    }

    /// `&&` and `||`, which bind less than the others.
    pub const fn is_logic(self) -> bool {
        matches!(self, Self::And | Self::Or)
    }
}
