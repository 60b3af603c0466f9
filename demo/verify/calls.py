"""Who called whom, computed twice without Throughline's map: from the spans, and from what the driver did.

In: spans; the driver's actions. Out: counts by (source, target). A target is `service NAME`, `host NAME`, `SYSTEM HOST:PORT` or
`topic NAME`. Health checks, connections and polls are no traffic.
"""
from collections import Counter, defaultdict

from verify.rows import CLIENT, CONSUMER, PRODUCER, SERVER

TOKEN_HOST = {"google": "oauth2.googleapis.com", "kakao": "kauth.kakao.com", "naver": "nid.naver.com"}
PERSON_HOST = {"google": "openidconnect.googleapis.com", "kakao": "kapi.kakao.com", "naver": "openapi.naver.com"}
S3, CLOUDFRONT, OPENAI = "growbin-images.s3.ap-northeast-2.amazonaws.com", "d3growbinimages.cloudfront.net", "api.openai.com"
TOPIC = "topic api-logs"


def is_setup(span):
    """SQLAlchemy makes a span for each connection that it takes from the pool."""
    return bool(span.db) and not span.statement and span.name == "connect"


def from_spans(spans):
    """Calls and errors by edge, as the caller saw them."""
    calls, errors = Counter(), Counter()
    for span in spans:
        edge = edge_of(spans, span)
        if edge is not None:
            calls[edge] += 1
            errors[edge] += span.failed
    return calls, errors


def edge_of(spans, span):
    if span.kind == CLIENT and span.db:
        return None if is_setup(span) else (f"service {span.service}", f"{span.db} {span.host}:{span.port}")
    if span.kind == CLIENT:
        answered = [child for child in spans.below(span, kind=SERVER) if child.service != span.service]
        return (f"service {span.service}", f"service {answered[0].service}" if answered else f"host {span.url_host}")
    if span.kind == PRODUCER:
        return (f"service {span.service}", f"topic {span.topic}")
    # Older instrumentations make a second consumer span, `recv`, that names no topic.
    if span.kind == CONSUMER and span.topic:
        return (f"topic {span.topic}", f"service {span.service}")
    return None


def addresses(spans):
    """Which stores a service calls, so that the driver's side need not know ports."""
    found = defaultdict(set)
    for span in spans:
        if span.kind == CLIENT and span.db:
            found[f"service {span.service}", span.db].add(f"{span.db} {span.host}:{span.port}")
    return found


def calls_of_step(action, step):
    """What one step makes the systems do: (service that calls, what, how often). Unknown steps are an error of this table."""
    service, route, status = step["service"], step["route"], step["status"]
    name = action["action"]
    if service == "gateway":
        behind = "auth-api" if route.startswith("/auth/") else "chat-api"
        return [("gateway", f"service {behind}", 1), *behind_gateway(name, step["method"], route, status, step.get("cached"))]
    own = [(service, "redis", 2), (service, TOPIC, 1), (TOPIC, "service log-reader", 1), ("log-reader", "redis", 2)]
    match (step["method"], route, status):
        case ("GET", "/", 200) | ("GET", "/page/<name>", 200):
            return []
        case ("POST", "/api/register", 201) | ("POST", "/api/login", 200 | 401) | ("GET", "/api/db/messages", 200):
            return [*own, (service, "mysql", 1)]
        case ("GET", "/api/db/broken", 500):
            return [*own, (service, "mysql", 1)]
        case ("POST", "/api/db/message", 201):
            return [*own, (service, "mysql", 1), (service, "redis", 1)]
        case ("POST", "/api/db/message", 401):
            return own
        case ("GET", "/api/logs/kafka" | "/api/logs/redis", 200):
            return [*own, (service, "redis", 1)]
    raise KeyError(f"{name}: {step}")


def behind_gateway(name, method, route, status, cached):
    match (method, route, status):
        case ("GET", "/auth/login/:provider", 302):
            return [("auth-api", "redis", 1)]
        case ("GET", "/auth/callback/:provider", 200):
            provider = name.removeprefix("login-")
            return [("auth-api", "redis", 2), ("auth-api", "postgresql", 1), ("auth-api", f"host {TOKEN_HOST[provider]}", 1),
                    ("auth-api", f"host {PERSON_HOST[provider]}", 1)]
        case ("POST", "/api/v1/chat/messages", 200) if cached:
            return [("chat-api", "redis", 2), ("chat-api", "postgresql", 1)]
        case ("POST", "/api/v1/chat/messages", 200):
            return [("chat-api", "redis", 3), ("chat-api", "postgresql", 1), ("chat-api", f"host {OPENAI}", 1)]
        case ("POST", "/api/v1/chat/messages", 500):
            return [("chat-api", "redis", 2)]
        case ("POST", "/api/v1/chat/messages", 401):
            return [("chat-api", "redis", 1)]
        case ("GET", "/api/v1/chat/messages", 200):
            return [("chat-api", "redis", 1), ("chat-api", "postgresql", 1)]
        case ("PUT", "/api/v1/chat/images/:name", 200):
            return [("chat-api", "redis", 1), ("chat-api", f"host {S3}", 1)]
        case ("GET", "/api/v1/chat/images/:name", 200):
            return [("chat-api", "redis", 1), ("chat-api", f"host {CLOUDFRONT}", 1)]
    raise KeyError(f"{name}: {method} {route} {status}")


def from_driver(actions, stores):
    """Calls by edge that these actions must have caused."""
    calls = Counter()
    for action in actions:
        for step in action["steps"]:
            for source, what, count in calls_of_step(action, step):
                named = source if source.startswith("topic ") else f"service {source}"
                if not what.startswith(("service ", "host ", "topic ")):
                    places = stores[named, what]
                    what = next(iter(places)) if len(places) == 1 else f"{what} at one of {sorted(places)}"
                calls[named, what] += count
    return calls
