"""Counts what passed and what failed, a line each. In: names and differences. Out: text on standard output and an exit code."""


class Report:
    def __init__(self):
        self.passed = self.failed = 0

    def say(self, name, problems, told=""):
        """One check: `problems` are sentences; none means that it passed."""
        if not problems:
            self.passed += 1
            print(f"ok      {name}{': ' + told if told else ''}", flush=True)
            return
        self.failed += 1
        print(f"FAILED  {name}", flush=True)
        for problem in problems[:20]:
            print(f"          {problem}", flush=True)
        if len(problems) > 20:
            print(f"          and {len(problems) - 20} more", flush=True)

    def equal(self, name, mine, theirs, mine_name, theirs_name):
        """Two counters, key by key."""
        keys = sorted(set(mine) | set(theirs), key=str)
        self.say(name, [f"{show(key)}: {mine_name} {mine.get(key, 0)}, {theirs_name} {theirs.get(key, 0)}"
                        for key in keys if mine.get(key, 0) != theirs.get(key, 0)],
                 f"{sum(mine.values())} in {len(keys)} kinds")

    def end(self):
        print(f"{self.passed} passed, {self.failed} failed")
        return 1 if self.failed else 0


def show(key):
    return " ".join(str(part) for part in key) if isinstance(key, tuple) else str(key)
