"""OpenAI Chat Completions, as `openai.types.chat` has it."""

import json

from openai.types.chat import ChatCompletion, ChatCompletionChunk
from openai.types.chat.completion_create_params import CompletionCreateParams

import plan
from dialects import data_url, sse
from strict import Rules, problems

STREAM_TYPE = "text/event-stream; charset=utf-8"
FINISH = {plan.STOP: "stop", plan.LENGTH: "length", plan.TOOLS: "tool_calls"}
#: What compatible providers say beside OpenAI's own words.
EXTENSIONS = frozenset({"reasoning_content", "reasoning_details"})
#: What the client of Mistral says beside them.
OF_MISTRAL = frozenset({"prefix", "index"})


def credential(headers, query):
    return headers.get("authorization", "").removeprefix("Bearer ")


def is_stream(path, body):
    return body.get("stream", False)


def check(path, query, body):
    found = [] if path == "/v1/chat/completions" else [f"{path} is not where chat is"]
    if "max_tokens" in body and "max_completion_tokens" in body:
        found.append("two limits of the output")
    return found + problems(body, CompletionCreateParams, rules=Rules(EXTENSIONS | OF_MISTRAL))


def facts(path, body):
    form = body.get("response_format", {}).get("json_schema")
    return {
        "model": body["model"],
        "stream": is_stream(path, body),
        "system": "\n".join(
            _text(m["content"]) for m in body["messages"] if m["role"] in ("system", "developer")
        ),
        "items": [item for message in body["messages"] for item in _items(message)],
        "tools": [
            {
                "name": tool["function"]["name"],
                "description": tool["function"].get("description"),
                "schema": tool["function"].get("parameters"),
            }
            for tool in body.get("tools", [])
        ],
        "tool_choice": _choice(body.get("tool_choice")),
        "stop": _list(body.get("stop")),
        "max_tokens": body.get("max_completion_tokens", body.get("max_tokens")),
        "temperature": body.get("temperature"),
        "top_p": body.get("top_p"),
        "seed": body.get("seed"),
        "likely": body.get("top_logprobs") if body.get("logprobs") else None,
        "schema": form and form["schema"],
        "schema_name": form and form["name"],
        "reasoning": body.get("reasoning_effort"),
        "user": body.get("user") or body.get("safety_identifier"),
        "metadata": body.get("metadata"),
        "parallel": body.get("parallel_tool_calls"),
        "wants_usage": (body.get("stream_options") or {}).get("include_usage", False),
    }


def _list(value):
    return [value] if isinstance(value, str) else value or []


def _text(content):
    return content if isinstance(content, str) else "".join(part["text"] for part in content)


def _choice(choice):
    if isinstance(choice, dict):
        return {"name": choice["function"]["name"]}
    return "any" if choice == "required" else choice


def _items(message):
    role, content = message["role"], message.get("content")
    if role in ("system", "developer"):
        return
    if role == "tool":
        yield {"kind": "result", "id": message["tool_call_id"], "text": _text(content)}
        return
    for detail in message.get("reasoning_details") or []:
        yield {
            "kind": "reasoning",
            "text": detail.get("text", ""),
            "signature": detail.get("signature") or detail.get("data"),
        }
    if message.get("reasoning_content") and not message.get("reasoning_details"):
        yield {"kind": "reasoning", "text": message["reasoning_content"], "signature": None}
    # A message that only calls tools may have an empty text, which says nothing.
    parts = [{"type": "text", "text": content}] if isinstance(content, str) else content or []
    for part in parts if content != "" else []:
        if part["type"] == "text":
            yield {"kind": "assistant" if role == "assistant" else "user", "text": part["text"]}
        elif part["type"] == "image_url":
            mime, data = data_url(part["image_url"]["url"])
            yield {"kind": "image", "mime": mime, "data": data}
        elif part["type"] == "input_audio":
            audio = part["input_audio"]
            yield {"kind": "audio", "mime": f"audio/{audio['format']}", "data": audio["data"]}
        elif part["type"] == "file":
            mime, data = data_url(part["file"]["file_data"])
            yield {"kind": "document", "mime": mime, "data": data}
        else:
            yield {"kind": part["type"]}
    for call in message.get("tool_calls", []):
        yield {
            "kind": "call",
            "id": call["id"],
            "name": call["function"]["name"],
            "arguments": json.loads(call["function"]["arguments"]),
        }


def _usage(usage):
    return {
        "prompt_tokens": usage["input"],
        "completion_tokens": usage["output"],
        "total_tokens": usage["input"] + usage["output"],
        "prompt_tokens_details": {"cached_tokens": usage["cached"]},
        "completion_tokens_details": {"reasoning_tokens": usage["reasoning"]},
    }


def _call(part):
    arguments = json.dumps(part["arguments"], ensure_ascii=False)
    function = {"name": part["name"], "arguments": arguments}
    return {"id": part["id"], "type": "function", "function": function}


def _likely(said):
    def one(token, logprob):
        return {"token": token, "logprob": logprob, "bytes": list(token.encode())}

    content = [
        one(it["token"], it["logprob"]) | {"top_logprobs": [one(*other) for other in it["others"]]}
        for it in said
    ]
    return {"content": content, "refusal": None}


def write(reply, facts):
    message = {"role": "assistant", "content": None, "refusal": None}
    for part in reply.parts:
        if part["kind"] == "text":
            message["content"] = (message["content"] or "") + part["text"]
        elif part["kind"] == "reasoning":
            message["reasoning_content"] = part["text"]
        else:
            message.setdefault("tool_calls", []).append(_call(part))
    told = _likely(plan.likely(message["content"])) if facts["likely"] else None
    choice = {"index": 0, "message": message, "logprobs": told}
    return {
        "id": f"chatcmpl-{reply.id}",
        "object": "chat.completion",
        "created": 1_700_000_000,
        "model": facts["model"],
        "choices": [choice | {"finish_reason": FINISH[reply.finish]}],
        "usage": _usage(reply.usage),
        "system_fingerprint": "fp_0",
        "service_tier": "default",
    }


def check_reply(body):
    return problems(body, ChatCompletion, rules=Rules(EXTENSIONS))


def events(reply, facts):
    head = {
        "id": f"chatcmpl-{reply.id}",
        "object": "chat.completion.chunk",
        "created": 1_700_000_000,
        "model": facts["model"],
        "system_fingerprint": "fp_0",
    }
    usage = {"usage": None} if facts["wants_usage"] else {}

    def chunk(delta, finish=None, said=None):
        told = _likely(said) if said and facts["likely"] else None
        choice = {"index": 0, "delta": delta, "logprobs": told, "finish_reason": finish}
        return _event(head | {"choices": [choice]} | usage)

    yield chunk({"role": "assistant", "content": "", "refusal": None})
    calls = 0
    for part in reply.parts:
        if part["kind"] == "call":
            whole = _call(part)
            if reply.manner == "whole":
                yield chunk({"tool_calls": [{"index": calls} | whole]})
                calls += 1
                continue
            arguments = whole["function"].pop("arguments")
            whole["function"]["arguments"] = ""
            yield chunk({"tool_calls": [{"index": calls} | whole]})
            for piece in plan.pieces(arguments, 4):
                call = {"index": calls, "function": {"arguments": piece}}
                yield chunk({"tool_calls": [call]})
            calls += 1
        else:
            name = "content" if part["kind"] == "text" else "reasoning_content"
            for piece, said in zip(plan.pieces(part["text"]), plan.likely(part["text"])):
                yield chunk({name: piece}, said=[said])
    yield chunk({}, FINISH[reply.finish])
    if facts["wants_usage"]:
        yield _event(head | {"choices": [], "usage": _usage(reply.usage)})
    yield sse("[DONE]")


def _event(chunk):
    found = problems(chunk, ChatCompletionChunk, rules=Rules(EXTENSIONS))
    assert not found, found
    return sse(json.dumps(chunk, ensure_ascii=False))


def failure(failure):
    kind = {400: "invalid_request_error", 401: "invalid_request_error", 429: "requests"}
    code = {401: "invalid_api_key", 429: "rate_limit_exceeded"}.get(failure.status)
    kind = kind.get(failure.status, "server_error")
    return {"error": {"message": failure.message, "type": kind, "param": None, "code": code}}, {}


def broken(message):
    error = {"message": message, "type": "server_error", "param": None, "code": None}
    return sse(json.dumps({"error": error}))
