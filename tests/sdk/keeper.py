"""An account of a provider that keeps things, as an origin: files, uploads, batches and stored chats
of OpenAI at `/openai`, files and caches of Gemini at `/gemini`.

It does not know who made what: to it all requests are of one customer, who shows its credential. So
whatever one consumer of a gateway is told of another's things, the gateway has told. Its pages have
two things, whatever is asked for. Its first line of output says where it listens.
"""

import asyncio
import json

from aiohttp import web

PAGE = 2
#: What the gateway is to show, and nobody else has.
CREDENTIAL = "provider-key-of-the-keeper"


class Keeper:
    def __init__(self):
        #: What is kept, by collection and id, and the bytes of files.
        self.things = {}
        self.bytes = {}
        self.count = 0

    def keep(self, collection, thing, prefix=None):
        self.count += 1
        name = "id" if prefix else "name"
        thing[name] = f"{prefix}{self.count}" if prefix else f"{collection}/k{self.count}"
        self.things.setdefault(collection, {})[thing[name]] = thing
        return thing

    def one(self, collection, name):
        found = self.things.get(collection, {}).get(name)
        if found is None:
            raise web.HTTPNotFound(text=json.dumps({"error": {"message": f"no {name}"}}))
        return found

    def drop(self, collection, name):
        self.one(collection, name)
        del self.things[collection][name]


def answer(body):
    return web.json_response(body)


class Openai(Keeper):
    def page(self, collection, query):
        every = list(reversed(self.things.get(collection, {}).values()))
        ids = [thing["id"] for thing in every]
        start = ids.index(query["after"]) + 1 if "after" in query else 0
        page = every[start : start + PAGE]
        ends = {"first_id": page[0]["id"], "last_id": page[-1]["id"]} if page else {}
        more = start + PAGE < len(every)
        return answer({"object": "list", "data": page, "has_more": more, **ends})

    def file(self, name, purpose, content):
        file = {"object": "file", "bytes": len(content), "created_at": 1, "filename": name}
        file |= {"purpose": purpose, "status": "processed"}
        kept = self.keep("files", file, "file-")
        self.bytes[kept["id"]] = content
        return kept

    async def serve(self, request, path):
        assert request.headers["authorization"] == f"Bearer {CREDENTIAL}", request.headers
        method, parts = request.method, path.removeprefix("/v1/").split("/")
        match (method, *parts):
            case ("POST", "files"):
                form = await request.post()
                file = form["file"]
                return answer(self.file(file.filename, form["purpose"], file.file.read()))
            case ("POST", "uploads"):
                asked = await request.json()
                upload = {"object": "upload", "status": "pending", "created_at": 1, **asked}
                return answer(self.keep("uploads", upload | {"expires_at": 9}, "upload_"))
            case ("POST", "uploads", name, "parts"):
                part = {"object": "upload.part", "upload_id": name, "created_at": 1}
                part = self.keep("parts", part, "part_")
                self.bytes[part["id"]] = (await request.post())["data"].file.read()
                return answer(part)
            case ("POST", "uploads", name, "complete"):
                upload = self.one("uploads", name)
                content = b"".join(self.bytes[part] for part in (await request.json())["part_ids"])
                file = self.file(upload["filename"], upload["purpose"], content)
                return answer({**upload, "status": "completed", "file": file})
            case ("POST", "batches"):
                asked = await request.json()
                self.one("files", asked["input_file_id"])
                batch = {"object": "batch", "status": "validating", "created_at": 1, **asked}
                return answer(self.keep("batches", batch, "batch_"))
            case ("POST", "batches", name, "cancel"):
                batch = self.one("batches", name)
                batch["status"] = "cancelling"
                return answer(batch)
            case ("POST", "chat", "completions"):
                return answer(self.chat(await request.json()))
            case ("POST", "chat", "completions", name):
                chat = self.one("chats", name)
                chat |= await request.json()
                return answer(chat)
            case ("GET", "chat", "completions", name, "messages"):
                messages = self.one("chats", name)["asked"]
                page = [{**it, "id": f"{name}-{at}"} for at, it in enumerate(messages)]
                return answer({"object": "list", "data": page, "has_more": False})
            case ("GET", "chat", "completions"):
                return self.page("chats", request.query)
            case ("GET", "chat", "completions", name):
                return answer(self.one("chats", name))
            case ("DELETE", "chat", "completions", name):
                self.drop("chats", name)
                return answer({"id": name, "object": "chat.completion.deleted", "deleted": True})
            case ("GET", collection):
                return self.page(collection, request.query)
            case ("GET", "files", name, "content"):
                self.one("files", name)
                return web.Response(body=self.bytes[name], content_type="application/octet-stream")
            case ("GET", collection, name):
                return answer(self.one(collection, name))
            case ("DELETE", collection, name):
                self.drop(collection, name)
                return answer({"id": name, "object": "file", "deleted": True})
        raise web.HTTPNotFound()

    def chat(self, asked):
        message = {"role": "assistant", "content": "kept", "refusal": None}
        choice = {"index": 0, "message": message, "finish_reason": "stop", "logprobs": None}
        chat = {
            "object": "chat.completion",
            "created": 1,
            "model": asked["model"],
            "choices": [choice],
            "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2},
            "metadata": asked.get("metadata"),
            "asked": asked["messages"],
        }
        return self.keep("chats" if asked.get("store") else "unstored", chat, "chatcmpl-")


class Gemini(Keeper):
    def page(self, collection, query):
        every = list(self.things.get(collection, {}).values())
        start = int(query.get("pageToken", 0))
        more = {"nextPageToken": str(start + PAGE)} if start + PAGE < len(every) else {}
        return answer({collection: every[start : start + PAGE], **more})

    async def serve(self, request, path):
        if path.startswith("/upload/"):
            return await self.upload(request)
        assert request.headers["x-goog-api-key"] == CREDENTIAL, request.headers
        method, parts = request.method, path.removeprefix("/v1beta/").split("/")
        match (method, *parts):
            case ("POST", "cachedContents"):
                asked = await request.json()
                cache = {"model": asked["model"], "usageMetadata": {"totalTokenCount": 4096}}
                cache |= {"displayName": asked.get("displayName")}
                return answer(self.keep("cachedContents", cache))
            case ("GET", collection):
                return self.page(collection, request.query)
            case ("GET", collection, name):
                return answer(self.one(collection, f"{collection}/{name}"))
            case ("PATCH", collection, name):
                cache = self.one(collection, f"{collection}/{name}")
                cache |= await request.json()
                return answer(cache)
            case ("DELETE", collection, name):
                self.drop(collection, f"{collection}/{name}")
                return answer({})
        raise web.HTTPNotFound()

    async def upload(self, request):
        if request.headers.get("x-goog-upload-command") == "start":
            assert request.headers["x-goog-api-key"] == CREDENTIAL, request.headers
            asked = await request.json()
            self.count += 1
            self.bytes[str(self.count)] = (asked["file"], b"")
            link = f"http://{request.host}/upload/v1beta/files?upload_id={self.count}"
            said = {"x-goog-upload-url": link, "x-goog-upload-status": "active"}
            return web.Response(headers=said)
        name = request.query["upload_id"]
        file, content = self.bytes[name]
        self.bytes[name] = file, content = (file, content + await request.read())
        if "finalize" not in request.headers["x-goog-upload-command"]:
            return web.Response(headers={"x-goog-upload-status": "active"})
        kept = {"mimeType": file.get("mimeType", "text/plain"), "state": "ACTIVE"}
        kept = self.keep("files", kept | {"sizeBytes": str(len(content))})
        kept["uri"] = f"http://{request.host}/v1beta/{kept['name']}"
        return web.json_response({"file": kept}, headers={"x-goog-upload-status": "final"})


async def main():
    makers = {"openai": Openai(), "gemini": Gemini()}

    async def serve(request):
        path = request.path
        if path.startswith("/upload/"):
            return await makers["gemini"].serve(request, path)
        _, maker, path = path.split("/", 2)
        return await makers[maker].serve(request, f"/{path}")

    app = web.Application(client_max_size=64 << 20)
    app.router.add_route("*", "/{path:.*}", serve)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0][:2]
    print(f"{host}:{port}", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
