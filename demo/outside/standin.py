"""What a stand-in gets and gives: a request of the tunnel and its answer. No sockets here."""
import json
import urllib.parse
from dataclasses import dataclass, field


@dataclass
class Request:
    host: str
    method: str
    target: str
    headers: object
    body: bytes

    @property
    def path(self):
        return self.target.split("?")[0]

    @property
    def query(self):
        return dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(self.target).query))

    @property
    def form(self):
        return dict(urllib.parse.parse_qsl(self.body.decode()))

    @property
    def bearer(self):
        return self.headers.get("Authorization", "").removeprefix("Bearer ")


@dataclass
class Reply:
    status: int = 200
    headers: dict = field(default_factory=dict)
    body: bytes = b""


def json_reply(value, status=200):
    return Reply(status, {"Content-Type": "application/json"}, json.dumps(value, ensure_ascii=False).encode())
