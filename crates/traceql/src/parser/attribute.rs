//! Attributes and intrinsics.

use std::sync::Arc;

use super::{Failed, Parser, Read};
use crate::ast::{Attribute, AttributeScope, Intrinsic};
use crate::lexer::{Kind, Payload};
use crate::place::Diagnostic;

/// Reads a text that is one attribute or intrinsic and nothing else.
pub fn parse_attribute(text: &str) -> Result<Attribute, Diagnostic> {
    let mut parser = Parser::new(text);
    let attribute = match parser.attribute_if_any() {
        Ok(Some(attribute)) => attribute,
        Ok(None) => {
            parser.unexpected(&[]);
            return Err(parser.diagnostics.remove(0));
        }
        Err(Failed) => return Err(parser.diagnostics.remove(0)),
    };
    match parser.kind() {
        Kind::End => Ok(attribute),
        _ => {
            parser.unexpected(&[]);
            Err(parser.diagnostics.remove(0))
        }
    }
}

/// Unscoped words and the intrinsics they are.
pub(super) const fn intrinsic_word(kind: Kind) -> Option<Intrinsic> {
    Some(match kind {
        Kind::DurationWord => Intrinsic::Duration,
        Kind::Name => Intrinsic::Name,
        Kind::KindWord => Intrinsic::Kind,
        Kind::Status => Intrinsic::Status,
        Kind::StatusMessage => Intrinsic::StatusMessage,
        Kind::RootName => Intrinsic::RootName,
        Kind::RootServiceName => Intrinsic::RootServiceName,
        Kind::TraceDuration => Intrinsic::TraceDuration,
        Kind::NestedSetLeft => Intrinsic::NestedSetLeft,
        Kind::NestedSetRight => Intrinsic::NestedSetRight,
        Kind::NestedSetParent => Intrinsic::NestedSetParent,
        Kind::Parent => Intrinsic::Parent,
        _ => return None,
    })
}

/// The words after `trace:` and the like.
fn scoped_words(scope: Kind) -> &'static [(Kind, Intrinsic)] {
    match scope {
        Kind::TraceColon => &[
            (Kind::DurationWord, Intrinsic::TraceDuration),
            (Kind::RootName, Intrinsic::RootName),
            (Kind::RootService, Intrinsic::RootServiceName),
            (Kind::Id, Intrinsic::TraceId),
        ],
        Kind::SpanColon => &[
            (Kind::DurationWord, Intrinsic::Duration),
            (Kind::Name, Intrinsic::Name),
            (Kind::KindWord, Intrinsic::Kind),
            (Kind::Status, Intrinsic::Status),
            (Kind::StatusMessage, Intrinsic::StatusMessage),
            (Kind::Id, Intrinsic::SpanId),
            (Kind::ParentId, Intrinsic::ParentId),
            (Kind::ChildCount, Intrinsic::ChildCount),
        ],
        Kind::EventColon => {
            &[(Kind::Name, Intrinsic::EventName), (Kind::TimeSinceStart, Intrinsic::EventTimeSinceStart)]
        }
        Kind::LinkColon => &[(Kind::TraceId, Intrinsic::LinkTraceId), (Kind::SpanId, Intrinsic::LinkSpanId)],
        Kind::InstrumentationColon => &[
            (Kind::Name, Intrinsic::InstrumentationName),
            (Kind::Version, Intrinsic::InstrumentationVersion),
        ],
        _ => &[],
    }
}

const fn scope_of(kind: Kind) -> Option<AttributeScope> {
    Some(match kind {
        Kind::Dot | Kind::ParentDot => AttributeScope::Any,
        Kind::SpanDot => AttributeScope::Span,
        Kind::ResourceDot => AttributeScope::Resource,
        Kind::EventDot => AttributeScope::Event,
        Kind::LinkDot => AttributeScope::Link,
        Kind::InstrumentationDot => AttributeScope::Instrumentation,
        _ => return None,
    })
}

impl Parser {
    /// An attribute where one must stand.
    pub(super) fn attribute(&mut self) -> Read<Attribute> {
        match self.attribute_if_any()? {
            Some(attribute) => Ok(attribute),
            None => Err(self.unexpected(&[])),
        }
    }

    /// An attribute if one stands there.
    pub(super) fn attribute_if_any(&mut self) -> Read<Option<Attribute>> {
        let start = self.place();
        let kind = self.kind();
        if let Some(intrinsic) = intrinsic_word(kind) {
            self.advance();
            let attribute = Attribute::of_intrinsic(intrinsic);
            return Ok(Some(Attribute { span: start, ..attribute }));
        }
        let words = scoped_words(kind);
        if !words.is_empty() {
            self.advance();
            let found = words.iter().find(|(word, _)| *word == self.kind());
            let Some(&(_, intrinsic)) = found else {
                let expected: Vec<Kind> = words.iter().map(|(word, _)| *word).collect();
                return Err(self.unexpected(&expected));
            };
            let span = start.to(self.place());
            self.advance();
            return Ok(Some(Attribute { span, ..Attribute::of_intrinsic(intrinsic) }));
        }
        let Some(mut scope) = scope_of(kind) else {
            return Ok(None);
        };
        self.advance();
        let is_parent = kind == Kind::ParentDot;
        let mut expected = vec![Kind::Identifier];
        if is_parent {
            match self.kind() {
                Kind::SpanDot | Kind::ResourceDot => {
                    scope = scope_of(self.kind()).unwrap_or(scope);
                    self.advance();
                }
                _ => expected.extend([Kind::ResourceDot, Kind::SpanDot]),
            }
        }
        let token = self.token();
        let (Kind::Identifier, Payload::Text(name)) = (token.kind, &token.payload) else {
            // An empty name stands nowhere; the original points at the scope.
            if self.kind() == Kind::EndAttribute {
                let at = self.at;
                self.tokens[at].place = start;
            }
            return Err(self.unexpected(&expected));
        };
        let (name, span) = (Arc::from(&**name), start.to(token.place));
        self.advance();
        self.expect(Kind::EndAttribute, &[])?;
        Ok(Some(Attribute { scope, is_parent, name, intrinsic: None, span }))
    }
}
