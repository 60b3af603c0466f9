//! How a half ended, what was spoken, over what, and what was asked.

use std::borrow::Cow;

use model::StatusCode;

use super::slots::{Slot, Slots};
use crate::call_fact::{Flags, Outcome, Protocol, Role, Security};

/// gRPC's status names in the order of their numbers.
const GRPC_NAMES: [&str; 17] = [
    "OK",
    "CANCELLED",
    "UNKNOWN",
    "INVALID_ARGUMENT",
    "DEADLINE_EXCEEDED",
    "NOT_FOUND",
    "ALREADY_EXISTS",
    "PERMISSION_DENIED",
    "RESOURCE_EXHAUSTED",
    "FAILED_PRECONDITION",
    "ABORTED",
    "OUT_OF_RANGE",
    "UNIMPLEMENTED",
    "INTERNAL",
    "UNAVAILABLE",
    "DATA_LOSS",
    "UNAUTHENTICATED",
];

/// What was spoken.
pub fn protocol(role: Role, slots: &Slots<'_>) -> Protocol {
    if slots.has(Slot::DbSystem) || slots.has(Slot::DbType) {
        return Protocol::Database;
    }
    if slots.has(Slot::MessagingSystem) || matches!(role, Role::Producer | Role::Consumer) {
        return Protocol::Messaging;
    }
    if slots.text(Slot::RpcSystem).is_some_and(|system| &**system == "grpc")
        || slots.has(Slot::GrpcStatus)
        || slots.has(Slot::GrpcPath)
    {
        return Protocol::Grpc;
    }
    let http = [Slot::HttpMethod, Slot::HttpStatus, Slot::HttpRoute, Slot::UrlFull, Slot::HttpTarget];
    if slots.has(Slot::RpcSystem) {
        return Protocol::Rpc;
    }
    if http.into_iter().any(|slot| slots.has(slot)) { Protocol::Http } else { Protocol::Other }
}

/// Encrypted or not.
pub fn security(slots: &Slots<'_>) -> Security {
    if slots.has(Slot::TlsClient) {
        return Security::Mtls;
    }
    if slots.has(Slot::TlsProtocol) || slots.int(Slot::ServerPort) == Some(443) {
        return Security::Tls;
    }
    let url = slots.text(Slot::UrlFull).and_then(|url| url.split_once("://")).map(|(scheme, _)| scheme);
    match slots.text(Slot::UrlScheme).map(|text| &**text).or(url) {
        Some("https" | "wss") => Security::Tls,
        Some("http" | "ws") => Security::Plain,
        _ => Security::Unknown,
    }
}

/// Code, flags and whether it failed.
pub fn outcome(protocol: Protocol, status: StatusCode, slots: &Slots<'_>) -> Outcome {
    let failed = status == StatusCode::ERROR;
    let http =
        slots.int(Slot::HttpStatus).filter(|code| (100..=599).contains(code)).map_or(0, |code| code as u16);
    let code = match protocol {
        Protocol::Grpc => grpc_code(slots).map_or(0, |code| code + 1),
        Protocol::Database => 0,
        _ => http,
    };
    let error = match (protocol, code) {
        (_, 0) => failed,
        (Protocol::Grpc, code) => code != 1,
        (_, code) => code >= 400,
    };
    let flags = match slots.text(Slot::ResponseFlags) {
        Some(text) => Flags::parse(text),
        None if failed => slots.text(Slot::ErrorType).map_or(Flags::default(), |text| inferred_flags(text)),
        None => Flags::default(),
    };
    Outcome { code, flags, error }
}

fn grpc_code(slots: &Slots<'_>) -> Option<u16> {
    [Slot::RpcStatus, Slot::GrpcStatus].into_iter().find_map(|slot| {
        let number = slots.int(slot).filter(|code| (0..=16).contains(code)).map(|code| code as u16);
        number.or_else(|| {
            let name = slots.text(slot)?;
            GRPC_NAMES.iter().position(|known| name.eq_ignore_ascii_case(known)).map(|code| code as u16)
        })
    })
}

fn inferred_flags(error_type: &str) -> Flags {
    let text = error_type.to_ascii_lowercase();
    let has = |words: &[&str]| words.iter().any(|word| text.contains(word));
    if has(&["timeout", "timedout", "timed_out", "deadline"]) {
        Flags::inferred("UT")
    } else if has(&["refused", "connecterror", "connectionerror", "unreachable"]) {
        Flags::inferred("UF")
    } else if has(&["reset", "disconnected", "brokenpipe", "epipe"]) {
        Flags::inferred("UC")
    } else if has(&["dns", "gaierror", "enotfound", "name_not_resolved"]) {
        Flags::inferred("UH")
    } else if has(&["cancel", "abort"]) {
        Flags::inferred("DC")
    } else {
        Flags::default()
    }
}

/// Bytes of request and response.
pub fn sizes(slots: &Slots<'_>) -> Option<(u32, u32)> {
    let of = |first, second, third| {
        [first, second, third].into_iter().find_map(|slot| slots.int(slot).filter(|size| *size >= 0))
    };
    let request = of(Slot::RequestSize, Slot::EnvoyRequestSize, Slot::MessageSize);
    let response = of(Slot::ResponseSize, Slot::EnvoyResponseSize, Slot::ResponseSize);
    let clamp = |size: Option<i64>| u32::try_from(size.unwrap_or(0)).unwrap_or(u32::MAX);
    (request.is_some() || response.is_some()).then(|| (clamp(request), clamp(response)))
}

/// Whether it repeats an earlier attempt.
pub fn retry(slots: &Slots<'_>) -> bool {
    [Slot::ResendCount, Slot::RetryCount]
        .into_iter()
        .any(|slot| slots.int(slot).is_some_and(|count| count > 0))
}

/// What was asked: of few different texts only.
pub fn operation<'a>(role: Role, protocol: Protocol, slots: &Slots<'a>) -> Cow<'a, str> {
    let joined = |a: Option<&Cow<'a, str>>, between: &str, b: Option<&Cow<'a, str>>| match (a, b) {
        (Some(a), Some(b)) => Cow::Owned(format!("{a}{between}{b}")),
        (Some(a), None) | (None, Some(a)) => a.clone(),
        (None, None) => Cow::Borrowed(""),
    };
    match protocol {
        Protocol::Database => match slots.text(Slot::DbOperation) {
            Some(operation) => joined(Some(operation), " ", slots.text(Slot::DbCollection)),
            None => first_word(slots.text(Slot::DbStatement)),
        },
        Protocol::Messaging => {
            let operation = slots.text(Slot::MessagingOperation).or(slots.text(Slot::MessagingOperationName));
            let group = slots.text(Slot::MessagingGroup).filter(|_| role == Role::Consumer);
            joined(operation, " ", group)
        }
        Protocol::Grpc | Protocol::Rpc => {
            let told = joined(slots.text(Slot::RpcService), "/", slots.text(Slot::RpcMethod));
            if told.is_empty() { slots.text(Slot::GrpcPath).cloned().unwrap_or_default() } else { told }
        }
        _ => {
            let route = if role.serves() { Slot::HttpRoute } else { Slot::UrlTemplate };
            joined(slots.text(Slot::HttpMethod), " ", slots.text(route))
        }
    }
}

/// The verb of a statement, in upper case, if it looks like one.
fn first_word<'a>(statement: Option<&Cow<'a, str>>) -> Cow<'a, str> {
    let Some(statement) = statement else { return Cow::Borrowed("") };
    let word = statement.trim_start().split(|c: char| !c.is_ascii_alphanumeric() && c != '_').next();
    match word {
        Some(word) if (1..=32).contains(&word.len()) => Cow::Owned(word.to_ascii_uppercase()),
        _ => Cow::Borrowed(""),
    }
}
