"""The cases beside chat, each for the clients that have a method for it.

They are not streamed. A case says which providers it goes to, and by which models.
"""

import hashlib
import json
import secrets

from cases import MODELS, PNG, equal, refused, text

#: Models of vectors by the dialect of their provider: the name in the gateway's file, and there.
EMBED = {
    "openai_chat": ("openai-chat/embed-house", "embed-house"),
    "gemini_generate_content": ("gemini/gemini-embedding-house", "gemini-embedding-house"),
    "cohere_chat": ("cohere/embed-house-v4", "embed-house-v4"),
    "bedrock_converse": ("bedrock/cohere.embed-house-v4", "cohere.embed-house-v4"),
}
OPENAI = {
    "openai_chat": ("openai-chat/beside-house", "beside-house"),
    "openai_responses": ("openai-responses/beside-house", "beside-house"),
}
UPLOADS = {"gemini_generate_content": ("gemini/house-3-pro", "house-3-pro")}
COUNTS = {
    "openai_responses": ("openai-responses/gpt-5.1-codex", "gpt-5.1-codex"),
    "anthropic_messages": ("anthropic/claude-sonnet-4-5-house", "claude-sonnet-4-5-house"),
    "gemini_generate_content": ("gemini/house-3-pro", "house-3-pro"),
    "bedrock_converse": ("bedrock/house-v1:0", "house-v1:0"),
}


def _asked(run):
    last = run.origin.requests(run.case)[-1]
    equal(last["dialect"], run.provider, "who was asked")
    return last["facts"]


def _number(run):
    return int(run.case[:4], 16)


def embed(run):
    texts = [f"case-{run.case}-embed über", f"second-{run.case} 😀"]
    made = run.client.embed(run.model, texts, run.client.DIMENSIONS)
    facts = _asked(run)
    equal(facts["model"], EMBED[run.provider][1], "the model")
    equal(facts["texts"], texts, "the texts")
    equal(facts["dimensions"], run.client.DIMENSIONS, "how many numbers are wanted")
    wanted = [[int(d, 16) / 16 - 0.5 + index for d in run.case[:8]] for index in range(2)]
    equal(made["vectors"], wanted, "the vectors")
    # Gemini counts no tokens, and Bedrock beside the body.
    if made["tokens"] is not None and run.provider in ("openai_chat", "cohere_chat"):
        equal(made["tokens"], 17, "the tokens")


def moderate(run):
    words = f"case-{run.case}-moderate"
    made = run.client.moderate(run.model, words)
    equal(_asked(run), {"model": OPENAI[run.provider][1], "input": words}, "what was asked")
    equal(made, {"flagged": True, "score": _number(run) / 65536}, "the answer")


def paint(run):
    prompt = f"case-{run.case}-paint a cat"
    image = run.client.paint(run.model, prompt)
    facts = _asked(run)
    equal((facts["model"], facts["prompt"]), (OPENAI[run.provider][1], prompt), "what was asked")
    equal(image, f"image of {run.case}".encode(), "the image")


def repaint(run):
    prompt, picture = f"case-{run.case}-repaint", PNG + b"\r\n--" + run.case.encode()
    image = run.client.repaint(run.model, prompt, picture)
    facts = _asked(run)
    equal((facts["model"], facts["prompt"]), (OPENAI[run.provider][1], prompt), "what was asked")
    equal(facts["image"], ["picture.png", picture.hex()], "the picture")
    equal(image, f"image of {run.case}".encode(), "the image")


def speak(run):
    words = f"case-{run.case}-speak"
    sound = run.client.speak(run.model, words)
    facts = _asked(run)
    wanted = (OPENAI[run.provider][1], words, "alloy")
    equal((facts["model"], facts["input"], facts["voice"]), wanted, "what was asked")
    equal(sound, b"\xff\xfb" + run.case.encode(), "the sound")


def hear(run):
    _hear(run, run.client.hear)


def hear_in_english(run):
    _hear(run, run.client.hear_in_english)


def _hear(run, method):
    prompt, sound = f"case-{run.case}-hear", secrets.token_bytes(200_000)
    heard = method(run.model, prompt, sound)
    facts = _asked(run)
    equal((facts["model"], facts["prompt"]), (OPENAI[run.provider][1], prompt), "what was asked")
    equal(facts["file"], ["sound.wav", sound.hex()], "the sound")
    equal(heard, f"heard-{run.case} ü", "the text")


def complete(run):
    prompt = f"case-{run.case}-text once upon a time"
    made = run.client.complete(run.model, prompt)
    facts = _asked(run)
    if run.provider in OPENAI:
        equal(facts["prompt"], prompt, "the prompt")
        equal(made, {"text": f"gone-on-{run.case}", "tokens": 11}, "the answer")
    else:
        equal(facts["items"], [{"kind": "user", "text": prompt}], "the prompt")
        assert made["text"].startswith(f"text-{run.case}"), made


# Who counts tokens, in the words of whoever asks.
COUNTING = ("openai_responses", "anthropic_messages", "gemini_generate_content", "bedrock_converse")


def count(run):
    words = f"case-{run.case}-count " + "word " * 50
    tokens = run.client.count(run.model, words)
    if run.provider in COUNTING:
        _asked(run)
        equal(tokens, _number(run), "the count")
    else:
        assert 25 < tokens < 500, f"{tokens} is no estimate of about 60 tokens"


def upload(run):
    """A file that comes in two steps, by a link that the first answer says."""
    content = secrets.token_bytes(9 << 20)
    facts = _upload(run, run.client.upload, content, "application/pdf")
    equal(facts["sha256"], hashlib.sha256(content).hexdigest(), "the bytes")


def upload_lines(run):
    """The file of a batch, each line of which names the model."""

    def written(model):
        contents = [{"parts": [{"text": f"über {model}"}]}]
        request = {"model": f"models/{model}", "contents": contents}
        lines = [{"key": "1", "request": request}, {"key": "2", "request": {"contents": contents}}]
        return lines, "\n".join(map(json.dumps, lines)).encode()

    lines, content = written(run.model)
    facts = _upload(run, run.client.upload_lines, content, "jsonl")
    lines[0]["request"]["model"] = f"models/{UPLOADS[run.provider][1]}"
    equal(facts["lines"], lines, "the lines")


def _upload(run, method, content, media_type):
    name = f"case-{run.case}-upload"
    made = method(name, content, media_type)
    asked = run.origin.requests(run.case)
    if run.is_behind:
        assert all("x-goog-api-key" in one["headers"] for one in asked), "who went past the gateway"
    steps = [one["facts"] for one in asked]
    equal(steps[0]["media_type"], media_type, "what it is said to be")
    [last] = [step for step in steps if "finalize" in step.get("command", "")]
    wanted = {"name": f"files/{name}", "kept": f"files/{name}", "size": last["size"]}
    equal(made, wanted, "the file")
    return last


def rank(run):
    documents = [f"document-{index}-{run.case}" for index in range(3)]
    ranked = run.client.rank(run.model, f"case-{run.case}-rank", documents)
    facts = _asked(run)
    equal(facts["documents"], documents, "the documents")
    score = _number(run) / 65536
    equal(ranked, [(2, score), (1, score / 2)], "the ranking")


def call(run):
    """A bare call in Anthropic's words is a chat with any model, whole and streamed."""
    for run.stream in (False, True):
        run.case = secrets.token_hex(6)
        text, stop, output = run.client.call(run.model, f"case-{run.case}-text", run.stream)
        facts = _asked(run)
        equal(facts["model"], MODELS[run.provider][1], "the model")
        equal(facts["stream"], run.stream, "whether it is streamed")
        plan = run.origin.requests(run.case)[-1]["plan"]
        equal(text, plan["parts"][0]["text"], "the text")
        equal(stop, "end_turn", "why it ended")
        equal(output, plan["usage"]["output"], "the tokens of the answer")


def models(run):
    assert "responses-house" in run.client.models()


#: Every case: what it is, its models by provider.
CASES = (
    (embed, EMBED),
    (moderate, OPENAI),
    (paint, OPENAI),
    (repaint, OPENAI),
    (speak, OPENAI),
    (hear, OPENAI),
    (hear_in_english, OPENAI),
    (
        complete,
        {
            "openai_chat": OPENAI["openai_chat"],
            "anthropic_messages": ("anthropic/claude-house", "claude-house"),
        },
    ),
    (count, COUNTS),
    (upload, UPLOADS),
    (upload_lines, UPLOADS),
    (rank, {"cohere_chat": ("cohere/rerank-house", "rerank-house")}),
    (call, {provider: MODELS[provider] for provider in MODELS if provider != "bedrock_converse"}),
)

#: What an SDK calls an error of a status.
KINDS = {
    401: "AuthenticationError UnauthorizedError UnrecognizedClientException",
    404: "NotFoundError ResourceNotFoundException",
}
#: What some SDKs call all errors.
ANY_KIND = ("APICallError", "ClientError", "SDKError")


def compatible(run):
    """Cohere speaks OpenAI's chat as well, so nothing is translated."""
    run.provider, run.model = "cohere_chat", "cohere/command-house"
    for run.stream in (False, True):
        run.case = secrets.token_hex(6)
        text(run)
        [asked] = run.origin.requests(run.case)
        equal(asked["path"], "/v1/chat/completions", "where it was asked")


def signed(run):
    """The gateway signs what goes to AWS as its SDK would."""
    run.provider, run.model = "bedrock_converse", f"bedrock-signed/{MODELS['bedrock_converse'][1]}"
    for run.stream in (False, True):
        run.case = secrets.token_hex(6)
        text(run)
        [asked] = run.origin.requests(run.case)
        assert asked["is_signed"], asked


def signs(run, start):
    """A client that signs is told that it is to show a key instead."""
    run.client = start(None)
    question = {"items": [{"kind": "user", "text": f"case-{run.case}-text"}]}
    failure = refused(run, question)
    equal(failure["status"], 403, "the status")
    assert "bearer" in failure["message"].lower(), failure


def denied(run, start):
    """What the gateway itself refuses comes in the words of the client's own SDK, too."""
    question = {"items": [{"kind": "user", "text": f"case-{run.case}-text"}]}
    asked = run.client
    for status, key, model in (
        (401, "client-key-of-nobody-0123456789", run.model),
        # Who may not use a model does not learn whether there is one.
        (404, "client-key-narrow-0123456789", run.model),
        (404, None, "no-such-model"),
    ):
        run.client, run.model = (start(key) if key else asked), model
        failure = refused(run, question)
        equal(failure["status"], status, "the status")
        kinds = (*KINDS[status].split(), *ANY_KIND)
        assert failure["kind"] in kinds, f"{failure} is none of {kinds}"
    equal(run.origin.requests(run.case), [], "what came to the provider")
