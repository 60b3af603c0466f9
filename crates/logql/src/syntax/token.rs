//! The words of the language.
//!
//! In: nothing. Out: the kinds of token with the names under which they appear in error texts. Words
//! that are functions are ordinary identifiers unless a parenthesis follows; that is the lexer's rule.

use super::span::Span;

/// A token. `value` holds nanoseconds of `Duration` and `Range`, bytes of `Bytes`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Token {
    /// What it is.
    pub kind: TokenKind,
    /// Where it stands.
    pub span: Span,
    /// Nanoseconds or bytes, else 0.
    pub value: i64,
    /// The original gives no line for tokens that it reads character by character.
    pub has_line: bool,
}

macro_rules! tokens {
    ($($kind:ident $upper:literal $shown:literal $class:ident,)*) => {
        /// The kind of a token. The order is that of the original's grammar, in which error texts list
        /// what they expected.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum TokenKind {
            $(#[doc = $shown] $kind,)*
        }

        impl TokenKind {
            /// The name in error texts.
            pub const fn shown(self) -> &'static str {
                match self { $(Self::$kind => $shown,)* }
            }

            /// The name in token lists.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$kind => $upper,)* }
            }

            const ALL: &'static [(Self, &'static str, Class)] = &[
                $((Self::$kind, $shown, Class::$class),)*
            ];
        }
    };
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Class {
    /// Not a word.
    Other,
    /// A reserved word.
    Keyword,
    /// A word that counts only before a parenthesis. Error texts show it in capitals, `ip` excepted.
    Function,
}

tokens! {
    End "$end" "$end" Other,
    Bytes "BYTES" "BYTES" Other,
    Identifier "IDENTIFIER" "IDENTIFIER" Other,
    String "STRING" "STRING" Other,
    Number "NUMBER" "NUMBER" Other,
    Flag "FUNCTION_FLAG" "FUNCTION_FLAG" Other,
    Duration "DURATION" "DURATION" Other,
    Range "RANGE" "RANGE" Other,
    Eq "EQ" "=" Other,
    Re "RE" "=~" Other,
    Nre "NRE" "!~" Other,
    Npa "NPA" "!>" Other,
    OpenBrace "OPEN_BRACE" "{" Other,
    CloseBrace "CLOSE_BRACE" "}" Other,
    OpenBracket "OPEN_BRACKET" "[" Other,
    CloseBracket "CLOSE_BRACKET" "]" Other,
    Comma "COMMA" "," Other,
    Dot "DOT" "." Other,
    PipeMatch "PIPE_MATCH" "|~" Other,
    PipeExact "PIPE_EXACT" "|=" Other,
    PipePattern "PIPE_PATTERN" "|>" Other,
    OpenParen "OPEN_PARENTHESIS" "(" Other,
    CloseParen "CLOSE_PARENTHESIS" ")" Other,
    By "BY" "by" Keyword,
    Without "WITHOUT" "without" Keyword,
    CountOverTime "COUNT_OVER_TIME" "COUNT_OVER_TIME" Function,
    Rate "RATE" "RATE" Function,
    RateCounter "RATE_COUNTER" "RATE_COUNTER" Function,
    Sum "SUM" "SUM" Function,
    Sort "SORT" "SORT" Function,
    SortDesc "SORT_DESC" "SORT_DESC" Function,
    Avg "AVG" "AVG" Function,
    Max "MAX" "MAX" Function,
    Min "MIN" "MIN" Function,
    Count "COUNT" "COUNT" Function,
    Stddev "STDDEV" "STDDEV" Function,
    Stdvar "STDVAR" "STDVAR" Function,
    Bottomk "BOTTOMK" "BOTTOMK" Function,
    Topk "TOPK" "TOPK" Function,
    ApproxTopk "APPROX_TOPK" "APPROX_TOPK" Function,
    BytesOverTime "BYTES_OVER_TIME" "BYTES_OVER_TIME" Function,
    BytesRate "BYTES_RATE" "BYTES_RATE" Function,
    Bool "BOOL" "bool" Keyword,
    Json "JSON" "json" Keyword,
    Regexp "REGEXP" "regexp" Keyword,
    Logfmt "LOGFMT" "logfmt" Keyword,
    Pipe "PIPE" "|" Other,
    LineFormat "LINE_FMT" "line_format" Keyword,
    LabelFormat "LABEL_FMT" "label_format" Keyword,
    Unwrap "UNWRAP" "unwrap" Keyword,
    AvgOverTime "AVG_OVER_TIME" "AVG_OVER_TIME" Function,
    SumOverTime "SUM_OVER_TIME" "SUM_OVER_TIME" Function,
    MinOverTime "MIN_OVER_TIME" "MIN_OVER_TIME" Function,
    MaxOverTime "MAX_OVER_TIME" "MAX_OVER_TIME" Function,
    StdvarOverTime "STDVAR_OVER_TIME" "STDVAR_OVER_TIME" Function,
    StddevOverTime "STDDEV_OVER_TIME" "STDDEV_OVER_TIME" Function,
    QuantileOverTime "QUANTILE_OVER_TIME" "QUANTILE_OVER_TIME" Function,
    BytesConv "BYTES_CONV" "BYTES_CONV" Function,
    DurationConv "DURATION_CONV" "DURATION_CONV" Function,
    DurationSecondsConv "DURATION_SECONDS_CONV" "DURATION_SECONDS_CONV" Function,
    FirstOverTime "FIRST_OVER_TIME" "FIRST_OVER_TIME" Function,
    LastOverTime "LAST_OVER_TIME" "LAST_OVER_TIME" Function,
    AbsentOverTime "ABSENT_OVER_TIME" "ABSENT_OVER_TIME" Function,
    Vector "VECTOR" "VECTOR" Function,
    LabelReplace "LABEL_REPLACE" "label_replace" Keyword,
    Unpack "UNPACK" "unpack" Keyword,
    Offset "OFFSET" "offset" Keyword,
    Pattern "PATTERN" "pattern" Keyword,
    Ip "IP" "ip" Function,
    On "ON" "on" Keyword,
    Ignoring "IGNORING" "ignoring" Keyword,
    GroupLeft "GROUP_LEFT" "group_left" Keyword,
    GroupRight "GROUP_RIGHT" "group_right" Keyword,
    Decolorize "DECOLORIZE" "decolorize" Keyword,
    Drop "DROP" "drop" Keyword,
    Keep "KEEP" "keep" Keyword,
    Or "OR" "or" Keyword,
    And "AND" "and" Keyword,
    Unless "UNLESS" "unless" Keyword,
    CmpEq "CMP_EQ" "==" Other,
    Neq "NEQ" "!=" Other,
    Lt "LT" "<" Other,
    Lte "LTE" "<=" Other,
    Gt "GT" ">" Other,
    Gte "GTE" ">=" Other,
    Add "ADD" "+" Other,
    Sub "SUB" "-" Other,
    Mul "MUL" "*" Other,
    Div "DIV" "/" Other,
    Mod "MOD" "%" Other,
    Pow "POW" "^" Other,
}

impl TokenKind {
    /// The kind of a word in lower case, and whether it counts only before a parenthesis.
    pub(super) fn of_word(word: &str) -> Option<(Self, bool)> {
        // The longest word is `duration_seconds` or `quantile_over_time`.
        if !(2..=18).contains(&word.len()) {
            return None;
        }
        match word {
            "bytes" => return Some((Self::BytesConv, true)),
            "duration" => return Some((Self::DurationConv, true)),
            "duration_seconds" => return Some((Self::DurationSecondsConv, true)),
            _ => {}
        }
        static WORDS: std::sync::OnceLock<hashbrown::HashMap<String, (TokenKind, bool)>> =
            std::sync::OnceLock::new();
        let words = WORDS.get_or_init(|| {
            Self::ALL
                .iter()
                .filter(|(_, _, class)| *class != Class::Other)
                .map(|(kind, shown, class)| (shown.to_ascii_lowercase(), (*kind, *class == Class::Function)))
                .collect()
        });
        words.get(word).copied()
    }

    /// The word of the query language for a function or keyword.
    pub fn word(self) -> String {
        match self {
            Self::BytesConv => "bytes".to_owned(),
            Self::DurationConv => "duration".to_owned(),
            Self::DurationSecondsConv => "duration_seconds".to_owned(),
            other => other.shown().to_ascii_lowercase(),
        }
    }
}
