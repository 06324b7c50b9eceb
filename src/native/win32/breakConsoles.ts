import { readFileSync, writeSync } from 'node:fs';
import { loadConsoles } from './consoles.ts';

/*
 * A program of its own, because a process has one console at most and has to leave it for another. It reads from its input whom to
 * reach, and who may get Ctrl-Break beside them. Nobody else gets any: a console that a shell, or the host, uses as well is left alone.
 * What it writes is a line for each console, before (`to`, and the pids) and after (`sent` or `refused`): it gets Ctrl-Break as well,
 * and where Windows has forgotten its handler by then, that ends it in between.
 */

const consoles = loadConsoles();
const { targets, allowed } = JSON.parse(readFileSync(0, 'utf8')) as { targets: number[]; allowed: number[] };
for (const signal of ['SIGBREAK', 'SIGINT'] as const) process.on(signal, () => {});
const reached = new Set<number>();
const mayGetIt = new Set([...targets, ...allowed, process.pid]);
for (const target of targets) {
  if (reached.has(target) || consoles?.join(target) !== true) continue;
  const members = consoles.members();
  if (!members.includes(target) || !members.every((pid) => mayGetIt.has(pid))) continue;
  writeSync(1, `to ${members.join(' ')}\n`);
  const isSent = consoles.breakAll();
  writeSync(1, isSent ? 'sent\n' : 'refused\n');
  if (isSent) for (const pid of members) reached.add(pid);
}
