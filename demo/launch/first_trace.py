"""Waits for the first trace that is worth showing: a chat message from the gateway down to the database, else a message on the board.

In: the server and the parts. Out: a trace id, or nothing when no such trace can come or the time is over.
"""
import time
import urllib.error

from launch.server import sql

# A chat message with its row written, and a message on the board; both with everything that they call.
CHAT = ("select encode(trace_id, 'hex') as id from spans where name like 'POST%' and service_name = 'gateway' and parent_span_id is null"
        " and trace_id in (select trace_id from spans where service_name = 'chat-api' and db_query_text like 'INSERT%')"
        " and trace_id in (select trace_id from spans where service_name = 'chat-api' and url_full like 'https://api.openai.com/%')"
        " order by start_time_unix_nano limit 1")
BOARD = ("select encode(trace_id, 'hex') as id from spans where name = 'save_message_to_db' and trace_id in"
         " (select trace_id from spans where db_query_text like 'INSERT%') order by start_time_unix_nano limit 1")
POLL_SECONDS = 0.3


def find(server, supervisor, traffic, seconds):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        supervisor.watch()
        traffic.follow(supervisor.parts)
        parts = supervisor.parts
        growbin_failed = any(parts[name].state == "failed" for name in ("gateway", "auth-api", "chat-api", "outside"))
        try:
            rows = sql(server.main, BOARD if growbin_failed else CHAT)
        except (OSError, urllib.error.HTTPError):
            rows = []
        if rows:
            return rows[0]["id"]
        if growbin_failed and parts["board"].state == "failed" and parts["board-2023"].state == "failed":
            return None
        time.sleep(POLL_SECONDS)
    return None
