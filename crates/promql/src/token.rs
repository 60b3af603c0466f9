//! The words of the language.
//!
//! In: nothing. Out: the kinds of tokens, how each is spelled, and how errors name it.

use stdx::go::quote::quote;

use crate::span::Span;

/// One token and where it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Token {
    /// What it is.
    pub kind: TokenKind,
    /// Where it stands.
    pub span: Span,
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident = $text:literal, $oracle:literal;)*) => {
        /// What a token is. The two texts of each are its spelling (empty if it varies) and the name
        /// of the token in Prometheus' grammar.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum TokenKind { $($(#[$doc])* $name,)* }

        impl TokenKind {
            /// How it is spelled; empty for tokens that carry a text of their own.
            pub const fn spelling(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }

            /// The name of the token in Prometheus' grammar.
            pub const fn grammar_name(self) -> &'static str {
                match self { $(Self::$name => $oracle,)* }
            }
        }
    };
}

kinds! {
    /// The end of the text.
    Eof = "", "EOF";
    /// The lexer failed; its message is in the lexer.
    Error = "", "ERROR";
    /// From `#` to the end of the line.
    Comment = "", "COMMENT";
    /// A name without colons.
    Identifier = "", "IDENTIFIER";
    /// A name with a colon.
    MetricIdentifier = "", "METRIC_IDENTIFIER";
    /// A quoted string, with its quotes.
    String = "", "STRING";
    /// A number.
    Number = "", "NUMBER";
    /// A duration such as `5m`.
    Duration = "", "DURATION";
    /// `{`
    LeftBrace = "{", "LEFT_BRACE";
    /// `}`
    RightBrace = "}", "RIGHT_BRACE";
    /// `[`
    LeftBracket = "[", "LEFT_BRACKET";
    /// `]`
    RightBracket = "]", "RIGHT_BRACKET";
    /// `(`
    LeftParen = "(", "LEFT_PAREN";
    /// `)`
    RightParen = ")", "RIGHT_PAREN";
    /// `,`
    Comma = ",", "COMMA";
    /// `=`
    Equal = "=", "EQL";
    /// `:`
    Colon = ":", "COLON";
    /// `{{` of series descriptions.
    OpenHistogram = "{{", "OPEN_HIST";
    /// `}}`
    CloseHistogram = "}}", "CLOSE_HIST";
    /// `_` of series descriptions.
    Blank = "_", "BLANK";
    /// `x` of series descriptions.
    Times = "x", "TIMES";
    /// Blanks of series descriptions.
    Space = "<space>", "SPACE";
    /// `sum:` inside a histogram.
    SumDesc = "", "SUM_DESC";
    /// `count:`
    CountDesc = "", "COUNT_DESC";
    /// `schema:`
    SchemaDesc = "", "SCHEMA_DESC";
    /// `offset:`
    OffsetDesc = "", "OFFSET_DESC";
    /// `n_offset:`
    NegativeOffsetDesc = "", "NEGATIVE_OFFSET_DESC";
    /// `buckets:`
    BucketsDesc = "", "BUCKETS_DESC";
    /// `n_buckets:`
    NegativeBucketsDesc = "", "NEGATIVE_BUCKETS_DESC";
    /// `z_bucket:`
    ZeroBucketDesc = "", "ZERO_BUCKET_DESC";
    /// `z_bucket_w:`
    ZeroBucketWidthDesc = "", "ZERO_BUCKET_WIDTH_DESC";
    /// `custom_values:`
    CustomValuesDesc = "", "CUSTOM_VALUES_DESC";
    /// `counter_reset_hint:`
    CounterResetHintDesc = "", "COUNTER_RESET_HINT_DESC";
    /// `unknown`
    HintUnknown = "", "UNKNOWN_COUNTER_RESET";
    /// `reset`
    HintReset = "", "COUNTER_RESET";
    /// `not_reset`
    HintNotReset = "", "NOT_COUNTER_RESET";
    /// `gauge`
    HintGauge = "", "GAUGE_TYPE";
    /// `+`
    Add = "+", "ADD";
    /// `/`
    Div = "/", "DIV";
    /// `==`
    EqualEqual = "==", "EQLC";
    /// `=~`
    EqualRegex = "=~", "EQL_REGEX";
    /// `>=`
    GreaterEqual = ">=", "GTE";
    /// `>`
    Greater = ">", "GTR";
    /// `</`
    TrimUpper = "</", "TRIM_UPPER";
    /// `>/`
    TrimLower = ">/", "TRIM_LOWER";
    /// `and`
    And = "and", "LAND";
    /// `or`
    Or = "or", "LOR";
    /// `<`
    Less = "<", "LSS";
    /// `<=`
    LessEqual = "<=", "LTE";
    /// `unless`
    Unless = "unless", "LUNLESS";
    /// `%`
    Mod = "%", "MOD";
    /// `*`
    Mul = "*", "MUL";
    /// `!=`
    NotEqual = "!=", "NEQ";
    /// `!~`
    NotRegex = "!~", "NEQ_REGEX";
    /// `^`
    Pow = "^", "POW";
    /// `-`
    Sub = "-", "SUB";
    /// `@`
    At = "@", "AT";
    /// `atan2`
    Atan2 = "atan2", "ATAN2";
    /// `avg`
    Avg = "avg", "AVG";
    /// `bottomk`
    BottomK = "bottomk", "BOTTOMK";
    /// `count`
    Count = "count", "COUNT";
    /// `count_values`
    CountValues = "count_values", "COUNT_VALUES";
    /// `group`
    Group = "group", "GROUP";
    /// `max`
    Max = "max", "MAX";
    /// `min`
    Min = "min", "MIN";
    /// `quantile`
    Quantile = "quantile", "QUANTILE";
    /// `stddev`
    Stddev = "stddev", "STDDEV";
    /// `stdvar`
    Stdvar = "stdvar", "STDVAR";
    /// `sum`
    Sum = "sum", "SUM";
    /// `topk`
    TopK = "topk", "TOPK";
    /// `limitk`
    LimitK = "limitk", "LIMITK";
    /// `limit_ratio`
    LimitRatio = "limit_ratio", "LIMIT_RATIO";
    /// `bool`
    Bool = "bool", "BOOL";
    /// `by`
    By = "by", "BY";
    /// `group_left`
    GroupLeft = "group_left", "GROUP_LEFT";
    /// `group_right`
    GroupRight = "group_right", "GROUP_RIGHT";
    /// `fill`
    Fill = "fill", "FILL";
    /// `fill_left`
    FillLeft = "fill_left", "FILL_LEFT";
    /// `fill_right`
    FillRight = "fill_right", "FILL_RIGHT";
    /// `ignoring`
    Ignoring = "ignoring", "IGNORING";
    /// `offset`
    Offset = "offset", "OFFSET";
    /// `smoothed`
    Smoothed = "smoothed", "SMOOTHED";
    /// `anchored`
    Anchored = "anchored", "ANCHORED";
    /// `on`
    On = "on", "ON";
    /// `without`
    Without = "without", "WITHOUT";
    /// `start`
    Start = "start", "START";
    /// `end`
    End = "end", "END";
    /// `step`
    Step = "step", "STEP";
    /// `range`
    Range = "range", "RANGE";
    /// `max_of`
    MaxOf = "max_of", "MAX_OF";
    /// `min_of`
    MinOf = "min_of", "MIN_OF";
}

use TokenKind as K;

/// Keywords, in lower case; any case is read.
const KEYWORDS: &[TokenKind] = &[
    K::And,
    K::Or,
    K::Unless,
    K::Atan2,
    K::Sum,
    K::Avg,
    K::Count,
    K::Min,
    K::Max,
    K::Group,
    K::Stddev,
    K::Stdvar,
    K::TopK,
    K::BottomK,
    K::CountValues,
    K::Quantile,
    K::LimitK,
    K::LimitRatio,
    K::Offset,
    K::Smoothed,
    K::Anchored,
    K::By,
    K::Without,
    K::On,
    K::Ignoring,
    K::GroupLeft,
    K::GroupRight,
    K::Fill,
    K::FillLeft,
    K::FillRight,
    K::Bool,
    K::Start,
    K::End,
    K::Step,
    K::Range,
    K::MaxOf,
    K::MinOf,
];

/// Bytes of the longest keyword, `count_values`; longer words need no look-up.
const KEYWORD_BYTES_MAX: usize = 12;

impl TokenKind {
    /// The keyword or special number (`Inf`, `NaN`) that a word is, in any case.
    pub fn of_word(word: &str) -> Option<Self> {
        if word.len() > KEYWORD_BYTES_MAX {
            return None;
        }
        if word.eq_ignore_ascii_case("inf") || word.eq_ignore_ascii_case("nan") {
            return Some(K::Number);
        }
        KEYWORDS.iter().copied().find(|kind| word.eq_ignore_ascii_case(kind.spelling()))
    }

    /// Whether it is an operator, `@` included.
    pub const fn is_operator(self) -> bool {
        matches!(
            self,
            K::Add
                | K::Div
                | K::EqualEqual
                | K::EqualRegex
                | K::GreaterEqual
                | K::Greater
                | K::TrimUpper
                | K::TrimLower
                | K::And
                | K::Or
                | K::Less
                | K::LessEqual
                | K::Unless
                | K::Mod
                | K::Mul
                | K::NotEqual
                | K::NotRegex
                | K::Pow
                | K::Sub
                | K::At
                | K::Atan2
        )
    }

    /// Whether it is an aggregator.
    pub const fn is_aggregator(self) -> bool {
        matches!(
            self,
            K::Avg
                | K::BottomK
                | K::Count
                | K::CountValues
                | K::Group
                | K::Max
                | K::Min
                | K::Quantile
                | K::Stddev
                | K::Stdvar
                | K::Sum
                | K::TopK
                | K::LimitK
                | K::LimitRatio
        )
    }

    /// Whether it is a keyword in the narrow sense, which errors put into `<...>`.
    pub const fn is_keyword(self) -> bool {
        matches!(
            self,
            K::Bool
                | K::By
                | K::GroupLeft
                | K::GroupRight
                | K::Fill
                | K::FillLeft
                | K::FillRight
                | K::Ignoring
                | K::Offset
                | K::Smoothed
                | K::Anchored
                | K::On
                | K::Without
        )
    }

    /// Whether it may be a metric name outside braces.
    pub const fn is_metric_name(self) -> bool {
        self.is_aggregator()
            || matches!(
                self,
                K::By
                    | K::Fill
                    | K::FillLeft
                    | K::FillRight
                    | K::Identifier
                    | K::And
                    | K::Or
                    | K::Unless
                    | K::MetricIdentifier
                    | K::Offset
                    | K::Without
                    | K::Start
                    | K::End
                    | K::Step
                    | K::Range
                    | K::Anchored
                    | K::Smoothed
                    | K::MaxOf
                    | K::MinOf
            )
    }

    /// Whether it may be a label name in a grouping.
    pub const fn is_grouping_label(self) -> bool {
        self.is_metric_name()
            || matches!(self, K::Bool | K::GroupLeft | K::GroupRight | K::Ignoring | K::On | K::Atan2)
    }
}

impl Token {
    /// The token as errors name it; `text` is the query.
    pub fn describe(&self, text: &str) -> String {
        let value = text.get(self.span.start..self.span.end).unwrap_or_default();
        if !self.kind.spelling().is_empty() {
            return self.show(value);
        }
        let noun = match self.kind {
            K::Eof => return "end of input".to_owned(),
            K::Error => "error",
            K::Comment => "comment",
            K::Identifier => "identifier",
            K::MetricIdentifier => "metric identifier",
            K::String => "string",
            K::Number => "number",
            K::Duration => "duration",
            // Prometheus prints a number of its generated parser here, which no client can use.
            _ => "histogram descriptor",
        };
        format!("{noun} {}", self.show(value))
    }

    fn show(&self, value: &str) -> String {
        match self.kind {
            K::Identifier | K::MetricIdentifier => quote(value),
            kind if kind.is_keyword() => format!("<{value}>"),
            kind if kind.is_operator() => format!("<op:{value}>"),
            kind if kind.is_aggregator() => format!("<aggr:{value}>"),
            _ if value.len() > 10 => {
                format!("{}...", quote(&value.chars().take(10).collect::<String>()))
            }
            _ => quote(value),
        }
    }
}
