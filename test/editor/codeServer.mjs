/*
 * Drives the example extension in a real editor: code-server, with a page of it in a headless Chromium. No part of `npm test`: the two
 * are some 600 MB. By hand:
 *
 *   npm install code-server --ignore-scripts            (Node.js 24), then `npm install --omit=dev --ignore-scripts` in its lib/vscode
 *   npm rebuild @vscode/native-watchdog node-pty         in lib/vscode, and argon2 beside it
 *   copy the built example, with node_modules/sidewarden in it, to …/share/code-server/extensions/
 *   node code-server/out/node/entry.js --auth none --bind-addr 127.0.0.1:8443
 *   npm install puppeteer-core && node codeServer.mjs http://127.0.0.1:8443/ /usr/bin/chromium
 */
import { once } from 'node:events';
import { createServer } from 'node:net';
import puppeteer from 'puppeteer-core';

const [url, executablePath] = process.argv.slice(2);
const server = createServer().listen(0, '127.0.0.1');
await once(server, 'listening');
const { port } = server.address();
const browser = await puppeteer.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu'], protocolTimeout: 300_000 });
try {
  const page = await browser.newPage();
  page.setDefaultTimeout(240_000);
  await page.goto(url, { waitUntil: 'domcontentloaded' });
  await page.waitForSelector('.monaco-workbench');
  await choose(page, 'Ports: Who Holds a Port?');
  await page.waitForFunction(() => document.querySelector('.quick-input-message')?.textContent.includes('Which port?'));
  await page.keyboard.type(String(port));
  await page.keyboard.press('Enter');
  const shown = await page.waitForFunction(
    (text) =>
      [...document.querySelectorAll('.notification-list-item-message')].map((one) => one.textContent).find((one) => one.includes(text)),
    {},
    `pid ${process.pid}`,
  );
  process.stdout.write(`${await shown.jsonValue()}\n`);
} finally {
  await browser.close();
  server.close();
}

/** The command appears once the extensions are there. */
async function choose(page, title) {
  for (;;) {
    await page.keyboard.press('F1');
    await page.waitForSelector('.quick-input-widget input', { visible: true });
    await page.keyboard.type(title);
    const row = await page.waitForSelector('.quick-input-list .monaco-list-row');
    const label = await row.evaluate((one) => one.getAttribute('aria-label'));
    if (label?.includes(title)) return page.keyboard.press('Enter');
    await page.keyboard.press('Escape');
  }
}
