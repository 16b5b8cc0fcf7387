"""What the origin offers beside chat: vectors, rankings, images, sound, moderation, counts.

Each surface holds requests to the official types as the dialects do, and answers with what bears
the digits of the case.
"""

import json
import re
import urllib.parse

from aiohttp import web

import dialects

OPENAI = ("openai_chat", "openai_responses")
#: Every surface: whose it is, its path, what it is made by.
_TABLE = []


def surface(owners, path):
    """Takes a class into the table."""

    def take(made):
        _TABLE.append((owners, re.compile(path), made))
        return made

    return take


def find(dialect, path, is_compatible):
    """The surface at a path of a provider, where there is one; a compatible one is OpenAI's."""
    owner = "openai_chat" if is_compatible else dialect
    for owners, pattern, made in _TABLE:
        if owner in owners and pattern.fullmatch(path):
            return made(owner)
    return None


def parts(request, raw):
    """The members of a body, JSON or a form; a file is its name and its bytes."""
    if request.content_type != "multipart/form-data":
        return json.loads(raw)
    boundary = b"--" + request.headers["content-type"].split("boundary=")[1].strip('"').encode()
    members = {}
    for piece in raw.split(boundary)[1:-1]:
        head, _, body = piece[2:-2].partition(b"\r\n\r\n")
        name = re.search(rb'[ ;]name="([^"]*)"', head)[1].decode()
        file = re.search(rb'filename="([^"]*)"', head)
        members[name] = [file[1].decode(), body.hex()] if file else body.decode()
    return members


def vector(case, index):
    """Numbers that a float of four bytes holds without loss."""
    return [int(digit, 16) / 16 - 0.5 + index for digit in case[:8]]


class Surface:
    """A surface; `facts` is what the test is told of a request."""

    def __init__(self, owner):
        self.owner = owner

    def parts(self, request, raw):
        return parts(request, raw)

    def dialect(self):
        return dialects.load(self.owner)

    def credential(self, headers):
        return self.dialect().credential(headers, "")

    def check(self, path, members):
        return []

    def facts(self, path, members):
        return members


class Typed(Surface):
    """A surface of OpenAI: the types of requests and replies by name."""

    request = reply = None

    def check(self, path, members):
        from strict import problems

        return problems(members, self.request())

    def answer(self, case, facts):
        from strict import problems

        body = self.say(case, facts)
        found = problems(body, self.reply())
        assert not found, found
        return web.json_response(body)


@surface(OPENAI, "/v1/embeddings")
class OpenaiEmbeddings(Typed):
    def request(self):
        from openai.types.embedding_create_params import EmbeddingCreateParams

        return EmbeddingCreateParams

    def reply(self):
        from openai.types.create_embedding_response import CreateEmbeddingResponse

        return CreateEmbeddingResponse

    def facts(self, path, members):
        texts = members["input"]
        return {
            "model": members["model"],
            "texts": [texts] if isinstance(texts, str) else texts,
            "dimensions": members.get("dimensions"),
            "base64": members.get("encoding_format") == "base64",
        }

    def answer(self, case, facts):
        from strict import Rules, problems

        body = self.say(case, facts)
        # The type has the numbers that the SDK makes of the base64.
        loose = Rules(optional=frozenset({"embedding"}), extra=frozenset({"embedding"}))
        found = [p for p in problems(body, self.reply(), rules=loose) if "embedding" not in p]
        assert not found, found
        return web.json_response(body)

    def say(self, case, facts):
        import base64
        import struct

        def written(index):
            numbers = vector(case, index)
            if not facts["base64"]:
                return numbers
            return base64.b64encode(struct.pack(f"<{len(numbers)}f", *numbers)).decode()

        data = [
            {"object": "embedding", "index": index, "embedding": written(index)}
            for index in range(len(facts["texts"]))
        ]
        usage = {"prompt_tokens": 17, "total_tokens": 17}
        return {"object": "list", "model": facts["model"], "data": data, "usage": usage}


@surface(OPENAI, "/v1/moderations")
class Moderations(Typed):
    def request(self):
        from openai.types.moderation_create_params import ModerationCreateParams

        return ModerationCreateParams

    def reply(self):
        from openai.types.moderation_create_response import ModerationCreateResponse

        return ModerationCreateResponse

    def say(self, case, facts):
        from openai.types.moderation import Categories, CategoryAppliedInputTypes, CategoryScores

        def all_of(model, value):
            return {f.alias or name: value for name, f in model.model_fields.items()}

        result = {
            "flagged": True,
            "categories": all_of(Categories, False),
            "category_scores": all_of(CategoryScores, int(case[:4], 16) / 65536),
            "category_applied_input_types": all_of(CategoryAppliedInputTypes, ["text"]),
        }
        return {"id": f"modr-{case}", "model": facts["model"], "results": [result]}


@surface(OPENAI, "/v1/images/generations")
class ImageGenerations(Typed):
    def request(self):
        from openai.types.image_generate_params import ImageGenerateParams

        return ImageGenerateParams

    def reply(self):
        from openai.types.images_response import ImagesResponse

        return ImagesResponse

    def say(self, case, facts):
        import base64

        image = {"b64_json": base64.b64encode(b"image of " + case.encode()).decode()}
        details = {"image_tokens": 0, "text_tokens": 5}
        usage = {"input_tokens": 5, "output_tokens": 100, "total_tokens": 105}
        return {
            "created": 1_700_000_000,
            "data": [image],
            "usage": usage | {"input_tokens_details": details},
        }


class Form(Typed):
    """A form: which members there may be, and which there must be."""

    def check(self, path, members):
        import typing_extensions

        found = []
        for hint in typing_extensions.get_args(self.request()) or [self.request()]:
            known = typing_extensions.get_type_hints(hint)
            names = {name.partition("[")[0] for name in members}
            found = [f"{name}: unknown member" for name in names - known.keys()]
        return found if self.FILE in members else [*found, f"{self.FILE}: missing"]

    FILE = "file"


@surface(OPENAI, "/v1/images/edits")
class ImageEdits(Form):
    FILE = "image"

    def request(self):
        from openai.types.image_edit_params import ImageEditParams

        return ImageEditParams

    reply = ImageGenerations.reply
    say = ImageGenerations.say


@surface(OPENAI, "/v1/audio/transcriptions")
class Transcriptions(Form):
    def request(self):
        from openai.types.audio.transcription_create_params import TranscriptionCreateParams

        return TranscriptionCreateParams

    def reply(self):
        from openai.types.audio import Transcription

        return Transcription

    def say(self, case, facts):
        return {"text": f"heard-{case} ü"}


@surface(OPENAI, "/v1/audio/translations")
class Translations(Transcriptions):
    def request(self):
        from openai.types.audio.translation_create_params import TranslationCreateParams

        return TranslationCreateParams


@surface(OPENAI, "/v1/audio/speech")
class Speech(Typed):
    def request(self):
        from openai.types.audio.speech_create_params import SpeechCreateParams

        return SpeechCreateParams

    def answer(self, case, facts):
        return web.Response(body=b"\xff\xfb" + case.encode(), content_type="audio/mpeg")


@surface(OPENAI, "/v1/completions")
class Completions(Typed):
    def request(self):
        from openai.types.completion_create_params import CompletionCreateParams

        return CompletionCreateParams

    def reply(self):
        from openai.types.completion import Completion

        return Completion

    def say(self, case, facts):
        choice = {"index": 0, "text": f"gone-on-{case}", "finish_reason": "stop", "logprobs": None}
        usage = {"prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18}
        return {
            "id": f"cmpl-{case}",
            "object": "text_completion",
            "created": 1_700_000_000,
            "model": facts["model"],
            "choices": [choice],
            "usage": usage,
        }


@surface(OPENAI, "/v1/responses/input_tokens")
class InputTokens(Typed):
    def request(self):
        from openai.types.responses.input_token_count_params import InputTokenCountParams

        return InputTokenCountParams

    def reply(self):
        from openai.types.responses import InputTokenCountResponse

        return InputTokenCountResponse

    def say(self, case, facts):
        return {"object": "response.input_tokens", "input_tokens": int(case[:4], 16)}


@surface(("anthropic_messages",), "/v1/messages/count_tokens")
class CountTokens(Typed):
    def request(self):
        from anthropic.types.message_count_tokens_params import MessageCountTokensParams

        return MessageCountTokensParams

    def reply(self):
        from anthropic.types import MessageTokensCount

        return MessageTokensCount

    def say(self, case, facts):
        return {"input_tokens": int(case[:4], 16)}


class OfGemini(Surface):
    """A surface of Gemini; its SDK has no type for the body, so the members are told here."""

    members = {}

    def check(self, path, members):
        from dialects.gemini_generate_content import both_names
        from strict import Rules, problems

        rules = Rules(names=both_names)
        found = [f"$.{name}: unknown member" for name in members.keys() - self.types().keys()]
        for name, hint in self.types().items():
            if name in members:
                found += problems(members[name], hint, f"$.{name}", rules)
        return found

    def model(self, path):
        return urllib.parse.unquote(path.split("/models/")[1].rpartition(":")[0])


@surface(("gemini_generate_content",), "/v1(beta)?/models/[^/:]+:countTokens")
class GeminiCountTokens(OfGemini):
    def types(self):
        from google.genai import types

        return {"contents": list[types.Content], "generateContentRequest": dict}

    def answer(self, case, facts):
        return web.json_response({"totalTokens": int(case[:4], 16)})


@surface(("gemini_generate_content",), "/v1(beta)?/models/[^/:]+:embedContent")
class GeminiEmbedContent(OfGemini):
    def types(self):
        from google.genai import types

        return {
            "model": str,
            "content": types.Content,
            "taskType": str,
            "title": str,
            "outputDimensionality": int,
            "embedContentConfig": dict,
        }

    def facts(self, path, members):
        config = members.get("embedContentConfig", {})
        return {
            "model": self.model(path),
            "texts": ["".join(part["text"] for part in members["content"]["parts"])],
            "dimensions": members.get("outputDimensionality", config.get("outputDimensionality")),
        }

    def answer(self, case, facts):
        return web.json_response({"embedding": {"values": vector(case, 0)}})


@surface(("gemini_generate_content",), "/v1(beta)?/models/[^/:]+:batchEmbedContents")
class GeminiBatchEmbedContents(GeminiEmbedContent):
    def check(self, path, members):
        found = [f"$.{name}: unknown member" for name in members.keys() - {"requests"}]
        one = super().check
        return found + [problem for each in members["requests"] for problem in one(path, each)]

    def facts(self, path, members):
        each = [super(GeminiBatchEmbedContents, self).facts(path, one) for one in members["requests"]]
        return each[0] | {"texts": [text for one in each for text in one["texts"]]}

    def answer(self, case, facts):
        vectors = [{"values": vector(case, index)} for index in range(len(facts["texts"]))]
        return web.json_response({"embeddings": vectors})


#: The bytes of the uploads that are under way, by case.
_UPLOADS = {}


@surface(("gemini_generate_content",), "/upload/v1(beta)?/files")
class GeminiUpload(Surface):
    """An upload in several requests, which go where the answer to the first says."""

    def parts(self, request, raw):
        said = {
            name: request.headers.get(f"x-goog-upload-{name}")
            for name in ("protocol", "command", "offset", "header-content-type")
        }
        # The client shows no key behind the first step; the gateway does, and the test looks for it.
        self.begun = request.query.get("upload_id")
        self.here = f"http://{request.host}{request.path}"
        return said | {"id": self.begun, "raw": raw}

    def credential(self, headers):
        import plan

        shown = super().credential(headers)
        return plan.key(self.owner) if self.begun and not shown else shown

    def check(self, path, members):
        from google.genai import types

        from dialects.gemini_generate_content import both_names
        from strict import Rules, problems

        if members["command"] == "start":
            wrong = [] if members["protocol"] == "resumable" else ["the protocol"]
            body = json.loads(members["raw"])
            return wrong + problems(body["file"], types.File, rules=Rules(names=both_names))
        held = _UPLOADS.get(members["id"])
        if held is None:
            return [f"there is no upload {members['id']}"]
        return [] if members["offset"] == str(len(held)) else [f"the offset of {len(held)}"]

    def facts(self, path, members):
        import hashlib

        if members["command"] == "start":
            file = json.loads(members["raw"])["file"]
            _UPLOADS[file.get("displayName") or file["display_name"]] = bytearray()
            return {"command": "start", "media_type": members["header-content-type"]}
        held = _UPLOADS[members["id"]]
        held += members["raw"]
        facts = {"command": members["command"], "size": len(held)}
        facts["sha256"] = hashlib.sha256(held).hexdigest()
        if held.startswith(b"{"):
            facts["lines"] = [json.loads(line) for line in held.splitlines()]
        return facts

    def answer(self, case, facts):
        name = f"case-{case}-upload"
        if facts["command"] == "start":
            path = self.here.replace(f"/{self.owner}/", "/")
            link = f"{path}?upload_id={name}&upload_protocol=resumable"
            told = {"x-goog-upload-url": link, "x-goog-upload-status": "active"}
            return web.Response(headers=told)
        if "finalize" not in facts["command"]:
            return web.Response(headers={"x-goog-upload-status": "active"})
        file = {"name": f"files/{name}", "sizeBytes": str(facts["size"])}
        return web.json_response({"file": file}, headers={"x-goog-upload-status": "final"})


@surface(("gemini_generate_content",), "/v1(beta)?/files/[^/:]+")
class GeminiFile(Surface):
    """A file that is kept, asked for and deleted."""

    def parts(self, request, raw):
        return {"method": request.method}

    def answer(self, case, facts):
        name = {"name": f"files/case-{case}-upload"}
        return web.json_response(name if facts["method"] == "GET" else {})


class OfCohere(Surface):
    """A surface of Cohere: its members are the parameters of the client's method."""

    def check(self, path, members):
        from dialects.cohere_chat import check_parameters

        return check_parameters(members, self.method)

    def held(self, body, hint):
        from strict import problems

        found = problems(body, hint)
        assert not found, found
        return web.json_response(body)


@surface(("cohere_chat",), "/v2/embed")
class CohereEmbed(OfCohere):
    method = "embed"

    def facts(self, path, members):
        return {
            "model": members["model"],
            "texts": members.get("texts")
            or ["".join(p["text"] for p in one["content"]) for one in members["inputs"]],
            "dimensions": members.get("output_dimension"),
            "types": members.get("embedding_types"),
        }

    def answer(self, case, facts):
        from cohere.types import EmbedByTypeResponse

        vectors = [vector(case, index) for index in range(len(facts["texts"]))]
        body = {
            "id": f"id-{case}",
            "response_type": "embeddings_by_type",
            "embeddings": {"float": vectors},
            "texts": facts["texts"],
            "meta": {"api_version": {"version": "2"}, "billed_units": {"input_tokens": 17}},
        }
        return self.held(body, EmbedByTypeResponse)


@surface(("cohere_chat",), "/v2/rerank")
class CohereRerank(OfCohere):
    method = "rerank"

    def answer(self, case, facts):
        from cohere.v2.types.v2rerank_response import V2RerankResponse

        score = int(case[:4], 16) / 65536
        results = [
            {"index": index, "relevance_score": score / (place + 1)}
            for place, index in enumerate(reversed(range(len(facts["documents"]))))
        ]
        body = {"id": f"id-{case}", "results": results[: facts.get("top_n")]}
        return self.held(body | {"meta": {"billed_units": {"search_units": 1}}}, V2RerankResponse)


@surface(("bedrock_converse",), "/model/[^/]+/invoke")
class BedrockInvoke(Surface):
    """Its body is the model's own: here that of Cohere's models for vectors."""

    KNOWN = {"texts", "input_type", "embedding_types", "output_dimension", "truncate"}

    def check(self, path, members):
        found = [f"$.{name}: unknown member" for name in members.keys() - self.KNOWN]
        return found + [f"$.{n}: missing" for n in ("texts", "input_type") if n not in members]

    def facts(self, path, members):
        return {
            "model": urllib.parse.unquote(path.split("/")[2]),
            "texts": members["texts"],
            "dimensions": members.get("output_dimension"),
            "types": members.get("embedding_types"),
        }

    def answer(self, case, facts):
        vectors = [vector(case, index) for index in range(len(facts["texts"]))]
        is_typed = facts["types"] is not None
        body = {
            "id": f"id-{case}",
            "response_type": "embeddings_by_type" if is_typed else "embeddings_floats",
            "embeddings": {"float": vectors} if is_typed else vectors,
            "texts": facts["texts"],
        }
        return web.json_response(body, headers={"x-amzn-bedrock-input-token-count": "17"})


@surface(("bedrock_converse",), "/model/[^/]+/count-tokens")
class BedrockCountTokens(Surface):
    def check(self, path, members):
        from dialects import bedrock_converse

        operation = bedrock_converse._operation("CountTokens")
        return bedrock_converse.problems(members | {"modelId": "x"}, operation.input_shape)

    def answer(self, case, facts):
        return web.json_response({"inputTokens": int(case[:4], 16)})
