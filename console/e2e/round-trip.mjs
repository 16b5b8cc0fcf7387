// An application, its key, a plan that is asked for and granted, a call that is let in, and what the
// log says of it; then the key is revoked.
import { ADMIN, WEB, ask, hold, run, setUp } from "./browser.mjs";

await run(async ({ page }) => {
  const ada = await page();
  await setUp(ada);
  await ask(ada, "POST", "/api/v1/services/orders:import", { description: process.env.DESCRIPTION, routes: "prefix" });
  await ask(ada, "POST", "/api/v1/services/orders:publish", {});
  await ask(ada, "POST", "/api/v1/objects:apply", {
    objects: [
      { kind: "product", name: "shop", config: { name: "shop", services: ["orders"] } },
      {
        kind: "plan",
        name: "gold",
        config: {
          name: "gold",
          product: "shop",
          approval: "by_hand",
          limits: { requests: "60/m" },
          questions: [{ name: "purpose", label: "What is it for?", required: true }],
        },
      },
    ],
  });
  const call = (key) => fetch(`${WEB}/orders/`, { headers: { "x-api-key": key } });
  const form = ada.getByRole("dialog");

  await ada.goto(`${ADMIN}/console/applications`);
  await ada.getByRole("button", { name: "New application" }).click();
  await form.getByLabel("Name").fill("tills");
  await form.getByRole("button", { name: "Make" }).click();
  await ada.getByRole("heading", { name: "tills", level: 1 }).waitFor();
  await ada.getByRole("button", { name: "New key" }).click();
  await form.getByRole("button", { name: "New key" }).click();
  await form.getByText("This is the key.", { exact: false }).waitFor();
  const key = await form.locator("pre").first().innerText();
  hold(/^arc_key_\w+$/.test(key), key);
  await form.getByRole("button", { name: "I have it" }).click();
  await form.waitFor({ state: "hidden" });
  hold(!(await ada.content()).includes(key), "the key is still in the page");
  hold((await call(key)).status === 403, "let in without a subscription");

  await ada.getByRole("button", { name: "Subscribe" }).click();
  await form.getByLabel("What is it for?").fill("the shops");
  await form.getByRole("button", { name: "Subscribe" }).click();
  await ada.getByText("waits for approval").waitFor();
  hold((await call(key)).status === 403, "let in before it was approved");
  await ada.getByRole("link", { name: "Approvals" }).click();
  await ada.getByText("the shops").waitFor();
  await ada.getByRole("button", { name: "Approve" }).click();
  await ada.getByText("Nobody waits").waitFor();
  hold((await call(key)).status === 200, "not let in after it was approved");

  // What was refused is in the log, with who refused it; what goes through is watched as it does.
  await ada.getByRole("link", { name: "Traffic" }).click();
  await ada.getByRole("link", { name: "GET /orders/" }).first().click();
  await ada.getByText("refused").waitFor();
  await ada.goto(`${ADMIN}/console/traffic?live=true`);
  await ada.getByText("Nothing has come yet.").waitFor();
  await Promise.all([ada.getByRole("row", { name: /200.*\/orders\// }).first().waitFor(), repeat(() => call(key), ada)]);

  await ada.goto(`${ADMIN}/console/applications/tills`);
  await ada.getByText("requests left of 60 requests", { exact: false }).waitFor();
  await ada.getByRole("button", { name: "Revoke" }).click();
  await form.getByRole("button", { name: "Revoke" }).click();
  await ada.getByText("revoked").waitFor();
  hold((await call(key)).status === 401, "a revoked key lets in");
  await ada.getByRole("button", { name: "Delete" }).click();
  await form.getByRole("button", { name: "Delete" }).click();
  await ada.getByText("No applications yet").waitFor();
});

/** Calls until what is watched for is there: whoever watches may begin to a moment later. */
async function repeat(call, page) {
  while ((await page.getByRole("row").count()) < 2) await call();
}
