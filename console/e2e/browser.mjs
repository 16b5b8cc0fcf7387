// A browser for the tests, which notes whatever must not happen: a request to elsewhere, something
// that the policy of the pages refuses, a script that fails.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { chromium } from "playwright-core";

const require = createRequire(import.meta.url);
const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
const RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

export const ADMIN = process.env.ADMIN;
export const PORTAL = process.env.PORTAL;
export const WEB = process.env.WEB;
export const CODE = process.env.CODE;
export const ADA = { email: "ada@example.com", password: "a long password", display_name: "Ada" };

export async function open(options = {}) {
  // Root has no sandbox of its own to give away; nothing but the pages under test is opened.
  const browser = await chromium.launch({ executablePath: process.env.CHROMIUM, args: ["--no-sandbox"] });
  const faults = [];
  const page = async (more = {}) => {
    const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, locale: "en-US", ...options, ...more });
    const page = await context.newPage();
    const origin = more.origin ?? ADMIN;
    page.on("request", (request) => {
      if (new URL(request.url()).origin !== origin) faults.push(`asked elsewhere: ${request.url()}`);
    });
    page.on("pageerror", (error) => faults.push(`a script failed: ${error.stack}`));
    page.on("console", (message) => {
      // That nobody is signed in yet is asked, and answered 401, which browsers write down.
      const isExpected = /status of (401|403|404|409|412|422)/.test(message.text());
      if (message.type() === "error" && !isExpected) faults.push(`console: ${message.text()}`);
    });
    return page;
  };
  return { browser, faults, page };
}

/** Fails with `claim` unless it holds. */
export function hold(condition, claim) {
  if (!condition) throw new Error(claim);
}

/** Whether the page is wider than the window, once it has all that it asked for. */
export async function fits(page, name) {
  await page.getByText("Loading…").first().waitFor({ state: "detached" });
  const over = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  hold(over <= 0, `${name} is ${over} px wider than the window`);
}

/** The same, and whether everything can be told from what is behind it. */
export const shade = (page, name) => look(page, name, ["color-contrast"]);

/** The same, and all that axe finds on the page. */
export async function look(page, name, rules = RULES) {
  await fits(page, name);
  const found = await page.evaluate(`${axe};axe.run(document,{runOnly:${JSON.stringify(rules)}})`);
  const told = found.violations.map(({ id, nodes }) => `${id} at ${nodes.map((node) => node.target.join(" ")).join(", ")}`);
  hold(told.length === 0, `${name}: ${told.join("; ")}`);
}

/** The same as it stands, in dark and in a narrow window too. */
export async function lookAround(page, name) {
  await look(page, name);
  // Without motion, or colours would be looked at on their way from one to the other.
  await page.emulateMedia({ colorScheme: "dark", reducedMotion: "reduce" });
  await shade(page, `${name}, dark`);
  await page.emulateMedia({ colorScheme: "light", reducedMotion: "no-preference" });
  const size = page.viewportSize();
  await page.setViewportSize({ width: 360, height: 800 });
  await fits(page, `${name}, narrow`);
  await page.setViewportSize(size);
}

/** Asks the API as whoever is signed in on the page. */
export function ask(page, method, path, body) {
  return page.evaluate(
    async ([method, path, body]) => {
      const who = await (await fetch("/api/v1/session")).json();
      const headers = { "x-csrf-token": who.csrf_token, ...(body ? { "content-type": "application/json" } : {}) };
      const answer = await fetch(path, { method, headers, body: body && JSON.stringify(body) });
      const text = await answer.text();
      if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
      return text ? JSON.parse(text) : undefined;
    },
    [method, path, body],
  );
}

/** Sets up through the page, as a person does. */
export async function setUp(page) {
  await page.goto(`${ADMIN}/`);
  await page.getByLabel("Setup code").fill(CODE);
  await page.getByLabel("Your name").fill(ADA.display_name);
  await page.getByLabel("E-mail address").fill(ADA.email);
  await page.getByLabel("Password").fill(ADA.password);
  await page.getByRole("button", { name: "Set up" }).click();
  await page.getByRole("heading", { name: "Home", level: 1 }).waitFor();
}

/** Runs a test and says, as one line, what came of it. */
export async function run(test) {
  const opened = await open();
  try {
    await test(opened);
    hold(opened.faults.length === 0, opened.faults.join("\n"));
    console.log("passed");
  } catch (error) {
    for (const context of opened.browser.contexts()) {
      for (const page of context.pages()) {
        console.error(`at ${page.url()}:\n${(await page.locator("body").innerText().catch(() => "")).slice(0, 4000)}`);
      }
    }
    console.error(error.stack);
    process.exitCode = 1;
  } finally {
    await opened.browser.close();
  }
}
