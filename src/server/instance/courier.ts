import type { Socket } from 'node:net';
import type { Clock } from '../../clock.ts';
import type { Log } from '../../log.ts';
import { type CourierAnswer, CourierRequest, courierVersion } from '../../protocol/courier.ts';
import type { InstanceHolder } from '../../protocol/types/instance.ts';
import { validateResult } from '../../protocol/validate.ts';
import type { PeerUser } from '../os/peerUser.ts';
import type { Door } from './doors.ts';
import { type Messages, openMessages } from './messages.ts';
import { ownUid } from './places.ts';

/** The side of the lock’s holder: says who that is, and takes what second instances have to say to its host. */
export interface Courier {
  /** From now on it is closing, and whoever waits for its host hears that instead. */
  tellClosing(): void;
  /** Takes its door away; those inside stay, and see the end of their connections when they are dismissed. */
  close(): Promise<void>;
  dismiss(): void;
}

export type Delivery = Extract<CourierRequest, { kind: 'deliver' }>;

export interface CourierOptions {
  open(onVisitor: (socket: Socket) => void): Promise<Door>;
  describe(): Promise<Omit<InstanceHolder, 'closing'>>;
  /** Asks the host; given up when the signal is aborted. */
  deliver(delivery: Delivery, signal: AbortSignal): Promise<CourierAnswer>;
  peerUser: PeerUser;
  clock: Clock;
  log: Log;
}

/** How long a visitor may stand in the door without a word. */
const firstWordMs = 2_000;

/** Opens the door: when this resolves, second instances are heard. */
export async function openCourier({ open, describe, deliver, peerUser, clock, log }: CourierOptions): Promise<Courier> {
  const closing = new AbortController();
  const inside = new Set<Socket>();
  const door = await open(welcome);

  return {
    tellClosing: () => closing.abort(),
    close: () => door.close(),
    dismiss() {
      for (const socket of inside) socket.destroy();
    },
  };

  function welcome(socket: Socket): void {
    const user = peerUser(socket);
    if (user !== null && user !== ownUid()) {
      log.warn({ user }, 'a process of another user came to the socket of a lock, and was turned away');
      return void socket.destroy();
    }
    inside.add(socket);
    const gone = new AbortController();
    const overdue = clock.setTimer(firstWordMs, () => messages.close());
    const messages = openMessages(
      socket,
      {
        onMessage(message) {
          overdue.cancel();
          const parsed = validateResult(CourierRequest, message);
          if (!parsed.ok || isBusy) return messages.close();
          isBusy = true;
          void respond(parsed.value as CourierRequest, gone.signal, messages).finally(() => {
            isBusy = false;
          });
        },
        onClosed() {
          overdue.cancel();
          inside.delete(socket);
          gone.abort();
        },
      },
      clock,
    );
    /** One request at a time: what is kept for a visitor stays small. */
    let isBusy = false;
  }

  async function respond(request: CourierRequest, gone: AbortSignal, messages: Messages): Promise<void> {
    try {
      const answer = request.kind === 'who' ? await introduce() : await hand(request, gone);
      if (messages.send(answer)) return;
      log.warn({ kind: answer.kind }, 'what was to be said to a second instance is larger than a message may be');
      messages.close();
    } catch (error) {
      log.warn({ err: error }, 'a second instance could not be answered');
      messages.close();
    }
  }

  async function introduce(): Promise<CourierAnswer> {
    return { kind: 'holder', courier: courierVersion, holder: { ...(await describe()), closing: closing.signal.aborted } };
  }

  async function hand(delivery: Delivery, gone: AbortSignal): Promise<CourierAnswer> {
    if (closing.signal.aborted) return { kind: 'closing' };
    const answer = await deliver(delivery, AbortSignal.any([gone, closing.signal]));
    return closing.signal.aborted && answer.kind === 'undelivered' ? { kind: 'closing' } : answer;
  }
}
