/** Decides when a queue that was idle is written. Calls `flush` once. */
export type Schedule = (flush: () => void, queue: WaitingQueue) => void;

export interface WaitingQueue {
  bytes(): number;
  /** How long its first frame has waited. */
  ageMs(): number;
}

/**
 * Writes when nothing was added for two turns of the event loop, a write is full, or the first frame has waited
 * a millisecond. vscode-jsonrpc starts one request a turn, so the answers to pipelined requests become ready one a turn:
 * a write in the next turn would carry one answer each, and the writes cost more than the answers.
 */
export const whenQuiet =
  (fullBytes: number): Schedule =>
  (flush, queue) => {
    let seenBytes = queue.bytes();
    let quietTurns = 0;
    const look = () => {
      const bytes = queue.bytes();
      quietTurns = bytes === seenBytes ? quietTurns + 1 : 0;
      seenBytes = bytes;
      if (quietTurns === 2 || bytes >= fullBytes || queue.ageMs() >= longestWaitMs) flush();
      else setImmediate(look);
    };
    setImmediate(look);
  };

const longestWaitMs = 1;
