//! Taking telemetry from any sender: sockets, protocols, limits, and the answer.
//!
//! In: connections. Out: requests to the store as received, still compressed, and the receipts or refusals as the sender's
//! protocol writes them. The path of a request: [`accept`] takes the connection, [`connection`] tells its protocol by the
//! first bytes and watches its pace, [`path`] says what is meant, [`http`] or [`grpc`] take the frame off, [`body`] reads
//! within the limits of [`budget`], [`append`] hands it to the store, [`refusal`] says no.

pub mod accept;
pub mod append;
pub mod body;
pub mod budget;
pub mod connection;
pub mod cors;
pub mod first_bytes;
pub mod grpc;
pub mod guess;
pub mod http;
pub mod pace;
pub mod path;
pub mod refusal;
pub mod tenant;
pub mod tls;

use std::net::SocketAddr;

use crate::wiring::listen::Listener;

/// From where a request came.
#[derive(Debug, Clone, Copy)]
pub struct Sender {
    /// The other end.
    pub peer: SocketAddr,
    /// The listener that took the connection.
    pub listener: Listener,
}
