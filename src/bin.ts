#!/usr/bin/env node
/*
 * Two programs under one name: the sidecar, driven over pipes, and the terminal tool, which is a client of it.
 * Only the one that is wanted gets loaded.
 */

const args = process.argv.slice(2);
const isSidecar =
  args.some((arg) => arg === '--stdio' || arg.startsWith('--clientProcessId')) || (args.length === 0 && !process.stdin.isTTY);
if (isSidecar) {
  const { main } = await import('./server/main.ts');
  await main(args);
} else {
  const { main } = await import('../clients/cli/main.ts');
  await main(args);
}
