import type { Evidence } from '../../workers/evidence.ts';
import type { ProcessMark, Start } from './records.ts';

/** A sidecar that runs now, as its ledger tells it. */
export interface LiveSidecar {
  appId: string;
  sidecar: ProcessMark;
  host: ProcessMark | null;
  /** What ends its services if it cannot; nobody before the first of them. */
  guards: ProcessMark[];
  starts: Start[];
}

export interface LiveList {
  sidecars: LiveSidecar[];
  /** Null where it changed while it was read: then it is good for once. */
  evidence: Evidence | null;
}

export interface LiveLists {
  /** As it is now. */
  listLive(): Promise<LiveSidecar[]>;
  /** The last such list, unchecked, with what it rests on; made anew where there is none. */
  recallLive(): Promise<LiveList>;
}

/** Keeps the last list for as long as its evidence stands: reading all ledgers is what costs. */
export function createLiveLists(readAll: () => Promise<LiveList>, isStanding: (evidence: Evidence) => Promise<boolean>): LiveLists {
  let last: LiveList | null = null;
  let reading: Promise<LiveList> | null = null;
  let next: Promise<LiveList> | null = null;

  return {
    async listLive() {
      const kept = last;
      // Whoever has come since, or started something, has written; whom those have left that were killed is nobody’s any more.
      if (kept?.evidence && (await isStanding(kept.evidence))) return kept.sidecars;
      return (await read()).sidecars;
    },
    recallLive: async () => last ?? read(),
  };

  /** One reading at a time. Whoever asks while one is under way shares the next, because none may be older than its question. */
  function read(): Promise<LiveList> {
    if (reading === null) return begin();
    next ??= reading.then(begin, begin);
    return next;
  }

  function begin(): Promise<LiveList> {
    next = null;
    const begun = readAll().then((list) => {
      last = list.evidence === null ? null : list;
      return list;
    });
    reading = begun;
    const end = () => {
      if (reading === begun) reading = null;
    };
    begun.then(end, end);
    return begun;
  }
}
