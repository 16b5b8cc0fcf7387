"""Official clients that talk over a WebSocket: `talk.py CLIENT URL KEY`.

The gateway at the URL has a model `fast` and lets whoever shows the key have one answer.
"""

import asyncio
import sys


async def openai(url: str, key: str) -> None:
    from openai import AsyncOpenAI
    from websockets.exceptions import ConnectionClosed

    client = AsyncOpenAI(base_url=f"{url}/v1", api_key=key)
    # A key for a browser, by which the talk is the same consumer's.
    session = {"type": "realtime", "model": "fast", "instructions": "be brief"}
    secret = await client.realtime.client_secrets.create(session=session)
    assert secret.value.startswith("ek_"), secret
    client = AsyncOpenAI(base_url=f"{url}/v1", api_key=secret.value)
    async with client.realtime.connect(model="fast") as connection:
        await connection.session.update(session={"type": "realtime", "instructions": "briefer"})
        await connection.input_audio_buffer.append(audio="AAAA" * 50_000)
        await connection.response.create()
        async for event in connection:
            assert event.type != "error", event
            if event.type == "response.done":
                break
        assert event.response.usage.total_tokens == 253, event
        assert event.response.usage.input_token_details.audio_tokens == 13, event
        await connection.response.create()
        event = await connection.recv()
        assert event.type == "error" and event.error.code == "rate_limited", event
        try:
            await connection.recv()
        except ConnectionClosed as closed:
            assert closed.rcvd.code == 1008, closed
        else:
            raise AssertionError("the talk goes on")


async def google_genai(url: str, key: str) -> None:
    from google import genai
    from google.genai import errors, types

    options = types.HttpOptions(base_url=url, api_version="v1beta")
    client = genai.Client(api_key=key, http_options=options)
    config = {"response_modalities": ["TEXT"], "system_instruction": "be brief"}
    turn = {"role": "user", "parts": [{"text": "hello"}]}
    async with client.aio.live.connect(model="fast", config=config) as session:
        await session.send_client_content(turns=turn, turn_complete=True)
        texts, usage = [], None
        async for message in session.receive():
            texts.append(message.text)
            usage = message.usage_metadata or usage
        assert "hi" in texts, texts
        assert usage.prompt_token_count == 30 and usage.response_token_count == 12, usage
        await session.send_client_content(turns=turn, turn_complete=True)
        try:
            async for message in session.receive():
                raise AssertionError(message)
        except errors.APIError as error:
            assert error.code == 1008 and "left of a budget" in str(error), error
        else:
            raise AssertionError("the talk goes on")
    try:
        async with client.aio.live.connect(model="nobodys", config=config):
            raise AssertionError("there is no such model")
    except Exception as error:
        assert "no model" in str(error), error


CLIENTS = {"openai": openai, "google_genai": google_genai}

if __name__ == "__main__":
    client, url, key = sys.argv[1:]
    asyncio.run(CLIENTS[client](url, key))
    print("ok")
