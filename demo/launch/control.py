"""The control door: stops and starts single parts and changes the traffic while the demo runs.

In: HTTP on loopback, used by `demo/part.py` and `demo/check.py`. `GET /parts`, `POST /parts/NAME/{stop,kill,start,withhold}`,
`GET` and `POST /traffic`. Out: JSON. `withhold` starts a service with its SDK switched off, so that its spans are missing.
"""
import http.server
import json
import pathlib
import threading
import time

from launch.place import listens

WITHHELD = {"OTEL_SDK_DISABLED": "true"}


def place(data):
    """The file that says at which port the door of the demo on this data folder is; it is there while the demo runs."""
    return pathlib.Path(data).resolve() / "demo" / "control.json"


def is_open(data):
    try:
        return listens(json.loads(place(data).read_text())["port"])
    except (OSError, ValueError):
        return False


class Door(http.server.BaseHTTPRequestHandler):
    def answer(self, status, value):
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        demo = self.server.demo
        if self.path == "/parts":
            parts = [{"name": part.name, "what": part.what, "state": part.state, "reason": part.reason,
                      "pid": part.process.pid if part.process else None} for part in demo.supervisor.parts.values()]
            self.answer(200, parts)
        elif self.path == "/traffic":
            self.answer(200, demo.traffic.settings())
        elif self.path == "/run":
            self.answer(200, demo.description())
        else:
            self.answer(404, {"error": "no such page"})

    def do_POST(self):
        demo = self.server.demo
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        words = self.path.strip("/").split("/")
        if words == ["traffic"]:
            try:
                demo.traffic.change(json.loads(body))
            except (ValueError, TypeError) as error:
                self.answer(400, {"error": str(error)})
                return
            self.answer(200, demo.traffic.settings())
        elif len(words) == 3 and words[0] == "parts" and words[1] in demo.supervisor.parts:
            self.act(demo.supervisor, words[1], words[2])
        else:
            self.answer(404, {"error": f"no such part; there are {', '.join(demo.supervisor.parts)}"})

    def act(self, supervisor, name, verb):
        # What was disturbed by hand, for the checks that compare afterwards.
        with open(self.server.demo.place.folder / "control.jsonl", "a") as noted:
            noted.write(json.dumps({"at": time.time(), "part": name, "verb": verb}) + "\n")
        if verb in ("stop", "kill"):
            supervisor.stop(name, kill=verb == "kill")
        elif verb == "start":
            supervisor.start(name)
        elif verb == "withhold":
            supervisor.stop(name)
            supervisor.start(name, WITHHELD)
        else:
            self.answer(404, {"error": "one of stop, kill, start, withhold"})
            return
        part = supervisor.parts[name]
        self.answer(200, {"name": name, "state": part.state, "reason": part.reason})

    def log_message(self, *_):
        """People see what they asked for in the answer."""


def open_door(demo):
    """Serves on a free port in the background; gives the server, whose `server_port` is where."""
    door = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Door)
    door.demo = demo
    door.daemon_threads = True
    threading.Thread(target=door.serve_forever, daemon=True).start()
    return door
