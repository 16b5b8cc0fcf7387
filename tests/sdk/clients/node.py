"""The clients for Node, each a process that is driven by lines of JSON."""

import json
import os
import pathlib
import subprocess

from clients import Base


class Client(Base):
    def __init__(self, name, base, key):
        script = pathlib.Path(__file__).parent.parent / "node/client.mjs"
        self.name = name
        self.process = subprocess.Popen(
            ["node", script, os.environ["SDK_NODE"], name, base, key],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        if name.startswith("node_ai_"):
            self.KINDS = dict.fromkeys((400, 429, 500), ["APICallError"])
        if name in ("node_openai", "node_ai_openai"):
            self.embed = self._embed

    def ask(self, model, question, stream, at_first=None):
        ask = {"model": model, "question": question, "stream": stream, "waits": bool(at_first)}
        self._say(ask)
        said = self._hear()
        if "first" in said:
            self._say({"stop": bool(at_first(said["first"]))})
            said = self._hear()
        if "failure" in said:
            raise NodeError(said["failure"], said["error"])
        return said["answer"]

    def _embed(self, model, texts, dimensions):
        self._say({"model": model, "texts": texts, "dimensions": dimensions})
        said = self._hear()
        if "failure" in said:
            raise NodeError(said["failure"], said["error"])
        return said["answer"]

    def lacks(self, case, provider, stream):
        # Its OpenAI providers know no reasoning in chat, and no stop texts in responses.
        return case == "reasoning" and self.name == "node_ai_openai_chat"

    def failure(self, error):
        return error.args[0] if isinstance(error, NodeError) else None

    def _say(self, message):
        self.process.stdin.write(json.dumps(message) + "\n")
        self.process.stdin.flush()

    def _hear(self):
        line = self.process.stdout.readline()
        assert line, f"node ended with {self.process.wait()}"
        return json.loads(line)


class NodeError(Exception):
    """What was thrown there: what the client makes of it, and its text."""
