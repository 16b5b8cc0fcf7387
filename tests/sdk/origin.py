"""An origin that plays a provider in every dialect and believes nothing.

It shares no code with the gateway: it holds every request to the types of the official SDKs, wants
its own credential and nobody else's, answers by the plan of the case that the conversation names,
and keeps what came for the test to ask after. Its first line of output says where it listens.

A provider of the dialect `openai_chat` has its base at `/openai_chat`, and so on. `/cases/<digits>`
tells what came for a case; with `?closed` once the stream has been closed by the other side;
`/cases/<digits>/go` lets a stream go on that waits for it.
"""

import asyncio
import dataclasses
import json

from aiohttp import web

import dialects
import plan
import surfaces

#: How long the origin waits for the test, so that a test which has failed ends.
PATIENCE = 20
BODY_MAX = 64 << 20


class Case:
    """What came for a case, and where its stream stands."""

    def __init__(self):
        self.requests = []
        self.may_go = asyncio.Event()
        self.is_closed = asyncio.Event()


class Origin:
    def __init__(self):
        self.cases = {}

    def case(self, name):
        return self.cases.setdefault(name, Case())

    def app(self):
        app = web.Application(client_max_size=BODY_MAX)
        app.router.add_get("/cases/{case}", self.tell)
        app.router.add_post("/cases/{case}/go", self.go)
        # Gemini's uploads begin at the host, whatever the base.
        app.router.add_route("*", "/upload/{path:.*}", self.serve)
        app.router.add_route("*", "/{dialect}{path:/.*}", self.serve)
        return app

    async def tell(self, request):
        case = self.case(request.match_info["case"])
        if "closed" in request.query:
            await asyncio.wait_for(case.is_closed.wait(), PATIENCE)
        return web.json_response({"requests": case.requests})

    async def go(self, request):
        self.case(request.match_info["case"]).may_go.set()
        return web.Response()

    async def serve(self, request):
        name = request.match_info.get("dialect", "gemini_generate_content")
        raw = await request.read()
        path = request.raw_path.partition("?")[0].removeprefix(f"/{name}")
        record = {"dialect": name, "path": path, "query": request.query_string, "facts": None}
        record["headers"] = {header.lower(): value for header, value in request.headers.items()}
        found = plan.find(raw) or plan.find(request.raw_path.encode())
        if found:
            self.case(found[0]).requests.append(record)
        # Cohere speaks OpenAI's dialect, too, and tells usage of chat without being asked.
        is_compatible = path.startswith("/compatibility/")
        record["path"] = path = path.removeprefix("/compatibility")
        surface = surfaces.find(name, path, is_compatible)
        if surface:
            return await self.serve_surface(surface, request, raw, record, found)
        dialect = dialects.load("openai_chat" if is_compatible else name)
        try:
            body = json.loads(raw)
            record["errors"] = self.check(dialect, request, record, body, raw)
            if not record["errors"]:
                record["facts"] = dialect.facts(path, body)
            if is_compatible and record["facts"]:
                record["facts"]["wants_usage"] = True
                record["errors"] += ["stream_options"] if "stream_options" in body else []
        except Exception as error:
            record["errors"] = [f"{type(error).__name__}: {error} in {raw[:2000]!r}"]
        if not found:
            record["errors"].append("the request names no case")
        if record["errors"]:
            message = "\n".join(["the origin is not content:", *record["errors"]])
            return self.fail(dialect, plan.Failure(400, message))
        return await self.answer(dialect, request, record, found)

    def check(self, dialect, request, record, body, raw):
        got = dialect.credential(record["headers"], record["query"])
        if got.startswith("AWS4") and dialect.signed_rightly(request, raw):
            record["is_signed"] = True
            got = plan.key(record["dialect"])
        return (
            check_credential(got, record["dialect"], record, raw)
            + ([] if "content-type" in record["headers"] else ["no content type"])
            + dialect.check(record["path"], record["query"], body)
        )

    def fail(self, dialect, failure):
        body, headers = dialect.failure(failure)
        if failure.retry_after:
            headers = headers | {"retry-after": failure.retry_after}
        return web.json_response(body, status=failure.status, headers=headers)

    async def answer(self, dialect, request, record, found):
        facts = record["facts"]
        reply = plan.reply(*found, facts)
        if isinstance(reply, plan.Failure):
            record["plan"] = dataclasses.asdict(reply)
            return self.fail(dialect, reply)
        record["plan"] = dataclasses.asdict(reply)
        if facts["stream"]:
            return await self.stream(dialect, request, found[0], reply, facts)
        if reply.manner == "hang":
            await self.hang(self.case(found[0]))
        body = dialect.write(reply, facts)
        problems = dialect.check_reply(body)
        assert not problems, problems
        return web.json_response(body, headers={"request-id": f"req-{found[0]}"})

    async def hang(self, case):
        try:
            await asyncio.sleep(PATIENCE)
        except asyncio.CancelledError:
            case.is_closed.set()
            raise

    async def stream(self, dialect, request, name, reply, facts):
        case = self.case(name)
        headers = {"content-type": dialect.STREAM_TYPE, "request-id": f"req-{name}"}
        response = web.StreamResponse(headers=headers)
        await response.prepare(request)
        has_begun = False
        try:
            for number, frame in enumerate(dialect.events(reply, facts)):
                # Cut anywhere, within characters too.
                at = 1 + (number * 7) % max(1, len(frame) - 1)
                await response.write(frame[:at])
                await response.write(frame[at:])
                if has_begun or f"text-{name}".encode() not in frame:
                    continue
                has_begun = True
                if reply.manner == "gate":
                    await asyncio.wait_for(case.may_go.wait(), PATIENCE)
                elif reply.manner == "hang":
                    await self.hang(case)
                elif reply.manner == "fail":
                    await response.write(dialect.broken(f"message-{name}"))
                    break
                elif reply.manner == "cut":
                    request.transport.abort()
                    return response
        except (asyncio.CancelledError, ConnectionError):
            case.is_closed.set()
            raise
        await response.write_eof()
        return response

    async def serve_surface(self, surface, request, raw, record, found):
        try:
            parts = surface.parts(request, raw)
            got = surface.credential(record["headers"])
            record["errors"] = check_credential(got, record["dialect"], record, raw)
            record["errors"] += surface.check(record["path"], parts)
            if not found:
                record["errors"].append("the request names no case")
            if not record["errors"]:
                record["facts"] = surface.facts(record["path"], parts)
                record["plan"] = None
                return surface.answer(found[0], record["facts"])
        except Exception as error:
            record["errors"] = [f"{type(error).__name__}: {error} in {raw[:2000]!r}"]
        message = "\n".join(["the origin is not content:", *record["errors"]])
        return self.fail(surface.dialect(), plan.Failure(400, message))


def check_credential(got, name, record, raw):
    """The provider's own credential, in its place; the client's nowhere."""
    found = [] if got == plan.key(name) else [f"the credential is {got!r}, not {plan.key(name)!r}"]
    everything = [record["path"], record["query"], *record["headers"].values(), repr(raw)]
    if any("client-key" in text for text in everything):
        found.append("the client's key has come through")
    return found


async def main():
    runner = web.AppRunner(Origin().app(), handler_cancellation=True)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    print(f"{host}:{port}", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
