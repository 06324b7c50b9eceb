import { createRequire } from 'node:module';
import { join } from 'node:path';
import { until } from '../../test/harness/until.ts';
import type { Editor } from './installEditor.ts';

/* A page of the editor in a headless Chromium. puppeteer-core is no package of this project: here is what we use of it. */

export interface Page {
  goto(url: string, options: { waitUntil: 'domcontentloaded' }): Promise<unknown>;
  evaluate(script: string): Promise<unknown>;
  keyboard: { press(key: string): Promise<void>; type(text: string): Promise<void> };
  setDefaultTimeout(ms: number): void;
  close(): Promise<void>;
}

export interface Browser {
  newPage(): Promise<Page>;
  close(): Promise<void>;
}

interface Puppeteer {
  launch(options: { executablePath: string; args: string[]; userDataDir: string; env: object; protocolTimeout: number }): Promise<Browser>;
}

export function openBrowser(editor: Editor, executablePath: string, scratch: string, env: Record<string, string>): Promise<Browser> {
  const { default: puppeteer } = createRequire(join(editor.directory, 'package.json'))('puppeteer-core') as { default: Puppeteer };
  // Its sandbox is not for root, nor for containers; it shows nobody’s pages but ours.
  const args = ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'];
  return puppeteer.launch({ executablePath, args, userDataDir: join(scratch, 'chromium'), env, protocolTimeout: patienceMs });
}

export async function openPage(browser: Browser, url: string): Promise<Page> {
  const page = await browser.newPage();
  page.setDefaultTimeout(patienceMs);
  await page.goto(url, { waitUntil: 'domcontentloaded' });
  await see(page, `document.querySelector('.monaco-workbench') !== null`, 'the workbench');
  return page;
}

/** Runs a command of the palette, which appears once its extension is there. */
export async function runCommand(page: Page, title: string): Promise<void> {
  await until(
    async () => {
      await page.keyboard.press('F1');
      await see(page, `document.querySelector('.quick-input-widget input')?.checkVisibility()`, 'the palette');
      await page.keyboard.type(title);
      const label = await see(
        page,
        `document.querySelector('.quick-input-list .monaco-list-row')?.getAttribute('aria-label')`,
        'a row of it',
      );
      if (String(label).includes(title)) return true;
      await page.keyboard.press('Escape');
      return false;
    },
    `the command ${title}`,
    patienceMs,
  );
  await page.keyboard.press('Enter');
}

/** Answers the input box that has this prompt. */
export async function answer(page: Page, prompt: string, text: string): Promise<void> {
  await see(page, `document.querySelector('.quick-input-message')?.textContent.includes(${JSON.stringify(prompt)})`, prompt);
  await page.keyboard.type(text);
  await page.keyboard.press('Enter');
}

/** The notification that has all these words. */
export async function readNotification(page: Page, words: string[]): Promise<string> {
  const find = `[...document.querySelectorAll('.notification-list-item-message')].map((one) => one.textContent)
    .find((text) => ${JSON.stringify(words)}.every((word) => text.includes(word)))`;
  return String(await see(page, find, `a notification with ${words.join(', ')}`));
}

/** Until the expression has a true value in the page; that value. */
function see(page: Page, expression: string, what: string): Promise<unknown> {
  return until(() => page.evaluate(expression), what, patienceMs);
}

/** For each step: on a machine that others use, an editor takes a minute to start. */
const patienceMs = 240_000;
