/** Runs what concerns the same thing one after the other; a failure ends only the turn that it came from. */
export function createTurns() {
  const last = new Map<string, Promise<unknown>>();

  return function inTurn<Value>(key: string, turn: () => Promise<Value>): Promise<Value> {
    const result = (last.get(key) ?? Promise.resolve()).then(turn, turn);
    last.set(key, result);
    const forget = () => {
      if (last.get(key) === result) last.delete(key);
    };
    result.then(forget, forget);
    return result;
  };
}
