import type { Clock } from '../../clock.ts';
import type { Log } from '../../log.ts';
import type { HostCallName, HostCallParams, HostCallResult } from '../../protocol/methods/index.ts';
import { loadHostCall } from '../../protocol/methods/routes.ts';
import { validateResult } from '../../protocol/validate.ts';
import type { HostAnswer } from '../context.ts';
import type { MessageId, ResponseMessage } from '../transport/framing/envelope.ts';

/**
 * The requests that the sidecar makes of the host of one connection. Not those of vscode-jsonrpc: it keeps a request that was
 * never answered for good, and here a host that hangs is what has to be expected.
 */
export interface HostCalls {
  call<Name extends HostCallName>(
    name: Name,
    params: HostCallParams<Name>,
    options: { timeoutMs: number; signal?: AbortSignal | undefined },
  ): Promise<HostAnswer<HostCallResult<Name>>>;
  /** Takes a response of the host; one that nobody waits for is ignored. */
  settle(message: ResponseMessage): void;
  /** A response that cannot be read fails the call that waits for it. */
  fail(id: MessageId | null, message: string): void;
  /** Nothing can be answered any more: what waits is `unavailable`, and whatever is asked from now on. */
  close(reason: string): void;
}

export interface HostCallsOptions {
  send(message: object): 'queued' | 'tooLarge' | 'closed';
  clock: Pick<Clock, 'setTimer'>;
  log: Log;
}

type Raw = HostAnswer<unknown>;

export function createHostCalls({ send, clock, log }: HostCallsOptions): HostCalls {
  const waiting = new Map<MessageId, (answer: Raw) => void>();
  let lastId = 0;
  let closed: string | null = null;

  return {
    async call(name, params, { timeoutMs, signal }) {
      const definition = await loadHostCall(name);
      const answer = await ask(name, params, timeoutMs, signal);
      if (answer.kind !== 'answered') return answer;
      const checked = validateResult(definition.result, answer.result);
      if (checked.ok) return { kind: 'answered', result: checked.value as HostCallResult<typeof name> };
      const issues = checked.issues.map(({ path, message }) => (path === '' ? message : `${path}: ${message}`)).join('; ');
      return { kind: 'failed', message: `The host answered ${name} with something else than it takes: ${issues}.` };
    },

    settle(message) {
      const { id } = message;
      const settle = id === null ? undefined : waiting.get(id);
      if (settle === undefined) return log.debug({ id }, 'a response that nobody waits for was ignored');
      if ('error' in message) settle({ kind: 'failed', message: message.error.message });
      else settle({ kind: 'answered', result: message.result });
    },

    fail(id, message) {
      if (id !== null) waiting.get(id)?.({ kind: 'failed', message });
    },

    close(reason) {
      closed ??= reason;
      for (const settle of [...waiting.values()]) settle({ kind: 'unavailable', reason: closed });
    },
  };

  function ask(method: HostCallName, params: object, timeoutMs: number, signal: AbortSignal | undefined): Promise<Raw> {
    if (closed !== null) return Promise.resolve({ kind: 'unavailable', reason: closed });
    if (signal?.aborted) return Promise.resolve({ kind: 'timeout' });
    lastId += 1;
    const id = lastId;
    const sent = send({ jsonrpc: '2.0', id, method, params });
    if (sent === 'tooLarge') return Promise.resolve({ kind: 'failed', message: 'What there was to say is larger than a message may be.' });
    if (sent === 'closed') return Promise.resolve({ kind: 'unavailable', reason: 'the host takes nothing any more' });
    return new Promise((resolve) => {
      const giveUp = () => {
        settle({ kind: 'timeout' });
        send({ jsonrpc: '2.0', method: '$/cancelRequest', params: { id } });
      };
      const timer = clock.setTimer(timeoutMs, giveUp);
      signal?.addEventListener('abort', giveUp, { once: true });
      const settle = (answer: Raw) => {
        waiting.delete(id);
        timer.cancel();
        signal?.removeEventListener('abort', giveUp);
        resolve(answer);
      };
      waiting.set(id, settle);
    });
  }
}
