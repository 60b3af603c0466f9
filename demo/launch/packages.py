"""Packages of the demo's services: Python environments, Node modules, Kafka's jars, each made once and kept in the cache.

In: a file of locked versions. Out: the folder that holds them. The folder's name holds a hash of that file and of the interpreter, so
another list makes another folder and an old one is never changed. It installs nothing outside the cache.
"""
import fcntl
import hashlib
import os
import pathlib
import shutil
import subprocess
import sys
from contextlib import contextmanager

from launch.place import CACHE, DEMO, say

CURRENT = DEMO / "requirements" / "current.txt"
OLD = DEMO / "requirements" / "sdk-1.20.txt"
NODE_VERSION_MIN = (20, 6)


class Missing(Exception):
    """Something that the machine lacks; the text says what and how to get it."""


@contextmanager
def made_once(kind, *inputs):
    """Gives (folder, ready): one process at a time makes the folder, and marks it when it is whole."""
    key = hashlib.sha256(b"\0".join(inputs)).hexdigest()[:16]
    folder = CACHE / f"demo-{kind}-{key}"
    CACHE.mkdir(parents=True, exist_ok=True)
    with open(CACHE / f"demo-{kind}-{key}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        ready = (folder / "ready").exists()
        if not ready:
            shutil.rmtree(folder, ignore_errors=True)
        yield folder, ready
        if not ready:
            (folder / "ready").touch()


def call(command, **given):
    ran = subprocess.run([str(part) for part in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **given)
    if ran.returncode != 0:
        raise Missing(f"`{' '.join(str(part) for part in command)}` failed: {ran.stdout.strip()[-800:]}")


def python(requirements):
    """The environment with the packages of `requirements`."""
    with made_once(requirements.stem, requirements.read_bytes(), sys.version.encode()) as (folder, ready):
        if not ready:
            say(f"Installing the Python packages of {requirements.name} (once) ...")
            call([sys.executable, "-m", "venv", folder])
            call([folder / "bin" / "pip", "install", "--quiet", "--disable-pip-version-check", "-r", requirements])
    return folder


def node():
    """The folder `node_modules` with the gateway's packages and Vue."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        raise Missing("Node 20 and npm are missing")
    version = subprocess.run(["node", "--version"], stdout=subprocess.PIPE, text=True).stdout.strip()
    if tuple(int(part) for part in version.lstrip("v").split(".")[:2]) < NODE_VERSION_MIN:
        raise Missing(f"Node is {version}, and the instrumentation wants 20.6 or later")
    lists = [DEMO / "growbin" / name for name in ("package.json", "package-lock.json")]
    with made_once("node", *(path.read_bytes() for path in lists), version.encode()) as (folder, ready):
        if not ready:
            say("Installing the Node packages (once) ...")
            folder.mkdir()
            for path in lists:
                shutil.copy(path, folder)
            call(["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts"], cwd=folder)
    return folder / "node_modules"


def kafka():
    """The folder with Apache Kafka's jars, from its Maven coordinates."""
    if shutil.which("java") is None:
        raise Missing("Java is missing, so Apache Kafka cannot run")
    if shutil.which("mvn") is None:
        raise Missing("Maven is missing, which brings Apache Kafka")
    coordinates = DEMO / "kafka" / "pom.xml"
    with made_once("kafka", coordinates.read_bytes()) as (folder, ready):
        if not ready:
            say("Fetching Apache Kafka (once) ...")
            folder.mkdir()
            call(["mvn", "--batch-mode", "--quiet", "-f", coordinates, "dependency:copy-dependencies",
                  f"-DoutputDirectory={folder / 'jars'}"])
    return folder / "jars"


def prepare_all(with_kafka):
    """Makes everything that can be made beforehand; what cannot is named, and the demo goes on without it."""
    wanted = [("the services", lambda: python(CURRENT)), ("the board of 2023", lambda: python(OLD)), ("the gateway", node)]
    if with_kafka:
        wanted.append(("Apache Kafka", kafka))
    for what, make in wanted:
        try:
            make()
        except Missing as missing:
            say(f"{what} will not run: {missing}")


def binary(name, *patterns):
    """A program on the path or in one of Debian's own folders; the newest where there are several."""
    found = shutil.which(name)
    if found:
        return found
    for pattern in patterns:
        places = sorted(pathlib.Path("/").glob(pattern.lstrip("/")))
        if places and os.access(places[-1] / name, os.X_OK):
            return str(places[-1] / name)
    raise Missing(f"`{name}` is missing; `make setup` installs it or says how")
