import { readFileSync, writeSync } from 'node:fs';
import { loadConsoles } from './consoles.ts';

/*
 * A program of its own, because a process has one console at most and has to leave it for another. It reads from its input whom to
 * reach, and who may get Ctrl-Break beside them; it writes who did. Nobody else gets any: a console that a shell, or the host, uses as
 * well is left alone.
 */

const consoles = loadConsoles();
const { targets, allowed } = JSON.parse(readFileSync(0, 'utf8')) as { targets: number[]; allowed: number[] };
// It reaches this process too, and would end it.
for (const signal of ['SIGBREAK', 'SIGINT'] as const) process.on(signal, () => {});
const reached = new Set<number>();
const mayGetIt = new Set([...targets, ...allowed, process.pid]);
for (const target of targets) {
  if (reached.has(target) || consoles?.join(target) !== true) continue;
  const members = consoles.members();
  if (!members.includes(target) || !members.every((pid) => mayGetIt.has(pid)) || !consoles.breakAll()) continue;
  for (const pid of members) reached.add(pid);
}
writeSync(1, JSON.stringify(targets.filter((pid) => reached.has(pid))));
