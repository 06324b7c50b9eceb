/*
 * What a signalling step has done so far, in memory that its thread and the event loop share: whatever becomes of the thread,
 * the next one takes up where it ended, nothing is signalled twice, no handle is lost and nobody stays stopped.
 */
export type SignalRecord = SharedArrayBuffer;

/** A process that a step has taken hold of. */
export interface RecordedProcess {
  place: number;
  /** 0: nobody knows yet whether it is meant. */
  pid: number;
  identity: string;
  /** Still open; null where there are no handles. */
  handle: number | null;
  /** A signal was on its way to it, and may have got there. */
  isClaimed: boolean;
  /** Stopped by the step and not continued yet. */
  isFrozen: boolean;
}

/** Grows with what a step finds; what would not fit any more is not recorded. */
export const createRecord = (places: number): SignalRecord =>
  new SharedArrayBuffer((places + roomAtFirst) * placeBytes, { maxByteLength: (places + mostFound) * placeBytes });

/** For the next step, when nobody writes to it any more: a new one takes longer to make than a process to stop. Null where it has grown large. */
export function emptyRecord(record: SignalRecord): SignalRecord | null {
  if (record.byteLength > mostKept * placeBytes) return null;
  new Uint8Array(record).fill(0);
  return record;
}

export type Progress = ReturnType<typeof openRecord>;

/** How far a step got. Its targets have the places from 0 on in their order, what it finds those behind. */
export function openRecord(record: SignalRecord) {
  // Both follow the buffer when it grows.
  const cells = new Int32Array(record);
  const bytes = new Uint8Array(record);
  const cell = (place: number, member: number): number => (place * placeBytes) / 4 + member;

  return {
    /** Notes a handle on somebody who may turn out not to be meant; false when there is no room for it. */
    keep(place: number, handle: number): boolean {
      if (!makeRoom(place)) return false;
      Atomics.store(cells, cell(place, HANDLE), handle + FIRST_HANDLE);
      return true;
    },
    /** Who was kept is not meant. Before the handle is closed: its number may be another one’s in a moment. */
    drop(place: number): void {
      Atomics.store(cells, cell(place, HANDLE), NOTHING);
    },
    /** Notes whom a place stands for and the handle on it. Answers the handle to use: that of another thread which was here before. */
    hold(place: number, { pid, identity }: { pid: number; identity: string }, handle: number | null): number | null {
      if (!makeRoom(place)) return handle;
      const now = handle === null ? NO_HANDLE : handle + FIRST_HANDLE;
      const before = Atomics.compareExchange(cells, cell(place, HANDLE), NOTHING, now);
      if (before !== NOTHING && before !== now) return before === NO_HANDLE ? null : before - FIRST_HANDLE;
      const text = encoder.encode(identity).subarray(0, identityBytes);
      bytes.set(text, place * placeBytes + headBytes);
      cells[cell(place, LENGTH)] = text.length;
      Atomics.store(cells, cell(place, PID), pid);
      return handle;
    },
    /** True for whoever asks first: it alone may signal. Asked before the call, because a thread that dies inside it may have sent. */
    claim: (place: number): boolean => !isRecorded(place) || (Atomics.or(cells, cell(place, STATE), CLAIMED) & CLAIMED) === 0,
    freezing(place: number): void {
      if (isRecorded(place)) Atomics.or(cells, cell(place, STATE), FROZEN);
    },
    continued(place: number): void {
      if (isRecorded(place)) Atomics.and(cells, cell(place, STATE), ~FROZEN);
    },
    /** Who is at this place; null where nobody was taken hold of. */
    at: read,
    /** Everybody from this place on. */
    from(first: number): RecordedProcess[] {
      const found = [];
      for (let place = first; isRecorded(place); place += 1) {
        const one = read(place);
        if (one !== null) found.push(one);
      }
      return found;
    },
  };

  function isRecorded(place: number): boolean {
    return (place + 1) * placeBytes <= record.byteLength;
  }

  function makeRoom(place: number): boolean {
    const needed = (place + 1) * placeBytes;
    if (needed > record.maxByteLength) return false;
    if (needed > record.byteLength) record.grow(Math.min(needed * 2, record.maxByteLength));
    return true;
  }

  function read(place: number): RecordedProcess | null {
    if (!isRecorded(place)) return null;
    const handle = Atomics.load(cells, cell(place, HANDLE));
    if (handle === NOTHING) return null;
    const start = place * placeBytes + headBytes;
    return {
      place,
      pid: Atomics.load(cells, cell(place, PID)),
      get identity() {
        return decoder.decode(bytes.slice(start, start + (cells[cell(place, LENGTH)] ?? 0)));
      },
      handle: handle === NO_HANDLE ? null : handle - FIRST_HANDLE,
      isClaimed: (Atomics.load(cells, cell(place, STATE)) & CLAIMED) !== 0,
      isFrozen: (Atomics.load(cells, cell(place, STATE)) & FROZEN) !== 0,
    };
  }
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

const [HANDLE, PID, STATE, LENGTH] = [0, 1, 2, 3];
const headBytes = 16;
/** Longer than any identity of ours. */
const identityBytes = 80;
const placeBytes = headBytes + identityBytes;
const roomAtFirst = 16;
const mostFound = 16_384;
const mostKept = 64;

const [NOTHING, NO_HANDLE, FIRST_HANDLE] = [0, 1, 2];
const [CLAIMED, FROZEN] = [1, 2];
