// Forms of objects: saved unchanged, an object is what it was; where one thing is changed, all else
// is as it was, what the form does not show included; and a change by somebody else is not lost.
import { ADMIN, ask, hold, look, lookAround, run, setUp } from "./browser.mjs";

const objects = [
  { kind: "upstream", name: "origin", config: { name: "origin", balance: "least_request", endpoints: [{ address: process.env.ORIGIN, weight: 2 }, { address: "127.0.0.1:9", priority: 1 }], health: { active: { check: { http: { path: "/healthz", expect: ["200-299"] } }, interval: "5s" } }, retry: { attempts: 2, retry_on: ["502"] } } },
  { kind: "service", name: "orders", config: { name: "orders", http: { upstream: "origin" }, version: "1", policies: { body_limit: { request: "1MiB" } } } },
  { kind: "route", name: "orders", config: { name: "orders", match: [{ path: { prefix: "/orders" }, methods: ["GET", "POST"], headers: { "x-tenant": { exact: "acme" } } }], service: "orders", timeout: "30s", policies: { key_auth: { headers: ["x-api-key"] }, rate_limit: { rate: "100/s", key: { consumer: {} } }, headers: { request: { set: { "x-edge": "a" }, remove: ["x-debug"] } } } } },
  { kind: "consumer", name: "mobile", config: { name: "mobile", credentials: [{ api_key: "a-key-of-some-length" }], models: ["fast"], limits: { requests: "1000/m" }, budgets: [{ money: "50 USD", per: "month" }] } },
  { kind: "provider", name: "pretend", config: { name: "pretend", kind: "mock", mock: { reply: { fixed: "hello" }, first_token: "10ms" } } },
  { kind: "provider", name: "lab", config: { name: "lab", kind: "openai_compatible", upstream: "origin", credentials: [{ name: "first", value: "hush-hush", weight: 3 }, { name: "second", value: "hush-too" }] } },
  { kind: "model", name: "fast", config: { name: "fast", strategy: "priority", deployments: [{ provider: "lab", model: "x", limits: { requests: "500/m" } }, { provider: "pretend", model: "fixed", priority: 1 }], fallbacks: ["slow"] } },
  { kind: "model", name: "slow", config: { name: "slow", deployments: [{ provider: "pretend", model: "echo" }] } },
  { kind: "product", name: "shop", config: { name: "shop", title: "Shop", services: ["orders"], visibility: "signed_in" } },
  { kind: "plan", name: "gold", config: { name: "gold", product: "shop", limits: { requests: "60/m" }, approval: "by_hand", questions: [{ name: "why", label: "Why?", required: true }], credentials: { api_key: {} } } },
  { kind: "mcp_server", name: "tools", config: { name: "tools", http: { url: "http://127.0.0.1:9/mcp", headers: { "x-a": "b" } } } },
];
const plural = (kind) => (kind === "policies" ? kind : `${kind}s`.replace(/ys$/, "ies"));

/** In each form, one field that is changed: what it is called, what it becomes, and where that is. */
const changes = {
  upstream: ["weight", "5", (config) => (config.endpoints[0].weight = 5)],
  service: ["version", "2", (config) => (config.version = "2")],
  route: ["rate", "7/s", (config) => (config.policies.rate_limit.rate = "7/s")],
  consumer: ["requests", "9/m", (config) => (config.limits.requests = "9/m")],
  provider: ["first_token", "20ms", (config) => (config.mock.first_token = "20ms")],
  model: ["provider", "pretend", (config) => (config.deployments[0].provider = "pretend")],
  product: ["title", "The shop", (config) => (config.title = "The shop")],
  plan: ["requests", "61/m", (config) => (config.limits.requests = "61/m")],
  mcp_server: ["url", "http://127.0.0.1:9/other", (config) => (config.http.url = "http://127.0.0.1:9/other")],
};

await run(async ({ page }) => {
  const ada = await page();
  await setUp(ada);
  await ask(ada, "POST", "/api/v1/objects:apply", { objects });
  const read = (kind, name) => ask(ada, "GET", `/api/v1/${plural(kind)}/${name}`);
  const saved = ada.getByText("Saved at", { exact: false });
  const save = ada.getByRole("button", { name: "Save", exact: true });
  const open = async (kind, name) => {
    await ada.goto(`${ADMIN}/console/objects/${kind}/${name}`);
    await save.waitFor();
  };

  for (const { kind, name } of objects) {
    await open(kind, name);
    await (kind === "route" ? lookAround : look)(ada, `the form of ${kind} ${name}`);
    const before = await read(kind, name);
    await ada.getByText("Nothing is changed.").waitFor();
    await save.click();
    await saved.waitFor();
    hold(same(await read(kind, name), before), `${kind} ${name}, saved unchanged, is another`);
  }
  for (const [kind, [label, value, change]] of Object.entries(changes)) {
    const { name } = objects.find((one) => one.kind === kind);
    const before = await read(kind, name);
    await open(kind, name);
    await ada.getByLabel(label, { exact: true }).first().fill(value);
    await save.click();
    await saved.waitFor();
    change(before.config);
    const { config } = await read(kind, name);
    hold(same(config, before.config), `${kind}: ${JSON.stringify(config)} is not ${JSON.stringify(before.config)}`);
  }
  // Both secrets of the provider are there still: asked with what is stored, it is not missing any.
  await open("provider", "lab");
  await ada.getByLabel("weight", { exact: true }).first().fill("4");
  await save.click();
  await saved.waitFor();
  hold((await read("provider", "lab")).config.credentials.every((one) => one.value.has_value), "a secret is gone");
  hold(!(await ada.content()).includes("hush"), "a secret is shown");

  // What the schema of this form does not know goes through it untouched.
  const strange = { unheard_of: { deep: [1, { a: null }] }, also: "this" };
  await ada.route("**/api/v1/products/shop", async (route) => {
    if (route.request().method() === "PATCH") {
      hold(same(route.request().postDataJSON(), { title: "Third" }), `sent: ${route.request().postData()}`);
      return route.continue();
    }
    const answer = await route.fetch();
    const json = await answer.json();
    return route.fulfill({ response: answer, json: { ...json, config: { ...json.config, ...strange } } });
  });
  await open("product", "shop");
  await ada.getByText("Kept as they are: unheard_of, also.").waitFor();
  await ada.getByLabel("title", { exact: true }).fill("Third");
  await save.click();
  await saved.waitFor();
  await ada.unroute("**/api/v1/products/shop");

  // Somebody else was quicker: both changes are told, and one button has both.
  await open("model", "fast");
  await ada.getByLabel("model", { exact: true }).first().fill("y");
  const seen = await read("model", "fast");
  await change(ada, "models/fast", seen, { strategy: "weighted" });
  await save.click();
  const merging = ada.getByRole("alert", { name: "It was changed by somebody else" });
  await merging.waitFor();
  await merging.getByText("strategy:", { exact: false }).waitFor();
  await look(ada, "a merge");
  await merging.getByRole("button", { name: "Put my changes over theirs" }).click();
  await save.click();
  await saved.waitFor();
  const merged = (await read("model", "fast")).config;
  hold(merged.strategy === "weighted" && merged.deployments[0].model === "y", JSON.stringify(merged));

  // Anew: what is wrong is told where it is; policies come in order; a provider is tested first.
  await ada.goto(`${ADMIN}/console/new/plan?from=shop`);
  await ada.getByLabel("name", { exact: true }).fill("silver");
  await ada.getByLabel("requests", { exact: true }).fill("many");
  await ada.getByRole("button", { name: "Make", exact: true }).click();
  await ada.getByLabel("requests", { exact: true }).and(ada.locator("[aria-invalid=true]")).waitFor();
  await ada.getByLabel("requests", { exact: true }).fill("5/m");
  await ada.getByRole("button", { name: "Make", exact: true }).click();
  await ada.getByRole("heading", { name: "Products", level: 1 }).waitFor();
  await ada.getByRole("link", { name: "silver" }).waitFor();
  await ada.goto(`${ADMIN}/console/new/policies`);
  await ada.getByLabel("Add a policy").selectOption("body_limit");
  await ada.getByLabel("Add a policy").selectOption("ip_filter");
  const yaml = await ada.locator("pre").first().innerText();
  hold(/body_limit/.test(yaml) && /ip_filter/.test(yaml), yaml);
  const order = await ada.locator("form legend").allInnerTexts();
  hold(order.indexOf("ip_filter") < order.indexOf("body_limit"), `not in the order in which they run: ${order}`);
  await ada.goto(`${ADMIN}/console/new/provider`);
  await ada.getByLabel("name", { exact: true }).first().fill("far");
  await ada.getByLabel("kind", { exact: true }).fill("openai_compatible");
  await ada.getByRole("button", { name: "Test", exact: true }).click();
  await ada.getByRole("dialog").getByRole("alert").waitFor();
  await ada.getByRole("dialog").getByRole("button", { name: "Close" }).click();

  // What others need does not go, and says who needs it.
  await open("provider", "pretend");
  await ada.getByRole("button", { name: "Delete" }).click();
  await ada.getByRole("dialog").getByText("It cannot go yet:").waitFor();
  await ada.getByRole("dialog").getByText("no provider is named", { exact: false }).first().waitFor();
  hold(await ada.getByRole("dialog").getByRole("button", { name: "Delete" }).isDisabled(), "it may go all the same");
});

function change(page, path, { id, revision }, patch) {
  return page.evaluate(
    async ([path, tag, patch]) => {
      const { csrf_token } = await (await fetch("/api/v1/session")).json();
      const headers = { "if-match": tag, "x-csrf-token": csrf_token, "content-type": "application/merge-patch+json" };
      const answer = await fetch(`/api/v1/${path}`, { method: "PATCH", headers, body: JSON.stringify(patch) });
      if (!answer.ok) throw new Error(await answer.text());
    },
    [path, `"${id}.${revision}"`, patch],
  );
}

function same(one, other) {
  const sorted = (value) =>
    Array.isArray(value) ? value.map(sorted) : value && typeof value === "object" ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, inner]) => [key, sorted(inner)])) : value;
  return JSON.stringify(sorted(one)) === JSON.stringify(sorted(other));
}
