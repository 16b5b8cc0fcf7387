// What no compiler checks: how much a browser has to load before it shows something, and that both
// languages fill the same holes.
import { readFileSync, readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

const KB = 1000;
const shells = { "console.html": 150 * KB, "portal.html": 120 * KB };
const ROUTE = 80 * KB;

const built = fileURLToPath(new URL("../dist/pages/", import.meta.url));
const faults = [];
const text = (name) => readFileSync(built + name, "utf8");
const size = (names) => [...names].reduce((sum, name) => sum + gzipSync(text(`assets/${name}`), { level: 9 }).length, 0);

/** A file with all that it cannot be run without. */
function closure(name, found = new Set()) {
  if (found.has(name)) return found;
  found.add(name);
  if (name.endsWith(".js")) {
    for (const [, other] of text(`assets/${name}`).matchAll(/(?:from|import)\s*"\.\/([^"]+\.js)"/g)) closure(other, found);
  }
  return found;
}

const files = readdirSync(`${built}assets`).filter((name) => name.endsWith(".js"));
const loaded = new Set();
for (const [page, most] of Object.entries(shells)) {
  if (!readdirSync(built).includes(page)) continue;
  const shell = new Set();
  for (const [, name] of text(page).matchAll(/assets\/([^"]+\.(?:js|css))"/g)) closure(name, shell);
  for (const name of shell) loaded.add(name);
  const bytes = size(shell);
  console.log(`${page}: ${(bytes / KB).toFixed(1)} of ${most / KB} KB gzip`);
  if (bytes > most) faults.push(`the shell of ${page} has ${bytes} bytes of at most ${most}`);
  for (const name of files.filter((name) => !shell.has(name))) {
    const more = new Set([...closure(name)].filter((one) => !shell.has(one)));
    // What another face begins with is no route of this one.
    if ([...more].some((one) => /^(console|portal)-/.test(one))) continue;
    if (size(more) > ROUTE) faults.push(`${name} loads ${size(more)} bytes of at most ${ROUTE}`);
  }
}

const words = (file) => {
  const source = readFileSync(new URL(`../src/i18n/${file}.ts`, import.meta.url), "utf8");
  const found = source.matchAll(/^ {2}(\w+):\s*("(?:[^"\\]|\\.)*")/gm);
  return new Map([...found].map(([, key, value]) => [key, JSON.parse(value)]));
};
const holes = (value) => [...value.matchAll(/\{\{(\w+)\}\}/g)].map(([, hole]) => hole).sort().join(" ");
const [en, zh] = [words("en"), words("zh")];
if (en.size < 100) faults.push("the words of en.ts could not be read");
for (const [key, value] of en) {
  const other = zh.get(key);
  if (other === undefined) faults.push(`zh.ts has no ${key}`);
  else if (holes(value) !== holes(other)) faults.push(`${key} has other holes in zh.ts`);
}

for (const fault of faults) console.error(fault);
process.exit(faults.length ? 1 : 0);
