// `ai` with its providers for OpenAI, in both of its dialects, and for Anthropic.

const FINISH = { stop: "stop", length: "length", "tool-calls": "tools" };

export function start(require, name, base, key) {
  const ai = require("ai");
  const options = { baseURL: `${base}/v1`, apiKey: key };
  const openai = require("@ai-sdk/openai").createOpenAI(options);
  const anthropic = require("@ai-sdk/anthropic").createAnthropic(options);
  const models = {
    node_ai_openai: (model) => openai.responses(model),
    node_ai_openai_chat: (model) => openai.chat(model),
    node_ai_anthropic: (model) => anthropic(model),
  };
  return {
    async ask(model, question, stream, atPiece) {
      const going = new AbortController();
      const request = {
        model: models[name](model),
        maxRetries: 0,
        abortSignal: going.signal,
        ...settings(ai, question),
      };
      if (!stream) return answer(await ai.generateText(request));
      let failure;
      const onError = ({ error }) => {
        failure = error;
      };
      const events = ai.streamText({ ...request, onError });
      for await (const part of events.fullStream) {
        if (part.type === "text-delta" && (await atPiece(part.text))) {
          going.abort();
          return null;
        }
      }
      if (failure) throw failure;
      const names = ["text", "toolCalls", "reasoning", "finishReason", "usage", "response"];
      const values = await Promise.all(names.map((name) => events[name]));
      return answer(Object.fromEntries(names.map((name, at) => [name, values[at]])));
    },
    async embed(model, values, dimensions) {
      const providerOptions = { openai: { dimensions } };
      const made = openai.embeddingModel(model);
      const { embeddings, usage } = await ai.embedMany({ model: made, values, providerOptions });
      return { vectors: embeddings, tokens: usage.tokens };
    },
    failure(error) {
      const isOurs = ai.APICallError.isInstance(error);
      // A stream hands on what the provider said as it is.
      const said = isOurs ? error.message : JSON.stringify(error?.message ?? error);
      return {
        kind: isOurs ? "APICallError" : "stream",
        status: isOurs ? (error.statusCode ?? null) : null,
        retry_after: error?.responseHeaders?.["retry-after"] ?? null,
        message: said,
      };
    },
  };
}

function settings(ai, question) {
  const request = { messages: [...messages(question)] };
  if (question.system) request.system = question.system;
  if (question.max_tokens) request.maxOutputTokens = question.max_tokens;
  if ("temperature" in question) request.temperature = question.temperature;
  if (question.stop) request.stopSequences = question.stop;
  if (question.tools) {
    const tools = question.tools.map(({ name, description, schema }) => [
      name,
      ai.tool({ description, inputSchema: ai.jsonSchema(schema) }),
    ]);
    request.tools = Object.fromEntries(tools);
    request.toolChoice = question.tool_choice === "any" ? "required" : question.tool_choice;
  }
  if (question.schema) {
    const schema = ai.jsonSchema(question.schema);
    request.output = ai.Output.object({ schema, name: question.schema_name });
  }
  request.providerOptions = { openai: { store: false, forceReasoning: !!question.reasoning } };
  // Of models that it does not know it thinks that they have no schemas.
  request.providerOptions.anthropic = { structuredOutputMode: "outputFormat" };
  if (question.reasoning) {
    Object.assign(request.providerOptions.openai, {
      reasoningEffort: "high",
      reasoningSummary: "auto",
      include: ["reasoning.encrypted_content"],
    });
    request.providerOptions.anthropic.thinking = { type: "enabled", budgetTokens: 2048 };
  }
  return request;
}

function* messages(question) {
  for (const item of question.items) {
    if (item.kind === "echo") {
      yield* item.value;
    } else if (item.kind === "results") {
      const content = item.results.map(({ id, name, text }) => ({
        type: "tool-result",
        toolCallId: id,
        toolName: name,
        output: { type: "text", value: text },
      }));
      yield { role: "tool", content };
    } else if (item.kind === "media") {
      const images = item.images.map(({ mime, data }) => ({
        type: "image",
        image: data,
        mediaType: mime,
      }));
      const files = (item.documents ?? []).map(({ mime, data, name }) => ({
        type: "file",
        data,
        mediaType: mime,
        filename: name,
      }));
      yield { role: "user", content: [{ type: "text", text: item.text }, ...images, ...files] };
    } else {
      yield { role: item.kind, content: item.text };
    }
  }
}

function answer({ text, toolCalls, reasoning, finishReason, usage, response }) {
  return {
    id: response.id,
    text,
    calls: toolCalls.map((call) => ({
      id: call.toolCallId,
      name: call.toolName,
      arguments: call.input,
    })),
    reasoning: { text: reasoning.map((part) => part.text).join("") || null, signature: null },
    finish: FINISH[finishReason],
    usage: {
      input: usage.inputTokens,
      output: usage.outputTokens,
      cached: usage.inputTokenDetails.cacheReadTokens ?? null,
      reasoning: usage.outputTokenDetails.reasoningTokens ?? null,
    },
    echo: response.messages,
  };
}
