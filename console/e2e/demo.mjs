// The demo: made in one click with traffic, looked at from all sides, and removed in one click.
import { ADMIN, WEB, ask, hold, lookAround, run, setUp } from "./browser.mjs";

await run(async ({ page }) => {
  const ada = await page();
  await setUp(ada);
  const before = await everything(ada);
  await ada.getByRole("button", { name: /Explore the demo/ }).click();
  await ada.getByText("The demo is here.").waitFor();
  await lookAround(ada, "home with the demo");
  await ada.getByText("demo-shop-v1 ends", { exact: false }).waitFor();
  await ada.getByText("1 subscription waits for approval").waitFor();
  await ada.getByRole("region", { name: "Busiest services" }).getByRole("link", { name: "demo-shop", exact: true }).waitFor();

  // The key that is shown lets in, from outside as well, until its plan has enough.
  const command = await ada.locator("pre").first().innerText();
  const [, key] = /Bearer (arc_key_\w+)"$/.exec(command) ?? [];
  hold(key, command);
  const call = () => fetch(`${WEB}/demo-shop/items`, { headers: { authorization: `Bearer ${key}` } });
  const statuses = new Set();
  for (let time = 0; time < 40; time += 1) statuses.add((await call()).status);
  hold([...statuses].every((status) => status === 200 || status === 429) && statuses.has(429), `answered ${[...statuses]}`);

  // Its model answers two at once, piece by piece, and says what that took.
  await ada.goto(`${ADMIN}/console/playground?model=demo-fixed&beside=demo-echo`);
  await ada.getByLabel("Message").fill("Good morning, demo");
  await ada.getByRole("button", { name: "Send" }).click();
  const [one, other] = [ada.getByRole("region", { name: "demo-fixed" }), ada.getByRole("region", { name: "demo-echo" })];
  await one.getByText("demo-models/fixed").waitFor();
  await other.getByText("demo-models/echo").waitFor();
  await one.getByText("watch one come in piece by piece.", { exact: false }).waitFor();
  hold((await other.getByText("Good morning, demo").count()) === 2, "what was said is not what came back");
  await lookAround(ada, "the playground");
  // A model that there is not is refused, in its own words, and nothing else is lost.
  await ada.getByLabel("And beside it").fill("no-such-model");
  await ada.getByLabel("Message").fill("And you?");
  await ada.getByRole("button", { name: "Send" }).click();
  await ada.getByRole("alert").getByText("no-such-model", { exact: false }).waitFor();

  await ada.goto(`${ADMIN}/console/services/demo-shop?tab=api`);
  await ada.locator("summary", { hasText: "Shows an order" }).click();
  const form = ada.getByRole("form", { name: "Try it" });
  await form.getByLabel("Key").fill("arc_key_wrong");
  await form.getByRole("button", { name: "Send" }).click();
  await form.getByRole("status").getByText("401").waitFor();
  await ada.locator("pre", { hasText: "Bearer arc_key_wrong" }).waitFor();

  await ada.goto(`${ADMIN}/console/analytics?by=service&and=class&range=1h`);
  await ada.getByRole("row", { name: /demo-shop.*4xx/ }).waitFor();
  await lookAround(ada, "analytics");
  const [file] = await Promise.all([ada.waitForEvent("download"), ada.getByRole("link", { name: "Export as CSV" }).click()]);
  hold(file.suggestedFilename() === "usage-service-class-1h.csv", file.suggestedFilename());

  await ada.goto(`${ADMIN}/console/`);
  await ada.getByRole("button", { name: "Remove the demo" }).click();
  await ada.getByRole("dialog").getByRole("button", { name: "Remove the demo" }).click();
  await ada.getByRole("button", { name: /Explore the demo/ }).waitFor();
  hold((await everything(ada)) === before, `${await everything(ada)} is left`);
  hold((await call()).status === 404, "it is served still");
});

async function everything(page) {
  const kinds = ["services", "routes", "upstreams", "products", "plans", "models", "providers", "applications"];
  const lists = await Promise.all(kinds.map((kind) => ask(page, "GET", `/api/v1/${kind}`)));
  return JSON.stringify(lists.map((list, at) => list[kinds[at]].map((one) => one.name)));
}
