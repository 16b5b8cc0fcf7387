// `@anthropic-ai/sdk`.

const FINISH = { end_turn: "stop", max_tokens: "length", tool_use: "tools" };

export function start(require, _name, base, key) {
  const Anthropic = require("@anthropic-ai/sdk");
  const sdk = new Anthropic({ baseURL: base, apiKey: key, maxRetries: 0, timeout: 120_000 });
  return {
    async ask(model, question, stream, atPiece) {
      const request = { model, ...body(question) };
      if (!stream) return answer(await sdk.messages.create(request));
      const events = sdk.messages.stream(request);
      for await (const event of events) {
        if (event.type === "content_block_delta" && (await atPiece(event.delta.text))) {
          events.abort();
          return null;
        }
      }
      return answer(await events.finalMessage());
    },
    failure(error) {
      if (!(error instanceof Anthropic.AnthropicError)) return null;
      return {
        kind: error.constructor.name,
        status: error.status ?? null,
        retry_after: error.headers?.get("retry-after") ?? null,
        message: error.message,
      };
    },
  };
}

function body(question) {
  const request = { messages: [...messages(question)], max_tokens: question.max_tokens ?? 4000 };
  const names = { system: "system", temperature: "temperature", stop: "stop_sequences" };
  for (const [ours, theirs] of Object.entries(names)) {
    if (ours in question) request[theirs] = question[ours];
  }
  if (question.tools) {
    request.tools = question.tools.map(({ name, description, schema }) => ({
      name,
      description,
      input_schema: schema,
    }));
    request.tool_choice = { type: question.tool_choice };
  }
  if (question.schema) {
    request.output_config = { format: { type: "json_schema", schema: question.schema } };
  }
  if (question.reasoning) request.thinking = { type: "enabled", budget_tokens: 2048 };
  return request;
}

function* messages(question) {
  for (const item of question.items) {
    if (item.kind === "echo") {
      yield { role: "assistant", content: item.value };
    } else if (item.kind === "results") {
      const content = item.results.map(({ id, text }) => ({
        type: "tool_result",
        tool_use_id: id,
        content: text,
      }));
      yield { role: "user", content };
    } else if (item.kind === "media") {
      const block = (type) => ({ mime, data }) => ({
        type,
        source: { type: "base64", media_type: mime, data },
      });
      const media = [
        ...item.images.map(block("image")),
        ...(item.documents ?? []).map(block("document")),
      ];
      yield { role: "user", content: [{ type: "text", text: item.text }, ...media] };
    } else {
      yield { role: item.kind, content: item.text };
    }
  }
}

function answer({ id, content, stop_reason, usage }) {
  const thoughts = content.filter((block) => block.type === "thinking");
  const cached = usage.cache_read_input_tokens ?? 0;
  return {
    id,
    text: content.map((block) => block.text ?? "").join(""),
    calls: content
      .filter((block) => block.type === "tool_use")
      .map((block) => ({ id: block.id, name: block.name, arguments: block.input })),
    reasoning: {
      text: thoughts.map((block) => block.thinking).join("") || null,
      signature: thoughts.find((block) => block.signature)?.signature ?? null,
    },
    finish: FINISH[stop_reason],
    usage: {
      input: usage.input_tokens + cached + (usage.cache_creation_input_tokens ?? 0),
      output: usage.output_tokens,
      cached,
      reasoning: null,
    },
    echo: content.map(({ parsed_output: _, ...block }) => block),
  };
}
