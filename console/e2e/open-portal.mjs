// The portal as those see it who have not signed in: what is public, and nothing else.
import { PORTAL, ask, hold, look, fits, shade, run, setUp } from "./browser.mjs";

await run(async ({ page }) => {
  const ada = await page();
  await setUp(ada);
  const empty = await page({ origin: PORTAL });
  await empty.goto(`${PORTAL}/`);
  await empty.getByRole("heading", { name: "Sign in" }).waitFor();
  hold((await (await fetch(`${PORTAL}/llms.txt`)).text()).includes("Nothing is offered"), "nothing is public, and something is told");

  for (const [name, visibility] of [["orders", "public"], ["inside", "signed_in"], ["own", "private"]]) {
    await ask(ada, "POST", `/api/v1/services/${name}:import`, { description: process.env.DESCRIPTION, routes: "prefix", prefix: `/${name}` });
    await ask(ada, "POST", `/api/v1/services/${name}:publish`, {});
    await share(ada, name, visibility);
  }
  await ask(ada, "POST", "/api/v1/objects:apply", {
    objects: [
      { kind: "product", name: "shop", config: { name: "shop", title: "Shops", description: "All about orders", services: ["orders", "inside"], visibility: "public" } },
      { kind: "plan", name: "free", config: { name: "free", product: "shop", title: "Free", limits: { requests: "60/m" } } },
      { kind: "provider", name: "pretend", config: { name: "pretend", kind: "mock", mock: { reply: { fixed: "one two three four five six" }, tokens_per_second: 5 } } },
      { kind: "model", name: "fast", config: { name: "fast", deployments: [{ provider: "pretend", model: "fixed" }] } },
      { kind: "service", name: "chat", config: { name: "chat", llm: { models: ["fast"] }, visibility: "public" } },
      { kind: "route", name: "chat", config: { name: "chat", match: [{ path: { prefix: "/chat" } }], service: "chat" } },
    ],
  });

  const nobody = await page({ origin: PORTAL });
  await nobody.goto(`${PORTAL}/`);
  await nobody.getByRole("link", { name: "orders", exact: true }).waitFor();
  hold((await nobody.getByText("inside").count()) === 0 && (await nobody.getByText("own", { exact: true }).count()) === 0, "more than what is public is told");
  await look(nobody, "the open catalogue");
  for (const path of ["services/orders", "services/inside", ""]) {
    for (const [more, check] of [[{ colorScheme: "dark" }, shade], [{ viewport: { width: 360, height: 800 } }, fits]]) {
      const one = await page({ origin: PORTAL, ...more });
      await one.goto(`${PORTAL}/portal/${path}`);
      await one.locator("h1").waitFor();
      await check(one, `${path} for nobody`);
      await one.context().close();
    }
  }
  // What is not public is not there, by whatever way it is asked for.
  for (const path of ["services/inside", "services/own", "services/inside/api", "services/own/versions", "applications", "subscriptions", "users", "teams"]) {
    const { status } = await fetch(`${PORTAL}/api/v1/${path}`);
    hold(status === 401 || status === 404, `${path} is answered ${status}`);
  }
  const told = JSON.stringify(await (await fetch(`${PORTAL}/api/v1/services/orders`)).json());
  hold(!/mock|upstream|policies|http/.test(told), told);
  const product = await (await fetch(`${PORTAL}/api/v1/products/shop`)).json();
  hold(JSON.stringify(product.config.services) === '["orders"]', JSON.stringify(product));

  // It can be tried where nothing more is asked for, and where a key is, that is said.
  await nobody.getByRole("link", { name: "orders", exact: true }).click();
  await nobody.getByText("All about orders").or(nobody.getByText("Free")).first().waitFor();
  await nobody.getByRole("link", { name: "Sign in to subscribe" }).waitFor();
  await nobody.locator("summary", { hasText: "Lists orders" }).click();
  const form = nobody.getByRole("form", { name: "Try it" });
  await form.getByRole("button", { name: "Send" }).click();
  await form.getByRole("status").getByText("401").waitFor();
  await look(nobody, "an operation that was tried");

  // A call that streams comes as it is said, and no other service is reached by this way.
  const asked = await nobody.evaluate(async () => {
    const body = JSON.stringify({ model: "fast", stream: true, messages: [{ role: "user", content: "hi" }] });
    const answer = await fetch("/portal/try/chat/chat/v1/chat/completions", { method: "POST", headers: { "x-try": "1", "try-content-type": "application/json" }, body });
    const reader = answer.body.getReader();
    let pieces = 0;
    let last = 0;
    let longest = 0;
    for (;;) {
      const { done } = await reader.read();
      if (done) break;
      if (last) longest = Math.max(longest, performance.now() - last);
      last = performance.now();
      pieces += 1;
    }
    const { headers, status } = answer;
    return { status, own: headers.get("try-status"), type: headers.get("content-type"), deployment: headers.get("try-x-architrave-deployment"), pieces, longest };
  });
  hold(asked.status === 200 && asked.own === "200" && asked.type === "application/octet-stream", JSON.stringify(asked));
  hold(asked.pieces > 3 && asked.longest > 50, `it did not come piece by piece: ${JSON.stringify(asked)}`);
  const tried = (path, headers = { "x-try": "1" }) => fetch(`${PORTAL}/portal/try/${path}`, { headers });
  const elsewhere = await tried("chat/inside/");
  hold(elsewhere.status === 200 && elsewhere.headers.get("try-status") === "404", "another service was reached");
  for (const path of ["inside/inside/", "own/own/", "nothing/"]) hold((await tried(path)).status === 404, `${path} may be tried`);
  hold((await tried("chat/chat/", {})).status === 403, "a call without the mark of the pages is relayed");
  hold((await fetch(`${PORTAL}/portal/try/chat/chat/`, { headers: { "x-try": "1", origin: "http://elsewhere.example" } })).status === 403, "another page may call");

  // The same to read for programs.
  const guide = await (await fetch(`${PORTAL}/llms.txt`)).text();
  hold(/\[orders\]\(portal\/services\/orders\.md\): All about orders/.test(guide) && !guide.includes("inside"), guide);
  const text = await (await fetch(`${PORTAL}/portal/services/orders.md`)).text();
  hold(/- Free \(`free`\), requests 60\/m/.test(text) && /`GET \/orders\/`: Lists orders/.test(text), text);
  hold((await fetch(`${PORTAL}/portal/services/inside.md`)).status === 404, "a text says what is not public");

  // Whoever signs in goes on where they were.
  await nobody.getByRole("link", { name: "Sign in to subscribe" }).click();
  await nobody.getByLabel("E-mail address").fill("ada@example.com");
  await nobody.getByLabel("Password").fill("a long password");
  await nobody.getByRole("button", { name: "Sign in" }).click();
  await nobody.getByRole("button", { name: "Subscribe: Free" }).waitFor();
  hold(nobody.url().endsWith("/portal/services/orders"), nobody.url());
  hold((await nobody.getByRole("link", { name: "My applications" }).count()) === 1, "it is not for who has signed in");
});

function share(page, name, visibility) {
  return page.evaluate(
    async ([name, visibility]) => {
      const tag = (await fetch(`/api/v1/services/${name}`)).headers.get("etag");
      const { csrf_token } = await (await fetch("/api/v1/session")).json();
      const headers = { "if-match": tag, "x-csrf-token": csrf_token, "content-type": "application/merge-patch+json" };
      const answer = await fetch(`/api/v1/services/${name}`, { method: "PATCH", headers, body: JSON.stringify({ visibility }) });
      if (!answer.ok) throw new Error(await answer.text());
    },
    [name, visibility],
  );
}
