"""chat-api of growbin: answers questions through OpenAI, remembers answers in Redis and messages in PostgreSQL, images in S3.

In: `POST` and `GET /api/v1/chat/messages`, `PUT` and `GET /api/v1/chat/images/NAME`, each with a session token of auth-api.
The question `!fail` fails on purpose. It knows nothing of tracing: `opentelemetry-instrument` starts it.
"""
import hashlib
import json
import logging
import os

import httpx
import redis.asyncio
from fastapi import Depends, FastAPI, Header, HTTPException, Request, Response
from pydantic import BaseModel
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

import json_log
import serve

json_log.start()
log = logging.getLogger("chat-api")
app = FastAPI()
store = redis.asyncio.Redis(host=os.environ["REDIS_HOST"], port=int(os.environ["REDIS_PORT"]), decode_responses=True)
database = create_async_engine(os.environ["DATABASE_URL"], pool_size=5, pool_pre_ping=False)
outside = httpx.AsyncClient(timeout=30)
OPENAI = "https://api.openai.com/v1/chat/completions"
BUCKET = "https://growbin-images.s3.ap-northeast-2.amazonaws.com"
EDGE = "https://d3growbinimages.cloudfront.net"
ANSWER_SECONDS = 3600


class Question(BaseModel):
    text: str


async def user_of(authorization: str = Header(default="")):
    found = await store.get(f"session:{authorization.removeprefix('Bearer ')}")
    if found is None:
        log.warning("a request without a session")
        raise HTTPException(401, "sign in first")
    return json.loads(found)["user"]


async def ask_openai(question):
    asked = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": question}]}
    try:
        reply = await outside.post(OPENAI, json=asked, headers={"Authorization": "Bearer demo"})
        return reply.raise_for_status().json()["choices"][0]["message"]["content"]
    except httpx.HTTPError as error:
        log.error("OpenAI did not answer: %r", error)
        raise HTTPException(502, "OpenAI did not answer") from error


@app.post("/api/v1/chat/messages")
async def post_message(question: Question, user: int = Depends(user_of)):
    key = f"answer:{hashlib.sha256(question.text.encode()).hexdigest()[:16]}"
    answer = await store.get(key)
    cached = answer is not None
    if question.text == "!fail":
        log.error("the question of user %d cannot be understood", user)
        raise RuntimeError("the question cannot be understood")
    if not cached:
        answer = await ask_openai(question.text)
    async with database.begin() as connection:
        row = await connection.execute(
            text("INSERT INTO messages (user_id, question, answer) VALUES (:user, :question, :answer) RETURNING id"),
            {"user": user, "question": question.text, "answer": answer})
        number = row.scalar_one()
    if not cached:
        await store.set(key, answer, ex=ANSWER_SECONDS)
    log.info("message %d of user %d, %s", number, user, "remembered" if cached else "asked")
    return {"id": number, "answer": answer, "cached": cached}


@app.get("/api/v1/chat/messages")
async def messages(user: int = Depends(user_of)):
    async with database.connect() as connection:
        rows = await connection.execute(
            text("SELECT id, question, answer FROM messages WHERE user_id = :user ORDER BY id DESC LIMIT 20"), {"user": user})
        return [{"id": row.id, "question": row.question, "answer": row.answer} for row in rows]


@app.put("/api/v1/chat/images/{name}")
async def put_image(name: str, request: Request, user: int = Depends(user_of)):
    reply = await outside.put(f"{BUCKET}/{name}", content=await request.body())
    if reply.status_code != 200:
        raise HTTPException(502, "S3 did not take the image")
    return {"name": name}


@app.get("/api/v1/chat/images/{name}")
async def get_image(name: str, user: int = Depends(user_of)):
    reply = await outside.get(f"{EDGE}/{name}")
    if reply.status_code == 404:
        raise HTTPException(404, "no such image")
    return Response(reply.raise_for_status().content, media_type="image/png")


@app.get("/healthz")
async def health():
    return {"ok": True}


if __name__ == "__main__":
    serve.run(app)
