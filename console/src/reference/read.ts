// A description of an API, as far as a reference needs it: operations by tag, and what `$ref`
// points to. Nothing outside of the description is ever fetched.

export type Node = Record<string, unknown>;
export type Schema = Node;
export type Parameter = { name: string; in: string; required?: boolean; description?: string; schema?: Schema };
export type Operation = {
  key: string;
  method: string;
  path: string;
  id?: string;
  tag: string;
  summary: string;
  description?: string;
  isDeprecated: boolean;
  parameters: Parameter[];
  body?: { isRequired: boolean; mediaType: string; schema?: Schema; example?: unknown };
  answers: { status: string; description: string; mediaType?: string; schema?: Schema; example?: unknown }[];
};
export type Description = {
  title: string;
  version: string;
  about?: string;
  server: string;
  operations: Operation[];
  root: Node;
};

const METHODS = ["get", "put", "post", "delete", "options", "head", "patch", "trace"];
/** How far a `$ref` may lead to another one. */
const HOPS_MAX = 16;

export async function readDescription(text: string): Promise<Description> {
  const isJson = text.trimStart().startsWith("{");
  const root = (isJson ? JSON.parse(text) : (await import("yaml")).parse(text, { maxAliasCount: 1000 })) as Node;
  const info = (root.info ?? {}) as Node;
  const operations: Operation[] = [];
  for (const [path, item] of Object.entries((root.paths ?? {}) as Record<string, Node>)) {
    const shared = follow(root, item) as Node;
    for (const method of METHODS) {
      const operation = shared?.[method] as Node | undefined;
      if (operation) operations.push(readOperation(root, path, method, shared, operation));
    }
  }
  const server = ((root.servers as Node[] | undefined)?.[0]?.url as string | undefined) ?? "";
  return {
    title: String(info.title ?? ""),
    version: String(info.version ?? ""),
    about: info.description as string | undefined,
    // Of a path alone nobody knows the host but who calls.
    server: (server.includes("://") ? server : `$GATEWAY${server}`).replace(/\/$/, ""),
    operations,
    root,
  };
}

/** What stands there, or where its `$ref` leads. */
export function follow(root: Node, node: unknown): unknown {
  let found = node;
  for (let hops = 0; hops < HOPS_MAX; hops += 1) {
    const target = (found as Node | undefined)?.$ref;
    if (typeof target !== "string") return found;
    if (!target.startsWith("#/")) return {};
    found = target
      .slice(2)
      .split("/")
      .reduce<unknown>((at, part) => {
        const key = decodeURIComponent(part).replaceAll("~1", "/").replaceAll("~0", "~");
        return (at as Node | undefined)?.[key];
      }, root);
  }
  return {};
}

function readOperation(root: Node, path: string, method: string, shared: Node, operation: Node): Operation {
  const parameters = new Map<string, Parameter>();
  for (const list of [shared.parameters, operation.parameters]) {
    for (const one of (list as unknown[] | undefined) ?? []) {
      const parameter = follow(root, one) as Parameter | undefined;
      if (parameter?.name) parameters.set(`${parameter.in} ${parameter.name}`, parameter);
    }
  }
  const answers = Object.entries((operation.responses ?? {}) as Node).map(([status, one]) => {
    const answer = follow(root, one) as Node;
    const first = firstContent(root, answer?.content as Node | undefined);
    return { status, description: String(answer?.description ?? ""), ...first };
  });
  const body = follow(root, operation.requestBody) as Node | undefined;
  const content = firstContent(root, body?.content as Node | undefined);
  return {
    key: `${method} ${path}`,
    method: method.toUpperCase(),
    path,
    id: operation.operationId as string | undefined,
    tag: String((operation.tags as string[] | undefined)?.[0] ?? ""),
    summary: String(operation.summary ?? operation.operationId ?? ""),
    description: operation.description as string | undefined,
    isDeprecated: operation.deprecated === true,
    parameters: [...parameters.values()],
    body: content && { isRequired: body?.required === true, ...content },
    answers,
  };
}

function firstContent(root: Node, content: Node | undefined) {
  const all = Object.entries(content ?? {});
  const chosen = all.find(([type]) => type.includes("json")) ?? all[0];
  if (!chosen) return undefined;
  const [mediaType, of] = chosen as [string, Node];
  const named = Object.values((of.examples ?? {}) as Node)[0];
  const example = of.example ?? (follow(root, named) as Node | undefined)?.value;
  return { mediaType, schema: of.schema as Schema | undefined, example };
}

/** How deep an example goes. */
const DEPTH_MAX = 6;

/** An example of what a schema allows: its own, or one made up. */
export function sample(root: Node, schema: unknown, depth = 0): unknown {
  const of = follow(root, schema) as Node | undefined;
  if (!of || depth > DEPTH_MAX) return null;
  for (const given of [of.example, (of.examples as unknown[] | undefined)?.[0], of.default, of.const]) {
    if (given !== undefined) return given;
  }
  if (Array.isArray(of.enum)) return of.enum[0];
  if (Array.isArray(of.allOf)) {
    return Object.assign({}, ...of.allOf.map((one) => sample(root, one, depth + 1)), own(root, of, depth));
  }
  const either = (of.oneOf ?? of.anyOf) as unknown[] | undefined;
  if (either?.length) return sample(root, either[0], depth + 1);
  switch (typeOf(of)) {
    case "object":
      return own(root, of, depth);
    case "array":
      return of.items ? [sample(root, of.items, depth + 1)] : [];
    case "integer":
    case "number":
      return (of.minimum as number | undefined) ?? 0;
    case "boolean":
      return true;
    case "string":
      return textOf(of.format as string | undefined);
    default:
      return null;
  }
}

function own(root: Node, of: Node, depth: number) {
  const members = Object.entries((of.properties ?? {}) as Node).map(([name, one]) => [name, sample(root, one, depth + 1)]);
  return Object.fromEntries(members);
}

function textOf(format?: string) {
  const texts: Record<string, string> = {
    "date-time": "2027-01-31T12:00:00Z",
    date: "2027-01-31",
    email: "ada@example.com",
    uuid: "3f2c1f7e-5a0b-4b43-9d5e-6f0a7c1d2e3b",
    uri: "https://example.com",
  };
  return texts[format ?? ""] ?? "string";
}

/** The type of a schema in one word, as far as there is one. */
export function typeOf(of: Node): string {
  const type = Array.isArray(of.type) ? of.type.find((one) => one !== "null") : of.type;
  if (typeof type === "string") return type;
  if (of.properties || of.additionalProperties) return "object";
  return of.items ? "array" : "";
}
