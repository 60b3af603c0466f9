"""Throughline itself as a part, and the few questions that the demo asks of it. In: the binary, the data folder. Out: addresses, rows."""
import json
import urllib.error
import urllib.request

from launch.supervisor import Part

LISTENERS = ("main", "otlp-grpc", "otlp-http", "jaeger", "tempo")
TIMEOUT_SECONDS = 60


class Server:
    def __init__(self, binary, place, any_port):
        self.binary, self.place = binary, place
        # Free ports that are chosen once, so that services find the server again after it was stopped and started.
        self.listen = [f"{name}=127.0.0.1:{place.port(f'throughline-{name}')}" for name in LISTENERS] if any_port else []
        self.addresses = {}

    def part(self):
        return Part("throughline", "the server", self.command, self.is_ready, ready_seconds=90)

    def command(self):
        self.listeners.unlink(missing_ok=True)
        return [self.binary, "serve", "--data", self.place.data, *(word for name in self.listen for word in ("--listen", name))]

    @property
    def listeners(self):
        return self.place.data / "listeners.json"

    def is_ready(self):
        if not self.listeners.exists():
            return False
        try:
            self.addresses = json.loads(self.listeners.read_text())
            return get(f"{self.main}/readyz")[0] == 200
        except (ValueError, urllib.error.HTTPError):
            return False

    @property
    def main(self):
        return f"http://{self.addresses['main']}"

    @property
    def otlp(self):
        return f"http://{self.addresses['otlp-http']}"


def get(url):
    with urllib.request.urlopen(url, timeout=TIMEOUT_SECONDS) as reply:
        return reply.status, reply.read()


def sql(main, text):
    """Rows of one SQL statement as dictionaries."""
    request = urllib.request.Request(f"{main}/api/v1/sql", json.dumps({"sql": text}).encode(),
                                     {"Content-Type": "application/json", "Accept": "application/json"})
    with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as reply:
        return json.loads(reply.read())
