// `openai`, responses.

import { failure } from "./openai_chat.mjs";

export function start(require, _name, base, key) {
  const OpenAI = require("openai");
  const sdk = new OpenAI({ baseURL: `${base}/v1`, apiKey: key, maxRetries: 0, timeout: 120_000 });
  return {
    async ask(model, question, stream, atPiece) {
      const request = { model, store: false, ...body(question) };
      if (!stream) return answer(await sdk.responses.create(request));
      const events = sdk.responses.stream(request);
      for await (const event of events) {
        if (event.type === "error" || event.type === "response.failed") {
          throw new OpenAI.OpenAIError(JSON.stringify(event));
        }
        if (event.type === "response.output_text.delta" && (await atPiece(event.delta))) {
          events.abort();
          return null;
        }
      }
      return answer(await events.finalResponse());
    },
    failure: (error) => failure(OpenAI, error),
  };
}

function body(question) {
  const request = { input: [...input(question)] };
  const names = {
    system: "instructions",
    max_tokens: "max_output_tokens",
    temperature: "temperature",
  };
  for (const [ours, theirs] of Object.entries(names)) {
    if (ours in question) request[theirs] = question[ours];
  }
  if (question.tools) {
    request.tools = question.tools.map(({ name, description, schema }) => ({
      type: "function",
      name,
      description,
      parameters: schema,
      strict: false,
    }));
    request.tool_choice = question.tool_choice === "any" ? "required" : question.tool_choice;
  }
  if (question.schema) {
    const form = { name: question.schema_name, schema: question.schema, strict: true };
    request.text = { format: { type: "json_schema", ...form } };
  }
  if (question.reasoning) {
    request.reasoning = { effort: "high", summary: "auto" };
    request.include = ["reasoning.encrypted_content"];
  }
  return request;
}

function* input(question) {
  for (const item of question.items) {
    if (item.kind === "echo") {
      yield* item.value;
    } else if (item.kind === "results") {
      for (const { id, text } of item.results) {
        yield { type: "function_call_output", call_id: id, output: text };
      }
    } else if (item.kind === "media") {
      const parts = [{ type: "input_text", text: item.text }];
      for (const { mime, data } of item.images) {
        const image_url = `data:${mime};base64,${data}`;
        parts.push({ type: "input_image", image_url, detail: "auto" });
      }
      for (const { mime, data, name } of item.documents ?? []) {
        const file_data = `data:${mime};base64,${data}`;
        parts.push({ type: "input_file", file_data, filename: name });
      }
      yield { role: "user", content: parts };
    } else {
      yield { role: item.kind, content: item.text };
    }
  }
}

function answer(response) {
  const { usage, output } = response;
  const calls = output.filter((item) => item.type === "function_call");
  const thoughts = output.filter((item) => item.type === "reasoning");
  const texts = thoughts.flatMap((item) => (item.summary.length ? item.summary : (item.content ?? [])));
  const isCut = response.incomplete_details?.reason === "max_output_tokens";
  return {
    id: response.id,
    text: response.output_text,
    calls: calls.map((call) => ({
      id: call.call_id,
      name: call.name,
      arguments: JSON.parse(call.arguments),
    })),
    reasoning: {
      text: texts.map((part) => part.text).join("") || null,
      signature: thoughts.find((item) => item.encrypted_content)?.encrypted_content ?? null,
    },
    finish: isCut ? "length" : calls.length ? "tools" : "stop",
    usage: {
      input: usage.input_tokens,
      output: usage.output_tokens,
      cached: usage.input_tokens_details.cached_tokens,
      reasoning: usage.output_tokens_details.reasoning_tokens,
    },
    echo: output.map(sent),
  };
}

// An item as it is sent back: what the helper of the SDK has parsed is its own.
function sent({ parsed_arguments: _, ...item }) {
  if (item.type !== "message") return item;
  return { ...item, content: item.content.map(({ parsed: _, ...part }) => part) };
}
