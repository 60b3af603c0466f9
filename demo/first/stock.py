"""The stock service: Flask over a real Redis. Knows nothing of tracing; the item `broken` fails on purpose."""
import os

import redis
from flask import Flask, jsonify

app = Flask(__name__)
store = redis.Redis(port=int(os.environ["REDIS_PORT"]))


@app.get("/stock/<item>")
def stock(item):
    if item == "broken":
        raise RuntimeError("the shelf is broken")
    left = store.decr(f"stock:{item}")
    if left < 0:
        store.set(f"stock:{item}", 100)
        left = 100
    return jsonify(left=left)


if __name__ == "__main__":
    app.run(host="127.0.0.1", port=int(os.environ["PORT"]))
