// The way to our own API: typed by its description, beside the pages wherever they are served.
import createClient, { type Middleware } from "openapi-fetch";
import type { components, paths } from "./schema";

export type Schemas = components["schemas"];
export type Problem = Schemas["Problem"];
export type Identity = Schemas["Identity"];

/** Where a face is, such as `/console` or `/gw/console`, without a slash at its end. */
export const facePath = new URL(document.baseURI).pathname.replace(/\/$/, "");
/** Where the API is. */
export const apiRoot = new URL("..", document.baseURI).href.replace(/\/$/, "");

/** What went wrong, in the API's own words. */
export class Refusal extends Error {
  constructor(
    readonly status: number,
    readonly problem: Partial<Problem>,
  ) {
    super(problem.detail ?? problem.title ?? `status ${status}`);
  }
  get code() {
    return this.problem.code ?? "";
  }
}

/** Whether it is only that nothing is kept here: a gateway that runs from a file alone. */
export const isUnkept = (error: unknown) =>
  error instanceof Refusal && ["no_database", "no_usage", "token_missing"].includes(error.code);

let csrf: string | null | undefined;

/** The token that writes of this session must bring. */
export function keepCsrf(identity: Identity | null) {
  csrf = identity?.csrf_token;
}

/** The same, for what does not go by the client below. */
export const csrfToken = () => csrf;

/** Whatever is no success is thrown, as a `Refusal`. */
const refuse: Middleware = {
  onRequest({ request }) {
    if (csrf && request.method !== "GET") request.headers.set("x-csrf-token", csrf);
    return request;
  },
  async onResponse({ response }) {
    if (response.ok) return undefined;
    const text = await response.text();
    let problem: Partial<Problem> = { detail: text.trim() || response.statusText };
    try {
      problem = JSON.parse(text);
    } catch {
      // An answer of a proxy before us: its words are all that there is.
    }
    throw new Refusal(response.status, problem);
  },
  onError() {
    return new Refusal(0, { code: "unreachable" });
  },
};

export const api = createClient<paths>({ baseUrl: apiRoot, credentials: "same-origin" });
api.use(refuse);

/** The body of an answer that is no refusal. */
export async function body<T>(answer: Promise<{ data?: T }>): Promise<NonNullable<T>> {
  return (await answer).data as NonNullable<T>;
}

/** The `ETag` of what was seen, for changing that and nothing newer. */
export const tagOf = ({ id, revision }: { id?: string | null; revision?: number | null }) => `"${id}.${revision}"`;

/** All pages of a list, up to `most` rows. */
export async function all<T>(
  page: (token?: string) => Promise<{ next_page_token?: string | null; rows: T[] }>,
  most = 10_000,
): Promise<T[]> {
  const rows: T[] = [];
  let token: string | undefined;
  do {
    const next = await page(token);
    rows.push(...next.rows);
    token = next.next_page_token ?? undefined;
  } while (token && rows.length < most);
  return rows;
}
