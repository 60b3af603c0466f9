"""Starts Throughline and both teams' systems, sends people through them, shows one trace, and says what to look at. Ctrl-C stops all.

In: the binary, a data folder, rate and mix of the traffic. Out: processes (`launch/`), a driver's log and the databases' own logs under
`DATA/demo`, from which `demo/check.py` compares. A part that cannot run is named with the reason, and the rest runs.
"""
import argparse
import json
import os
import pathlib
import signal
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent / "outside"))

from launch import certificates, control, first_trace, kafka, packages
from launch.databases import MariaDb, Postgres, Redis
from launch.names import Names
from launch.packages import Missing
from launch.place import DEMO, Place, listens, say
from launch.server import Server
from launch.services import Services
from launch.supervisor import Part, Supervisor
from launch.traffic import Traffic

FIRST_TRACE_SECONDS = 90
WATCH_SECONDS = 0.5


class Demo:
    """All parts of one run, wired to each other."""

    def __init__(self, options):
        self.options = options
        self.place = Place(options.data)
        self.names = Names(self.place.folder)
        self.supervisor = Supervisor(self.place.logs)
        self.server = Server(options.binary, self.place, options.any_port)
        self.traffic = Traffic(self.place, options.rate, options.mix)
        self.supervisor.add(self.server.part())

    def add_parts(self):
        from proxy import HOSTS
        proxy_url = self.place.url("outside")
        authority, hosts = certificates.make(self.place.folder / "certificates", sorted(HOSTS))
        ledger = self.place.folder / "outside.jsonl"
        outside = [sys.executable, DEMO / "outside" / "proxy.py", "--port", self.place.port("outside"), "--certificate", hosts, "--ledger",
                   ledger]
        services = Services(self.place, self.names, self.server, authority, proxy_url)
        self.mariadb = MariaDb(self.place)
        # jiwoo waits for growbin: two cores show the first trace sooner when they start half of it.
        later = ("gateway", "auth-api", "chat-api")
        broker = kafka.real if self.options.kafka == "real" else kafka.mock
        for part in (
            Part("outside", "OAuth providers, OpenAI, S3 and CloudFront (stand-ins)", lambda: outside,
                 lambda: listens(self.place.port("outside"))),
            Redis(self.place, "redis-growbin", "Redis of growbin").part(),
            Postgres(self.place).part(),
            services.auth_api(), services.chat_api(), services.gateway(),
            self.traffic.part(authority, proxy_url),
            Redis(self.place, "redis-jiwoo", "Redis of jiwoo").part(later),
            self.mariadb.part(later),
            broker(self.place, later),
            services.board("board", packages.CURRENT, "2.0.0", "message board, current SDK (Flask)", later),
            services.board("board-2023", packages.OLD, "1.0.0", "message board, SDK 1.20.0 / 0.41b0 (Flask)", ("board",)),
            services.log_reader(("board",)),
        ):
            self.supervisor.add(part)

    def description(self):
        """What `demo/check.py` must know of the run."""
        return {
            "started": self.place.started, "folder": str(self.place.folder), "main": self.server.main, "binary": self.options.binary,
            "cluster_names": self.names.library is not None, "kafka": self.options.kafka, "ports": self.place.ports,
            "mariadb_statements": str(self.mariadb.statements) if self.mariadb.folder else None,
        }

    def stop(self):
        """Stops all and keeps the databases' statement log beside the other logs."""
        self.supervisor.stop_all()
        if self.mariadb.folder and self.mariadb.statements.exists():
            (self.place.folder / "mariadb-statements.log").write_bytes(self.mariadb.statements.read_bytes())
        self.place.remove_foreign()


def interrupt(*_):
    raise KeyboardInterrupt


def mix(text):
    """`chat:4,login-google:1` as weights; unknown names are refused by name."""
    sys.path.insert(0, str(DEMO / "driver"))
    from actions import MIX
    weights = {}
    for entry in filter(None, text.split(",")):
        name, _, weight = entry.partition(":")
        if name not in MIX:
            raise argparse.ArgumentTypeError(f"`{name}` is no action; there are {', '.join(MIX)}")
        weights[name] = float(weight or 1)
    return {**{name: 0.0 for name in MIX}, **weights} if weights else {}


def read_options():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--binary", help="the server's binary")
    arguments.add_argument("--data", default="throughline-data")
    arguments.add_argument("--any-port", action="store_true", help="take free ports instead of the known ones")
    arguments.add_argument("--rate", type=float, default=3.0, help="actions a second (3)")
    arguments.add_argument("--mix", type=mix, default={}, help="weights, as `chat:4,login-google:1`; others do not happen")
    arguments.add_argument("--kafka", choices=["mock", "real"], default="mock")
    arguments.add_argument("--minutes", type=float, help="stop by itself after so many minutes")
    arguments.add_argument("--once", action="store_true", help="stop when the first trace was shown; for tests")
    arguments.add_argument("--prepare", action="store_true", help="only fetch the packages of the services")
    options = arguments.parse_args()
    if not options.binary and not options.prepare:
        arguments.error("--binary is missing")
    return options


def show(demo):
    """The addresses, one trace as a tree, what to do next. Gives the exit code."""
    supervisor, server = demo.supervisor, demo.server
    say("Throughline is running:")
    for name, address in server.addresses.items():
        say(f"  {name:<10} http://{address}/")
    if demo.names.missing():
        say(demo.names.missing())
    demo.add_parts()
    packages.prepare_all(demo.options.kafka == "real")
    say("\nStarting both systems; parts join as they are ready.")
    supervisor.start_all()
    trace = first_trace.find(server, supervisor, demo.traffic, FIRST_TRACE_SECONDS)
    if trace is None:
        say(f"\nNo whole trace arrived within {FIRST_TRACE_SECONDS} s. Logs: {demo.place.logs}")
        say(f"The server runs on: send your own spans to {server.otlp}.")
        return 1
    say(f"\nOne request, {time.time() - demo.place.started:.0f} s after the start:\n")
    say(subprocess.run([demo.options.binary, "trace", trace, "--server", server.main], stdout=subprocess.PIPE, text=True,
                       check=True).stdout)
    say("What to do next:")
    say(f"  {demo.options.binary} traces --service chat-api --since 1h")
    say(f"  {demo.options.binary} sql \"select service_name, count(*) from spans group by 1\"")
    say(f"  the board's page: {demo.place.url('board')}/")
    part = f"python3 demo/part.py --data {demo.options.data}"
    say(f"  {part} list | stop postgres | start postgres | traffic --rate 10     parts by name, while it runs")
    say("  make demo-check      compares what Throughline shows with what the driver did and the databases logged")
    addresses = server.addresses
    if "jaeger" in addresses and "tempo" in addresses:
        say(f"  Grafana: a Jaeger data source at http://{addresses['jaeger']}, a Tempo one at http://{addresses['tempo']}")
    say(f"  your own services: OTEL_EXPORTER_OTLP_ENDPOINT={server.otlp}")
    return 0


def stay(demo):
    """Watches the parts until it is time to stop."""
    end = time.monotonic() + demo.options.minutes * 60 if demo.options.minutes else None
    say("\nCtrl-C stops all of it." if end is None else f"\nIt stops after {demo.options.minutes:g} minutes.")
    joined = set()
    while end is None or time.monotonic() < end:
        demo.supervisor.watch()
        demo.traffic.follow(demo.supervisor.parts)
        for part in demo.supervisor.parts.values():
            if part.state == "ready" and part.name not in joined:
                joined.add(part.name)
                say(f"  {part.name:<14} {part.what}")
        time.sleep(WATCH_SECONDS)


def main():
    options = read_options()
    if options.prepare:
        packages.prepare_all(options.kafka == "real")
        return 0
    # SIGINT by name, because a shell starts background jobs with it ignored.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, interrupt)
    pathlib.Path(options.data).mkdir(parents=True, exist_ok=True)
    if control.is_open(options.data):
        sys.exit(f"a demo runs on {options.data} already; stop it first, or give another --data")
    options.binary = os.path.abspath(options.binary)
    demo = Demo(options)
    door = control.open_door(demo)
    address = control.place(options.data)
    code = 0
    try:
        if not demo.supervisor.start("throughline"):
            say(f"Throughline did not start. Its log: {demo.place.logs / 'throughline.log'}")
            return 1
        address.write_text(json.dumps({"port": door.server_port}))
        code = show(demo)
        if not options.once:
            stay(demo)
        return code
    except (Missing, subprocess.CalledProcessError) as error:
        say(f"\nThe demo does not run: {error}")
        return 1
    except KeyboardInterrupt:
        return code
    finally:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        say("\nStopping ...")
        demo.stop()
        address.unlink(missing_ok=True)


if __name__ == "__main__":
    sys.exit(main())
