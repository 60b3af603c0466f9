"""Tables in a bucket, from the first start to a lost lease: the real binary, and moto as the bucket's server.

Prints a line a test and `N passed, N failed` at the end. The log stays on the local disk; the bucket has one writer at a time.
"""
import argparse
import json
import logging
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

from clients import Runner, Server, until

BUCKET = "telemetry"
# Short, so that a test that waits for a lease to end ends as well.
LEASE_SECONDS = 3
ACCESS = {"aws_access_key_id": "test", "aws_secret_access_key": "test", "aws_region": "us-east-1", "aws_allow_http": "true"}


class Bucket:
    """A server of buckets in this process, whose contents outlive a stop of its socket."""

    def __init__(self, conditional=True):
        from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
        self.application = DomainDispatcherApplication(create_backend_app)
        self.conditional = conditional
        self.port = 0
        self.start()
        request = urllib.request.Request(f"{self.endpoint}/{BUCKET}", method="PUT", headers={
            "Authorization": "AWS4-HMAC-SHA256 Credential=test/20200101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=x"})
        urllib.request.urlopen(request, timeout=10).close()

    def __call__(self, environment, respond):
        if not self.conditional:
            environment.pop("HTTP_IF_NONE_MATCH", None)
            environment.pop("HTTP_IF_MATCH", None)
        return self.application(environment, respond)

    def start(self):
        import threading
        from werkzeug.serving import make_server
        self.server = make_server("127.0.0.1", self.port, self, threaded=True)
        self.port = self.server.server_port
        self.endpoint = f"http://127.0.0.1:{self.port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()

    def settings(self, prefix):
        options = {**ACCESS, "aws_endpoint": self.endpoint}
        return {"STORAGE_LOCATION": f"s3://{BUCKET}/{prefix}", "STORAGE_LEASE": f"{LEASE_SECONDS}s",
                "STORAGE_OPTIONS": ",".join(f"{name}={value}" for name, value in options.items())}


class Node(Server):
    """A server that counts what it acknowledged."""

    numbers = iter(range(1, 1 << 30))

    def __init__(self, *given):
        self.acknowledged = 0
        super().__init__(*given)

    def send(self, spans=5):
        """A request of so many spans of one trace; its status."""
        trace = next(self.numbers)
        now = time.time_ns()
        made = [{"traceId": f"{trace:032x}", "spanId": f"{at + 1:016x}", "name": f"span {at}",
                 "startTimeUnixNano": str(now + at), "endTimeUnixNano": str(now + at + 1000)} for at in range(spans)]
        body = json.dumps({"resourceSpans": [{"resource": {"attributes": [
            {"key": "service.name", "value": {"stringValue": "shop"}}]}, "scopeSpans": [{"spans": made}]}]})
        try:
            self.get("/v1/traces", body.encode(), listener="otlp-http")
            self.acknowledged += 1
            return 200
        except urllib.error.HTTPError as error:
            assert error.code != 503 or error.headers["Retry-After"], error.headers
            return error.code

    def count(self):
        row = self.sql("select count(*) as n, count(distinct trace_id) as traces from spans")[0]
        assert row["n"] == 5 * row["traces"], row
        return row["traces"]


def refused(binary, data, settings):
    """What a server says that does not start."""
    with tempfile.TemporaryDirectory() as other:
        names = ["main", "otlp-grpc", "otlp-http", "jaeger", "tempo"]
        listen = [part for name in names for part in ("--listen", f"{name}=127.0.0.1:0")]
        environment = {**os.environ, **{f"THROUGHLINE_{name}": value for name, value in settings.items()}}
        ran = subprocess.run([binary, "serve", "--data", data or other, *listen], env=environment,
                             stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, timeout=60)
        assert ran.returncode == 1, (ran.returncode, ran.stderr)
        return ran.stderr


def test_tables_in_a_bucket(binary, bucket):
    """Ingest, flush, query, merge, kill -9 with rows in the log only, start again, count; other engines count the same."""
    import deltalake
    settings = bucket.settings("life")
    with tempfile.TemporaryDirectory() as data:
        node = Node(binary, data, settings)
        try:
            assert [node.send() for _ in range(4)] == [200] * 4
            assert set(node.flush()["tables"]) == {"spans", "traces", "ingest"}
            assert [node.send() for _ in range(4)] == [200] * 4
            node.flush()
            assert node.count() == 8
            node.get("/api/v1/compact", b"")
            assert node.count() == 8
            assert [node.send() for _ in range(3)] == [200] * 3
            node.kill()
            # The same node takes its own lease over at once.
            node.start()
            assert node.count() == 11
            node.flush()
            assert node.count() == 11
            found = json.loads(node.get("/api/v3/traces?query.service_name=shop&query.start_time_min=2020-01-01T00:00:00Z"
                                        "&query.start_time_max=2100-01-01T00:00:00Z&query.search_depth=20", listener="jaeger"))
            assert len(json.dumps(found).split('"spanId"')) - 1 == 55
            table = deltalake.DeltaTable(f"s3://{BUCKET}/life/spans", storage_options={
                **ACCESS, "aws_endpoint": bucket.endpoint, "aws_conditional_put": "etag"})
            assert table.to_pyarrow_table(columns=["span_id"]).num_rows == 55
            assert not (pathlib.Path(data) / "tables").exists()
            assert node.stop() == 0
        finally:
            node.kill()


def test_one_writer(binary, bucket):
    """A second writer is refused by the first one's name; after a clean stop it need not wait."""
    settings = bucket.settings("one-writer")
    with tempfile.TemporaryDirectory() as first, tempfile.TemporaryDirectory() as second:
        node = Node(binary, first, settings)
        name = json.loads((node.data / "node.json").read_text())["id"]
        other = None
        try:
            told = refused(binary, second, settings)
            assert "another server writes in" in told and name in told and "storage.location" in told, told
            assert node.send() == 200 and node.flush()
            # Longer than a lease: it was renewed.
            time.sleep(LEASE_SECONDS * 1.5)
            assert node.send() == 200 and node.flush()
            assert "another server writes in" in refused(binary, second, settings)
            assert node.stop() == 0
            other = Node(binary, second, settings)
            assert other.count() == 2
            assert other.send() == 200 and other.flush()
            assert other.count() == 3
        finally:
            node.kill()
            if other:
                other.kill()


def test_a_writer_that_was_paused_is_fenced(binary, bucket):
    """A paused writer's lease goes to another; the first then refuses requests, and its log comes in with its next turn."""
    settings = bucket.settings("fence")
    with tempfile.TemporaryDirectory() as first, tempfile.TemporaryDirectory() as second:
        node = Node(binary, first, settings)
        other = None
        try:
            assert node.send() == 200 and node.flush()
            assert node.send() == 200
            node.process.send_signal(signal.SIGSTOP)
            until(lambda: starts(binary, second, settings), seconds=60)
            other = Node(binary, second, settings)
            assert other.count() == 1
            assert other.send() == 200 and other.flush()
            node.process.send_signal(signal.SIGCONT)
            until(lambda: node.send() == 503)
            try:
                node.flush()
                raise AssertionError("the paused writer wrote")
            except urllib.error.HTTPError as error:
                assert error.code == 503 and b"lease" in error.read()
            # Reads go on; the buffer is there.
            assert node.count() >= 2
            node.kill()
            assert other.send() == 200 and other.flush()
            assert other.stop() == 0
            node.start()
            node.flush()
            assert node.count() == node.acknowledged + other.acknowledged, (node.acknowledged, other.acknowledged)
        finally:
            node.kill()
            if other:
                other.kill()


def starts(binary, data, settings):
    """Whether a server gets the lease; it is stopped again."""
    try:
        node = Node(binary, data, settings)
    except AssertionError:
        return False
    assert node.stop() == 0
    return True


def test_a_bucket_that_is_away_for_a_while(binary, bucket):
    """While the bucket does not answer requests are taken into the log; afterwards everything comes into the tables."""
    settings = bucket.settings("away")
    with tempfile.TemporaryDirectory() as data:
        node = Node(binary, data, settings)
        try:
            assert node.send() == 200 and node.flush()
            bucket.stop()
            assert [node.send() for _ in range(5)] == [200] * 5
            time.sleep(LEASE_SECONDS * 1.5)
            assert node.send() == 200
            bucket.start()
            # The lease has ended meanwhile, but nobody took it: the next renewal revives it.
            until(lambda: flushes(node))
            assert node.count() == 7
            assert node.stop() == 0
        finally:
            node.kill()


def flushes(node):
    try:
        return node.flush() is not None
    except urllib.error.HTTPError:
        return False


def test_a_bucket_without_conditions_is_refused(binary):
    """A server of buckets that overwrites where it was asked to create only cannot decide who writes."""
    bucket = Bucket(conditional=False)
    try:
        told = refused(binary, None, bucket.settings("x"))
        assert "cannot be used for storage" in told and "overwrites where it was asked to create only" in told, told
    finally:
        bucket.stop()


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--binary", required=True)
    binary = arguments.parse_args().binary
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    os.environ.update(AWS_ACCESS_KEY_ID="test", AWS_SECRET_ACCESS_KEY="test")
    run = Runner()
    bucket = Bucket()
    for test in (test_tables_in_a_bucket, test_one_writer, test_a_writer_that_was_paused_is_fenced,
                 test_a_bucket_that_is_away_for_a_while):
        run(test, binary, bucket)
    bucket.stop()
    run(test_a_bucket_without_conditions_is_refused, binary)
    return run.close()


if __name__ == "__main__":
    sys.exit(main())
