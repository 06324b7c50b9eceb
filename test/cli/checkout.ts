import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cliFile } from './runCli.ts';

/** A directory that looks like a built checkout to what a document lets people paste, whichever file is tested. */
export function createCheckout(): Disposable & { path: string } {
  const path = mkdtempSync(join(tmpdir(), 'sidewarden-checkout-'));
  mkdirSync(join(path, 'dist'));
  mkdirSync(join(path, 'node_modules', '.bin'), { recursive: true });
  symlinkSync(process.execPath, join(path, 'node_modules', '.bin', 'node'));
  writeFileSync(join(path, 'package.json'), '{"type":"module"}');
  writeFileSync(join(path, 'dist', 'bin.js'), `await import(${JSON.stringify(cliFile)});\n`);
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
}
