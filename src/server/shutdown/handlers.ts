import { fail } from '../../protocol/errors.ts';
import type { Params } from '../../protocol/methods/index.ts';
import type { CallHost } from '../context.ts';
import { limits } from '../transport/limits.ts';
import type { Groups, Incomplete, ShutdownTask } from './coordinator.ts';
import type { Deadline } from './deadline.ts';

/** What hosts want to do themselves when the sidecar shuts down. */
export interface ShutdownHandlers {
  /** Gives its id. Throws LimitExceeded. */
  add(connectionId: string, params: Params<'shutdown/addHandler'>): string;
  /** False when that connection has none of that id. */
  remove(connectionId: string, handlerId: string): boolean;
  /** In the order in which they run. */
  list(connectionId: string): { handlerId: string; name: string; order: number }[];
  /** By order, ascending; each group holds whoever is still there when its turn comes. */
  groups(reason: string): Groups;
}

interface Handler {
  handlerId: string;
  connectionId: string;
  name: string;
  order: number;
  timeoutMs: number;
  isCritical: boolean;
}

export function createShutdownHandlers(callHost: CallHost): ShutdownHandlers {
  const byId = new Map<string, Handler>();
  let lastId = 0;

  return {
    add(connectionId, { name, order = 0, timeoutMs = 5_000, critical = false }) {
      if (of(connectionId).length >= limits.handlers) throw tooMany();
      lastId += 1;
      const handlerId = `h${lastId}`;
      byId.set(handlerId, { handlerId, connectionId, name, order, timeoutMs, isCritical: critical });
      return handlerId;
    },

    remove: (connectionId, handlerId) => byId.get(handlerId)?.connectionId === connectionId && byId.delete(handlerId),

    list: (connectionId) =>
      of(connectionId)
        .sort((left, right) => left.order - right.order)
        .map(({ handlerId, name, order }) => ({ handlerId, name, order })),

    *groups(reason) {
      for (let order = nextOrder(Number.NEGATIVE_INFINITY); order !== null; order = nextOrder(order)) {
        const current = order;
        yield [...byId.values()].filter((handler) => handler.order === current).map((handler) => taskOf(handler, reason));
      }
    },
  };

  function of(connectionId: string): Handler[] {
    return [...byId.values()].filter((handler) => handler.connectionId === connectionId);
  }

  function nextOrder(after: number): number | null {
    const later = [...byId.values()].map(({ order }) => order).filter((order) => order > after);
    return later.length === 0 ? null : Math.min(...later);
  }

  function taskOf(handler: Handler, reason: string): ShutdownTask {
    const { name, isCritical } = handler;
    return { kind: 'handler', name, isCritical, end: (deadline) => ask(handler, reason, deadline) };
  }

  async function ask(
    { connectionId, handlerId, name, timeoutMs }: Handler,
    reason: string,
    deadline: Deadline,
  ): Promise<Incomplete | null> {
    const remainingMs = Math.floor(Math.min(timeoutMs, deadline.remainingMs()));
    if (remainingMs === 0) return { status: 'skipped', error: 'No time was left to run it.' };
    const params = { handlerId, name, reason, remainingMs };
    const answer = await callHost(connectionId, 'host/runShutdownHandler', params, { timeoutMs: remainingMs, signal: deadline.passed });
    switch (answer.kind) {
      case 'answered':
        return null;
      case 'failed':
        return { status: 'failed', error: answer.message };
      case 'timeout':
        return { status: 'timeout', error: 'The host did not answer in time.' };
      case 'unavailable':
        return { status: 'unavailable', error: answer.reason };
    }
  }
}

function tooMany() {
  return fail('LimitExceeded', `A connection may have ${limits.handlers} shutdown handlers; remove one first.`, {
    limit: 'handlers',
    max: limits.handlers,
  });
}
