// Somebody is invited, comes in and is changed: what a form is saved with unchanged stays as it is,
// and what is changed in it is changed alone.
import { ADMIN, ask, hold, look, run, setUp } from "./browser.mjs";

await run(async ({ page }) => {
  const ada = await page();
  await setUp(ada);
  const form = ada.getByRole("dialog");
  await ada.getByRole("link", { name: "Settings" }).click();
  await ada.getByRole("button", { name: "Invite somebody" }).click();
  await form.getByLabel("E-mail address").fill("grace@example.com");
  await form.getByLabel("Name").fill("Grace");
  await form.getByLabel("Role").selectOption("auditor");
  await form.getByRole("button", { name: "Invite somebody" }).click();
  await form.getByText("Give both to Grace", { exact: false }).waitFor();
  const [way, code] = await form.locator("pre").allInnerTexts();
  await form.getByRole("button", { name: "I have given it" }).click();

  const grace = await page();
  await grace.goto(way);
  await grace.getByLabel("Code").fill(code);
  await grace.getByLabel("Password").fill("another long password");
  await look(grace, "invitation");
  await grace.getByRole("button", { name: "Set the password" }).click();
  await grace.getByRole("link", { name: "Sign in" }).click();
  await grace.getByLabel("E-mail address").fill("grace@example.com");
  await grace.getByLabel("Password").fill("a wrong password");
  await grace.getByRole("button", { name: "Sign in" }).click();
  await grace.getByRole("alert").waitFor();
  await grace.getByLabel("Password").fill("another long password");
  await grace.getByRole("button", { name: "Sign in" }).click();
  await grace.getByRole("heading", { name: "Home", level: 1 }).waitFor();
  // An auditor looks, and is told what is refused.
  await grace.getByRole("link", { name: "Settings" }).click();
  await grace.getByText("ada@example.com").first().waitFor();
  hold((await grace.getByRole("button", { name: "Invite somebody" }).count()) === 0, "an auditor may invite");

  const user = async () => (await ask(ada, "GET", "/api/v1/users")).users.find((one) => one.email === "grace@example.com");
  const before = await user();
  const row = ada.getByRole("row", { name: /Grace/ });
  await ada.reload();
  await row.getByRole("button", { name: "Change" }).click();
  await form.getByRole("button", { name: "Save" }).click();
  await form.waitFor({ state: "hidden" });
  hold(JSON.stringify(await user()) === JSON.stringify(before), "saved unchanged, it is another");
  await row.getByRole("button", { name: "Change" }).click();
  await form.getByLabel("Name").fill("Grace Hopper");
  await form.getByRole("button", { name: "Save" }).click();
  await form.waitFor({ state: "hidden" });
  const after = await user();
  hold(after.display_name === "Grace Hopper" && after.role === before.role && after.state === before.state, JSON.stringify(after));

  // A form that is older than what it is about is refused, and says so.
  await row.getByRole("button", { name: "Change" }).click();
  await form.getByLabel("Name").fill("Somebody");
  await ask(ada, "POST", `/api/v1/users/${after.id}:disable`, {});
  await form.getByRole("button", { name: "Save" }).click();
  await form.getByRole("alert").waitFor();
  hold((await user()).display_name === "Grace Hopper", "a stale form was taken");
  // Wherever she goes next, she is asked to sign in.
  await grace.getByRole("link", { name: "Services" }).click();
  await grace.getByRole("heading", { name: "Sign in" }).waitFor();

  await form.getByRole("button", { name: "Close" }).click();
  await ada.getByRole("link", { name: "Teams" }).click();
  await ada.getByRole("button", { name: "New team" }).click();
  await form.getByLabel("Short name").fill("blue");
  await form.getByRole("button", { name: "Make" }).click();
  await ada.getByRole("button", { name: "Members" }).click();
  await form.getByLabel("E-mail address").fill("ada@example.com");
  await form.getByLabel("Role").selectOption("owner");
  await form.getByRole("button", { name: "Add" }).click();
  await form.getByText("ada@example.com").waitFor();
  await ada.goto(`${ADMIN}/console/settings?tab=audit`);
  await ada.getByRole("row", { name: /invite_user/ }).getByRole("button", { name: "Show" }).click();
  await form.getByText("auditor").first().waitFor();
});
