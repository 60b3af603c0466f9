//! Rows as Arrow batches of [`super::schema`] and back. Texts and bytes are read as plain or view arrays, whichever a reader
//! of Parquet gives.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BinaryArray, Int32Array, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Int32Type, Int64Type};
use model::{SpanId, SpanKind, StatusCode, TraceId};

use super::{
    CodeCount, EdgeKey, EdgeKind, EdgeRow, EdgeSums, EntityRow, Exemplar, OperationKey, OperationRow,
    OperationSums, PeerRow, schema,
};
use crate::call_fact::{Class, Flags, Layer, Protocol, Security};
use crate::entity::{Entity, EntityId};
use crate::error::Error;
use crate::histogram::Histogram;
use crate::peer::{Peer, PeerId, PeerType};

fn longs<T>(rows: &[T], value: impl Fn(&T) -> i64) -> ArrayRef {
    Arc::new(Int64Array::from_iter_values(rows.iter().map(value)))
}

fn ints<T>(rows: &[T], value: impl Fn(&T) -> i32) -> ArrayRef {
    Arc::new(Int32Array::from_iter_values(rows.iter().map(value)))
}

fn texts<'a, T>(rows: &'a [T], value: impl Fn(&'a T) -> &'a str) -> ArrayRef {
    Arc::new(StringArray::from_iter_values(rows.iter().map(value)))
}

fn histograms<T>(rows: &[T], value: impl Fn(&T) -> &Histogram) -> ArrayRef {
    Arc::new(BinaryArray::from_iter_values(rows.iter().map(|row| value(row).encode())))
}

fn ids<'a, T, const N: usize>(rows: &'a [T], value: impl Fn(&'a T) -> Option<[u8; N]>) -> ArrayRef {
    Arc::new(BinaryArray::from_iter(rows.iter().map(|row| value(row).map(|id| id.to_vec()))))
}

/// A batch of `edges_*`.
pub fn edges_to_batch(rows: &[EdgeRow]) -> Result<RecordBatch, Error> {
    let codes: Vec<String> = rows.iter().map(|row| codes_text(&row.sums.codes)).collect();
    let columns: Vec<ArrayRef> = vec![
        longs(rows, |row| row.bucket_ns),
        texts(rows, |row| row.key.kind.as_str()),
        texts(rows, |row| row.key.layer.as_str()),
        texts(rows, |row| row.key.protocol.as_str()),
        texts(rows, |row| row.key.security.as_str()),
        texts(rows, |row| row.key.class.as_str()),
        longs(rows, |row| row.key.src.0 as i64),
        longs(rows, |row| row.key.peer.0 as i64),
        longs(rows, |row| row.key.dst.0 as i64),
        texts(rows, |row| &row.key.op),
        longs(rows, |row| row.sums.calls),
        longs(rows, |row| row.sums.calls_weighted),
        longs(rows, |row| row.sums.calls_weighted_squared),
        longs(rows, |row| row.sums.errors),
        longs(rows, |row| row.sums.errors_weighted),
        texts(&codes, |text| text),
        longs(rows, |row| row.sums.duration.sum_ns),
        histograms(rows, |row| &row.sums.duration),
        histograms(rows, |row| &row.sums.server_duration),
        histograms(rows, |row| &row.sums.network),
        longs(rows, |row| row.sums.request_bytes),
        longs(rows, |row| row.sums.response_bytes),
        longs(rows, |row| row.sums.sized),
        longs(rows, |row| row.sums.retries),
        longs(rows, |row| row.sums.asynchronous),
        longs(rows, |row| row.sums.skew_us),
        longs(rows, |row| row.sums.skewed),
        ids(rows, |row| row.sums.exemplar.map(|e| e.trace_id.0)),
        ids(rows, |row| row.sums.exemplar.map(|e| e.span_id.0)),
        ids(rows, |row| row.sums.error_exemplar.map(|e| e.trace_id.0)),
        ids(rows, |row| row.sums.error_exemplar.map(|e| e.span_id.0)),
    ];
    Ok(RecordBatch::try_new(schema::edges(), columns)?)
}

/// A batch of `operations_*`.
pub fn operations_to_batch(rows: &[OperationRow]) -> Result<RecordBatch, Error> {
    let columns: Vec<ArrayRef> = vec![
        longs(rows, |row| row.bucket_ns),
        longs(rows, |row| row.key.entity.0 as i64),
        texts(rows, |row| &row.key.name),
        ints(rows, |row| row.key.kind.0),
        ints(rows, |row| row.key.status.0),
        texts(rows, |row| row.key.class.as_str()),
        longs(rows, |row| row.sums.calls),
        longs(rows, |row| row.sums.calls_weighted),
        longs(rows, |row| row.sums.errors),
        longs(rows, |row| row.sums.errors_weighted),
        longs(rows, |row| row.sums.duration.sum_ns),
        histograms(rows, |row| &row.sums.duration),
        ids(rows, |row| row.sums.exemplar.map(|e| e.trace_id.0)),
        ids(rows, |row| row.sums.exemplar.map(|e| e.span_id.0)),
    ];
    Ok(RecordBatch::try_new(schema::operations(), columns)?)
}

/// A batch of `entities`.
pub fn entities_to_batch(rows: &[EntityRow]) -> Result<RecordBatch, Error> {
    let columns: Vec<ArrayRef> = vec![
        longs(rows, |row| row.id.0 as i64),
        texts(rows, |row| &row.entity.cluster),
        texts(rows, |row| &row.entity.environment),
        texts(rows, |row| &row.entity.namespace),
        texts(rows, |row| &row.entity.kind),
        texts(rows, |row| &row.entity.workload),
        texts(rows, |row| &row.entity.service),
        texts(rows, |row| &row.entity.version),
        texts(rows, |row| &row.entity.app_group),
        texts(rows, |row| &row.instance),
        texts(rows, |row| &row.pod),
        texts(rows, |row| &row.node),
        texts(rows, |row| &row.addresses),
        texts(rows, |row| &row.language),
        longs(rows, |row| row.first_seen_ns),
        longs(rows, |row| row.last_seen_ns),
    ];
    Ok(RecordBatch::try_new(schema::entities(), columns)?)
}

/// A batch of `peers`.
pub fn peers_to_batch(rows: &[PeerRow]) -> Result<RecordBatch, Error> {
    let columns: Vec<ArrayRef> = vec![
        longs(rows, |row| row.id.0 as i64),
        texts(rows, |row| row.peer.peer_type.as_str()),
        texts(rows, |row| &row.peer.system),
        texts(rows, |row| &row.peer.host),
        ints(rows, |row| i32::from(row.peer.port)),
        texts(rows, |row| &row.peer.name),
        texts(rows, |row| &row.peer.extra),
        longs(rows, |row| row.first_seen_ns),
        longs(rows, |row| row.last_seen_ns),
    ];
    Ok(RecordBatch::try_new(schema::peers(), columns)?)
}

/// The columns of a batch by name.
struct Columns<'a>(&'a RecordBatch);

impl<'a> Columns<'a> {
    fn named(&self, name: &'static str) -> Result<&'a ArrayRef, Error> {
        self.0.column_by_name(name).ok_or(Error::Column(name))
    }

    fn long(&self, name: &'static str) -> Result<&'a Int64Array, Error> {
        self.named(name)?.as_primitive_opt::<Int64Type>().ok_or(Error::Column(name))
    }

    fn int(&self, name: &'static str) -> Result<&'a Int32Array, Error> {
        self.named(name)?.as_primitive_opt::<Int32Type>().ok_or(Error::Column(name))
    }

    fn text(&self, name: &'static str, row: usize) -> Result<&'a str, Error> {
        let array = self.named(name)?;
        match array.data_type() {
            DataType::Utf8 => Ok(array.as_string::<i32>().value(row)),
            DataType::LargeUtf8 => Ok(array.as_string::<i64>().value(row)),
            DataType::Utf8View => Ok(array.as_string_view().value(row)),
            _ => Err(Error::Column(name)),
        }
    }

    fn bytes(&self, name: &'static str, row: usize) -> Result<Option<&'a [u8]>, Error> {
        let array = self.named(name)?;
        if array.is_null(row) {
            return Ok(None);
        }
        match array.data_type() {
            DataType::Binary => Ok(Some(array.as_binary::<i32>().value(row))),
            DataType::LargeBinary => Ok(Some(array.as_binary::<i64>().value(row))),
            DataType::BinaryView => Ok(Some(array.as_binary_view().value(row))),
            _ => Err(Error::Column(name)),
        }
    }

    fn word<T>(&self, name: &'static str, row: usize, of: impl Fn(&str) -> Option<T>) -> Result<T, Error> {
        of(self.text(name, row)?).ok_or(Error::Value(name))
    }

    fn histogram(&self, name: &'static str, row: usize) -> Result<Histogram, Error> {
        Histogram::decode(self.bytes(name, row)?.unwrap_or_default()).ok_or(Error::Value(name))
    }

    fn exemplar(
        &self,
        trace: &'static str,
        span: &'static str,
        row: usize,
    ) -> Result<Option<Exemplar>, Error> {
        let (Some(trace_id), Some(span_id)) = (self.bytes(trace, row)?, self.bytes(span, row)?) else {
            return Ok(None);
        };
        let trace_id = TraceId::from_slice(trace_id).ok_or(Error::Value(trace))?;
        Ok(Some(Exemplar::of(trace_id, SpanId::from_slice(span_id).ok_or(Error::Value(span))?)))
    }
}

/// The rows of a batch of `edges_*`; further columns are allowed.
pub fn edges_from_batch(batch: &RecordBatch) -> Result<Vec<EdgeRow>, Error> {
    let columns = Columns(batch);
    let long = |name| columns.long(name);
    let (bucket, src, peer, dst) = (long("bucket_unix_nano")?, long("src")?, long("peer")?, long("dst")?);
    let (calls, errors) = (long("calls")?, long("errors")?);
    let (weighted, squared) = (long("calls_weighted")?, long("calls_weighted_squared")?);
    let errors_weighted = long("errors_weighted")?;
    let (request, response, sized) = (long("request_bytes")?, long("response_bytes")?, long("sized")?);
    let (retries, asynchronous) = (long("retries")?, long("asynchronous")?);
    let (skew, skewed) = (long("skew_us")?, long("skewed")?);
    let mut rows = Vec::with_capacity(batch.num_rows());
    for row in 0..batch.num_rows() {
        rows.push(EdgeRow {
            bucket_ns: bucket.value(row),
            key: EdgeKey {
                kind: columns.word("kind", row, EdgeKind::from_name)?,
                layer: columns.word("layer", row, Layer::from_name)?,
                protocol: columns.word("protocol", row, Protocol::from_name)?,
                security: columns.word("security", row, Security::from_name)?,
                class: columns.word("class", row, Class::from_name)?,
                src: EntityId(src.value(row) as u64),
                peer: PeerId(peer.value(row) as u64),
                dst: EntityId(dst.value(row) as u64),
                op: columns.text("op", row)?.into(),
            },
            sums: EdgeSums {
                calls: calls.value(row),
                calls_weighted: weighted.value(row),
                calls_weighted_squared: squared.value(row),
                errors: errors.value(row),
                errors_weighted: errors_weighted.value(row),
                codes: codes_of(columns.text("codes", row)?)?,
                duration: columns.histogram("duration", row)?,
                server_duration: columns.histogram("server_duration", row)?,
                network: columns.histogram("network", row)?,
                request_bytes: request.value(row),
                response_bytes: response.value(row),
                sized: sized.value(row),
                retries: retries.value(row),
                asynchronous: asynchronous.value(row),
                skew_us: skew.value(row),
                skewed: skewed.value(row),
                exemplar: columns.exemplar("exemplar_trace_id", "exemplar_span_id", row)?,
                error_exemplar: columns.exemplar("error_trace_id", "error_span_id", row)?,
            },
        });
    }
    Ok(rows)
}

/// Calls by outcome as JSON text.
fn codes_text(codes: &[CodeCount]) -> String {
    let list: Vec<[i64; 5]> = codes
        .iter()
        .map(|code| {
            let (flags, server_flags) = (i64::from(code.flags.0), i64::from(code.server_flags.0));
            [i64::from(code.code), flags, i64::from(code.server_code), server_flags, code.calls]
        })
        .collect();
    serde_json::json!(list).to_string()
}

fn codes_of(text: &str) -> Result<Vec<CodeCount>, Error> {
    let list: Vec<[i64; 5]> = serde_json::from_str(text).map_err(|_| Error::Value("codes"))?;
    Ok(list
        .into_iter()
        .map(|[code, flags, server_code, server_flags, calls]| CodeCount {
            code: code as u16,
            flags: Flags(flags as u32),
            server_code: server_code as u16,
            server_flags: Flags(server_flags as u32),
            calls,
        })
        .collect())
}

/// The rows of a batch of `operations_*`.
pub fn operations_from_batch(batch: &RecordBatch) -> Result<Vec<OperationRow>, Error> {
    let columns = Columns(batch);
    let (bucket, entity) = (columns.long("bucket_unix_nano")?, columns.long("entity")?);
    let (kind, status) = (columns.int("kind")?, columns.int("status")?);
    let (calls, weighted) = (columns.long("calls")?, columns.long("calls_weighted")?);
    let (errors, errors_weighted) = (columns.long("errors")?, columns.long("errors_weighted")?);
    (0..batch.num_rows())
        .map(|row| {
            Ok(OperationRow {
                bucket_ns: bucket.value(row),
                key: OperationKey {
                    entity: EntityId(entity.value(row) as u64),
                    name: columns.text("name", row)?.into(),
                    kind: SpanKind(kind.value(row)),
                    status: StatusCode(status.value(row)),
                    class: columns.word("class", row, Class::from_name)?,
                },
                sums: OperationSums {
                    calls: calls.value(row),
                    calls_weighted: weighted.value(row),
                    errors: errors.value(row),
                    errors_weighted: errors_weighted.value(row),
                    duration: columns.histogram("duration", row)?,
                    exemplar: columns.exemplar("exemplar_trace_id", "exemplar_span_id", row)?,
                },
            })
        })
        .collect()
}

/// The rows of a batch of `entities`.
pub fn entities_from_batch(batch: &RecordBatch) -> Result<Vec<EntityRow>, Error> {
    let columns = Columns(batch);
    let id = columns.long("entity")?;
    let (first, last) = (columns.long("first_seen_unix_nano")?, columns.long("last_seen_unix_nano")?);
    (0..batch.num_rows())
        .map(|row| {
            let text = |name| columns.text(name, row).map(Arc::<str>::from);
            Ok(EntityRow {
                id: EntityId(id.value(row) as u64),
                entity: Entity {
                    cluster: text("cluster")?,
                    environment: text("environment")?,
                    namespace: text("namespace")?,
                    kind: text("kind")?,
                    workload: text("workload")?,
                    service: text("service")?,
                    version: text("version")?,
                    app_group: text("app_group")?,
                },
                instance: text("instance")?,
                pod: text("pod")?,
                node: text("node")?,
                addresses: text("addresses")?,
                language: text("language")?,
                first_seen_ns: first.value(row),
                last_seen_ns: last.value(row),
            })
        })
        .collect()
}

/// The rows of a batch of `peers`.
pub fn peers_from_batch(batch: &RecordBatch) -> Result<Vec<PeerRow>, Error> {
    let columns = Columns(batch);
    let (id, port) = (columns.long("peer")?, columns.int("port")?);
    let (first, last) = (columns.long("first_seen_unix_nano")?, columns.long("last_seen_unix_nano")?);
    (0..batch.num_rows())
        .map(|row| {
            let text = |name| columns.text(name, row).map(Arc::<str>::from);
            Ok(PeerRow {
                id: PeerId(id.value(row) as u64),
                peer: Peer {
                    peer_type: columns.word("peer_type", row, PeerType::from_name)?,
                    system: text("system")?,
                    host: text("host")?,
                    port: u16::try_from(port.value(row)).map_err(|_| Error::Value("port"))?,
                    name: text("name")?,
                    extra: text("extra")?,
                },
                first_seen_ns: first.value(row),
                last_seen_ns: last.value(row),
            })
        })
        .collect()
}
