import type { Clock } from '../../clock.ts';
import type { Result } from '../../protocol/methods/index.ts';
import type { HandlerStatus, InstanceStatus } from '../../protocol/types/sidecar.ts';
import type { Pool } from '../../workers/pool.ts';
import type { ShutdownState } from '../context.ts';
import type { LastLook } from '../ports/lastLook.ts';
import type { Session } from '../rpc/session.ts';
import type { Clients } from './clients.ts';

export interface StatusParts {
  clients: Clients;
  pool: Pool;
  clock: Clock;
  startedAt: number;
  lastLook: LastLook;
  shutdownState(): ShutdownState;
  handlersOf(connectionId: string): HandlerStatus[];
  instanceOf(connectionId: string): InstanceStatus | null;
  sessionOf(connectionId: string): Pick<Session, 'status'>;
  rssBytes(): number;
}

/** Gathers what everybody knows; nothing here waits. */
export function createReadStatus(parts: StatusParts) {
  const { clients, pool, clock, startedAt } = parts;
  const beganMs = clock.monotonicMs() - Math.max(0, clock.now() - startedAt);

  return function readStatus(connectionId: string): Result<'sidecar/status'> {
    const { registrations, services, ledgers } = clients.of(connectionId);
    const { queuedBytes, droppedEvents } = parts.sessionOf(connectionId).status();
    return {
      isRunning: parts.shutdownState() === 'open',
      startedAt,
      uptimeMs: Math.round(clock.monotonicMs() - beganMs),
      ports: parts.lastLook(connectionId, registrations.list()),
      services: services.list(),
      instance: parts.instanceOf(connectionId),
      handlers: parts.handlersOf(connectionId),
      pool: pool.status(),
      outbound: { queuedBytes, dropped: droppedEvents },
      ledger: ledgers.ledger.state,
      rssBytes: parts.rssBytes(),
    };
  };
}
