import type { Clock } from '../../clock.ts';
import type { Log } from '../../log.ts';
import type { ManagedPort } from '../../protocol/types/registration.ts';
import type { ManagedPortStatus } from '../../protocol/types/sidecar.ts';
import type { Pool } from '../../workers/pool.ts';

/**
 * How ports were when they were last looked at. Asking never waits: it answers with the last look, and has the next one made in the
 * background, one at a time, for all ports together.
 */
export type LastLook = (connectionId: string, ports: ManagedPort[]) => ManagedPortStatus[];

export interface LastLookParts {
  pool: Pool;
  clock: Clock;
  log: Log;
}

interface Look {
  inUse: ReadonlySet<string>;
  checkedAt: number;
  atMs: number;
  /** What was asked for: a port that was registered since was not looked at. */
  ports: ReadonlySet<string>;
}

/** A look that is younger, and at all that is asked for, is not made again. */
const freshMs = 250;

export function createLastLook({ pool, clock, log }: LastLookParts): LastLook {
  const looks = new Map<string, Look>();
  const looking = new Set<string>();

  return function lastLook(connectionId, ports) {
    const last = looks.get(connectionId);
    const isKnown = (port: ManagedPort) => last?.ports.has(keyOf(port)) === true;
    const isFresh = ports.every(isKnown) && last !== undefined && clock.monotonicMs() - last.atMs < freshMs;
    if (ports.length > 0 && !isFresh && !looking.has(connectionId)) void look(connectionId, ports);
    return ports.map((port) =>
      last !== undefined && isKnown(port)
        ? { ...port, inUse: last.inUse.has(keyOf(port)), checkedAt: last.checkedAt }
        : { ...port, inUse: null, checkedAt: null },
    );
  };

  async function look(connectionId: string, ports: ManagedPort[]): Promise<void> {
    looking.add(connectionId);
    try {
      const checkedAt = clock.now();
      const { rows } = await pool.run('readSockets', { protocols: [...new Set(ports.map(({ protocol }) => protocol))] });
      const inUse = new Set(rows.map(keyOf));
      looks.set(connectionId, { inUse, checkedAt, atMs: clock.monotonicMs(), ports: new Set(ports.map(keyOf)) });
    } catch (error) {
      // The last look stands, and its age says how old it is.
      log.debug({ err: error }, 'the registered ports could not be looked at');
    } finally {
      looking.delete(connectionId);
    }
  }
}

const keyOf = ({ protocol, port }: Pick<ManagedPort, 'protocol' | 'port'>): string => `${protocol} ${port}`;
