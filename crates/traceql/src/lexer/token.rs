//! Kinds of tokens and the words by which error texts call them.

use crate::place::Place;

macro_rules! kinds {
    ($($(#[$doc:meta])* $kind:ident = $symbol:literal,)*) => {
        /// What a token is.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Kind { $($(#[$doc])* $kind,)* }

        impl Kind {
            /// The word for it in error texts, which the original shows too.
            pub const fn symbol(self) -> &'static str {
                match self { $(Self::$kind => $symbol,)* }
            }

            /// The name of the variant.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$kind => stringify!($kind),)* }
            }
        }
    };
}

kinds! {
    /// After the last token.
    End = "$end",
    /// The text cannot be read from here on; [`Payload::Text`] says why.
    Broken = "error",
    /// A word without a meaning of its own, or the name of an attribute.
    Identifier = "IDENTIFIER",
    /// A whole number.
    Integer = "INTEGER",
    /// A number with a point or an exponent.
    Float = "FLOAT",
    /// A span of time, in nanoseconds.
    Duration = "DURATION",
    /// Quoted text.
    String = "STRING",
    OpenBrace = "{",
    CloseBrace = "}",
    OpenParen = "(",
    CloseParen = ")",
    Comma = ",",
    Dot = ".",
    ParentDot = "parent.",
    ResourceDot = "resource.",
    SpanDot = "span.",
    EventDot = "event.",
    LinkDot = "link.",
    InstrumentationDot = "instrumentation.",
    /// Closes the name of an attribute; takes no room in the text.
    EndAttribute = "END_ATTRIBUTE",
    TraceColon = "trace:",
    SpanColon = "span:",
    EventColon = "event:",
    LinkColon = "link:",
    InstrumentationColon = "instrumentation:",
    Nil = "nil",
    True = "true",
    False = "false",
    StatusOk = "ok",
    StatusError = "error",
    StatusUnset = "unset",
    KindUnspecified = "unspecified",
    KindInternal = "internal",
    KindServer = "server",
    KindClient = "client",
    KindProducer = "producer",
    KindConsumer = "consumer",
    /// The intrinsic; a literal is [`Kind::Duration`].
    DurationWord = "duration",
    ChildCount = "childCount",
    Name = "name",
    Status = "status",
    StatusMessage = "statusMessage",
    KindWord = "kind",
    RootName = "rootName",
    RootServiceName = "rootServiceName",
    RootService = "rootService",
    TraceDuration = "traceDuration",
    NestedSetLeft = "nestedSetLeft",
    NestedSetRight = "nestedSetRight",
    NestedSetParent = "nestedSetParent",
    Parent = "parent",
    Id = "id",
    TraceId = "traceID",
    SpanId = "spanID",
    ParentId = "parentID",
    TimeSinceStart = "timeSinceStart",
    Version = "version",
    Count = "count",
    Avg = "avg",
    Max = "max",
    Min = "min",
    Sum = "sum",
    By = "by",
    Coalesce = "coalesce",
    Select = "select",
    Rate = "rate",
    CountOverTime = "count_over_time",
    MinOverTime = "min_over_time",
    MaxOverTime = "max_over_time",
    AvgOverTime = "avg_over_time",
    SumOverTime = "sum_over_time",
    QuantileOverTime = "quantile_over_time",
    HistogramOverTime = "histogram_over_time",
    Compare = "compare",
    TopK = "topk",
    BottomK = "bottomk",
    With = "with",
    Pipe = "|",
    And = "&&",
    Or = "||",
    Equal = "=",
    NotEqual = "!=",
    Match = "=~",
    NotMatch = "!~",
    Greater = ">",
    GreaterEqual = ">=",
    Less = "<",
    LessEqual = "<=",
    Descendant = ">>",
    Ancestor = "<<",
    Tilde = "~",
    NotChild = "!>",
    NotParent = "!<",
    NotDescendant = "!>>",
    NotAncestor = "!<<",
    UnionChild = "&>",
    UnionParent = "&<",
    UnionDescendant = "&>>",
    UnionAncestor = "&<<",
    UnionSibling = "&~",
    Not = "!",
    Plus = "+",
    Minus = "-",
    Times = "*",
    Divide = "/",
    Modulo = "%",
    Power = "^",
}

/// What a token carries besides its kind.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Payload {
    /// Nothing.
    #[default]
    None,
    /// Of [`Kind::Integer`], and nanoseconds of [`Kind::Duration`].
    Int(i64),
    /// Of [`Kind::Float`].
    Float(f64),
    /// Decoded text of a string, a name or an error.
    Text(Box<str>),
}

/// One token and where it stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Token {
    /// What it is.
    pub kind: Kind,
    /// Where it stands.
    pub place: Place,
    /// What it carries.
    pub payload: Payload,
}

/// The keyword that a bare word is, if it is one.
pub fn keyword(word: &str) -> Option<Kind> {
    Some(match word {
        "nil" => Kind::Nil,
        "true" => Kind::True,
        "false" => Kind::False,
        "ok" => Kind::StatusOk,
        "error" => Kind::StatusError,
        "unset" => Kind::StatusUnset,
        "unspecified" => Kind::KindUnspecified,
        "internal" => Kind::KindInternal,
        "server" => Kind::KindServer,
        "client" => Kind::KindClient,
        "producer" => Kind::KindProducer,
        "consumer" => Kind::KindConsumer,
        "duration" => Kind::DurationWord,
        "childCount" => Kind::ChildCount,
        "name" => Kind::Name,
        "status" => Kind::Status,
        "statusMessage" => Kind::StatusMessage,
        "kind" => Kind::KindWord,
        "rootName" => Kind::RootName,
        "rootServiceName" => Kind::RootServiceName,
        "rootService" => Kind::RootService,
        "traceDuration" => Kind::TraceDuration,
        "nestedSetLeft" => Kind::NestedSetLeft,
        "nestedSetRight" => Kind::NestedSetRight,
        "nestedSetParent" => Kind::NestedSetParent,
        "parent" => Kind::Parent,
        "id" => Kind::Id,
        "traceID" => Kind::TraceId,
        "spanID" => Kind::SpanId,
        "parentID" => Kind::ParentId,
        "timeSinceStart" => Kind::TimeSinceStart,
        "version" => Kind::Version,
        "count" => Kind::Count,
        "avg" => Kind::Avg,
        "max" => Kind::Max,
        "min" => Kind::Min,
        "sum" => Kind::Sum,
        "by" => Kind::By,
        "coalesce" => Kind::Coalesce,
        "select" => Kind::Select,
        "rate" => Kind::Rate,
        "count_over_time" => Kind::CountOverTime,
        "min_over_time" => Kind::MinOverTime,
        "max_over_time" => Kind::MaxOverTime,
        "avg_over_time" => Kind::AvgOverTime,
        "sum_over_time" => Kind::SumOverTime,
        "quantile_over_time" => Kind::QuantileOverTime,
        "histogram_over_time" => Kind::HistogramOverTime,
        "compare" => Kind::Compare,
        "topk" => Kind::TopK,
        "bottomk" => Kind::BottomK,
        "with" => Kind::With,
        _ => return None,
    })
}
