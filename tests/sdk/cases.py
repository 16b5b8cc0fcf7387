"""The cases that every client goes through with every provider, streamed and not.

Each asks as a user of the SDK would, and then holds two things against each other: what the origin
says that it was asked, and what the client got against what the origin says that it said.
"""

import base64
import itertools
import json
import secrets
import threading
import urllib.request

import plan

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)

#: By the dialect of a provider, the name of a model of the gateway's file and its name there. The
#: second is listed in the file: OpenAI has it by Responses alone, so nothing else is spoken with it.
MODELS = {
    "openai_chat": ("openai-chat/house-1", "house-1"),
    "openai_responses": ("responses-house", "gpt-5.1-codex"),
    "anthropic_messages": (
        "anthropic/claude-sonnet-4-5-house",
        "claude-sonnet-4-5-house",
    ),
    "gemini_generate_content": ("gemini/house-3-pro", "house-3-pro"),
    "bedrock_converse": (
        "bedrock/anthropic.claude-sonnet-4-5-house-v1:0",
        "anthropic.claude-sonnet-4-5-house-v1:0",
    ),
    "cohere_chat": ("cohere-alone/command-house", "command-house"),
}


#: Models that are refused something, whole and streamed.
ERROR_MODELS = {
    provider: [f"{MODELS[provider][0]}-{how}" for how in ("whole", "streamed")]
    for provider in MODELS
} | {"openai_responses": ["openai-responses/gpt-5.2-pro", "openai-responses/gpt-5.2-codex"]}


class Origin:
    """What the origin has to tell."""

    def __init__(self, address):
        self.url = f"http://{address}"

    def requests(self, case, query=""):
        with urllib.request.urlopen(f"{self.url}/cases/{case}{query}") as response:
            return json.load(response)["requests"]

    def go(self, case):
        request = urllib.request.Request(f"{self.url}/cases/{case}/go", method="POST")
        urllib.request.urlopen(request).close()


class Run:
    """One case of a client with a provider."""

    def __init__(self, client, origin, provider, stream, is_behind):
        self.client, self.origin, self.provider = client, origin, provider
        #: Whether a gateway stands between, which has names of its own for models.
        self.is_behind = is_behind
        self.model, self.stream = MODELS[provider][0 if is_behind else 1], stream
        self.case = secrets.token_hex(6)

    def ask(self, question, at_first=None):
        return self.client.ask(self.model, question, self.stream, at_first)

    def told(self):
        """What the origin makes of the last request, and what it said to it."""
        last = self.origin.requests(self.case)[-1]
        assert last["dialect"] == self.provider, last
        return last["facts"], last["plan"]

    def heard(self, answer, plan):
        """The client got what the origin said."""
        texts = [part["text"] for part in plan["parts"] if part["kind"] == "text"]
        equal(answer["text"], "".join(texts), "the text")
        equal(answer["finish"], plan["finish"], "why it ended")
        used = answer["usage"] or {}
        for name in ("input", "output", "cached"):
            if used.get(name) is not None:
                equal(used[name], plan["usage"][name], f"tokens: {name}")
        calls = [part for part in plan["parts"] if part["kind"] == "call"]
        for got, said in zip(answer["calls"], calls, strict=True):
            equal(got["name"], said["name"], "the name of a call")
            equal(got["arguments"], said["arguments"], "the arguments of a call")
            equal(got["id"], said["id"], "the id of a call")


def equal(got, wanted, what):
    assert got == wanted, f"{what}:\n   got {got!r}\n  want {wanted!r}"


#: Providers that take what is noted of the caller.
TAKES = {
    "user": ("openai_chat", "openai_responses", "anthropic_messages"),
    "metadata": ("openai_chat", "openai_responses", "bedrock_converse"),
}


#: Providers that draw the same for the same seed, and those that take sound.
SEEDED = ("openai_chat", "gemini_generate_content", "cohere_chat")
HEARING = ("openai_chat", "gemini_generate_content")
#: Those that tell how likely a token was, with what else it could have been.
TELLING = ("openai_chat", "gemini_generate_content")


def text(run):
    question = {
        "system": f"system-{run.case} ünï",
        "items": [
            {"kind": "user", "text": f"first-{run.case}"},
            {"kind": "assistant", "text": f"earlier-{run.case}\n\ttab"},
            {"kind": "user", "text": f"case-{run.case}-text 你好 \"\\ 😀\u2028 </script>"},
        ],
        "max_tokens": 1234,
        "temperature": 0.25,
    }
    has_stop = "openai_responses" not in (run.provider, run.client.dialect)
    if has_stop:
        question["stop"] = [f"stop-{run.case}", "\n\nEND"]
    seed = int(run.case[:6], 16)
    question |= {"seed": seed} if run.client.SEEDS else {}
    notes = {"user": f"user-{run.case}", "metadata": {"note": f"metadata-{run.case}"}}
    question |= {name: notes[name] for name in run.client.NOTES}
    answer = run.ask(question)
    facts, plan = run.told()
    for name in run.client.NOTES:
        if run.provider in TAKES[name]:
            equal(facts[name], notes[name], f"the {name}")
    if run.client.SEEDS and run.provider in SEEDED:
        equal(facts["seed"], seed, "the seed")
    equal(facts["model"], MODELS[run.provider][1], "the model")
    equal(facts["stream"], run.stream, "whether it is streamed")
    equal(facts["system"], question["system"], "the system text")
    equal(facts["items"], question["items"], "the conversation")
    equal(facts["stop"], question.get("stop", []), "the stop texts")
    equal(facts["max_tokens"], 1234, "the limit of the output")
    equal(facts["temperature"], 0.25, "the temperature")
    run.heard(answer, plan)


def _tools(run):
    def schema(nonce):
        return {
            "type": "object",
            "properties": {
                "city": {"type": "string", "description": f"{nonce}-{run.case}"},
                "days": {"type": "integer"},
                "deep": {
                    "type": "object",
                    "properties": {"tags": {"type": "array", "items": {"type": "string"}}},
                },
            },
            "required": ["city"],
        }

    return [
        {
            "name": f"{name}_{run.case}",
            "description": f"description-{name}-{run.case}",
            "schema": schema(name),
        }
        for name in ("weather", "traffic")
    ]


def _tool_round(run, scenario, choice):
    tools = _tools(run)
    scenario += "_whole" if run.client.WHOLE_CALLS else ""
    first = {"kind": "user", "text": f"case-{run.case}-{scenario}"}
    question = {"items": [first], "tools": tools, "tool_choice": choice, "max_tokens": 500}
    answer = run.ask(question)
    facts, plan = run.told()
    equal([tool["name"] for tool in facts["tools"]], [t["name"] for t in tools], "the tools")
    for got, wanted in zip(facts["tools"], tools):
        equal(got["description"], wanted["description"], "the description of a tool")
        equal(_plain(got["schema"]), wanted["schema"], "the schema of a tool")
    if choice != "auto":
        equal(facts["tool_choice"], choice, "the choice of tools")
    else:
        assert facts["tool_choice"] in (None, "auto"), facts["tool_choice"]
    run.heard(answer, plan)
    results = [
        {"id": call["id"], "name": call["name"], "text": f"result-{run.case}-{number} ü"}
        for number, call in enumerate(answer["calls"])
    ]
    echo = {"kind": "echo", "value": answer["echo"]}
    question["items"] = [first, echo, {"kind": "results", "results": results}]
    question["tool_choice"] = "auto"
    answer = run.ask(question)
    facts, again = run.told()
    got = facts["items"]
    said = [part for part in plan["parts"] if part["kind"] == "call"]
    equal([item["kind"] for item in got], ["user"] + ["call"] * len(said) + ["result"] * len(said),
          "the conversation")
    calls, back = got[1 : 1 + len(said)], got[1 + len(said) :]
    for call, wanted in zip(calls, said):
        equal(call["name"], wanted["name"], "the name of a call, sent back")
        equal(call["arguments"], wanted["arguments"], "the arguments of a call, sent back")
        assert call["id"] in (wanted["id"], None), f"{call} is not {wanted}"
        if run.provider == "gemini_generate_content" == run.client.dialect:
            signature = base64.b64encode(wanted["signature"].encode()).decode()
            equal(call["signature"], signature, "the signature of a call, sent back")
    for result, wanted, call in zip(back, results, calls):
        equal(result["id"], call["id"], "the id of a result")
        assert result.get("name", wanted["name"]) == wanted["name"], f"{result} is not {wanted}"
        assert wanted["text"] in result["text"], f"{result} is not {wanted}"
    run.heard(answer, again)


def _plain(schema):
    """A schema with the names of types in lower case: Google writes them in capitals."""
    if isinstance(schema, dict):
        is_type = lambda k, v: k == "type" and isinstance(v, str)
        return {k: v.lower() if is_type(k, v) else _plain(v) for k, v in schema.items()}
    return [_plain(item) for item in schema] if isinstance(schema, list) else schema


def tools(run):
    _tool_round(run, "tools", "auto")


def parallel(run):
    _tool_round(run, "parallel", "any")


def schema(run):
    form = {
        "type": "object",
        "properties": {
            "city": {"type": "string", "description": f"schema-{run.case}"},
            "days": {"type": "integer"},
        },
        "required": ["city", "days"],
        "additionalProperties": False,
    }
    question = {
        "items": [{"kind": "user", "text": f"case-{run.case}-schema as JSON"}],
        "schema": form,
        "schema_text": json.dumps(form),
        "schema_name": f"answer_{run.case}",
    }
    answer = run.ask(question)
    facts, plan = run.told()
    equal(_plain(facts["schema"]), form, "the schema")
    run.heard(answer, plan)
    equal(json.loads(answer["text"])["city"], f"city-{run.case}", "the answer by the schema")


def image(run):
    picture = {"mime": "image/png", "data": _base64(PNG + run.case.encode())}
    item = {"kind": "media", "text": f"case-{run.case}-image", "images": [picture]}
    answer = run.ask({"items": [item]})
    facts, plan = run.told()
    wanted = [{"kind": "user", "text": item["text"]}, {"kind": "image", **picture}]
    equal(facts["items"], wanted, "text and image")
    run.heard(answer, plan)


def document(run):
    report = {
        "mime": "application/pdf",
        "data": _base64(b"%PDF-1.4\n%" + run.case.encode()),
        "name": "report.pdf",
    }
    question = {"kind": "media", "text": f"case-{run.case}-document", "images": []}
    question["documents"] = [report]
    answer = run.ask({"items": [question]})
    facts, plan = run.told()
    [got] = [item for item in facts["items"] if item["kind"] == "document"]
    equal((got["mime"], got["data"]), (report["mime"], report["data"]), "the document")
    run.heard(answer, plan)


def sound(run):
    voice = {"mime": "audio/wav", "data": _base64(b"RIFF\x24\0\0\0WAVEfmt " + run.case.encode())}
    item = {"kind": "media", "text": f"case-{run.case}-sound", "images": [], "sounds": [voice]}
    answer = run.ask({"items": [item]})
    facts, plan = run.told()
    [got] = [item for item in facts["items"] if item["kind"] == "audio"]
    equal(got, {"kind": "audio", **voice}, "the sound")
    run.heard(answer, plan)


def likely(run):
    words = f"case-{run.case}-likely"
    answer = run.ask({"items": [{"kind": "user", "text": words}], "likely": 2})
    facts, said = run.told()
    equal(facts["likely"], 2, "how many others are wanted")
    run.heard(answer, said)
    equal(answer["likely"], plan.likely(answer["text"]), "how likely each token was")


def _base64(data):
    return base64.b64encode(data).decode()


def length(run):
    answer = run.ask({"items": [{"kind": "user", "text": f"case-{run.case}-length"}]})
    run.heard(answer, run.told()[1])


def reasoning(run):
    first = {"kind": "user", "text": f"case-{run.case}-reasoning"}
    question = {"items": [first], "reasoning": True, "max_tokens": 9000}
    answer = run.ask(question)
    facts, plan = run.told()
    if run.client.dialect != "bedrock_converse" or run.provider == "bedrock_converse":
        assert facts["reasoning"], facts
    run.heard(answer, plan)
    thought = plan["parts"][0]
    equal(answer["reasoning"]["text"], thought["text"], "the reasoning")
    if answer["usage"]["reasoning"] is not None and run.provider in COUNTS_REASONING:
        equal(answer["usage"]["reasoning"], plan["usage"]["reasoning"], "tokens of reasoning")
    second = {"kind": "user", "text": f"again-{run.case}"}
    question["items"] = [first, {"kind": "echo", "value": answer["echo"]}, second]
    run.ask(question)
    facts, _ = run.told()
    equal(
        spoken(facts["items"]),
        [first["text"], plan["parts"][1]["text"], second["text"]],
        "the conversation with its answer sent back",
    )
    if run.client.KEEPS and (run.client.dialect, run.provider) in KEEPS_SIGNATURES:
        _signed(run, facts, thought)


def spoken(items):
    """What was said by turns, without thoughts; a text may be sent back in the pieces it came in."""
    turns = itertools.groupby((i for i in items if i["kind"] != "reasoning"), lambda i: i["kind"])
    return ["".join(item["text"] for item in turn) for _, turn in turns]


#: Providers that tell how many tokens the reasoning was.
COUNTS_REASONING = ("openai_chat", "openai_responses", "gemini_generate_content")
SIGNING = ("openai_responses", "anthropic_messages", "gemini_generate_content", "bedrock_converse")
#: Pairs in which a thought with its signature comes back to who made it.
KEEPS_SIGNATURES = {
    (client, provider)
    for client in ("openai_chat", *SIGNING)
    for provider in SIGNING
}


def _signed(run, facts, thought):
    signature = thought["signature"]
    if run.provider == "gemini_generate_content":
        signature = _base64(signature.encode())
    signatures = [item.get("signature") for item in facts["items"]]
    assert signature in signatures, f"{signature} is none of {signatures}"
    # The others have the thought itself in what they sign, or want the signature alone.
    if run.provider in ("anthropic_messages", "bedrock_converse"):
        thoughts = [item["text"] for item in facts["items"] if item["kind"] == "reasoning"]
        equal("".join(thoughts), thought["text"], "the reasoning, sent back")


def gate(run):
    """A stream comes as it is made: the client has its beginning before the origin goes on."""
    seen = threading.Event()

    def at_first(piece):
        seen.set()
        run.origin.go(run.case)

    question = {"items": [{"kind": "user", "text": f"case-{run.case}-gate"}]}
    answer = run.ask(question, at_first)
    assert seen.is_set()
    run.heard(answer, run.told()[1])


def leave(run):
    """A client that goes away takes the origin's stream with it."""
    question = {"items": [{"kind": "user", "text": f"case-{run.case}-hang"}]}
    answer = run.ask(question, lambda piece: True)
    assert answer is None, answer
    run.origin.requests(run.case, "?closed")


def fail(run):
    """A stream that ends in an error is an error of the SDK's own."""
    _breaks(run, "fail", f"message-{run.case}")


def cut(run):
    """A stream that breaks off is an error of the SDK's own, not a short answer."""
    _breaks(run, "cut", "")


def _breaks(run, scenario, message):
    question = {"items": [{"kind": "user", "text": f"case-{run.case}-{scenario}"}]}
    seen = threading.Event()
    try:
        answer = run.ask(question, lambda piece: seen.set())
    except Exception as error:
        failure = run.client.failure(error)
        if failure is None:
            raise
        assert message in failure["message"], failure
        assert seen.is_set(), f"it broke off before its first piece: {failure}"
    else:
        raise AssertionError(f"a stream that failed was taken for an answer: {answer}")


def errors(run):
    """What a provider refuses is refused in the words of the client's own SDK."""
    # A limit that is reached rests the model, so it comes last, of a model of its own.
    run.model = ERROR_MODELS[run.provider][run.stream] if run.is_behind else run.model
    for status in (400, 500, 429):
        run.case = secrets.token_hex(6)
        question = {"items": [{"kind": "user", "text": f"case-{run.case}-error{status}"}]}
        failure = refused(run, question)
        equal(failure["status"], status, "the status")
        assert f"message-{run.case}" in failure["message"], failure
        if status == 429:
            equal(failure["retry_after"], "7", "when to try again")
        kinds = run.client.KINDS[status]
        assert failure["kind"] in kinds, f"{failure} is none of {kinds}"


def refused(run, question):
    try:
        answer = run.ask(question)
    except Exception as error:
        failure = run.client.failure(error)
        if failure is None:
            raise
        return failure
    raise AssertionError(f"that was to be refused: {answer}")


#: Cases that come streamed and not.
BOTH = (text, tools, parallel, schema, image, document, sound, likely, length, reasoning, errors)
#: Cases of streams alone.
STREAMED = (gate, leave, fail, cut)


def lacks(case, client, provider, stream):
    """Whether the pair has no words for a case, by the page of the dialects, or the SDK none."""
    if case is document and "cohere_chat" in (client.dialect, provider):
        return True
    if case is sound and not (client.HEARS and provider in HEARING):
        return True
    if case is likely and not (client.TELLS_LIKELY and provider in TELLING):
        return True
    return client.lacks(case.__name__, provider, stream)
