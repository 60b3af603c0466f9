//! Spans into the rows of a batch. In: the outline of a request. Out: columns in the order of
//! `model::schema::spans`. A span that is refused leaves no trace in the columns.

use arrow::array::{ArrayRef, UInt32Array};
use arrow::buffer::Buffer;
use arrow::error::ArrowError;
use bytes::Bytes;
use model::TimeNs;
use model::reason::DropReason;
use model::schema::spans::Column;
use model::schema::well_known::{Level, WELL_KNOWN};

use super::columns::{BODY, Finish, Lazy, view};
use super::fold::{Fold, Folded};
use super::json::{Fault, Texts};
use super::layout::{Layout, ResourceGroup, ScopeGroup};
use crate::wire::{Cursor, Piece, Wrong};
use crate::{Limits, Rejected};

/// The rows of one request.
pub(crate) struct Rows<'a> {
    texts: Texts<'a>,
    limits: &'a Limits,
    text_bytes_max: usize,
    row: usize,
    fold: Fold,
    fixed: Fixed,
    resources: Entries,
    scopes: Entries,
    attributes: Vec<Piece>,
    events: Vec<Piece>,
    links: Vec<Piece>,
    rejected: Vec<Rejected>,
}

/// What [`Rows::finish`] gives.
pub(crate) struct Done {
    pub columns: Vec<ArrayRef>,
    pub rejected: Vec<Rejected>,
    pub repaired_texts: u64,
    pub unknown_fields: u64,
}

/// The columns that every span has a value for or that stand alone.
struct Fixed {
    trace_id: Lazy<u128>,
    span_id: Lazy<u128>,
    parent_span_id: Lazy<u128>,
    name: Lazy<u128>,
    kind: Lazy<i32>,
    status_code: Lazy<i32>,
    start: Lazy<i64>,
    duration: Lazy<i64>,
    received: Lazy<i64>,
    status_message: Lazy<u128>,
    trace_state: Lazy<u128>,
    flags: Lazy<i64>,
    attributes: Lazy<u128>,
    events: Lazy<u128>,
    links: Lazy<u128>,
    dropped_attributes: Lazy<i32>,
    dropped_events: Lazy<i32>,
    dropped_links: Lazy<i32>,
    spellings: Lazy<i64>,
}

/// Resources or scopes: a value an entry, and which entry each row has.
struct Entries {
    count: usize,
    of_row: Vec<u32>,
    name: Lazy<u128>,
    version: Lazy<u128>,
    attributes: Lazy<u128>,
    schema_url: Lazy<u128>,
    dropped: Lazy<i32>,
}

impl Entries {
    fn new(max: usize, rows_max: usize) -> Self {
        Self {
            count: 0,
            of_row: Vec::with_capacity(rows_max),
            name: Lazy::new(max),
            version: Lazy::new(max),
            attributes: Lazy::new(max),
            schema_url: Lazy::new(max),
            dropped: Lazy::new(max),
        }
    }
}

/// The fields of one span as they stand on the wire.
#[derive(Default)]
struct Sent {
    trace_id: Piece,
    span_id: Piece,
    trace_state: Piece,
    parent_span_id: Piece,
    name: Piece,
    kind: i32,
    start: u64,
    end: u64,
    flags: u32,
    dropped_attributes: u32,
    dropped_events: u32,
    dropped_links: u32,
    status_code: i32,
    status_message: Piece,
}

impl<'a> Rows<'a> {
    /// No rows yet, room for those of `layout`.
    pub fn new(body: &'a [u8], layout: &Layout, limits: &'a Limits, repair: bool) -> Self {
        let rows = layout.spans.len();
        let scopes = layout.resources.iter().map(|resource| resource.scopes.len()).sum();
        let depth_max = limits.depth_max.min(model::attr_json::DEPTH_MAX);
        let fixed = Fixed {
            trace_id: Lazy::new(rows),
            span_id: Lazy::new(rows),
            parent_span_id: Lazy::new(rows),
            name: Lazy::new(rows),
            kind: Lazy::new(rows),
            status_code: Lazy::new(rows),
            start: Lazy::new(rows),
            duration: Lazy::new(rows),
            received: Lazy::new(rows),
            status_message: Lazy::new(rows),
            trace_state: Lazy::new(rows),
            flags: Lazy::new(rows),
            attributes: Lazy::new(rows),
            events: Lazy::new(rows),
            links: Lazy::new(rows),
            dropped_attributes: Lazy::new(rows),
            dropped_events: Lazy::new(rows),
            dropped_links: Lazy::new(rows),
            spellings: Lazy::new(rows),
        };
        Self {
            texts: Texts::new(body, repair, depth_max),
            limits,
            text_bytes_max: limits.text_bytes_max.min(super::TEXT_BYTES_CEILING),
            row: 0,
            fold: Fold::new(layout.resources.len(), rows),
            fixed,
            resources: Entries::new(layout.resources.len(), rows),
            scopes: Entries::new(scopes, rows),
            attributes: Vec::new(),
            events: Vec::new(),
            links: Vec::new(),
            rejected: Vec::new(),
        }
    }

    /// Reads every span of `layout`.
    pub fn read(&mut self, layout: &Layout, received: TimeNs) -> Result<(), Wrong> {
        for resource in &layout.resources {
            let spellings = match self.resource(resource) {
                Ok(spellings) => Ok(spellings),
                Err(Fault::Wrong(wrong)) => return Err(wrong),
                Err(Fault::Reject(reason)) => Err(reason),
            };
            for scope in &resource.scopes {
                let spans = &layout.spans[scope.spans.clone()];
                let refused = match (spellings, self.scope(scope)) {
                    (_, Err(Fault::Wrong(wrong))) => return Err(wrong),
                    (Err(reason), _) => Some((reason, "resource")),
                    (Ok(_), Err(Fault::Reject(reason))) => Some((reason, "scope")),
                    (Ok(_), Ok(())) => None,
                };
                if let Some((reason, what)) = refused {
                    let at = spans[0].at as usize;
                    self.reject(reason, spans.len() as u64, at, what);
                    continue;
                }
                for span in spans {
                    match self.span(*span, spellings.unwrap_or(0), received) {
                        Ok(()) => {}
                        Err(Fault::Wrong(wrong)) => return Err(wrong),
                        Err(Fault::Reject(reason)) => self.reject(reason, 1, span.at as usize, "span"),
                    }
                }
            }
        }
        if layout.spans_beyond > 0 {
            self.rejected.push(Rejected {
                reason: DropReason::BodyTooLarge,
                count: layout.spans_beyond,
                message: format!(
                    "the request has more than {} spans: send smaller batches",
                    self.limits.items_max
                ),
            });
        }
        Ok(())
    }

    /// Begins to write text that may grow by one record.
    fn begin(&mut self) -> usize {
        let from = self.texts.out.len();
        self.texts.stop = from.saturating_add(self.limits.item_bytes_max).min(self.text_bytes_max);
        self.texts.found.clear();
        from
    }

    fn resource(&mut self, group: &ResourceGroup) -> Result<i64, Fault> {
        let entry = self.resources.count;
        let body = self.texts.body;
        let mut dropped = 0;
        self.attributes.clear();
        for piece in &group.resource {
            let mut fields = Cursor::new(body, *piece);
            while let Some(tag) = fields.tag()? {
                match tag {
                    0x0a => self.attributes.push(fields.piece()?),
                    0x10 => dropped = fields.varint()? as u32,
                    _ => {
                        fields.skip(tag)?;
                        self.texts.found.unknown_fields += 1;
                    }
                }
            }
        }
        let from = self.begin();
        let done = self.fold.attributes(Level::Resource, entry, &self.attributes, &mut self.texts);
        let (spellings, written) = match done {
            Ok(done) => done,
            Err(fault) => {
                self.fold.take_back(Level::Resource, entry);
                self.texts.out.truncate(from);
                return Err(fault);
            }
        };
        if let Some(from) = written {
            self.resources.attributes.put(entry, self.texts.view_from(from));
        }
        put_text(&mut self.resources.schema_url, entry, group.schema_url, &mut self.texts);
        put_count(&mut self.resources.dropped, entry, dropped);
        self.resources.count += 1;
        Ok(spellings)
    }

    fn scope(&mut self, group: &ScopeGroup) -> Result<(), Fault> {
        let entry = self.scopes.count;
        let body = self.texts.body;
        let (mut name, mut version, mut dropped) = (Piece::default(), Piece::default(), 0);
        self.attributes.clear();
        for piece in &group.scope {
            let mut fields = Cursor::new(body, *piece);
            while let Some(tag) = fields.tag()? {
                match tag {
                    0x0a => name = fields.piece()?,
                    0x12 => version = fields.piece()?,
                    0x1a => self.attributes.push(fields.piece()?),
                    0x20 => dropped = fields.varint()? as u32,
                    _ => {
                        fields.skip(tag)?;
                        self.texts.found.unknown_fields += 1;
                    }
                }
            }
        }
        if !self.attributes.is_empty() {
            let from = self.begin();
            if let Err(fault) = self.texts.object(&self.attributes) {
                self.texts.out.truncate(from);
                return Err(fault);
            }
            self.scopes.attributes.put(entry, self.texts.view_from(from));
        }
        put_text(&mut self.scopes.name, entry, name, &mut self.texts);
        put_text(&mut self.scopes.version, entry, version, &mut self.texts);
        put_text(&mut self.scopes.schema_url, entry, group.schema_url, &mut self.texts);
        put_count(&mut self.scopes.dropped, entry, dropped);
        self.scopes.count += 1;
        Ok(())
    }

    fn span(&mut self, piece: Piece, resource_spellings: i64, received: TimeNs) -> Result<(), Fault> {
        let sent = self.walk(piece)?;
        let body = self.texts.body;
        let refuse = |reason| Err(Fault::Reject(reason));
        if !is_id(sent.trace_id.of(body), 16) {
            return refuse(DropReason::InvalidTraceId);
        }
        let parent = sent.parent_span_id.of(body);
        let is_root = parent.is_empty() || parent == [0; 8];
        if !is_id(sent.span_id.of(body), 8) || (!is_root && parent.len() != 8) {
            return refuse(DropReason::InvalidSpanId);
        }
        if piece.len as usize > self.limits.item_bytes_max {
            return refuse(DropReason::ItemTooLarge);
        }
        let row = self.row;
        let from = self.begin();
        if let Err(fault) = self.json(row, resource_spellings) {
            self.fold.take_back(Level::Span, row);
            self.fixed.attributes.take_back(row);
            self.fixed.events.take_back(row);
            self.fixed.links.take_back(row);
            self.fixed.spellings.take_back(row);
            self.texts.out.truncate(from);
            return Err(fault);
        }
        let fixed = &mut self.fixed;
        let id = |piece: Piece| view(body, BODY, piece.at, piece.len);
        fixed.trace_id.put(row, id(sent.trace_id));
        fixed.span_id.put(row, id(sent.span_id));
        if !is_root {
            fixed.parent_span_id.put(row, id(sent.parent_span_id));
        }
        fixed.name.put(row, self.texts.view(sent.name));
        if sent.kind != 0 {
            fixed.kind.put(row, sent.kind);
        }
        if sent.status_code != 0 {
            fixed.status_code.put(row, sent.status_code);
        }
        let (start, end) = (TimeNs::from_otlp(sent.start).0, TimeNs::from_otlp(sent.end).0);
        fixed.start.put(row, start);
        fixed.duration.put(row, end - start);
        fixed.received.put(row, received.0);
        put_text(&mut fixed.status_message, row, sent.status_message, &mut self.texts);
        put_text(&mut fixed.trace_state, row, sent.trace_state, &mut self.texts);
        fixed.flags.put(row, i64::from(sent.flags));
        put_count(&mut fixed.dropped_attributes, row, sent.dropped_attributes);
        put_count(&mut fixed.dropped_events, row, sent.dropped_events);
        put_count(&mut fixed.dropped_links, row, sent.dropped_links);
        self.resources.of_row.push(self.resources.count as u32 - 1);
        self.scopes.of_row.push(self.scopes.count as u32 - 1);
        self.row += 1;
        Ok(())
    }

    /// Attributes, events and links of the span just walked.
    fn json(&mut self, row: usize, resource_spellings: i64) -> Result<(), Fault> {
        let done = self.fold.attributes(Level::Span, row, &self.attributes, &mut self.texts);
        let (spellings, written) = done?;
        if let Some(from) = written {
            self.fixed.attributes.put(row, self.texts.view_from(from));
        }
        if spellings | resource_spellings != 0 {
            self.fixed.spellings.put(row, spellings | resource_spellings);
        }
        if !self.events.is_empty() {
            let from = self.texts.out.len();
            self.texts.events(&self.events)?;
            self.fixed.events.put(row, self.texts.view_from(from));
        }
        if !self.links.is_empty() {
            let from = self.texts.out.len();
            self.texts.links(&self.links)?;
            self.fixed.links.put(row, self.texts.view_from(from));
        }
        Ok(())
    }

    /// The fields of a span; its attributes, events and links go into the lists.
    #[inline(always)]
    fn walk(&mut self, piece: Piece) -> Result<Sent, Wrong> {
        let body = self.texts.body;
        let mut sent = Sent::default();
        self.attributes.clear();
        self.events.clear();
        self.links.clear();
        let mut fields = Cursor::new(body, piece);
        while let Some(tag) = fields.tag()? {
            match tag {
                0x0a => sent.trace_id = fields.piece()?,
                0x12 => sent.span_id = fields.piece()?,
                0x1a => sent.trace_state = fields.piece()?,
                0x22 => sent.parent_span_id = fields.piece()?,
                0x2a => sent.name = fields.piece()?,
                0x30 => sent.kind = fields.varint()? as i32,
                0x39 => sent.start = fields.fixed64()?,
                0x41 => sent.end = fields.fixed64()?,
                0x4a => self.attributes.push(fields.piece()?),
                0x50 => sent.dropped_attributes = fields.varint()? as u32,
                0x5a => self.events.push(fields.piece()?),
                0x60 => sent.dropped_events = fields.varint()? as u32,
                0x6a => self.links.push(fields.piece()?),
                0x70 => sent.dropped_links = fields.varint()? as u32,
                0x7a => {
                    let mut status = Cursor::new(body, fields.piece()?);
                    while let Some(tag) = status.tag()? {
                        match tag {
                            0x12 => sent.status_message = status.piece()?,
                            0x18 => sent.status_code = status.varint()? as i32,
                            _ => {
                                status.skip(tag)?;
                                self.texts.found.unknown_fields += 1;
                            }
                        }
                    }
                }
                0x85 => sent.flags = fields.fixed32()?,
                _ => {
                    fields.skip(tag)?;
                    self.texts.found.unknown_fields += 1;
                }
            }
        }
        Ok(sent)
    }

    fn reject(&mut self, reason: DropReason, count: u64, at: usize, what: &'static str) {
        if let Some(seen) = self.rejected.iter_mut().find(|seen| seen.reason == reason) {
            seen.count += count;
            return;
        }
        let remedy = match reason {
            DropReason::InvalidTraceId => "send a trace id of 16 bytes that are not all zero".to_owned(),
            DropReason::InvalidSpanId => {
                "send a span id of 8 bytes that are not all zero, and a parent id of 8 bytes or none"
                    .to_owned()
            }
            DropReason::TooDeep => format!("nest arrays and maps at most {} deep", self.texts.depth_max),
            _ => format!(
                "keep a record below {} bytes and a request's records below {} bytes of JSON text",
                self.limits.item_bytes_max, self.limits.text_bytes_max
            ),
        };
        let message = format!("{what} at byte {at} of the protobuf body: {reason}: {remedy}");
        self.rejected.push(Rejected { reason, count, message });
    }

    /// The columns of the batch; the error is text that is not UTF-8.
    pub fn finish(mut self, body: Bytes) -> Result<(usize, Done), ArrowError> {
        let rows = self.row;
        self.texts.out.shrink_to(self.texts.out.len() + self.texts.out.len() / 4);
        let mut finish = Finish::new(Buffer::from(body), Buffer::from_vec(self.texts.out), rows);
        let (resources, scopes, fixed) = (self.resources, self.scopes, self.fixed);
        let resource_of: UInt32Array = resources.of_row.into();
        let scope_of: UInt32Array = scopes.of_row.into();
        let mut columns = Vec::with_capacity(Column::ALL.len() + WELL_KNOWN.len());
        // In the order of `model::schema::spans::Column`; `RecordBatch::try_new` checks types and nulls.
        columns.push(finish.bytes(fixed.trace_id)?);
        columns.push(finish.bytes(fixed.span_id)?);
        columns.push(finish.bytes(fixed.parent_span_id)?);
        columns.push(finish.text(fixed.name)?);
        columns.push(finish.int_or_zero(fixed.kind));
        columns.push(finish.int_or_zero(fixed.status_code));
        columns.push(finish.long_or_zero(fixed.start));
        columns.push(finish.long_or_zero(fixed.duration));
        columns.push(finish.long_or_zero(fixed.received));
        columns.push(finish.text(fixed.status_message)?);
        columns.push(finish.text(fixed.trace_state)?);
        columns.push(finish.long_or_zero(fixed.flags));
        columns.push(finish.text(fixed.attributes)?);
        columns.push(finish.spread_text(resources.attributes, &resource_of, resources.count)?);
        columns.push(finish.spread_text(scopes.attributes, &scope_of, scopes.count)?);
        columns.push(finish.text(fixed.events)?);
        columns.push(finish.text(fixed.links)?);
        columns.push(finish.spread_text(scopes.name, &scope_of, scopes.count)?);
        columns.push(finish.spread_text(scopes.version, &scope_of, scopes.count)?);
        columns.push(finish.spread_text(scopes.schema_url, &scope_of, scopes.count)?);
        columns.push(finish.spread_text(resources.schema_url, &resource_of, resources.count)?);
        columns.push(finish.int_or_zero(fixed.dropped_attributes));
        columns.push(finish.int_or_zero(fixed.dropped_events));
        columns.push(finish.int_or_zero(fixed.dropped_links));
        columns.push(finish.spread_int(resources.dropped, &resource_of, resources.count)?);
        columns.push(finish.spread_int(scopes.dropped, &scope_of, scopes.count)?);
        columns.push(finish.long(fixed.spellings));
        for (folded, known) in self.fold.columns.into_iter().zip(WELL_KNOWN) {
            columns.push(match (folded, known.level) {
                (Folded::Text(column), Level::Span) => finish.text(column)?,
                (Folded::Long(column), Level::Span) => finish.long(column),
                (Folded::Text(column), Level::Resource) => {
                    finish.spread_text(column, &resource_of, resources.count)?
                }
                (Folded::Long(column), Level::Resource) => {
                    finish.spread_long(column, &resource_of, resources.count)?
                }
            });
        }
        let done = Done {
            columns,
            rejected: self.rejected,
            repaired_texts: self.texts.repaired,
            unknown_fields: self.texts.found.unknown_fields,
        };
        Ok((rows, done))
    }
}

fn is_id(bytes: &[u8], len: usize) -> bool {
    bytes.len() == len && bytes.iter().any(|&byte| byte != 0)
}

fn put_text(column: &mut Lazy<u128>, row: usize, piece: Piece, texts: &mut Texts<'_>) {
    if piece.len > 0 {
        column.put(row, texts.view(piece));
    }
}

fn put_count(column: &mut Lazy<i32>, row: usize, count: u32) {
    if count != 0 {
        column.put(row, i32::try_from(count).unwrap_or(i32::MAX));
    }
}
