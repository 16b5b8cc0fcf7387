// Two people: one publishes and decides at the console, the other finds, asks and calls at the portal.
import { ADMIN, PORTAL, WEB, ask, fits, hold, look, run, setUp, shade } from "./browser.mjs";

const pages = ["", "services/orders", "services/nothing", "applications", "applications/my-script", "notifications", "nowhere"];

await run(async ({ page }) => {
  const ada = await page();
  await setUp(ada);
  await ask(ada, "POST", "/api/v1/services/orders:import", { description: process.env.DESCRIPTION, routes: "prefix" });
  await ask(ada, "POST", "/api/v1/services/orders:publish", {});
  await ask(ada, "POST", "/api/v1/objects:apply", {
    objects: [
      { kind: "product", name: "shop", config: { name: "shop", title: "Everything for shops", services: ["orders"], visibility: "signed_in" } },
      {
        kind: "plan",
        name: "gold",
        config: {
          name: "gold",
          product: "shop",
          title: "Gold",
          approval: "by_hand",
          limits: { requests: "60/m" },
          questions: [{ name: "purpose", label: "What is it for?", required: true }],
        },
      },
      { kind: "upstream", name: "hidden", config: { name: "hidden", endpoints: [{ address: process.env.ORIGIN }] } },
      { kind: "service", name: "hidden", config: { name: "hidden", http: { upstream: "hidden" } } },
    ],
  });
  const tag = await ada.evaluate(async () => (await fetch("/api/v1/services/orders")).headers.get("etag"));
  await ada.evaluate(async (tag) => {
    const { csrf_token } = await (await fetch("/api/v1/session")).json();
    const headers = { "if-match": tag, "x-csrf-token": csrf_token, "content-type": "application/merge-patch+json" };
    await fetch("/api/v1/services/orders", { method: "PATCH", headers, body: '{"visibility":"signed_in"}' });
  }, tag);
  const invited = await ask(ada, "POST", "/api/v1/users", { email: "grace@example.com", display_name: "Grace" });

  // Grace comes in by her code, at the portal.
  const grace = await page({ origin: PORTAL });
  await grace.goto(`${PORTAL}/`);
  await grace.getByRole("heading", { name: "Sign in" }).waitFor();
  await look(grace, "sign-in");
  await grace.goto(`${PORTAL}/portal/invitation?user=${invited.user.id}`);
  await grace.getByLabel("Code").fill(invited.code);
  await grace.getByLabel("Password").fill("another long password");
  await grace.getByRole("button", { name: "Set the password" }).click();
  await grace.getByRole("link", { name: "Sign in" }).click();
  await grace.getByLabel("E-mail address").fill("grace@example.com");
  await grace.getByLabel("Password").fill("another long password");
  await grace.getByRole("button", { name: "Sign in" }).click();
  await grace.getByRole("heading", { name: "Catalogue", level: 1 }).waitFor();
  await grace.getByText("Everything for shops").waitFor();
  hold((await grace.getByText("hidden").count()) === 0, "what is private is in the catalogue");

  // One drawer, from the plan to the key.
  await grace.getByRole("link", { name: "orders" }).click();
  await grace.getByRole("button", { name: "Subscribe: Gold" }).click();
  const drawer = grace.getByRole("dialog");
  await drawer.getByLabel("Name of the application").fill("my-script");
  await drawer.getByLabel("What is it for?").fill("a report every morning");
  await look(grace, "subscribe");
  await drawer.getByRole("button", { name: "Subscribe" }).click();
  await drawer.getByText("waits for approval", { exact: false }).waitFor();
  await drawer.getByRole("button", { name: "New key" }).click();
  const key = await drawer.locator("pre").first().innerText();
  hold(/^arc_key_\w+$/.test(key), key);
  await drawer.getByRole("button", { name: "I have it" }).click();
  const call = () => fetch(`${WEB}/orders/`, { headers: { authorization: `Bearer ${key}` } });
  hold((await call()).status === 403, "let in before it was approved");

  await ada.goto(`${ADMIN}/console/approvals`);
  await ada.getByText("a report every morning").waitFor();
  await ada.getByRole("button", { name: "Approve" }).click();
  await ada.getByText("Nobody waits").waitFor();
  hold((await call()).status === 200, "not let in after it was approved");

  // She is told, and sees what she may still use; the reference tells the call that she has made.
  await grace.goto(`${PORTAL}/portal/notifications`);
  await grace.locator("main li").first().waitFor();
  await grace.getByRole("button", { name: "Mark all as read" }).click();
  await grace.getByRole("button", { name: "Mark all as read" }).waitFor({ state: "detached" });
  await grace.goto(`${PORTAL}/portal/applications/my-script`);
  await grace.getByText("left of 60 requests", { exact: false }).waitFor();
  await grace.goto(`${PORTAL}/portal/services/orders`);
  await grace.locator("summary", { hasText: "Makes an order" }).click();
  for (const language of ["JavaScript", "Python", "Go", "Rust", "Java", "curl"]) {
    await grace.getByRole("button", { name: language, exact: true }).click();
    await grace.locator("pre", { hasText: "Bearer $KEY" }).waitFor();
  }
  await look(grace, "an operation");

  const state = await grace.context().storageState();
  for (const [colorScheme, width, check] of [
    ["light", 1440, look],
    ["dark", 1440, shade],
    ["light", 360, fits],
  ]) {
    const one = await page({ origin: PORTAL, colorScheme, storageState: state, viewport: { width, height: 900 } });
    for (const path of pages) {
      await one.goto(`${PORTAL}/portal/${path}`);
      await one.locator("h1").waitFor();
      await check(one, `${path} ${colorScheme} ${width}`);
    }
    await one.context().close();
  }
  // What is of the console is nothing here.
  hold((await fetch(`${PORTAL}/console/`)).status === 404, "the console is at the portal");
});
