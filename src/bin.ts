#!/usr/bin/env node
/*
 * Two programs under one name: the sidecar, driven by a host, and the terminal tool, which is a client of it.
 * Only the one that is wanted gets loaded.
 */

const args = process.argv.slice(2);
const choosesSidecar = args.some((arg) => /^--(stdio|node-ipc|pipe|clientProcessId)(=|$)/.test(arg));
/** Without a transport it is stdio, unless stdin is a terminal: whoever sits there wants help. */
const speaksForItself = !process.stdin.isTTY && args.every((arg, at) => at > 0 || arg.startsWith('--log-'));
if (choosesSidecar || speaksForItself) {
  const { main } = await import('./server/main.ts');
  await main(args);
} else {
  const { main } = await import('../clients/cli/main.ts');
  await main(args);
}
