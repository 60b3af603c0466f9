"""The services of both teams as parts: what each needs, how it is started, with which environment.

In: place, names, server, authority. Out: parts. All services are instrumented from outside (`opentelemetry-instrument`, Node's
`--require`), and send every trace. A new service is one function here; `docs/guide/add-a-demo-service.md` tells the steps.
"""
import os
import urllib.error
import urllib.request

from launch import packages
from launch.place import DEMO
from launch.supervisor import Part

# How long a service may hold finished spans before it sends them.
SEND_DELAY_MS = "500"


def answers(url):
    try:
        with urllib.request.urlopen(url, timeout=2):
            return True
    except urllib.error.HTTPError as error:
        return error.code < 500


class Services:
    def __init__(self, place, names, server, authority, proxy_url):
        self.place, self.names, self.server, self.authority, self.proxy_url = place, names, server, authority, proxy_url

    def telemetry(self, service, namespace, version):
        return {
            "OTEL_SERVICE_NAME": service,
            "OTEL_RESOURCE_ATTRIBUTES": f"service.namespace={namespace},service.version={version},deployment.environment.name=dev",
            "OTEL_EXPORTER_OTLP_ENDPOINT": self.server.otlp,
            "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
            "OTEL_TRACES_EXPORTER": "otlp",
            "OTEL_TRACES_SAMPLER": "always_on",
            # Throughline takes traces; the services' logs are JSON lines with trace ids in their log files.
            "OTEL_METRICS_EXPORTER": "none",
            "OTEL_LOGS_EXPORTER": "none",
            "OTEL_PYTHON_LOG_CORRELATION": "true",
            "OTEL_BSP_SCHEDULE_DELAY": SEND_DELAY_MS,
        }

    def environment(self, service, namespace, version, folder, **own):
        return {
            **self.names.environment(),
            **self.telemetry(service, namespace, version),
            "HTTPS_PROXY": self.proxy_url,
            "NO_PROXY": self.names.no_proxy(),
            "SSL_CERT_FILE": self.authority,
            "PYTHONPATH": os.pathsep.join(str(DEMO / name) for name in (folder, "logs")),
            "PYTHONUNBUFFERED": "1",
            "PORT": self.place.port(service),
            **own,
        }

    def address(self, part):
        return f"{self.names.of(part)}:{self.place.port(part)}"

    def is_healthy(self, part):
        return lambda: answers(f"{self.place.url(part)}/healthz")

    def redis(self, part):
        return {"REDIS_HOST": self.names.of(part), "REDIS_PORT": self.place.port(part)}

    def instrumented(self, requirements, *command):
        folder = packages.python(requirements) / "bin"
        return [folder / "opentelemetry-instrument", folder / command[0], *command[1:]]

    def fastapi(self, name, module, what, needs, after=(), **own):
        def command():
            return self.instrumented(packages.CURRENT, "python", DEMO / "growbin" / f"{module}.py")

        def environment():
            return self.environment(name, "growbin", "1.4.0", "growbin", **self.redis("redis-growbin"),
                                    DATABASE_URL=f"postgresql+psycopg://growbin@{self.address('postgres')}/growbin", **own)
        return Part(name, what, command, self.is_healthy(name), environment, needs=needs, after=after)

    def auth_api(self):
        return self.fastapi("auth-api", "auth_api", "OAuth 2.0 login (FastAPI)", ("throughline", "postgres", "redis-growbin", "outside"),
                            CALLBACK_URL=f"{self.place.url('gateway')}/auth/callback")

    def chat_api(self):
        return self.fastapi("chat-api", "chat_api", "chat with OpenAI (FastAPI)", ("throughline", "postgres", "redis-growbin", "outside"))

    def gateway(self):
        def command():
            packages.node()
            return ["node", "--require", "@opentelemetry/auto-instrumentations-node/register", DEMO / "growbin" / "gateway.js"]

        def environment():
            return self.environment("gateway", "growbin", "2.1.0", "growbin", NODE_PATH=packages.node(),
                                    AUTH_URL=f"http://{self.address('auth-api')}", CHAT_URL=f"http://{self.address('chat-api')}",
                                    OTEL_NODE_RESOURCE_DETECTORS="env,host,process",
                                    # Sockets, look-ups and the router's own steps say nothing that Express and fetch do not say.
                                    OTEL_NODE_DISABLED_INSTRUMENTATIONS="fs,net,dns,router")
        return Part("gateway", "front door of growbin (Node, Express)", command, self.is_healthy("gateway"), environment,
                    needs=("throughline",))

    def board(self, name, requirements, version, what, after):
        def environment():
            try:
                vue = packages.node() / "vue" / "dist"
            except packages.Missing:
                vue = ""
            return self.environment(name, "jiwoo", version, "jiwoo", **self.redis("redis-jiwoo"), DB_HOST=self.names.of("mariadb"),
                                    DB_PORT=self.place.port("mariadb"), KAFKA=self.address("kafka"), VUE_FOLDER=vue)
        return Part(name, what, lambda: self.instrumented(requirements, "python", DEMO / "jiwoo" / "board.py"), self.is_healthy(name),
                    environment, needs=("throughline", "mariadb", "redis-jiwoo"), after=("kafka", *after))

    def log_reader(self, after):
        def environment():
            return self.environment("log-reader", "jiwoo", "1.0.0", "jiwoo", **self.redis("redis-jiwoo"), KAFKA=self.address("kafka"))

        def is_reading():
            return "reading" in (self.place.logs / "log-reader.log").read_text(errors="replace")
        return Part("log-reader", "reads the board's log topic (Python)",
                    lambda: self.instrumented(packages.CURRENT, "python", DEMO / "jiwoo" / "log_reader.py"), is_reading, environment,
                    needs=("throughline", "redis-jiwoo", "kafka"), after=after)
