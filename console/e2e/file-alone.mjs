// A gateway that runs from a file alone: nobody signs in, and whoever is on the machine looks.
import { ADMIN, hold, look, run } from "./browser.mjs";

await run(async ({ page }) => {
  const one = await page();
  await one.goto(`${ADMIN}/`);
  await one.getByRole("heading", { name: "Home", level: 1 }).waitFor();
  await one.getByText("There is no database", { exact: false }).waitFor();
  await one.getByText("No traffic is kept").waitFor();
  await look(one, "home");
  hold((await one.getByRole("link", { name: "Applications" }).count()) === 0, "there is a place for what is not kept");
  await one.getByRole("link", { name: "Services" }).click();
  hold((await one.getByRole("button", { name: "Import an API" }).count()) === 0, "a file is offered to be written");
  await one.getByRole("link", { name: "origin" }).click();
  await one.getByText("It stands in the gateway file", { exact: false }).waitFor();
  for (const tab of ["Routes", "Upstream", "Life", "Revisions", "Subscribers", "API"]) {
    await one.getByRole("link", { name: tab, exact: true }).click();
    await look(one, tab);
    hold((await one.getByRole("alert").count()) === 0, `${tab} shows a refusal`);
  }
});
