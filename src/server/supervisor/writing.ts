import type { Writable } from 'node:stream';
import { fail } from '../../protocol/errors.ts';
import type { Service } from './service.ts';

export interface WriteOrder {
  name: string;
  data: Buffer;
  /** Close its input afterwards. */
  end: boolean;
}

/** Writes to the standard input of a service, and resolves when the system has taken it. Throws InvalidState, Conflict, RequestCancelled. */
export async function writeTo(
  { state, run }: Pick<Service, 'state' | 'run'>,
  { name, data, end }: WriteOrder,
  signal: AbortSignal,
): Promise<void> {
  const stdin = state.name === 'running' ? (run?.stdin ?? null) : null;
  if (state.name !== 'running') {
    throw fail('InvalidState', `The service ${name} is ${state.name}: it reads nothing. Start it first.`, {
      state: state.name,
      allowed: ['running'],
    });
  }
  if (stdin === null || !stdin.writable) {
    const why = stdin === null ? 'it was started without one (stdin: pipe)' : 'it is closed';
    throw fail('Conflict', `The service ${name} has no standard input to write to: ${why}.`, {});
  }
  if (data.length > 0) await taken(stdin, data, name, signal);
  if (end) stdin.end();
}

function taken(stdin: Writable, data: Buffer, name: string, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(signal.reason);
    if (signal.aborted) return onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    stdin.write(data, (error) => {
      signal.removeEventListener('abort', onAbort);
      if (error) reject(fail('Conflict', `The service ${name} has closed its standard input, or has ended.`, {}, { cause: error }));
      else resolve();
    });
  });
}
