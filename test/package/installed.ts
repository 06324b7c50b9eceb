import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root } from '../harness/sidecar.ts';

/** A directory of a host that has installed sidewarden; gone at the end of the block, or by `remove()`. */
export function installSidewarden(): { directory: string; remove(): void } {
  const directory = mkdtempSync(join(tmpdir(), 'sidewarden-host-'));
  const installed = join(directory, 'node_modules', 'sidewarden');
  mkdirSync(installed, { recursive: true });
  cpSync(join(root, 'dist'), join(installed, 'dist'), { recursive: true });
  cpSync(join(root, 'package.json'), join(installed, 'package.json'));
  return { directory, remove: () => rmSync(directory, { recursive: true, force: true }) };
}
