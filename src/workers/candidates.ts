/** Pids laid out for several threads that share one scan: cell 0 counts those handed out, the others are the pids. */
export function shareCandidates(pids: readonly number[]): SharedArrayBuffer {
  const work = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT * (pids.length + 1));
  new Int32Array(work).set(pids, 1);
  return work;
}

/** Hands out each pid once, whichever thread asks; null when none is left. */
export function takeCandidates(work: SharedArrayBuffer): () => number | null {
  const cells = new Int32Array(work);
  return () => cells[1 + Atomics.add(cells, 0, 1)] ?? null;
}
