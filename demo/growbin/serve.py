"""Serves one FastAPI application until it is asked to stop. In: the application; `PORT`. Out: HTTP on loopback.

uvicorn raises the signal again once it has shut down. By default that ends Python at once, without its exit hooks, and the SDK would
not send the last spans; leaving by `sys.exit` runs them.
"""
import os
import signal
import sys

import uvicorn

GRACE_SECONDS = 5


def run(app):
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    uvicorn.run(app, host="127.0.0.1", port=int(os.environ["PORT"]), log_level="warning", access_log=False,
                timeout_graceful_shutdown=GRACE_SECONDS)
