/** A number that the event loop and the pool threads share. */
export type SharedCount = SharedArrayBuffer;

export const createCount = (): SharedCount => new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT);

export const readCount = (count: SharedCount): number => Atomics.load(new Int32Array(count), 0);

export function writeCount(count: SharedCount, value: number): void {
  Atomics.store(new Int32Array(count), 0, value);
}

/** Answers the new value. */
export const increase = (count: SharedCount): number => Atomics.add(new Int32Array(count), 0, 1) + 1;
