"""Goes through the cases with one client: `run.py CLIENT --origin HOST:PORT [--gateway URL]`.

Without a gateway the client talks to the origin in its own dialect, which shows that the two are
worth being believed. `--only CASE` and `--provider DIALECT` narrow it.
"""

import argparse
import functools
import pathlib
import sys
import traceback

import beside
import cases
import clients
import dialects
import plan


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("client", choices=clients.NAMES)
    parser.add_argument("--origin", required=True)
    parser.add_argument("--gateway")
    parser.add_argument("--key", default="client-key-0123456789abcdef")
    parser.add_argument("--only")
    parser.add_argument("--provider", action="append")
    options = parser.parse_args()
    failed = count = 0
    for run, case in runs(options):
        count += 1
        try:
            case(run)
        except Exception as error:
            failed += 1
            how = "streamed" if run.stream else "whole"
            name = getattr(case, "func", case).__name__
            print(f"FAILED {options.client} {run.provider} {name} {how} {run.case}")
            show(error)
    assert count, "no case was run"
    print(f"{options.client}: {count - failed} of {count} cases went well")
    sys.exit(bool(failed))


def runs(options):
    if options.gateway:
        client = clients.start(options.client, options.gateway, options.key)
        providers = options.provider or dialects.NAMES
    else:
        _, dialect = clients.NAMES[options.client]
        key = plan.key(dialect)
        client = clients.start(options.client, f"http://{options.origin}/{dialect}", key)
        providers = [dialect]
    yield from beside_chat(options, client, providers)
    for provider in providers:
        for stream in (False, True):
            for case in cases.BOTH + (cases.STREAMED if stream else ()):
                if options.only not in (None, case.__name__):
                    continue
                if cases.lacks(case, client, provider, stream):
                    continue
                there = cases.Origin(options.origin)
                yield cases.Run(client, there, provider, stream, bool(options.gateway)), case


def beside_chat(options, client, providers):
    there, is_behind = cases.Origin(options.origin), bool(options.gateway)
    for case, models in beside.CASES:
        for provider in [p for p in providers if p in models and hasattr(client, case.__name__)]:
            lacks = client.lacks(case.__name__, provider, False)
            if options.only in (None, case.__name__) and not lacks:
                run = cases.Run(client, there, provider, False, is_behind)
                run.model = models[provider][0 if is_behind else 1]
                yield run, case
    if is_behind:
        run = cases.Run(client, there, "openai_chat", False, is_behind)
        if hasattr(client, "models") and options.only in (None, "models"):
            yield run, beside.models
        start = functools.partial(clients.start, options.client, options.gateway)
        more = [(beside.denied, "denied")]
        bare = []
        if options.client == "boto3":
            more, bare = [*more, (beside.signs, "signs")], [(beside.signed, "signed")]
        elif options.client == "openai":
            bare = [(beside.compatible, "compatible")]
        bare += [(functools.partial(case, start=start), name) for case, name in more]
        for case, name in bare:
            if options.only in (None, name):
                yield cases.Run(client, there, "openai_chat", False, is_behind), case


def show(error):
    """The error and where in these files it is; what lies in SDKs is theirs."""
    for frame in traceback.extract_tb(error.__traceback__):
        if "site-packages" not in frame.filename:
            print(f"    {pathlib.Path(frame.filename).name}:{frame.lineno} {frame.line}")
    print("    " + f"{type(error).__name__}: {error}".replace("\n", "\n    ")[:3000])


if __name__ == "__main__":
    main()
