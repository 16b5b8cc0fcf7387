"""What the origin speaks: a module for each dialect, all with the same functions.

`credential` finds what the client proves itself by, `check` holds a request to the official types,
`facts` says what it means in words that no dialect has, `write` and `events` say a plan, `failure`
and `broken` say that it went wrong, `check_reply` holds what is said to the official types.
"""

import importlib

NAMES = (
    "openai_chat",
    "openai_responses",
    "anthropic_messages",
    "gemini_generate_content",
    "bedrock_converse",
    "cohere_chat",
)


def load(name):
    """The module of a dialect; the SDK behind it is loaded with it, so only when it is needed."""
    return importlib.import_module(f"dialects.{name}")


def data_url(url):
    """Media type and base64 of a `data:` link, or of any other link nothing and the link."""
    if not url.startswith("data:"):
        return None, url
    head, _, data = url[5:].partition(",")
    return head.removesuffix(";base64"), data


def sse(data, event=None):
    """A server-sent event."""
    head = f"event: {event}\n" if event else ""
    return f"{head}data: {data}\n\n".encode()
