// Runs the official conformance suite against an endpoint and reads what it found.

import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, readdir, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";

const SUITE = "node_modules/@modelcontextprotocol/conformance";
const PATIENCE_MS = 180_000;

// The scenarios for servers that a revision requires.
export async function required(packages, revision) {
  const { parse } = createRequire(`${packages}/package.json`)("yaml");
  const file = join(packages, SUITE, `requirements/${revision}.yaml`);
  return parse(await readFile(file, "utf8")).server;
}

// Runs what a revision has for servers, and gives a map from each scenario that ran to what failed
// in it, which is a list of `{ id, message, details }`.
export async function score(packages, url, revision) {
  const out = await mkdtemp(join(tmpdir(), "mcp-suite-"));
  try {
    const program = join(packages, SUITE, "dist/index.js");
    const args = [program, "server", "--url", url, "--requirements", revision, "-o", out];
    const said = await run(process.execPath, args);
    const found = await results(out);
    if (found.size === 0) throw new Error(`the suite ran no scenario:\n${said}`);
    return found;
  } finally {
    await rm(out, { recursive: true, force: true });
  }
}

async function results(out) {
  const found = new Map();
  for (const folder of await readdir(out)) {
    const file = join(out, folder, "checks.json");
    // The suite writes none where a scenario has thrown.
    const thrown = [{ id: "thrown", status: "FAILURE", errorMessage: "it could not be gone through" }];
    const checks = existsSync(file) ? JSON.parse(await readFile(file, "utf8")) : thrown;
    // server-NAME-2026-12-01T09-26-36-297Z
    const name = folder.slice("server-".length, -"-2026-12-01T09-26-36-297Z".length);
    const failures = checks.filter(({ status }) => status === "FAILURE");
    found.set(
      name,
      failures.map(({ id, errorMessage, details }) => ({ id, message: errorMessage, details })),
    );
  }
  return found;
}

function run(program, args) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"], timeout: PATIENCE_MS });
    let said = "";
    child.stdout.on("data", (piece) => (said += piece));
    child.stderr.on("data", (piece) => (said += piece));
    child.on("error", reject);
    child.on("close", (_code, signal) =>
      signal ? reject(new Error(`the suite was ended by ${signal}:\n${said}`)) : resolve(said),
    );
  });
}
