import type { Part } from '../../clients/conformance/runner/bytes.ts';
import type { Scenario, Step } from '../../clients/conformance/runner/play.ts';

export interface FramingVector {
  name: string;
  framing: 'lsp' | 'ndjson' | null;
  input: Part[];
  expect: { kind: string; id?: unknown; reason?: string }[];
}

/**
 * A vector as a conversation: the sidecar writes it, whole or in pieces. Every request in it is one that a client does not know
 * and refuses by its id; what is broken fails the call that was pending.
 */
export function framingScenario(name: string, { input, expect }: FramingVector, cut: number | undefined): Scenario {
  const isBroken = expect.some(({ kind }) => kind === 'broken');
  const refusals = expect
    .filter(({ kind }) => kind === 'request')
    .map(({ id }): Step => ({ receives: 'a', message: { id, error: { code: -32601 } } }));
  const ending: Step[] = isBroken
    ? [{ answered: 'pending', error: { kind: 'Disconnected' } }]
    : [
        { sends: 'a', message: { id: '$pending', result: { at: 1 } } },
        { answered: 'pending', ok: { at: 1 } },
      ];
  return {
    name,
    steps: [
      { start: 'a' },
      { do: 'call', client: 'a', method: 'sidecar/ping', params: {}, as: 'pending' },
      { receives: 'a', message: { id: '$pending', method: 'sidecar/ping' } },
      { sendsBytes: 'a', input, ...(cut !== undefined && { cut }) },
      // What comes before the break may be answered, or not: the client ends that sidecar at once.
      ...(isBroken ? [] : refusals),
      // Of what is cut off only the end of the stream tells.
      ...(expect.some(({ reason }) => reason === 'truncated') ? [{ closesOutput: 'a' }] : []),
      ...ending,
    ],
  };
}
