"""`google-genai`."""

import base64
import io

from google import genai
from google.genai import errors, types

from clients import Base, Pieces, broken

FINISH = {"STOP": "stop", "MAX_TOKENS": "length"}


class Client(Base):
    SEEDS = HEARS = TELLS_LIKELY = True
    KINDS = {400: ["ClientError"], 429: ["ClientError"], 500: ["ServerError"]}

    def __init__(self, name, base, key):
        options = types.HttpOptions(base_url=base, timeout=120_000)
        self.sdk = genai.Client(api_key=key, http_options=options)

    def ask(self, model, question, stream, at_first=None):
        request = {"model": model, **_request(question)}
        if not stream:
            return _answer([self.sdk.models.generate_content(**request)])
        pieces, chunks = Pieces(at_first), []
        events = self.sdk.models.generate_content_stream(**request)
        for chunk in events:
            chunks.append(chunk)
            parts = chunk.candidates[0].content.parts if chunk.candidates[0].content else []
            for part in parts or []:
                if part.text and not part.thought and pieces.take(part.text):
                    events.close()
                    return None
        answer = _answer(chunks)
        assert answer["text"] == pieces.text, (answer, pieces.text)
        return answer

    def count(self, model, text):
        return self.sdk.models.count_tokens(model=model, contents=text).total_tokens

    def embed(self, model, texts, dimensions):
        config = types.EmbedContentConfig(output_dimensionality=dimensions)
        # Of bare texts the SDK makes one content.
        contents = [types.Content(role="user", parts=[types.Part(text=text)]) for text in texts]
        made = self.sdk.models.embed_content(model=model, contents=contents, config=config)
        return {"vectors": [one.values for one in made.embeddings], "tokens": None}

    def upload(self, name, content, media_type):
        config = types.UploadFileConfig(display_name=name, mime_type=media_type)
        made = self.sdk.files.upload(file=io.BytesIO(content), config=config)
        kept = self.sdk.files.get(name=made.name)
        self.sdk.files.delete(name=made.name)
        return {"name": made.name, "kept": kept.name, "size": made.size_bytes}

    upload_lines = upload

    def models(self):
        listed = [model.name.removeprefix("models/") for model in self.sdk.models.list()]
        assert self.sdk.models.get(model=listed[0]).name == f"models/{listed[0]}"
        return listed

    def failure(self, error):
        if not isinstance(error, errors.APIError):
            return broken(error)
        headers = getattr(error.response, "headers", None) or {}
        return {
            "kind": type(error).__name__,
            "status": error.code,
            "retry_after": headers.get("retry-after"),
            "message": error.message,
        }


def _request(question):
    config = {
        theirs: question[ours]
        for ours, theirs in (
            ("system", "system_instruction"),
            ("max_tokens", "max_output_tokens"),
            ("temperature", "temperature"),
            ("top_p", "top_p"),
            ("seed", "seed"),
            ("stop", "stop_sequences"),
        )
        if ours in question
    }
    if "tools" in question:
        functions = [
            types.FunctionDeclaration(
                name=tool["name"],
                description=tool["description"],
                parameters_json_schema=tool["schema"],
            )
            for tool in question["tools"]
        ]
        config["tools"] = [types.Tool(function_declarations=functions)]
    if "tool_choice" in question:
        choice = question["tool_choice"]
        named = {"allowed_function_names": [choice["name"]]} if isinstance(choice, dict) else {}
        mode = "ANY" if named else choice.upper()
        calling = types.FunctionCallingConfig(mode=mode, **named)
        config["tool_config"] = types.ToolConfig(function_calling_config=calling)
    if "schema" in question:
        config["response_mime_type"] = "application/json"
        config["response_json_schema"] = question["schema"]
    if "likely" in question:
        config |= {"response_logprobs": True, "logprobs": question["likely"]}
    if question.get("reasoning"):
        thinking = types.ThinkingConfig(include_thoughts=True, thinking_budget=2048)
        config["thinking_config"] = thinking
    contents = [content for content in _contents(question)]
    return {"contents": contents, "config": types.GenerateContentConfig(**config)}


def _contents(question):
    for item in question["items"]:
        kind = item["kind"]
        if kind in ("user", "assistant"):
            role = "model" if kind == "assistant" else "user"
            yield types.Content(role=role, parts=[types.Part(text=item["text"])])
        elif kind == "media":
            parts = [types.Part(text=item["text"])]
            for media in item["images"] + item.get("documents", []) + item.get("sounds", []):
                data = base64.b64decode(media["data"])
                parts.append(types.Part.from_bytes(data=data, mime_type=media["mime"]))
            yield types.Content(role="user", parts=parts)
        elif kind == "echo":
            yield types.Content.model_validate(item["value"])
        elif kind == "results":
            yield types.Content(role="user", parts=[_result(r) for r in item["results"]])


def _result(result):
    response = types.FunctionResponse(
        id=result["id"], name=result["name"], response={"output": result["text"]}
    )
    return types.Part(function_response=response)


def _answer(chunks):
    parts = [
        part
        for chunk in chunks
        if chunk.candidates and chunk.candidates[0].content
        for part in chunk.candidates[0].content.parts or []
    ]
    thoughts = [part.text for part in parts if part.thought]
    calls = [part.function_call for part in parts if part.function_call]
    signatures = [part.thought_signature for part in parts if part.thought_signature]
    told = [chunk.candidates[0].logprobs_result for chunk in chunks if chunk.candidates]
    last = chunks[-1]
    usage = last.usage_metadata
    thought = usage.thoughts_token_count or 0
    return {
        "id": last.response_id,
        "text": "".join(part.text for part in parts if part.text and not part.thought),
        "calls": [
            {"id": call.id, "name": call.name, "arguments": call.args or {}} for call in calls
        ],
        "reasoning": {
            "text": "".join(thoughts) or None,
            "signature": signatures[0].decode() if signatures else None,
        },
        "likely": [
            {
                "token": one.token,
                "logprob": one.log_probability,
                "others": [(other.token, other.log_probability) for other in top.candidates],
            }
            for result in told
            if result
            for one, top in zip(result.chosen_candidates, result.top_candidates, strict=True)
        ],
        "finish": "tools" if calls else FINISH[last.candidates[0].finish_reason.value],
        "usage": {
            "input": usage.prompt_token_count,
            "output": (usage.candidates_token_count or 0) + thought,
            "cached": usage.cached_content_token_count or 0,
            "reasoning": usage.thoughts_token_count,
        },
        "echo": {"role": "model", "parts": [part.model_dump(exclude_none=True) for part in parts]},
    }
