// Goes through what the Inspector's command line can do: `inspector.mjs PACKAGES ERA URL`, ERA being
// `legacy`, `auto` or `modern`. `--server NAME` is for an endpoint that has the name of its server
// before each name; `--header "name: value"` is put on every request.

import { strict as assert } from "node:assert";
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";

import { word } from "./steps.mjs";

const PATIENCE_MS = 60_000;
// Its exit code where a tool has failed.
const TOOL_FAILED = 5;

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    server: { type: "string" },
    header: { type: "string", multiple: true, default: [] },
  },
});
const [packages, era, url] = positionals;
const { server } = values;
const program = `${packages}/node_modules/@modelcontextprotocol/inspector/clients/launcher/build/index.js`;
const home = mkdtempSync(join(tmpdir(), "mcp-inspector-"));
process.on("exit", () => rmSync(home, { recursive: true, force: true }));

// Runs it once, and gives its exit code and what it says.
function run(method, args) {
  const fixed = ["--cli", url, "--transport", "http", "--protocol-era", era, "--format", "json"];
  const headers = values.header.flatMap((line) => ["--header", line]);
  const options = {
    env: { ...process.env, HOME: home, MCP_CATALOG_PATH: join(home, "mcp.json") },
    stdio: ["ignore", "pipe", "pipe"],
    timeout: PATIENCE_MS,
  };
  const all = [program, ...fixed, ...headers, "--method", method, ...args];
  const child = spawn(process.execPath, all, options);
  let said = "";
  let complained = "";
  child.stdout.on("data", (piece) => (said += piece));
  child.stderr.on("data", (piece) => (complained += piece));
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, said, complained }));
  });
}

async function ask(method, ...args) {
  const { code, said, complained } = await run(method, args);
  assert.equal(code, 0, `${method} ${args.join(" ")}: ${said}${complained}`);
  return JSON.parse(said).result;
}

const name = (own) => (server ? `${server}__${own}` : own);
const uri = (own) => (server ? `mcp.${server}+${own}` : own);
const sent = word();

const about = await ask("initialize");
assert.ok(about.capabilities.tools, JSON.stringify(about));
const { tools } = await ask("tools/list", "--strict");
assert.ok(tools.some((tool) => tool.name === name("echo")));
const called = await ask("tools/call", "--tool-name", name("echo"), "--tool-arg", `word=${sent}`);
assert.deepEqual(called.structuredContent, { word: sent });
const { contents } = await ask("resources/read", "--uri", uri(`word://${sent}`));
assert.equal(contents[0].text, `the word is ${sent}`);
const asked = ["--prompt-name", name("repeat"), "--prompt-args", `word=${sent}`];
const { messages } = await ask("prompts/get", ...asked);
assert.equal(messages[0].content.text, `repeat ${sent}`);
const failed = await run("tools/call", ["--tool-name", name("test_error_handling")]);
assert.equal(failed.code, TOOL_FAILED, failed.said + failed.complained);

const load = ["--load", "--load-concurrency", "8", "--load-duration", "2"];
const loaded = ["--tool-name", name("echo"), "--tool-arg", `word=${sent}`, ...load];
const report = await ask("tools/call", ...loaded);
const { requests, ok, errors, toolErrors } = report;
assert.ok(requests > 0 && ok === requests && errors + toolErrors === 0, JSON.stringify(report));
console.log(`the Inspector went through, with ${requests} calls under load`);
