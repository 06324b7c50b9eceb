import { Worker } from 'node:worker_threads';
import { createMessageConnection, StreamMessageReader, StreamMessageWriter } from 'vscode-jsonrpc/node';

/*
 * The least that a JSON-RPC sidecar can be: vscode-jsonrpc over stdio, and a handler that gives back its params. The
 * notification `spin` makes that many threads of it compute for nothing, or with 0 makes them rest.
 */
const connection = createMessageConnection(new StreamMessageReader(process.stdin), new StreamMessageWriter(process.stdout));
connection.onRequest('sidecar/ping', (params) => params);
connection.onNotification('spin', ({ threads }) => spin(threads));
connection.onClose(() => process.exit(0));
connection.listen();

const source = `
  const { workerData } = require('node:worker_threads');
  for (;;) if (Atomics.load(workerData, 0) === 0) Atomics.wait(workerData, 0, 0);
`;
const isSpinning = new Int32Array(new SharedArrayBuffer(4));
let workers = 0;

function spin(threads) {
  Atomics.store(isSpinning, 0, threads > 0 ? 1 : 0);
  Atomics.notify(isSpinning, 0);
  for (; workers < threads; workers += 1) new Worker(source, { eval: true, workerData: isSpinning });
}
