"""A Kafka broker as a process of its own: librdkafka's mock cluster behind a fixed port.

In: Kafka clients at `--port`. Out: the mock's answers; topics are made when first used, nothing is kept over a stop. The mock binds
a free port of its own and tells it to clients, so the fixed port is only the door they start from: each connection to it is joined
to the mock. A client that lost the broker comes back through the same door.
"""
import argparse
import signal
import socket
import sys
import threading

import confluent_kafka


def mock_address():
    """Starts the mock cluster inside a client, and asks that client where it is."""
    inner = confluent_kafka.Producer({"test.mock.num.brokers": 1, "log_level": 3})
    brokers = inner.list_topics(timeout=10).brokers
    broker = next(iter(brokers.values()))
    return inner, (broker.host, broker.port)


def pour(source, target):
    try:
        while data := source.recv(65536):
            target.sendall(data)
    except OSError:
        pass
    finally:
        for end in (source, target):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--port", type=int, required=True)
    port = arguments.parse_args().port
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    # `inner` owns the mock cluster: it lives as long as this variable.
    inner, address = mock_address()
    print(f"the mock broker is at {address[0]}:{address[1]}", flush=True)
    with socket.create_server(("127.0.0.1", port)) as door:
        while True:
            outer, _ = door.accept()
            try:
                joined = socket.create_connection(address, 5)
            except OSError as error:
                print(error, file=sys.stderr, flush=True)
                outer.close()
                continue
            for source, target in ((outer, joined), (joined, outer)):
                threading.Thread(target=pour, args=(source, target), daemon=True).start()


if __name__ == "__main__":
    main()
