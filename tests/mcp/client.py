"""Goes through what a client does, with the official client for Python: `client.py MODE URL`.

MODE is `auto`, `legacy` or `2026-07-28`. `--server NAME` is for an endpoint that has the name of its
server before each name, `--header "name: value"` is put on every request, and `--speaks REVISION`
says what has to be negotiated. With `--issuer URL --agent ID:SECRET` no token is known beforehand:
the client finds by what it is refused where to get one. Each step sends a word of its own and looks for it in what comes
back.
"""

import argparse
import asyncio
import secrets
import warnings

import anyio
import mcp_types as types
from mcp import Client
from mcp.client.auth.extensions.client_credentials import ClientCredentialsOAuthProvider
from mcp.client.streamable_http import create_mcp_http_client, streamable_http_client
from mcp.shared.exceptions import MCPError

PATIENCE_S = 15
MODERN = "2026-07-28"


def word():
    return secrets.token_hex(6)


def said(question):
    return question.removeprefix("Say ").removesuffix(" backwards.")[::-1]


async def fill(_context, params):
    return types.ElicitResult(action="accept", content={"back": said(params.message)})


async def speak(_context, params):
    content = types.TextContent(type="text", text=said(params.messages[0].content.text))
    return types.CreateMessageResult(role="assistant", content=content, model="of-the-test")


async def folders(_context):
    root = types.Root(uri="file:///of/the/test", name="test")
    return types.ListRootsResult(roots=[root])


class Steps:
    def __init__(self, client, server, updated):
        self.client = client
        self.server = server
        self.updated = updated

    def name(self, name):
        return f"{self.server}__{name}" if self.server else name

    def uri(self, uri):
        return f"mcp.{self.server}+{uri}" if self.server else uri

    async def call(self, tool, arguments, **more):
        return await self.client.call_tool(self.name(tool), arguments, **more)

    async def lists(self):
        tools = {tool.name: tool for tool in (await self.client.list_tools()).tools}
        echo = tools[self.name("echo")]
        assert echo.output_schema["properties"]["word"] == {"type": "string"}, echo
        assert echo.annotations.read_only_hint is True, echo
        prompts = [prompt.name for prompt in (await self.client.list_prompts()).prompts]
        assert self.name("repeat") in prompts, prompts
        resources = [str(one.uri) for one in (await self.client.list_resources()).resources]
        assert self.uri("test://static-text") in resources, resources
        listed = await self.client.list_resource_templates()
        templates = [one.uri_template for one in listed.resource_templates]
        assert self.uri("word://{word}") in templates, templates

    async def a_call(self):
        sent = f'{word()} ü€𝄞 "quoted" \\ \u2028'
        result = await self.call("echo", {"word": sent})
        assert text(result) == sent, result
        assert result.structured_content == {"word": sent}, result

    async def forty_calls_at_once(self):
        words = [word() for _ in range(40)]
        results = await asyncio.gather(*(self.call("echo", {"word": one}) for one in words))
        assert [text(result) for result in results] == words

    async def an_argument_that_stands_in_a_header_too(self):
        region = f"{word()} ü"
        assert text(await self.call("where_to", {"region": region})) == f"to {region}"

    async def a_tool_that_fails_and_one_that_is_not_there(self):
        result = await self.call("test_error_handling", {})
        assert result.is_error, result
        try:
            result = await self.call("there_is_no_such_tool", {})
            assert result.is_error, result
        except MCPError as error:
            assert error.code, error

    async def a_resource_and_a_prompt(self):
        sent = word()
        contents = (await self.client.read_resource(self.uri(f"word://{sent}"))).contents
        assert contents[0].text == f"the word is {sent}", contents
        assert str(contents[0].uri) == self.uri(f"word://{sent}"), contents
        messages = (await self.client.get_prompt(self.name("repeat"), {"word": sent})).messages
        assert messages[0].content.text == f"repeat {sent}", messages

    async def completion(self):
        reference = types.PromptReference(name=self.name("repeat"))
        result = await self.client.complete(reference, {"name": "word", "value": "pari"})
        assert result.completion.values == ["paris"], result

    async def progress(self):
        sent, told, all_told = word(), [], asyncio.Event()

        async def tell(_progress, _total, message):
            told.append(message)
            if len(told) == 5:
                all_told.set()

        result = await self.call("count", {"word": sent, "to": 5}, progress_callback=tell)
        assert text(result) == f"counted to 5 for {sent}", result
        await all_told.wait()
        assert told == [f"{sent} {n}" for n in range(1, 6)], told

    async def a_question_to_the_user(self):
        sent = word()
        assert text(await self.call("ask_user", {"word": sent})) == f"{sent} is {sent[::-1]}"

    async def a_question_to_the_model(self):
        sent = word()
        assert text(await self.call("ask_model", {"word": sent})) == f"{sent} is {sent[::-1]}"

    async def word_of_a_change(self):
        uri = self.uri("test://watched-resource")
        touch = {"uri": "test://watched-resource"}
        if self.client.protocol_version >= MODERN:
            async with self.client.listen(resource_subscriptions=[uri]) as subscription:
                await self.call("touch", touch)
                event = await anext(subscription)
                assert str(event.uri) == uri, event
            return
        self.updated.clear()
        with warnings.catch_warnings(action="ignore"):
            await self.client.subscribe_resource(uri)
            await self.call("touch", touch)
            while uri not in self.updated:
                await asyncio.sleep(0.01)
            await self.client.unsubscribe_resource(uri)

    async def a_call_that_is_cancelled(self):
        sent = word()
        with anyio.move_on_after(0.3) as scope:
            await self.call("linger", {"word": sent})
        assert scope.cancelled_caught
        while sent not in text(await self.call("cancelled", {})):
            pass


def text(result):
    return result.content[0].text


class Pocket:
    """Where a client keeps its tokens."""

    tokens = client_info = None

    async def get_tokens(self):
        return self.tokens

    async def set_tokens(self, tokens):
        self.tokens = tokens

    async def get_client_info(self):
        return self.client_info

    async def set_client_info(self, client_info):
        self.client_info = client_info


STEPS = [
    Steps.lists,
    Steps.a_call,
    Steps.forty_calls_at_once,
    Steps.an_argument_that_stands_in_a_header_too,
    Steps.a_tool_that_fails_and_one_that_is_not_there,
    Steps.a_resource_and_a_prompt,
    Steps.completion,
    Steps.progress,
    Steps.a_question_to_the_user,
    Steps.a_question_to_the_model,
    Steps.word_of_a_change,
    Steps.a_call_that_is_cancelled,
]


async def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("mode")
    parser.add_argument("url")
    parser.add_argument("--server")
    parser.add_argument("--speaks")
    parser.add_argument("--header", action="append", default=[])
    parser.add_argument("--issuer")
    parser.add_argument("--agent")
    wanted = parser.parse_args()
    auth = None
    if wanted.issuer:
        name, secret = wanted.agent.split(":", 1)
        auth = ClientCredentialsOAuthProvider(
            wanted.url, Pocket(), name, secret, issuer=wanted.issuer
        )
    headers = dict(line.split(": ", 1) for line in wanted.header)
    updated = set()

    async def heard(message):
        if isinstance(message, types.ResourceUpdatedNotification):
            updated.add(str(message.params.uri))

    async with create_mcp_http_client(headers=headers, auth=auth) as http:
        client = Client(
            streamable_http_client(wanted.url, http_client=http),
            mode=wanted.mode,
            sampling_callback=speak,
            elicitation_callback=fill,
            list_roots_callback=folders,
            message_handler=heard,
            read_timeout_seconds=PATIENCE_S,
        )
        async with client:
            print(f"speaks {client.protocol_version}")
            assert wanted.speaks in (None, client.protocol_version), client.protocol_version
            # A client that is told the revision does not ask what there is.
            if wanted.mode != MODERN:
                assert client.server_capabilities.tools, client.server_capabilities
            for step in STEPS:
                name = step.__name__.replace("_", " ")
                try:
                    await asyncio.wait_for(
                        step(Steps(client, wanted.server, updated)), PATIENCE_S
                    )
                except Exception as error:
                    raise AssertionError(name) from error
                print(f"ok {name}")
    print("went through")


asyncio.run(main())
