"""Real clients against the real binary: SDKs send over every protocol, other engines read the tables, kill -9 in between.

Prints a line a test and `N passed, N failed` at the end. Everything listens on free loopback ports and is stopped by its id.
"""
import argparse
import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time
import traceback
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]


class Server:
    """A server of its own on free ports over one folder."""

    def __init__(self, binary, data, settings=None):
        """`settings` are variables without `THROUGHLINE_`."""
        self.binary, self.data = binary, pathlib.Path(data)
        settings = {f"THROUGHLINE_{name}": value for name, value in (settings or {}).items()}
        self.environment = {**os.environ, **settings}
        self.start()

    def start(self):
        listeners = self.data / "listeners.json"
        listeners.unlink(missing_ok=True)
        names = ["main", "otlp-grpc", "otlp-http", "jaeger", "tempo"]
        listen = [part for name in names for part in ("--listen", f"{name}=127.0.0.1:0")]
        self.process = subprocess.Popen([self.binary, "serve", "--data", self.data, *listen],
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=self.environment)
        until(lambda: self.runs() and listeners.exists())
        self.addresses = json.loads(listeners.read_text())
        until(lambda: self.runs() and self.get("/readyz") is not None)

    def runs(self):
        assert self.process.poll() is None, f"the server ended with {self.process.returncode}"
        return True

    def get(self, path, data=None, accept="application/json", listener="main"):
        request = urllib.request.Request(f"http://{self.addresses[listener]}{path}", data=data,
                                         headers={"Accept": accept, "Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=30) as reply:
            return reply.read()

    def sql(self, text):
        return json.loads(self.get("/api/v1/sql", json.dumps({"sql": text}).encode()))

    def flush(self):
        return json.loads(self.get("/api/v1/flush", b""))

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(60)


def until(probe, seconds=60):
    """Asks until `probe` holds; level-triggered, with a bound."""
    end = time.monotonic() + seconds
    while True:
        try:
            if probe():
                return
        except OSError:
            pass
        if time.monotonic() > end:
            raise AssertionError(f"did not hold within {seconds} s")
        time.sleep(0.05)


def provider(service, exporter):
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor
    made = TracerProvider(resource=Resource.create({"service.name": service}))
    made.add_span_processor(SimpleSpanProcessor(exporter))
    return made


def exporters(server):
    from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter as Grpc
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import Compression
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter as Http
    from grpc import Compression as GrpcCompression
    for port in ("otlp-grpc", "otlp-http"):
        address = server.addresses[port]
        yield f"grpc-{port}", Grpc(endpoint=f"http://{address}", insecure=True)
        yield f"grpc-gzip-{port}", Grpc(endpoint=f"http://{address}", insecure=True, compression=GrpcCompression.Gzip)
        url = f"http://{address}/v1/traces"
        yield f"http-{port}", Http(endpoint=url)
        yield f"http-gzip-{port}", Http(endpoint=url, compression=Compression.Gzip)
        yield f"http-deflate-{port}", Http(endpoint=url, compression=Compression.Deflate)
        yield f"http-doubled-path-{port}", Http(endpoint=url + "/v1/traces")


def test_sdks_over_every_protocol(server):
    """Every exporter's spans arrive, on the right port and on the wrong one, with every compression."""
    services = []
    for service, exporter in exporters(server):
        made = provider(service, exporter)
        tracer = made.get_tracer("test", "1.0")
        with tracer.start_as_current_span("parent", attributes={"n": 1, "list": ["a", "b"], "text": "한국어"}):
            with tracer.start_as_current_span("child"):
                pass
        made.shutdown()
        services.append(service)
    rows = server.sql("select service_name, count(*) as n from spans group by 1 order by 1")
    counted = {row["service_name"]: row["n"] for row in rows}
    assert counted == {service: 2 for service in services}, counted
    listed = json.loads(server.get("/api/services", listener="jaeger"))["data"]
    assert sorted(listed) == sorted(services), listed


def test_other_signals_do_not_disturb(server):
    """Logs and metrics are answered clearly; the sender goes on and its traces arrive."""
    import urllib.error
    for signal_name in ("logs", "metrics"):
        request = urllib.request.Request(f"http://{server.addresses['otlp-http']}/v1/{signal_name}", data=b"",
                                         headers={"Content-Type": "application/x-protobuf"})
        try:
            with urllib.request.urlopen(request, timeout=10) as reply:
                assert reply.status == 200
        except urllib.error.HTTPError as error:
            text = error.read()
            assert error.code in (404, 501) and b"not available in this version" in text, (error.code, text)


def test_tables_are_open(server):
    """Other engines read the tables while the server runs and count what the server counts."""
    import deltalake
    import duckdb
    import polars
    server.flush()
    expected = server.sql("select count(*) as n from spans")[0]["n"]
    folder = server.data / "tables" / "spans"
    table = deltalake.DeltaTable(str(folder))
    arrow = table.to_pyarrow_table(columns=["span_id", "service_name", "attributes", "tenant", "date"])
    assert arrow.num_rows == expected, (arrow.num_rows, expected)
    assert polars.scan_delta(str(folder)).select(polars.len()).collect().item() == expected
    listed = [str(folder / path) for path in (add["path"] for add in table.get_add_actions().to_struct_array().to_pylist())]
    counted = duckdb.sql(f"select count(*), count(distinct span_id) from read_parquet({listed!r})").fetchall()[0]
    assert counted == (expected, expected), counted
    ingest = deltalake.DeltaTable(str(server.data / "tables" / "ingest")).to_pyarrow_table().to_pylist()
    total = lambda outcome: sum(row["items"] for row in ingest if row["outcome"] == outcome)
    assert total("received") == total("accepted") + total("rejected")
    assert total("accepted") == total("stored") + total("duplicate")
    assert total("stored") == expected


def test_kill_and_start_again(server):
    """kill -9 right after the receipts; after the restart every acknowledged span is counted, once."""
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter as Http
    before = server.sql("select count(*) as n from spans")[0]["n"]
    for round_number in range(3):
        made = provider(f"kill-{round_number}", Http(endpoint=f"http://{server.addresses['otlp-http']}/v1/traces"))
        tracer = made.get_tracer("test")
        for at in range(20):
            tracer.start_span(f"span {at}").end()
        server.kill()
        server.start()
        after = server.sql("select count(*) as n, count(distinct span_id) as d from spans")[0]
        assert after["n"] == after["d"] == before + 20 * (round_number + 1), (before, after)


def test_clean_stop_and_reading_a_stopped_folder(server):
    """SIGTERM ends with 0; the terminal reads the folder of the stopped server."""
    expected = server.sql("select count(*) as n from spans")[0]["n"]
    assert server.stop() == 0
    assert not (server.data / "listeners.json").exists()
    shown = subprocess.run([server.binary, "sql", "select count(*) as n from spans", "--data", server.data,
                            "--output", "json"], stdout=subprocess.PIPE, text=True, check=True)
    assert json.loads(shown.stdout)[0]["n"] == expected, shown.stdout


def test_demo_shows_a_trace(binary):
    """`make run` shows the addresses, a chat message from the gateway down to the database, and what to do next; then stops cleanly."""
    with tempfile.TemporaryDirectory() as data:
        ran = subprocess.run([sys.executable, ROOT / "demo" / "run.py", "--binary", binary, "--data", data,
                              "--any-port", "--once"], stdout=subprocess.PIPE, text=True, timeout=300)
        assert ran.returncode == 0, ran.stdout
        for word in ("Throughline is running:", "gateway", "chat-api", "POST /api/v1/chat/messages", "INSERT", "What to do next:"):
            assert word in ran.stdout, f"{word} is not in:\n{ran.stdout}"
        pids = json.loads((pathlib.Path(data) / "demo" / "pids.json").read_text())
        alive = [name for name, pid in pids if pathlib.Path(f"/proc/{pid}").exists()]
        assert not alive, f"still running: {alive}"


class Runner:
    """Runs tests one after the other and counts."""

    def __init__(self):
        self.passed = self.failed = 0

    def __call__(self, test, *given):
        try:
            test(*given)
            self.passed += 1
            print(f"test {test.__name__} ... ok", flush=True)
        except Exception:
            self.failed += 1
            print(f"test {test.__name__} ... FAILED: {test.__doc__}\n{traceback.format_exc()}", flush=True)

    def close(self):
        print(f"{self.passed} passed, {self.failed} failed")
        return 1 if self.failed else 0


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--binary", required=True)
    binary = arguments.parse_args().binary
    run = Runner()
    with tempfile.TemporaryDirectory() as data:
        server = Server(binary, data)
        try:
            for test in (test_sdks_over_every_protocol, test_other_signals_do_not_disturb, test_tables_are_open,
                         test_kill_and_start_again, test_clean_stop_and_reading_a_stopped_folder):
                run(test, server)
        finally:
            if server.process.poll() is None:
                server.kill()
    run(test_demo_shows_a_trace, binary)
    return run.close()


if __name__ == "__main__":
    sys.exit(main())
