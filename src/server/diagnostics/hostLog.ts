import type { Clock } from '../../clock.ts';
import type { LogLine } from '../../log.ts';
import type { NotificationParams } from '../../protocol/methods/index.ts';

/** Tells a host the warnings and errors of our log as window/logMessage. */
export interface HostLog {
  /** A line was logged. Before `open` it is kept, as far as there is room. */
  tell(line: LogLine): void;
  /** From now on the host may be told. */
  open(): void;
}

export interface HostLogOptions {
  /** False when the host reads too slowly. */
  send(params: NotificationParams<'window/logMessage'>): boolean;
  clock: Pick<Clock, 'monotonicMs'>;
}

/** A burst, and how long it takes until one more may be sent. */
const burst = 20;
const refillMs = 1_000;

/** LSP’s MessageType. */
const types = { warn: 2, error: 1, fatal: 1 } as const;

/**
 * Rate-limited, and what was left out is counted in the next message. It logs nothing itself, and what is logged while it sends is not
 * sent: else a connection that fails would talk about itself for ever.
 */
export function createHostLog({ send, clock }: HostLogOptions): HostLog {
  const early: LogLine[] = [];
  let isOpen = false;
  let isSending = false;
  let room = burst;
  let countedAtMs = clock.monotonicMs();
  let leftOut = 0;

  return {
    tell(line) {
      // What the host has reported itself is no news to it; and the report of a shutdown is logged for want of somebody to answer it to.
      if (isSending || !(line.level in types) || 'host' in line.fields || 'report' in line.fields) return;
      if (isOpen) forward(line);
      else if (early.length < burst) early.push(line);
      else leftOut += 1;
    },
    open() {
      isOpen = true;
      for (const line of early.splice(0)) forward(line);
    },
  };

  function forward({ level, fields, message }: LogLine): void {
    refill();
    if (room < 1) {
      leftOut += 1;
      return;
    }
    const ref = 'ref' in fields ? ` (ref ${String(fields.ref)})` : '';
    const more = leftOut === 0 ? '' : ` (before it ${leftOut} more, which are only in the log)`;
    isSending = true;
    const isSent = send({ type: types[level as keyof typeof types], message: `${message}${ref}${more}` });
    isSending = false;
    room -= 1;
    leftOut = isSent ? 0 : leftOut + 1;
  }

  function refill(): void {
    const nowMs = clock.monotonicMs();
    room = Math.min(burst, room + (nowMs - countedAtMs) / refillMs);
    countedAtMs = nowMs;
  }
}
