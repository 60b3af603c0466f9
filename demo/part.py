"""Stops, starts or withholds single parts of the running demo by name, and changes its traffic.

In: the control door of the demo whose data folder is `--data`. Out: what the parts are now. `withhold` starts a service whose spans are
missing; `kill` asks nobody.
"""
import argparse
import json
import sys
import urllib.error
import urllib.request

from launch import control


def ask(data, path, body=None):
    """One question at the control door; the demo must be running."""
    if not control.is_open(data):
        sys.exit(f"no demo runs on {data}; `make run` starts one")
    port = json.loads(control.place(data).read_text())["port"]
    try:
        with urllib.request.urlopen(urllib.request.Request(f"http://127.0.0.1:{port}{path}", body), timeout=120) as reply:
            return json.loads(reply.read())
    except urllib.error.HTTPError as error:
        sys.exit(json.loads(error.read())["error"])


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--data", default="throughline-data")
    verbs = arguments.add_subparsers(dest="verb", required=True)
    verbs.add_parser("list", help="every part and its state")
    for verb in ("stop", "kill", "start", "withhold"):
        verbs.add_parser(verb).add_argument("name")
    traffic = verbs.add_parser("traffic", help="rate (actions a second) and mix")
    traffic.add_argument("--rate", type=float)
    traffic.add_argument("--mix", help="weights, as `chat:4,login-google:1`; actions that are not named keep theirs")
    options = arguments.parse_args()
    if options.verb == "list":
        for part in ask(options.data, "/parts"):
            print(f"{part['name']:<14} {part['state']:<9} {part['pid'] or '':<8} {part['what']} {part['reason']}".rstrip())
    elif options.verb == "traffic":
        wanted = {}
        if options.rate is not None:
            wanted["rate"] = options.rate
        if options.mix:
            wanted["mix"] = {name: float(weight or 1) for name, _, weight in (entry.partition(":") for entry in options.mix.split(","))}
        print(json.dumps(ask(options.data, "/traffic", json.dumps(wanted).encode() if wanted else None)))
    else:
        part = ask(options.data, f"/parts/{options.name}/{options.verb}", b"")
        print(f"{part['name']}: {part['state']} {part['reason']}".rstrip())


if __name__ == "__main__":
    main()
