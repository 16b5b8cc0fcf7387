"""`cohere`, its client of version 2."""

import json

import cohere
from cohere.core.api_error import ApiError

from clients import Base, Pieces, broken

FINISH = {"COMPLETE": "stop", "MAX_TOKENS": "length", "TOOL_CALL": "tools"}


class Client(Base):
    SEEDS = True
    KINDS = {
        400: ["BadRequestError"],
        429: ["TooManyRequestsError"],
        500: ["InternalServerError"],
    }

    def __init__(self, name, base, key):
        self.sdk = cohere.ClientV2(
            api_key=key, base_url=base, timeout=120, log_warning_experimental_features=False
        )

    def ask(self, model, question, stream, at_first=None):
        request = {"model": model, **_request(question)}
        options = {"request_options": {"max_retries": 0}}
        if not stream:
            return _answer(self.sdk.chat(**request, **options))
        pieces, whole = Pieces(at_first), _Whole()
        events = self.sdk.chat_stream(**request, **options)
        for event in events:
            piece = whole.take(event)
            if piece and pieces.take(piece):
                events.close()
                return None
        return whole.answer()

    def embed(self, model, texts, dimensions):
        made = self.sdk.embed(
            model=model,
            texts=texts,
            input_type="search_document",
            embedding_types=["float"],
            output_dimension=dimensions,
        )
        return {
            "vectors": made.embeddings.float_,
            "tokens": made.meta and int(made.meta.billed_units.input_tokens),
        }

    def rank(self, model, question, documents):
        made = self.sdk.rerank(model=model, query=question, documents=documents, top_n=2)
        return [(one.index, one.relevance_score) for one in made.results]

    def models(self):
        listed = [model.name for model in self.sdk.models.list().models]
        assert self.sdk.models.get(listed[0]).name == listed[0]
        return listed

    def failure(self, error):
        if isinstance(error, Broken):
            return {
                "kind": "ApiError",
                "status": None,
                "retry_after": None,
                "message": error.args[0],
            }
        if not isinstance(error, ApiError):
            return broken(error)
        return {
            "kind": type(error).__name__,
            "status": error.status_code,
            "retry_after": (error.headers or {}).get("retry-after"),
            "message": str(error.body),
        }


class Broken(Exception):
    """The stream told of an error by an event, which the SDK hands on as it is."""


def _request(question):
    request = {"messages": [message for message in _messages(question)]}
    for ours, theirs in (
        ("max_tokens", "max_tokens"),
        ("temperature", "temperature"),
        ("top_p", "p"),
        ("seed", "seed"),
        ("stop", "stop_sequences"),
    ):
        if ours in question:
            request[theirs] = question[ours]
    if "tools" in question:
        request["tools"] = [
            {
                "type": "function",
                "function": {
                    "name": tool["name"],
                    "description": tool["description"],
                    "parameters": tool["schema"],
                },
            }
            for tool in question["tools"]
        ]
    choice = {"any": "REQUIRED", "none": "NONE"}.get(question.get("tool_choice"))
    if choice:
        request["tool_choice"] = choice
    if "schema" in question:
        request["response_format"] = {"type": "json_object", "json_schema": question["schema"]}
    if question.get("reasoning"):
        request["thinking"] = {"type": "enabled", "token_budget": 2048}
    return request


def _messages(question):
    if "system" in question:
        yield {"role": "system", "content": question["system"]}
    for item in question["items"]:
        kind = item["kind"]
        if kind in ("user", "assistant"):
            yield {"role": kind, "content": item["text"]}
        elif kind == "media":
            parts = [{"type": "text", "text": item["text"]}]
            for image in item["images"]:
                url = f"data:{image['mime']};base64,{image['data']}"
                parts.append({"type": "image_url", "image_url": {"url": url}})
            yield {"role": "user", "content": parts}
        elif kind == "echo":
            yield item["value"]
        elif kind == "results":
            for result in item["results"]:
                document = {"type": "document", "document": {"data": {"output": result["text"]}}}
                yield {"role": "tool", "tool_call_id": result["id"], "content": [document]}


def _answer(response):
    message, usage = response.message, response.usage
    content = message.content or []
    thoughts = [part.thinking for part in content if part.type == "thinking"]
    return {
        "id": response.id,
        "text": "".join(part.text for part in content if part.type == "text"),
        "calls": [
            {
                "id": call.id,
                "name": call.function.name,
                "arguments": json.loads(call.function.arguments),
            }
            for call in message.tool_calls or []
        ],
        "reasoning": {"text": "".join(thoughts) or None, "signature": None},
        "finish": FINISH[response.finish_reason],
        "usage": _usage(usage),
        "echo": {k: v for k, v in message.dict().items() if v is not None},
    }


def _usage(usage):
    return {
        "input": int(usage.tokens.input_tokens),
        "output": int(usage.tokens.output_tokens),
        "cached": int(usage.cached_tokens or 0),
        "reasoning": None,
    }


class _Whole:
    """What the events of a stream add up to; the SDK leaves the adding to its user."""

    def __init__(self):
        self.id, self.parts, self.calls, self.end = None, [], [], None

    def take(self, event):
        """Takes an event; the piece of text that it brings."""
        delta = getattr(event, "delta", None)
        if event.type == "message-start":
            self.id = event.id
        elif event.type == "content-start":
            assert event.index == len(self.parts), event
            kind = delta.message.content.type
            self.parts.append({"type": kind, kind: getattr(delta.message.content, kind) or ""})
        elif event.type == "content-delta":
            part, content = self.parts[event.index], delta.message.content
            piece = content.text if part["type"] == "text" else content.thinking
            part[part["type"]] += piece
            return piece if part["type"] == "text" else None
        elif event.type == "tool-plan-delta":
            self.parts.append({"type": "text", "text": delta.message.tool_plan})
            return delta.message.tool_plan
        elif event.type == "tool-call-start":
            assert event.index == len(self.calls), event
            call = delta.message.tool_calls
            self.calls.append(
                {
                    "id": call.id,
                    "type": "function",
                    "function": {
                        "name": call.function.name,
                        "arguments": call.function.arguments or "",
                    },
                }
            )
        elif event.type == "tool-call-delta":
            piece = delta.message.tool_calls.function.arguments
            self.calls[event.index]["function"]["arguments"] += piece
        elif event.type == "message-end":
            if delta.error or delta.finish_reason == "ERROR":
                raise Broken(delta.error)
            self.end = delta
        return None

    def answer(self):
        if self.end is None:
            raise Broken("the stream ended without its end")
        message = {"role": "assistant"}
        if self.parts:
            message["content"] = self.parts
        if self.calls:
            message["tool_calls"] = self.calls
        said = {kind: "".join(p.get(kind, "") for p in self.parts) for kind in ("text", "thinking")}
        return {
            "id": self.id,
            "text": said["text"],
            "calls": [
                {
                    "id": call["id"],
                    "name": call["function"]["name"],
                    "arguments": json.loads(call["function"]["arguments"]),
                }
                for call in self.calls
            ],
            "reasoning": {"text": said["thinking"] or None, "signature": None},
            "finish": FINISH[self.end.finish_reason],
            "usage": _usage(self.end.usage),
            "echo": message,
        }
