"""Clients of the official SDKs, each asking what no dialect has words for in the words of its own.

A client has these:

- `ask(model, question, stream, at_first)` gives an answer: `text`, `calls`, `reasoning`, `usage`,
  `finish`, `echo`; `at_first` is called once with the first piece of a streamed text, and where it
  returns true the client goes away and there is no answer;
- `failure(exception)` tells what the SDK made of an error: `kind`, `status`, `retry_after`,
  `message`; nothing where it is none of the SDK's;
- `KINDS`, `KEEPS`, `DIMENSIONS`, `NOTES`, `WHOLE_CALLS` and `lacks`, as `Base` has them.
"""

import importlib

#: Module and dialect by name of the client.
NAMES = {
    "openai": ("openai_chat", "openai_chat"),
    "openai_azure": ("openai_chat", "openai_chat"),
    "openai_responses": ("openai_responses", "openai_responses"),
    "anthropic": ("anthropic_messages", "anthropic_messages"),
    "anthropic_vertex": ("anthropic_vertex", "anthropic_messages"),
    "google_genai": ("google_genai", "gemini_generate_content"),
    "cohere": ("cohere_v2", "cohere_chat"),
    "mistralai": ("mistral", "openai_chat"),
    "boto3": ("bedrock", "bedrock_converse"),
    "litellm": ("litellm_completion", "openai_chat"),
    "node_openai": ("node", "openai_chat"),
    "node_openai_responses": ("node", "openai_responses"),
    "node_anthropic": ("node", "anthropic_messages"),
    "node_ai_openai": ("node", "openai_responses"),
    "node_ai_openai_chat": ("node", "openai_chat"),
    "node_ai_anthropic": ("node", "anthropic_messages"),
}


def start(name, base, key):
    """The client of a name, for a base URL of the gateway and a key of its consumer."""
    module, dialect = NAMES[name]
    client = importlib.import_module(f"clients.{module}").Client(name, base, key)
    client.dialect = dialect
    return client


class Base:
    """What most clients have in common."""

    #: What the SDK may call an error of a status.
    KINDS = {400: ["BadRequestError"], 429: ["RateLimitError"], 500: ["InternalServerError"]}

    #: Whether the SDK keeps what makers of thoughts sign.
    KEEPS = True

    #: What it notes of the caller: `user`, `metadata`.
    NOTES = ()
    #: Whether it can ask for the same answer again, takes sound, and tells how likely a token was.
    SEEDS = HEARS = TELLS_LIKELY = False
    #: Whether it reads calls in one piece alone.
    WHOLE_CALLS = False
    #: How many numbers of a vector it asks for; none where it has other words for that than others.
    DIMENSIONS = 8

    def lacks(self, case, provider, stream):
        """Whether the SDK has no words for a case, or the provider none for it."""
        return False


def broken(error):
    """What a stream that ended without its end is to a user: no SDK has a class for it."""
    if not type(error).__module__.startswith(("httpx", "urllib3", "botocore")):
        return None
    return {"kind": "broken", "status": None, "retry_after": None, "message": str(error)}


class Pieces:
    """The text of a stream as it comes."""

    def __init__(self, at_first):
        self.text = ""
        self.at_first = at_first

    def take(self, piece):
        """Takes a piece; true where the client is to go away."""
        is_first = not self.text and piece
        self.text += piece or ""
        return bool(is_first and self.at_first and self.at_first(piece))
