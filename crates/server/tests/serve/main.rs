//! A real server in this process, spoken to through its sockets as its clients do.

mod browser;
mod client;
mod configuration;
mod corpus;
mod grpc;
mod healing;
mod http;
mod lifecycle;
mod limits;
mod running;
mod spans;
mod tenancy;
mod tls;
