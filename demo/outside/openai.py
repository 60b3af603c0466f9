"""OpenAI's chat completions. In: a question. Out: an answer after a fraction of a second, or after 3 s when asked to think slowly."""
import json
import random
import time

from standin import json_reply

SLOW_SECONDS = 3


def answer(request):
    if request.path != "/v1/chat/completions" or request.method != "POST":
        return json_reply({"error": {"message": "unknown url", "type": "invalid_request_error"}}, 404)
    asked = json.loads(request.body)
    question = asked["messages"][-1]["content"]
    time.sleep(SLOW_SECONDS if "think slowly" in question else random.uniform(0.03, 0.15))
    said = f"You asked {len(question.split())} words."
    return json_reply({
        "id": "chatcmpl-demo", "object": "chat.completion", "model": asked["model"],
        "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": said}}],
        "usage": {"prompt_tokens": len(question.split()), "completion_tokens": 4, "total_tokens": len(question.split()) + 4},
    })


HOSTS = {"api.openai.com": answer}
