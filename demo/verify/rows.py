"""Spans of the run as the checks want them. In: the server's SQL. Out: one `Span` a distinct (trace, span), and indexes over them."""
import json
import urllib.parse
from collections import defaultdict
from dataclasses import dataclass

from launch.server import sql

SERVER, CLIENT, PRODUCER, CONSUMER = 2, 3, 4, 5
ERROR = 2

COLUMNS = {
    "trace": "encode(trace_id, 'hex')", "id": "encode(span_id, 'hex')", "parent": "encode(parent_span_id, 'hex')", "service": "service_name",
    "name": "name", "kind": "kind", "status": "status_code", "start": "start_time_unix_nano", "host": "server_address",
    "port": "server_port", "db": "db_system", "statement": "db_query_text", "method": "http_request_method",
    "code": "http_response_status_code", "route": "http_route", "url": "url_full", "broker": "messaging_system",
    "topic": "messaging_destination_name", "links": "links", "events": "case when status_code = 2 then events end",
}


@dataclass(eq=False)
class Span:
    trace: str
    id: str
    parent: str
    service: str
    name: str
    kind: int
    status: int
    start: int
    host: str
    port: int
    db: str
    statement: str
    method: str
    code: int
    route: str
    url: str
    broker: str
    topic: str
    links: str
    events: str

    @property
    def url_host(self):
        """The host of an HTTP client span, whichever convention told it."""
        if self.url:
            return urllib.parse.urlsplit(self.url).hostname
        return self.host

    @property
    def failed(self):
        """HTTP 400 and above is an error, else the status decides."""
        return self.code >= 400 if self.code else self.status == ERROR


class Spans:
    """All spans since `since` (seconds), each once."""

    def __init__(self, main, since):
        self.main, self.since = main, since
        listed = ", ".join(f"{expression} as {name}" for name, expression in COLUMNS.items())
        rows = sql(main, f"select {listed} from spans where start_time_unix_nano >= {int(since * 1e9)}")
        self.by_id, self.children, self.by_trace = {}, defaultdict(list), defaultdict(list)
        for row in rows:
            for name in ("kind", "status", "start", "port", "code"):
                row[name] = int(row[name] or 0)
            span = Span(**row)
            if (span.trace, span.id) in self.by_id:
                continue
            self.by_id[span.trace, span.id] = span
            self.by_trace[span.trace].append(span)
            if span.parent:
                self.children[span.trace, span.parent].append(span)

    def __iter__(self):
        return iter(self.by_id.values())

    def below(self, span, **wanted):
        """Direct children with these fields."""
        return sorted((child for child in self.children[span.trace, span.id] if matches(child, wanted)), key=lambda child: child.start)

    def deep(self, span):
        """All spans below this one, at any depth."""
        found, ahead = [], [span]
        while ahead:
            children = self.children[ahead[-1].trace, ahead.pop().id]
            found += children
            ahead += children
        return sorted(found, key=lambda child: child.start)

    def is_whole(self, trace):
        """Every span of the trace but one root has its parent in it."""
        roots = [span for span in self.by_trace[trace] if not span.parent]
        return len(roots) == 1 and all((trace, span.parent) in self.by_id for span in self.by_trace[trace] if span.parent)


def matches(span, wanted):
    return all(getattr(span, name) == value for name, value in wanted.items())


def links_of(span):
    """(trace, span) of each link."""
    return [(link.get("traceId") or link.get("trace_id"), link.get("spanId") or link.get("span_id")) for link in json.loads(span.links or "[]")]
