//! What a listener serves: OTLP everywhere it can be meant, the dialects at their roots or prefixes, the own pages on `main`.
//!
//! In: requests of any listener. Out: the answer of whoever is meant. Health, metrics and the page answer before the store is
//! open; what reads the store says 503 until then.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::Body;
use http::header::{CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderValue, Method, Request, Response, StatusCode};
use model::{Span, TenantId, TimeNs};
use query::Engine;
use query::source::TraceSource;
use tower::ServiceExt;

use super::folder::Folder;
use super::listen::Listener;
use crate::api::{jaeger, tempo, v1};
use crate::page;
use crate::receive::http::plain;
use crate::receive::path::{self, Meant};
use crate::receive::refusal::Refusal;
use crate::receive::{self, Sender};
use crate::selfmon::{Phase, metrics};
use crate::shared::Shared;
use crate::ui;

/// What one listener serves.
pub struct Service {
    shared: Arc<Shared>,
    listener: Listener,
    /// What a question in SQL may cost; its memory is shared by all questions.
    sql: query::sql::Limits,
    /// Routers by tenant; each sees the data of its own alone.
    routers: Mutex<HashMap<TenantId, Router>>,
}

impl fmt::Debug for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Service").field("listener", &self.listener).finish_non_exhaustive()
    }
}

/// The service of a listener.
pub fn service(shared: &Arc<Shared>, listener: Listener) -> Arc<Service> {
    let sql = query::sql::Limits::standard(Some(Folder::spill(&shared.config.data_dir)));
    Arc::new(Service { shared: Arc::clone(shared), listener, sql, routers: Mutex::default() })
}

impl Service {
    /// Answers a request.
    pub async fn answer(&self, sender: Sender, request: Request<Body>) -> Response<Body> {
        if request.version() == http::Version::HTTP_2 && receive::grpc::is_grpc(request.headers()) {
            return receive::grpc::answer(&self.shared, sender, request).await;
        }
        if let Some(meant) = self.otlp(&request) {
            return receive::http::answer(&self.shared, sender, meant, request).await;
        }
        match self.listener {
            Listener::OtlpGrpc | Listener::OtlpHttp => self.not_otlp(sender, &request),
            Listener::Main => match self.own(&request) {
                Some(response) => response,
                None => self.read(request).await,
            },
            Listener::Jaeger | Listener::Tempo => self.read(request).await,
        }
    }

    /// What of OTLP is meant, if anything. On listeners of others only the exact path counts, and on `main` the root is OTLP
    /// only when something is posted there.
    fn otlp(&self, request: &Request<Body>) -> Option<Meant> {
        let path = request.uri().path();
        let posts = request.method() == Method::POST || request.method() == Method::OPTIONS;
        match path::meant(path, request.uri().query().is_some()) {
            Meant::Nothing => None,
            Meant::Root => {
                let is_otlp = matches!(self.listener, Listener::OtlpGrpc | Listener::OtlpHttp);
                (posts && (is_otlp || self.listener == Listener::Main)).then_some(Meant::Root)
            }
            Meant::Signal { signal, .. } if !self.listener.is_for_otlp() => (posts
                && path::exact(path).is_some())
            .then_some(Meant::Signal { signal, healed: Some("port") }),
            meant => Some(meant),
        }
    }

    /// Somebody looks at an OTLP port.
    fn not_otlp(&self, sender: Sender, request: &Request<Body>) -> Response<Body> {
        if request.method() == Method::POST {
            self.shared.monitor.count_refused(None, model::DropReason::UnknownPath);
            let path: String = request.uri().path().chars().take(100).collect();
            if self.shared.monitor.told.is_due("unknown path", sender.peer.ip()) {
                tracing::warn!(peer = %sender.peer, listener = self.listener.name(), path,
                    "something was posted to a path at which nothing is; OTLP goes to /v1/traces");
            }
        }
        let main = self.shared.addresses.get(&Listener::Main).map_or(String::new(), ToString::to_string);
        plain(
            StatusCode::NOT_FOUND,
            format!(
                "404 nothing is here: this port takes OTLP at /v1/traces and by gRPC; the server's page is at http://{main}/\n"
            ),
        )
    }

    /// Pages of `main` that need no store.
    fn own(&self, request: &Request<Body>) -> Option<Response<Body>> {
        if !matches!(*request.method(), Method::GET | Method::HEAD) {
            return None;
        }
        let response = match request.uri().path() {
            "/" if !ui::is_built() => page::answer(&self.shared, request.headers()),
            "/metrics" => {
                let mut response = Response::new(Body::from(metrics::text(&self.shared)));
                response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(metrics::CONTENT_TYPE));
                response
            }
            "/healthz" => plain(StatusCode::OK, "ok\n"),
            "/readyz" => match self.shared.monitor.phase() {
                Phase::Ready => plain(StatusCode::OK, "ready\n"),
                phase => not_open(phase),
            },
            path => ui::answer(path, request.headers())?,
        };
        Some(if request.method() == Method::HEAD { response.map(|_| Body::empty()) } else { response })
    }

    /// What reads the store.
    async fn read(&self, request: Request<Body>) -> Response<Body> {
        let tenant = match receive::tenant::named(&self.shared, request.headers()) {
            Ok(tenant) => tenant,
            Err(message) => return plain(StatusCode::BAD_REQUEST, format!("{message}\n")),
        };
        let Some(router) = self.router(&tenant) else { return not_open(self.shared.monitor.phase()) };
        match router.oneshot(request).await {
            Ok(response) => response,
            Err(never) => match never {},
        }
    }

    /// The router of a tenant; `None` while the store is not open.
    fn router(&self, tenant: &TenantId) -> Option<Router> {
        let store = self.shared.store()?;
        let mut routers = self.routers.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(router) = routers.get(tenant) {
            return Some(router.clone());
        }
        let router = self.made(tenant, Engine::new(store.clone()));
        // Readers may ask for tenants that do not exist; only so many are kept.
        if routers.len() < self.shared.config.tenancy.tenants_max {
            routers.insert(tenant.clone(), router.clone());
        }
        Some(router)
    }

    fn listeners(&self) -> Vec<(String, std::net::SocketAddr)> {
        self.shared.addresses.iter().map(|(listener, at)| (listener.name().to_owned(), *at)).collect()
    }

    fn made(&self, tenant: &TenantId, engine: Engine) -> Router {
        let source: Arc<dyn TraceSource> = Arc::new(engine.clone());
        let settings = || {
            let limits = self.shared.config.store.limits;
            jaeger::Settings {
                tenant: tenant.clone(),
                clock: Arc::clone(&self.shared.clock),
                read_otlp_json: Arc::new(move |body: &[u8]| read_otlp_json(body, &limits)),
            }
        };
        match self.listener {
            Listener::Jaeger => jaeger::router(source, settings()),
            Listener::Tempo => tempo::router(source, tenant.clone()),
            Listener::Main | Listener::OtlpGrpc | Listener::OtlpHttp => Router::new()
                .merge(jaeger::nested("/jaeger", Arc::clone(&source), settings()))
                .nest("/tempo", tempo::router(source, tenant.clone()))
                .merge(v1::router(
                    engine,
                    v1::Settings {
                        tenant: tenant.clone(),
                        clock: Arc::clone(&self.shared.clock),
                        sql: self.sql.clone(),
                        map: Arc::clone(&self.shared.map),
                        listeners: self.listeners(),
                    },
                ))
                .merge(v1::stages::router(Arc::clone(&self.shared), tenant.clone())),
        }
    }
}

/// The spans of an OTLP/JSON body.
fn read_otlp_json(body: &[u8], limits: &decode::Limits) -> Result<Vec<Span>, String> {
    let body = bytes::Bytes::copy_from_slice(body);
    let batch = decode::request::traces(decode::request::Format::Json, body, TimeNs(0), limits)
        .map_err(|error| error.to_string())?
        .batch;
    let mut reader = model::span_rows::read::SpanReader::new(&batch).map_err(|error| error.to_string())?;
    (0..batch.num_rows()).map(|row| reader.span(row).map_err(|error| error.to_string())).collect()
}

fn not_open(phase: Phase) -> Response<Body> {
    let refusal = Refusal::not_open(phase);
    let mut response = plain(refusal.status, format!("{}\n", refusal.message));
    if let Some(seconds) = refusal.retry_after_s {
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}
