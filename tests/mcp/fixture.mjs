// An MCP server on loopback, on the official SDKs for TypeScript, for tests:
// `fixture.mjs PACKAGES [--sdk 1|2] [--era both|legacy|modern] [--part N] [--over http|sse|stdio]`.
// Its first line of output is the address that it listens at, its endpoint is `/mcp`, and it ends
// when its input does. With `--over stdio` it speaks there instead; `sse` is of version 1 alone.
//
// Version 2 of the SDK speaks both eras, or one of them; version 1 knows the legacy era alone. With
// `--part` it has a third of the tools, resources and prompts: 1, 2 or 3, which do not overlap.

import { createServer } from "node:http";
import { createRequire } from "node:module";
import { parseArgs } from "node:util";

import { PROMPTS, RESOURCES, TEMPLATES, partOf } from "./material.mjs";
import { TOOLS } from "./tools.mjs";

// Standard output is for the address; what the packages have to say goes elsewhere.
console.log = console.info = console.warn = console.error;

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    sdk: { type: "string", default: "2" },
    era: { type: "string", default: "both" },
    part: { type: "string", default: "0" },
    over: { type: "string", default: "http" },
  },
});
const part = Number(values.part);
const ofPart = (all) => all.filter((one, index) => part === 0 || partOf(one, index) === part);
const material = {
  name: part === 0 ? "fixture" : `fixture-${part}`,
  tools: ofPart(TOOLS),
  resources: ofPart(RESOURCES),
  templates: ofPart(TEMPLATES),
  prompts: ofPart(PROMPTS),
};

const require = createRequire(`${positionals[0]}/package.json`);
const { serve, serveSse, serveStdio } = await import(values.sdk === "1" ? "./sdk1.mjs" : "./sdk2.mjs");
if (values.over === "stdio") {
  await serveStdio(require, material, values.era);
  process.stdin.on("end", () => process.exit(0));
} else {
  listen((values.over === "sse" ? serveSse : serve)(require, material, values.era));
  process.stdin.on("end", () => process.exit(0)).resume();
}

function listen(handle) {
  const server = createServer((request, response) => {
    handle(request, response).catch((error) => {
      console.error(error);
      response.destroy(error);
    });
  });
  // Node closes what is idle for five seconds, which a client that goes on with it may not notice.
  server.keepAliveTimeout = 60_000;
  server.listen(0, "127.0.0.1", () => {
    process.stdout.write(`127.0.0.1:${server.address().port}\n`);
  });
}
