// A sidecar without a will of its own: `scriptedSidecar.mjs PORT CLIENT`. It tells the runner, which listens on that
// loopback port, what a client wrote to it, and does what the runner says. One JSON object a line, both ways.
import { closeSync } from 'node:fs';
import { connect } from 'node:net';
import { createInterface } from 'node:readline';

const [port, client] = process.argv.slice(2);
const runner = connect({ port: Number(port), host: '127.0.0.1' });
const tell = (line) => runner.write(`${JSON.stringify(line)}\n`);

runner.on('connect', () => tell({ client, pid: process.pid }));
// Nobody is left who could say what to do.
runner.on('close', () => process.exit(1)).on('error', () => process.exit(1));
process.stdin.on('data', (chunk) => tell({ bytes: chunk.toString('base64') })).on('end', () => tell({ end: true }));
process.stdout.on('error', () => {});

const orders = {
  write: (base64) => process.stdout.write(Buffer.from(base64, 'base64')),
  log: (text) => process.stderr.write(text),
  // Node.js itself never closes its standard output: a reader of a pipe would see no end.
  closeOutput: () => process.stdout.end(() => closeSync(1)),
  exit: (code) => process.stdout.write('', () => process.exit(code)),
};
createInterface(runner).on('line', (line) => {
  for (const [order, argument] of Object.entries(JSON.parse(line))) orders[order](argument);
});
