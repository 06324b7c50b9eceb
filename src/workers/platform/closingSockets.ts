import type { ClosingSockets } from './types.ts';

/** A system’s own words for the states of TCP. */
export interface ClosingStates<State> {
  /** Of sockets that are closing, under the names that are told. */
  closing: Record<string, State>;
  /** Of connections that serve, or are about to. */
  open: readonly State[];
}

export function countClosing<State>(sockets: readonly { state: State | null }[], { closing, open }: ClosingStates<State>): ClosingSockets {
  const count = (state: State): number => sockets.filter((socket) => socket.state === state).length;
  return {
    counts: Object.fromEntries(Object.entries(closing).map(([name, state]) => [name, count(state)])),
    connections: open.reduce((sum, state) => sum + count(state), 0),
  };
}
