import type { Publish, RequestContext } from '../context.ts';

/** Runs an act and tells each of its rungs under the workDoneToken of its request, if it has one. */
export type TellProgress = <Value>(
  params: { workDoneToken?: number | string | undefined },
  request: RequestContext,
  title: string,
  act: (onRung: (rung: Rung) => void) => Promise<Value>,
) => Promise<Value>;

export interface Rung {
  signal: string;
  processes: number;
}

export function createTellProgress(publish: Publish): TellProgress {
  return async function tellProgress({ workDoneToken: token }, { connectionId }, title, act) {
    if (token === undefined) return act(() => {});
    const tell = (value: Parameters<typeof publish<'$/progress'>>[2]['value']) => publish(connectionId, '$/progress', { token, value });
    tell({ kind: 'begin', title });
    try {
      return await act(({ signal, processes }) =>
        tell({ kind: 'report', message: `${signal} to ${processes} ${processes === 1 ? 'process' : 'processes'}` }),
      );
    } finally {
      tell({ kind: 'end' });
    }
  };
}
