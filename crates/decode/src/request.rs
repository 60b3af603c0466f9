//! One request in either format of OTLP. In: the decompressed body and its format. Out: the same batch,
//! since JSON is turned into protobuf first.

use bytes::Bytes;
use model::TimeNs;

use crate::{Limits, Malformed, SpanBatch, otlp, otlp_json};

/// How a body is written, and how its answer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// `application/x-protobuf`, and every gRPC message.
    Protobuf,
    /// `application/json`.
    Json,
}

impl Format {
    /// The format of a `Content-Type`, whatever its parameters; `None` for every other type.
    pub fn of_content_type(value: &str) -> Option<Self> {
        let essence = value.split(';').next().unwrap_or_default().trim();
        let is = |name: &str| essence.eq_ignore_ascii_case(name);
        if is("application/x-protobuf") || is("application/protobuf") {
            Some(Self::Protobuf)
        } else if is("application/json") {
            Some(Self::Json)
        } else {
            None
        }
    }

    /// The `Content-Type` of an answer.
    pub const fn content_type(self) -> &'static str {
        match self {
            Self::Protobuf => "application/x-protobuf",
            Self::Json => "application/json",
        }
    }
}

/// Reads the spans of a request received at `received`; see [`otlp::traces`] and [`otlp_json`].
pub fn traces(
    format: Format,
    body: Bytes,
    received: TimeNs,
    limits: &Limits,
) -> Result<SpanBatch, Malformed> {
    match format {
        Format::Protobuf => otlp::traces(body, received, limits),
        Format::Json => {
            let made = otlp_json::traces_to_protobuf(&body, limits)?;
            let mut batch = otlp::traces(made.protobuf.into(), received, limits)?;
            batch.unknown_fields += made.unknown_fields;
            batch.repaired_texts += made.repaired_texts;
            Ok(batch)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_types() {
        let format = Format::of_content_type;
        assert_eq!(format("application/x-protobuf"), Some(Format::Protobuf));
        assert_eq!(format("Application/JSON; charset=utf-8"), Some(Format::Json));
        assert_eq!(format("application/protobuf"), Some(Format::Protobuf));
        assert_eq!(format("text/plain"), None);
        assert_eq!(format(""), None);
    }
}
