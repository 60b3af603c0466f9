"""`make demo-check`: compares what Throughline shows with what the driver did, the databases logged and the stand-ins saw.

In: a running demo (`--data`), or none: then it runs one of its own for `--seconds` on free ports. It stops the traffic, waits until all
that is under way has arrived, compares, and lets the traffic go on. With `--disturb` it first stops a database, a service and the broker
for a while. Out: a line a check, `N passed, N failed`. What was stopped by hand is compared by bounds, and it says so.
"""
import argparse
import contextlib
import json
import pathlib
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections import Counter

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent / "driver"))

from actions import GROWBIN, JIWOO, MIX
from launch import control
from launch.server import sql
from part import ask
from verify import calls, flows
from verify import map as service_map
from verify.ledgers import Ledgers
from verify.report import Report
from verify.rows import CLIENT, SERVER, Spans

EVERY_ACTION_SECONDS = 60
QUIET_SECONDS = 60
ARRIVE_SECONDS = 60
START_SECONDS = 240
DISTURBED_SECONDS = 6
POLL_SECONDS = 0.5
DISTURBED = ("postgres", "chat-api", "kafka", "redis-jiwoo")


def wait(probe, seconds):
    """Asks until `probe` holds; false when it never did within the bound."""
    end = time.monotonic() + seconds
    while not probe():
        if time.monotonic() > end:
            return False
        time.sleep(POLL_SECONDS)
    return True


@contextlib.contextmanager
def own_demo(options):
    """A demo of its own, until everything has started and the traffic ran for a while."""
    with tempfile.TemporaryDirectory(prefix="throughline-check-") as folder:
        log = open(pathlib.Path(folder) / "demo.log", "w+")
        command = [sys.executable, pathlib.Path(__file__).parent / "run.py", "--binary", options.binary, "--data", folder, "--any-port",
                   "--rate", str(options.rate), "--kafka", options.kafka]
        process = subprocess.Popen([str(word) for word in command], stdout=log, stderr=subprocess.STDOUT)
        try:
            def started():
                if process.poll() is not None:
                    log.seek(0)
                    sys.exit(f"the demo ended with code {process.returncode}:\n{log.read()}")
                if not control.is_open(folder):
                    return False
                parts = ask(folder, "/parts")
                return len(parts) > 1 and all(part["state"] in ("ready", "failed") for part in parts)
            if not wait(started, START_SECONDS):
                print("not every part has settled; going on with those that have", flush=True)
            time.sleep(options.seconds)
            yield folder
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait()


def disturb(data):
    """Stops parts one after the other, each for a few seconds, as an operator would; the traffic goes on."""
    for name in DISTURBED:
        print(f"stopping {name} for {DISTURBED_SECONDS} s", flush=True)
        ask(data, f"/parts/{name}/stop", b"")
        time.sleep(DISTURBED_SECONDS)
        ask(data, f"/parts/{name}/start", b"")
    time.sleep(DISTURBED_SECONDS)


def await_every_action(data, ledgers):
    """Lets the driver do what chance has not brought yet, so that no flow is compared on nothing."""
    traffic = ask(data, "/traffic")
    boards = [name for name in traffic["targets"] if name.startswith("board")]
    wanted = {(name, board) for name in JIWOO for board in boards}
    if {"gateway", "auth-api", "chat-api"} <= set(traffic["targets"]):
        wanted |= {(name, "gateway") for name in GROWBIN}

    def is_complete():
        absent = wanted - {(said["action"], said["target"]) for said in ledgers.actions() if said["ok"]}
        mix = {name: float(any(name == other for other, _ in absent)) for name in MIX}
        if absent:
            ask(data, "/traffic", json.dumps({"rate": max(traffic["rate"], 1), "mix": mix}).encode())
        return not absent
    wait(is_complete, EVERY_ACTION_SECONDS)
    ask(data, "/traffic", json.dumps({"rate": traffic["rate"], "mix": traffic["mix"]}).encode())


def roots(actions):
    """Steps that got an answer, by what the service's root span must say; and how many got none."""
    answered, lost = Counter(), Counter()
    for action in actions:
        for step in action["steps"]:
            (answered if step["status"] else lost)[step["service"], step["method"], step["route"], step["status"]] += 1
    return answered, lost


def arrived(run, ledgers):
    """Every step of the driver has its root span, and the log reader has processed what was sent."""
    wanted = sum(roots(ledgers.actions())[0].values())
    since = int(run["started"] * 1e9)
    row = sql(run["main"], "select count(*) filter (where parent_span_id is null and kind = 2 and http_route <> '/healthz') as roots,"
              " count(*) filter (where name = 'api-logs send') as sent, count(*) filter (where name = 'api-logs process') as processed"
              f" from spans where start_time_unix_nano >= {since}")[0]
    return row["roots"] >= wanted and (row["processed"] >= row["sent"] or "kafka" in ledgers.disturbed())


def within(report, name, spans, logged, lossy):
    """Statements that a store logged: at least those whose span is well, at most all, unless spans went with a killed service."""
    well, every = Counter(), Counter()
    for word, failed in spans:
        every[word] += 1
        well[word] += not failed
    words = sorted(set(every) | set(logged))
    report.say(name, [f"{word}: {well[word]} to {every[word]} spans, and it logged {logged[word]}" for word in words
                      if logged[word] < well[word] or logged[word] > every[word] and not lossy], f"{sum(logged[word] for word in words)} statements")


def of_store(spans, system, namespace):
    """(verb, failed) of each call of a store by the services of one team."""
    team = {"growbin": ("auth-api", "chat-api"), "jiwoo": ("board", "board-2023", "log-reader")}[namespace]
    for span in spans:
        if span.kind == CLIENT and span.db == system and span.service in team and not calls.is_setup(span):
            yield (span.name if system == "redis" else (span.statement or "?").split(" ")[0]), span.failed


def compare(run, report):
    ledgers = Ledgers(run)
    actions, disturbed = ledgers.actions(), ledgers.disturbed()
    spans = Spans(run["main"], run["started"])
    if disturbed:
        print(f"stopped by hand during the run: {', '.join(disturbed)}; the driver's table of calls is not compared", flush=True)
    else:
        report.say("every action ended as it must", [f"{a['action']}: {a['steps']}" for a in actions if not a["ok"]], f"{len(actions)}")
    answered, lost = roots(actions)
    seen = Counter((span.service, span.method, span.route, span.code) for span in spans
                   if not span.parent and span.kind == SERVER and span.route != "/healthz")
    lossy = ledgers.lossy()
    if lossy:
        print(f"spans of {', '.join(lossy)} went before they were sent; where they are missing fewer spans than calls are taken", flush=True)
    problems = []
    for key in sorted(set(answered) | set(seen), key=str):
        # A request that got no answer may have left its span or not.
        most = answered[key] + sum(count for other, count in lost.items() if other[:3] == key[:3])
        least = 0 if key[0] in lossy else answered[key]
        if not least <= seen[key] <= most:
            problems.append(f"{' '.join(map(str, key))}: {answered[key]} answers, {seen[key]} root spans")
    report.say("every request has one root span", problems, f"{sum(seen.values())} of {sum(answered.values())} in {len(answered)} kinds")
    compare_stores(spans, ledgers, report)
    compare_flows(spans, actions, ledgers, report)
    counted, errors = calls.from_spans(spans)
    if not disturbed:
        report.equal("calls between all parts are those that the driver caused", calls.from_driver(actions, calls.addresses(spans)), counted,
                     "the driver", "spans")
    try:
        report.say("the map shows exactly these calls and errors", service_map.compare(run["main"], run["started"], counted, errors),
                   f"{sum(counted.values())} calls over {len(counted)} edges")
    except service_map.NoMap as missing:
        report.say("the map shows exactly these calls and errors", [str(missing)])


def compare_stores(spans, ledgers, report):
    stand_ins, refused = ledgers.outside()
    hosts = Counter(span.url_host for span in spans if span.kind == CLIENT and not span.db and span.service in ("auth-api", "chat-api"))
    lossy = ledgers.lossy()
    if {"auth-api", "chat-api"} & set(lossy):
        print("calls that the stand-ins saw are not compared", flush=True)
    elif "outside" in ledgers.disturbed():
        report.say("every call that the stand-ins saw has its client span", [f"{host}: {stand_ins[host]} seen, {hosts[host]} spans"
                   for host in sorted(stand_ins) if stand_ins[host] > hosts[host]])
    else:
        report.equal("calls that the stand-ins saw = client spans", stand_ins, hosts, "seen", "spans")
    report.say("no unknown host was called", [f"{host}: {count}" for host, count in refused.items()])
    within(report, "PostgreSQL logged what the spans say", of_store(spans, "postgresql", "growbin"), ledgers.postgres(), lossy)
    within(report, "MariaDB logged what the spans say", of_store(spans, "mysql", "jiwoo"), ledgers.mariadb(), lossy)
    for name, team in (("redis-growbin", "growbin"), ("redis-jiwoo", "jiwoo")):
        if ledgers.killed(name):
            print(f"{name} was killed and its counts with it; not compared", flush=True)
            continue
        kept = {word: count for word, count in ledgers.redis(name).items() if word not in ("INFO", "CLIENT", "HELLO")}
        within(report, f"{name} counted what the spans say", of_store(spans, "redis", team), Counter(kept), lossy)


def compare_flows(spans, actions, ledgers, report):
    found = {f"Gateway -> Auth -> {provider} -> Auth -> DB": flows.login(spans, actions, provider) for provider in calls.TOKEN_HOST}
    found["Chat -> OpenAI"] = flows.chat_to_openai(spans, actions)
    found["Chat -> CloudFront"] = flows.chat_to_cloudfront(spans, actions)
    found["POST /api/v1/chat/messages whole: Redis miss, OpenAI, PostgreSQL, Redis"] = flows.full_transaction(spans, actions)
    found["a deliberate 500 is a red span with its log"] = flows.deliberate_failure(spans, actions, ledgers.log_lines("chat-api"))
    for board in ("board", "board-2023"):
        found[f"{board}: Flask -> manual spans -> MariaDB, Redis"] = flows.board_chain(spans, actions, board)
    found["a processed message leads to the span that sent it"] = flows.through_topic(spans, actions)
    lossy = ledgers.lossy()
    for name, (wanted, seen) in found.items():
        # A request that ended well although another part was missing for a moment has left its trace whole.
        as_it_must = wanted == seen if not lossy else wanted >= seen
        report.say(name, [] if as_it_must and wanted else [f"the driver caused {wanted}, {seen} traces show it whole"],
                   f"{seen} of {wanted} traces")


def check(data, disturbing):
    run = ask(data, "/run")
    ledgers, report = Ledgers(run), Report()
    for part in ask(data, "/parts"):
        if part["state"] == "failed":
            report.say(f"{part['name']} runs", [part["reason"]])
    if disturbing:
        disturb(data)
    await_every_action(data, ledgers)
    before = ask(data, "/traffic")["rate"]
    paused = time.time()
    ask(data, "/traffic", json.dumps({"rate": 0}).encode())
    try:
        if not wait(lambda: ledgers.quiet_since(paused), QUIET_SECONDS):
            report.say("the driver came to rest", [f"not within {QUIET_SECONDS} s"])
        wait(lambda: arrived(run, ledgers), ARRIVE_SECONDS)
        urllib.request.urlopen(urllib.request.Request(f"{run['main']}/api/v1/flush", b"", method="POST"), timeout=60).read()
        compare(run, report)
    finally:
        ask(data, "/traffic", json.dumps({"rate": before}).encode())
    return report.end()


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--data", default="throughline-data", help="data folder of the running demo")
    arguments.add_argument("--binary", help="the server, for a demo of its own when none runs")
    arguments.add_argument("--seconds", type=float, default=45, help="how long a demo of its own has traffic")
    arguments.add_argument("--rate", type=float, default=4.0)
    arguments.add_argument("--kafka", choices=["mock", "real"], default="mock")
    arguments.add_argument("--disturb", action="store_true", help="stop a database, a service, the broker and a cache for a while first")
    options = arguments.parse_args()
    if control.is_open(options.data):
        return check(options.data, options.disturb)
    if not options.binary:
        arguments.error(f"no demo runs on {options.data}, and --binary is missing")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    with own_demo(options) as folder:
        return check(folder, options.disturb)


if __name__ == "__main__":
    sys.exit(main())
