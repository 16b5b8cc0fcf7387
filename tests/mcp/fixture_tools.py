"""The tools of `fixture.py`: those that the conformance suite calls by name."""

import asyncio
import json
import warnings

import mcp_types as types
from mcp.shared.message import ServerMessageMetadata

PNG = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFAAH/iZk9HQAAAABJRU5ErkJggg=="
)
WAV = "UklGRiwAAABXQVZFZm10IBAAAAABAAEAQB8AAEAfAAABAAgAZGF0YQgAAACAgICAgICAgA=="
STRING = {"type": "string"}
RESULTS = {
    "elicitation/create": (types.ElicitRequest, types.ElicitResult),
    "sampling/createMessage": (types.CreateMessageRequest, types.CreateMessageResult),
    "roots/list": (types.ListRootsRequest, types.ListRootsResult),
}
NEEDS = {
    "elicitation/create": "elicitation",
    "sampling/createMessage": "sampling",
    "roots/list": "roots",
}


class Call:
    """One call of a tool or prompt: what it was given, and what it may tell of on its way."""

    def __init__(self, context, params, changed):
        self.context = context
        self.changed = changed
        said = params.input_responses or {}
        self.answers = {key: dump(answer) for key, answer in said.items()}
        self.state = params.request_state
        capabilities = context.session.client_capabilities
        self.capabilities = dump(capabilities) if capabilities else {}

    async def progress(self, progress):
        await self.context.session.report_progress(progress, 100)

    async def log(self, text):
        with warnings.catch_warnings(action="ignore"):
            await self.context.session.send_log_message(
                "info", text, related_request_id=self.context.request_id
            )


def dump(model):
    return model.model_dump(by_alias=True, mode="json", exclude_none=True)


async def ask(context, question):
    """Asks a legacy client, on the stream of its call."""
    request, result = RESULTS[question["method"]]
    metadata = ServerMessageMetadata(related_request_id=context.request_id)
    model = request.model_validate(question)
    return dump(await context.session.send_request(model, result, metadata=metadata))


def lacking(questions, capabilities):
    """What a client would have to be able to do, and does not say that it can."""
    needed = {NEEDS[question["method"]] for question in questions.values()}
    return {need: {} for need in sorted(needed) if need not in capabilities}


def text(said):
    return {"content": [{"type": "text", "text": said}]}


def asking(questions, state=None):
    result = {"resultType": "input_required", "inputRequests": questions}
    return result if state is None else {**result, "requestState": state}


def form(message, properties, required=None):
    wanted = list(properties) if required is None else required
    schema = {"type": "object", "properties": properties, "required": wanted}
    params = {"mode": "form", "message": message, "requestedSchema": schema}
    return {"method": "elicitation/create", "params": params}


def sampling(prompt, most=100):
    message = {"role": "user", "content": {"type": "text", "text": prompt}}
    return {"method": "sampling/createMessage", "params": {"messages": [message], "maxTokens": most}}


def roots():
    return {"method": "roots/list", "params": {}}


def filled(answer):
    """What somebody filled in a form, if they did."""
    return answer.get("content") if answer and answer.get("action") == "accept" else None


def spoken(answer):
    content = (answer or {}).get("content")
    return content.get("text") if isinstance(content, dict) else None


TOOLS = {}


def tool(name, properties=None):
    """Makes a function `(arguments, call)` a tool."""
    properties = properties or {}
    schema = {"type": "object", "properties": properties, "required": list(properties)}

    def define(function):
        about = {"name": name, "description": function.__doc__, "inputSchema": schema}
        TOOLS[name] = (about, function)
        return function

    return define


def schema(name):
    return TOOLS[name][0]["inputSchema"] if name in TOOLS else None


def answers(name, result):
    """A tool that always answers the same."""

    async def same(_arguments, _call):
        return result

    same.__doc__ = "Answers the same at each call."
    tool(name)(same)


def asks(name, properties, questions, said):
    """A tool that asks, and says what it was told."""

    async def until_answered(arguments, call):
        wanted = questions(arguments)
        if any(key not in call.answers for key in wanted):
            return asking(wanted)
        return text(said(call.answers))

    until_answered.__doc__ = "Asks, and says what it was told."
    tool(name, properties)(until_answered)


image = {"type": "image", "data": PNG, "mimeType": "image/png"}


def embedded(uri, mime, said):
    return {"type": "resource", "resource": {"uri": uri, "mimeType": mime, "text": said}}


answers("test_simple_text", text("This is a simple text response for testing."))
answers("test_image_content", {"content": [image]})
answers(
    "test_audio_content", {"content": [{"type": "audio", "data": WAV, "mimeType": "audio/wav"}]}
)
note = embedded("test://embedded-resource", "text/plain", "This is an embedded resource content.")
answers("test_embedded_resource", {"content": [note]})
mixed = embedded(
    "test://mixed-content-resource", "application/json", '{"test":"data","value":123}'
)
many = text("Multiple content types test:")["content"] + [image, mixed]
answers("test_multiple_content_types", {"content": many})
failure = text("This tool intentionally returns an error for testing")
answers("test_error_handling", {**failure, "isError": True})


@tool("where_to", {"region": {**STRING, "x-mcp-header": "Region"}})
async def where_to(arguments, _call):
    """Has an argument that stands in a header as well."""
    return text(f"to {arguments['region']}")


@tool("echo", {"word": STRING})
async def echo(arguments, _call):
    """Says a word again."""
    return {**text(arguments["word"]), "structuredContent": {"word": arguments["word"]}}


@tool("test_tool_with_progress")
async def with_progress(_arguments, call):
    """Tells how far it is."""
    for progress in (0, 50, 100):
        if progress:
            await asyncio.sleep(0.05)
        await call.progress(progress)
    return text("The work is done.")


@tool("test_tool_with_logging")
async def with_logging(_arguments, call):
    """Writes to the log."""
    await call.log("Tool execution started")
    await asyncio.sleep(0.05)
    await call.log("Tool processing data")
    await asyncio.sleep(0.05)
    await call.log("Tool execution completed")
    return text("Said what there was to say.")


@tool("test_logging_tool")
async def logging(_arguments, call):
    """Writes to the log of those who asked for it."""
    await call.log("for those who asked for it")
    return text("logged")


@tool("test_reconnection")
async def reconnection(_arguments, call):
    """Closes the stream and goes on."""
    if call.context.close_sse_stream:
        await call.context.close_sse_stream()
    await asyncio.sleep(0.1)
    return text("It went on while you were gone.")


@tool("test_trigger_tool_change")
async def tool_change(_arguments, call):
    """Says that the tools have changed."""
    await call.changed("tools")
    return text("the tools have changed")


@tool("test_trigger_prompt_change")
async def prompt_change(_arguments, call):
    """Says that the prompts have changed."""
    await call.changed("prompts")
    return text("the prompts have changed")


asks(
    "test_sampling",
    {"prompt": STRING},
    lambda arguments: {"model": sampling(arguments["prompt"])},
    lambda told: f"LLM response: {spoken(told['model'])}",
)
asks(
    "test_elicitation",
    {"message": STRING},
    lambda arguments: {"user": form(arguments["message"], {"username": STRING, "email": STRING})},
    lambda told: f"User response: {json.dumps(told['user'])}",
)
DEFAULTS = {
    "name": {**STRING, "default": "John Doe"},
    "age": {"type": "integer", "default": 30},
    "score": {"type": "number", "default": 95.5},
    "status": {**STRING, "enum": ["active", "inactive", "pending"], "default": "active"},
    "verified": {"type": "boolean", "default": True},
}
asks(
    "test_elicitation_sep1034_defaults",
    {},
    lambda _: {"user": form("Change what is not right.", DEFAULTS, [])},
    lambda told: f"Elicitation completed: {json.dumps(told['user'])}",
)
OPTIONS = ["option1", "option2", "option3"]
TITLED = [{"const": f"value{n}", "title": f"Option {n}"} for n in (1, 2, 3)]
ENUMS = {
    "untitledSingle": {**STRING, "enum": OPTIONS},
    "titledSingle": {**STRING, "oneOf": TITLED},
    "legacyEnum": {
        **STRING,
        "enum": ["opt1", "opt2", "opt3"],
        "enumNames": ["Option One", "Option Two", "Option Three"],
    },
    "untitledMulti": {"type": "array", "items": {**STRING, "enum": OPTIONS}},
    "titledMulti": {"type": "array", "items": {"anyOf": TITLED}},
}
asks(
    "test_elicitation_sep1330_enums",
    {},
    lambda _: {"user": form("Choose.", ENUMS, [])},
    lambda told: f"Elicitation completed: {json.dumps(told['user'])}",
)
asks(
    "test_missing_capability",
    {},
    lambda _: {"model": sampling("Say anything.")},
    lambda _: "the model was asked",
)
asks(
    "test_streaming_elicitation",
    {},
    lambda _: {"user": form("May I?", {"may": {"type": "boolean"}})},
    lambda _: "the user was asked",
)
NAME = {"name": STRING}
OK = {"ok": {"type": "boolean"}}


@tool("test_input_required_result_elicitation")
async def rounds_of_user(_arguments, call):
    """Asks the user."""
    given = filled(call.answers.get("user_name"))
    if not given:
        return asking({"user_name": form("What is your name?", NAME)})
    return text(f"Hello, {given['name']}!")


@tool("test_input_required_result_sampling")
async def rounds_of_model(_arguments, call):
    """Asks the model."""
    given = spoken(call.answers.get("capital_question"))
    return text(given) if given else asking({"capital_question": sampling("The capital of France?")})


@tool("test_input_required_result_list_roots")
async def rounds_of_roots(_arguments, call):
    """Asks for folders."""
    given = call.answers.get("client_roots")
    if not given:
        return asking({"client_roots": roots()})
    return text(", ".join(root["uri"] for root in given["roots"]))


def confirmed(name, said):
    """A tool that gives state, and wants it back with an answer."""

    async def confirm(_arguments, call):
        if call.state == name and filled(call.answers.get("confirm")):
            return text(said)
        return asking({"confirm": form("Please confirm", OK)}, name)

    confirm.__doc__ = "Gives state, and wants it back."
    tool(name)(confirm)


confirmed("test_input_required_result_request_state", "state-ok")
confirmed("test_input_required_result_tampered_state", "untouched")


@tool("test_input_required_result_multiple_inputs")
async def rounds_of_all(_arguments, call):
    """Asks the user, the model and for folders."""
    questions = {
        "user_name": form("What is your name?", NAME),
        "greeting": sampling("Generate a greeting", 50),
        "client_roots": roots(),
    }
    if call.state == "multiple" and all(key in call.answers for key in questions):
        return text(f"{spoken(call.answers['greeting'])}")
    return asking(questions, "multiple")


@tool("test_input_required_result_multi_round")
async def rounds_of_steps(_arguments, call):
    """Asks one thing after another."""
    name = filled(call.answers.get("step1"))
    if call.state and call.state.startswith("name:"):
        color = filled(call.answers.get("step2"))
        if color:
            return text(f"{call.state.removeprefix('name:')} likes {color['color']}")
    if call.state is None or not name:
        return asking({"step1": form("Step 1: What is your name?", NAME)}, "first")
    question = form("Step 2: What is your favorite color?", {"color": STRING})
    return asking({"step2": question}, f"name:{name['name']}")


@tool("test_input_required_result_capabilities")
async def rounds_of_capabilities(_arguments, call):
    """Asks for what the client can do."""
    questions = {}
    if "sampling" in call.capabilities:
        questions["model"] = sampling("Say anything.")
    if "elicitation" in call.capabilities:
        questions["user"] = form("What is your name?", NAME)
    if all(key in call.answers for key in questions):
        return text("all was answered")
    return asking(questions)
