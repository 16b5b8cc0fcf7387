// Every page: reachable, whole in light and dark, wide and narrow, in both languages.
import { readFileSync } from "node:fs";
import { createServer, request } from "node:http";
import { ADMIN, ask, fits, hold, look, run, setUp, shade } from "./browser.mjs";

const source = readFileSync(new URL("../src/i18n/en.ts", import.meta.url), "utf8");
// Those alone that no word of a language and no name of a thing is.
const keys = [...source.matchAll(/^ {2}(\w+_\w+):/gm)].map(([, key]) => key).filter((key) => !/^(request_id|trace_id)$/.test(key));

const pages = [
  "",
  "?range=7d",
  "services",
  "services/demo",
  "services/demo?tab=routes",
  "services/demo?tab=upstream",
  "services/demo?tab=life",
  "services/demo?tab=subscribers",
  "services/orders?tab=api",
  "services/orders?tab=revisions",
  "services/nothing",
  "models",
  "products",
  "objects",
  "new/nothing",
  "applications",
  "applications/tills",
  "approvals",
  "traffic",
  "traffic?status=400",
  "settings",
  "settings?tab=teams",
  "settings?tab=audit",
  "nowhere",
];

await run(async ({ page }) => {
  const ada = await page();
  await ada.goto(`${ADMIN}/console/`);
  await ada.getByLabel("Setup code").waitFor();
  await look(ada, "set-up");
  await setUp(ada);
  await look(ada, "home while there is nothing");
  await ada.goto(`${ADMIN}/console/services`);
  await ada.getByText("No services yet").waitFor();
  await look(ada, "services while there are none");
  await ask(ada, "POST", "/api/v1/objects:apply", {
    objects: [
      { kind: "upstream", name: "demo", config: { name: "demo", endpoints: [{ address: process.env.ORIGIN }] } },
      { kind: "service", name: "demo", config: { name: "demo", http: { upstream: "demo" } } },
      { kind: "route", name: "demo", config: { name: "demo", service: "demo" } },
    ],
  });
  await ask(ada, "POST", "/api/v1/services/orders:import", { description: process.env.DESCRIPTION, routes: "prefix" });
  await ask(ada, "POST", "/api/v1/objects:apply", {
    objects: [
      { kind: "provider", name: "pretend", config: { name: "pretend", kind: "mock" } },
      { kind: "model", name: "fast", config: { name: "fast", deployments: [{ provider: "pretend", model: "echo" }] } },
      { kind: "product", name: "shop", config: { name: "shop", services: ["orders"] } },
      { kind: "plan", name: "gold", config: { name: "gold", product: "shop", approval: "by_hand", limits: { requests: "60/m" } } },
    ],
  });
  await ask(ada, "POST", "/api/v1/services/orders:publish", {});
  await ask(ada, "POST", "/api/v1/teams", { name: "blue" });
  await ask(ada, "POST", "/api/v1/applications", { name: "tills", description: "in shops" });
  await ask(ada, "POST", "/api/v1/applications/tills/credentials", { name: "first" });
  await ask(ada, "POST", "/api/v1/applications/tills/subscriptions", { plan: "gold" });
  const state = await ada.context().storageState();

  // The themes differ in colours alone, and a narrow window in its layout.
  for (const [colorScheme, width, check] of [
    ["light", 1440, look],
    ["dark", 1440, shade],
    ["light", 360, fits],
  ]) {
    const one = await page({ colorScheme, storageState: state, viewport: { width, height: 900 } });
    for (const path of pages) {
      await one.goto(`${ADMIN}/console/${path}`);
      await one.locator("h1").waitFor();
      await check(one, `${path} ${colorScheme} ${width}`);
    }
    await one.context().close();
  }

  // The other language, complete: no key is left where a word should be.
  const chinese = await page({ storageState: state, locale: "zh-CN" });
  for (const path of pages) {
    await chinese.goto(`${ADMIN}/console/${path}`);
    await chinese.locator("h1").waitFor();
    const text = await chinese.locator("body").innerText();
    const bare = keys.find((key) => new RegExp(`\\b${key}\\b`).test(text));
    hold(!bare, `${path} shows ${bare} where a word should be`);
  }
  hold((await chinese.locator("html").getAttribute("lang")) === "zh-CN", "the language is not said");
  await chinese.context().close();

  // Behind a proxy that has the gateway below a path, the pages find their files, the API and each
  // other by that path.
  const proxy = await below("/gw");
  const origin = `http://127.0.0.1:${proxy.address().port}`;
  const far = await page({ storageState: state, origin });
  await far.goto(`${origin}/gw/console/services`);
  await far.getByRole("link", { name: "demo" }).click();
  await far.getByRole("heading", { name: "demo", level: 1 }).waitFor();
  hold(far.url() === `${origin}/gw/console/services/demo`, far.url());
  await far.reload();
  await far.getByRole("heading", { name: "demo", level: 1 }).waitFor();
  await far.context().close();
  proxy.close();
});

/** A proxy that takes a path off what it passes on, and says so. */
async function below(prefix) {
  const { hostname, port } = new URL(ADMIN);
  const server = createServer((asked, answer) => {
    if (!asked.url.startsWith(`${prefix}/`)) return answer.writeHead(404).end();
    const headers = { ...asked.headers, "x-forwarded-prefix": prefix };
    const passed = request({ hostname, port, method: asked.method, path: asked.url.slice(prefix.length), headers }, (got) => {
      answer.writeHead(got.statusCode, got.headers);
      got.pipe(answer);
    });
    passed.on("error", () => answer.destroy());
    asked.pipe(passed);
  });
  await new Promise((ready) => server.listen(0, "127.0.0.1", ready));
  return server;
}
