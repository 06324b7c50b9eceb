// A host in plain Node.js, without any library: `node host.mjs COMMAND...`, where the command starts `sidewarden --stdio`.
// One instance of it may run in a directory, a second one tells the first and ends. It has two shutdown handlers and a service, and ends
// in order on Ctrl-C or when its input ends.
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

const [command, ...args] = process.argv.slice(2);
const sidecar = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] });
const waiting = new Map();
const handlers = new Map();
let lastId = 0;

createInterface(sidecar.stdout).on('line', (line) => {
  const message = JSON.parse(line);
  if (message.method in asked) return serve(message);
  if (!waiting.has(message.id)) return;
  const { resolve, reject } = waiting.get(message.id);
  waiting.delete(message.id);
  if (message.error) reject(new Error(`${message.error.data.kind}: ${message.error.message}`));
  else resolve(message.result);
});
sidecar.stdin.on('error', () => {}); // EPIPE: it has ended, and 'exit' says how.
sidecar.on('exit', (code) => {
  say(`the sidecar ended with ${code}`);
  process.exitCode = code;
  process.stdin.destroy();
});

const say = (line) => process.stdout.write(`${line}\n`);
const send = (message) => sidecar.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`);

function call(method, params = {}) {
  lastId += 1;
  send({ id: lastId, method, params });
  return new Promise((resolve, reject) => waiting.set(lastId, { resolve, reject }));
}

const asked = {
  async 'host/runShutdownHandler'({ handlerId }) {
    await handlers.get(handlerId)();
  },
  'host/secondInstance'({ payload }) {
    say(`another instance came from ${payload.cwd}`);
    return { handled: true, reply: 'welcome' };
  },
};

async function serve({ id, method, params }) {
  try {
    send({ id, result: (await asked[method](params)) ?? null });
  } catch (error) {
    send({ id, error: { code: -32000, message: error.message } });
  }
}

async function addHandler(name, order, run) {
  const { handlerId } = await call('shutdown/addHandler', { name, order });
  handlers.set(handlerId, run);
}

let isEnding = false;
async function end(reason) {
  if (isEnding) return;
  isEnding = true;
  const { ok } = await call('shutdown', { reason });
  say(`shut down, ${ok ? 'all is well' : 'not all went well'}`);
  send({ method: 'exit' });
}

await call('initialize', {
  protocol: { min: 1, max: 1 },
  clientInfo: { name: 'example', language: 'node' },
  processId: process.pid,
  appId: 'sidewarden.example.node',
  capabilities: { shutdownHandlers: true, secondInstance: true },
});
process.on('SIGINT', () => end('Ctrl-C'));
const payload = { argv: process.argv, cwd: process.cwd() };
const { acquired, reply, reason } = await call('instance/acquire', { scope: 'path', path: process.cwd(), payload });
if (!acquired) {
  say(`it runs already, and says: ${reply ?? reason}`);
  await end('second instance');
} else {
  await addHandler('save', 0, () => say('handler save'));
  await addHandler('farewell', 1, () => say('handler farewell'));
  const { service } = await call('service/start', { spec: { name: 'sleeper', command: 'sleep', args: ['600'] } });
  process.stdin.on('end', () => end('end of input')).resume();
  say(`ready, with service ${service.process.pid} and sidecar ${sidecar.pid}`);
}
