"""What the origin says in each scenario, before any dialect has words for it.

A case is named in the conversation, `case-<twelve hex digits>-<scenario>`: so it is found in every
dialect, in any turn, without a word in the path. All that is said bears the digits, so that nothing
can be right by chance.
"""

import dataclasses
import json
import re

_NAME = re.compile(rb"case-([0-9a-f]{12})-([a-z0-9_]+)")

#: Words of ours for why an answer ended.
STOP, LENGTH, TOOLS = "stop", "length", "tools"


@dataclasses.dataclass
class Failure:
    """An answer that is none."""

    status: int
    message: str
    retry_after: str | None = None


@dataclasses.dataclass
class Reply:
    """An answer: parts in their order, each a dictionary with its `kind`."""

    id: str
    parts: list
    finish: str
    usage: dict
    #: What a stream does beside saying it: `gate`, `hang`, `fail`, `cut`; `whole`: calls come in
    #: one piece, as Mistral has them; nothing for most.
    manner: str | None = None


def find(body: bytes):
    """The case that a body belongs to: its digits and its scenario, or nothing."""
    found = _NAME.search(body)
    return (found[1].decode(), found[2].decode()) if found else None


def reply(case: str, scenario: str, facts: dict):
    """What is said in a scenario, given what has been said before."""
    if scenario.startswith("error"):
        return Failure(int(scenario[5:8]), f"message-{case}", "7" if "429" in scenario else None)
    number = int(case[:8], 16)
    usage = {
        "input": 2000 + number % 1000,
        "cached": 100 + number % 97,
        "output": 300 + number % 101,
        "reasoning": 0,
    }
    text = {"kind": "text", "text": f"text-{case} — über „quoted“ \\ \"so\" 😀\nand more-{case}"}
    parts, finish, manner = [text], STOP, None
    has_results = any(item["kind"] == "result" for item in facts["items"])
    what, _, manner_of_calls = scenario.partition("_")
    if what in ("tools", "parallel") and not has_results:
        names = [tool["name"] for tool in facts["tools"]]
        calls = names[: 2 if what == "parallel" else 1]
        manner = manner_of_calls or None
        parts = [
            {
                "kind": "call",
                "id": f"call_{case}_{index}",
                "name": name,
                "arguments": arguments(case, index),
                "signature": f"callsig-{case}-{index}",
            }
            for index, name in enumerate(calls)
        ]
        finish = TOOLS
    elif scenario == "schema":
        parts = [{"kind": "text", "text": json.dumps({"city": f"city-{case}", "days": number % 9})}]
    elif scenario == "reasoning":
        usage["reasoning"] = 20 + number % 13
        thought = {"kind": "reasoning", "text": f"thought-{case} über", "signature": f"sig-{case}"}
        parts = [thought, text]
    elif scenario == "length":
        finish = LENGTH
    elif scenario in ("gate", "hang", "fail", "cut"):
        manner = scenario
    return Reply(f"id{case}", parts, finish, usage, manner)


def arguments(case: str, index: int) -> dict:
    """What a tool is called with."""
    return {"city": f"city-{case}-{index}", "days": index + 3, "deep": {"tags": ["ä", '"b\\']}}


def pieces(text: str, count: int = 3) -> list:
    """The text in so many pieces, as a stream brings them."""
    size = max(1, -(-len(text) // count))
    return [text[at : at + size] for at in range(0, len(text), size)]


def likely(text: str, first: int = 0) -> list:
    """How likely each piece of a text was, with what else it could have been; `first` is how many
    pieces were before. No number of them is rounded by a float."""
    return [
        {"token": piece, "logprob": -0.25 * at, "others": [(piece, -0.25 * at), ("or", -3.5 - at)]}
        for at, piece in enumerate(pieces(text), first + 1)
    ]


#: What AWS gives out, to sign requests with.
AWS = ("AKIDPROVIDERKEY00000", "provider-key-of-aws-to-sign-with")


def key(dialect):
    """The credential that a provider gives out: the file of the gateway has the same."""
    return f"provider-key-{dialect}"
