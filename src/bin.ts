#!/usr/bin/env node
/*
 * Three programs under one name: the sidecar, driven by a host; the terminal tool, which is a client of it; and `run`, a sidecar for
 * one command. Only the one that is wanted gets loaded.
 */

const args = process.argv.slice(2);
const runs = args[0] === 'run' && args[1] !== '--help' && args[1] !== '-h';
const choosesSidecar = args.some((arg) => /^--(stdio|node-ipc|pipe|clientProcessId)(=|$)/.test(arg));
/** Without a transport it is stdio, unless stdin is a terminal: whoever sits there wants help. */
const speaksForItself = () => !process.stdin.isTTY && args.every((arg, at) => at > 0 || arg.startsWith('--log-'));
if (isTooOld(process.versions.node)) {
  process.stderr.write(`sidewarden needs Node.js 22.12 or newer, and this is ${process.versions.node} (${process.execPath}).\n`);
  process.exitCode = 4;
} else if (runs) {
  const { main } = await import('./server/run/main.ts');
  await main(args.slice(1));
} else if (choosesSidecar || speaksForItself()) {
  const { main } = await import('./server/main.ts');
  await main(args);
} else {
  const { main } = await import('../clients/cli/main.ts');
  await main(args);
}

/** It would fail somewhere inside, at the first thing that it does not know. */
function isTooOld(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major < 22 || (major === 22 && minor < 12);
}
