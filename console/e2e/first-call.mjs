// From the code of the first start to a call that is answered, by the pages alone.
import { ADA, ADMIN, WEB, hold, run, setUp } from "./browser.mjs";

await run(async ({ page }) => {
  const ada = await page();
  // A code that is wrong says so, and what was filled in is still there.
  await ada.goto(`${ADMIN}/`);
  await ada.getByLabel("Setup code").fill("AAAA-AAAA");
  await ada.getByLabel("Your name").fill("Ada");
  await ada.getByLabel("E-mail address").fill(ADA.email);
  await ada.getByLabel("Password").fill(ADA.password);
  await ada.getByRole("button", { name: "Set up" }).click();
  await ada.getByRole("alert").waitFor();
  hold((await ada.getByLabel("E-mail address").inputValue()) === ADA.email, "what was filled in is gone");
  await setUp(ada);

  await ada.getByRole("button", { name: /Add a server/ }).click();
  const form = ada.getByRole("dialog");
  await form.getByLabel("Name").fill("demo");
  await form.getByLabel("Address of the server").fill(process.env.ORIGIN);
  await form.getByRole("button", { name: "Make the service" }).click();
  await ada.getByRole("heading", { name: "demo", level: 1 }).waitFor();
  hold(ada.url().endsWith("/console/services/demo"), ada.url());
  // What the page says to type, typed.
  const command = await ada.locator("pre").first().innerText();
  hold(/^curl http:\/\/127\.0\.0\.1:\d+\/demo$/.test(command), command);
  const answer = await fetch(`${WEB}/demo`);
  hold(answer.status === 200, `the call was answered ${answer.status}`);
  await ada.getByRole("link", { name: "Upstream" }).click();
  await ada.getByText("healthy", { exact: true }).waitFor();
  await ada.getByText("100 %").waitFor();

  // A description is checked, then made; it is a draft until it is published.
  await ada.getByRole("link", { name: "Services" }).click();
  await ada.getByRole("button", { name: "Import an API" }).click();
  await form.getByLabel("Name").fill("orders");
  await form.getByLabel("Description").fill("openapi: 3.1.0");
  await form.getByRole("button", { name: "Check" }).click();
  await form.getByRole("alert").waitFor();
  await form.getByLabel("Description").fill(process.env.DESCRIPTION);
  await form.getByRole("button", { name: "Check" }).click();
  await form.getByText("This can be imported.").waitFor();
  await form.getByRole("button", { name: "Import" }).click();
  await ada.getByRole("heading", { name: "orders", level: 1 }).waitFor();
  await ada.getByRole("link", { name: "API", exact: true }).click();
  await ada.locator("summary", { hasText: "Lists orders" }).click();
  await ada.getByText("Only those in this state").waitFor();
  hold((await fetch(`${WEB}/orders/`)).status === 404, "a draft is served");
  await ada.getByRole("link", { name: "Life" }).click();
  await ada.getByRole("button", { name: "Publish" }).click();
  await form.getByRole("button", { name: "Publish" }).click();
  await form.waitFor({ state: "hidden" });
  hold((await fetch(`${WEB}/orders/`)).status === 200, "what was published is not served");
  await ada.getByRole("link", { name: "Revisions" }).click();
  await ada.getByRole("button", { name: "Compare" }).first().click();
  await form.getByText("What revision", { exact: false }).first().waitFor();
});
