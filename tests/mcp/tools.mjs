// The tools of the fixture, by no SDK in particular: those that the conformance suite calls by
// name, and some of our own for clients that send a word and look for it in what comes back.
//
// A tool is `{ tool, run(args, call) }`. A `call` has `notify(method, params)`, `progressToken`,
// `capabilities` of the client, `answers` to the questions that the tool has asked, the `state` that
// it gave with them, `mint(state)`, `signal` of being cancelled, `closeStream()`, and `changed` with
// `tools()`, `prompts()` and `resource(uri)`. To ask a question is to return `asking(…)`.

const nothing = { type: "object", properties: {}, additionalProperties: false };
const object = (properties, required = Object.keys(properties)) => ({
  type: "object",
  properties,
  required,
});
const string = { type: "string" };

export const text = (said) => ({ content: [{ type: "text", text: said }] });
export const asking = (inputRequests, requestState) => ({
  resultType: "input_required",
  inputRequests,
  ...(requestState === undefined ? {} : { requestState }),
});
export const form = (message, properties, required) => ({
  method: "elicitation/create",
  params: { mode: "form", message, requestedSchema: object(properties, required) },
});
export const sampling = (prompt, maxTokens = 100) => ({
  method: "sampling/createMessage",
  params: { messages: [{ role: "user", content: { type: "text", text: prompt } }], maxTokens },
});
export const roots = () => ({ method: "roots/list", params: {} });

// One red pixel, and eight samples of silence.
export const PNG =
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFAAH/iZk9HQAAAABJRU5ErkJggg==";
const WAV = "UklGRiwAAABXQVZFZm10IBAAAAABAAEAQB8AAEAfAAABAAgAZGF0YQgAAACAgICAgICAgA==";

const wait = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));
const isObject = (value) => typeof value === "object" && value !== null;
// What somebody filled in a form, or nothing where there was no such answer.
const filled = (answer) =>
  isObject(answer) && answer.action === "accept" && isObject(answer.content)
    ? answer.content
    : undefined;
const spoken = (answer) => (isObject(answer) ? answer.content?.text : undefined);

// Of the whole process, so that one call can tell of another.
const cancelled = [];

const define = (name, inputSchema, run, more = {}) => ({
  tool: { name, description: `What ${name} does for a test.`, inputSchema, ...more },
  run,
});
const plain = (name, run) => define(name, nothing, run);

// Asks until there is an answer to everything, then says what they were.
function asker(name, schema, questions, said) {
  return define(name, schema, (args, call) => {
    const wanted = questions(args);
    const isMissing = (key) => !isObject(call.answers?.[key]);
    if (Object.keys(wanted).some(isMissing)) return asking(wanted);
    return text(said(call.answers));
  });
}

const content = [
  plain("test_simple_text", () => text("This is a simple text response for testing.")),
  plain("test_image_content", () => ({
    content: [{ type: "image", data: PNG, mimeType: "image/png" }],
  })),
  plain("test_audio_content", () => ({
    content: [{ type: "audio", data: WAV, mimeType: "audio/wav" }],
  })),
  plain("test_embedded_resource", () => ({
    content: [
      {
        type: "resource",
        resource: {
          uri: "test://embedded-resource",
          mimeType: "text/plain",
          text: "This is an embedded resource content.",
        },
      },
    ],
  })),
  plain("test_multiple_content_types", () => ({
    content: [
      { type: "text", text: "Multiple content types test:" },
      { type: "image", data: PNG, mimeType: "image/png" },
      {
        type: "resource",
        resource: {
          uri: "test://mixed-content-resource",
          mimeType: "application/json",
          text: JSON.stringify({ test: "data", value: 123 }),
        },
      },
    ],
  })),
  plain("test_error_handling", () => ({
    ...text("This tool intentionally returns an error for testing"),
    isError: true,
  })),
  define(
    "json_schema_2020_12_tool",
    {
      $schema: "https://json-schema.org/draft/2020-12/schema",
      type: "object",
      $defs: {
        address: { $anchor: "addressDef", type: "object", properties: { street: string, city: string } },
      },
      properties: {
        name: string,
        address: { $ref: "#/$defs/address" },
        contactMethod: { type: "string", enum: ["phone", "email"] },
        phone: string,
        email: string,
      },
      allOf: [{ anyOf: [{ required: ["phone"] }, { required: ["email"] }] }],
      if: { properties: { contactMethod: { const: "phone" } }, required: ["contactMethod"] },
      then: { required: ["phone"] },
      else: { required: ["email"] },
      additionalProperties: false,
    },
    (args) => text(JSON.stringify(args)),
  ),
  define(
    "where_to",
    object({ region: { ...string, "x-mcp-header": "Region" } }),
    ({ region }) => text(`to ${region}`),
  ),
];

const streaming = [
  plain("test_tool_with_progress", async (_args, call) => {
    for (const progress of [0, 50, 100]) {
      if (progress > 0) await wait(50);
      const { progressToken } = call;
      if (progressToken === undefined) continue;
      await call.notify("notifications/progress", { progressToken, progress, total: 100 });
    }
    return text("The work is done.");
  }),
  plain("test_tool_with_logging", async (_args, call) => {
    await call.log("info", "Tool execution started");
    await wait(50);
    await call.log("info", "Tool processing data");
    await wait(50);
    await call.log("info", "Tool execution completed");
    return text("Said what there was to say.");
  }),
  plain("test_logging_tool", async (_args, call) => {
    await call.log("info", "for those who asked for it");
    return text("logged");
  }),
  plain("test_reconnection", async (_args, call) => {
    call.closeStream();
    await wait(100);
    return text("It went on while you were gone.");
  }),
  plain("test_trigger_tool_change", (_args, call) => {
    call.changed.tools();
    return text("the tools have changed");
  }),
  plain("test_trigger_prompt_change", (_args, call) => {
    call.changed.prompts();
    return text("the prompts have changed");
  }),
];

const questions = [
  asker(
    "test_sampling",
    object({ prompt: string }),
    ({ prompt }) => ({ model: sampling(prompt) }),
    ({ model }) => `LLM response: ${spoken(model)}`,
  ),
  asker(
    "test_elicitation",
    object({ message: string }),
    ({ message }) => ({
      user: form(message, {
        username: { ...string, description: "User's response" },
        email: { ...string, description: "User's email address" },
      }),
    }),
    ({ user }) => `User response: ${JSON.stringify(user)}`,
  ),
  asker(
    "test_elicitation_sep1034_defaults",
    nothing,
    () => ({
      user: form(
        "Change what is not right.",
        {
          name: { ...string, default: "John Doe" },
          age: { type: "integer", default: 30 },
          score: { type: "number", default: 95.5 },
          status: { ...string, enum: ["active", "inactive", "pending"], default: "active" },
          verified: { type: "boolean", default: true },
        },
        [],
      ),
    }),
    ({ user }) => `Elicitation completed: ${JSON.stringify(user)}`,
  ),
  asker(
    "test_elicitation_sep1330_enums",
    nothing,
    () => {
      const options = ["option1", "option2", "option3"];
      const titled = [
        { const: "value1", title: "First" },
        { const: "value2", title: "Second" },
        { const: "value3", title: "Third" },
      ];
      const properties = {
        untitledSingle: { ...string, enum: options },
        titledSingle: { ...string, oneOf: titled },
        legacyEnum: {
          ...string,
          enum: ["opt1", "opt2", "opt3"],
          enumNames: ["Option One", "Option Two", "Option Three"],
        },
        untitledMulti: { type: "array", items: { ...string, enum: options } },
        titledMulti: { type: "array", items: { anyOf: titled } },
      };
      return { user: form("Choose.", properties, []) };
    },
    ({ user }) => `Elicitation completed: ${JSON.stringify(user)}`,
  ),
];

const name = () => form("What is your name?", { name: string });

const rounds = [
  plain("test_missing_capability", (_args, call) => {
    if (spoken(call.answers?.model) !== undefined) return text("the model was asked");
    return asking({ model: sampling("Say anything.") });
  }),
  plain("test_streaming_elicitation", (_args, call) => {
    if (filled(call.answers?.user) !== undefined) return text("the user was asked");
    return asking({ user: form("May I?", { may: { type: "boolean" } }) });
  }),
  plain("test_input_required_result_elicitation", (_args, call) => {
    const given = filled(call.answers?.user_name)?.name;
    return given === undefined ? asking({ user_name: name() }) : text(`Hello, ${given}!`);
  }),
  plain("test_input_required_result_sampling", (_args, call) => {
    const given = spoken(call.answers?.capital_question);
    if (given !== undefined) return text(given);
    return asking({ capital_question: sampling("What is the capital of France?") });
  }),
  plain("test_input_required_result_list_roots", (_args, call) => {
    const given = call.answers?.client_roots?.roots;
    if (!Array.isArray(given)) return asking({ client_roots: roots() });
    return text(`roots: ${given.map((root) => root.uri).join(", ")}`);
  }),
  plain("test_input_required_result_request_state", async (_args, call) => {
    if (call.state?.of === "request_state" && filled(call.answers?.confirm)) return text("state-ok");
    const confirm = form("Please confirm", { ok: { type: "boolean" } });
    return asking({ confirm }, await call.mint({ of: "request_state" }));
  }),
  plain("test_input_required_result_tampered_state", async (_args, call) => {
    if (call.state?.of === "tampered" && filled(call.answers?.confirm)) return text("untouched");
    const confirm = form("Please confirm", { ok: { type: "boolean" } });
    return asking({ confirm }, await call.mint({ of: "tampered" }));
  }),
  plain("test_input_required_result_multiple_inputs", async (_args, call) => {
    const { user_name, greeting, client_roots } = call.answers ?? {};
    const given = [filled(user_name)?.name, spoken(greeting), client_roots?.roots?.length];
    if (call.state?.of === "multiple" && !given.includes(undefined)) return text(given.join("; "));
    const wanted = {
      user_name: name(),
      greeting: sampling("Generate a greeting", 50),
      client_roots: roots(),
    };
    return asking(wanted, await call.mint({ of: "multiple" }));
  }),
  plain("test_input_required_result_multi_round", async (_args, call) => {
    const { state, answers } = call;
    const first = state?.step === 2 ? state.name : filled(answers?.step1)?.name;
    if (first === undefined || state === undefined) {
      const step1 = form("Step 1: What is your name?", { name: string });
      return asking({ step1 }, await call.mint({ step: 1 }));
    }
    const color = filled(answers?.step2)?.color;
    if (color !== undefined && state.step === 2) return text(`${first} likes ${color}`);
    const step2 = form("Step 2: What is your favorite color?", { color: string });
    return asking({ step2 }, await call.mint({ step: 2, name: first }));
  }),
  plain("test_input_required_result_capabilities", (_args, call) => {
    const { sampling: model, elicitation, roots: folders } = call.capabilities ?? {};
    const wanted = {
      ...(model ? { model: sampling("Say anything.") } : {}),
      ...(elicitation ? { user: name() } : {}),
      ...(folders ? { folders: roots() } : {}),
    };
    const isAnswered = Object.keys(wanted).every((key) => isObject(call.answers?.[key]));
    return isAnswered ? text(`asked for ${Object.keys(wanted).join(", ")}`) : asking(wanted);
  }),
];

// What is no part of the suite: a word goes in, and must come out elsewhere.
const ours = [
  define(
    "echo",
    object({ word: string }),
    ({ word }) => ({ ...text(word), structuredContent: { word } }),
    { outputSchema: object({ word: string }), annotations: { readOnlyHint: true } },
  ),
  define("count", object({ word: string, to: { type: "integer" } }), async ({ word, to }, call) => {
    const { progressToken } = call;
    for (let progress = 1; progress <= to && progressToken !== undefined; progress += 1) {
      const message = `${word} ${progress}`;
      await call.notify("notifications/progress", { progressToken, progress, total: to, message });
    }
    return text(`counted to ${to} for ${word}`);
  }),
  define("linger", object({ word: string }), ({ word }, call) => {
    const over = text(`${word} was not cancelled`);
    return new Promise((resolve) => {
      const longest = setTimeout(() => resolve(over), 20_000);
      call.signal.addEventListener("abort", () => {
        clearTimeout(longest);
        cancelled.push(word);
        resolve(over);
      });
    });
  }),
  plain("cancelled", () => text(JSON.stringify(cancelled))),
  define("ask_user", object({ word: string }), ({ word }, call) => {
    const given = filled(call.answers?.user)?.back;
    return given === undefined
      ? asking({ user: form(`Say ${word} backwards.`, { back: string }) })
      : text(`${word} is ${given}`);
  }),
  define("ask_model", object({ word: string }), ({ word }, call) => {
    const given = spoken(call.answers?.model);
    return given === undefined
      ? asking({ model: sampling(`Say ${word} backwards.`) })
      : text(`${word} is ${given}`);
  }),
  define("touch", object({ uri: string }), ({ uri }, call) => {
    call.changed.resource(uri);
    return text(`touched ${uri}`);
  }),
];

export const TOOLS = [...content, ...streaming, ...questions, ...rounds, ...ours];
