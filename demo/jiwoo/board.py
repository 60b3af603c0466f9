"""board of jiwoo: a Flask message board over MariaDB (PyMySQL), a capped Redis list of API statistics, and Kafka.

In: `/api/register`, `/api/login`, `/api/db/message`, `/api/db/messages`, `/api/logs/redis`, `/api/logs/kafka`, and the Vue page at
`/`. `/api/db/broken` reads a table that is missing, on purpose. One text for two ages of the SDK: `opentelemetry-instrument` of 1.20
and of today start it; saving a message makes spans by hand, as the team did.
"""
import json
import logging
import os
import pathlib
import signal
import sys
import time

import confluent_kafka
import pymysql
import redis
from flask import Flask, jsonify, request, send_from_directory, session
from opentelemetry import trace
from werkzeug.security import check_password_hash, generate_password_hash

import json_log

json_log.start()
log = logging.getLogger("board")
logging.getLogger("werkzeug").setLevel(logging.WARNING)
tracer = trace.get_tracer("board")
app = Flask(__name__, static_folder=None)
app.secret_key = "the demo's cookies protect nothing"
store = redis.Redis(host=os.environ["REDIS_HOST"], port=int(os.environ["REDIS_PORT"]), decode_responses=True)
producer = confluent_kafka.Producer({"bootstrap.servers": os.environ["KAFKA"], "message.timeout.ms": 5000})
PAGE = pathlib.Path(__file__).parent / "page"
VUE = os.environ.get("VUE_FOLDER", "")
STATISTICS_KEPT = 100


def database():
    return pymysql.connect(host=os.environ["DB_HOST"], port=int(os.environ["DB_PORT"]), user="jiwoo", password="jiwoo",
                           database="jiwoo", autocommit=True, connect_timeout=5)


def query(statement, *values):
    with database() as connection, connection.cursor() as cursor:
        cursor.execute(statement, values)
        return cursor.fetchall()


@app.before_request
def count_time():
    request.started = time.monotonic()


@app.after_request
def report(response):
    """Each call of the API goes to the capped list and to the topic; neither may break the answer."""
    if not request.path.startswith("/api/"):
        return response
    said = json.dumps({"path": request.path, "method": request.method, "status": response.status_code,
                       "ms": round((time.monotonic() - request.started) * 1000, 1)})
    try:
        store.lpush("api:statistics", said)
        store.ltrim("api:statistics", 0, STATISTICS_KEPT - 1)
    except redis.RedisError as error:
        log.error("Redis does not take the statistics: %r", error)
    try:
        producer.produce("api-logs", value=said.encode())
        producer.poll(0)
    except (BufferError, confluent_kafka.KafkaException) as error:
        log.error("Kafka does not take the log: %r", error)
    return response


@app.post("/api/register")
def register():
    asked = request.get_json()
    hashed = generate_password_hash(asked["password"], "pbkdf2:sha256:1000")
    try:
        query("INSERT INTO users (name, password) VALUES (%s, %s)", asked["name"], hashed)
    except pymysql.IntegrityError:
        return jsonify(error="the name is taken"), 409
    return jsonify(name=asked["name"]), 201


@app.post("/api/login")
def login():
    asked = request.get_json()
    rows = query("SELECT id, password FROM users WHERE name = %s", asked["name"])
    if not rows or not check_password_hash(rows[0][1], asked["password"]):
        log.warning("a wrong password for %s", asked["name"])
        return jsonify(error="wrong name or password"), 401
    session["user"] = rows[0][0]
    return jsonify(name=asked["name"])


def save_message_to_db(user, message):
    with tracer.start_as_current_span("save_message_to_db") as span:
        span.set_attribute("message.length", len(message))
        with tracer.start_as_current_span("database_connection"):
            connection = database()
        with connection:
            with tracer.start_as_current_span("sql_execution"), connection.cursor() as cursor:
                cursor.execute("INSERT INTO messages (user_id, message) VALUES (%s, %s)", (user, message))
                number = cursor.lastrowid
        with tracer.start_as_current_span("redis_logging"):
            store.set("board:last_message", number)
    return number


@app.post("/api/db/message")
def post_message():
    if "user" not in session:
        return jsonify(error="sign in first"), 401
    number = save_message_to_db(session["user"], request.get_json()["message"])
    log.info("message %d saved", number)
    return jsonify(id=number), 201


@app.get("/api/db/messages")
def messages():
    rows = query("SELECT m.id, u.name, m.message FROM messages m JOIN users u ON u.id = m.user_id ORDER BY m.id DESC LIMIT 20")
    return jsonify([{"id": row[0], "name": row[1], "message": row[2]} for row in rows])


@app.get("/api/db/broken")
def broken():
    try:
        query("SELECT * FROM drafts")
    except pymysql.Error:
        log.exception("the drafts cannot be read")
        raise
    return jsonify([])


@app.get("/api/logs/redis")
def logs_redis():
    return jsonify([json.loads(line) for line in store.lrange("api:statistics", 0, 19)])


@app.get("/api/logs/kafka")
def logs_kafka():
    return jsonify([json.loads(line) for line in store.lrange("kafka:logs", 0, 19)])


@app.get("/")
def page():
    return send_from_directory(PAGE, "index.html")


@app.get("/page/<name>")
def page_file(name):
    return send_from_directory(VUE if name.startswith("vue.") else PAGE, name)


@app.get("/healthz")
def health():
    return jsonify(ok=True)


def leave(*_):
    producer.flush(2)
    sys.exit(0)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, leave)
    app.run(host="127.0.0.1", port=int(os.environ["PORT"]), threaded=True)
