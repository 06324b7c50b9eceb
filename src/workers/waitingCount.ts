/** How many wait for the next step, told to the thread that is busy with the present one. */
export type WaitingCount = SharedArrayBuffer;

export const createWaitingCount = (): WaitingCount => new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT);

export const readWaiting = (count: WaitingCount): number => Atomics.load(new Int32Array(count), 0);

export function tellWaiting(count: WaitingCount, value: number): void {
  Atomics.store(new Int32Array(count), 0, value);
}
