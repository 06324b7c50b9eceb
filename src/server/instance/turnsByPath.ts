/** Runs what concerns the same file one after the other; a failure ends only the turn that it came from. */
export function createTurnsByPath() {
  const last = new Map<string, Promise<unknown>>();

  return function inTurn<Value>(path: string, turn: () => Promise<Value>): Promise<Value> {
    const result = (last.get(path) ?? Promise.resolve()).then(turn, turn);
    last.set(path, result);
    const forget = () => {
      if (last.get(path) === result) last.delete(path);
    };
    result.then(forget, forget);
    return result;
  };
}
