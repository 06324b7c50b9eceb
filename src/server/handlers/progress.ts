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
  const withProgress = createWithProgress(publish);
  return (params, request, title, act) =>
    withProgress(params, request, title, (tell) =>
      act(({ signal, processes }) => tell(`${signal} to ${processes} ${processes === 1 ? 'process' : 'processes'}`)),
    );
}

/** The same, for an act that has its own words. */
export type WithProgress = <Value>(
  params: { workDoneToken?: number | string | undefined },
  request: RequestContext,
  title: string,
  act: (tell: (message: string) => void) => Promise<Value>,
) => Promise<Value>;

export function createWithProgress(publish: Publish): WithProgress {
  return async function withProgress({ workDoneToken: token }, { connectionId }, title, act) {
    if (token === undefined) return act(() => {});
    const tell = (value: Parameters<typeof publish<'$/progress'>>[2]['value']) => publish(connectionId, '$/progress', { token, value });
    tell({ kind: 'begin', title });
    try {
      return await act((message) => tell({ kind: 'report', message }));
    } finally {
      tell({ kind: 'end' });
    }
  };
}
