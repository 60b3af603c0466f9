"""What everybody but Throughline wrote down: the driver, the stand-ins, the databases, and who stopped a part.

In: the folder of the run. Out: counts. Nothing here asks Throughline.
"""
import json
import pathlib
import re
from collections import Counter

from launch.databases import command_counts

# Statements of the services; what drivers and launchers send besides names other tables.
STATEMENT = r"((?:INSERT INTO|SELECT\b.*?\bFROM) (?:users|messages|drafts)\b.*)"
POSTGRES_LINE = re.compile(r"^growbin LOG:  (?:statement|execute [^:]*): " + STATEMENT)
MARIADB_LINE = re.compile(r"\bQuery\t" + STATEMENT)

SERVICES = ("gateway", "auth-api", "chat-api", "board", "board-2023", "log-reader")
# What the Python SDK logs when it gives up a batch for good.
GIVEN_UP = "Exception while exporting Span batch"


def lines(path):
    path = pathlib.Path(path)
    return path.read_text(errors="replace").splitlines() if path.exists() else []


class Ledgers:
    def __init__(self, run):
        self.run = run
        self.folder = pathlib.Path(run["folder"])

    def actions(self):
        """What the driver did, without its notes of quiet."""
        return [said for said in map(json.loads, lines(self.folder / "driver.jsonl")) if "action" in said]

    def quiet_since(self, moment):
        return any(said.get("quiet") and said["at"] >= moment for said in map(json.loads, lines(self.folder / "driver.jsonl")[-3:]))

    def disturbed(self):
        """Parts that were stopped, killed or withheld while the demo ran."""
        return sorted({said["part"] for said in self.noted()})

    def lossy(self):
        """Services whose spans are missing for a reason of their own: killed before they could send, started without an SDK, or with an
        SDK that says in its log that it threw a batch away (1.20 does when the server is away for a moment; later ones try again)."""
        found = {said["part"] for said in self.noted() if said["verb"] in ("kill", "withhold")} & set(SERVICES)
        found |= {name for name in SERVICES if any(GIVEN_UP in line for line in lines(self.folder / "logs" / f"{name}.log"))}
        return sorted(found)

    def killed(self, name):
        """Whether that part was killed, and with it what it had counted in memory."""
        return any(said["part"] == name and said["verb"] == "kill" for said in self.noted())

    def noted(self):
        return [json.loads(line) for line in lines(self.folder / "control.jsonl")]

    def outside(self):
        """Calls of services to each stand-in, and how often an unknown host was refused."""
        seen, refused = Counter(), Counter()
        for said in map(json.loads, lines(self.folder / "outside.jsonl")):
            if said.get("refused"):
                refused[said["host"]] += 1
            elif said["traced"]:
                seen[said["host"]] += 1
        return seen, refused

    def postgres(self):
        """Statements by their first word."""
        return verbs(POSTGRES_LINE, lines(self.folder / "logs" / "postgres.log"))

    def mariadb(self):
        return verbs(MARIADB_LINE, lines(self.run["mariadb_statements"]) if self.run["mariadb_statements"] else [])

    def redis(self, name):
        """Calls by command over all starts of that Redis."""
        counted = Counter()
        kept = "\n".join(lines(self.folder / f"{name}-commands.txt"))
        try:
            kept += "\n" + command_counts(self.run["ports"][name])
        except OSError:
            pass
        for command, calls in re.findall(r"cmdstat_(\w+):calls=(\d+)", kept):
            counted[command.upper()] += int(calls)
        return counted

    def log_lines(self, service):
        """The JSON lines of a service's log."""
        found = []
        for line in lines(self.folder / "logs" / f"{service}.log"):
            if line.startswith("{"):
                found.append(json.loads(line))
        return found


def verbs(pattern, text):
    found = (pattern.search(line) for line in text)
    return Counter(match.group(1).split()[0] for match in found if match)
