"""The outside world of the demo: a CONNECT proxy that ends TLS itself, so that no real host is ever contacted.

In: `CONNECT HOST:443` from the demo's services, which keep the real names in their spans. Out: answers of the stand-ins beside this
file over certificates of the demo's own authority, and one JSON line a request in the ledger, which is what `make demo-check` holds
against the client spans. A host without a stand-in gets 502 and a line too. It opens no connection of its own.
"""
import argparse
import http.server
import json
import socketserver
import ssl
import sys
import threading
import time

import aws
import oauth
import openai
from standin import Request

HOSTS = {**oauth.HOSTS, **openai.HOSTS, **aws.HOSTS}
HEAD_BYTES_MAX = 65536
IDLE_SECONDS = 120


class Ledger:
    """Appends one JSON object a line; a line is whole when the answer leaves."""

    def __init__(self, path):
        self.file = open(path, "a", buffering=1)
        self.lock = threading.Lock()

    def add(self, **said):
        with self.lock:
            self.file.write(json.dumps({"at": time.time(), **said}) + "\n")


class Answers(http.server.BaseHTTPRequestHandler):
    """HTTP/1.1 inside the tunnel, for the one host that the tunnel was opened to."""

    protocol_version = "HTTP/1.1"
    timeout = IDLE_SECONDS

    def answer(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        reply = HOSTS[self.server.host](Request(self.server.host, self.command, self.path, self.headers, body))
        self.server.ledger.add(host=self.server.host, method=self.command, path=self.path.split("?")[0], status=reply.status,
                               traced="traceparent" in self.headers)
        self.send_response(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(reply.body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(reply.body)

    do_GET = do_POST = do_PUT = do_HEAD = answer

    def log_message(self, *_):
        """The ledger says it."""


class Tunnel:
    """What `Answers` needs of a server, for one connection."""

    def __init__(self, host, ledger):
        self.host, self.ledger = host, ledger


class Connect(socketserver.BaseRequestHandler):
    def handle(self):
        self.request.settimeout(IDLE_SECONDS)
        head = b""
        # One byte after the head belongs to TLS, so nothing beyond the empty line may be read.
        while not head.endswith(b"\r\n\r\n") and len(head) < HEAD_BYTES_MAX:
            byte = self.request.recv(1)
            if not byte:
                return
            head += byte
        words = head.split(b"\r\n", 1)[0].decode("latin-1").split()
        if len(words) != 3 or words[0] != "CONNECT":
            self.request.sendall(b"HTTP/1.1 405 Only CONNECT\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            return
        host = words[1].rsplit(":", 1)[0].lower()
        if host not in HOSTS:
            self.server.ledger.add(host=host, refused=True)
            self.request.sendall(b"HTTP/1.1 502 Unknown host\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            return
        self.request.sendall(b"HTTP/1.1 200 Connected\r\n\r\n")
        try:
            with self.server.tls.wrap_socket(self.request, server_side=True) as inside:
                Answers(inside, self.client_address, Tunnel(host, self.server.ledger))
        except (ssl.SSLError, ConnectionError, TimeoutError) as error:
            print(f"{host}: {error}", file=sys.stderr, flush=True)


class Proxy(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 128


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--port", type=int, required=True)
    arguments.add_argument("--certificate", required=True, help="PEM of certificate and key for every host")
    arguments.add_argument("--ledger", required=True)
    options = arguments.parse_args()
    with Proxy(("127.0.0.1", options.port), Connect) as proxy:
        proxy.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        proxy.tls.load_cert_chain(options.certificate)
        proxy.ledger = Ledger(options.ledger)
        proxy.serve_forever()


if __name__ == "__main__":
    main()
