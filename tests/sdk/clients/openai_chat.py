"""`openai`, chat completions."""

import base64
import json

import openai

from clients import Base, Pieces

FINISH = {"stop": "stop", "length": "length", "tool_calls": "tools"}


class Client(Base):
    NOTES = ("user", "metadata")
    SEEDS = HEARS = TELLS_LIKELY = True

    def __init__(self, name, base, key):
        options = {"api_key": key, "max_retries": 0, "timeout": 120}
        if name == "openai_azure":
            # With the model in the path, and the key in a header of its own.
            version = {"api_version": "2025-04-01-preview"}
            self.sdk = openai.AzureOpenAI(azure_endpoint=base, **version, **options)
        else:
            self.sdk = openai.OpenAI(base_url=f"{base}/v1", **options)

    def ask(self, model, question, stream, at_first=None):
        request = {"model": model, **body(question)}
        if not stream:
            return _answer(self.sdk.chat.completions.create(**request))
        pieces = Pieces(at_first)
        options = {"include_usage": True}
        with self.sdk.chat.completions.stream(**request, stream_options=options) as events:
            for event in events:
                if event.type == "content.delta" and pieces.take(event.delta):
                    return None
            try:
                answer = _answer(events.get_final_completion())
            except openai.LengthFinishReasonError as error:
                # The helper of the SDK takes an answer cut short for an error.
                answer = _answer(error.completion)
        assert answer["text"] == pieces.text, (answer, pieces.text)
        return answer

    def failure(self, error):
        return failure(error)

    def embed(self, model, texts, dimensions):
        made = self.sdk.embeddings.create(model=model, input=texts, dimensions=dimensions)
        return {
            "vectors": [one.embedding for one in made.data],
            "tokens": made.usage.prompt_tokens,
        }

    def moderate(self, model, text):
        [result] = self.sdk.moderations.create(model=model, input=text).results
        return {"flagged": result.flagged, "score": result.category_scores.violence}

    def paint(self, model, prompt):
        image = self.sdk.images.generate(model=model, prompt=prompt, size="1024x1024", n=1)
        return base64.b64decode(image.data[0].b64_json)

    def repaint(self, model, prompt, picture):
        file = ("picture.png", picture, "image/png")
        image = self.sdk.images.edit(model=model, prompt=prompt, image=file)
        return base64.b64decode(image.data[0].b64_json)

    def speak(self, model, text):
        made = self.sdk.audio.speech.create(model=model, input=text, voice="alloy")
        return made.content

    def hear(self, model, prompt, sound):
        file = ("sound.wav", sound, "audio/wav")
        made = self.sdk.audio.transcriptions.create(model=model, file=file, prompt=prompt)
        return made.text

    def hear_in_english(self, model, prompt, sound):
        file = ("sound.wav", sound, "audio/wav")
        made = self.sdk.audio.translations.create(model=model, file=file, prompt=prompt)
        return made.text

    def complete(self, model, prompt):
        made = self.sdk.completions.create(model=model, prompt=prompt, max_tokens=99)
        return {"text": made.choices[0].text, "tokens": made.usage.prompt_tokens}

    def models(self):
        listed = [model.id for model in self.sdk.models.list()]
        assert self.sdk.models.retrieve(listed[0]).id == listed[0]
        return listed


def failure(error):
    """What an error of the SDK says; that of a stream has no status."""
    if not isinstance(error, openai.APIError):
        return None
    response = getattr(error, "response", None)
    return {
        "kind": type(error).__name__,
        "status": getattr(error, "status_code", None),
        "retry_after": response.headers.get("retry-after") if response is not None else None,
        "message": error.message,
    }


def body(question):
    request = {"messages": [message for message in _messages(question)]}
    for ours, theirs in (
        ("max_tokens", "max_completion_tokens"),
        ("temperature", "temperature"),
        ("top_p", "top_p"),
        ("seed", "seed"),
        ("stop", "stop"),
        ("user", "user"),
        ("metadata", "metadata"),
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
    if "tool_choice" in question:
        choice = question["tool_choice"]
        if isinstance(choice, dict):
            request["tool_choice"] = {"type": "function", "function": {"name": choice["name"]}}
        else:
            request["tool_choice"] = "required" if choice == "any" else choice
    if "schema" in question:
        form = {"name": question["schema_name"], "schema": question["schema"], "strict": True}
        request["response_format"] = {"type": "json_schema", "json_schema": form}
    if "likely" in question:
        request |= {"logprobs": True, "top_logprobs": question["likely"]}
    if question.get("reasoning"):
        request["reasoning_effort"] = "high"
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
            for sound in item.get("sounds", []):
                form = sound["mime"].removeprefix("audio/")
                audio = {"data": sound["data"], "format": form}
                parts.append({"type": "input_audio", "input_audio": audio})
            for image in item["images"]:
                url = f"data:{image['mime']};base64,{image['data']}"
                parts.append({"type": "image_url", "image_url": {"url": url}})
            for document in item.get("documents", []):
                data = f"data:{document['mime']};base64,{document['data']}"
                file = {"file_data": data, "filename": document["name"]}
                parts.append({"type": "file", "file": file})
            yield {"role": "user", "content": parts}
        elif kind == "echo":
            yield item["value"]
        elif kind == "results":
            for result in item["results"]:
                yield {"role": "tool", "tool_call_id": result["id"], "content": result["text"]}


def _answer(completion):
    [choice] = completion.choices
    message, usage = choice.message, completion.usage
    said = message.to_dict()
    details = said.get("reasoning_details") or []
    reasoning = {
        "text": said.get("reasoning_content"),
        "signature": next((d["signature"] for d in details if d.get("signature")), None),
    }
    echo = {name: value for name, value in said.items() if value is not None and name != "parsed"}
    for call in echo.get("tool_calls", []):
        call["function"].pop("parsed_arguments", None)
        call.pop("index", None)
    return {
        "id": completion.id,
        "text": message.content or "",
        "calls": [
            {
                "id": call.id,
                "name": call.function.name,
                "arguments": json.loads(call.function.arguments),
            }
            for call in message.tool_calls or []
        ],
        "reasoning": reasoning,
        "likely": [
            {
                "token": one.token,
                "logprob": one.logprob,
                "others": [(other.token, other.logprob) for other in one.top_logprobs],
            }
            for one in (choice.logprobs and choice.logprobs.content) or []
        ],
        "finish": FINISH[choice.finish_reason],
        "usage": {
            "input": usage.prompt_tokens,
            "output": usage.completion_tokens,
            "cached": usage.prompt_tokens_details.cached_tokens,
            "reasoning": (usage.completion_tokens_details or _None).reasoning_tokens,
        },
        "echo": echo,
    }


class _None:
    reasoning_tokens = None
