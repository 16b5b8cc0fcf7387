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
const types = astToString(await openapiTS(description, { alphabetize: false }));
writeFileSync(new URL("../src/api/schema.ts", import.meta.url), types);
