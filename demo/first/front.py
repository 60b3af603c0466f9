"""The front service: FastAPI, calls the stock service for each order. Knows nothing of tracing."""
import os

import httpx
from fastapi import FastAPI, HTTPException

app = FastAPI()
STOCK = os.environ["STOCK_URL"]


@app.get("/orders/{item}")
async def order(item: str):
    async with httpx.AsyncClient() as client:
        reply = await client.get(f"{STOCK}/stock/{item}")
    if reply.status_code != 200:
        raise HTTPException(status_code=502, detail=f"stock said {reply.status_code}")
    return {"item": item, "left": reply.json()["left"]}
