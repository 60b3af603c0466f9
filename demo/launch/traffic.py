"""The driver as a part, and its settings. In: the run's parts. Out: the file that the driver reads: rate, mix, targets that are up."""
import json
import os
import sys
import threading

from launch.place import DEMO
from launch.supervisor import Part

TARGETS = ("gateway", "auth-api", "chat-api", "board", "board-2023")


class Traffic:
    def __init__(self, place, rate, mix):
        self.place, self.rate, self.mix, self.targets = place, rate, mix, []
        self.file = place.folder / "traffic.json"
        self.log = place.folder / "driver.jsonl"
        self.lock = threading.Lock()
        self.write()

    def settings(self):
        return {"rate": self.rate, "mix": self.mix, "targets": self.targets}

    def write(self):
        beside = self.file.with_suffix(".new")
        beside.write_text(json.dumps(self.settings()))
        os.replace(beside, self.file)

    def change(self, wanted):
        unknown = set(wanted) - {"rate", "mix"}
        if unknown:
            raise ValueError(f"unknown: {', '.join(sorted(unknown))}")
        with self.lock:
            self.rate = float(wanted.get("rate", self.rate))
            self.mix = {name: float(weight) for name, weight in wanted.get("mix", self.mix).items()}
            self.write()

    def follow(self, parts):
        """Adds targets that came up. One that was stopped stays, so that its failures are seen as its callers see them."""
        with self.lock:
            up = [name for name in TARGETS if name in self.targets or name in parts and parts[name].state == "ready"]
            if up != self.targets:
                self.targets = up
                self.write()

    def part(self, authority, proxy_url):
        def command():
            urls = [word for name in TARGETS for word in ("--url", f"{name}={self.place.url(name)}")]
            return [sys.executable, DEMO / "driver" / "drive.py", *urls, "--proxy", proxy_url, "--authority", authority, "--traffic",
                    self.file, "--log", self.log, "--run", f"{int(self.place.started):x}"]
        return Part("driver", "the people who use both systems", command, self.log.exists, needs=("outside",))
