//! Parameters of Tempo's calls for one trace.
//!
//! In: the id in the path and the query. Out: typed values or Tempo's error text. Range and mode say where Tempo
//! looks; one store answers here, so they are read for their errors only. A filter `q` is ignored, as Tempo 3.0 does.

use model::TraceId;
use stdx::go::number::parse_int;

use crate::api::params::Params;

/// Where Tempo may be told to look.
const MODES: [&str; 4] = ["all", "blocks", "ingesters", "external"];

/// What is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ByIdParams {
    /// The trace.
    pub trace_id: TraceId,
    /// Where to look, `all` unless told.
    pub mode: String,
    /// First second of the range, zero for none.
    pub start_s: i64,
    /// Last second of the range, zero for none.
    pub end_s: i64,
}

impl ByIdParams {
    /// From the id as written and the query.
    pub fn read(id: &str, params: &Params) -> Result<Self, String> {
        let trace_id = trace_id(id)?;
        let mode = match params.first("mode") {
            "" => "all",
            mode => mode,
        };
        if !MODES.contains(&mode) {
            return Err(format!("invalid value for mode {mode}"));
        }
        let (start_s, end_s) = (seconds(params, "start")?, seconds(params, "end")?);
        if start_s != 0 && end_s != 0 && end_s <= start_s {
            return Err(format!(
                "http parameter start must be before end. received start={start_s} end={end_s}"
            ));
        }
        Ok(Self { trace_id, mode: mode.to_owned(), start_s, end_s })
    }
}

fn seconds(params: &Params, name: &str) -> Result<i64, String> {
    match params.first(name) {
        "" => Ok(0),
        text => parse_int(text, 10, 64).map_err(|error| format!("invalid {name}: {error}")),
    }
}

/// Up to 32 hexadecimal digits in either case, padded with zeros on the left.
fn trace_id(text: &str) -> Result<TraceId, String> {
    if let Some((at, c)) = text.char_indices().find(|(_, c)| !c.is_ascii_hexdigit()) {
        return Err(format!(
            "trace IDs can only contain hex characters: invalid character '{c}' at position {}",
            at + 1
        ));
    }
    if text.len() > 32 {
        return Err("trace IDs can't be larger than 128 bits".to_owned());
    }
    TraceId::from_hex(&format!("{text:0>32}"))
        .ok_or_else(|| "trace IDs can only contain hex characters".to_owned())
}
