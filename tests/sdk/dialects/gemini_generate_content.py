"""Gemini generateContent, as `google.genai.types` has it."""

import base64
import json
import re
import urllib.parse

import pydantic
from google.genai import types

import plan
from dialects import sse
from strict import Rules, problems

STREAM_TYPE = "text/event-stream"
FINISH = {plan.STOP: "STOP", plan.LENGTH: "MAX_TOKENS", plan.TOOLS: "STOP"}
MEMBERS = {
    "contents": list[types.Content],
    "systemInstruction": types.Content,
    "tools": list[types.Tool],
    "toolConfig": types.ToolConfig,
    "safetySettings": list[types.SafetySetting],
    "generationConfig": types.GenerationConfig,
    "cachedContent": str,
}
_PATH = re.compile(r"/v1(?:beta)?/models/([^/:]+):(generateContent|streamGenerateContent)")


def credential(headers, query):
    return headers.get("x-goog-api-key", "")


def is_stream(path, body):
    return path.endswith(":streamGenerateContent")


def check(path, query, body):
    rules = Rules(names=both_names)
    found = [] if _PATH.fullmatch(path) else [f"{path} is not where content is generated"]
    if is_stream(path, body) and query != "alt=sse":
        found.append(f"a stream with the query {query!r}")
    found += [f"$.{name}: unknown member" for name in body.keys() - MEMBERS.keys()]
    found += [] if body.get("contents") else ["$.contents: missing"]
    for name, hint in MEMBERS.items():
        if name in body:
            found += problems(body[name], hint, f"$.{name}", rules)
    return found


def both_names(field, name):
    """Google takes the names of members in both of the ways in which they are written."""
    return {field.alias or name, name}


def canonical(body):
    """The body with the names of members in one way."""
    return {
        name: pydantic.TypeAdapter(MEMBERS[name]).dump_python(
            pydantic.TypeAdapter(MEMBERS[name]).validate_json(json.dumps(value)),
            mode="json",
            by_alias=True,
            exclude_none=True,
        )
        for name, value in body.items()
    }


def standard(text):
    """Base64 of either alphabet in the commoner one."""
    return text and text.translate(str.maketrans("-_", "+/"))


def facts(path, body):
    body = canonical(body)
    config = body.get("generationConfig", {})
    system = body.get("systemInstruction", {}).get("parts", [])
    return {
        "model": urllib.parse.unquote(_PATH.fullmatch(path)[1]),
        "stream": is_stream(path, body),
        "system": "\n".join(part["text"] for part in system),
        "items": [item for content in body["contents"] for item in _items(content)],
        "tools": [
            {
                "name": function["name"],
                "description": function.get("description"),
                "schema": function.get("parametersJsonSchema") or function.get("parameters"),
            }
            for tool in body.get("tools", [])
            for function in tool["functionDeclarations"]
        ],
        "tool_choice": _choice(body.get("toolConfig", {}).get("functionCallingConfig")),
        "stop": config.get("stopSequences", []),
        "max_tokens": config.get("maxOutputTokens"),
        "temperature": config.get("temperature"),
        "top_p": config.get("topP"),
        "seed": config.get("seed"),
        "likely": config.get("logprobs") if config.get("responseLogprobs") else None,
        "schema": config.get("responseJsonSchema") or config.get("responseSchema"),
        "schema_name": None,
        "reasoning": config.get("thinkingConfig"),
        "user": None,
        "metadata": None,
        "parallel": None,
    }


def _choice(config):
    if not config:
        return None
    names = config.get("allowedFunctionNames")
    return {"name": names[0]} if names else config["mode"].lower()


def _items(content):
    who = "assistant" if content.get("role") == "model" else "user"
    for part in content["parts"]:
        signature = standard(part.get("thoughtSignature"))
        if part.get("thought"):
            yield {"kind": "reasoning", "text": part["text"], "signature": signature}
        elif "text" in part:
            item = {"kind": who, "text": part["text"]}
            yield item | ({"signature": signature} if signature else {})
        elif "inlineData" in part:
            mime = part["inlineData"]["mimeType"]
            kind = mime.partition("/")[0]
            kind = kind if kind in ("image", "audio") else "document"
            yield {"kind": kind, "mime": mime, "data": standard(part["inlineData"]["data"])}
        elif "functionCall" in part:
            call = part["functionCall"]
            yield {
                "kind": "call",
                "id": call.get("id"),
                "name": call["name"],
                "arguments": call.get("args", {}),
                "signature": signature,
            }
        elif "functionResponse" in part:
            result = part["functionResponse"]
            yield {
                "kind": "result",
                "id": result.get("id"),
                "name": result["name"],
                "text": json.dumps(result["response"], ensure_ascii=False),
            }
        else:
            yield {"kind": "/".join(part)}


def _base64(text):
    return base64.b64encode(text.encode()).decode()


def _parts(reply):
    """The parts; the signature of a thought stands on what follows it, as Gemini has it."""
    signature = None
    for part in reply.parts:
        if part["kind"] == "reasoning":
            signature = part["signature"]
            yield {"text": part["text"], "thought": True}
            continue
        if part["kind"] == "text":
            said = {"text": part["text"]}
        else:
            call = {"id": part["id"], "name": part["name"], "args": part["arguments"]}
            said, signature = {"functionCall": call}, part["signature"]
        yield said | ({"thoughtSignature": _base64(signature)} if signature else {})
        signature = None


def _usage(usage):
    return {
        "promptTokenCount": usage["input"],
        "cachedContentTokenCount": usage["cached"],
        "candidatesTokenCount": usage["output"] - usage["reasoning"],
        "thoughtsTokenCount": usage["reasoning"],
        "totalTokenCount": usage["input"] + usage["output"],
    }


def _likely(said):
    def one(token, logprob):
        return {"token": token, "tokenId": 7, "logProbability": logprob}

    chosen = [one(it["token"], it["logprob"]) for it in said]
    top = [{"candidates": [one(*other) for other in it["others"]]} for it in said]
    return {"logprobsResult": {"chosenCandidates": chosen, "topCandidates": top}}


def _response(reply, facts, parts, finish, said=None):
    candidate = {"content": {"role": "model", "parts": parts}, "index": 0}
    candidate |= _likely(said) if said and facts["likely"] else {}
    return {
        "candidates": [candidate | ({"finishReason": finish} if finish else {})],
        "usageMetadata": _usage(reply.usage),
        "modelVersion": facts["model"],
        "responseId": reply.id,
    }


def write(reply, facts):
    texts = [part["text"] for part in reply.parts if part["kind"] == "text"]
    said = plan.likely("".join(texts))
    return _response(reply, facts, list(_parts(reply)), FINISH[reply.finish], said)


def check_reply(body):
    return problems(body, types.GenerateContentResponse)


def events(reply, facts):
    chunks = []
    for part in _parts(reply):
        if "text" not in part:
            chunks.append(part)
            continue
        said = plan.pieces(part["text"])
        # The signature comes with the last piece.
        rest = {name: value for name, value in part.items() if name != "thoughtSignature"}
        chunks += [rest | {"text": piece} for piece in said[:-1]] + [part | {"text": said[-1]}]
    texts = [part["text"] for part in reply.parts if part["kind"] == "text"]
    likely = plan.likely("".join(texts)) if facts["likely"] else []
    for index, chunk in enumerate(chunks):
        finish = FINISH[reply.finish] if index == len(chunks) - 1 else None
        event = _response(reply, facts, [chunk], finish, likely[index : index + 1])
        found = problems(event, types.GenerateContentResponse)
        assert not found, found
        yield sse(json.dumps(event, ensure_ascii=False))


def failure(failure):
    words = {
        400: "INVALID_ARGUMENT",
        401: "UNAUTHENTICATED",
        403: "PERMISSION_DENIED",
        404: "NOT_FOUND",
        429: "RESOURCE_EXHAUSTED",
        500: "INTERNAL",
        503: "UNAVAILABLE",
    }
    error = {"code": failure.status, "message": failure.message}
    return {"error": error | {"status": words.get(failure.status, "UNKNOWN")}}, {}


def broken(message):
    error = {"code": 500, "message": message, "status": "INTERNAL"}
    return sse(json.dumps({"error": error}))
