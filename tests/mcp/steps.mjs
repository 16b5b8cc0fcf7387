// What the real clients for Node do with an endpoint, whichever SDK they are of. Each step sends a
// word of its own and looks for it in what comes back.

import { strict as assert } from "node:assert";
import { randomBytes } from "node:crypto";

const PATIENCE_MS = 15_000;

export const word = () => randomBytes(6).toString("hex");
export const backwards = (text) => [...text].reverse().join("");

// The word in `Say WORD backwards.`
export const said = (question) => backwards(/^Say (\w+) backwards\.$/.exec(question)[1]);

// `client` has `info`, `list(what)`, `call(name, args, { progress, signal })`, `read(uri)`,
// `get(name, args)`, `complete(params)`, `watch(uri)`, which gives a way to stop, and `updated(uri)`,
// which resolves at the next notification of it. `own` gives the names that the endpoint has for
// the server's.
export async function goThrough(client, own) {
  const text = (result) => result.content[0].text;
  const tool = (name, args, more = {}) => client.call(own.name(name), args, more);

  await step("it says what it is", async () => {
    assert.ok(client.info.capabilities.tools, JSON.stringify(client.info));
  });
  await step("lists", async () => {
    const tools = await client.list("tools");
    const echo = tools.find(({ name }) => name === own.name("echo"));
    assert.equal(echo?.outputSchema.properties.word.type, "string");
    assert.equal(echo.annotations.readOnlyHint, true);
    const prompts = (await client.list("prompts")).map(({ name }) => name);
    assert.ok(prompts.includes(own.name("repeat")), prompts.join());
    const resources = (await client.list("resources")).map(({ uri }) => uri);
    assert.ok(resources.includes(own.uri("test://static-text")), resources.join());
    const templates = (await client.list("templates")).map(({ uriTemplate }) => uriTemplate);
    assert.ok(templates.includes(own.uri("word://{word}")), templates.join());
  });
  await step("a call", async () => {
    const sent = `${word()} ü€𝄞 "quoted" \\ \u2028`;
    const result = await tool("echo", { word: sent });
    assert.equal(text(result), sent);
    assert.deepEqual(result.structuredContent, { word: sent });
  });
  await step("forty calls at once", async () => {
    const words = Array.from({ length: 40 }, word);
    const results = await Promise.all(words.map((sent) => tool("echo", { word: sent })));
    assert.deepEqual(results.map(text), words);
  });
  await step("an argument that stands in a header too", async () => {
    const region = `${word()} ü`;
    assert.equal(text(await tool("where_to", { region })), `to ${region}`);
  });
  await step("a tool that fails, and one that is not there", async () => {
    assert.equal((await tool("test_error_handling", {})).isError, true);
    const absent = tool("there_is_no_such_tool", {});
    const result = await absent.catch((error) => ({ isError: typeof error.code === "number" }));
    assert.equal(result.isError, true, JSON.stringify(result));
  });
  await step("a resource and a prompt", async () => {
    const sent = word();
    const { contents } = await client.read(own.uri(`word://${sent}`));
    assert.equal(contents[0].text, `the word is ${sent}`);
    assert.equal(contents[0].uri, own.uri(`word://${sent}`));
    const { messages } = await client.get(own.name("repeat"), { word: sent });
    assert.equal(messages[0].content.text, `repeat ${sent}`);
  });
  await step("completion", async () => {
    const ref = { type: "ref/prompt", name: own.name("repeat") };
    const { completion } = await client.complete({ ref, argument: { name: "word", value: "pari" } });
    assert.deepEqual(completion.values, ["paris"]);
  });
  await step("progress", async () => {
    const sent = word();
    const told = [];
    await new Promise((resolve, reject) => {
      const progress = ({ message }) => told.push(message) === 5 && resolve();
      const result = tool("count", { word: sent, to: 5 }, { progress });
      result.then((said) => assert.equal(text(said), `counted to 5 for ${sent}`)).catch(reject);
    });
    const wanted = [1, 2, 3, 4, 5].map((progress) => `${sent} ${progress}`);
    assert.deepEqual(told, wanted);
  });
  await step("a question to the user", async () => {
    const sent = word();
    assert.equal(text(await tool("ask_user", { word: sent })), `${sent} is ${backwards(sent)}`);
  });
  await step("a question to the model", async () => {
    const sent = word();
    assert.equal(text(await tool("ask_model", { word: sent })), `${sent} is ${backwards(sent)}`);
  });
  await step("word of a change", async () => {
    const uri = own.uri("test://watched-resource");
    const stop = await client.watch(uri);
    const updated = client.updated(uri);
    await tool("touch", { uri: "test://watched-resource" });
    await updated;
    await stop();
  });
  await step("a call that is cancelled", async () => {
    const sent = word();
    const abort = new AbortController();
    const call = tool("linger", { word: sent }, { signal: abort.signal });
    setTimeout(() => abort.abort(), 300);
    await assert.rejects(call);
    for (let seen = ""; !seen.includes(sent); ) seen = text(await tool("cancelled", {}));
  });
}

async function step(name, run) {
  let timer;
  const late = new Promise((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`not within ${PATIENCE_MS} ms`)), PATIENCE_MS);
  });
  try {
    await Promise.race([run(), late]);
    console.log(`ok ${name}`);
  } catch (error) {
    throw new Error(`${name}: ${error.stack}`, { cause: error });
  } finally {
    clearTimeout(timer);
  }
}
