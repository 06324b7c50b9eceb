import fs from 'node:fs';
import { promisify } from 'node:util';
import type { Clock } from '../../../clock.ts';
import { paceLooks } from '../pacedLooks.ts';
import { hasEnded, parseProcStat } from '../parse/procStat.ts';
import { isDenied, isGone } from './procFiles.ts';

/** Waits by looking: the fallback where there are no pidfds. */
export interface ExitLooks {
  /** Takes an open /proc/PID/stat over and closes it when it is forgotten, which the answer is for. */
  add(statFile: number, onAnswer: (answer: 'exited' | 'denied') => void): () => void;
}

export function createExitLooks(clock: Clock): ExitLooks {
  const watched = new Set<Watch>();
  let lookedAt: Watch | null = null;
  const { hasten, rest } = paceLooks(look, { isNeeded: () => watched.size > 0, clock });

  return {
    add(statFile, onAnswer) {
      const watch = { statFile, onAnswer };
      watched.add(watch);
      hasten();
      return () => forget(watch);
    },
  };

  async function look(): Promise<void> {
    for (const watch of watched) {
      lookedAt = watch;
      const answer = await lookAt(watch.statFile);
      lookedAt = null;
      if (!watched.has(watch)) fs.closeSync(watch.statFile);
      else if (answer !== null) watch.onAnswer(answer);
    }
  }

  function forget(watch: Watch): void {
    if (!watched.delete(watch)) return;
    // Not under a read that is under way: its number could be given to another file.
    if (watch !== lookedAt) fs.closeSync(watch.statFile);
    if (watched.size === 0) void rest();
  }
}

interface Watch {
  statFile: number;
  onAnswer(answer: 'exited' | 'denied'): void;
}

/** Null while it lives; and when nothing could be read this time, for want of memory. */
async function lookAt(statFile: number): Promise<'exited' | 'denied' | null> {
  try {
    const { bytesRead, buffer } = await read(statFile, { buffer: new Uint8Array(STAT_BYTES), position: 0 });
    const stat = parseProcStat(buffer.subarray(0, bytesRead));
    return stat !== null && hasEnded(stat) ? 'exited' : null;
  } catch (error) {
    if (isGone(error)) return 'exited';
    return isDenied(error) ? 'denied' : null;
  }
}
const read = promisify(fs.read);
/** Some fifty numbers and a short name. */
const STAT_BYTES = 2_048;
