// What pages ask the API for, each with the name under which the answer is kept.
import { queryOptions } from "@tanstack/react-query";
import { type Identity, Refusal, type Schemas, all, api, body, keepCsrf } from "./client";

/** Live figures are asked for anew this often, in milliseconds, while somebody looks. */
export const LIVE = 5_000;

export const session = queryOptions({
  queryKey: ["session"],
  staleTime: 60_000,
  retry: false,
  queryFn: async () => {
    try {
      const identity = await body(api.GET("/api/v1/session"));
      keepCsrf(identity);
      return identity;
    } catch (error) {
      if (error instanceof Refusal && error.status === 401) return asNobody();
      throw error;
    }
  },
});

/** Without a database there are no users, and whoever is on the machine may look. */
async function asNobody(): Promise<Identity | null> {
  try {
    await api.GET("/api/v1/setup");
    return null;
  } catch (error) {
    if (!(error instanceof Refusal && error.code === "no_database")) return null;
  }
  try {
    await api.GET("/api/v1/config");
    return { kind: "loopback", name: "", teams: [] };
  } catch {
    return null;
  }
}

export const setup = queryOptions({
  queryKey: ["setup"],
  queryFn: () => body(api.GET("/api/v1/setup")),
});

export const signInProviders = queryOptions({
  queryKey: ["sign-in-providers"],
  queryFn: () => body(api.GET("/api/v1/session/providers")),
});

export const version = queryOptions({
  queryKey: ["version"],
  staleTime: Number.POSITIVE_INFINITY,
  queryFn: () => body(api.GET("/api/v1/version")),
});

const page = (page_token?: string) => ({ params: { query: { page_size: 200, page_token } } });

export const services = queryOptions({
  queryKey: ["services"],
  queryFn: () =>
    all(async (token) => {
      const { services, next_page_token } = await body(api.GET("/api/v1/services", page(token)));
      return { rows: services, next_page_token };
    }),
});

export const service = (name: string) =>
  queryOptions({
    queryKey: ["service", name],
    queryFn: () => body(api.GET("/api/v1/services/{name}", { params: { path: { name } } })),
  });

export type Upstream = Schemas["UpstreamObject"] & { endpoints?: Schemas["EndpointBody"][] };

export const upstreams = queryOptions({
  queryKey: ["upstreams"],
  refetchInterval: LIVE,
  // The description of the API has not got the endpoints that the list comes with.
  queryFn: async () => (await body(api.GET("/api/v1/upstreams"))).upstreams as Upstream[],
});

export const routes = queryOptions({
  queryKey: ["routes"],
  queryFn: () =>
    all(async (token) => {
      const { routes, next_page_token } = await body(api.GET("/api/v1/routes", page(token)));
      return { rows: routes, next_page_token };
    }),
});

export const subscriptions = (query: { state?: string; product?: string }) =>
  queryOptions({
    queryKey: ["subscriptions", query],
    queryFn: () =>
      all(async (page_token) => {
        const params = { query: { page_size: 200, page_token, ...query } };
        const found = await body(api.GET("/api/v1/subscriptions", { params: params as never }));
        return { rows: found.subscriptions, next_page_token: found.next_page_token };
      }),
  });

/** A time range by its name, and how long each point of a chart of it is. */
export const ranges = {
  "1h": { seconds: 3600, step: "1m" },
  "24h": { seconds: 86_400, step: "15m" },
  "7d": { seconds: 604_800, step: "6h" },
} as const;
export type Range = keyof typeof ranges;
export const isRange = (text: unknown): text is Range => typeof text === "string" && text in ranges;

const from = (range: Range) => new Date(Date.now() - ranges[range].seconds * 1000).toISOString();

export const series = (range: Range, more: Record<string, string> = {}) =>
  queryOptions({
    queryKey: ["series", range, more],
    refetchInterval: LIVE * 2,
    retry: false,
    queryFn: () => {
      const query = { from: from(range), step: ranges[range].step, ...more };
      return body(api.GET("/api/v1/usage/series", { params: { query: query as never } }));
    },
  });

export const breakdown = (range: Range, more: Record<string, string> = {}) =>
  queryOptions({
    queryKey: ["breakdown", range, more],
    refetchInterval: LIVE * 2,
    retry: false,
    queryFn: () => {
      const query = { from: from(range), ...more };
      return body(api.GET("/api/v1/usage/breakdown", { params: { query: query as never } }));
    },
  });

export const configuration = queryOptions({
  queryKey: ["config"],
  queryFn: () => body(api.GET("/api/v1/config")),
});

/** What consumers have used of their budgets. */
export const spending = queryOptions({
  queryKey: ["spending"],
  queryFn: async () => (await body(api.GET("/api/v1/usage"))).usage,
});

export const listeners = queryOptions({
  queryKey: ["listeners"],
  queryFn: async () => (await body(api.GET("/api/v1/listeners", page()))).listeners,
});

export const description = (name: string) =>
  queryOptions({
    queryKey: ["description", name],
    retry: false,
    staleTime: 60_000,
    queryFn: async () => {
      try {
        const params = { path: { name } };
        return await body(api.GET("/api/v1/services/{name}/api", { params, parseAs: "text" }));
      } catch (error) {
        // It has none; that is no fault.
        if (error instanceof Refusal && error.status === 404) return "";
        throw error;
      }
    },
  });

export type Finding = { rule: string; severity: string; message: string; pointer?: string; line?: number };

export const lint = (name: string) =>
  queryOptions({
    queryKey: ["lint", name],
    retry: false,
    queryFn: async () => {
      const params = { path: { name } };
      return (await body(api.GET("/api/v1/services/{name}/lint", { params }))) as { findings?: Finding[] };
    },
  });

export type Revision = {
  revision: number;
  actor: string;
  note?: string | null;
  created_at: string;
  published_at?: string | null;
  current_at?: string | null;
  is_latest: boolean;
  is_current: boolean;
};

export const revisions = (name: string) =>
  queryOptions({
    queryKey: ["revisions", name],
    retry: false,
    queryFn: () =>
      all(async (page_token) => {
        const params = { path: { name }, query: { page_size: 200, page_token } };
        const found = (await body(api.GET("/api/v1/services/{name}/revisions", { params }))) as {
          revisions: Revision[];
          next_page_token?: string | null;
        };
        return { rows: found.revisions, next_page_token: found.next_page_token };
      }),
  });

export const callers = (name: string, days: number) =>
  queryOptions({
    queryKey: ["callers", name, days],
    retry: false,
    queryFn: () =>
      body(api.GET("/api/v1/services/{name}/callers", { params: { path: { name }, query: { days } } as never })),
  });

export const products = queryOptions({
  queryKey: ["products"],
  queryFn: () =>
    all(async (token) => {
      const { products, next_page_token } = await body(api.GET("/api/v1/products", page(token)));
      return { rows: products, next_page_token };
    }),
});

export const applications = queryOptions({
  queryKey: ["applications"],
  queryFn: () =>
    all(async (token) => {
      const { applications, next_page_token } = await body(api.GET("/api/v1/applications", page(token)));
      return { rows: applications, next_page_token };
    }),
});

const named = (name: string) => ({ params: { path: { name } } });

export const application = (name: string) =>
  queryOptions({
    queryKey: ["application", name],
    queryFn: () => body(api.GET("/api/v1/applications/{name}", named(name))),
  });

export const credentials = (name: string) =>
  queryOptions({
    queryKey: ["credentials", name],
    queryFn: async () => (await body(api.GET("/api/v1/applications/{name}/credentials", named(name)))).credentials,
  });

export const subscriptionsOf = (name: string) =>
  queryOptions({
    queryKey: ["subscriptions-of", name],
    queryFn: async () => (await body(api.GET("/api/v1/applications/{name}/subscriptions", named(name)))).subscriptions,
  });

export const limits = (name: string) =>
  queryOptions({
    queryKey: ["limits", name],
    refetchInterval: LIVE,
    queryFn: async () => (await body(api.GET("/api/v1/applications/{name}/limits", named(name)))).subscriptions,
  });

export const plans = queryOptions({
  queryKey: ["plans"],
  queryFn: () =>
    all(async (token) => {
      const { plans, next_page_token } = await body(api.GET("/api/v1/plans", page(token)));
      return { rows: plans, next_page_token };
    }),
});

export const teams = queryOptions({
  queryKey: ["teams"],
  queryFn: () =>
    all(async (token) => {
      const { teams, next_page_token } = await body(api.GET("/api/v1/teams", page(token)));
      return { rows: teams, next_page_token };
    }),
});

export const users = queryOptions({
  queryKey: ["users"],
  queryFn: () =>
    all(async (token) => {
      const { users, next_page_token } = await body(api.GET("/api/v1/users", page(token)));
      return { rows: users, next_page_token };
    }),
});

export type Model = Schemas["ModelObject"] & Partial<Schemas["ModelBody"]>;

export const models = queryOptions({
  queryKey: ["models"],
  refetchInterval: LIVE,
  // The description of the API has not got what serves a model, which the list comes with.
  queryFn: async () => (await body(api.GET("/api/v1/models"))).models as Model[],
});

export const providers = queryOptions({
  queryKey: ["providers"],
  queryFn: () =>
    all(async (token) => {
      const { providers, next_page_token } = await body(api.GET("/api/v1/providers", page(token)));
      return { rows: providers, next_page_token };
    }),
});

const told = (unread?: boolean) => async () => {
  const query = unread ? { page_size: 200, unread: true } : { page_size: 200 };
  const found = await body(api.GET("/api/v1/notifications", { params: { query: query as never } }));
  return found.notifications;
};

export const unread = queryOptions({ queryKey: ["notifications", "unread"], refetchInterval: 30_000, queryFn: told(true) });
export const notifications = queryOptions({ queryKey: ["notifications", "all"], queryFn: told() });

export const versions = (name: string) =>
  queryOptions({
    queryKey: ["versions", name],
    queryFn: async () =>
      ((await body(api.GET("/api/v1/services/{name}/versions", named(name)))) as { versions?: Schemas["ServiceObject"][] })
        .versions ?? [],
  });

/** When each certificate that is in use ends, in milliseconds since 1970. */
export const certificates = queryOptions({
  queryKey: ["certificates"],
  retry: false,
  staleTime: 600_000,
  queryFn: async () => {
    const text = await body(api.GET("/metrics", { parseAs: "text" }));
    const found = String(text).matchAll(/^architrave_certificate_not_after_timestamp_seconds\{certificate="((?:[^"\\]|\\.)*)"\} ([\d.e+]+)$/gm);
    return [...found].map(([, certificate, seconds]) => ({ certificate: certificate ?? "", end: Number(seconds) * 1000 }));
  },
});
