"""AWS Bedrock Converse, as the service model within `botocore` has it."""

import base64
import functools
import json
import re
import struct
import urllib.parse
import zlib

import botocore.session
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.validate import ParamValidator

import plan

STREAM_TYPE = "application/vnd.amazon.eventstream"
FINISH = {plan.STOP: "end_turn", plan.LENGTH: "max_tokens", plan.TOOLS: "tool_use"}
_PATH = re.compile(r"/model/([^/]+)/(converse|converse-stream)")


@functools.lru_cache(maxsize=None)
def _operation(name):
    service = botocore.session.get_session().get_service_model("bedrock-runtime")
    return service.operation_model(name)


def problems(value, shape):
    """What is wrong with JSON as one of a shape; bytes are base64 there."""
    report = ParamValidator().validate(_params(value, shape), shape)
    return [report.generate_report()] if report.has_errors() else []


def _params(value, shape):
    kind = shape.type_name
    if kind == "blob":
        return base64.b64decode(value, validate=True)
    if kind == "structure" and not shape.is_document_type and isinstance(value, dict):
        members = shape.members
        return {k: _params(v, members[k]) if k in members else v for k, v in value.items()}
    if kind == "list" and isinstance(value, list):
        return [_params(item, shape.member) for item in value]
    return value


def signed_rightly(request, raw):
    """Whether a request is signed as the SDK of AWS would have signed it, with our key."""
    kind, _, rest = request.headers.get("authorization", "").partition(" ")
    said = dict(pair.strip().split("=", 1) for pair in rest.split(","))
    key, _, region, service, _ = said["Credential"].split("/")
    names = said["SignedHeaders"].split(";")
    assert {"host", "x-amz-date"} <= set(names), names
    headers = {name: request.headers[name] for name in names}
    url = f"http://{request.headers['host']}{request.raw_path}"
    ours = AWSRequest(method=request.method, url=url, data=raw, headers=headers)
    ours.context["timestamp"] = request.headers["x-amz-date"]
    auth = SigV4Auth(Credentials(*plan.AWS), service, region)
    text = auth.string_to_sign(ours, auth.canonical_request(ours))
    is_ours = (kind, key, service) == ("AWS4-HMAC-SHA256", plan.AWS[0], "bedrock")
    return is_ours and said["Signature"] == auth.signature(text, ours)


def credential(headers, query):
    return headers.get("authorization", "").removeprefix("Bearer ")


def is_stream(path, body):
    return path.endswith("/converse-stream")


def check(path, query, body):
    if not _PATH.fullmatch(path):
        return [f"{path} is not where one converses"]
    shape = _operation("ConverseStream" if is_stream(path, body) else "Converse").input_shape
    return problems(body | {"modelId": _model(path)}, shape)


def _model(path):
    return urllib.parse.unquote(_PATH.fullmatch(path)[1])


def facts(path, body):
    config = body.get("inferenceConfig", {})
    tools = body.get("toolConfig", {})
    more = body.get("additionalModelRequestFields") or {}
    form = body.get("outputConfig", {}).get("textFormat", {}).get("structure", {})
    form = form.get("jsonSchema", {})
    return {
        "model": _model(path),
        "stream": is_stream(path, body),
        "system": "\n".join(part["text"] for part in body.get("system", []) if "text" in part),
        "items": [item for message in body["messages"] for item in _items(message)],
        "tools": [
            {
                "name": tool["toolSpec"]["name"],
                "description": tool["toolSpec"].get("description"),
                "schema": tool["toolSpec"]["inputSchema"]["json"],
            }
            for tool in tools.get("tools", [])
        ],
        "tool_choice": _choice(tools.get("toolChoice")),
        "stop": config.get("stopSequences", []),
        "max_tokens": config.get("maxTokens"),
        "temperature": config.get("temperature"),
        "top_p": config.get("topP"),
        "seed": None,
        "schema": json.loads(form["schema"]) if form else None,
        "schema_name": form.get("name"),
        "reasoning": more.get("thinking") or more.get("reasoning_config"),
        "user": None,
        "metadata": body.get("requestMetadata"),
        "parallel": None,
    }


def _choice(choice):
    if not choice:
        return None
    [(kind, value)] = choice.items()
    return {"name": value["name"]} if kind == "tool" else kind


def _items(message):
    who = "assistant" if message["role"] == "assistant" else "user"
    for block in message["content"]:
        [(kind, value)] = block.items()
        if kind == "text":
            yield {"kind": who, "text": value}
        elif kind in ("image", "document"):
            prefix = "image" if kind == "image" else "application"
            mime = f"{prefix}/{value['format']}"
            yield {"kind": kind, "mime": mime, "data": value["source"]["bytes"]}
        elif kind == "toolUse":
            yield {
                "kind": "call",
                "id": value["toolUseId"],
                "name": value["name"],
                "arguments": value["input"],
            }
        elif kind == "toolResult":
            texts = [
                part["text"] if "text" in part else json.dumps(part["json"], ensure_ascii=False)
                for part in value["content"]
            ]
            yield {"kind": "result", "id": value["toolUseId"], "text": "".join(texts)}
        elif kind == "reasoningContent":
            thought = value["reasoningText"]
            signature = thought.get("signature")
            yield {"kind": "reasoning", "text": thought["text"], "signature": signature}
        else:
            yield {"kind": kind}


def _usage(usage):
    return {
        "inputTokens": usage["input"] - usage["cached"],
        "cacheReadInputTokens": usage["cached"],
        "outputTokens": usage["output"],
        "totalTokens": usage["input"] + usage["output"],
    }


def write(reply, facts):
    content = []
    for part in reply.parts:
        if part["kind"] == "text":
            content.append({"text": part["text"]})
        elif part["kind"] == "reasoning":
            thought = {"text": part["text"], "signature": part["signature"]}
            content.append({"reasoningContent": {"reasoningText": thought}})
        else:
            call = {"toolUseId": part["id"], "name": part["name"], "input": part["arguments"]}
            content.append({"toolUse": call})
    return {
        "output": {"message": {"role": "assistant", "content": content}},
        "stopReason": FINISH[reply.finish],
        "usage": _usage(reply.usage),
        "metrics": {"latencyMs": 7},
    }


def check_reply(body):
    return problems(body, _operation("Converse").output_shape)


def events(reply, facts):
    stream = _operation("ConverseStream").output_shape.members["stream"]

    def event(kind, **members):
        found = problems({kind: members}, stream)
        assert not found, found
        return frame(kind, members)

    yield event("messageStart", role="assistant")
    for index, part in enumerate(reply.parts):
        place = {"contentBlockIndex": index}
        if part["kind"] == "text":
            deltas = [{"text": piece} for piece in plan.pieces(part["text"])]
        elif part["kind"] == "reasoning":
            said = [{"text": piece} for piece in plan.pieces(part["text"])]
            said.append({"signature": part["signature"]})
            deltas = [{"reasoningContent": thought} for thought in said]
        else:
            start = {"toolUse": {"toolUseId": part["id"], "name": part["name"]}}
            yield event("contentBlockStart", start=start, **place)
            text = json.dumps(part["arguments"], ensure_ascii=False)
            deltas = [{"toolUse": {"input": piece}} for piece in plan.pieces(text, 4)]
        for delta in deltas:
            yield event("contentBlockDelta", delta=delta, **place)
        yield event("contentBlockStop", **place)
    yield event("messageStop", stopReason=FINISH[reply.finish])
    yield event("metadata", usage=_usage(reply.usage), metrics={"latencyMs": 7})


def frame(kind, members, message_type="event"):
    """A message of the event stream: lengths, their checksum, headers, payload, checksum."""
    names = {":message-type": message_type, ":content-type": "application/json"}
    names[":event-type" if message_type == "event" else ":exception-type"] = kind
    headers = b"".join(
        struct.pack("!B", len(name)) + name.encode() + struct.pack("!BH", 7, len(value)) + value.encode()
        for name, value in names.items()
    )
    payload = json.dumps(members, ensure_ascii=False).encode()
    prelude = struct.pack("!II", 16 + len(headers) + len(payload), len(headers))
    message = prelude + struct.pack("!I", zlib.crc32(prelude)) + headers + payload
    return message + struct.pack("!I", zlib.crc32(message))


def failure(failure):
    kinds = {
        400: "ValidationException",
        401: "UnrecognizedClientException",
        403: "AccessDeniedException",
        404: "ResourceNotFoundException",
        429: "ThrottlingException",
        500: "InternalServerException",
        503: "ServiceUnavailableException",
    }
    kind = kinds.get(failure.status, "InternalServerException")
    return {"message": failure.message}, {"x-amzn-errortype": kind}


def broken(message):
    return frame("modelStreamErrorException", {"message": message}, "exception")
