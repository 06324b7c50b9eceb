// The only instance of a program: `node onlyInstance.mjs FILE...`. A second one hands its files over to the first, and ends.
import { Sidecar } from 'sidewarden/client';

const say = (...words) => process.stdout.write(`${words.join(' ')}\n`);
const files = process.argv.slice(2);
const sidecar = await Sidecar.spawn({
  appId: 'sidewarden.example.only-instance',
  onSecondInstance({ payload }) {
    say('another instance wants', ...payload.argv);
    return { handled: true, reply: `pid ${process.pid} opens them` };
  },
});
const { acquired, delivered, reply, reason } = await sidecar.instance.acquire({ payload: { argv: files, cwd: process.cwd() } });
if (acquired) {
  say('the only instance, with', ...files);
} else {
  say(delivered ? `handed over: ${reply}` : `there is another instance, which could not be told: ${reason}`);
  await sidecar.close();
}
