//! The outline of a request: which spans stand under which scope and resource. Made first, because protobuf
//! lets a resource or scope come after its spans. In: the body. Out: pieces; no span is looked into.

use std::ops::Range;

use crate::wire::{Cursor, Piece, Result};

/// The spans of one request with what they stand under.
#[derive(Debug, Default)]
pub(crate) struct Layout {
    pub resources: Vec<ResourceGroup>,
    /// Every span, at most as many as were allowed.
    pub spans: Vec<Piece>,
    /// Spans beyond that.
    pub spans_beyond: u64,
    /// Fields that were passed over.
    pub unknown_fields: u64,
}

/// One `ResourceSpans` with at least one span.
#[derive(Debug, Default)]
pub(crate) struct ResourceGroup {
    /// Pieces of one `Resource`, which join; mostly one.
    pub resource: Vec<Piece>,
    pub schema_url: Piece,
    pub scopes: Vec<ScopeGroup>,
}

/// One `ScopeSpans` with at least one span.
#[derive(Debug, Default)]
pub(crate) struct ScopeGroup {
    /// Pieces of one `InstrumentationScope`, which join; mostly one.
    pub scope: Vec<Piece>,
    pub schema_url: Piece,
    /// Positions in [`Layout::spans`].
    pub spans: Range<usize>,
}

impl Layout {
    /// Reads the outline of an `ExportTraceServiceRequest`.
    pub fn of(body: &[u8], spans_max: usize) -> Result<Self> {
        let mut layout = Self::default();
        let mut fields = Cursor::new(body, Piece::whole(body));
        while let Some(tag) = fields.tag()? {
            if tag == 0x0a {
                layout.resource_spans(body, fields.piece()?, spans_max)?;
            } else {
                fields.skip(tag)?;
                layout.unknown_fields += 1;
            }
        }
        Ok(layout)
    }

    fn resource_spans(&mut self, body: &[u8], piece: Piece, spans_max: usize) -> Result<()> {
        let mut group = ResourceGroup::default();
        let mut fields = Cursor::new(body, piece);
        while let Some(tag) = fields.tag()? {
            match tag {
                0x0a => push_filled(&mut group.resource, fields.piece()?),
                0x12 => {
                    let scope = self.scope_spans(body, fields.piece()?, spans_max)?;
                    // Groups without spans are dropped, so that they cannot pile up.
                    if !scope.spans.is_empty() {
                        group.scopes.push(scope);
                    }
                }
                0x1a => group.schema_url = fields.piece()?,
                _ => {
                    fields.skip(tag)?;
                    self.unknown_fields += 1;
                }
            }
        }
        if !group.scopes.is_empty() {
            self.resources.push(group);
        }
        Ok(())
    }

    fn scope_spans(&mut self, body: &[u8], piece: Piece, spans_max: usize) -> Result<ScopeGroup> {
        let mut group = ScopeGroup::default();
        let first = self.spans.len();
        let mut fields = Cursor::new(body, piece);
        while let Some(tag) = fields.tag()? {
            match tag {
                0x0a => push_filled(&mut group.scope, fields.piece()?),
                0x12 => {
                    let span = fields.piece()?;
                    if self.spans.len() < spans_max {
                        self.spans.push(span);
                    } else {
                        self.spans_beyond += 1;
                    }
                }
                0x1a => group.schema_url = fields.piece()?,
                _ => {
                    fields.skip(tag)?;
                    self.unknown_fields += 1;
                }
            }
        }
        group.spans = first..self.spans.len();
        Ok(group)
    }
}

fn push_filled(pieces: &mut Vec<Piece>, piece: Piece) {
    if piece.len > 0 {
        pieces.push(piece);
    }
}
