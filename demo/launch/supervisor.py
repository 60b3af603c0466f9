"""Starts the demo's parts in the order of their needs, watches them, and stops each by its own process id.

In: a list of `Part`. Out: processes, and a state for each part that people and the control door read. A part that cannot run is named
with the reason and the others go on; nothing is started again by itself, because a check wants to see what is missing.
"""
import json
import os
import signal
import subprocess
import threading
import time
from dataclasses import dataclass, field
from typing import Callable, Optional

from launch.packages import Missing
from launch.place import say

STOP_SECONDS = 20
POLL_SECONDS = 0.1


@dataclass
class Part:
    """One process. `command` is called at each start, so that ports and packages are known by then."""
    name: str
    what: str
    command: Callable[[], list]
    ready: Callable[[], bool]
    environment: Callable[[], dict] = dict
    needs: tuple = ()
    # Parts that must have come up or failed before; they keep the two cores for what is shown first.
    after: tuple = ()
    # Before the first start, and once it is ready for the first time.
    prepare: Callable[[], None] = lambda: None
    fill: Callable[[], None] = lambda: None
    before_stop: Callable[[], None] = lambda: None
    user: Callable[[], Optional[str]] = lambda: None
    stop_signal: int = signal.SIGTERM
    ready_seconds: int = 60
    state: str = "waiting"
    reason: str = ""
    process: Optional[subprocess.Popen] = None
    prepared: bool = False
    filled: bool = False
    lock: threading.Lock = field(default_factory=threading.Lock)


SETTLED = ("ready", "failed", "stopped")


class Supervisor:
    def __init__(self, logs):
        self.logs = logs
        self.parts = {}
        self.changed = threading.Condition()
        self.stopping = False
        self.started = []

    def add(self, part):
        self.parts[part.name] = part

    def set(self, part, state, reason=""):
        with self.changed:
            part.state, part.reason = state, reason
            self.changed.notify_all()
        if state == "failed":
            say(f"  {part.name} does not run: {reason}")

    def start_all(self):
        """Starts each part as soon as its needs are ready; returns at once."""
        for part in self.parts.values():
            threading.Thread(target=self.start_in_order, args=(part,), daemon=True).start()

    def start_in_order(self, part):
        with self.changed:
            self.changed.wait_for(lambda: self.stopping or all(self.parts[name].state in SETTLED for name in part.needs + part.after))
            missing = [name for name in part.needs if self.parts[name].state != "ready"]
        if self.stopping:
            return
        if missing:
            self.set(part, "failed", f"it needs {', '.join(missing)}")
            return
        self.start(part.name)

    def start(self, name, extra_environment=None):
        """Starts one part and waits until it is ready or has failed; true when it is ready."""
        part = self.parts[name]
        with part.lock:
            if part.process is not None and part.process.poll() is None:
                return part.state == "ready"
            try:
                self.set(part, "starting")
                if not part.prepared:
                    part.prepare()
                    part.prepared = True
                part.process = self.spawn(part, extra_environment or {})
                self.await_ready(part)
                if not part.filled:
                    part.fill()
                    part.filled = True
                self.set(part, "ready")
            except (Missing, OSError, subprocess.SubprocessError) as error:
                # What was asked to stop while it started has not failed.
                if not self.stopping:
                    self.set(part, "failed", str(error))
        return part.state == "ready"

    def spawn(self, part, extra):
        if self.stopping:
            raise Missing("everything is being stopped")
        command = [str(word) for word in part.command()]
        environment = {key: str(value) for key, value in {**os.environ, **part.environment(), **extra}.items()}
        user = part.user()
        given = {"user": user, "group": "nogroup", "extra_groups": []} if user else {}
        with open(self.logs / f"{part.name}.log", "ab") as log:
            # A session of its own, so that Ctrl-C reaches the supervisor alone, which stops the parts in order.
            process = subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT,
                                       start_new_session=True, cwd=self.logs if not user else "/", **given)
        with self.changed:
            self.started.append((part.name, process.pid))
            # Who looks for orphans afterwards finds every process here.
            (self.logs.parent / "pids.json").write_text(json.dumps(self.started))
        return process

    def await_ready(self, part):
        end = time.monotonic() + part.ready_seconds
        while True:
            if part.process.poll() is not None:
                raise Missing(f"it ended with code {part.process.returncode}: {self.tail(part)}")
            try:
                if part.ready():
                    return
            except OSError:
                pass
            if time.monotonic() > end or self.stopping:
                raise Missing(f"it did not answer within {part.ready_seconds} s; its log is {self.logs / part.name}.log")
            time.sleep(POLL_SECONDS)

    def tail(self, part):
        lines = (self.logs / f"{part.name}.log").read_text(errors="replace").splitlines()
        return " | ".join(lines[-3:])

    def stop(self, name, kill=False):
        """Stops one part by its process id; with `kill` without asking."""
        part = self.parts[name]
        process = part.process
        # Said before the signal, so that the watcher does not take the end for a failure.
        self.set(part, "stopped")
        if process is None or process.poll() is not None:
            return
        if kill:
            process.kill()
        else:
            try:
                part.before_stop()
            except OSError as error:
                say(f"  {name}: {error}")
            process.send_signal(part.stop_signal)
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            say(f"  {name} did not stop within {STOP_SECONDS} s and is killed")
            process.kill()
            process.wait()

    def watch(self):
        """Names the parts that ended by themselves; called from time to time."""
        for part in self.parts.values():
            if part.state == "ready" and part.process.poll() is not None:
                self.set(part, "failed", f"it ended with code {part.process.returncode}: {self.tail(part)}")

    def stop_all(self):
        """Stops what runs, those that need others first."""
        with self.changed:
            self.stopping = True
            self.changed.notify_all()
        for level in reversed(self.levels()):
            threads = [threading.Thread(target=self.stop, args=(name,)) for name in level]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        for part in self.parts.values():
            # A start that was under way has given up by now; what it had begun goes too.
            with part.lock:
                if part.process is not None and part.process.poll() is None:
                    part.process.kill()
                    part.process.wait()

    def levels(self):
        """Names of the parts, each level needing only levels before it."""
        done, levels = set(), []
        while len(done) < len(self.parts):
            level = [name for name, part in self.parts.items() if name not in done and set(part.needs) <= done]
            if not level:
                raise AssertionError("the parts need each other in a circle")
            levels.append(level)
            done.update(level)
        return levels

    def wait_settled(self, names, seconds):
        """Waits until each of `names` came up or failed; true when all of them are ready."""
        with self.changed:
            self.changed.wait_for(lambda: all(self.parts[name].state in SETTLED for name in names), seconds)
            return all(self.parts[name].state == "ready" for name in names)
