"""One HTTP request as a browser makes it: no redirects followed, outside hosts through the demo's proxy. It sends no trace context.

In: method and URL. Out: status, headers, body; status 0 when there was no answer.
"""
import http.client
import socket
import ssl
import urllib.parse
from dataclasses import dataclass

TIMEOUT_SECONDS = 30


@dataclass
class Answer:
    status: int
    headers: dict
    body: bytes


class Browser:
    def __init__(self, proxy, authority):
        self.proxy = urllib.parse.urlsplit(proxy)
        self.tls = ssl.create_default_context(cafile=authority)

    def ask(self, method, url, body=None, headers=None):
        place = urllib.parse.urlsplit(url)
        if place.scheme == "https":
            connection = http.client.HTTPSConnection(self.proxy.hostname, self.proxy.port, context=self.tls, timeout=TIMEOUT_SECONDS)
            connection.set_tunnel(place.hostname, 443)
        else:
            connection = http.client.HTTPConnection(place.hostname, place.port, timeout=TIMEOUT_SECONDS)
        target = f"{place.path or '/'}?{place.query}" if place.query else place.path or "/"
        try:
            connection.request(method, target, body, {"User-Agent": "demo-browser", **(headers or {})})
            reply = connection.getresponse()
            return Answer(reply.status, {name.lower(): value for name, value in reply.getheaders()}, reply.read())
        except (OSError, http.client.HTTPException, socket.timeout):
            return Answer(0, {}, b"")
        finally:
            connection.close()
