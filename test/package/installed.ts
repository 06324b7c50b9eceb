import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root } from '../harness/sidecar.ts';

/** A directory of a host that has installed sidewarden as it is packed, without the packages that its bundle does not need. */
export function installSidewarden(): { directory: string; remove(): void } {
  const directory = mkdtempSync(join(tmpdir(), 'sidewarden-host-'));
  const installed = join(directory, 'node_modules', 'sidewarden');
  mkdirSync(installed, { recursive: true });
  const tarball = runNpm(['pack', '--ignore-scripts', '--silent', '--pack-destination', directory]).trim();
  run('tar', ['-xzf', join(directory, tarball), '-C', installed, '--strip-components=1']);
  return { directory, remove: () => rmSync(directory, { recursive: true, force: true }) };
}

/** With the npm that runs us, where one does; its own answer. */
export function runNpm(args: string[]): string {
  const npm = process.env.npm_execpath;
  return npm === undefined ? run('npm', args) : run(process.execPath, [npm, ...args]);
}

function run(command: string, args: string[]): string {
  const { stdout, stderr, status } = spawnSync(command, args, { cwd: root, encoding: 'utf8' });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${status}: ${stderr}`);
  return stdout;
}
