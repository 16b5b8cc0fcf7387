// A proxy that stands between the conformance suite and an endpoint and does what the suite cannot:
// puts headers on each request, and says names and URIs as a gateway has them that puts the name of
// its server before each.

import { createServer, request as ask } from "node:http";

import { PROMPTS, RESOURCES, TEMPLATES, partOf } from "./material.mjs";
import { TOOLS } from "./tools.mjs";

// Starts one at loopback for an endpoint, or for several of which each request goes to the next.
// `headers` are `name: value`. `servers` are the names of the servers behind it, in the order of the
// fixture's parts; no names, no prefixes.
export async function between(endpoints, { headers, servers }) {
  const targets = endpoints.map((endpoint) => new URL(endpoint));
  let turn = 0;
  const more = headers.map((line) => line.split(/: */, 2)).flat();
  const names = servers.length > 0 ? new Names(servers) : undefined;
  const server = createServer(async (request, response) => {
    try {
      const target = targets[turn++ % targets.length];
      const pieces = [];
      for await (const piece of request) pieces.push(piece);
      let body = Buffer.concat(pieces);
      let lines = kept(request.rawHeaders, ["content-length", "connection", "transfer-encoding"]);
      if (names) [lines, body] = names.put(lines, body);
      if (body.length > 0) lines.push("content-length", String(body.length));
      const options = {
        host: target.hostname,
        port: target.port,
        path: target.pathname,
        method: request.method,
        headers: hosted(lines.concat(more), request.socket.localPort, target.port),
      };
      const up = ask(options, (answer) => pass(answer, response, names));
      up.on("error", () => response.destroy());
      response.on("close", () => up.destroy());
      up.end(body);
    } catch (error) {
      response.writeHead(500).end(String(error));
    }
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${server.address().port}${targets[0].pathname}`;
  return {
    url,
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}

// The header lines that are of the message and not of the connection.
function kept(raw, dropped) {
  const lines = [];
  for (let index = 0; index < raw.length; index += 2) {
    if (!dropped.includes(raw[index].toLowerCase())) lines.push(raw[index], raw[index + 1]);
  }
  return lines;
}

// Who is asked for our port is asked for the endpoint's; what is said of other hosts stays.
function hosted(lines, ours, theirs) {
  return lines.map((value, index) => {
    const isHost = index % 2 === 1 && ["host", "origin"].includes(lines[index - 1].toLowerCase());
    return isHost ? value.replace(`:${ours}`, `:${theirs}`) : value;
  });
}

function pass(answer, response, names) {
  const dropped = ["connection", "transfer-encoding", ...(names ? ["content-length"] : [])];
  response.writeHead(answer.statusCode, kept(answer.rawHeaders, dropped));
  response.flushHeaders();
  if (!names) return void answer.pipe(response);
  // An event has its data on one line, and so has an answer.
  let rest = "";
  answer.setEncoding("utf8");
  answer.on("data", (piece) => {
    const lines = (rest + piece).split("\n");
    rest = lines.pop();
    for (const line of lines) response.write(`${names.take(line)}\n`);
  });
  answer.on("end", () => response.end(names.take(rest)));
  answer.on("error", () => response.destroy());
}

// Names and URIs with the names of servers on them, and without.
class Names {
  #servers;
  #owners = new Map();

  constructor(servers) {
    this.#servers = servers;
    const owner = (one, index) => servers[servers.length === 1 ? 0 : partOf(one, index) - 1];
    const own = (all, key) =>
      all.forEach((one, index) => this.#owners.set(key(one), owner(one, index)));
    own(TOOLS, ({ tool }) => tool.name);
    own(PROMPTS, ({ prompt }) => prompt.name);
    own(RESOURCES, ({ resource }) => resource.uri);
    own(TEMPLATES, ({ template }) => template.uriTemplate);
    own(TEMPLATES, ({ around }) => around[0]);
  }

  #owner(name) {
    const template = TEMPLATES.find(({ around }) => name.startsWith(around[0]));
    return this.#owners.get(name) ?? this.#owners.get(template?.around[0]) ?? this.#servers[0];
  }

  #name = (name) => `${this.#owner(name)}__${name}`;
  #uri = (uri) => `mcp.${this.#owner(uri)}+${uri}`;

  // The lines and the body of a request, with names as the gateway has them.
  put(lines, body) {
    let message;
    try {
      message = JSON.parse(body);
    } catch {
      return [lines, body];
    }
    const { method, params } = message;
    const change = (holder, key, how) => {
      if (typeof holder?.[key] === "string") holder[key] = how(holder[key]);
    };
    const before = params?.name ?? params?.uri;
    if (["tools/call", "prompts/get"].includes(method)) change(params, "name", this.#name);
    if (method?.startsWith("resources/")) change(params, "uri", this.#uri);
    if (method === "completion/complete") {
      change(params?.ref, "name", this.#name);
      change(params?.ref, "uri", this.#uri);
    }
    const after = params?.name ?? params?.uri;
    const changed = lines.map((value, index) => {
      const isName = index % 2 === 1 && lines[index - 1].toLowerCase() === "mcp-name";
      return isName && value === before ? after : value;
    });
    return [changed, Buffer.from(JSON.stringify(message))];
  }

  // A line of an answer, with names as the suite knows them.
  take(line) {
    for (const server of this.#servers) {
      line = line.replaceAll(`"${server}__`, '"').replaceAll(`mcp.${server}+`, "");
    }
    return line;
  }
}
