"""Two consumers with things of their own at one account: `own.py CLIENT URL KEY OTHER-KEY`.

Each makes files, uploads, batches, stored chats or caches with an official client; each finds its own
in lists of several pages, and nothing of the other's, whichever way it asks.
"""

import io
import json
import sys


def openai(url, keys):
    from openai import NotFoundError, OpenAI

    ada, bob = (OpenAI(base_url=f"{url}/v1", api_key=key, max_retries=0) for key in keys)

    def denied(method, *arguments, **named):
        try:
            method(*arguments, **named)
        except NotFoundError:
            return
        raise AssertionError(f"{method} {arguments} is another consumer's")

    def ids(page):
        return [thing.id for thing in page]

    def upload(client, name):
        return client.files.create(file=(name, name.encode()), purpose="user_data").id

    # Theirs lie among each other, so that no page is one consumer's alone.
    adas, bobs = [], []
    for number in range(5):
        adas.append(upload(ada, f"ada-{number}"))
        bobs += [upload(bob, f"bob-{number}-{more}") for more in range(number % 3)]
    assert ids(ada.files.list()) == adas[::-1], "ada's files, page by page"
    assert ids(bob.files.list(limit=1)) == bobs[::-1], "bob's files, page by page"
    assert ada.files.content(adas[0]).read() == b"ada-0"
    denied(bob.files.retrieve, adas[0])
    denied(bob.files.content, adas[0])
    denied(bob.files.delete, adas[0])
    assert ada.files.delete(adas[4]).deleted
    assert ids(ada.files.list()) == adas[3::-1], "what is deleted is gone"

    # A file in parts is of whoever put it together.
    content = b"part " * 1000
    upload_of_hers = ada.uploads.create(
        bytes=len(content), filename="parts", mime_type="text/plain", purpose="user_data"
    )
    half = len(content) // 2
    parts = [
        ada.uploads.parts.create(upload_of_hers.id, data=piece).id
        for piece in (content[:half], content[half:])
    ]
    denied(bob.uploads.parts.create, upload_of_hers.id, data=b"x")
    denied(bob.uploads.complete, upload_of_hers.id, part_ids=parts)
    whole = ada.uploads.complete(upload_of_hers.id, part_ids=parts)
    assert whole.status == "completed"
    assert ada.files.content(whole.file.id).read() == content, "the parts, in order"
    denied(bob.files.retrieve, whole.file.id)

    # Batches, each of a file of requests.
    def batch(client):
        body = {"model": "fast", "messages": [{"role": "user", "content": "hi"}]}
        line = {"custom_id": "1", "method": "POST", "url": "/v1/chat/completions", "body": body}
        lines = io.BytesIO(json.dumps(line).encode())
        file = client.files.create(file=("lines.jsonl", lines), purpose="batch").id
        made = client.batches.create(
            input_file_id=file, endpoint="/v1/chat/completions", completion_window="24h"
        )
        return file, made.id

    made = [batch(client) for client in (ada, bob, ada, ada, bob, ada)]
    hers, his = [made[at][1] for at in (0, 2, 3, 5)], [made[at][1] for at in (1, 4)]
    assert ids(ada.batches.list()) == hers[::-1], "ada's batches"
    assert ids(bob.batches.list(limit=1)) == his[::-1], "bob's batches"
    denied(bob.batches.retrieve, hers[0])
    denied(bob.batches.cancel, hers[0])
    denied(
        bob.batches.create,
        input_file_id=made[0][0],
        endpoint="/v1/chat/completions",
        completion_window="24h",
    )
    assert ada.batches.cancel(hers[0]).status == "cancelling"

    # Chats that are stored.
    def chat(client, words):
        messages = [{"role": "user", "content": words}]
        return client.chat.completions.create(model="fast", store=True, messages=messages).id

    hers, his = [chat(ada, "one"), chat(ada, "two")], [chat(bob, "three")]
    hers.append(chat(ada, "four"))
    assert ids(ada.chat.completions.list()) == hers[::-1], "ada's chats"
    assert ids(bob.chat.completions.list()) == his, "bob's chats"
    said = ada.chat.completions.messages.list(hers[0]).data
    assert [message.content for message in said] == ["one"], said
    denied(bob.chat.completions.retrieve, hers[0])
    denied(bob.chat.completions.messages.list, hers[0])
    denied(bob.chat.completions.update, hers[0], metadata={"a": "b"})
    denied(bob.chat.completions.delete, hers[0])
    assert ada.chat.completions.update(hers[0], metadata={"a": "b"}).metadata == {"a": "b"}
    assert ada.chat.completions.delete(hers[0]).deleted


def google_genai(url, keys):
    from google import genai
    from google.genai import errors, types

    options = types.HttpOptions(base_url=url, api_version="v1beta")
    ada, bob = (genai.Client(api_key=key, http_options=options) for key in keys)

    def denied(method, *arguments, **named):
        try:
            method(*arguments, **named)
        except errors.ClientError as error:
            assert error.code == 404, error
            return
        raise AssertionError(f"{method} {arguments} is another consumer's")

    def upload(client, text):
        config = {"mime_type": "text/plain"}
        return client.files.upload(file=io.BytesIO(text.encode()), config=config).name

    who = [ada, bob, bob, ada, bob, bob, bob, ada]
    files = [(client, upload(client, f"file {at}")) for at, client in enumerate(who)]
    caches = []
    for at, client in enumerate(who):
        config = {"contents": "a long story", "ttl": "300s", "display_name": f"cache {at}"}
        caches.append((client, client.caches.create(model="fast", config=config).name))
    for client in (ada, bob):
        for kept, made in ((client.files, files), (client.caches, caches)):
            own = [name for owner, name in made if owner is client]
            theirs = [name for owner, name in made if owner is not client]
            assert [thing.name for thing in kept.list()] == own, own
            assert [thing.name for thing in kept.list(config={"page_size": 1})] == own, own
            assert kept.get(name=own[0]).name == own[0]
            denied(kept.get, name=theirs[0])
            denied(kept.delete, name=theirs[0])
    hers = caches[0][1]
    denied(bob.caches.update, name=hers, config={"ttl": "60s"})
    assert ada.caches.update(name=hers, config={"ttl": "60s"}).name == hers
    ada.caches.delete(name=hers)
    denied(ada.caches.get, name=hers)


CLIENTS = {"openai": openai, "google_genai": google_genai}

if __name__ == "__main__":
    client, url, *keys = sys.argv[1:]
    CLIENTS[client](url, keys)
    print("ok")
