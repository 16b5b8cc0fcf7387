// The fixture on version 2 of the official SDK: both eras at one endpoint or over its input and
// output, or one of them.

import { randomBytes, randomUUID } from "node:crypto";

import { EventLog } from "./events.mjs";
import { complete, read } from "./material.mjs";

const CACHE = { ttlMs: 60_000, cacheScope: "public" };
const LISTS = ["tools/list", "prompts/list", "resources/list", "resources/templates/list"];

// What makes a server of the material, and tells of changes as `changed` has it.
function maker(require, material, changed) {
  const sdk = require("@modelcontextprotocol/server");
  const codec = sdk.createRequestStateCodec({ key: randomBytes(32) });

  function call(server, context) {
    const { mcpReq, http } = context;
    return {
      notify: (method, params) => mcpReq.notify({ method, params }),
      log: (level, data) => mcpReq.log(level, data),
      progressToken: mcpReq._meta?.progressToken,
      capabilities: server.getClientCapabilities(),
      answers: mcpReq.inputResponses,
      state: mcpReq.requestState(),
      mint: (state) => codec.mint(state),
      signal: mcpReq.signal,
      closeStream: () => http?.closeSSE?.(),
      changed,
    };
  }

  return function make(watched) {
    const { name, tools, resources, templates, prompts } = material;
    const server = new sdk.Server(
      { name, version: "1.0.0" },
      {
        capabilities: {
          tools: { listChanged: true },
          prompts: { listChanged: true },
          resources: { listChanged: true, subscribe: true },
          completions: {},
          logging: {},
        },
        instructions: `This is ${name}.`,
        cacheHints: Object.fromEntries([...LISTS, "server/discover"].map((key) => [key, CACHE])),
        requestState: { verify: codec.verify },
      },
    );
    const known = (found, what) => {
      if (found === undefined) throw new sdk.ProtocolError(-32602, `${what} is not known here`);
      return found;
    };
    const on = (method, answer) => server.setRequestHandler(method, answer);

    on("tools/list", () => ({ tools: tools.map(({ tool }) => tool) }));
    on("tools/call", async ({ params }, context) => {
      const one = tools.find(({ tool }) => tool.name === params.name);
      return known(one, `tool ${params.name}`).run(params.arguments ?? {}, call(server, context));
    });
    on("prompts/list", () => ({ prompts: prompts.map(({ prompt }) => prompt) }));
    on("prompts/get", async ({ params }, context) => {
      const one = prompts.find(({ prompt }) => prompt.name === params.name);
      return known(one, `prompt ${params.name}`).get(params.arguments ?? {}, call(server, context));
    });
    on("resources/list", () => ({ resources: resources.map(({ resource }) => resource) }));
    on("resources/templates/list", () => ({
      resourceTemplates: templates.map(({ template }) => template),
    }));
    on("resources/read", ({ params: { uri } }) => {
      const contents = read(resources, templates, uri);
      if (contents === undefined) throw new sdk.ResourceNotFoundError(uri);
      return { contents };
    });
    on("resources/subscribe", ({ params }) => {
      watched.add(params.uri);
      return {};
    });
    on("resources/unsubscribe", ({ params }) => {
      watched.delete(params.uri);
      return {};
    });
    on("completion/complete", ({ params }) => ({
      completion: known(complete(prompts, templates, params), "that reference"),
    }));
    return server;
  };
}

export function serve(require, material, era) {
  const sdk = require("@modelcontextprotocol/server");
  const node = require("@modelcontextprotocol/node");
  const legacy = new Map();
  let modern;
  const make = maker(require, material, {
    tools() {
      modern.notify.toolsChanged();
      for (const { server } of legacy.values()) server.sendToolListChanged().catch(console.error);
    },
    prompts() {
      modern.notify.promptsChanged();
      for (const { server } of legacy.values()) server.sendPromptListChanged().catch(console.error);
    },
    resource(uri) {
      modern.notify.resourceUpdated(uri);
      for (const { server, watched } of legacy.values()) {
        if (watched.has(uri)) server.sendResourceUpdated({ uri }).catch(console.error);
      }
    },
  });

  async function open() {
    const watched = new Set();
    const server = make(watched);
    const transport = new node.NodeStreamableHTTPServerTransport({
      sessionIdGenerator: randomUUID,
      eventStore: new EventLog(),
      retryInterval: 200,
      onsessioninitialized: (id) => legacy.set(id, { server, transport, watched }),
      onsessionclosed: (id) => legacy.delete(id),
    });
    await server.connect(transport);
    return transport;
  }

  async function serveLegacy(request, response, body) {
    const session = request.headers["mcp-session-id"];
    const known = legacy.get(session)?.transport;
    const isFirst = session === undefined && sdk.isInitializeRequest(body);
    if (known || isFirst) {
      return (known ?? (await open())).handleRequest(request, response, body);
    }
    const status = session === undefined ? 400 : 404;
    const error = { code: -32000, message: `HTTP ${status}: there is no such session` };
    response.writeHead(status, { "content-type": "application/json" });
    response.end(JSON.stringify({ jsonrpc: "2.0", id: body?.id ?? null, error }));
  }

  modern = sdk.createMcpHandler(() => make(new Set()), {
    legacy: "reject",
    onerror: (error) => console.error(error),
  });
  const serveModern = node.toNodeHandler(modern);
  const isHostAllowed = node.localhostHostValidation();
  const isOriginAllowed = node.localhostOriginValidation();

  return async (request, response) => {
    if (!isHostAllowed(request, response) || !isOriginAllowed(request, response)) return;
    const body = request.method === "POST" ? await bodyOf(request) : undefined;
    const isLegacy = await sdk.isLegacyRequest(await node.toWebRequest(request, body), body);
    if (era === "legacy" || (era === "both" && isLegacy)) {
      await serveLegacy(request, response, body);
    } else {
      await serveModern(request, response, body);
    }
  };
}

// The body as JSON, or what makes the SDK say that it is none.
async function bodyOf(request) {
  const pieces = [];
  for await (const piece of request) pieces.push(piece);
  try {
    return JSON.parse(Buffer.concat(pieces));
  } catch {
    return null;
  }
}

export function serveStdio(require, material, era) {
  const stdio = require("@modelcontextprotocol/server/stdio");
  const watched = new Set();
  let server;
  const make = maker(require, material, {
    tools: () => server.sendToolListChanged().catch(console.error),
    prompts: () => server.sendPromptListChanged().catch(console.error),
    // A modern client has said to the SDK what it watches.
    resource: (uri) => server.sendResourceUpdated({ uri }).catch(console.error),
  });
  stdio.serveStdio(() => (server = make(watched)), { legacy: era === "modern" ? "reject" : "serve" });
}
