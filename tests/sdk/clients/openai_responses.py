"""`openai`, responses."""

import json

import openai

from clients import Base, Pieces, openai_chat


class Client(Base):
    NOTES = ("user", "metadata")

    def __init__(self, name, base, key):
        self.sdk = openai.OpenAI(base_url=f"{base}/v1", api_key=key, max_retries=0, timeout=120)

    def ask(self, model, question, stream, at_first=None):
        request = {"model": model, "store": False, **_request(question)}
        if not stream:
            return _answer(self.sdk.responses.create(**request))
        pieces, last = Pieces(at_first), None
        with self.sdk.responses.create(**request, stream=True) as events:
            number = -1
            for event in events:
                if event.type in ("error", "response.failed"):
                    raise Broken(event)
                assert event.sequence_number > number, event
                number = event.sequence_number
                last = event
                if event.type == "response.output_text.delta" and pieces.take(event.delta):
                    return None
        answer = _answer(last.response)
        assert answer["text"] == pieces.text, (answer, pieces.text)
        return answer

    def count(self, model, text):
        return self.sdk.responses.input_tokens.count(model=model, input=text).input_tokens

    def failure(self, error):
        if isinstance(error, Broken):
            return {
                "kind": "APIError",
                "status": None,
                "retry_after": None,
                "message": error.args[0].to_json(),
            }
        return openai_chat.failure(error)


class Broken(Exception):
    """The stream told of an error by an event, which the SDK hands on as it is."""


def _request(question):
    request = {"input": [item for item in _input(question)]}
    for ours, theirs in (
        ("system", "instructions"),
        ("max_tokens", "max_output_tokens"),
        ("temperature", "temperature"),
        ("top_p", "top_p"),
        ("user", "user"),
        ("metadata", "metadata"),
    ):
        if ours in question:
            request[theirs] = question[ours]
    if "tools" in question:
        request["tools"] = [
            {
                "type": "function",
                "name": tool["name"],
                "description": tool["description"],
                "parameters": tool["schema"],
                "strict": False,
            }
            for tool in question["tools"]
        ]
    if "tool_choice" in question:
        choice = question["tool_choice"]
        if isinstance(choice, dict):
            request["tool_choice"] = {"type": "function", "name": choice["name"]}
        else:
            request["tool_choice"] = "required" if choice == "any" else choice
    if "schema" in question:
        form = {"name": question["schema_name"], "schema": question["schema"], "strict": True}
        request["text"] = {"format": {"type": "json_schema", **form}}
    if question.get("reasoning"):
        request["reasoning"] = {"effort": "high", "summary": "auto"}
        request["include"] = ["reasoning.encrypted_content"]
    return request


def _input(question):
    for item in question["items"]:
        kind = item["kind"]
        if kind in ("user", "assistant"):
            yield {"role": kind, "content": item["text"]}
        elif kind == "media":
            parts = [{"type": "input_text", "text": item["text"]}]
            for image in item["images"]:
                url = f"data:{image['mime']};base64,{image['data']}"
                parts.append({"type": "input_image", "image_url": url, "detail": "auto"})
            for document in item.get("documents", []):
                data = f"data:{document['mime']};base64,{document['data']}"
                file = {"file_data": data, "filename": document["name"]}
                parts.append({"type": "input_file", **file})
            yield {"role": "user", "content": parts}
        elif kind == "echo":
            yield from item["value"]
        elif kind == "results":
            for result in item["results"]:
                output = {"call_id": result["id"], "output": result["text"]}
                yield {"type": "function_call_output", **output}


def _answer(response):
    usage = response.usage
    thoughts = [item for item in response.output if item.type == "reasoning"]
    texts = [part for item in thoughts for part in item.summary or item.content or []]
    signatures = [item.encrypted_content for item in thoughts if item.encrypted_content]
    reason = response.incomplete_details and response.incomplete_details.reason
    calls = [item for item in response.output if item.type == "function_call"]
    return {
        "id": response.id,
        "text": response.output_text,
        "calls": [
            {"id": call.call_id, "name": call.name, "arguments": json.loads(call.arguments)}
            for call in calls
        ],
        "reasoning": {
            "text": "".join(part.text for part in texts) or None,
            "signature": next(iter(signatures), None),
        },
        "finish": "length" if reason == "max_output_tokens" else "tools" if calls else "stop",
        "usage": {
            "input": usage.input_tokens,
            "output": usage.output_tokens,
            "cached": usage.input_tokens_details.cached_tokens,
            "reasoning": usage.output_tokens_details.reasoning_tokens,
        },
        "echo": [item.to_dict() for item in response.output],
    }
