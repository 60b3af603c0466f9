"""The flows that the two teams want to see, looked for in every trace that the driver caused.

In: spans, the driver's actions, the services' logs. Out: for each flow how many the driver caused and how many traces show it whole.
A flow counts only if no span of its trace lacks its parent.
"""
from verify.calls import CLOUDFRONT, OPENAI, PERSON_HOST, TOKEN_HOST
from verify.rows import CLIENT, ERROR, SERVER, links_of

MESSAGES = "/api/v1/chat/messages"


def steps(actions, route, status, method=None, names=None):
    """Steps with that end; `names` keeps those of certain actions."""
    return [step for action in actions for step in action["steps"]
            if step["route"] == route and step["status"] == status and method in (None, step["method"])
            and (names is None or action["action"] in names)]


def through_gateway(spans, route, method, service, code):
    """(root, server span behind the gateway) of each whole trace with that route."""
    found = []
    for span in spans:
        if span.service == "gateway" and span.kind == SERVER and span.route == route and span.method == method and span.code == code:
            for call in spans.deep(span):
                if call.kind == CLIENT and call.service == "gateway":
                    found += [(span, behind) for behind in spans.below(call, kind=SERVER, service=service)]
    return [(root, behind) for root, behind in found if spans.is_whole(root.trace)]


def http_calls(spans, span, host):
    return [call for call in spans.deep(span) if call.kind == CLIENT and not call.db and call.url_host == host]


def statements(spans, span, system, verb):
    """Calls of a store by verb; Redis's verb is the span's name, a database's the first word of the statement."""
    def word(call):
        return call.name if system == "redis" else (call.statement or "").split(" ")[0]
    return [call for call in spans.deep(span) if call.kind == CLIENT and call.db == system and word(call) == verb]


def login(spans, actions, provider):
    """Gateway -> Auth -> the provider -> Auth -> DB."""
    wanted = steps(actions, "/auth/callback/:provider", 200, names={f"login-{provider}"})
    seen = [behind for _, behind in through_gateway(spans, "/auth/callback/:provider", "GET", "auth-api", 200)
            if http_calls(spans, behind, TOKEN_HOST[provider]) and http_calls(spans, behind, PERSON_HOST[provider])
            and statements(spans, behind, "postgresql", "INSERT")]
    return len(wanted), len(seen)


def asked_openai(actions):
    """Messages that the cache did not know."""
    return [step for step in steps(actions, MESSAGES, 200, "POST") if not step["cached"]]


def chat_to_openai(spans, actions):
    """Chat -> OpenAI, as one HTTP call of that host."""
    wanted = asked_openai(actions)
    seen = [behind for _, behind in through_gateway(spans, MESSAGES, "POST", "chat-api", 200) if len(http_calls(spans, behind, OPENAI)) == 1]
    return len(wanted), len(seen)


def chat_to_cloudfront(spans, actions):
    """Chat -> CloudFront."""
    route = "/api/v1/chat/images/:name"
    wanted = steps(actions, route, 200, "GET")
    seen = [behind for _, behind in through_gateway(spans, route, "GET", "chat-api", 200) if len(http_calls(spans, behind, CLOUDFRONT)) == 1]
    return len(wanted), len(seen)


def full_transaction(spans, actions):
    """Controller, Redis look-up that misses, OpenAI, PostgreSQL insert, Redis update: in this order."""
    wanted = asked_openai(actions)
    seen = 0
    for _, behind in through_gateway(spans, MESSAGES, "POST", "chat-api", 200):
        chain = [statements(spans, behind, "redis", "GET")[:2], http_calls(spans, behind, OPENAI),
                 statements(spans, behind, "postgresql", "INSERT"), statements(spans, behind, "redis", "SET")]
        starts = [call.start for part in chain for call in part]
        seen += all(chain) and len(chain[0]) == 2 and starts == sorted(starts)
    return len(wanted), seen


def deliberate_failure(spans, actions, logs):
    """A 500 whose server span is an error with the exception, and whose trace id stands in an error line of the log."""
    wanted = steps(actions, MESSAGES, 500, "POST", {"chat-fail"})
    logged = {line["trace_id"] for line in logs if line["level"] == "ERROR"}
    seen = [behind for root, behind in through_gateway(spans, MESSAGES, "POST", "chat-api", 500)
            if behind.status == ERROR and root.status == ERROR and "RuntimeError" in (behind.events or "") and behind.trace in logged]
    return len(wanted), len(seen)


def board_chain(spans, actions, board):
    """Flask -> save_message_to_db -> database_connection, sql_execution -> MariaDB, redis_logging -> Redis."""
    wanted = [step for step in steps(actions, "/api/db/message", 201) if step["service"] == board]
    seen = 0
    for span in spans:
        if span.service != board or span.kind != SERVER or span.route != "/api/db/message" or span.code != 201:
            continue
        if not spans.is_whole(span.trace):
            continue
        for saved in spans.below(span, name="save_message_to_db"):
            named = {child.name: child for child in spans.below(saved)}
            seen += (list(named) == ["database_connection", "sql_execution", "redis_logging"]
                     and len(statements(spans, named["sql_execution"], "mysql", "INSERT")) == 1
                     and len(statements(spans, named["redis_logging"], "redis", "SET")) == 1)
    return len(wanted), seen


def through_topic(spans, actions):
    """Each message that the reader processed leads to the span that sent it."""
    processed = [span for span in spans if span.service == "log-reader" and span.name == "api-logs process"]
    sent = {(span.trace, span.id) for span in spans if span.name == "api-logs send"}
    return len(processed), sum(any(link in sent for link in links_of(span)) or (span.trace, span.parent) in sent for span in processed)
