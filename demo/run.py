"""Starts Throughline and a first small real system, sends requests through it, and prints what to look at.

Two Python services under `opentelemetry-instrument` (FastAPI calling Flask calling a real Redis) with the current SDK. Without Redis
or without the packages it names what is missing and goes on with what is possible. Ctrl-C stops all of it.
"""
import argparse
import hashlib
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
CACHE = pathlib.Path(os.environ.get("XDG_CACHE_HOME", pathlib.Path.home() / ".cache")) / "throughline"


def say(text):
    print(text, flush=True)


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_for(what, probe, seconds, process=None):
    """Asks until `probe` holds; level-triggered, with a bound."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if process is not None and process.poll() is not None:
            raise RuntimeError(f"{what} ended with code {process.returncode}")
        try:
            if probe():
                return
        except (OSError, urllib.error.URLError):
            pass
        time.sleep(0.1)
    raise RuntimeError(f"{what} did not answer within {seconds} s")


def get(url):
    with urllib.request.urlopen(url, timeout=10) as reply:
        return reply.status, reply.read()


def answers(url):
    try:
        return get(url)[0] < 500
    except urllib.error.HTTPError as error:
        return error.code < 500


def environment_with_packages():
    """A venv with the demo's packages, made once and kept by the text of its requirements."""
    requirements = HERE / "first" / "requirements.txt"
    key = hashlib.sha256(requirements.read_bytes() + sys.version.encode()).hexdigest()[:16]
    venv = CACHE / f"demo-venv-{key}"
    if not (venv / "ready").exists():
        say("Installing the demo's Python packages (once) ...")
        shutil.rmtree(venv, ignore_errors=True)
        subprocess.run([sys.executable, "-m", "venv", venv], check=True)
        pip = [venv / "bin" / "pip", "install", "--quiet", "-r", requirements]
        subprocess.run(pip, check=True)
        (venv / "ready").touch()
    return venv


class System:
    def __init__(self, binary, data, logs):
        self.binary, self.data, self.logs = binary, data, logs
        self.processes = []
        self.logs.mkdir(parents=True, exist_ok=True)

    def start(self, name, command, **env):
        log = open(self.logs / f"{name}.log", "wb")
        process = subprocess.Popen(
            [str(part) for part in command],
            env={**os.environ, **{key: str(value) for key, value in env.items()}},
            stdout=log, stderr=subprocess.STDOUT, start_new_session=True,
        )
        self.processes.append((name, process))
        return process

    def stop(self):
        for _, process in reversed(self.processes):
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
        for name, process in reversed(self.processes):
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                say(f"{name} did not stop by itself and is killed")
                process.kill()

    def server(self, listen):
        listeners = self.data / "listeners.json"
        listeners.unlink(missing_ok=True)
        process = self.start("server", [self.binary, "serve", "--data", self.data, *listen])
        wait_for("the server", lambda: listeners.exists(), 30, process)
        addresses = json.loads(listeners.read_text())
        wait_for("the server", lambda: get(f"http://{addresses['main']}/readyz")[0] == 200, 60, process)
        return addresses

    def services(self, addresses):
        venv = environment_with_packages()
        redis_port, stock_port, front_port = free_port(), free_port(), free_port()
        if shutil.which("redis-server") is None:
            raise RuntimeError("redis-server is missing; `make setup` installs it")
        redis = self.start("redis", ["redis-server", "--port", redis_port, "--bind", "127.0.0.1",
                                     "--save", "", "--dir", self.logs])
        wait_for("redis", lambda: socket.create_connection(("127.0.0.1", redis_port), 1).close() is None, 10, redis)
        otlp = f"http://{addresses['otlp-http']}"
        common = dict(OTEL_EXPORTER_OTLP_ENDPOINT=otlp, OTEL_EXPORTER_OTLP_PROTOCOL="http/protobuf",
                      OTEL_METRICS_EXPORTER="none", OTEL_LOGS_EXPORTER="none", OTEL_BSP_SCHEDULE_DELAY="200",
                      PYTHONPATH=HERE / "first")
        instrument = venv / "bin" / "opentelemetry-instrument"
        stock = self.start("stock", [instrument, venv / "bin" / "python", HERE / "first" / "stock.py"],
                           OTEL_SERVICE_NAME="stock", REDIS_PORT=redis_port, PORT=stock_port, **common)
        front = self.start("front", [instrument, venv / "bin" / "uvicorn", "front:app", "--port", front_port,
                                     "--log-level", "warning"],
                           OTEL_SERVICE_NAME="front", STOCK_URL=f"http://127.0.0.1:{stock_port}", **common)
        wait_for("the stock service", lambda: answers(f"http://127.0.0.1:{stock_port}/"), 60, stock)
        wait_for("the front service", lambda: answers(f"http://127.0.0.1:{front_port}/docs"), 60, front)
        return front_port


def trace_of_order(main, minimum_spans):
    """Id of a stored trace that goes from the front service down to Redis."""
    found = {}

    def probe():
        query = f"http://{main}/jaeger/api/traces?service=front&operation=GET%20/orders/%7Bitem%7D&limit=20&lookback=1h"
        for trace in json.loads(get(query)[1])["data"]:
            names = {p["serviceName"] for p in trace["processes"].values()}
            reaches_redis = any(span["operationName"].startswith("DECR") for span in trace["spans"])
            if {"front", "stock"} <= names and reaches_redis and len(trace["spans"]) >= minimum_spans:
                found["id"] = trace["traceID"]
                return True
        return False

    wait_for("a whole trace", probe, 30)
    return found["id"]


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--binary", required=True)
    arguments.add_argument("--data", default="throughline-data")
    arguments.add_argument("--any-port", action="store_true", help="take free ports instead of the known ones")
    arguments.add_argument("--once", action="store_true", help="stop when everything was shown; for tests")
    options = arguments.parse_args()
    data = pathlib.Path(options.data).resolve()
    system = System(options.binary, data, data / "demo-logs")
    names = ["main", "otlp-grpc", "otlp-http", "jaeger", "tempo"]
    listen = [part for name in names for part in ("--listen", f"{name}=127.0.0.1:0")] if options.any_port else []
    code = 0
    try:
        data.mkdir(parents=True, exist_ok=True)
        addresses = system.server(listen)
        say("Throughline is running:")
        for name, address in addresses.items():
            say(f"  {name:<10} http://{address}/")
        try:
            front_port = system.services(addresses)
            for item in ["apple", "pear", "plum", "broken", "apple"]:
                answers(f"http://127.0.0.1:{front_port}/orders/{item}")
            trace = trace_of_order(addresses["main"], 4)
            say("\nOne request from the front service down to Redis:\n")
            shown = subprocess.run(
                [options.binary, "trace", trace, "--server", f"http://{addresses['main']}"],
                stdout=subprocess.PIPE, text=True, check=True)
            say(shown.stdout)
            say("What to do next:")
            say(f"  curl http://127.0.0.1:{front_port}/orders/apple      another request; orders/broken fails on purpose")
            say(f"  {options.binary} traces --service front --since 1h")
            say(f"  {options.binary} sql \"select service_name, count(*) from spans group by 1\"")
            say(f"  Grafana: a Jaeger data source at http://{addresses['jaeger']}, a Tempo one at http://{addresses['tempo']}")
            say(f"  your own services: OTEL_EXPORTER_OTLP_ENDPOINT=http://{addresses['otlp-http']}")
        except (RuntimeError, subprocess.CalledProcessError) as error:
            code = 1
            say(f"\nThe small demo system does not run: {error}.")
            say(f"Its logs are in {system.logs}. The server runs on: send your own spans to http://{addresses['otlp-http']}.")
        if options.once:
            return code
        say("\nCtrl-C stops all of it.")
        while True:
            time.sleep(3600)
    except KeyboardInterrupt:
        say("\nStopping ...")
        return 0
    except RuntimeError as error:
        say(f"Throughline did not start: {error}. Its log: {system.logs / 'server.log'}")
        tail = (system.logs / "server.log").read_text(errors="replace").splitlines()[-5:]
        say("\n".join(tail))
        return 1
    finally:
        system.stop()


if __name__ == "__main__":
    sys.exit(main())
