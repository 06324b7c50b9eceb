import { spawnSync } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Tree } from './layTree.ts';
import type { Prefix } from './makePrefix.ts';

export interface WineRun {
  prefix: Prefix;
  tree: Tree;
  /** Of Node.js, with paths from the tree. */
  args: readonly string[];
  env: Record<string, string>;
}

/** Runs Windows Node.js in the tree and prints what it wrote. Null when it ended well and left nothing running, else the reason. */
export function runInWine({ prefix, tree, args, env }: WineRun): string | null {
  // Wine’s Node takes no pipe of ours for its output (EBADF), but a file.
  const output = join(tree.directory, 'output.txt');
  const file = openSync(output, 'w');
  const environment = { ...process.env, ...prefix.environment, NO_COLOR: '1', ...env };
  const { status, signal } = spawnSync('wine', [tree.node, ...args], {
    cwd: tree.directory,
    env: environment,
    stdio: ['ignore', file, file],
    timeout: longestRunMs,
    killSignal: 'SIGKILL',
  });
  closeSync(file);
  process.stdout.write(readFileSync(output));
  const isQuiet = endWine(environment);
  if (signal !== null) return `The tests under Wine were ended after ${longestRunMs / 1_000} s.`;
  if (status !== 0) return `The tests under Wine ended with ${status}.`;
  return isQuiet ? null : 'A process outlived the tests under Wine; it was ended now.';
}

/** Two minutes on a machine with nothing else to do. */
const longestRunMs = 900_000;

/** The server of the prefix ends with its last process. False when one had to be ended. */
function endWine(env: NodeJS.ProcessEnv): boolean {
  if (spawnSync('wineserver', ['-w'], { stdio: 'ignore', env, timeout: 15_000 }).status === 0) return true;
  spawnSync('wineserver', ['-k'], { stdio: 'ignore', env });
  return false;
}
