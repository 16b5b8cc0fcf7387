"""`mistralai`, which speaks OpenAI's chat with words of its own here and there."""

import json

from mistralai.client import Mistral
from mistralai.client import errors

from clients import Base, Pieces, broken, openai_chat

FINISH = openai_chat.FINISH


class Client(Base):
    WHOLE_CALLS = True
    KINDS = dict.fromkeys((400, 429, 500), ["SDKError"])

    def __init__(self, name, base, key):
        self.sdk = Mistral(api_key=key, server_url=base, timeout_ms=120_000)

    def ask(self, model, question, stream, at_first=None):
        request = {"model": model, **_request(question)}
        if not stream:
            return _answer(self.sdk.chat.complete(**request))
        pieces, whole = Pieces(at_first), _Whole()
        with self.sdk.chat.stream(**request) as events:
            for event in events:
                piece = whole.take(event.data)
                if piece and pieces.take(piece):
                    return None
        return whole.answer()

    def lacks(self, case, provider, stream):
        # It takes no reasoning beside the content, no files within it, and of a stream no call in
        # pieces, as OpenAI sends them and what is translated has them.
        has_pieces = stream and provider != "openai_chat"
        return case in ("document", "reasoning") or has_pieces and case in ("tools", "parallel")

    def failure(self, error):
        if not isinstance(error, errors.MistralError):
            return broken(error)
        return {
            "kind": type(error).__name__,
            "status": error.status_code,
            "retry_after": error.headers.get("retry-after"),
            "message": error.body,
        }


def _request(question):
    request = openai_chat.body(question)
    for theirs, ours in (
        ("max_completion_tokens", "max_tokens"),
        ("seed", "random_seed"),
    ):
        if theirs in request:
            request[ours] = request.pop(theirs)
    request.pop("user", None)
    return request


def _answer(completion):
    [choice] = completion.choices
    echo = choice.message.model_dump(exclude_none=True, exclude_unset=True)
    return _of(completion.id, echo, choice.finish_reason, completion.usage)


def _of(id, message, finish, usage):
    content = message.get("content") or ""
    parts = [{"type": "text", "text": content}] if isinstance(content, str) else content
    thoughts = [t["text"] for p in parts if p["type"] == "thinking" for t in p["thinking"]]
    details = getattr(usage, "prompt_tokens_details", None) or {}
    return {
        "id": id,
        "text": "".join(part["text"] for part in parts if part["type"] == "text"),
        "calls": [
            {
                "id": call["id"],
                "name": call["function"]["name"],
                "arguments": json.loads(call["function"]["arguments"]),
            }
            for call in message.get("tool_calls") or []
        ],
        "reasoning": {
            "text": "".join(thoughts) or message.get("reasoning_content"),
            "signature": None,
        },
        "finish": FINISH[finish],
        "usage": usage and {
            "input": usage.prompt_tokens,
            "output": usage.completion_tokens,
            "cached": details.get("cached_tokens"),
            "reasoning": None,
        },
        "echo": {"role": "assistant", **message},
    }


class _Whole:
    """What the chunks of a stream add up to; the SDK leaves the adding to its user."""

    def __init__(self):
        self.id, self.text, self.calls, self.finish, self.usage = None, "", [], None, None

    def take(self, chunk):
        self.id = chunk.id
        self.usage = chunk.usage or self.usage
        for choice in chunk.choices:
            self.finish = choice.finish_reason or self.finish
            for call in choice.delta.tool_calls or []:
                if call.index == len(self.calls):
                    function = {"name": call.function.name, "arguments": ""}
                    self.calls.append({"id": call.id, "function": function})
                self.calls[call.index]["function"]["arguments"] += call.function.arguments
            piece = choice.delta.content
            if isinstance(piece, str) and piece:
                self.text += piece
                return piece
        return None

    def answer(self):
        message = {"role": "assistant", "content": self.text}
        if self.calls:
            message["tool_calls"] = self.calls
        return _of(self.id, message, self.finish, self.usage)
