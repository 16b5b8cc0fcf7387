"""Anthropic Messages, as `anthropic.types` has it."""

import json

from anthropic.types import Message, RawMessageStreamEvent
from anthropic.types.message_create_params import MessageCreateParams

import plan
from dialects import sse
from strict import Rules, problems

#: What older models take and the newer types no longer name.
OLDER = frozenset({"temperature", "top_p", "top_k"})
STREAM_TYPE = "text/event-stream; charset=utf-8"
FINISH = {plan.STOP: "end_turn", plan.LENGTH: "max_tokens", plan.TOOLS: "tool_use"}


def credential(headers, query):
    bearer = headers.get("authorization", "").removeprefix("Bearer ")
    return headers.get("x-api-key", bearer)


def is_stream(path, body):
    return body.get("stream", False)


def check(path, query, body):
    found = [] if path == "/v1/messages" else [f"{path} is not where messages are made"]
    return found + problems(body, MessageCreateParams, rules=Rules(OLDER))


def facts(path, body):
    config = body.get("output_config", {})
    return {
        "model": body["model"],
        "stream": is_stream(path, body),
        "system": "\n".join(part["text"] for part in _blocks(body.get("system", []))),
        "items": [item for message in body["messages"] for item in _items(message)],
        "tools": [
            {
                "name": tool["name"],
                "description": tool.get("description"),
                "schema": tool["input_schema"],
            }
            for tool in body.get("tools", [])
        ],
        "tool_choice": _choice(body.get("tool_choice")),
        "stop": body.get("stop_sequences", []),
        "max_tokens": body["max_tokens"],
        "temperature": body.get("temperature"),
        "top_p": body.get("top_p"),
        "seed": None,
        "schema": (config.get("format") or {}).get("schema"),
        "schema_name": None,
        "reasoning": body.get("thinking") or config.get("effort"),
        "user": body.get("metadata", {}).get("user_id"),
        "metadata": None,
        "parallel": not body.get("tool_choice", {}).get("disable_parallel_tool_use", False),
    }


def _blocks(content):
    return [{"type": "text", "text": content}] if isinstance(content, str) else content


def _choice(choice):
    if choice is None:
        return None
    return {"name": choice["name"]} if choice["type"] == "tool" else choice["type"]


def _items(message):
    who = "assistant" if message["role"] == "assistant" else "user"
    for block in _blocks(message["content"]):
        kind = block["type"]
        if kind == "text":
            yield {"kind": who, "text": block["text"]}
        elif kind in ("image", "document"):
            source = block["source"]
            yield {"kind": kind, "mime": source["media_type"], "data": source["data"]}
        elif kind == "tool_use":
            yield {
                "kind": "call",
                "id": block["id"],
                "name": block["name"],
                "arguments": block["input"],
            }
        elif kind == "tool_result":
            text = "".join(part["text"] for part in _blocks(block["content"]))
            yield {"kind": "result", "id": block["tool_use_id"], "text": text}
        elif kind == "thinking":
            signature = block["signature"]
            yield {"kind": "reasoning", "text": block["thinking"], "signature": signature}
        else:
            yield {"kind": kind}


def _block(part):
    if part["kind"] == "text":
        return {"type": "text", "text": part["text"]}
    if part["kind"] == "reasoning":
        return {"type": "thinking", "thinking": part["text"], "signature": part["signature"]}
    return {
        "type": "tool_use",
        "id": part["id"],
        "name": part["name"],
        "input": part["arguments"],
    }


def _usage(usage):
    return {
        "input_tokens": usage["input"] - usage["cached"],
        "cache_read_input_tokens": usage["cached"],
        "cache_creation_input_tokens": 0,
        "output_tokens": usage["output"],
    }


def write(reply, facts):
    return {
        "id": f"msg_{reply.id}",
        "type": "message",
        "role": "assistant",
        "model": facts["model"],
        "content": [_block(part) for part in reply.parts],
        "stop_reason": FINISH[reply.finish],
        "stop_sequence": None,
        "usage": _usage(reply.usage),
    }


def check_reply(body):
    return problems(body, Message)


def events(reply, facts):
    def event(kind, **members):
        event = {"type": kind, **members}
        found = problems(event, RawMessageStreamEvent)
        assert not found, found
        return sse(json.dumps(event, ensure_ascii=False), kind)

    usage = _usage(reply.usage)
    begun = write(reply, facts) | {
        "content": [],
        "stop_reason": None,
        "usage": usage | {"output_tokens": 1},
    }
    yield event("message_start", message=begun)
    yield sse(json.dumps({"type": "ping"}), "ping")
    for index, part in enumerate(reply.parts):
        block = _block(part)
        if part["kind"] == "text":
            start, deltas = block | {"text": ""}, _deltas("text", part["text"])
        elif part["kind"] == "reasoning":
            start = block | {"thinking": "", "signature": ""}
            signature = {"type": "signature_delta", "signature": part["signature"]}
            deltas = [*_deltas("thinking", part["text"]), signature]
        else:
            start, text = block | {"input": {}}, json.dumps(part["arguments"], ensure_ascii=False)
            pieces = ["", *plan.pieces(text, 4)]
            deltas = [{"type": "input_json_delta", "partial_json": piece} for piece in pieces]
        yield event("content_block_start", index=index, content_block=start)
        for delta in deltas:
            yield event("content_block_delta", index=index, delta=delta)
        yield event("content_block_stop", index=index)
    delta = {"stop_reason": FINISH[reply.finish], "stop_sequence": None}
    yield event("message_delta", delta=delta, usage={"output_tokens": usage["output_tokens"]})
    yield event("message_stop")


def _deltas(name, text):
    return [{"type": f"{name}_delta", name: piece} for piece in plan.pieces(text)]


def failure(failure):
    kinds = {
        400: "invalid_request_error",
        401: "authentication_error",
        403: "permission_error",
        404: "not_found_error",
        429: "rate_limit_error",
        529: "overloaded_error",
    }
    error = {"type": kinds.get(failure.status, "api_error"), "message": failure.message}
    return {"type": "error", "error": error, "request_id": "req_0"}, {}


def broken(message):
    error = {"type": "overloaded_error", "message": message}
    return sse(json.dumps({"type": "error", "error": error}), "error")
