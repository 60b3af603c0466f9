"""Where a run of the demo keeps its things: folders, ports, logs. In: the data folder. Out: paths and free loopback ports.

Ports are taken below the range that the kernel gives to outgoing connections, so that a part that was stopped finds its own again.
"""
import os
import pathlib
import random
import shutil
import socket
import tempfile
import time

DEMO = pathlib.Path(__file__).resolve().parent.parent
CACHE = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "throughline"
PORT_FIRST, PORT_LAST = 20000, 30000


def say(text):
    print(text, flush=True)


def listens(port):
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def free_port(taken=()):
    """A loopback port that nobody listens at and that is not in `taken`."""
    while True:
        port = random.randint(PORT_FIRST, PORT_LAST)
        if port in taken:
            continue
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue


class Place:
    """The folders and ports of one run. `folder` is made anew: a run begins with empty databases and an empty driver's log."""

    def __init__(self, data):
        self.data = pathlib.Path(data).resolve()
        self.folder = self.data / "demo"
        shutil.rmtree(self.folder, ignore_errors=True)
        self.logs = self.folder / "logs"
        self.logs.mkdir(parents=True)
        # Databases that are handed to another user need a folder that this user can reach.
        self.foreign = pathlib.Path(tempfile.mkdtemp(prefix="throughline-demo-"))
        self.foreign.chmod(0o755)
        self.started = time.time()
        self.ports = {}

    def port(self, name):
        if name not in self.ports:
            self.ports[name] = free_port(self.ports.values())
        return self.ports[name]

    def url(self, name):
        return f"http://127.0.0.1:{self.port(name)}"

    def foreign_folder(self, name):
        """An empty folder that `nobody` owns when this runs as root, and its owner's name."""
        folder = self.foreign / name
        folder.mkdir()
        if os.getuid() != 0:
            return folder, None
        shutil.chown(folder, "nobody", "nogroup")
        return folder, "nobody"

    def remove_foreign(self):
        shutil.rmtree(self.foreign, ignore_errors=True)
