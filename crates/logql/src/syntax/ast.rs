//! The syntax tree: every node has its span; a part that could not be read is an `Error` node.
//!
//! Scalars are folded while parsing (`1 + 1` is the literal 2), and a negative line filter with `or` is
//! split into one filter a text, both as the original does. Nothing here is checked against data.

use super::span::Span;

/// Any expression, for logs or numbers.
#[derive(Debug, Clone, PartialEq)]
pub struct Expr {
    /// What it is.
    pub kind: ExprKind,
    /// Where it stands, parentheses around it not counted.
    pub span: Span,
}

/// The kinds of expression.
#[derive(Debug, Clone, PartialEq)]
pub enum ExprKind {
    /// A selector with its pipeline: streams of lines.
    Log(LogExpr),
    /// A number for each step.
    Literal(f64),
    /// `vector(n)`: a series without labels.
    Vector(f64),
    /// A function over the samples of a window.
    RangeAggregation(RangeAggregation),
    /// An aggregation over series.
    VectorAggregation(Box<VectorAggregation>),
    /// Two operands.
    Binary(Box<Binary>),
    /// `label_replace(...)`.
    LabelReplace(Box<LabelReplace>),
    /// What could not be read.
    Error,
}

/// A selector and what follows it.
#[derive(Debug, Clone, PartialEq)]
pub struct LogExpr {
    /// The matchers between the braces, all of which must hold.
    pub matchers: Vec<Matcher>,
    /// The stages in order; adjacent line filters are one stage.
    pub stages: Vec<Stage>,
    /// The braces and what is between them.
    pub selector: Span,
}

/// How a text is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MatchOp {
    /// `=`
    Equal,
    /// `!=`
    NotEqual,
    /// `=~`, anchored at both ends
    Regex,
    /// `!~`
    NotRegex,
}

impl MatchOp {
    /// The operator as written.
    pub const fn text(self) -> &'static str {
        match self {
            Self::Equal => "=",
            Self::NotEqual => "!=",
            Self::Regex => "=~",
            Self::NotRegex => "!~",
        }
    }
}

/// A condition on a label.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Matcher {
    /// Name of the label.
    pub name: String,
    /// Comparison.
    pub op: MatchOp,
    /// Text or pattern.
    pub value: String,
    /// Place.
    pub span: Span,
}

/// One stage of a pipeline.
#[derive(Debug, Clone, PartialEq)]
pub struct Stage {
    /// What it does.
    pub kind: StageKind,
    /// Place, with its `|`.
    pub span: Span,
}

/// The kinds of stage.
#[derive(Debug, Clone, PartialEq)]
pub enum StageKind {
    /// Adjacent line filters, all of which must hold.
    LineFilters(Vec<LineFilter>),
    /// A condition on labels.
    LabelFilter(LabelFilter),
    /// `json`, with the fields to extract or, if none, all.
    Json(Vec<Extraction>),
    /// `logfmt` likewise.
    Logfmt {
        /// `--strict`: stop at the first malformed pair.
        strict: bool,
        /// `--keep-empty`: keep keys without a value.
        keep_empty: bool,
        /// Fields to extract; none means all.
        fields: Vec<Extraction>,
    },
    /// `regexp`, with named groups.
    Regexp(String),
    /// `pattern`.
    Pattern(String),
    /// `unpack`.
    Unpack,
    /// `line_format`.
    LineFormat(String),
    /// `label_format`.
    LabelFormat(Vec<LabelFormat>),
    /// `decolorize`.
    Decolorize,
    /// `drop`.
    Drop(Vec<Selection>),
    /// `keep`.
    Keep(Vec<Selection>),
    /// What could not be read.
    Error,
}

/// A line filter's operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LineOp {
    /// `|=`
    Contains,
    /// `!=`
    NotContains,
    /// `|~`
    Regex,
    /// `!~`
    NotRegex,
    /// `|>`
    Pattern,
    /// `!>`
    NotPattern,
}

impl LineOp {
    /// The operator as written.
    pub const fn text(self) -> &'static str {
        match self {
            Self::Contains => "|=",
            Self::NotContains => "!=",
            Self::Regex => "|~",
            Self::NotRegex => "!~",
            Self::Pattern => "|>",
            Self::NotPattern => "!>",
        }
    }

    /// Whether lines that match are dropped.
    pub const fn is_negative(self) -> bool {
        matches!(self, Self::NotContains | Self::NotRegex | Self::NotPattern)
    }
}

/// A condition on the line. A negative one has exactly one alternative.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineFilter {
    /// Operator.
    pub op: LineOp,
    /// Any of them must match.
    pub alternatives: Vec<LineMatch>,
    /// Place.
    pub span: Span,
}

/// What a line filter looks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineMatch {
    /// Text, regular expression, pattern or address, by the operator and `is_ip`.
    pub text: String,
    /// Written as `ip("...")`.
    pub is_ip: bool,
}

/// A field of `json` or `logfmt`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Extraction {
    /// Label to set.
    pub label: String,
    /// Path in the line.
    pub path: String,
}

/// One assignment of `label_format`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LabelFormat {
    /// Label to set.
    pub target: String,
    /// Where its value comes from.
    pub value: FormatValue,
}

/// The right side of `label_format`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FormatValue {
    /// Another label, which is renamed.
    Label(String),
    /// A template.
    Template(String),
}

/// A label of `drop` or `keep`: by name, or only when it matches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Selection {
    /// By name.
    Name(String),
    /// When it matches.
    Matcher(Matcher),
}

/// Comparison with a number, duration or size.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CompareOp {
    /// `==`, also written `=`
    Equal,
    /// `!=`
    NotEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
}

impl CompareOp {
    /// The operator in canonical form.
    pub const fn text(self) -> &'static str {
        match self {
            Self::Equal => "==",
            Self::NotEqual => "!=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
        }
    }

    /// Whether `left op right` holds.
    pub fn holds<T: PartialOrd>(self, left: T, right: T) -> bool {
        match self {
            Self::Equal => left == right,
            Self::NotEqual => left != right,
            Self::Greater => left > right,
            Self::GreaterOrEqual => left >= right,
            Self::Less => left < right,
            Self::LessOrEqual => left <= right,
        }
    }
}

/// A condition on labels.
#[derive(Debug, Clone, PartialEq)]
pub struct LabelFilter {
    /// What it is.
    pub kind: LabelFilterKind,
    /// Place.
    pub span: Span,
}

/// The kinds of label filter.
#[derive(Debug, Clone, PartialEq)]
pub enum LabelFilterKind {
    /// Both hold; written `and`, `,` or nothing.
    And(Box<LabelFilter>, Box<LabelFilter>),
    /// Either holds.
    Or(Box<LabelFilter>, Box<LabelFilter>),
    /// A text.
    Text(Matcher),
    /// A number.
    Number(String, CompareOp, f64),
    /// A duration, in nanoseconds.
    Duration(String, CompareOp, i64),
    /// A size, in bytes.
    Bytes(String, CompareOp, u64),
    /// An address; `true` means that it must not match.
    Ip(String, bool, String),
}

/// Lines of a window, and the value taken from each.
#[derive(Debug, Clone, PartialEq)]
pub struct LogRange {
    /// The lines.
    pub log: LogExpr,
    /// Length of the window, in nanoseconds.
    pub range_ns: i64,
    /// How far the window lies in the past, in nanoseconds; negative means the future.
    pub offset_ns: i64,
    /// The label whose value counts; none counts lines or bytes.
    pub unwrap: Option<Unwrap>,
    /// Place.
    pub span: Span,
}

/// `unwrap` with its filters.
#[derive(Debug, Clone, PartialEq)]
pub struct Unwrap {
    /// The label.
    pub label: String,
    /// How its text is read.
    pub conversion: Option<Conversion>,
    /// Filters after it.
    pub filters: Vec<LabelFilter>,
    /// Place.
    pub span: Span,
}

/// How `unwrap` reads a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Conversion {
    /// A size, in bytes.
    Bytes,
    /// A Go duration, in seconds.
    Duration,
    /// The same by its longer name.
    DurationSeconds,
}

impl Conversion {
    /// The function's name.
    pub const fn text(self) -> &'static str {
        match self {
            Self::Bytes => "bytes",
            Self::Duration => "duration",
            Self::DurationSeconds => "duration_seconds",
        }
    }
}

macro_rules! names {
    ($(#[$meta:meta])* $enum:ident { $($variant:ident $text:literal,)* }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum $enum { $(#[doc = $text] $variant,)* }

        impl $enum {
            /// The name in queries.
            pub const fn text(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }

            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];
        }
    };
}

names! {
    /// A function over a window.
    RangeOp {
        Count "count_over_time", Rate "rate", RateCounter "rate_counter", Bytes "bytes_over_time",
        BytesRate "bytes_rate", Avg "avg_over_time", Sum "sum_over_time", Min "min_over_time",
        Max "max_over_time", Stddev "stddev_over_time", Stdvar "stdvar_over_time",
        Quantile "quantile_over_time", First "first_over_time", Last "last_over_time",
        Absent "absent_over_time",
    }
}

names! {
    /// An aggregation over series.
    VectorOp {
        Sum "sum", Avg "avg", Count "count", Max "max", Min "min", Stddev "stddev", Stdvar "stdvar",
        Topk "topk", Bottomk "bottomk", ApproxTopk "approx_topk", Sort "sort", SortDesc "sort_desc",
    }
}

names! {
    /// A binary operator.
    BinaryOp {
        Or "or", And "and", Unless "unless", Equal "==", NotEqual "!=", Greater ">",
        GreaterOrEqual ">=", Less "<", LessOrEqual "<=", Add "+", Sub "-", Mul "*", Div "/", Mod "%",
        Pow "^",
    }
}

impl BinaryOp {
    /// Works on label sets.
    pub const fn is_set(self) -> bool {
        matches!(self, Self::Or | Self::And | Self::Unless)
    }

    /// Compares.
    pub const fn is_comparison(self) -> bool {
        matches!(
            self,
            Self::Equal
                | Self::NotEqual
                | Self::Greater
                | Self::GreaterOrEqual
                | Self::Less
                | Self::LessOrEqual
        )
    }

    /// Binding strength; a larger number binds tighter.
    pub const fn precedence(self) -> u8 {
        match self {
            Self::Or => 1,
            Self::And | Self::Unless => 2,
            Self::Add | Self::Sub => 4,
            Self::Mul | Self::Div | Self::Mod => 5,
            Self::Pow => 6,
            _ => 3,
        }
    }
}

/// `by (...)` or `without (...)`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grouping {
    /// Names are left out instead of kept.
    pub without: bool,
    /// The names, as written.
    pub names: Vec<String>,
}

/// A function over a window.
#[derive(Debug, Clone, PartialEq)]
pub struct RangeAggregation {
    /// Function.
    pub op: RangeOp,
    /// The quantile.
    pub parameter: Option<f64>,
    /// The window.
    pub range: LogRange,
    /// Samples with these labels are one series.
    pub grouping: Option<Grouping>,
}

/// An aggregation over series.
#[derive(Debug, Clone, PartialEq)]
pub struct VectorAggregation {
    /// Function.
    pub op: VectorOp,
    /// How many series `topk` and its kin keep.
    pub parameter: Option<u64>,
    /// The series.
    pub expr: Expr,
    /// Series with these labels are one group; none is one group of all.
    pub grouping: Option<Grouping>,
}

/// Which side of a binary operation may have several series a match.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cardinality {
    /// One on each side.
    OneToOne,
    /// `group_left`: several on the left.
    ManyToOne,
    /// `group_right`: several on the right.
    OneToMany,
}

/// Two operands.
#[derive(Debug, Clone, PartialEq)]
pub struct Binary {
    /// Operator.
    pub op: BinaryOp,
    /// `bool`: comparisons give 0 or 1 instead of filtering.
    pub return_bool: bool,
    /// `on` (true) or `ignoring`; none written means `ignoring ()`.
    pub on: Option<bool>,
    /// Labels of `on` or `ignoring`.
    pub labels: Vec<String>,
    /// Which side may have several.
    pub cardinality: Cardinality,
    /// Labels taken from the side with one.
    pub include: Vec<String>,
    /// Left operand.
    pub left: Expr,
    /// Right operand.
    pub right: Expr,
}

/// `label_replace(expr, target, replacement, source, regex)`.
#[derive(Debug, Clone, PartialEq)]
pub struct LabelReplace {
    /// The series.
    pub expr: Expr,
    /// Label to set.
    pub target: String,
    /// Its value, with `$1` and `${name}`.
    pub replacement: String,
    /// Label to read.
    pub source: String,
    /// Anchored regular expression over its value.
    pub regex: String,
}
