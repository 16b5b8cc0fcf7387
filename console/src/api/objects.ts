// Objects of any kind by one way: listed, shown, made, changed and removed.
import { queryOptions } from "@tanstack/react-query";
import { all, api, body, tagOf } from "./client";

export type AnyObject = {
  id: string | null;
  kind: string;
  name: string;
  team?: string | null;
  origin: "database" | "file";
  file?: string | null;
  revision?: number | null;
  updated_at?: string | null;
  config: Record<string, unknown>;
};

/** Of which there is one alone. */
export const onlyName = "default";
export const isOnly = (kind: string) => kind === "policies";

export const pluralOf = (kind: string) => (kind === "policies" ? kind : kind.endsWith("y") ? `${kind.slice(0, -1)}ies` : `${kind}s`);

const base = (kind: string) => `/api/v1/${pluralOf(kind)}`;
const at = (kind: string, name: string) => `${base(kind)}/${encodeURIComponent(name)}`;

/** The client, for paths that are put together. */
const anyway = api as unknown as Record<"GET" | "POST" | "PATCH" | "PUT" | "DELETE", (path: string, options?: object) => Promise<{ data?: never }>>;

export const objects = (kind: string) =>
  queryOptions({
    queryKey: ["objects", kind],
    queryFn: () =>
      all(async (page_token) => {
        const found = await body<Record<string, unknown>>(anyway.GET(base(kind), { params: { query: { page_size: 200, page_token } } }));
        const rows = (found[pluralOf(kind)] ?? (isOnly(kind) ? found.policies : [])) as AnyObject[];
        return { rows, next_page_token: found.next_page_token as string | undefined };
      }),
  });

export const readObject = (kind: string, name: string) => body<AnyObject>(anyway.GET(at(kind, name)));

export const object = (kind: string, name: string) =>
  queryOptions({
    queryKey: ["objects", kind, name],
    retry: false,
    // It is being changed by hand: what comes meanwhile is seen when it is saved.
    refetchOnWindowFocus: false,
    queryFn: () => readObject(kind, name),
  });

export const makeObject = (kind: string, config: object, team?: string) =>
  isOnly(kind)
    ? body<AnyObject>(anyway.PUT(at(kind, onlyName), { body: config, headers: { "if-none-match": "*" } }))
    : body<AnyObject>(anyway.POST(base(kind), { body: config, params: { query: team ? { team } : {} } }));

/** Changes what was seen, and nothing newer. */
export const changeObject = ({ kind, name, ...seen }: AnyObject, patch: object) =>
  body<AnyObject>(anyway.PATCH(at(kind, name), { body: patch, headers: { "if-match": tagOf(seen), "content-type": "application/merge-patch+json" } }));

/** Removes what was seen, or says only whether it could be. */
export const removeObject = ({ kind, name, ...seen }: AnyObject, validate_only = false) =>
  anyway.DELETE(at(kind, name), { params: { query: validate_only ? { validate_only } : {} }, headers: { "if-match": tagOf(seen) } });

/** Where one is. */
export const pathOf = at;
