"""Log lines of the Python services: one JSON object a line on standard output.

In: records of `logging`. Out: lines with the time, level, text and, where the instrumentation of `logging` put them on the record,
`trace_id` and `span_id`. It knows nothing of tracing beyond those two names and sends nothing anywhere.
"""
import json
import logging
import sys


class JsonLines(logging.Formatter):
    def format(self, record):
        line = {
            "time": self.formatTime(record, "%Y-%m-%dT%H:%M:%S"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            "trace_id": getattr(record, "otelTraceID", "0"),
            "span_id": getattr(record, "otelSpanID", "0"),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)


def start():
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(JsonLines())
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    # httpx logs each request at INFO, which the spans already say.
    logging.getLogger("httpx").setLevel(logging.WARNING)
