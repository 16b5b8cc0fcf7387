// Goes through the steps with one real client: `client.mjs PACKAGES CLIENT URL`, where CLIENT is
// `sdk1`, `sdk1-sse`, `sdk2-legacy`, `sdk2-auto`, `sdk2-modern` or `mcp-remote`, which is driven over
// its standard input by version 1 of the SDK. With `stdio -- COMMAND ARGUMENT…` for the URL the
// client starts that program and speaks with it. `--server NAME` is for an endpoint that has the name of
// its server before each name; `--header "name: value"` is put on every request.

import { mkdtempSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";

import { goThrough, said } from "./steps.mjs";

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    server: { type: "string" },
    header: { type: "string", multiple: true, default: [] },
  },
});
const [packages, kind, url, ...program] = positionals;
const headers = Object.fromEntries(values.header.map((line) => line.split(/: */, 2)));
const require = createRequire(`${packages}/package.json`);

const STDIO_OF_2 = "@modelcontextprotocol/client/stdio";
const INFO = { name: `architrave-tests-${kind}`, version: "1.0.0" };
const CAPABILITIES = { sampling: {}, elicitation: { form: {} }, roots: {} };
const FOLDERS = { roots: [{ uri: "file:///of/the/test", name: "test" }] };
const fill = ({ params }) => ({ action: "accept", content: { back: said(params.message) } });
const speak = ({ params }) => ({
  role: "assistant",
  model: "of-the-test",
  content: { type: "text", text: said(params.messages[0].content.text) },
});

// Those who wait for a notification of a resource.
function watchers() {
  const waiting = new Map();
  return {
    updated: (uri) => new Promise((resolve) => waiting.set(uri, resolve)),
    tell: ({ params }) => waiting.get(params.uri)?.(),
  };
}

// Progress by tokens of our own: the SDKs throw away what comes in one piece with the answer.
function progresses() {
  const listeners = new Map();
  return {
    tell: ({ params }) => listeners.get(params.progressToken)?.(params),
    call(name, args, progress) {
      if (!progress) return { name, arguments: args };
      const progressToken = `token-${listeners.size}`;
      listeners.set(progressToken, progress);
      return { name, arguments: args, _meta: { progressToken } };
    },
  };
}

async function connect1(transport) {
  const { Client } = require("@modelcontextprotocol/sdk/client/index.js");
  const types = require("@modelcontextprotocol/sdk/types.js");
  const client = new Client(INFO, { capabilities: CAPABILITIES });
  const { updated, tell } = watchers();
  client.setRequestHandler(types.ElicitRequestSchema, fill);
  client.setRequestHandler(types.CreateMessageRequestSchema, speak);
  client.setRequestHandler(types.ListRootsRequestSchema, () => FOLDERS);
  client.setNotificationHandler(types.ResourceUpdatedNotificationSchema, tell);
  const told = progresses();
  client.setNotificationHandler(types.ProgressNotificationSchema, told.tell);
  await client.connect(transport);
  return {
    ...verbs(client),
    call: (name, args, { progress, signal }) =>
      client.callTool(told.call(name, args, progress), types.CallToolResultSchema, { signal }),
    updated,
    async watch(uri) {
      await client.subscribeResource({ uri });
      return () => client.unsubscribeResource({ uri });
    },
  };
}

async function connect2(transport, mode) {
  const { Client } = require("@modelcontextprotocol/client");
  const client = new Client(INFO, { capabilities: CAPABILITIES, versionNegotiation: { mode } });
  const { updated, tell } = watchers();
  client.setRequestHandler("elicitation/create", fill);
  client.setRequestHandler("sampling/createMessage", speak);
  client.setRequestHandler("roots/list", () => FOLDERS);
  client.setNotificationHandler("notifications/resources/updated", tell);
  const told = progresses();
  client.setNotificationHandler("notifications/progress", told.tell);
  await client.connect(transport);
  const isModern = client.getNegotiatedProtocolVersion() >= "2026-07-28";
  console.log(`speaks ${client.getNegotiatedProtocolVersion()}`);
  return {
    ...verbs(client),
    call: (name, args, { progress, signal }) =>
      client.callTool(told.call(name, args, progress), { signal }),
    updated,
    async watch(uri) {
      if (!isModern) {
        await client.subscribeResource({ uri });
        return () => client.unsubscribeResource({ uri });
      }
      const subscription = await client.listen({ resourceSubscriptions: [uri] });
      return () => subscription.close();
    },
  };
}

function verbs(client) {
  const lists = {
    tools: async () => (await client.listTools()).tools,
    prompts: async () => (await client.listPrompts()).prompts,
    resources: async () => (await client.listResources()).resources,
    templates: async () => (await client.listResourceTemplates()).resourceTemplates,
  };
  return {
    info: { capabilities: client.getServerCapabilities() },
    list: (what) => lists[what](),
    read: (uri) => client.readResource({ uri }),
    get: (name, args) => client.getPrompt({ name, arguments: args }),
    complete: (params) => client.complete(params),
    close: () => client.close(),
  };
}

function over(http) {
  return new http(new URL(url), { requestInit: { headers } });
}

async function connect() {
  const [name, mode] = kind.split("-");
  const pinned = mode === "modern" ? { pin: "2026-07-28" } : mode;
  if (url === "stdio") {
    const [command, ...args] = program;
    const sdk = name === "sdk1" ? "@modelcontextprotocol/sdk/client/stdio.js" : STDIO_OF_2;
    const { StdioClientTransport } = require(sdk);
    const transport = new StdioClientTransport({ command, args });
    return name === "sdk1" ? connect1(transport) : connect2(transport, pinned);
  }
  if (kind === "mcp-remote") {
    const { StdioClientTransport } = require("@modelcontextprotocol/sdk/client/stdio.js");
    const remote = `${packages}/node_modules/mcp-remote/dist/proxy.js`;
    const lines = values.header.flatMap((line) => ["--header", line.replace(": ", ":")]);
    const args = [remote, url, "--transport", "http-only", "--allow-http", ...lines];
    // Where it would keep tokens.
    const home = mkdtempSync(join(tmpdir(), "mcp-remote-"));
    process.on("exit", () => rmSync(home, { recursive: true, force: true }));
    const env = { ...process.env, MCP_REMOTE_CONFIG_DIR: home };
    return connect1(new StdioClientTransport({ command: process.execPath, args, env }));
  }
  if (kind === "sdk1-sse") {
    const { SSEClientTransport } = require("@modelcontextprotocol/sdk/client/sse.js");
    return connect1(over(SSEClientTransport));
  }
  if (name === "sdk1") {
    const http = require("@modelcontextprotocol/sdk/client/streamableHttp.js");
    return connect1(over(http.StreamableHTTPClientTransport));
  }
  const { StreamableHTTPClientTransport } = require("@modelcontextprotocol/client");
  return connect2(over(StreamableHTTPClientTransport), pinned);
}

const server = values.server;
const own = {
  name: (name) => (server ? `${server}__${name}` : name),
  uri: (uri) => (server ? `mcp.${server}+${uri}` : uri),
};
const client = await connect();
await goThrough(client, own);
await client.close();
console.log(`${kind} went through`);
process.exit(0);
