"""An MCP server on loopback, on the official SDK for Python, for tests: both eras at one endpoint.

Its first line of output is the address that it listens at, its endpoint is `/mcp`, and it ends when
its input does. With --stdio it is spoken with over its standard streams instead. It has the tools, resources and prompts that the conformance suite asks for by name.
"""

import asyncio
import os
import socket
import sys
import threading
import warnings

import mcp_types as types
import uvicorn
from mcp.server.caching import CacheHint
from mcp.server.lowlevel.server import Server
from mcp.server.request_state import RequestStateBoundary, RequestStateSecurity
from mcp.server.stdio import stdio_server
from mcp.server.streamable_http import EventMessage, EventStore
from mcp.server.subscriptions import InMemorySubscriptionBus, ListenHandler
from mcp.shared.exceptions import MCPError
from mcp.shared.subscriptions import PromptsListChanged, ToolsListChanged

import fixture_material as material
import fixture_tools as tools

NAME = "fixture-of-python"
ENDING_S = 1


class EventLog(EventStore):
    """What was sent, so that a client that was cut off can have the rest."""

    def __init__(self):
        self.events = []

    async def store_event(self, stream_id, message):
        self.events.append((stream_id, message))
        return str(len(self.events))

    async def replay_events_after(self, last_event_id, send_callback):
        last = int(last_event_id)
        stream, _ = self.events[last - 1]
        for number, (of, message) in enumerate(self.events[last:], last + 1):
            if of == stream and message is not None:
                await send_callback(EventMessage(message, str(number)))
        return stream


bus = InMemorySubscriptionBus()
sessions = set()


async def changed(what):
    """Tells of a change to those who listen, in both eras."""
    event, notification = {
        "tools": (ToolsListChanged(), types.ToolListChangedNotification()),
        "prompts": (PromptsListChanged(), types.PromptListChangedNotification()),
    }[what]
    await bus.publish(event)
    for session in list(sessions):
        await session.send_notification(notification)


def known(table, name, what):
    if name not in table:
        raise MCPError(types.INVALID_PARAMS, f"{what} {name} is not known here")
    return table[name]


async def answer(context, params, run, model):
    """Runs what may ask questions; a legacy client is asked while its call is open."""
    is_modern = context.protocol_version >= "2026-07-28"
    call = tools.Call(context, params, changed)
    while True:
        result = await run(params.arguments or {}, call)
        if result.get("resultType") != "input_required":
            return model.model_validate(result)
        questions = result["inputRequests"]
        if is_modern:
            lacking = tools.lacking(questions, call.capabilities)
            if lacking:
                raise MCPError(
                    types.MISSING_REQUIRED_CLIENT_CAPABILITY,
                    "the client does not say that it can do that",
                    {"requiredCapabilities": lacking},
                )
            return types.InputRequiredResult.model_validate(result)
        call.state = result.get("requestState")
        for key, question in questions.items():
            call.answers[key] = await tools.ask(context, question)


async def list_tools(context, _params):
    sessions.add(context.session)
    return types.ListToolsResult(tools=[types.Tool(**tool) for tool, _ in tools.TOOLS.values()])


async def call_tool(context, params):
    run = known(tools.TOOLS, params.name, "tool")[1]
    return await answer(context, params, run, types.CallToolResult)


async def list_prompts(_context, _params):
    prompts = [types.Prompt(**prompt) for prompt, _ in material.PROMPTS.values()]
    return types.ListPromptsResult(prompts=prompts)


async def get_prompt(context, params):
    run = known(material.PROMPTS, params.name, "prompt")[1]
    return await answer(context, params, run, types.GetPromptResult)


async def list_resources(_context, _params):
    resources = [types.Resource(**resource) for resource, _ in material.RESOURCES.values()]
    return types.ListResourcesResult(resources=resources)


async def list_templates(_context, _params):
    template = types.ResourceTemplate(**material.TEMPLATE)
    return types.ListResourceTemplatesResult(resource_templates=[template])


async def read_resource(_context, params):
    contents = material.read(str(params.uri))
    if contents is None:
        data = {"uri": str(params.uri)}
        raise MCPError(types.INVALID_PARAMS, "Resource not found", data)
    return types.ReadResourceResult.model_validate({"contents": [contents]})


async def nothing(_context, _params):
    return types.EmptyResult()


async def complete(_context, params):
    words = ["paris", "park", "party", "test1", "test2"]
    values = [word for word in words if word.startswith(params.argument.value)]
    return types.CompleteResult(completion=types.Completion(values=values, total=len(values)))


def make():
    lists = ["tools/list", "prompts/list", "resources/list", "resources/templates/list"]
    hint = CacheHint(ttl_ms=60_000, scope="public")
    with warnings.catch_warnings(action="ignore"):
        server = Server(
            NAME,
            version="1.0.0",
            instructions=f"This is {NAME}.",
            cache_hints={method: hint for method in [*lists, "resources/read", "server/discover"]},
            get_tool_input_schema=tools.schema,
            on_list_tools=list_tools,
            on_call_tool=call_tool,
            on_list_prompts=list_prompts,
            on_get_prompt=get_prompt,
            on_list_resources=list_resources,
            on_list_resource_templates=list_templates,
            on_read_resource=read_resource,
            on_subscribe_resource=nothing,
            on_unsubscribe_resource=nothing,
            on_subscriptions_listen=ListenHandler(bus),
            on_completion=complete,
            on_set_logging_level=nothing,
        )
    server.middleware.append(
        RequestStateBoundary(RequestStateSecurity.ephemeral(), default_audience=NAME)
    )
    return server


async def main():
    app = make().streamable_http_app(event_store=EventLog(), retry_interval=200)
    listener = socket.create_server(("127.0.0.1", 0))
    print("127.0.0.1:%d" % listener.getsockname()[1], flush=True)
    options = uvicorn.Config(
        app, log_level="warning", timeout_keep_alive=60, timeout_graceful_shutdown=ENDING_S
    )
    await uvicorn.Server(options).serve(sockets=[listener])


async def over_standard_streams():
    server = make()
    async with stdio_server() as (read, write):
        await server.run(read, write, server.create_initialization_options())


def end_with_input():
    sys.stdin.buffer.read()
    os._exit(0)


if "--stdio" in sys.argv:
    asyncio.run(over_standard_streams())
else:
    threading.Thread(target=end_with_input, daemon=True).start()
    asyncio.run(main())
