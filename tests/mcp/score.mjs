// Scores an MCP endpoint by the official conformance suite, for people and for tests:
// `score.mjs PACKAGES --url URL --requirements 2025-11-25|2026-07-28`. It prints a table, then a
// line of JSON `{ required, passed, failed }`, and exits with 1 unless all that is required passed.
//
// With several `--url` a scenario passes where it passes at one of them; with `--spread` they are one
// endpoint, and each request goes to the next of them. `--header "name: value"`
// is put on every request, which the suite cannot do; with `--prefixes a,b,c` names and URIs are said
// as a gateway has them that puts the names of its servers before them, and these are the names of
// the servers that have the parts 1, 2 and 3 of the fixture. `--details` says of each failure what
// was seen.

import { parseArgs } from "node:util";

import { between } from "./shim.mjs";
import { required, score } from "./suite.mjs";

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    url: { type: "string", multiple: true },
    requirements: { type: "string" },
    header: { type: "string", multiple: true, default: [] },
    prefixes: { type: "string" },
    spread: { type: "boolean", default: false },
    details: { type: "boolean", default: false },
  },
});
const [packages] = positionals;
const { url: urls, requirements, header: headers, spread, details } = values;
const servers = values.prefixes?.split(",") ?? [];

const wanted = await required(packages, requirements);
const passed = new Set();
const failed = new Map();
for (const endpoints of spread ? [urls] : urls.map((url) => [url])) {
  const isShimmed = spread || headers.length > 0 || servers.length > 0;
  const shim = isShimmed ? await between(endpoints, { headers, servers }) : undefined;
  const found = await score(packages, shim?.url ?? endpoints[0], requirements);
  shim?.close();
  for (const name of wanted) {
    const failures = found.get(name) ?? [{ id: "absent", message: "the suite did not run it" }];
    if (failures.length === 0) passed.add(name);
    else failed.set(name, [...(failed.get(name) ?? []), ...failures]);
  }
}
for (const name of passed) failed.delete(name);

for (const name of wanted) {
  console.log(`${passed.has(name) ? "ok    " : "FAILED"} ${name}`);
  for (const failure of failed.get(name) ?? []) {
    console.log(`         ${failure.id}: ${failure.message}`);
    if (details) console.log(`         ${JSON.stringify(failure.details)}`);
  }
}
console.log(`${passed.size} of ${wanted.length} that ${requirements} requires`);
const told = [...failed].map(([name, failures]) => [
  name,
  failures.map(({ id, message }) => `${id}: ${message}`).join("; "),
]);
const summary = { required: wanted.length, passed: passed.size, failed: Object.fromEntries(told) };
console.log(JSON.stringify(summary));
process.exit(failed.size === 0 ? 0 : 1);
