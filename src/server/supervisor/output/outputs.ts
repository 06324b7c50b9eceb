import type { Clock } from '../../../clock.ts';
import type { Log } from '../../../log.ts';
import { fail } from '../../../protocol/errors.ts';
import { limits } from '../../transport/limits.ts';
import { type LogFile, openLogFile } from './logFile.ts';
import { createServiceOutput, type ServiceOutput } from './output.ts';
import { createLogRing, type LogLine, type LogPage, type LogRing } from './ring.ts';

/** How the output of a service is kept: its spec’s `logs`, complete. */
export interface LogsOrder {
  ringBytes: number;
  file?: string | undefined;
  maxBytes: number;
  keep: number;
  /** The service writes the file itself. */
  isOwn?: boolean;
}

/** What the services of a connection write. */
export interface Outputs {
  /** Throws LimitExceeded where these rings together, with those that stay, would be larger than all may be. */
  checkRoom(wanted: ReadonlyMap<string, LogsOrder>): void;
  /** The output of a service, made or adapted: its lines and their numbers stay. Throws LimitExceeded. */
  open(service: string, order: LogsOrder): ServiceOutput;
  /** Null for a service that has none. */
  read(service: string, query: { sinceSeq?: number | undefined; tail?: number | undefined }): LogPage | null;
  /** Calls `listener` for each line of any of them. Gives the function that ends it. */
  onLine(listener: (service: string, line: LogLine) => void): () => void;
  forget(service: string): void;
  /** Resolves when all files are written, or cannot be. */
  close(): Promise<void>;
}

interface Kept {
  order: LogsOrder;
  ring: LogRing;
  file: LogFile | null;
  output: ServiceOutput;
}

export function createOutputs(clock: Clock, log: Log): Outputs {
  const kept = new Map<string, Kept>();
  const listeners = new Set<(service: string, line: LogLine) => void>();
  const closing = new Set<Promise<void>>();

  return {
    checkRoom,
    open(service, order) {
      const known = kept.get(service);
      if (known !== undefined && sameOrder(known.order, order)) return known.output;
      checkRoom(new Map([[service, order]]));
      if (known !== undefined) closeFile(known);
      const ring = known?.order.ringBytes === order.ringBytes ? known.ring : createLogRing(order.ringBytes, known?.ring.read({}));
      const { file: path, maxBytes, keep, isOwn = false } = order;
      const file = path === undefined || isOwn ? null : openLogFile({ service, path, maxBytes, keep }, clock, log);
      const output = createServiceOutput({ ring, file, now: clock.now });
      output.onLine((line) => {
        for (const listener of listeners) listener(service, line);
      });
      kept.set(service, { order, ring, file, output });
      return output;
    },
    read: (service, query) => kept.get(service)?.output.read(query) ?? null,
    onLine(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    forget(service) {
      const known = kept.get(service);
      if (known !== undefined) closeFile(known);
      kept.delete(service);
    },
    async close() {
      for (const one of kept.values()) closeFile(one);
      await Promise.all(closing);
    },
  };

  function checkRoom(wanted: ReadonlyMap<string, LogsOrder>): void {
    const orders = new Map([...[...kept].map(([service, { order }]): [string, LogsOrder] => [service, order]), ...wanted]);
    const bytes = [...orders.values()].reduce((sum, { ringBytes }) => sum + ringBytes, 0);
    if (bytes <= limits.logRingBytes) return;
    const sentence = `The log rings of all services would be ${bytes} bytes, and ${limits.logRingBytes} are the limit; give smaller ringBytes, or remove services.`;
    throw fail('LimitExceeded', sentence, { limit: 'logRingBytes', max: limits.logRingBytes });
  }

  function closeFile(one: Kept): void {
    if (one.file === null) return;
    const closed = one.output
      .drained()
      .then(() => one.file?.close())
      .finally(() => closing.delete(closed));
    one.file = null;
    closing.add(closed);
  }
}

function sameOrder(left: LogsOrder, right: LogsOrder): boolean {
  const members = ['ringBytes', 'file', 'maxBytes', 'keep', 'isOwn'] as const;
  return members.every((member) => left[member] === right[member]);
}
