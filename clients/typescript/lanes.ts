import { lanes } from './generated/methods.ts';

/** As many requests as the sidecar takes at a time; the rest waits here, in order, so that none is answered Overloaded. */
export interface Lanes {
  /** Calls `send` now or when there is room. Gives the function that takes it back, which is false when it was sent. */
  enter(method: string, send: () => void): () => boolean;
  /** A request of this method was answered. */
  leave(method: string): void;
  /** What `initialize` told; until then only that is sent. */
  setLimits(limits: { requestsInFlight: number; waitsInFlight: number }): void;
}

export function createLanes(): Lanes {
  const counted = { requests: createLane(), waits: createLane() };

  return {
    enter(method, send) {
      const lane = laneOf(method);
      if (lane !== null) return counted[lane].enter(send);
      send();
      return () => false;
    },
    leave(method) {
      const lane = laneOf(method);
      if (lane !== null) counted[lane].leave();
    },
    setLimits({ requestsInFlight, waitsInFlight }) {
      counted.requests.most = requestsInFlight;
      counted.waits.most = waitsInFlight;
    },
  };
}

function laneOf(method: string): 'requests' | 'waits' | null {
  const lane = (lanes as Record<string, string>)[method];
  if (lane === 'life') return null;
  return lane === 'wait' ? 'waits' : 'requests';
}

function createLane() {
  /** In the order of asking; a set, because any of them may be taken back. */
  const waiting = new Set<() => void>();
  let underWay = 0;

  const lane = {
    most: 1,
    enter(send: () => void): () => boolean {
      const turn = () => send();
      waiting.add(turn);
      advance();
      return () => waiting.delete(turn);
    },
    leave(): void {
      underWay -= 1;
      advance();
    },
  };
  return lane;

  function advance(): void {
    for (const turn of waiting) {
      if (underWay >= lane.most) return;
      waiting.delete(turn);
      underWay += 1;
      turn();
    }
  }
}
