/**
 * Opens a page in headless Chromium and prints what happened as JSON. Run by the report's tests as a program
 * of its own (`node browser_page.ts FILE SCREENSHOT_PREFIX AXE_SCRIPT`), so that neither test runner's own
 * loop has to carry the browser's connection.
 */
import { readFileSync } from "node:fs";
import process from "node:process";
import { chromium, type Page } from "playwright-core";

const [file, prefix, axePath] = process.argv.slice(2);
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
  ],
});
const messages: string[] = [];
const requests: string[] = [];
const violations: string[] = [];
let overflow = 0;
let explored: Awaited<ReturnType<typeof explore>> = null;

/** Draws the first chart again in the page, zooms in, and says what its group showed before and after. */
async function explore(page: Page) {
  const button = page.locator("button.explore").first();
  if (await button.count() === 0) return null;
  await button.click();
  await page.locator(".live svg").first().waitFor({ timeout: 20_000 });
  const ticks = async () =>
    await page.locator(".live").evaluateAll((charts) =>
      charts.map((c) => [...c.querySelectorAll(".role-axis-label text")].map((t) => t.textContent))
    );
  const before = await ticks();
  await page.getByRole("button", { name: "Zoom in" }).first().click();
  await page.waitForTimeout(200);
  const after = await ticks();
  await page.keyboard.press("Tab");
  return { before, after, tools: await page.getByRole("toolbar").count() };
}
try {
  for (const scheme of ["light", "dark"] as const) {
    const page = await browser.newPage({
      colorScheme: scheme,
      viewport: { width: 1100, height: 900 },
    });
    page.on("console", (m) => messages.push(m.text()));
    page.on("pageerror", (e) => messages.push(String(e)));
    page.on("request", (r) => {
      if (!r.url().startsWith("file://") && !r.url().startsWith("data:")) requests.push(r.url());
    });
    await page.goto(`file://${file}`);
    await page.screenshot({ path: `${prefix}-${scheme}.png`, fullPage: true });
    if (scheme === "light") explored = await explore(page);
    await page.close();
    // The audit's own script would break the page's security policy: it gets a context that ignores it.
    const context = await browser.newContext({ bypassCSP: true, colorScheme: scheme });
    const audited = await context.newPage();
    await audited.goto(`file://${file}`);
    await explore(audited);
    await audited.evaluate(readFileSync(axePath, "utf8"));
    const found = await audited.evaluate(
      "axe.run().then((r) => r.violations.map((v) => v.id + ': ' + v.nodes[0].html.slice(0, 160) + ' | ' + (v.nodes[0].any[0] || v.nodes[0].all[0] || {message: ''}).message))",
    );
    violations.push(...(found as string[]).map((v) => `${scheme}: ${v}`));
    await context.close();
  }
  const phone = await browser.newPage({ viewport: { width: 360, height: 740 } });
  await phone.goto(`file://${file}`);
  overflow = Number(
    await phone.evaluate(
      "document.documentElement.scrollWidth - document.documentElement.clientWidth",
    ),
  );
  await phone.screenshot({ path: `${prefix}-phone.png`, fullPage: true });
  await phone.emulateMedia({ media: "print" });
  await phone.screenshot({ path: `${prefix}-print.png`, fullPage: true });
  await phone.close();
  const plain = await browser.newContext({ javaScriptEnabled: false });
  const page = await plain.newPage();
  await page.goto(`file://${file}`);
  const svgs = await page.locator("svg[role=img]:visible").count();
  console.log(JSON.stringify({ messages, requests, violations, overflow, svgs, explored }));
} finally {
  await browser.close();
}
