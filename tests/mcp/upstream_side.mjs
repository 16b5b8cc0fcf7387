// The suite's scenarios for clients, with the gateway as the client: its upstream side.
// `upstream_side.mjs PACKAGES GATEWAY FRONT REVISION SCENARIO…`: the suite starts a server for each
// scenario and this script again, which puts a gateway before that server and a client of the
// official SDK before the gateway. FRONT is that client: `sdk1`, `sdk2-auto` or `sdk2-modern`.
// It prints what `score.mjs` prints.

import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const PATIENCE_MS = 60_000;

const [packages, gateway, front, revision, ...scenarios] = process.argv.slice(2);
const suite = join(packages, "node_modules/@modelcontextprotocol/conformance/dist/index.js");
const client = fileURLToPath(new URL("upstream_client.mjs", import.meta.url));

const failed = {};
for (const scenario of scenarios) {
  const out = await mkdtemp(join(tmpdir(), "mcp-upstream-"));
  try {
    const failures = await run(scenario, out);
    console.log(`${failures.length === 0 ? "ok    " : "FAILED"} ${scenario}`);
    for (const failure of failures) console.log(`         ${failure}`);
    if (failures.length > 0) failed[scenario] = failures.join("; ");
  } finally {
    await rm(out, { recursive: true, force: true });
  }
}
const passed = scenarios.length - Object.keys(failed).length;
console.log(JSON.stringify({ required: scenarios.length, passed, failed }));
process.exit(passed === scenarios.length ? 0 : 1);

async function run(scenario, out) {
  const command = [process.execPath, client, packages, gateway, front].join(" ");
  const of = ["--scenario", scenario, "--spec-version", revision, "--timeout", "40000", "-o", out];
  const said = await new Promise((resolve, reject) => {
    const args = [suite, "client", "--command", command, ...of];
    const child = spawn(process.execPath, args, { timeout: PATIENCE_MS });
    let said = "";
    child.stdout.on("data", (piece) => (said += piece));
    child.stderr.on("data", (piece) => (said += piece));
    child.on("error", reject);
    child.on("close", () => resolve(said));
  });
  for (const folder of await readdir(out)) {
    const file = join(out, folder, "checks.json");
    if (!existsSync(file)) continue;
    const checks = JSON.parse(await readFile(file, "utf8"));
    const failures = checks.filter(({ status }) => status === "FAILURE");
    const told = failures.map(({ id, errorMessage, details }) =>
      [id, errorMessage ?? JSON.stringify(details)].join(": "),
    );
    const isDone = checks.some(({ status }) => status === "SUCCESS");
    return isDone || told.length > 0 ? told : [`nothing was checked: ${said}`];
  }
  return [`it could not be gone through: ${said}`];
}
