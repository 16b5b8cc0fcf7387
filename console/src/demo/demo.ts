// The demo: made and removed in one click, and the calls that keep its charts alive while somebody
// looks at them. They go the way of all traffic.
import { Refusal, api, body } from "../api/client";
import { type AnyObject, readObject } from "../api/objects";
import { call, texts } from "../api/try";
import { DEMO, DEMO_APPLICATION, DEMO_CHAT, DEMO_V1, all, applications, description, objects, subscriptions } from "./objects";

const apply = (wanted: object) => api.POST("/api/v1/objects:apply", { body: wanted as never });

/** Whether it is there, and in the database: what a file says is not ours to remove. */
export const isDemo = (one: { name: string; origin: string }) => one.name === DEMO && one.origin === "database";

/** How long until its old version ends. */
const SUNSET_MS = 20 * 86_400_000;

/** Makes all of it; the key of its application, which is shown once. */
export async function makeDemo(): Promise<string> {
  for (const [name, version] of [[DEMO, "2"], [DEMO_V1, "1"]] as const) {
    const params = { path: { name } };
    const { config } = (await found("service", name)) ?? {};
    if (!config) await api.POST("/api/v1/services/{name}:import", { params, body: { description: description(version), routes: "prefix", version } as never });
    if ((config?.state ?? "draft") === "draft") await api.POST("/api/v1/services/{name}:publish", { params, body: {} as never });
  }
  await apply({ objects, applications, subscriptions, reason: "the demo" });
  const service = await body(api.GET("/api/v1/services/{name}", { params: { path: { name: DEMO } } }));
  if ((service.config.visibility ?? "private") === "private") await share(service as unknown as AnyObject);
  const sunset_at = new Date(Date.now() + SUNSET_MS).toISOString().replace(/\.\d+Z$/, "Z");
  await api.POST("/api/v1/services/{name}:deprecate", { params: { path: { name: DEMO_V1 } }, body: { sunset_at, successor: DEMO } as never });
  const made = await body(api.POST("/api/v1/applications/{name}/credentials", { params: { path: { name: DEMO_APPLICATION } }, body: { name: "demo" } as never }));
  return made.secret ?? "";
}

async function share({ name, id, revision }: AnyObject) {
  await (api as unknown as { PATCH: (path: string, options: object) => Promise<unknown> }).PATCH(`/api/v1/services/${name}`, {
    body: { visibility: "signed_in" },
    headers: { "if-match": `"${id}.${revision}"` },
  });
}

async function found(kind: string, name: string) {
  try {
    return await readObject(kind, name);
  } catch (error) {
    if (error instanceof Refusal && error.status === 404) return undefined;
    throw error;
  }
}

/** Removes whatever of it is there, all of it or nothing. */
export async function removeDemo() {
  const there = await Promise.all(all.map(async (one) => ((await found(one.kind, one.name))?.origin === "database" ? one : undefined)));
  const gone = there.filter((one) => one !== undefined).map((one) => ({ ...one, config: null }));
  const names = new Set((await body(api.GET("/api/v1/applications", { params: { query: { page_size: 200 } } as never }))).applications.map((one) => one.name));
  const apps = applications.filter((one) => names.has(one.name)).map(({ name }) => ({ name, gone: true }));
  await apply({ objects: gone, applications: apps, end_subscriptions: true, reason: "the demo" });
}

const calls: { service: string; method: string; path: string; body?: object }[] = [
  { service: DEMO, method: "GET", path: `/${DEMO}/items` },
  { service: DEMO, method: "GET", path: `/${DEMO}/orders?state=open` },
  { service: DEMO, method: "GET", path: `/${DEMO}/orders/ord_1042` },
  { service: DEMO, method: "POST", path: `/${DEMO}/orders`, body: { items: [{ sku: "TEA-0042" }] } },
  { service: DEMO_V1, method: "GET", path: `/${DEMO_V1}/items` },
  { service: DEMO_CHAT, method: "POST", path: `/${DEMO_CHAT}/v1/chat/completions`, body: { model: "demo-echo", messages: [{ role: "user", content: "Good morning" }] } },
];

/** Makes one of the demo's calls; some are wrong on purpose, as those of people are. */
export async function callDemo(turn: number, key: string | undefined) {
  // Without a key the shop lets nobody in; what needs none goes on.
  const fitting = key ? calls : calls.filter((one) => one.service !== DEMO);
  const one = fitting[turn % fitting.length];
  if (!one) return;
  const fields: [string, string][] = key && one.service === DEMO ? [["authorization", `Bearer ${turn % 17 === 5 ? "wrong" : key}`]] : [];
  if (one.body) fields.push(["content-type", "application/json"]);
  const answer = await call({ ...one, fields, body: one.body && JSON.stringify(one.body) });
  for await (const _ of texts(answer.body)) continue;
}
