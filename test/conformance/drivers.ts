import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { root } from '../harness/sidecar.ts';

export interface DriverCommand {
  name: string;
  command: [string, ...string[]];
  /** Why it cannot be run here; null when it can. */
  why: string | null;
}

/** The clients of drivers.json, each with a program that this machine has. */
export const drivers: DriverCommand[] = (
  JSON.parse(readFileSync(`${root}clients/conformance/drivers.json`, 'utf8')) as { name: string; command: [string, ...string[]] }[]
).map(({ name, command: [program, ...args] }) => {
  const found = program === 'node' ? process.execPath : program;
  // Whatever it makes of the question: `go` knows only `go version`.
  const isThere = spawnSync(found, ['--version']).error === undefined;
  return { name, command: [found, ...args], why: isThere ? null : `: there is no ${program} here` };
});
