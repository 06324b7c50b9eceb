// Ends a process as its users do: npmKillers.mjs DIRECTORY NAME. One pid a line, answered with the milliseconds until it is said to be done.
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';

const [directory, name] = process.argv.slice(2);
const killers = {
  fkill: async () => {
    const { default: fkill } = await import(pathToFileURL(`${directory}/node_modules/fkill/index.js`).href);
    return (pid) => fkill(pid, { waitForExit: 5_000 });
  },
  // It calls back when the signals are sent, not when anybody is gone.
  'tree-kill': async () => {
    const treeKill = createRequire(`${directory}/`)('tree-kill');
    return (pid) => new Promise((resolve, reject) => treeKill(pid, 'SIGTERM', (error) => (error ? reject(error) : resolve())));
  },
};
const kill = await killers[name]();
console.log('ready');
for await (const line of createInterface({ input: process.stdin })) {
  const start = performance.now();
  await kill(Number(line));
  console.log((performance.now() - start).toFixed(3));
}
