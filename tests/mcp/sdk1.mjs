// The fixture on version 1 of the official SDK, which knows the legacy era alone: over Streamable
// HTTP, over HTTP with SSE, which came before it, and over its input and output. It asks its
// questions while the call is open.

import { randomUUID } from "node:crypto";

import { EventLog } from "./events.mjs";
import { complete, read } from "./material.mjs";

// What makes a server for one client, and all that there are, each with the URIs that its client
// watches.
function makers(require, material, era) {
  if (era === "modern") throw new Error("version 1 of the SDK does not speak the modern era");
  const { Server } = require("@modelcontextprotocol/sdk/server/index.js");
  const types = require("@modelcontextprotocol/sdk/types.js");
  const sessions = new Map();
  const tell = (send) => {
    for (const session of sessions.values()) {
      Promise.resolve(send(session)).catch(console.error);
    }
  };
  const changed = {
    tools: () => tell(({ server }) => server.sendToolListChanged()),
    prompts: () => tell(({ server }) => server.sendPromptListChanged()),
    resource: (uri) =>
      tell(({ server, watched }) => watched.has(uri) && server.sendResourceUpdated({ uri })),
  };
  const RESULTS = {
    "elicitation/create": types.ElicitResultSchema,
    "sampling/createMessage": types.CreateMessageResultSchema,
    "roots/list": types.ListRootsResultSchema,
  };
  const known = (found, what) => {
    if (found === undefined) throw new types.McpError(-32602, `${what} is not known here`);
    return found;
  };

  // Runs what may ask questions, and asks them, until it has an answer to all.
  async function run(server, request, extra, answer) {
    const call = {
      notify: (method, params) => extra.sendNotification({ method, params }),
      log: (level, data) => server.sendLoggingMessage({ level, data }, extra.sessionId),
      progressToken: extra._meta?.progressToken,
      capabilities: server.getClientCapabilities(),
      mint: async (state) => state,
      signal: extra.signal,
      closeStream: () => extra.closeSSEStream?.(),
      changed,
    };
    for (;;) {
      const result = await answer(request.params.arguments ?? {}, call);
      if (result.resultType !== "input_required") return result;
      call.state = result.requestState;
      call.answers = { ...call.answers };
      for (const [key, question] of Object.entries(result.inputRequests)) {
        call.answers[key] = await extra.sendRequest(question, RESULTS[question.method]);
      }
    }
  }

  function make(watched) {
    const { name, tools, resources, templates, prompts } = material;
    const server = new Server(
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
      },
    );
    const on = (schema, answer) => server.setRequestHandler(schema, answer);

    on(types.ListToolsRequestSchema, () => ({ tools: tools.map(({ tool }) => tool) }));
    on(types.CallToolRequestSchema, (request, extra) => {
      const one = tools.find(({ tool }) => tool.name === request.params.name);
      return run(server, request, extra, known(one, `tool ${request.params.name}`).run);
    });
    on(types.ListPromptsRequestSchema, () => ({ prompts: prompts.map(({ prompt }) => prompt) }));
    on(types.GetPromptRequestSchema, (request, extra) => {
      const one = prompts.find(({ prompt }) => prompt.name === request.params.name);
      return run(server, request, extra, known(one, `prompt ${request.params.name}`).get);
    });
    on(types.ListResourcesRequestSchema, () => ({
      resources: resources.map(({ resource }) => resource),
    }));
    on(types.ListResourceTemplatesRequestSchema, () => ({
      resourceTemplates: templates.map(({ template }) => template),
    }));
    on(types.ReadResourceRequestSchema, ({ params: { uri } }) => {
      const contents = read(resources, templates, uri);
      if (contents === undefined) throw new types.McpError(-32002, "Resource not found", { uri });
      return { contents };
    });
    on(types.SubscribeRequestSchema, ({ params }) => {
      watched.add(params.uri);
      return {};
    });
    on(types.UnsubscribeRequestSchema, ({ params }) => {
      watched.delete(params.uri);
      return {};
    });
    on(types.CompleteRequestSchema, ({ params }) => ({
      completion: known(complete(prompts, templates, params), "that reference"),
    }));
    return server;
  }

  return { make, sessions };
}

export function serve(require, material, era) {
  const { StreamableHTTPServerTransport } = require(
    "@modelcontextprotocol/sdk/server/streamableHttp.js",
  );
  const { make, sessions } = makers(require, material, era);

  async function open(address) {
    const watched = new Set();
    const server = make(watched);
    const transport = new StreamableHTTPServerTransport({
      sessionIdGenerator: randomUUID,
      eventStore: new EventLog(),
      retryInterval: 200,
      enableDnsRebindingProtection: true,
      allowedHosts: [address, address.replace("127.0.0.1", "localhost")],
      onsessioninitialized: (id) => sessions.set(id, { server, transport, watched }),
      onsessionclosed: (id) => sessions.delete(id),
    });
    await server.connect(transport);
    return transport;
  }

  return async (request, response) => {
    const session = request.headers["mcp-session-id"];
    const known = sessions.get(session)?.transport;
    if (session !== undefined && !known) {
      response.writeHead(404).end("there is no such session");
      return;
    }
    const { address, port } = request.socket.address();
    await (known ?? (await open(`${address}:${port}`))).handleRequest(request, response);
  };
}

// Clients get `/mcp`, are told there where to post, and have all answers on that stream.
export function serveSse(require, material, era) {
  const { SSEServerTransport } = require("@modelcontextprotocol/sdk/server/sse.js");
  const { make, sessions } = makers(require, material, era);
  return async (request, response) => {
    const { searchParams } = new URL(request.url, "http://of.the.fixture");
    const known = sessions.get(searchParams.get("sessionId"))?.transport;
    if (request.method === "POST" && known) return known.handlePostMessage(request, response);
    if (request.method !== "GET") return void response.writeHead(404).end();
    const watched = new Set();
    const server = make(watched);
    const transport = new SSEServerTransport("/messages", response);
    sessions.set(transport.sessionId, { server, transport, watched });
    response.on("close", () => sessions.delete(transport.sessionId));
    await server.connect(transport);
  };
}

export function serveStdio(require, material, era) {
  const { StdioServerTransport } = require("@modelcontextprotocol/sdk/server/stdio.js");
  const { make, sessions } = makers(require, material, era);
  const watched = new Set();
  const server = make(watched);
  sessions.set("the only one", { server, watched });
  return server.connect(new StdioServerTransport());
}
