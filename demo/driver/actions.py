"""What people do with the two systems: sign in, chat, send images, write on the board, and things that fail on purpose.

In: a `World` with the targets that are up. Out: for each action its steps (service, method, route as the service names it, status) and
whether every step ended as expected. Nothing here knows of spans; `verify/` says what each action should leave in the traces.
"""
import json
import random
import threading
import time
import urllib.parse

SESSIONS_MAX = 30
IMAGE = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 8


class World:
    """What the people remember: sessions, the last question, images, accounts of each board."""

    def __init__(self, browser, urls, run):
        self.browser, self.urls, self.run = browser, urls, run
        self.lock = threading.Lock()
        self.count = 0
        self.sessions, self.images, self.accounts, self.cookies = [], [], {}, {}
        self.question = None

    def number(self):
        with self.lock:
            self.count += 1
            return self.count

    def remember(self, kept, value, most=SESSIONS_MAX):
        with self.lock:
            kept.append(value)
            del kept[:-most]

    def any_of(self, kept):
        with self.lock:
            return random.choice(kept) if kept else None


class Action:
    """One action under way: takes its steps and notes them."""

    def __init__(self, world, name):
        self.world, self.name, self.steps, self.ok = world, name, [], True
        self.at = time.time()
        self.target = None

    def step(self, service, method, path, route, expected, body=None, headers=None):
        started = time.monotonic()
        sent = json.dumps(body).encode() if isinstance(body, dict) else body
        kind = {"Content-Type": "application/json"} if isinstance(body, dict) else {}
        answer = self.world.browser.ask(method, self.world.urls[service] + path, sent, {**kind, **(headers or {})})
        self.steps.append({"service": service, "method": method, "route": route, "status": answer.status,
                           "ms": round((time.monotonic() - started) * 1000)})
        self.ok = self.ok and answer.status == expected
        return answer

    def said(self):
        return {"at": self.at, "action": self.name, "target": self.target, "ok": self.ok, "steps": self.steps}


def login(provider):
    def act(action):
        asked = action.step("gateway", "GET", f"/auth/login/{provider}", "/auth/login/:provider", 302)
        if asked.status != 302:
            return
        back = action.world.browser.ask("GET", asked.headers["location"])
        if back.status != 302:
            action.ok = False
            return
        query = urllib.parse.urlsplit(back.headers["location"]).query
        given = action.step("gateway", "GET", f"/auth/callback/{provider}?{query}", "/auth/callback/:provider", 200)
        if given.status == 200:
            action.world.remember(action.world.sessions, json.loads(given.body)["token"])
    return act


def signed_in(act):
    """The action with the header of a session; without a session the person cannot do it and it does not count."""
    def with_session(action):
        token = action.world.any_of(action.world.sessions)
        if token is None:
            return
        act(action, {"Authorization": f"Bearer {token}"})
        if action.steps and action.steps[-1]["status"] == 401:
            with action.world.lock:
                if token in action.world.sessions:
                    action.world.sessions.remove(token)
    return with_session


MESSAGES = "/api/v1/chat/messages"


def ask(action, session, question, expected=200):
    """Asks; what the service says of its cache stands in the step, because a Redis that was away forgets."""
    answer = action.step("gateway", "POST", MESSAGES, MESSAGES, expected, {"text": question}, session)
    if answer.status == 200:
        action.steps[-1]["cached"] = json.loads(answer.body)["cached"]
    return action.steps[-1].get("cached")


@signed_in
def chat(action, session):
    question = f"What is the square of {action.world.number()} in run {action.world.run}?"
    cached = ask(action, session, question)
    if cached is not None:
        action.ok = action.ok and not cached
        action.world.question = question


@signed_in
def chat_again(action, session):
    question = action.world.question
    if question is None:
        return
    action.ok = bool(ask(action, session, question)) and action.ok


@signed_in
def chat_slow(action, session):
    question = f"Please think slowly about {action.world.number()} in run {action.world.run}"
    ask(action, session, question)


@signed_in
def chat_fail(action, session):
    ask(action, session, "!fail", 500)


def chat_unauthorized(action):
    action.step("gateway", "POST", MESSAGES, MESSAGES, 401, {"text": "Who am I?"}, {"Authorization": "Bearer wrong"})


@signed_in
def chat_read(action, session):
    action.step("gateway", "GET", MESSAGES, MESSAGES, 200, headers=session)


@signed_in
def image(action, session):
    name = f"{action.world.run}-{action.world.number()}.png"
    route = "/api/v1/chat/images/:name"
    put = action.step("gateway", "PUT", f"/api/v1/chat/images/{name}", route, 200, IMAGE, {**session, "Content-Type": "image/png"})
    if put.status == 200:
        action.step("gateway", "GET", f"/api/v1/chat/images/{name}", route, 200, headers=session)


def board_join(action):
    board, name = action.target, f"person-{action.world.run}-{action.world.number()}"
    account = {"name": name, "password": f"secret of {name}"}
    if action.step(board, "POST", "/api/register", "/api/register", 201, account).status != 201:
        return
    signed = action.step(board, "POST", "/api/login", "/api/login", 200, account)
    if signed.status == 200:
        action.world.remember(action.world.accounts.setdefault(board, []), name)
        action.world.remember(action.world.cookies.setdefault(board, []), signed.headers["set-cookie"].split(";")[0])


def board_write(action):
    cookie = action.world.any_of(action.world.cookies.get(action.target, []))
    if cookie is not None:
        action.step(action.target, "POST", "/api/db/message", "/api/db/message", 201,
                    {"message": f"message {action.world.number()}, 안녕하세요"}, {"Cookie": cookie})


def board_read(action):
    action.step(action.target, "GET", "/api/db/messages", "/api/db/messages", 200)


def board_logs(action):
    action.step(action.target, "GET", "/api/logs/kafka", "/api/logs/kafka", 200)
    action.step(action.target, "GET", "/api/logs/redis", "/api/logs/redis", 200)


def board_fail(action):
    action.step(action.target, "GET", "/api/db/broken", "/api/db/broken", 500)


def board_unauthorized(action):
    action.step(action.target, "POST", "/api/db/message", "/api/db/message", 401, {"message": "not signed in"})


def board_wrong_password(action):
    name = action.world.any_of(action.world.accounts.get(action.target, []))
    if name is not None:
        action.step(action.target, "POST", "/api/login", "/api/login", 401, {"name": name, "password": "wrong"})


def page(action):
    action.step(action.target, "GET", "/", "/", 200)
    action.step(action.target, "GET", "/page/vue.global.prod.js", "/page/<name>", 200)
    action.step(action.target, "GET", "/page/board.js", "/page/<name>", 200)


GROWBIN = {
    "login-google": login("google"), "login-kakao": login("kakao"), "login-naver": login("naver"), "chat": chat, "chat-again": chat_again,
    "chat-slow": chat_slow, "chat-fail": chat_fail, "chat-unauthorized": chat_unauthorized, "chat-read": chat_read, "image": image,
}
JIWOO = {
    "board-join": board_join, "board-write": board_write, "board-read": board_read, "board-logs": board_logs, "board-fail": board_fail,
    "board-unauthorized": board_unauthorized, "board-wrong-password": board_wrong_password, "page": page,
}
# How often each happens, relative to the others.
MIX = {
    "login-google": 3, "login-kakao": 2, "login-naver": 2, "chat": 8, "chat-again": 4, "chat-slow": 0.5, "chat-fail": 1,
    "chat-unauthorized": 1, "chat-read": 3, "image": 2, "board-join": 2, "board-write": 6, "board-read": 4, "board-logs": 2,
    "board-fail": 1, "board-unauthorized": 1, "board-wrong-password": 1, "page": 1,
}


def perform(world, name, targets):
    """Does one action if its targets are up; gives the action, or nothing when it could not begin."""
    action = Action(world, name)
    if name in JIWOO:
        boards = [target for target in targets if target.startswith("board")]
        if not boards:
            return None
        action.target = random.choice(boards)
        JIWOO[name](action)
    else:
        # The gateway alone answers 502; what is behind it must have been up once.
        if not {"gateway", "auth-api", "chat-api"} <= set(targets):
            return None
        action.target = "gateway"
        GROWBIN[name](action)
    return action if action.steps else None
