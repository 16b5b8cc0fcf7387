// `openai`, chat completions.

const FINISH = { stop: "stop", length: "length", tool_calls: "tools" };

export function start(require, _name, base, key) {
  const OpenAI = require("openai");
  const sdk = new OpenAI({ baseURL: `${base}/v1`, apiKey: key, maxRetries: 0, timeout: 120_000 });
  return {
    async ask(model, question, stream, atPiece) {
      const request = { model, ...body(question) };
      if (!stream) return answer(await sdk.chat.completions.create(request));
      const events = sdk.chat.completions.stream({
        ...request,
        stream_options: { include_usage: true },
      });
      let thought = "";
      for await (const chunk of events) {
        const delta = chunk.choices[0]?.delta ?? {};
        // The helper of the SDK adds up only what is OpenAI's own.
        thought += delta.reasoning_content ?? "";
        if (await atPiece(delta.content)) {
          events.abort();
          return null;
        }
      }
      const completion = await events.finalChatCompletion();
      if (thought) completion.choices[0].message.reasoning_content = thought;
      return answer(completion);
    },
    async embed(model, input, dimensions) {
      const { data, usage } = await sdk.embeddings.create({ model, input, dimensions });
      return { vectors: data.map((one) => one.embedding), tokens: usage.prompt_tokens };
    },
    failure: (error) => failure(OpenAI, error),
  };
}

export function failure(OpenAI, error) {
  if (!(error instanceof OpenAI.OpenAIError)) return null;
  return {
    kind: error.constructor.name,
    status: error.status ?? null,
    retry_after: error.headers?.get("retry-after") ?? null,
    message: error.message,
  };
}

function body(question) {
  const request = { messages: [...messages(question)] };
  const names = {
    max_tokens: "max_completion_tokens",
    temperature: "temperature",
    stop: "stop",
  };
  for (const [ours, theirs] of Object.entries(names)) {
    if (ours in question) request[theirs] = question[ours];
  }
  if (question.tools) {
    request.tools = question.tools.map(({ name, description, schema }) => ({
      type: "function",
      function: { name, description, parameters: schema },
    }));
    request.tool_choice = question.tool_choice === "any" ? "required" : question.tool_choice;
  }
  if (question.schema) {
    const json_schema = { name: question.schema_name, schema: question.schema, strict: true };
    request.response_format = { type: "json_schema", json_schema };
  }
  if (question.reasoning) request.reasoning_effort = "high";
  return request;
}

function* messages(question) {
  if (question.system) yield { role: "system", content: question.system };
  for (const item of question.items) {
    if (item.kind === "echo") {
      yield item.value;
    } else if (item.kind === "results") {
      for (const { id, text } of item.results) {
        yield { role: "tool", tool_call_id: id, content: text };
      }
    } else if (item.kind === "media") {
      const parts = [{ type: "text", text: item.text }];
      for (const { mime, data } of item.images) {
        parts.push({ type: "image_url", image_url: { url: `data:${mime};base64,${data}` } });
      }
      for (const { mime, data, name } of item.documents ?? []) {
        const file_data = `data:${mime};base64,${data}`;
        parts.push({ type: "file", file: { file_data, filename: name } });
      }
      yield { role: "user", content: parts };
    } else {
      yield { role: item.kind, content: item.text };
    }
  }
}

function answer({ id, choices: [{ message, finish_reason }], usage }) {
  const { parsed: _, ...echo } = message;
  return {
    id,
    text: message.content ?? "",
    calls: (message.tool_calls ?? []).map((call) => ({
      id: call.id,
      name: call.function.name,
      arguments: JSON.parse(call.function.arguments),
    })),
    reasoning: { text: message.reasoning_content ?? null, signature: null },
    finish: FINISH[finish_reason],
    usage: {
      input: usage.prompt_tokens,
      output: usage.completion_tokens,
      cached: usage.prompt_tokens_details.cached_tokens,
      reasoning: usage.completion_tokens_details?.reasoning_tokens ?? null,
    },
    echo,
  };
}
