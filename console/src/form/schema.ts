// What an object may have, as the description of the API says it, and how each part is filled in.
import written from "./schemas.json";

/** A part of a schema: of JSON Schema what the description of our own API uses. */
export type Node = {
  $ref?: string;
  type?: string | string[];
  title?: string;
  description?: string;
  default?: unknown;
  const?: unknown;
  pattern?: string;
  minimum?: number;
  maximum?: number;
  minProperties?: number;
  maxProperties?: number;
  properties?: Record<string, Node>;
  required?: string[];
  additionalProperties?: boolean | Node;
  items?: Node;
  oneOf?: Node[];
  anyOf?: Node[];
};

const { kinds, schemas } = written as unknown as { kinds: Record<string, string>; schemas: Record<string, Node> };

/** Every kind of object, by its word. */
export const objectKinds = Object.keys(kinds);

export const schemaOf = (kind: string): Node | undefined => schemas[kinds[kind] ?? ""];

/** What a part refers to, with what is said of it at its place. */
export function resolve(node: Node): Node {
  if (!node.$ref) return node;
  const { $ref, ...own } = node;
  return { ...resolve(schemas[$ref] ?? {}), ...own };
}

export type Sort = "flag" | "list" | "map" | "nothing" | "number" | "object" | "oneof" | "raw" | "secret" | "text" | "texts" | "word";

/** How a part is filled in; `raw` is whatever has no form of its own, as YAML. */
export function sortOf(node: Node): Sort {
  if (node.title === "secret" && node.anyOf) return "secret";
  if (node.oneOf?.every((one) => typeof one.const === "string")) return "word";
  // What may be a text or something else is written as a text, unless it is something else already.
  if (Array.isArray(node.type) && node.type.includes("string")) return "text";
  switch (node.type) {
    case "string":
      return "text";
    case "boolean":
      return "flag";
    case "integer":
    case "number":
      return "number";
    case "array":
      return listSort(node);
    case "object":
      return objectSort(node);
    default:
      return "raw";
  }
}

function listSort({ items }: Node): Sort {
  const sort = items ? sortOf(resolve(items)) : "raw";
  if (sort === "text" || sort === "word") return "texts";
  return sort === "object" || sort === "oneof" ? "list" : "raw";
}

function objectSort(node: Node): Sort {
  if (node.minProperties === 1 && node.maxProperties === 1) return "oneof";
  if (Object.keys(node.properties ?? {}).length > 0) return "object";
  return typeof node.additionalProperties === "object" ? "map" : "nothing";
}

/** The kind of object whose names a text is one of. */
export const kindNamed = (title: string | undefined) => /^name of an? (\w+)$/.exec(title ?? "")?.[1];

/** Whether a part is more than one line to fill in. */
export const isBlock = (sort: Sort) => ["list", "map", "nothing", "object", "oneof", "raw"].includes(sort);

/** What a part is when it is put in and nothing is filled in yet. */
export function blank(node: Node): unknown {
  switch (sortOf(node)) {
    case "list":
      return [blank(resolve(node.items ?? {}))];
    case "texts":
      return [];
    case "oneof": {
      const [first, part] = Object.entries(node.properties ?? {})[0] ?? ["", {}];
      return { [first]: blank(resolve(part)) };
    }
    case "object":
      return Object.fromEntries((node.required ?? []).map((key) => [key, blank(resolve(node.properties?.[key] ?? {}))]));
    case "map":
    case "nothing":
    case "raw":
      return {};
    case "word":
      return node.default ?? node.oneOf?.[0]?.const;
    case "flag":
      return true;
    case "number":
      return node.default ?? node.minimum ?? 0;
    default:
      return "";
  }
}
