//! Where the terminal's questions go: a running server, or the folder of a stopped one.
//!
//! In: `--server URL` or `--data DIR`. Out: answers of the server's own API; for a folder the same API answers in this process, so that
//! both say the same. A failure names the cause and what to do.

use std::io::IsTerminal;
use std::path::PathBuf;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use bytes::Bytes;
use clap::{Args, ValueEnum};
use http::header::{ACCEPT, CONTENT_TYPE, HOST};
use http::{Request, StatusCode, Uri};
use http_body_util::{BodyExt, Full};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tower::ServiceExt;

use super::offline;

/// The server that is asked unless told.
const SERVER_DEFAULT: &str = "http://127.0.0.1:4300";

/// How long reaching a server may take.
const CONNECT: Duration = Duration::from_secs(5);

/// Who is asked, and how answers are printed.
#[derive(Debug, Clone, Args)]
pub struct ClientFlags {
    /// Address of a running server [default: http://127.0.0.1:4300].
    #[arg(long, value_name = "URL", conflicts_with = "data")]
    pub server: Option<String>,
    /// Folder of a stopped server, read without changing it.
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Tenant, where the server has several.
    #[arg(long, value_name = "NAME")]
    pub tenant: Option<String>,
    /// How the answer is printed.
    #[arg(long, value_enum, default_value_t = Output::Text)]
    pub output: Output,
}

/// How answers are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Output {
    /// For people.
    Text,
    /// For programs.
    Json,
}

/// Why a command failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ClientError {
    /// Cause and remedy.
    pub message: String,
    /// Whether the flags are wrong, which is exit code 2.
    pub is_usage: bool,
}

impl ClientError {
    /// Something failed.
    pub fn failed(message: impl Into<String>) -> Self {
        Self { message: message.into(), is_usage: false }
    }

    /// The flags are wrong.
    pub fn usage(message: impl Into<String>) -> Self {
        Self { message: message.into(), is_usage: true }
    }
}

/// Somebody who answers.
#[derive(Debug)]
pub struct Client {
    target: Target,
    tenant: Option<String>,
}

#[derive(Debug)]
enum Target {
    Server { base: Uri, authority: String },
    Folder(Box<Router>),
}

impl Client {
    /// Reaches who was named.
    ///
    /// # Errors
    /// When the address is none that can be used, or the folder cannot be read.
    pub async fn open(flags: &ClientFlags) -> Result<Self, ClientError> {
        let target = match &flags.data {
            Some(folder) => {
                let opened = waiting("reading the folder", offline::router(folder, flags.tenant.as_deref()));
                Target::Folder(Box::new(opened.await?))
            }
            None => server(flags.server.as_deref().unwrap_or(SERVER_DEFAULT))?,
        };
        Ok(Self { target, tenant: flags.tenant.clone() })
    }

    /// Asks with GET for JSON; `path` is the whole path with its query.
    ///
    /// # Errors
    /// When nobody answers, or with the refusal of who does.
    pub async fn get(&self, path: &str) -> Result<Value, ClientError> {
        let asked = self.ask(Request::get(path), "application/json", Bytes::new());
        let bytes = waiting("asking", asked).await?;
        serde_json::from_slice(&bytes)
            .map_err(|error| ClientError::failed(format!("the answer is no JSON: {error}")))
    }

    /// Posts JSON and gives the body in the content type asked for.
    ///
    /// # Errors
    /// As [`Client::get`].
    pub async fn post(&self, path: &str, body: &Value, accept: &str) -> Result<Bytes, ClientError> {
        let request = Request::post(path).header(CONTENT_TYPE, "application/json");
        waiting("asking", self.ask(request, accept, body.to_string().into())).await
    }

    async fn ask(
        &self,
        request: http::request::Builder,
        accept: &str,
        body: Bytes,
    ) -> Result<Bytes, ClientError> {
        let mut request = request.header(ACCEPT, accept);
        if let Some(tenant) = &self.tenant {
            request = request.header("X-Scope-OrgID", tenant);
        }
        let wrong = |error: http::Error| ClientError::usage(error.to_string());
        let (status, bytes) = match &self.target {
            Target::Folder(router) => {
                let request = request.body(Body::from(body)).map_err(wrong)?;
                let Ok(response) = (**router).clone().oneshot(request).await;
                let status = response.status();
                let bytes = response.into_body().collect().await;
                (status, bytes.map_err(|error| ClientError::failed(cut(&error)))?.to_bytes())
            }
            Target::Server { base, authority } => {
                let request = request.header(HOST, authority).body(Full::new(body)).map_err(wrong)?;
                exchange(base, authority, request).await?
            }
        };
        if status.is_success() { Ok(bytes) } else { Err(refused(status, &bytes)) }
    }
}

/// Says on a terminal each second how long it has taken so far.
async fn waiting<T>(what: &str, work: impl Future<Output = T>) -> T {
    if !std::io::stderr().is_terminal() {
        return work.await;
    }
    let mut work = std::pin::pin!(work);
    for seconds in 1.. {
        match tokio::time::timeout(Duration::from_secs(1), &mut work).await {
            Ok(done) => {
                if seconds > 1 {
                    eprint!("\r\x1b[K");
                }
                return done;
            }
            Err(_) => eprint!("\r\x1b[K{what}: {seconds} s "),
        }
    }
    work.await
}

fn server(url: &str) -> Result<Target, ClientError> {
    let whole = if url.contains("://") { url.to_owned() } else { format!("http://{url}") };
    let base: Uri = whole.parse().map_err(|error| {
        ClientError::usage(format!("`--server {url}` is no address: {error}; write it like {SERVER_DEFAULT}"))
    })?;
    match (base.scheme_str(), base.authority()) {
        (Some("http"), Some(authority)) => {
            let authority = authority.to_string();
            Ok(Target::Server { base, authority })
        }
        _ => Err(ClientError::usage(format!(
            "`--server {url}` is no http address; write it like {SERVER_DEFAULT}, or ask on the server's own machine"
        ))),
    }
}

/// One request on a connection of its own.
async fn exchange(
    base: &Uri,
    authority: &str,
    mut request: Request<Full<Bytes>>,
) -> Result<(StatusCode, Bytes), ClientError> {
    let prefix = base.path().trim_end_matches('/');
    if !prefix.is_empty() {
        let path = format!("{prefix}{}", request.uri());
        *request.uri_mut() =
            path.parse().map_err(|error| ClientError::usage(format!("`{path}` is no path: {error}")))?;
    }
    let host = base.host().unwrap_or_default().trim_matches(['[', ']']);
    let address = (host.to_owned(), base.port_u16().unwrap_or(80));
    let unreachable = |cause: String| {
        ClientError::failed(format!(
            "no server answers at http://{authority} ({cause}); start one with `throughline serve`, name another with \
             `--server URL`, or read the folder of a stopped one with `--data DIR`"
        ))
    };
    let connected = tokio::time::timeout(CONNECT, tokio::net::TcpStream::connect(address)).await;
    let socket = match connected {
        Ok(Ok(socket)) => socket,
        Ok(Err(error)) => return Err(unreachable(error.to_string())),
        Err(_) => return Err(unreachable(format!("nothing within {} s", CONNECT.as_secs()))),
    };
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(socket))
        .await
        .map_err(|error| unreachable(error.to_string()))?;
    // The connection ends with the exchange; what went wrong is told by the request's own error.
    let driver = tokio::spawn(connection);
    let response = sender.send_request(request).await.map_err(|error| unreachable(error.to_string()))?;
    let status = response.status();
    let bytes = response.into_body().collect().await.map_err(|error| ClientError::failed(cut(&error)))?;
    drop(sender);
    driver.abort();
    Ok((status, bytes.to_bytes()))
}

fn cut(error: &dyn std::fmt::Display) -> String {
    format!(
        "the answer was cut off ({error}); the server ran into a limit or stopped: ask for less, or again"
    )
}

/// The words of a refusal.
fn refused(status: StatusCode, body: &[u8]) -> ClientError {
    let envelope: Value = serde_json::from_slice(body).unwrap_or_default();
    let part = |name: &str| envelope.get("error")?.get(name)?.as_str().filter(|text| !text.is_empty());
    let message = match (part("message"), part("remedy")) {
        (Some(message), Some(remedy)) => format!("{message}; {remedy}"),
        (Some(message), None) => message.to_owned(),
        _ => {
            let text = String::from_utf8_lossy(body);
            let first: String = text.lines().next().unwrap_or_default().chars().take(200).collect();
            format!("the server answered {status}: {first}; is it a throughline of this version?")
        }
    };
    ClientError::failed(message)
}

/// A path or query value with its special signs escaped.
pub fn escaped(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>().replace('+', "%20")
}
