"""`boto3`, Converse with a bearer token."""

import base64
import json
import os

import boto3
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError, EventStreamError

from clients import Base, Pieces, broken

FINISH = {"end_turn": "stop", "max_tokens": "length", "tool_use": "tools"}


class Client(Base):
    NOTES = ("metadata",)
    KINDS = {
        400: ["ValidationException"],
        429: ["ThrottlingException"],
        500: ["InternalServerException"],
    }

    def __init__(self, name, base, key):
        self.key = key
        self.show()
        is_safe = base.startswith("https:")
        # It sends a token over TLS alone; to the bare origin it is given in by hand.
        signing = {} if is_safe else {"signature_version": UNSIGNED}
        config = Config(retries={"total_max_attempts": 1}, read_timeout=120, **signing)
        self.sdk = boto3.session.Session().client(
            "bedrock-runtime",
            region_name="eu-west-1",
            endpoint_url=base,
            config=config,
            verify=os.environ.get("AWS_CA_BUNDLE"),
        )

        def sign(request, **_):
            request.headers["authorization"] = f"Bearer {key}"

        if not is_safe:
            self.sdk.meta.events.register("before-send.bedrock-runtime", sign)

    def show(self):
        """Puts the token where the SDK looks for it at each request; without one it signs."""
        os.environ |= {"AWS_ACCESS_KEY_ID": "AKIDOFACLIENT0000000", "AWS_SECRET_ACCESS_KEY": "x"}
        os.environ.pop("AWS_BEARER_TOKEN_BEDROCK", None)
        if self.key:
            os.environ["AWS_BEARER_TOKEN_BEDROCK"] = self.key

    def ask(self, model, question, stream, at_first=None):
        self.show()
        request = {"modelId": model, **_request(question)}
        if not stream:
            return _answer(self.sdk.converse(**request))
        pieces, whole = Pieces(at_first), _Whole()
        events = self.sdk.converse_stream(**request)["stream"]
        for event in events:
            piece = whole.take(event)
            if piece and pieces.take(piece):
                events.close()
                return None
        return whole.answer()

    def embed(self, model, texts, dimensions):
        self.show()
        body = {"texts": texts, "input_type": "search_document", "embedding_types": ["float"]}
        made = self.sdk.invoke_model(
            modelId=model, body=json.dumps(body | {"output_dimension": dimensions})
        )
        return {"vectors": json.load(made["body"])["embeddings"]["float"], "tokens": None}

    def rank(self, model, query, documents):
        self.show()
        body = {"query": query, "documents": documents, "api_version": 2}
        made = self.sdk.invoke_model(modelId=model, body=json.dumps(body))
        results = json.load(made["body"])["results"]
        return [(one["index"], one["relevance_score"]) for one in results][:2]

    def call(self, model, text, stream):
        """A chat by a bare call, in Anthropic's words: its text, why it ended, and its usage."""
        self.show()
        body = {
            "anthropic_version": "bedrock-2023-05-31",
            "max_tokens": 1234,
            "messages": [{"role": "user", "content": text}],
        }
        request = {"modelId": model, "body": json.dumps(body)}
        if not stream:
            made = json.load(self.sdk.invoke_model(**request)["body"])
            said = "".join(part["text"] for part in made["content"] if part["type"] == "text")
            return said, made["stop_reason"], made["usage"]["output_tokens"]
        events = self.sdk.invoke_model_with_response_stream(**request)["body"]
        events = [json.loads(event["chunk"]["bytes"]) for event in events]
        said = "".join(event.get("delta", {}).get("text", "") for event in events)
        [last] = [event for event in events if event["type"] == "message_delta"]
        return said, last["delta"]["stop_reason"], last["usage"]["output_tokens"]

    def count(self, model, text):
        self.show()
        messages = [{"role": "user", "content": [{"text": text}]}]
        request = {"converse": {"messages": messages}}
        return self.sdk.count_tokens(modelId=model, input=request)["inputTokens"]

    def failure(self, error):
        if not isinstance(error, ClientError):
            return broken(error)
        meta = error.response.get("ResponseMetadata", {})
        kind = error.response["Error"]["Code"]
        # Of the errors of a stream the SDK makes one class.
        return {
            "kind": type(error).__name__ if isinstance(error, EventStreamError) else kind,
            "status": meta.get("HTTPStatusCode"),
            "retry_after": meta.get("HTTPHeaders", {}).get("retry-after"),
            "message": error.response["Error"]["Message"],
        }


def _request(question):
    request = {"messages": [message for message in _messages(question)]}
    if "system" in question:
        request["system"] = [{"text": question["system"]}]
    config = {
        theirs: question[ours]
        for ours, theirs in (
            ("max_tokens", "maxTokens"),
            ("temperature", "temperature"),
            ("top_p", "topP"),
            ("stop", "stopSequences"),
        )
        if ours in question
    }
    if config:
        request["inferenceConfig"] = config
    if "metadata" in question:
        request["requestMetadata"] = question["metadata"]
    if "tools" in question:
        tools = [
            {
                "toolSpec": {
                    "name": tool["name"],
                    "description": tool["description"],
                    "inputSchema": {"json": tool["schema"]},
                }
            }
            for tool in question["tools"]
        ]
        request["toolConfig"] = {"tools": tools}
        choice = question.get("tool_choice")
        if choice:
            named = {"tool": choice} if isinstance(choice, dict) else {choice: {}}
            request["toolConfig"]["toolChoice"] = named
    if "schema" in question:
        form = {"schema": question["schema_text"], "name": question["schema_name"]}
        structure = {"type": "json_schema", "structure": {"jsonSchema": form}}
        request["outputConfig"] = {"textFormat": structure}
    if question.get("reasoning"):
        thinking = {"type": "enabled", "budget_tokens": 2048}
        request["additionalModelRequestFields"] = {"thinking": thinking}
    return request


def _messages(question):
    for item in question["items"]:
        kind = item["kind"]
        if kind in ("user", "assistant"):
            yield {"role": kind, "content": [{"text": item["text"]}]}
        elif kind == "media":
            blocks = [{"text": item["text"]}]
            for kind in ("image", "document"):
                for media in item.get(f"{kind}s", []):
                    source = {"bytes": base64.b64decode(media["data"])}
                    block = {"format": media["mime"].split("/")[1], "source": source}
                    block |= {"name": "report"} if kind == "document" else {}
                    blocks.append({kind: block})
            yield {"role": "user", "content": blocks}
        elif kind == "echo":
            yield item["value"]
        elif kind == "results":
            content = [
                {
                    "toolResult": {
                        "toolUseId": result["id"],
                        "content": [{"text": result["text"]}],
                    }
                }
                for result in item["results"]
            ]
            yield {"role": "user", "content": content}


def _answer(response):
    message, usage = response["output"]["message"], response["usage"]
    content = message["content"]
    calls = [block["toolUse"] for block in content if "toolUse" in block]
    thoughts = [
        block["reasoningContent"]["reasoningText"]
        for block in content
        if "reasoningText" in block.get("reasoningContent", {})
    ]
    cached = usage.get("cacheReadInputTokens", 0)
    return {
        "id": None,
        "text": "".join(block.get("text", "") for block in content),
        "calls": [
            {"id": call["toolUseId"], "name": call["name"], "arguments": call["input"]}
            for call in calls
        ],
        "reasoning": {
            "text": "".join(thought["text"] for thought in thoughts) or None,
            "signature": next((t["signature"] for t in thoughts if t.get("signature")), None),
        },
        "finish": FINISH[response["stopReason"]],
        "usage": {
            "input": usage["inputTokens"] + cached + usage.get("cacheWriteInputTokens", 0),
            "output": usage["outputTokens"],
            "cached": cached,
            "reasoning": None,
        },
        "echo": message,
    }


class _Whole:
    """What the events of a stream add up to; the SDK leaves the adding to its user."""

    def __init__(self):
        self.role, self.blocks, self.stop, self.usage = None, {}, None, None

    def take(self, event):
        """Takes an event; the piece of text that it brings."""
        [(kind, value)] = event.items()
        if kind == "messageStart":
            self.role = value["role"]
        elif kind == "contentBlockStart":
            self.blocks[value["contentBlockIndex"]] = {"toolUse": value["start"]["toolUse"]}
            value["start"]["toolUse"]["input"] = ""
        elif kind == "contentBlockDelta":
            return self._delta(value["contentBlockIndex"], value["delta"])
        elif kind == "messageStop":
            self.stop = value["stopReason"]
        elif kind == "metadata":
            self.usage = value["usage"]
        return None

    def _delta(self, index, delta):
        if "text" in delta:
            block = self.blocks.setdefault(index, {"text": ""})
            block["text"] += delta["text"]
            return delta["text"]
        if "toolUse" in delta:
            self.blocks[index]["toolUse"]["input"] += delta["toolUse"]["input"]
        else:
            empty = {"reasoningContent": {"reasoningText": {"text": ""}}}
            thought = self.blocks.setdefault(index, empty)["reasoningContent"]["reasoningText"]
            for name, value in delta["reasoningContent"].items():
                if name == "redactedContent":
                    assert thought == {"text": ""}, f"a block is two things: {thought}"
                    self.blocks[index] = {"reasoningContent": {name: value}}
                else:
                    thought[name] = thought.get(name, "") + value
        return None

    def answer(self):
        content = [self.blocks[index] for index in sorted(self.blocks)]
        for block in content:
            if "toolUse" in block:
                block["toolUse"]["input"] = json.loads(block["toolUse"]["input"])
        message = {"role": self.role, "content": content}
        return _answer({"output": {"message": message}, "stopReason": self.stop, "usage": self.usage})
