"""PostgreSQL, MariaDB and Redis of the demo: real servers in folders of their own, on ports of their own, empty at each start.

In: the run's place. Out: parts. PostgreSQL and MariaDB refuse root: started as root they are handed to `nobody`. Each logs every
statement, and Redis's counts of commands are kept before it stops, because `make demo-check` compares spans with them.
"""
import signal
import socket
import subprocess

from launch.packages import Missing, binary
from launch.place import DEMO, listens
from launch.supervisor import Part

POSTGRES_PLACES = ("/usr/lib/postgresql/*/bin",)
ADMIN_PLACES = ("/usr/sbin", "/usr/local/sbin")


def call(command, user=None, **given):
    handed = {"user": user, "group": "nogroup", "extra_groups": [], "cwd": "/"} if user else {}
    ran = subprocess.run([str(word) for word in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **handed, **given)
    if ran.returncode != 0:
        raise Missing(f"{command[0]} failed: {ran.stdout.strip()[-400:]}")


class Postgres:
    def __init__(self, place):
        self.place = place
        self.folder = self.user = None

    def part(self):
        return Part("postgres", "PostgreSQL of growbin", self.command, self.is_ready, prepare=self.prepare, fill=self.fill,
                    user=lambda: self.user, stop_signal=signal.SIGINT)

    def prepare(self):
        self.folder, self.user = self.place.foreign_folder("postgres")
        call([binary("initdb", *POSTGRES_PLACES), "-D", self.folder, "-U", "postgres", "--auth=trust", "--no-sync", "-E", "UTF8",
              "--locale=C"], self.user)

    def command(self):
        settings = {"listen_addresses": "127.0.0.1", "unix_socket_directories": "", "fsync": "off", "log_statement": "all",
                    "log_line_prefix": "%u ", "shared_buffers": "16MB"}
        return [binary("postgres", *POSTGRES_PLACES), "-D", self.folder, "-p", self.place.port("postgres"),
                *(word for key, value in settings.items() for word in ("-c", f"{key}={value}"))]

    def is_ready(self):
        return subprocess.run([binary("pg_isready", *POSTGRES_PLACES), "-q", "-h", "127.0.0.1", "-p", str(self.place.port("postgres"))],
                              stdout=subprocess.DEVNULL).returncode == 0

    def psql(self, database, *words):
        call([binary("psql"), "-q", "-X", "-v", "ON_ERROR_STOP=1", "-h", "127.0.0.1", "-p", self.place.port("postgres"), "-U", "postgres",
              "-d", database, *words])

    def fill(self):
        self.psql("postgres", "-c", "CREATE ROLE growbin LOGIN", "-c", "CREATE DATABASE growbin")
        self.psql("growbin", "-f", DEMO / "growbin" / "schema.sql")


class MariaDb:
    def __init__(self, place):
        self.place = place
        self.folder = self.user = None

    def part(self, after):
        return Part("mariadb", "MariaDB of jiwoo", self.command, self.is_ready, prepare=self.prepare, fill=self.fill,
                    user=lambda: self.user, after=after)

    def prepare(self):
        self.folder, self.user = self.place.foreign_folder("mariadb")
        call([binary("mariadb-install-db"), "--no-defaults", f"--datadir={self.folder}/data", "--skip-test-db",
              "--auth-root-authentication-method=normal"], self.user)

    def command(self):
        return [binary("mariadbd", *ADMIN_PLACES), "--no-defaults", f"--datadir={self.folder}/data", f"--socket={self.folder}/socket",
                f"--pid-file={self.folder}/pid", f"--port={self.place.port('mariadb')}", "--bind-address=127.0.0.1", "--skip-name-resolve",
                "--skip-log-bin", "--innodb-buffer-pool-size=16M", "--innodb-flush-log-at-trx-commit=0", "--general-log=1",
                f"--general-log-file={self.statements}"]

    @property
    def statements(self):
        """The log of all statements; `nobody` cannot write where the others log."""
        return self.folder / "statements.log"

    def is_ready(self):
        return listens(self.place.port("mariadb"))

    def fill(self):
        text = ("CREATE DATABASE jiwoo CHARACTER SET utf8mb4; CREATE USER jiwoo@'127.0.0.1' IDENTIFIED BY 'jiwoo';"
                " GRANT ALL ON jiwoo.* TO jiwoo@'127.0.0.1'; USE jiwoo;\n" + (DEMO / "jiwoo" / "schema.sql").read_text())
        call([binary("mariadb"), "--no-defaults", "--protocol=tcp", "-h", "127.0.0.1", "-P", self.place.port("mariadb"), "-u", "root"],
             input=text)


class Redis:
    def __init__(self, place, name, what):
        self.place, self.name, self.what = place, name, what

    def part(self, after=()):
        return Part(self.name, self.what, self.command, self.is_ready, before_stop=self.keep_counts, after=after)

    def command(self):
        return [binary("redis-server"), "--port", self.place.port(self.name), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no",
                "--dir", self.place.folder]

    def is_ready(self):
        return listens(self.place.port(self.name))

    def keep_counts(self):
        with open(self.place.folder / f"{self.name}-commands.txt", "a") as kept:
            kept.write(command_counts(self.place.port(self.name)))


def command_counts(port):
    """What `INFO commandstats` says: a line a command with the number of calls since the server's start."""
    with socket.create_connection(("127.0.0.1", port), 5) as connection:
        connection.sendall(b"INFO commandstats\r\n")
        reader = connection.makefile("rb")
        length = int(reader.readline()[1:])
        return reader.read(length).decode()
