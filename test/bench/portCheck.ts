import { createServer } from 'node:net';
import { frame, type Peer } from './client.ts';
import { type Measured, milliseconds } from './figure.ts';
import { compare, median, percentile, timedEach } from './measure.ts';
import { type CrowdSize, startCrowd } from './scene/crowd.ts';
import { type Subject, startSidecar } from './sidecars.ts';

const asks = [
  { name: 'host given', params: { host: '127.0.0.1' } },
  { name: 'host absent', params: {} },
];

const bindCost =
  'a free port is bound in the event loop, once (host given) or twice (host absent): seven calls each, of which two mark the socket, so that nobody takes it for a holder of the port.';

/** Is a free port free: a bind or two more than a ping, however many sockets there are. */
export async function measurePortCheck(subject: Subject, { rounds, crowds }: { rounds: number; crowds: number }): Promise<Measured[]> {
  const sidecar = await startSidecar(subject);
  const port = await findFreePort();
  const requests = asks.map(({ name, params }) => ({ name, frame: frame('port/check', { port, ...params }) }));
  const ping = frame('sidecar/ping', { echo: 'hello' });
  for (const request of requests) await medianOf(sidecar, request.frame, 300);
  await medianOf(sidecar, ping, 300);

  const figures: Measured[] = [];
  for (const request of requests) {
    const { medians, ratios } = await compare(rounds, [() => medianOf(sidecar, request.frame), () => medianOf(sidecar, ping)]);
    figures.push({
      what: `\`port/check\` p50 (${request.name}), against \`sidecar/ping\``,
      ours: milliseconds(medians[0] as number),
      peer: milliseconds(medians[1] as number),
      value: ratios[1] as number,
      unit: '×',
      bound: { atMost: 2 },
      why: bindCost,
    });
  }
  figures.push(...(await measureFlatness(sidecar, requests, crowds)));
  await sidecar.end();
  return figures;
}

/** The crowds come and go, so that both kinds of machine are measured in turn. */
async function measureFlatness(sidecar: Peer, requests: { name: string; frame: Buffer }[], rounds: number): Promise<Measured[]> {
  const among = async (size: CrowdSize) => {
    await using _crowd = await startCrowd(size);
    const times: number[] = [];
    for (const request of requests) {
      await medianOf(sidecar, request.frame, 100);
      times.push(await medianOf(sidecar, request.frame, 1_000));
    }
    return times;
  };
  const times: { many: number[]; few: number[] }[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const many = await among({ processes: 20, files: 0, sockets: 1_000, addresses: 20 });
    times.push({ many, few: await among({ processes: 1, files: 0, sockets: 10, addresses: 1 }) });
  }
  return requests.map(({ name }, index) => ({
    what: `\`port/check\` p50 (${name}) among 20,000 listeners, against 10`,
    ours: milliseconds(median(times.map(({ many }) => many[index] as number))),
    peer: milliseconds(median(times.map(({ few }) => few[index] as number))),
    value: median(times.map(({ many, few }) => (many[index] as number) / (few[index] as number))),
    unit: '×',
    bound: { atMost: 1.2 },
  }));
}

async function medianOf(sidecar: Peer, request: Buffer, count = 200): Promise<number> {
  return percentile(await timedEach(count, () => sidecar.ask(request)), 50);
}

/** Outside the range from which the system takes ports for the crowd. */
async function findFreePort(): Promise<number> {
  for (let port = 20_000; port < 30_000; port += 1) {
    const server = createServer();
    const isFree = await new Promise<boolean>((resolve) => {
      server.once('error', () => resolve(false));
      server.listen({ port, host: '::' }, () => resolve(true));
    });
    if (isFree) {
      await new Promise((resolve) => server.close(resolve));
      return port;
    }
  }
  throw new Error('No port between 20000 and 29999 is free.');
}
