"""Cluster names of the demo's parts, resolved to loopback without root.

In: the folder of the run. Out: a hosts file and the environment that makes libc read it (`libnss_wrapper`). Without that library every
name is 127.0.0.1, and the map tells databases and uninstrumented services apart by port alone.
"""
import glob

CLUSTER = {
    "gateway": "gateway.growbin.svc.cluster.local",
    "auth-api": "auth-api.growbin.svc.cluster.local",
    "chat-api": "chat-api.growbin.svc.cluster.local",
    "postgres": "postgres.growbin.svc.cluster.local",
    "redis-growbin": "redis.growbin.svc.cluster.local",
    "board": "board.jiwoo.svc.cluster.local",
    "board-2023": "board-2023.jiwoo.svc.cluster.local",
    "mariadb": "mariadb.jiwoo.svc.cluster.local",
    "redis-jiwoo": "redis.jiwoo.svc.cluster.local",
    "kafka": "kafka.jiwoo.svc.cluster.local",
}


class Names:
    def __init__(self, folder):
        found = glob.glob("/usr/lib/*/libnss_wrapper.so") + glob.glob("/usr/lib/libnss_wrapper.so")
        self.library = found[0] if found else None
        self.hosts = folder / "hosts"
        self.hosts.write_text("127.0.0.1 localhost\n" + "".join(f"127.0.0.1 {name}\n" for name in CLUSTER.values()))

    def of(self, part):
        """The name under which other parts call `part`."""
        return CLUSTER[part] if self.library else "127.0.0.1"

    def environment(self):
        return {"LD_PRELOAD": self.library, "NSS_WRAPPER_HOSTS": str(self.hosts)} if self.library else {}

    def no_proxy(self):
        return ",".join(["127.0.0.1", "localhost", *CLUSTER.values()])

    def missing(self):
        """What is missing without the library, or nothing."""
        if self.library:
            return None
        return ("libnss-wrapper is missing (`make setup` installs it): databases, caches and services are called at 127.0.0.1,"
                " so the spans do not hold their cluster names")
