//! `GET`, `PUT /api/v1/topology/rules` and `POST /api/v1/topology/rules/test`: the rules that name hosts.

use std::sync::Arc;

use api::topology::{PeerName, RuleUse, Rules, RulesDraft, RulesProblem, RulesTest};
use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::IntoResponse;
use http::{Response, StatusCode};
use http_body_util::{BodyExt, Limited};
use model::TenantId;
use topology::names::rules::Problem;
use topology::names::{HostCalls, Names, dry_run, rule_use};
use topology::view::MapRequest;

use super::error::json;
use super::{Api, ApiError};
use crate::map::book::RuleError;
use crate::map::facts::Wanted;

/// Largest text of rules.
const BODY_BYTES_MAX: usize = 2 << 20;

/// How far back a draft is tried.
const LOOK_BACK_NS: i64 = 86_400_000_000_000;

/// Hosts that are listed.
const HOSTS_MAX: usize = 1_000;

/// The rules in force.
pub(super) async fn read(State(api): State<Arc<Api>>, request: Request) -> Response<Body> {
    let (parts, _) = request.into_parts();
    match in_force(&api, &api.tenant(&parts)).await {
        Ok(rules) => json(StatusCode::OK, &rules),
        Err(error) => error.into_response(),
    }
}

/// Puts rules in force.
pub(super) async fn write(State(api): State<Arc<Api>>, request: Request) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let tenant = api.tenant(&parts);
    let draft = match draft(body).await {
        Ok(draft) => draft,
        Err(error) => return error.into_response(),
    };
    match api.settings.map.book.put(&draft.yaml, draft.based_on) {
        Ok(_) => match in_force(&api, &tenant).await {
            Ok(rules) => json(StatusCode::OK, &rules),
            Err(error) => error.into_response(),
        },
        Err(RuleError::Wrong(problems)) => {
            let problems = problems.iter().map(problem).collect();
            let test = RulesTest { problems, changed: Vec::new(), unnamed: Vec::new(), rules: Vec::new() };
            json(StatusCode::BAD_REQUEST, &test)
        }
        Err(RuleError::Changed { revision }) => {
            let error = ApiError::invalid(
                format!("revision {revision} is in force, and the draft is based on another"),
                "read the rules again and put the change into them",
            );
            json(StatusCode::CONFLICT, &error.envelope())
        }
        Err(RuleError::File(message)) => ApiError {
            kind: stdx::Kind::Unavailable,
            message,
            remedy: "nothing changed; try again".to_owned(),
        }
        .into_response(),
    }
}

/// Tries rules.
pub(super) async fn test(State(api): State<Arc<Api>>, request: Request) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let tenant = api.tenant(&parts);
    let work = async {
        let draft = draft(body).await?;
        let hosts = hosts(&api, &tenant).await?;
        let now = api.settings.map.book.names();
        Ok(match api.settings.map.book.draft(&draft.yaml) {
            Ok(names) => RulesTest {
                problems: Vec::new(),
                changed: changed(&now, &names, &hosts),
                unnamed: unnamed(&names, &hosts),
                rules: uses(&names, &hosts),
            },
            Err(problems) => RulesTest {
                problems: problems.iter().map(problem).collect(),
                changed: Vec::new(),
                unnamed: unnamed(&now, &hosts),
                rules: uses(&now, &hosts),
            },
        })
    };
    match work.await {
        Ok(test) => json(StatusCode::OK, &test),
        Err(error) => ApiError::into_response(error),
    }
}

async fn draft(body: Body) -> Result<RulesDraft, ApiError> {
    let bytes = Limited::new(body, BODY_BYTES_MAX).collect().await.map_err(|error| {
        ApiError::invalid(format!("the body was not read: {error}"), "send at most 2 MiB")
    })?;
    serde_json::from_slice(&bytes.to_bytes()).map_err(|error| {
        ApiError::invalid(format!("the body is no draft: {error}"), "send {\"yaml\": \"...\"}")
    })
}

async fn in_force(api: &Api, tenant: &TenantId) -> Result<Rules, ApiError> {
    let state = api.settings.map.book.state();
    let hosts = hosts(api, tenant).await?;
    Ok(Rules {
        revision: state.revision,
        yaml: state.text,
        rules: uses(&api.settings.map.book.names(), &hosts),
        problems: state.problems.iter().map(|(_, found)| problem(found)).collect(),
    })
}

/// Hosts that were called in the last day and are no service of ours.
async fn hosts(api: &Api, tenant: &TenantId) -> Result<Vec<HostCalls>, ApiError> {
    let now = api.now();
    let request = MapRequest { from_ns: now - LOOK_BACK_NS, to_ns: now, ..MapRequest::default() };
    let facts = api.facts(tenant, (request.from_ns, request.to_ns), Wanted::Edges).await?;
    let drawn = topology::view::draw(&request, &facts.map());
    let named = drawn.nodes.iter().filter(|node| !node.instrumented).flat_map(|node| &node.hosts);
    let mut hosts: Vec<HostCalls> = named
        .map(|host| {
            let (name, port) = match host.host.rsplit_once(':') {
                Some((name, port)) if port.parse::<u16>().is_ok() => (name, port.parse().ok()),
                _ => (host.host.as_str(), None),
            };
            HostCalls { host: name.to_owned(), port, namespace: String::new(), calls: host.calls }
        })
        .collect();
    hosts.sort_by(|a, b| (b.calls, &a.host).cmp(&(a.calls, &b.host)));
    Ok(hosts)
}

fn shown(host: &HostCalls) -> String {
    host.port.map_or_else(|| host.host.clone(), |port| format!("{}:{port}", host.host))
}

fn changed(now: &Names, names: &Names, hosts: &[HostCalls]) -> Vec<PeerName> {
    let rows = dry_run(now, names, hosts).into_iter().take(HOSTS_MAX);
    rows.map(|row| PeerName {
        host: shown(&row.host),
        calls: row.host.calls,
        before: row.name_before.unwrap_or_default(),
        after: row.name_after.unwrap_or_default(),
    })
    .collect()
}

fn unnamed(names: &Names, hosts: &[HostCalls]) -> Vec<PeerName> {
    let nameless = hosts.iter().filter(|host| {
        let ask = topology::names::Ask { host: &host.host, port: host.port, namespace: &host.namespace };
        names.find(ask).is_none()
    });
    let row = |host: &HostCalls| PeerName {
        host: shown(host),
        calls: host.calls,
        before: String::new(),
        after: String::new(),
    };
    nameless.take(HOSTS_MAX).map(row).collect()
}

fn uses(names: &Names, hosts: &[HostCalls]) -> Vec<RuleUse> {
    let rules = &names.rules().externals;
    rule_use(names, hosts)
        .into_iter()
        .zip(rules)
        .map(|(used, rule)| RuleUse {
            name: used.name,
            source: "rule".to_owned(),
            kind: rule.kind.word().to_owned(),
            matches: rule.patterns.iter().map(|(text, _)| text.clone()).collect(),
            calls: used.calls,
            hosts: used.hosts as u64,
            shadowed_by: used.shadowed_by.unwrap_or_default(),
        })
        .collect()
}

fn problem(found: &Problem) -> RulesProblem {
    RulesProblem {
        line: u32::try_from(found.line).unwrap_or(0),
        column: u32::try_from(found.column).unwrap_or(0),
        message: found.message.clone(),
        remedy: found.remedy.clone(),
    }
}
