"""Throughline's own map held against the calls that the spans and the driver tell.

In: `GET /api/v1/topology` over the run. Out: a list of differences; empty when every edge has the same calls and errors and there is no
edge more. Callers that sent no span (people, the launcher) are in the map and not in the spans, so edges from unknown nodes are left out.
"""
import json
import time
import urllib.error
import urllib.request

SETTLE_SECONDS = 60
POLL_SECONDS = 2


class NoMap(Exception):
    """The server cannot draw a map; the text says why."""


def fetch(main, since):
    # `to` is not included, and spans of this very second belong to the run.
    url = f"{main}/api/v1/topology?from={int(since * 1e9)}&to={int((time.time() + 1) * 1e9)}"
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers={"Accept": "application/json"}), timeout=60) as reply:
            return json.loads(reply.read())
    except urllib.error.HTTPError as error:
        raise NoMap(f"GET /api/v1/topology answered {error.code}: {error.read()[:200].decode(errors='replace')}") from error
    except (OSError, ValueError) as error:
        raise NoMap(f"GET /api/v1/topology: {error}") from error


def without_port(host):
    return host.rsplit(":", 1)[0] if host.rsplit(":", 1)[-1].isdigit() else host


def labels(node):
    """What the checks call this node; several for a provider with several hosts."""
    hosts = {entry["host"] for entry in node.get("hosts") or []} | {node.get("host") or ""} - {""}
    if node["kind"] == "service" and node.get("instrumented", True):
        return {f"service {node['name']}"}
    if node["kind"] in ("database", "cache"):
        return {f"{node['system']} {host}" for host in hosts}
    if node["kind"] == "queue":
        return {f"topic {node['name']}"}
    return {f"host {without_port(host)}" for host in hosts}


def differences(topology, calls, errors):
    """Each edge that the map and the spans tell differently, in words."""
    nodes = {node["id"]: node for node in topology["nodes"]}
    named = {number: labels(node) for number, node in nodes.items()}
    found, covered = [], set()
    for edge in topology["edges"]:
        if nodes[edge["source"]]["kind"] == "unknown" or not edge.get("observed", True):
            continue
        mine = [(source, target) for source in named[edge["source"]] for target in named[edge["target"]] if (source, target) in calls]
        covered.update(mine)
        expected = sum(calls[key] for key in mine), sum(errors[key] for key in mine)
        if (edge["calls"], edge["errors"]) != expected:
            shown = f"{nodes[edge['source']]['name']} -> {nodes[edge['target']]['name']}"
            found.append(f"{shown}: the map has {edge['calls']} calls and {edge['errors']} errors, the spans {expected[0]} and {expected[1]}")
    found += [f"{source} -> {target}: {calls[source, target]} calls are not in the map" for source, target in sorted(set(calls) - covered)]
    return found


def compare(main, since, calls, errors):
    """The differences once the map has settled, or those that are left after a bound."""
    end = time.monotonic() + SETTLE_SECONDS
    while True:
        found = differences(fetch(main, since), calls, errors)
        if not found or time.monotonic() > end:
            return found
        time.sleep(POLL_SECONDS)
