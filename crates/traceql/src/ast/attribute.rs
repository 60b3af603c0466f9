//! Attributes with their scope, and the intrinsics of the language.

use std::fmt;
use std::sync::Arc;

use crate::lexer::needs_quotes;
use crate::place::Place;
use crate::value::Type;

/// Where an attribute is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AttributeScope {
    /// The span, and where it lacks it the resource.
    Any,
    /// The span.
    Span,
    /// The resource.
    Resource,
    /// Each event of the span.
    Event,
    /// Each link of the span.
    Link,
    /// The instrumentation scope.
    Instrumentation,
}

impl AttributeScope {
    /// The word, empty for [`AttributeScope::Any`].
    pub const fn name(self) -> &'static str {
        match self {
            Self::Any => "",
            Self::Span => "span",
            Self::Resource => "resource",
            Self::Event => "event",
            Self::Link => "link",
            Self::Instrumentation => "instrumentation",
        }
    }
}

/// What is known of a span or trace without attributes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Intrinsic {
    Duration,
    Name,
    Kind,
    Status,
    StatusMessage,
    SpanId,
    ParentId,
    ChildCount,
    RootName,
    RootServiceName,
    TraceDuration,
    TraceId,
    NestedSetLeft,
    NestedSetRight,
    NestedSetParent,
    EventName,
    EventTimeSinceStart,
    LinkTraceId,
    LinkSpanId,
    InstrumentationName,
    InstrumentationVersion,
    /// Parsed, but nothing is known of it.
    Parent,
}

impl Intrinsic {
    /// All of them.
    pub const ALL: [Self; 22] = [
        Self::Duration,
        Self::Name,
        Self::Kind,
        Self::Status,
        Self::StatusMessage,
        Self::SpanId,
        Self::ParentId,
        Self::ChildCount,
        Self::RootName,
        Self::RootServiceName,
        Self::TraceDuration,
        Self::TraceId,
        Self::NestedSetLeft,
        Self::NestedSetRight,
        Self::NestedSetParent,
        Self::EventName,
        Self::EventTimeSinceStart,
        Self::LinkTraceId,
        Self::LinkSpanId,
        Self::InstrumentationName,
        Self::InstrumentationVersion,
        Self::Parent,
    ];

    /// The canonical name: the unscoped one where there is one.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Duration => "duration",
            Self::Name => "name",
            Self::Kind => "kind",
            Self::Status => "status",
            Self::StatusMessage => "statusMessage",
            Self::SpanId => "span:id",
            Self::ParentId => "span:parentID",
            Self::ChildCount => "span:childCount",
            Self::RootName => "rootName",
            Self::RootServiceName => "rootServiceName",
            Self::TraceDuration => "traceDuration",
            Self::TraceId => "trace:id",
            Self::NestedSetLeft => "nestedSetLeft",
            Self::NestedSetRight => "nestedSetRight",
            Self::NestedSetParent => "nestedSetParent",
            Self::EventName => "event:name",
            Self::EventTimeSinceStart => "event:timeSinceStart",
            Self::LinkTraceId => "link:traceID",
            Self::LinkSpanId => "link:spanID",
            Self::InstrumentationName => "instrumentation:name",
            Self::InstrumentationVersion => "instrumentation:version",
            Self::Parent => "parent",
        }
    }

    /// The type of its values.
    pub const fn value_type(self) -> Type {
        match self {
            Self::Duration | Self::TraceDuration | Self::EventTimeSinceStart => Type::Duration,
            Self::Kind => Type::Kind,
            Self::Status => Type::Status,
            Self::ChildCount | Self::NestedSetLeft | Self::NestedSetRight | Self::NestedSetParent => {
                Type::Int
            }
            Self::Parent => Type::Nil,
            _ => Type::Str,
        }
    }

    /// Whether a span can have several, one an event or link.
    pub const fn is_repeated(self) -> bool {
        matches!(self, Self::EventName | Self::EventTimeSinceStart | Self::LinkTraceId | Self::LinkSpanId)
    }

    /// Whether it is computed from all spans of the trace.
    pub const fn needs_trace(self) -> bool {
        matches!(
            self,
            Self::ChildCount
                | Self::RootName
                | Self::RootServiceName
                | Self::TraceDuration
                | Self::NestedSetLeft
                | Self::NestedSetRight
                | Self::NestedSetParent
        )
    }
}

/// An attribute or intrinsic in a query.
#[derive(Debug, Clone)]
pub struct Attribute {
    /// Where it is looked for; [`AttributeScope::Any`] for intrinsics.
    pub scope: AttributeScope,
    /// `parent.`: of the parent span.
    pub is_parent: bool,
    /// The decoded name.
    pub name: Arc<str>,
    /// The intrinsic, if it is one.
    pub intrinsic: Option<Intrinsic>,
    /// Where it stands.
    pub span: Place,
}

impl Attribute {
    /// An attribute that is no intrinsic and stands nowhere.
    pub fn new(scope: AttributeScope, name: &str) -> Self {
        let name = Arc::from(name);
        Self { scope, is_parent: false, name, intrinsic: None, span: Place::default() }
    }

    /// An intrinsic that stands nowhere.
    pub fn of_intrinsic(intrinsic: Intrinsic) -> Self {
        Self { intrinsic: Some(intrinsic), ..Self::new(AttributeScope::Any, intrinsic.name()) }
    }

    /// The type of its values as far as the text tells.
    pub fn value_type(&self) -> Type {
        self.intrinsic.map_or(Type::Dynamic, Intrinsic::value_type)
    }
}

impl PartialEq for Attribute {
    /// The same thing, wherever it stands.
    fn eq(&self, other: &Self) -> bool {
        self.scope == other.scope
            && self.is_parent == other.is_parent
            && self.intrinsic == other.intrinsic
            && self.name == other.name
    }
}

impl Eq for Attribute {}

impl fmt::Display for Attribute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(intrinsic) = self.intrinsic {
            return f.write_str(intrinsic.name());
        }
        f.write_str(if self.is_parent { "parent." } else { "" })?;
        match self.scope {
            AttributeScope::Any if self.is_parent => {}
            scope => write!(f, "{}.", scope.name())?,
        }
        if needs_quotes(&self.name) || self.looks_like_more_scope() {
            write!(f, "\"{}\"", self.name.replace('\\', "\\\\").replace('"', "\\\""))
        } else {
            f.write_str(&self.name)
        }
    }
}

impl Attribute {
    /// Names that, unquoted, would be read as a number (`.3`) or a second scope (`parent.span.x`).
    fn looks_like_more_scope(&self) -> bool {
        let is_bare_dot = self.scope == AttributeScope::Any && !self.is_parent;
        let is_parent_only = self.scope == AttributeScope::Any && self.is_parent;
        (is_bare_dot && self.name.starts_with(|c: char| c.is_ascii_digit()))
            || (is_parent_only && (self.name.starts_with("span.") || self.name.starts_with("resource.")))
    }
}
