"""`anthropic`."""

import anthropic

from clients import Base, Pieces, broken

FINISH = {"end_turn": "stop", "max_tokens": "length", "tool_use": "tools"}


class Messages(Base):
    """What its clients have in common, whoever serves them."""

    NOTES = ("user",)

    def ask(self, model, question, stream, at_first=None):
        request = {"model": model, **_request(question)}
        if not stream:
            return _answer(self.sdk.messages.create(**request))
        pieces = Pieces(at_first)
        with self.sdk.messages.stream(**request) as events:
            for event in events:
                if event.type == "text" and pieces.take(event.text):
                    return None
            answer = _answer(events.get_final_message())
        assert answer["text"] == pieces.text, (answer, pieces.text)
        return answer

    def count(self, model, text):
        messages = [{"role": "user", "content": text}]
        return self.sdk.messages.count_tokens(model=model, messages=messages).input_tokens

    def failure(self, error):
        if not isinstance(error, anthropic.APIError):
            return broken(error)
        response = getattr(error, "response", None)
        return {
            "kind": type(error).__name__,
            "status": getattr(error, "status_code", None),
            "retry_after": response.headers.get("retry-after") if response is not None else None,
            "message": str(error),
        }


class Client(Messages):
    def __init__(self, name, base, key):
        self.sdk = anthropic.Anthropic(base_url=base, api_key=key, max_retries=0, timeout=120)

    def models(self):
        listed = [model.id for model in self.sdk.models.list()]
        assert self.sdk.models.retrieve(listed[0]).id == listed[0]
        return listed


def _request(question):
    request = {"messages": [message for message in _messages(question)]}
    request["max_tokens"] = question.get("max_tokens", 4000)
    for ours, theirs in (
        ("system", "system"),
        ("stop", "stop_sequences"),
    ):
        if ours in question:
            request[theirs] = question[ours]
    # Older models take them; the types of the SDK no longer name them.
    older = {name: question[name] for name in ("temperature", "top_p") if name in question}
    if older:
        request["extra_body"] = older
    if "user" in question:
        request["metadata"] = {"user_id": question["user"]}
    if "tools" in question:
        request["tools"] = [
            {
                "name": tool["name"],
                "description": tool["description"],
                "input_schema": tool["schema"],
            }
            for tool in question["tools"]
        ]
    if "tool_choice" in question:
        choice = question["tool_choice"]
        if isinstance(choice, dict):
            request["tool_choice"] = {"type": "tool", "name": choice["name"]}
        else:
            request["tool_choice"] = {"type": choice}
    if "schema" in question:
        form = {"type": "json_schema", "schema": question["schema"]}
        request["output_config"] = {"format": form}
    if question.get("reasoning"):
        request["thinking"] = {"type": "enabled", "budget_tokens": 2048}
    return request


def _messages(question):
    for item in question["items"]:
        kind = item["kind"]
        if kind in ("user", "assistant"):
            yield {"role": kind, "content": item["text"]}
        elif kind == "media":
            blocks = [{"type": "text", "text": item["text"]}]
            for kind in ("image", "document"):
                for media in item.get(f"{kind}s", []):
                    source = {"media_type": media["mime"], "data": media["data"]}
                    blocks.append({"type": kind, "source": {"type": "base64", **source}})
            yield {"role": "user", "content": blocks}
        elif kind == "echo":
            yield {"role": "assistant", "content": item["value"]}
        elif kind == "results":
            content = [
                {"type": "tool_result", "tool_use_id": result["id"], "content": result["text"]}
                for result in item["results"]
            ]
            yield {"role": "user", "content": content}


def _answer(message):
    usage = message.usage
    thoughts = [block for block in message.content if block.type == "thinking"]
    cached = usage.cache_read_input_tokens or 0
    return {
        "id": message.id,
        "text": "".join(block.text for block in message.content if block.type == "text"),
        "calls": [
            {"id": block.id, "name": block.name, "arguments": block.input}
            for block in message.content
            if block.type == "tool_use"
        ],
        "reasoning": {
            "text": "".join(block.thinking for block in thoughts) or None,
            "signature": next((b.signature for b in thoughts if b.signature), None),
        },
        "finish": FINISH[message.stop_reason],
        "usage": {
            "input": usage.input_tokens + cached + (usage.cache_creation_input_tokens or 0),
            "output": usage.output_tokens,
            "cached": cached,
            "reasoning": None,
        },
        "echo": [block.model_dump(exclude_none=True) for block in message.content],
    }
