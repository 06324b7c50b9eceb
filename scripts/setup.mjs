#!/usr/bin/env node
/*
 * Makes a fresh clone ready, then runs a script with the pinned Node:
 *   node scripts/setup.mjs [script [args…]]
 *
 * The only script for whichever Node a machine has (18 or newer), hence plain JavaScript and node: imports only.
 * It runs the next script itself, because a POSIX shell remembers where it found `node` and would run
 * `node setup && node next` with the same old one even after the install.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { constants } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
/** The Node that npm itself runs on: not the one that an install is about to replace. */
const systemNode = process.env.npm_node_execpath ?? process.execPath;

process.chdir(root);
installIfStale();
const [script, ...args] = process.argv.slice(2);
if (script !== undefined) runPinned(script, args);

function installIfStale() {
  // npm writes this copy of the lockfile last, so an install that was cut off leaves none.
  const installed = join('node_modules', '.package-lock.json');
  if (existsSync(installed) && statSync(installed).mtimeMs >= statSync('package-lock.json').mtimeMs) return;

  const npm = process.env.npm_execpath;
  if (npm === undefined)
    stop('Dependencies are missing or out of date. Start this through npm (`npm test`, `npm run …`), or run `npm ci --ignore-scripts`.');
  process.stderr.write('Installing dependencies (npm ci) …\n');
  // npm reports on stdout; it goes to stderr here, so that the script that follows owns stdout.
  const result = spawnSync(systemNode, [npm, 'ci', '--ignore-scripts', '--no-audit', '--no-fund'], { stdio: ['ignore', 2, 2] });
  if (result.error) throw result.error;
  if (result.status !== 0) stop('`npm ci` failed; its messages are above.');
}

function runPinned(script, args) {
  const node = chooseNode();
  // Children that say just `node` get the same one.
  const path = `${dirname(node)}${delimiter}${process.env.PATH ?? ''}`;
  const result = spawnSync(node, [script, ...args], { stdio: 'inherit', env: { ...process.env, PATH: path } });
  if (result.error) throw result.error;
  // As a shell reports it: 128 + signal.
  process.exitCode = result.signal ? 128 + constants.signals[result.signal] : (result.status ?? 1);
}

/** The pinned Node 24. `SIDEWARDEN_NODE=system` asks for npm's own instead, which is what a version matrix needs. */
function chooseNode() {
  const packaged = join(root, 'node_modules', `node-${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`, 'bin');
  const pinned = join(packaged, process.platform === 'win32' ? 'node.exe' : 'node');
  if (process.env.SIDEWARDEN_NODE !== 'system' && existsSync(pinned)) return pinned;

  const version = spawnSync(systemNode, ['--version'], { encoding: 'utf8' }).stdout.trim();
  const [major = 0, minor = 0] = version.slice(1).split('.').map(Number);
  // From 22.18 on, Node runs TypeScript files without a flag.
  if (major > 22 || (major === 22 && minor >= 18)) return systemNode;
  stop(
    `${process.env.SIDEWARDEN_NODE === 'system' ? 'SIDEWARDEN_NODE=system' : `No Node is packaged for ${process.platform}-${process.arch}, so this`} means npm's own Node, and ${version} is too old for the scripts: install 22.18 or newer.`,
  );
}

function stop(sentence) {
  process.stderr.write(`${sentence}\n`);
  process.exit(1);
}
