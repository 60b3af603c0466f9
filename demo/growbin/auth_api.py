"""auth-api of growbin: OAuth 2.0 login with Google, Kakao or Naver, users in PostgreSQL, sessions in Redis.

In: `GET /auth/login/PROVIDER` (redirects the browser), `GET /auth/callback/PROVIDER?code&state` (gives a session token),
`GET /auth/session`. It knows nothing of tracing: `opentelemetry-instrument` starts it.
"""
import json
import logging
import os
import secrets
import urllib.parse

import httpx
import redis.asyncio
from fastapi import FastAPI, Header, HTTPException
from fastapi.responses import RedirectResponse
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

import json_log
import serve

json_log.start()
log = logging.getLogger("auth-api")
app = FastAPI()
store = redis.asyncio.Redis(host=os.environ["REDIS_HOST"], port=int(os.environ["REDIS_PORT"]), decode_responses=True)
database = create_async_engine(os.environ["DATABASE_URL"], pool_size=5, pool_pre_ping=False)
outside = httpx.AsyncClient(timeout=10)
CALLBACK = os.environ["CALLBACK_URL"]
SESSION_SECONDS = 3600

PROVIDERS = {
    "google": {
        "authorize": "https://accounts.google.com/o/oauth2/v2/auth",
        "token": "https://oauth2.googleapis.com/token",
        "person": "https://openidconnect.googleapis.com/v1/userinfo",
        "read": lambda reply: (reply["sub"], reply["name"]),
    },
    "kakao": {
        "authorize": "https://kauth.kakao.com/oauth/authorize",
        "token": "https://kauth.kakao.com/oauth/token",
        "person": "https://kapi.kakao.com/v2/user/me",
        "read": lambda reply: (str(reply["id"]), reply["properties"]["nickname"]),
    },
    "naver": {
        "authorize": "https://nid.naver.com/oauth2.0/authorize",
        "token": "https://nid.naver.com/oauth2.0/token",
        "person": "https://openapi.naver.com/v1/nid/me",
        "read": lambda reply: (reply["response"]["id"], reply["response"]["name"]),
    },
}


def known(provider):
    if provider not in PROVIDERS:
        raise HTTPException(404, "no such provider")
    return PROVIDERS[provider]


@app.get("/auth/login/{provider}")
async def login(provider: str):
    state = secrets.token_urlsafe(12)
    await store.set(f"oauth:{state}", provider, ex=300)
    asked = {"client_id": "growbin", "response_type": "code", "state": state, "redirect_uri": f"{CALLBACK}/{provider}"}
    return RedirectResponse(f"{known(provider)['authorize']}?{urllib.parse.urlencode(asked)}", 302)


@app.get("/auth/callback/{provider}")
async def callback(provider: str, code: str, state: str):
    place = known(provider)
    if await store.getdel(f"oauth:{state}") != provider:
        raise HTTPException(400, "the state is not one that was given out")
    form = {"grant_type": "authorization_code", "client_id": "growbin", "client_secret": "demo", "code": code,
            "redirect_uri": f"{CALLBACK}/{provider}"}
    granted = await outside.post(place["token"], data=form)
    if granted.status_code != 200:
        log.warning("%s refused the code with %d", provider, granted.status_code)
        raise HTTPException(502, "the provider refused the code")
    bearer = {"Authorization": f"Bearer {granted.json()['access_token']}"}
    person = await outside.get(place["person"], headers=bearer)
    subject, name = place["read"](person.raise_for_status().json())
    async with database.begin() as connection:
        row = await connection.execute(
            text("INSERT INTO users (provider, subject, name) VALUES (:provider, :subject, :name)"
                 " ON CONFLICT (provider, subject) DO UPDATE SET name = excluded.name RETURNING id"),
            {"provider": provider, "subject": subject, "name": name})
        user = row.scalar_one()
    token = secrets.token_urlsafe(24)
    await store.set(f"session:{token}", json.dumps({"user": user, "name": name}), ex=SESSION_SECONDS)
    log.info("user %d signed in through %s", user, provider)
    return {"token": token, "name": name}


@app.get("/auth/session")
async def session(authorization: str = Header(default="")):
    found = await store.get(f"session:{authorization.removeprefix('Bearer ')}")
    if found is None:
        raise HTTPException(401, "no such session")
    async with database.connect() as connection:
        row = await connection.execute(text("SELECT provider, name FROM users WHERE id = :id"), {"id": json.loads(found)["user"]})
        provider, name = row.one()
    return {"provider": provider, "name": name}


@app.get("/healthz")
async def health():
    return {"ok": True}


if __name__ == "__main__":
    serve.run(app)
