"""Kafka of jiwoo as a part: librdkafka's mock broker, or Apache Kafka (KRaft, heap 256 MB) where `KAFKA=real` and Java is there.

In: the run's place. Out: one part named `kafka` at one port, which services start from, whichever it is.
"""
import uuid

from launch import packages
from launch.place import DEMO, listens
from launch.supervisor import Part

HEAP = "256m"


def mock(place, after):
    def command():
        return [packages.python(packages.CURRENT) / "bin" / "python", DEMO / "kafka" / "mock_broker.py", "--port", place.port("kafka")]
    return Part("kafka", "Kafka of jiwoo (librdkafka's mock broker)", command, lambda: listens(place.port("kafka")), after=after)


def real(place, after):
    folder = place.folder / "kafka"
    settings = folder / "server.properties"

    def java(*words):
        return ["java", f"-Xmx{HEAP}", f"-Xms{HEAP}", f"-Dkafka.logs.dir={folder}", "-cp", f"{packages.kafka()}/*", *words]

    def prepare():
        folder.mkdir()
        settings.write_text("\n".join([
            "process.roles=broker,controller", "node.id=1", f"controller.quorum.voters=1@127.0.0.1:{place.port('kafka-controller')}",
            f"listeners=PLAINTEXT://127.0.0.1:{place.port('kafka')},CONTROLLER://127.0.0.1:{place.port('kafka-controller')}",
            f"advertised.listeners=PLAINTEXT://127.0.0.1:{place.port('kafka')}",
            "listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT", "controller.listener.names=CONTROLLER",
            f"log.dirs={folder}/logs", "num.partitions=1", "offsets.topic.num.partitions=1", "offsets.topic.replication.factor=1",
            "transaction.state.log.replication.factor=1", "transaction.state.log.min.isr=1", "group.initial.rebalance.delay.ms=0",
        ]) + "\n")
        packages.call(java("kafka.tools.StorageTool", "format", "-t", kafka_id(), "-c", settings))

    return Part("kafka", "Kafka of jiwoo (Apache Kafka)", lambda: java("kafka.Kafka", settings), lambda: listens(place.port("kafka")),
                prepare=prepare, after=after, ready_seconds=120)


def kafka_id():
    """A cluster id as Kafka writes it: 16 bytes in URL-safe base 64 without padding."""
    import base64
    return base64.urlsafe_b64encode(uuid.uuid4().bytes).rstrip(b"=").decode()
