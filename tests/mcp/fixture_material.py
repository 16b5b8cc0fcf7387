"""The resources and prompts of `fixture.py`: those that the conformance suite reads by name."""

import json

from fixture_tools import PNG, STRING, asking, embedded, filled, form, image

TEMPLATE = {
    "uriTemplate": "test://template/{id}/data",
    "name": "template",
    "mimeType": "application/json",
}


def resource(uri, mime, **content):
    about = {"uri": uri, "name": uri.removeprefix("test://"), "mimeType": mime}
    return uri, (about, {"uri": uri, "mimeType": mime, **content})


RESOURCES = dict(
    [
        resource(
            "test://static-text",
            "text/plain",
            text="This is the content of the static text resource.",
        ),
        resource("test://static-binary", "image/png", blob=PNG),
        resource("test://watched-resource", "text/plain", text="Nothing to be seen yet."),
    ]
)


def read(uri):
    """The contents of a resource, if it is there."""
    if uri in RESOURCES:
        return RESOURCES[uri][1]
    before, after = "test://template/", "/data"
    hole = uri.removeprefix(before).removesuffix(after)
    if uri != f"{before}{hole}{after}":
        return None
    data = {"id": hole, "templateTest": True, "data": f"Data for ID: {hole}"}
    return {"uri": uri, "mimeType": "application/json", "text": json.dumps(data)}


PROMPTS = {}


def prompt(name, *arguments):
    """Makes a function `(arguments, call)` a prompt."""

    def define(function):
        wanted = [
            {"name": one, "description": f"the argument {one}", "required": True}
            for one in arguments
        ]
        about = {"name": name, "description": function.__doc__, "arguments": wanted}
        PROMPTS[name] = (about, function)
        return function

    return define


def said(*contents):
    messages = [
        {"role": "user", "content": {"type": "text", "text": one} if isinstance(one, str) else one}
        for one in contents
    ]
    return {"messages": messages}


@prompt("test_simple_prompt")
async def simple_prompt(_arguments, _call):
    """Says the same each time."""
    return said("This is a simple prompt for testing.")


@prompt("test_prompt_with_arguments", "arg1", "arg2")
async def prompt_with_arguments(arguments, _call):
    """Has its arguments in it."""
    return said(f"Prompt with arguments: arg1='{arguments['arg1']}', arg2='{arguments['arg2']}'")


@prompt("test_prompt_with_embedded_resource", "resourceUri")
async def prompt_with_resource(arguments, _call):
    """Has a resource in it."""
    uri = arguments["resourceUri"]
    content = embedded(uri, "text/plain", "Embedded resource content for testing.")
    return said(content, "Please process the embedded resource above.")


@prompt("test_prompt_with_image")
async def prompt_with_image(_arguments, _call):
    """Has an image in it."""
    return said(image, "Please analyze the image above.")


@prompt("test_input_required_result_prompt")
async def prompt_with_question(_arguments, call):
    """Asks the user first."""
    given = filled(call.answers.get("user_context"))
    if not given:
        question = form("What context should the prompt use?", {"context": STRING})
        return asking({"user_context": question})
    return said(f"In the context of {given['context']}")
