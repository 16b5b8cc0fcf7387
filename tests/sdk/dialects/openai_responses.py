"""OpenAI Responses, as `openai.types.responses` has it."""

import json

from openai.types.responses import Response, ResponseStreamEvent
from openai.types.responses.response_create_params import ResponseCreateParams

import plan
from dialects import data_url, sse
from strict import Rules, problems

#: What the types want of items that are sent back and OpenAI does not: other clients leave it out.
OPTIONAL = frozenset({"annotations", "detail", "id", "status", "strict", "type"})
STREAM_TYPE = "text/event-stream; charset=utf-8"


def credential(headers, query):
    return headers.get("authorization", "").removeprefix("Bearer ")


def is_stream(path, body):
    return body.get("stream", False)


def check(path, query, body):
    found = [] if path == "/v1/responses" else [f"{path} is not where responses are made"]
    return found + problems(body, ResponseCreateParams, rules=Rules(optional=OPTIONAL))


def facts(path, body):
    items = body["input"]
    if isinstance(items, str):
        items = [{"type": "message", "role": "user", "content": items}]
    systems = [body["instructions"]] if body.get("instructions") else []
    for item in items:
        if item.get("role") in ("system", "developer"):
            systems.append("".join(text["text"] for text in _parts(item["content"])))
    form = body.get("text", {}).get("format", {})
    form = form if form.get("type") == "json_schema" else {}
    return {
        "model": body["model"],
        "stream": is_stream(path, body),
        "system": "\n".join(systems),
        "items": [fact for item in items for fact in _items(item)],
        "tools": [
            {
                "name": tool["name"],
                "description": tool.get("description"),
                "schema": tool["parameters"],
            }
            for tool in body.get("tools", [])
        ],
        "tool_choice": _choice(body.get("tool_choice")),
        "stop": [],
        "max_tokens": body.get("max_output_tokens"),
        "temperature": body.get("temperature"),
        "top_p": body.get("top_p"),
        "seed": None,
        "schema": form.get("schema"),
        "schema_name": form.get("name"),
        "reasoning": body.get("reasoning"),
        "user": body.get("user") or body.get("safety_identifier"),
        "metadata": body.get("metadata"),
        "parallel": body.get("parallel_tool_calls"),
    }


def _choice(choice):
    if isinstance(choice, dict):
        return {"name": choice["name"]}
    return "any" if choice == "required" else choice


def _parts(content):
    return [{"type": "input_text", "text": content}] if isinstance(content, str) else content


def _items(item):
    kind = item.get("type", "message")
    if kind == "function_call":
        yield {
            "kind": "call",
            "id": item["call_id"],
            "name": item["name"],
            "arguments": json.loads(item["arguments"]),
        }
    elif kind == "function_call_output":
        text = "".join(part["text"] for part in _parts(item["output"]))
        yield {"kind": "result", "id": item["call_id"], "text": text}
    elif kind == "reasoning":
        texts = (item.get("content") or []) or item["summary"]
        yield {
            "kind": "reasoning",
            "text": "".join(part["text"] for part in texts),
            "signature": item.get("encrypted_content"),
        }
    elif kind == "message" and item["role"] not in ("system", "developer"):
        for part in _parts(item["content"]):
            if part["type"] in ("input_text", "output_text"):
                who = "assistant" if item["role"] == "assistant" else "user"
                yield {"kind": who, "text": part["text"]}
            elif part["type"] == "input_image":
                mime, data = data_url(part["image_url"])
                yield {"kind": "image", "mime": mime, "data": data}
            elif part["type"] == "input_file":
                mime, data = data_url(part["file_data"])
                yield {"kind": "document", "mime": mime, "data": data}
            else:
                yield {"kind": part["type"]}


def _item(reply, index, part):
    if part["kind"] == "text":
        text = {"type": "output_text", "text": part["text"], "annotations": [], "logprobs": []}
        return {
            "type": "message",
            "id": f"msg_{reply.id}_{index}",
            "role": "assistant",
            "status": "completed",
            "content": [text],
        }
    if part["kind"] == "reasoning":
        return {
            "type": "reasoning",
            "id": f"rs_{reply.id}_{index}",
            "summary": [{"type": "summary_text", "text": part["text"]}],
            "encrypted_content": part["signature"],
        }
    return {
        "type": "function_call",
        "id": f"fc_{reply.id}_{index}",
        "call_id": part["id"],
        "name": part["name"],
        "arguments": json.dumps(part["arguments"], ensure_ascii=False),
        "status": "completed",
    }


def _response(reply, model, status, output, usage):
    is_cut = status == "completed" and reply.finish == plan.LENGTH
    return {
        "id": f"resp_{reply.id}",
        "object": "response",
        "created_at": 1_700_000_000,
        "status": "incomplete" if is_cut else status,
        "error": None,
        "incomplete_details": {"reason": "max_output_tokens"} if is_cut else None,
        "instructions": None,
        "metadata": {},
        "model": model,
        "output": output,
        "parallel_tool_calls": True,
        "temperature": 1.0,
        "tool_choice": "auto",
        "tools": [],
        "top_p": 1.0,
        "usage": usage,
    }


def _usage(usage):
    return {
        "input_tokens": usage["input"],
        "input_tokens_details": {"cached_tokens": usage["cached"], "cache_write_tokens": 0},
        "output_tokens": usage["output"],
        "output_tokens_details": {"reasoning_tokens": usage["reasoning"]},
        "total_tokens": usage["input"] + usage["output"],
    }


def write(reply, facts):
    output = [_item(reply, index, part) for index, part in enumerate(reply.parts)]
    return _response(reply, facts["model"], "completed", output, _usage(reply.usage))


def check_reply(body):
    return problems(body, Response)


def events(reply, facts):
    number = 0

    def event(kind, **members):
        nonlocal number
        event = {"type": kind, "sequence_number": number, **members}
        number += 1
        found = problems(event, ResponseStreamEvent)
        assert not found, found
        return sse(json.dumps(event, ensure_ascii=False), kind)

    begun = _response(reply, facts["model"], "in_progress", [], None)
    yield event("response.created", response=begun)
    yield event("response.in_progress", response=begun)
    output = []
    for index, part in enumerate(reply.parts):
        item = _item(reply, index, part)
        output.append(item)
        place = {"output_index": index, "item_id": item["id"]}
        open_item = dict(item)
        if item["type"] != "reasoning":
            open_item["status"] = "in_progress"
        if item["type"] == "message":
            open_item["content"] = []
        elif item["type"] == "reasoning":
            open_item["summary"] = []
            open_item.pop("encrypted_content")
        else:
            open_item["arguments"] = ""
        yield event("response.output_item.added", output_index=index, item=open_item)
        yield from _parts_of(event, item, place)
        yield event("response.output_item.done", output_index=index, item=item)
    whole = _response(reply, facts["model"], "completed", output, _usage(reply.usage))
    yield event(f"response.{whole['status']}", response=whole)


def _parts_of(event, item, place):
    if item["type"] == "message":
        [part] = item["content"]
        place = place | {"content_index": 0}
        yield event("response.content_part.added", part=part | {"text": ""}, **place)
        for piece in plan.pieces(part["text"]):
            yield event("response.output_text.delta", delta=piece, logprobs=[], **place)
        yield event("response.output_text.done", text=part["text"], logprobs=[], **place)
        yield event("response.content_part.done", part=part, **place)
    elif item["type"] == "reasoning":
        [part] = item["summary"]
        place = place | {"summary_index": 0}
        yield event("response.reasoning_summary_part.added", part=part | {"text": ""}, **place)
        for piece in plan.pieces(part["text"]):
            yield event("response.reasoning_summary_text.delta", delta=piece, **place)
        yield event("response.reasoning_summary_text.done", text=part["text"], **place)
        yield event("response.reasoning_summary_part.done", part=part, **place)
    else:
        for piece in plan.pieces(item["arguments"], 4):
            yield event("response.function_call_arguments.delta", delta=piece, **place)
        done = {"arguments": item["arguments"]}
        yield event("response.function_call_arguments.done", **done, **place)


def failure(failure):
    from dialects import openai_chat

    return openai_chat.failure(failure)


def broken(message):
    error = {"type": "error", "code": "server_error", "message": message, "param": None}
    return sse(json.dumps(error | {"sequence_number": 99}), "error")
