// What the suite runs as a client, for `upstream_side.mjs`:
// `upstream_client.mjs PACKAGES GATEWAY FRONT URL`. It starts a gateway with the server at the URL
// behind it and, with a client of the official SDK, lists all there is, calls every tool, reads
// every resource and gets every prompt.

import { spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

const [packages, gateway, front, url] = process.argv.slice(2);
const require = createRequire(`${packages}/package.json`);
const context = JSON.parse(process.env.MCP_CONFORMANCE_CONTEXT ?? "{}");
const CAPABILITIES = { elicitation: { form: { applyDefaults: true } } };
const INFO = { name: "architrave-tests", version: "1.0.0" };
// All that is asked of the user is a form with defaults, or this.
const fill = ({ params }) => {
  const asksToConfirm = "confirmed" in params.requestedSchema.properties;
  return { action: "accept", content: asksToConfirm ? { confirmed: true } : {} };
};

const home = await mkdtemp(join(tmpdir(), "mcp-upstream-client-"));
const file = join(home, "gateway.yaml");
// The URL of a scenario may have no path; one that has an address is permission to go there.
const server = url.replace("localhost", "127.0.0.1").replace(/\/$/, "");
await writeFile(
  file,
  `version: 1
admin: { address: "127.0.0.1:0" }
telemetry: { access_log: { to: { none: {} } } }
listeners: [{ name: web, address: "127.0.0.1:0", protocol: http }]
services: [{ name: tools, mcp: { servers: [one], naming: plain } }]
routes: [{ name: tools, match: [{ path: { prefix: /mcp } }], service: tools }]
mcp_servers: [{ name: one, http: { url: "${server}" } }]
`,
);
const running = spawn(gateway, ["run", "--config", file], { stdio: ["ignore", "ignore", "pipe"] });
const said = [];
let code = 1;
try {
  await work(await ready());
  code = 0;
} catch (error) {
  console.error(error);
  console.error(said.join("\n"));
} finally {
  running.kill("SIGKILL");
  await rm(home, { recursive: true, force: true });
}
process.exit(code);

async function ready() {
  for await (const line of createInterface({ input: running.stderr })) {
    said.push(line);
    if (!line.startsWith('{"ready"')) continue;
    return `http://${JSON.parse(line).listeners.web[0]}/mcp`;
  }
  throw new Error("the gateway did not start");
}

async function work(endpoint) {
  const client = await connect(new URL(endpoint));
  const has = client.getServerCapabilities();
  if (has.tools) await callAll(client);
  if (has.resources) {
    for (const { uri } of (await client.listResources()).resources) {
      await client.readResource({ uri });
    }
  }
  if (has.prompts) {
    for (const { name } of (await client.listPrompts()).prompts) await client.getPrompt({ name });
  }
  await client.close();
}

async function callAll(client) {
  const { tools } = await client.listTools();
  const wanted = context.toolCalls ?? [];
  const calls = tools.map((tool) => {
    const given = wanted.find(({ name }) => name === tool.name)?.arguments;
    return { name: tool.name, arguments: given ?? anything(tool.inputSchema) };
  });
  // All at once, so that what belongs to one could get into another.
  const results = await Promise.allSettled(calls.map((call) => client.callTool(call)));
  for (const { reason } of results.filter(({ reason }) => reason)) console.error(reason);
}

function anything(schema) {
  const values = { number: 5, integer: 5, boolean: true };
  const properties = Object.entries(schema.properties ?? {});
  return Object.fromEntries(properties.map(([name, { type }]) => [name, values[type] ?? "text"]));
}

async function connect(endpoint) {
  if (front === "sdk1") {
    const { Client } = require("@modelcontextprotocol/sdk/client/index.js");
    const http = require("@modelcontextprotocol/sdk/client/streamableHttp.js");
    const { ElicitRequestSchema } = require("@modelcontextprotocol/sdk/types.js");
    const client = new Client(INFO, { capabilities: CAPABILITIES });
    client.setRequestHandler(ElicitRequestSchema, fill);
    await client.connect(new http.StreamableHTTPClientTransport(endpoint));
    return client;
  }
  const { Client, StreamableHTTPClientTransport } = require("@modelcontextprotocol/client");
  const mode = front === "sdk2-modern" ? { pin: "2026-07-28" } : "auto";
  const client = new Client(INFO, { capabilities: CAPABILITIES, versionNegotiation: { mode } });
  client.setRequestHandler("elicitation/create", fill);
  await client.connect(new StreamableHTTPClientTransport(endpoint));
  return client;
}
