// The resources and prompts of the fixture, by no SDK in particular: those that the conformance
// suite reads by name, and some of our own that give back the word that they are asked with.

import { PNG, asking, form } from "./tools.mjs";

// Which of three servers has a tool, resource or prompt, by its place among its like. One scenario
// of the suite needs several tools of the same server.
const TOGETHER = [
  "test_missing_capability",
  "test_streaming_elicitation",
  "test_logging_tool",
  "test_trigger_tool_change",
  "test_trigger_prompt_change",
];
export const partOf = (one, index) => (TOGETHER.includes(one.tool?.name) ? 1 : (index % 3) + 1);

const said = (text) => ({ role: "user", content: { type: "text", text } });

export const RESOURCES = [
  {
    resource: { uri: "test://static-text", name: "static text", mimeType: "text/plain" },
    read: (uri) => [
      { uri, mimeType: "text/plain", text: "This is the content of the static text resource." },
    ],
  },
  {
    resource: { uri: "test://static-binary", name: "static binary", mimeType: "image/png" },
    read: (uri) => [{ uri, mimeType: "image/png", blob: PNG }],
  },
  {
    resource: { uri: "test://watched-resource", name: "watched", mimeType: "text/plain" },
    read: (uri) => [{ uri, mimeType: "text/plain", text: "Nothing to be seen yet." }],
  },
];

// A template with one hole: what stands before and after it.
export const TEMPLATES = [
  {
    template: {
      uriTemplate: "test://template/{id}/data",
      name: "template",
      mimeType: "application/json",
    },
    around: ["test://template/", "/data"],
    read: (uri, id) => [
      {
        uri,
        mimeType: "application/json",
        text: JSON.stringify({ id, templateTest: true, data: `Data for ID: ${id}` }),
      },
    ],
  },
  {
    template: { uriTemplate: "word://{word}", name: "a word", mimeType: "text/plain" },
    around: ["word://", ""],
    read: (uri, word) => [{ uri, mimeType: "text/plain", text: `the word is ${word}` }],
  },
];

export function read(resources, templates, uri) {
  const known = resources.find(({ resource }) => resource.uri === uri);
  if (known) return known.read(uri);
  for (const { around, read } of templates) {
    const [before, after] = around;
    const hole = uri.slice(before.length, uri.length - after.length);
    const isOfIt = uri.startsWith(before) && uri.endsWith(after) && hole !== "";
    if (isOfIt && !hole.includes("/")) return read(uri, hole);
  }
  return undefined;
}

const argument = (name) => ({ name, description: `the argument ${name}`, required: true });
const prompt = (name, args, get) => ({
  prompt: { name, description: `The prompt ${name} of a test.`, arguments: args.map(argument) },
  get,
});

export const PROMPTS = [
  prompt("test_simple_prompt", [], () => ({
    messages: [said("This is a simple prompt for testing.")],
  })),
  prompt("test_prompt_with_arguments", ["arg1", "arg2"], ({ arg1, arg2 }) => ({
    messages: [said(`Prompt with arguments: arg1='${arg1}', arg2='${arg2}'`)],
  })),
  prompt("test_prompt_with_embedded_resource", ["resourceUri"], ({ resourceUri }) => ({
    messages: [
      {
        role: "user",
        content: {
          type: "resource",
          resource: {
            uri: resourceUri,
            mimeType: "text/plain",
            text: "Embedded resource content for testing.",
          },
        },
      },
      said("Please process the embedded resource above."),
    ],
  })),
  prompt("test_prompt_with_image", [], () => ({
    messages: [
      { role: "user", content: { type: "image", data: PNG, mimeType: "image/png" } },
      said("Please analyze the image above."),
    ],
  })),
  prompt("test_input_required_result_prompt", [], (_args, call) => {
    const given = call.answers?.user_context?.content?.context;
    if (given !== undefined) return { messages: [said(`In the context of ${given}`)] };
    const question = form("What context should the prompt use?", { context: { type: "string" } });
    return asking({ user_context: question });
  }),
  prompt("repeat", ["word"], ({ word }) => ({ messages: [said(`repeat ${word}`)] })),
];

// Words that begin as what was typed.
export function complete(prompts, templates, { ref, argument: { value } }) {
  const isPrompt = prompts.some(({ prompt }) => prompt.name === ref.name);
  const isTemplate = templates.some(({ template }) => template.uriTemplate === ref.uri);
  if (!isPrompt && !isTemplate) return undefined;
  const values = ["paris", "park", "party", "test1", "test2"].filter((word) => word.startsWith(value));
  return { values, total: values.length, hasMore: false };
}
