"""`litellm` as a client of what speaks OpenAI's chat."""

import json

import litellm

from clients import Base, Pieces, openai_chat

litellm.suppress_debug_info = True

class Client(Base):
    KEEPS = False
    DIMENSIONS = None

    def __init__(self, name, base, key):
        self.to = {"api_base": f"{base}/v1", "api_key": key, "num_retries": 0, "timeout": 120}

    def ask(self, model, question, stream, at_first=None):
        request = openai_chat.body(question)
        request |= {"model": f"openai/{model}", **self.to}
        if not stream:
            return _answer(litellm.completion(**request))
        pieces, chunks = Pieces(at_first), []
        events = litellm.completion(**request, stream=True, stream_options={"include_usage": True})
        for chunk in events:
            chunks.append(chunk)
            if chunk.choices and pieces.take(chunk.choices[0].delta.content):
                events.completion_stream.close()
                return None
        return _answer(litellm.stream_chunk_builder(chunks))

    def embed(self, model, texts, dimensions):
        made = litellm.embedding(model=f"openai/{model}", input=texts, **self.to)
        return {
            "vectors": [one["embedding"] for one in made.data],
            "tokens": made.usage.prompt_tokens,
        }

    def failure(self, error):
        if not hasattr(error, "llm_provider"):
            return None
        headers = getattr(getattr(error, "response", None), "headers", None) or {}
        return {
            "kind": type(error).__name__,
            "status": error.status_code,
            "retry_after": headers.get("retry-after"),
            "message": error.message,
        }


def _answer(completion):
    [choice] = completion.choices
    message, usage = choice.message, completion.usage
    echo = {k: v for k, v in message.model_dump().items() if v is not None}
    thoughts = getattr(message, "thinking_blocks", None) or []
    return {
        "id": completion.id,
        "text": message.content or "",
        "calls": [
            {
                "id": call.id,
                "name": call.function.name,
                "arguments": json.loads(call.function.arguments),
            }
            for call in message.tool_calls or []
        ],
        "reasoning": {
            "text": getattr(message, "reasoning_content", None),
            "signature": next((t["signature"] for t in thoughts if t.get("signature")), None),
        },
        "finish": openai_chat.FINISH[choice.finish_reason],
        "usage": {
            "input": usage.prompt_tokens,
            "output": usage.completion_tokens,
            "cached": getattr(usage.prompt_tokens_details, "cached_tokens", None),
            "reasoning": None,
        },
        "echo": echo,
    }
