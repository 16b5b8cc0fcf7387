"""Cohere chat, version 2, as `cohere` has it."""

import functools
import inspect
import json
import typing

from cohere.v2.client import V2Client
from cohere.v2.types.v2chat_response import V2ChatResponse
from cohere.v2.types.v2chat_stream_response import V2ChatStreamResponse

import plan
from dialects import data_url, sse
from strict import problems

STREAM_TYPE = "text/event-stream; charset=utf-8"
FINISH = {plan.STOP: "COMPLETE", plan.LENGTH: "MAX_TOKENS", plan.TOOLS: "TOOL_CALL"}


@functools.lru_cache(maxsize=None)
def _members(name):
    """The members of a body are the parameters of the client's method."""
    method = getattr(V2Client, name)
    hints = typing.get_type_hints(method, include_extras=True)
    parameters = inspect.signature(method).parameters
    return {
        name: (hints[name], parameter.default is inspect.Parameter.empty)
        for name, parameter in parameters.items()
        if name not in ("self", "request_options")
    }


def check_parameters(body, method):
    """What is wrong with a body whose members are the parameters of a method of the client."""
    members = _members(method)
    found = [f"$.{name}: unknown member" for name in body.keys() - members.keys()]
    for name, (hint, is_required) in members.items():
        if name in body:
            found += problems(body[name], hint, f"$.{name}")
        elif is_required:
            found.append(f"$.{name}: missing")
    return found


def credential(headers, query):
    return headers.get("authorization", "").removeprefix("Bearer ")


def is_stream(path, body):
    return body.get("stream", False)


def check(path, query, body):
    found = [] if path == "/v2/chat" else [f"{path} is not where chat is"]
    body = dict(body)
    stream = body.pop("stream", False)
    return found + check_parameters(body, "chat_stream" if stream else "chat")


def facts(path, body):
    form = body.get("response_format", {}).get("json_schema")
    return {
        "model": body["model"],
        "stream": is_stream(path, body),
        "system": "\n".join(_text(m["content"]) for m in body["messages"] if m["role"] == "system"),
        "items": [item for message in body["messages"] for item in _items(message)],
        "tools": [
            {
                "name": tool["function"]["name"],
                "description": tool["function"].get("description"),
                "schema": tool["function"]["parameters"],
            }
            for tool in body.get("tools", [])
        ],
        "tool_choice": {"REQUIRED": "any", "NONE": "none"}.get(body.get("tool_choice")),
        "stop": body.get("stop_sequences", []),
        "max_tokens": body.get("max_tokens"),
        "temperature": body.get("temperature"),
        "top_p": body.get("p"),
        "seed": body.get("seed"),
        "schema": form,
        "schema_name": None,
        "reasoning": body.get("thinking"),
        "user": None,
        "metadata": None,
        "parallel": None,
    }


def _text(content):
    if isinstance(content, str):
        return content
    return "".join(
        part["text"]
        if part["type"] == "text"
        else json.dumps(part["document"]["data"], ensure_ascii=False)
        for part in content
    )


def _items(message):
    role, content = message["role"], message.get("content")
    if role == "system":
        return
    if role == "tool":
        yield {"kind": "result", "id": message["tool_call_id"], "text": _text(content)}
        return
    for part in [{"type": "text", "text": content}] if isinstance(content, str) else content or []:
        if part["type"] == "text":
            yield {"kind": role, "text": part["text"]}
        elif part["type"] == "image_url":
            mime, data = data_url(part["image_url"]["url"])
            yield {"kind": "image", "mime": mime, "data": data}
        elif part["type"] == "thinking":
            yield {"kind": "reasoning", "text": part["thinking"], "signature": None}
        else:
            yield {"kind": part["type"]}
    if message.get("tool_plan"):
        yield {"kind": "assistant", "text": message["tool_plan"]}
    for call in message.get("tool_calls") or []:
        yield {
            "kind": "call",
            "id": call["id"],
            "name": call["function"]["name"],
            "arguments": json.loads(call["function"]["arguments"]),
        }


def _usage(usage):
    tokens = {"input_tokens": usage["input"], "output_tokens": usage["output"]}
    return {"billed_units": tokens, "tokens": tokens, "cached_tokens": usage["cached"]}


def _call(part):
    arguments = json.dumps(part["arguments"], ensure_ascii=False)
    function = {"name": part["name"], "arguments": arguments}
    return {"id": part["id"], "type": "function", "function": function}


def write(reply, facts):
    message = {"role": "assistant"}
    for part in reply.parts:
        if part["kind"] == "call":
            message.setdefault("tool_calls", []).append(_call(part))
        else:
            name = "text" if part["kind"] == "text" else "thinking"
            message.setdefault("content", []).append({"type": name, name: part["text"]})
    return {
        "id": reply.id,
        "finish_reason": FINISH[reply.finish],
        "message": message,
        "usage": _usage(reply.usage),
    }


def check_reply(body):
    return problems(body, V2ChatResponse)


def events(reply, facts):
    def event(kind, **members):
        event = {"type": kind, **members}
        found = problems(event, V2ChatStreamResponse)
        assert not found, found
        return sse(json.dumps(event, ensure_ascii=False), kind)

    start = {"message": {"role": "assistant"}}
    yield event("message-start", id=reply.id, delta=start)
    index = 0
    for part in reply.parts:
        if part["kind"] == "call":
            continue
        name = "text" if part["kind"] == "text" else "thinking"
        content = {"type": name, name: ""}
        yield event("content-start", index=index, delta={"message": {"content": content}})
        for piece in plan.pieces(part["text"]):
            delta = {"message": {"content": {name: piece}}}
            yield event("content-delta", index=index, delta=delta)
        yield event("content-end", index=index)
        index += 1
    for number, part in enumerate(p for p in reply.parts if p["kind"] == "call"):
        call = _call(part)
        arguments = call["function"].pop("arguments")
        call["function"]["arguments"] = ""
        yield event("tool-call-start", index=number, delta={"message": {"tool_calls": call}})
        for piece in plan.pieces(arguments, 4):
            delta = {"message": {"tool_calls": {"function": {"arguments": piece}}}}
            yield event("tool-call-delta", index=number, delta=delta)
        yield event("tool-call-end", index=number)
    end = {"finish_reason": FINISH[reply.finish], "usage": _usage(reply.usage)}
    yield event("message-end", delta=end)


def failure(failure):
    return {"id": "0", "message": failure.message}, {}


def broken(message):
    end = {"type": "message-end", "delta": {"finish_reason": "ERROR", "error": message}}
    return sse(json.dumps(end), "message-end")
