import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { listSurvivors } from '../test/setup/survivors.ts';
import { findChromium } from './editor/findChromium.ts';
import { installEditor } from './editor/installEditor.ts';
import { playScenes } from './editor/scenes.ts';

/*
 * `npm run test:editor`: the example extension of clients/examples/vscode, packed as its README says, in a real editor: code-server, with
 * a page of it in a headless Chromium. It installs what it needs (some 700 MB) into .cache/editor; no part of `npm test` for that. Where
 * it cannot, it says SKIPPED.
 */

process.chdir(join(import.meta.dirname, '..'));
const reason = await run();
if (reason !== null) process.stdout.write(`SKIPPED: ${reason}\n`);

/** Null when it was run, else the reason. */
async function run(): Promise<string | null> {
  if (process.platform !== 'linux') return `its scenes are written for Linux; this is ${process.platform}`;
  const chromium = findChromium();
  if ('missing' in chromium) return chromium.missing;
  const editor = installEditor(join('.cache', 'editor'));
  if ('missing' in editor) return editor.missing;

  const scratch = mkdtempSync(join(tmpdir(), 'sidewarden-editor-'));
  const cookie = `editor-${process.pid}-${Date.now()}`;
  const clear = () => {
    endAll(cookie);
    rmSync(scratch, { recursive: true, force: true, maxRetries: 20 });
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.once(signal, () => {
      clear();
      process.kill(process.pid, signal);
    });
  try {
    const { passed, failed } = await playScenes({ editor, chromium: chromium.path, scratch, cookie });
    process.stdout.write(`${passed} passed, ${failed} failed\n`);
    process.exitCode = failed === 0 ? 0 : 1;
  } finally {
    clear();
  }
  return null;
}

/** Whatever carries the mark of this run. */
function endAll(cookie: string): void {
  for (const { pid } of listSurvivors(cookie)) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It ended in the meantime.
    }
  }
}
