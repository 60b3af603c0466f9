"""log-reader of jiwoo: consumes the topic `api-logs` and keeps the newest lines in a Redis list.

In: Kafka. Out: `kafka:logs`, at most 100 lines. It serves nothing and knows nothing of tracing: `opentelemetry-instrument` starts it.
"""
import logging
import os
import signal
import sys

import confluent_kafka
import redis

import json_log

json_log.start()
log = logging.getLogger("log-reader")
store = redis.Redis(host=os.environ["REDIS_HOST"], port=int(os.environ["REDIS_PORT"]))
LINES_KEPT = 100
POLL_SECONDS = 5


def main():
    consumer = confluent_kafka.Consumer({
        "bootstrap.servers": os.environ["KAFKA"], "group.id": "log-reader", "auto.offset.reset": "earliest",
        "topic.metadata.refresh.interval.ms": 2000, "allow.auto.create.topics": True,
    })
    consumer.subscribe(["api-logs"])
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    log.info("reading")
    try:
        while True:
            message = consumer.poll(POLL_SECONDS)
            if message is None:
                continue
            if message.error():
                log.warning("Kafka: %s", message.error())
                continue
            try:
                store.lpush("kafka:logs", message.value())
                store.ltrim("kafka:logs", 0, LINES_KEPT - 1)
            except redis.RedisError as error:
                log.error("Redis does not take the line: %r", error)
    finally:
        consumer.close()


if __name__ == "__main__":
    main()
