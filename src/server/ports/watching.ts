import type { PortEntry } from '../../protocol/types/port.ts';
import type { SocketRow } from '../../workers/platform/types.ts';
import type { Pool } from '../../workers/pool.ts';
import type { Surroundings } from '../context.ts';
import { sample } from '../events/sampling.ts';
import type { Payload, WatchTopic } from '../events/subscriptions.ts';
import type { PortQuestions } from './questions.ts';

type Seen = { signature: string; payload: Payload<'event/port'> };

/**
 * Watches the holders of ports. A look at the socket table is cheap and made at every interval; who owns a socket
 * is expensive to find, and asked anew only when the sockets changed or an owner that we know of has ended.
 */
export function createPortWatch(pool: Pool, ports: PortQuestions, surroundings: Surroundings): WatchTopic<'event/port'> {
  return async function watchPorts({ filter, intervalMs }, emit, signal) {
    const wanted = [...new Set(filter.ports ?? [])].flatMap((port) => [
      { port, protocol: 'tcp' as const },
      { port, protocol: 'udp' as const },
    ]);
    const seen = new Map<string, Seen>();
    for (const [place, rows] of await readRows()) seen.set(place.key, { signature: signatureOf(rows), payload: await payloadOf(place) });
    void sample(intervalMs, signal, lookAgain, surroundings);
    return [...seen.values()].map(({ payload }) => payload);

    async function lookAgain(): Promise<void> {
      for (const [place, rows] of await readRows()) {
        const before = seen.get(place.key);
        const signature = signatureOf(rows);
        if (before?.signature === signature && !(await someOwnerEnded(before.payload.entries))) continue;
        const payload = await payloadOf(place);
        seen.set(place.key, { signature, payload });
        if (before && describe(before.payload.entries) !== describe(payload.entries)) emit(payload);
      }
    }

    async function readRows() {
      const { rows } = await pool.run('readSockets', { protocols: ['tcp', 'udp'] }, { signal });
      return wanted.map(
        (place) =>
          [
            { ...place, key: `${place.protocol} ${place.port}` },
            rows.filter((row) => row.port === place.port && row.protocol === place.protocol),
          ] as const,
      );
    }

    async function payloadOf({ port, protocol }: (typeof wanted)[number]): Promise<Payload<'event/port'>> {
      return { port, protocol, entries: await ports.find({ port, protocols: [protocol] }, signal) };
    }
  };

  async function someOwnerEnded(entries: PortEntry[]): Promise<boolean> {
    const targets = entries.flatMap(({ owners }) => owners).map(({ pid, identity }) => ({ pid, identity }));
    if (targets.length === 0) return false;
    const { processes } = await pool.run('describeProcesses', { targets });
    return processes.some((info) => info === null);
  }
}

function signatureOf(rows: SocketRow[]): string {
  return rows
    .map(({ family, address, state, key }) => `${family} ${address} ${state} ${key}`)
    .sort()
    .join('\n');
}

/** What of the entries a host would call a change; memory and status of an owner are not. */
function describe(entries: PortEntry[]): string {
  return JSON.stringify(entries.map(({ owners, ...rest }) => [rest, owners.map(({ identity }) => identity)]));
}
