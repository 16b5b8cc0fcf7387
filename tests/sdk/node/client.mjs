// A client of the official SDKs for Node, driven by lines of JSON on its standard input:
// `client.mjs PACKAGES NAME BASE KEY`. A line `{model, question, stream, waits}` is answered by
// `{answer}` or `{failure}`; with `waits`, `{first}` comes before, and the line after it says
// whether to `stop`. A line `{model, texts, dimensions}` asks for vectors.

import { createRequire } from "node:module";
import { createInterface } from "node:readline";

import * as aiSdk from "./ai.mjs";
import * as anthropic from "./anthropic.mjs";
import * as openaiChat from "./openai_chat.mjs";
import * as openaiResponses from "./openai_responses.mjs";

const CLIENTS = {
  node_openai: openaiChat,
  node_openai_responses: openaiResponses,
  node_anthropic: anthropic,
  node_ai_openai: aiSdk,
  node_ai_openai_chat: aiSdk,
  node_ai_anthropic: aiSdk,
};

// Standard output is for answers; what the packages have to say goes elsewhere.
console.log = console.info = console.warn = console.error;
globalThis.AI_SDK_LOG_WARNINGS = false;

const [packages, name, base, key] = process.argv.slice(2);
const require = createRequire(`${packages}/package.json`);
const client = CLIENTS[name].start(require, name, base, key);
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const next = async () => JSON.parse((await lines.next()).value);
const say = (message) => process.stdout.write(`${JSON.stringify(message)}\n`);

for (;;) {
  const { done, value } = await lines.next();
  if (done) break;
  const { model, question, stream, waits, texts, dimensions } = JSON.parse(value);
  let isFirst = waits;
  // Called with each piece of text; true where the client is to go away.
  const atPiece = async (piece) => {
    if (!isFirst || !piece) return false;
    isFirst = false;
    say({ first: piece });
    return (await next()).stop;
  };
  try {
    const answer = texts
      ? await client.embed(model, texts, dimensions)
      : await client.ask(model, question, stream, atPiece);
    say({ answer });
  } catch (error) {
    say({ failure: client.failure(error), error: `${error?.stack ?? error}` });
  }
}
