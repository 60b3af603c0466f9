"""The traffic driver: performs actions at a rate and mix that can be changed while it runs, and logs what it did.

In: `--traffic FILE`, JSON with `rate` (actions a second), `mix` (weight an action) and `targets` (services that are up), read again
whenever it changed. Out: `--log FILE`, one JSON line an action, and a line `{"quiet": true}` each time that the rate is 0 and nothing
is under way any more. On SIGTERM it finishes what it began.
"""
import argparse
import concurrent.futures
import json
import pathlib
import random
import signal
import threading
import time

import actions
from browser import Browser

WORKERS = 24
TICK_SECONDS = 0.05


class Log:
    def __init__(self, path):
        self.file = open(path, "a", buffering=1)
        self.lock = threading.Lock()

    def add(self, said):
        with self.lock:
            self.file.write(json.dumps(said) + "\n")


class Traffic:
    """The settings as they stand in the file; a file that is being replaced is read at the next tick."""

    def __init__(self, path):
        self.path, self.stamp = path, None
        self.rate, self.mix, self.targets = 0.0, dict(actions.MIX), []

    def refresh(self):
        try:
            stamp = self.path.stat().st_mtime_ns
            if stamp != self.stamp:
                said = json.loads(self.path.read_text())
                self.stamp, self.rate, self.targets = stamp, float(said["rate"]), said["targets"]
                self.mix = {**actions.MIX, **said["mix"]}
        except (OSError, ValueError):
            pass

    def choose(self, world):
        # People sign in before they do anything else; half of the time, so that a broken login does not hide the rest.
        if random.random() < 0.5:
            if "auth-api" in self.targets and not world.sessions:
                return random.choice(["login-google", "login-kakao", "login-naver"])
            if len(world.accounts) < sum(target.startswith("board") for target in self.targets):
                return "board-join"
        names = list(self.mix)
        return random.choices(names, [self.mix[name] for name in names])[0]


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--url", action="append", required=True, metavar="SERVICE=URL")
    for name in ("proxy", "authority", "traffic", "log", "run"):
        arguments.add_argument(f"--{name}", required=True)
    options = arguments.parse_args()
    leaving = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: leaving.set())
    urls = dict(entry.split("=", 1) for entry in options.url)
    world = actions.World(Browser(options.proxy, options.authority), urls, options.run)
    log, traffic = Log(options.log), Traffic(pathlib.Path(options.traffic))

    def one(name, targets):
        action = actions.perform(world, name, targets)
        if action is not None:
            log.add(action.said())

    under_way, quiet, due = set(), False, time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(WORKERS) as pool:
        while not leaving.is_set():
            traffic.refresh()
            finished = {future for future in under_way if future.done()}
            for future in finished:
                future.result()
            under_way -= finished
            now = time.monotonic()
            if traffic.rate <= 0:
                due = now
                if not under_way and not quiet:
                    log.add({"quiet": True, "at": time.time()})
                    quiet = True
            elif not traffic.targets:
                due = now
            else:
                quiet = False
                # Behind the plan by more than a second it does not catch up: a stopped database would else be followed by a flood.
                due = max(due, now - 1)
                while due <= now and len(under_way) < WORKERS:
                    under_way.add(pool.submit(one, traffic.choose(world), list(traffic.targets)))
                    due += random.expovariate(traffic.rate)
            leaving.wait(TICK_SECONDS)


if __name__ == "__main__":
    main()
