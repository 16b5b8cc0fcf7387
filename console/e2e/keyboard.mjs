// The keyboard alone: signing in, going to a list, opening what is in it and leaving a dialog.
import { ADA, ADMIN, hold, run, setUp } from "./browser.mjs";

const ROWS = 10_000;
const OPERATIONS = 3000;

await run(async ({ page }) => {
  const ada = await page();
  await setUp(ada);
  await ada.getByRole("button", { name: "Sign out" }).click();
  await ada.getByRole("heading", { name: "Sign in" }).waitFor();
  // The first field has the focus, and Enter sends the form.
  await ada.keyboard.type(ADA.email);
  await ada.keyboard.press("Tab");
  await ada.keyboard.type(ADA.password);
  await ada.keyboard.press("Enter");
  await ada.getByRole("heading", { name: "Home", level: 1 }).waitFor();

  await ada.locator("body").focus();
  await ada.keyboard.press("Tab");
  hold(await focused(ada, "Skip to the content"), "the first stop is not the way to the content");
  await ada.keyboard.press("Enter");
  hold(await ada.evaluate(() => document.activeElement?.id === "content"), "it does not lead there");

  await reach(ada, /Add a server/);
  await ada.keyboard.press("Enter");
  const dialog = ada.getByRole("dialog");
  await dialog.waitFor();
  hold(await ada.evaluate(() => !!document.activeElement?.closest("dialog")), "the focus is not in the dialog");
  await ada.keyboard.press("Escape");
  await dialog.waitFor({ state: "hidden" });
  hold(await focused(ada, "Add a server"), "the focus has not come back");

  await ada.keyboard.press("Control+k");
  await dialog.waitFor();
  await ada.keyboard.type("traf");
  await ada.keyboard.press("Enter");
  await ada.getByRole("heading", { name: "Traffic", level: 1 }).waitFor();

  // A list of ten thousand is drawn in part, and found by a word.
  const rows = Array.from({ length: ROWS }, (_, at) => ({ kind: "service", name: `service-${at}`, id: null, origin: "file", config: { name: `service-${at}`, http: {} } }));
  await ada.route("**/api/v1/services?*", (route) => route.fulfill({ json: { services: rows, next_page_token: null } }));
  await ada.goto(`${ADMIN}/console/services`);
  await ada.getByText(`${ROWS} rows`).waitFor();
  hold((await ada.locator("tbody tr").count()) < 200, "every row is drawn");
  await ada.evaluate(() => scrollTo(0, document.body.scrollHeight));
  await ada.getByText(`service-${ROWS - 1}`, { exact: true }).waitFor();
  await ada.getByRole("searchbox").fill("service-4242");
  await ada.getByText("1 row", { exact: true }).waitFor();
  hold(ada.url().includes("q=service-4242"), "the address does not remember the filter");
  await ada.reload();
  await ada.getByText("1 row", { exact: true }).waitFor();

  // So is a description of some megabytes, whose every schema refers to others and to itself.
  const description = large();
  hold(description.length > 5_000_000, `it has ${description.length} bytes`);
  const service = { kind: "service", name: "large", id: null, origin: "database", config: { name: "large", http: {} } };
  await ada.route("**/api/v1/services/large", (route) => route.fulfill({ json: service }));
  await ada.route("**/api/v1/services/large/api", (route) => route.fulfill({ body: description }));
  await ada.route("**/api/v1/services/large/lint", (route) => route.fulfill({ json: { findings: [] } }));
  await ada.goto(`${ADMIN}/console/services/large?tab=api`);
  await ada.getByText(`${OPERATIONS} operations`).waitFor();
  await ada.getByRole("searchbox").fill("things/1234/");
  await ada.getByText("1 operation", { exact: true }).waitFor();
  await ada.locator("summary", { hasText: "/things/1234/" }).click();
  await ada.locator("pre", { hasText: "curl" }).waitFor();
});

function large() {
  const paths = {};
  const schemas = {};
  for (let at = 0; at < OPERATIONS; at += 1) {
    const schema = { $ref: `#/components/schemas/Thing${at}` };
    const content = { "application/json": { schema } };
    const parameters = [{ name: "id", in: "path", required: true, schema: { type: "string" } }];
    const post = { tags: [`group ${at % 40}`], summary: `Does the thing ${at}`, parameters, requestBody: { content }, responses: { 200: { description: "Done", content } } };
    paths[`/things/${at}/{id}`] = { post };
    const next = { $ref: `#/components/schemas/Thing${(at + 1) % OPERATIONS}` };
    const members = Array.from({ length: 14 }, (_, member) => [`member_${member}`, { type: "string", description: `What the member ${member} of the thing ${at} is for` }]);
    schemas[`Thing${at}`] = { type: "object", properties: { ...Object.fromEntries(members), self: schema, next } };
  }
  return JSON.stringify({ openapi: "3.1.0", info: { title: "Large", version: "1" }, paths, components: { schemas } });
}

async function focused(page, text) {
  return (await page.evaluate(() => document.activeElement?.textContent ?? "")).includes(text);
}

/** Goes on by Tab until the focus is on what has this text. */
async function reach(page, text) {
  for (let stop = 0; stop < 40; stop += 1) {
    await page.keyboard.press("Tab");
    if (text.test(await page.evaluate(() => document.activeElement?.textContent ?? ""))) return;
  }
  throw new Error(`${text} cannot be reached by Tab`);
}
