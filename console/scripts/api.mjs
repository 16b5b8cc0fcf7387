// Writes src/api/schema.ts from the description of our own API. It is made for every build and
// never committed, so that it cannot be stale: a page that asks for what is gone does not compile.
import { readFileSync, writeFileSync } from "node:fs";
import openapiTS, { astToString } from "openapi-typescript";

const description = JSON.parse(readFileSync(new URL("../../docs/openapi.json", import.meta.url)));

// Refusals are all of one form, which the client reads by itself; without them the types are a
// tenth as long.
for (const operations of Object.values(description.paths)) {
  for (const operation of Object.values(operations)) {
    for (const status of Object.keys(operation.responses ?? {})) {
      if (!status.startsWith("2")) delete operation.responses[status];
      // Where there is JSON, the pages take that and not the same as CSV.
      const content = operation.responses[status]?.content;
      if (content?.["application/json"]) {
        operation.responses[status].content = { "application/json": content["application/json"] };
      }
    }
    operation.responses.default = {
      description: "",
      content: {
        "application/problem+json": { schema: { $ref: "#/components/schemas/Problem" } },
      },
    };
    // What every write may or must come with is put there by the client.
    operation.parameters = operation.parameters?.filter((parameter) => parameter.in !== "header");
  }
}
/** What each kind of object may have, for the forms: as in the description, and no more of it. */
const { schemas } = description.components;
const kinds = Object.fromEntries(
  Object.entries(schemas)
    .filter(([name, { properties }]) => name.endsWith("Object") && properties?.config?.$ref)
    .map(([, { properties }]) => [properties.kind.const, nameOf(properties.config.$ref)]),
);
const wanted = {};
function nameOf(ref) {
  return ref.slice(ref.lastIndexOf("/") + 1);
}
function want(name) {
  if (wanted[name]) return;
  wanted[name] = JSON.parse(JSON.stringify(schemas[name]).replaceAll("#/components/schemas/", ""));
  for (const [, ref] of JSON.stringify(schemas[name]).matchAll(/"\$ref":"#\/components\/schemas\/(\w+)"/g)) want(ref);
}
for (const name of Object.values(kinds)) want(name);
if (Object.keys(kinds).length < 10) throw new Error(`only ${Object.keys(kinds)} of the kinds have a schema`);
writeFileSync(new URL("../src/form/schemas.json", import.meta.url), JSON.stringify({ kinds, schemas: wanted }));

const types = astToString(await openapiTS(description, { alphabetize: false }));
writeFileSync(new URL("../src/api/schema.ts", import.meta.url), types);
