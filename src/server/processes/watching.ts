import type { ProcessInfo, ProcessRef } from '../../protocol/types/process.ts';
import type { Pool } from '../../workers/pool.ts';
import type { Waiter } from '../../workers/waiter.ts';
import type { Surroundings } from '../context.ts';
import { sample } from '../events/sampling.ts';
import type { WatchTopic } from '../events/subscriptions.ts';

/** Watches processes: their end is noticed at once where handles are available, all else at every interval. */
export function createProcessWatch(pool: Pool, waiter: Waiter, surroundings: Surroundings): WatchTopic<'event/process'> {
  return async function watchProcesses({ filter, intervalMs }, emit, signal) {
    const targets = filter.targets ?? [];
    const known = new Map<ProcessRef, ProcessInfo>();
    let looking: Promise<void> | null = null;
    let following: Promise<void> | null = null;

    const first = await describe();
    targets.forEach((target, index) => {
      const info = first[index];
      if (info) remember(target, info);
    });
    void sample(intervalMs, signal, look, surroundings);
    return [...known.values()].map((process) => ({ process, change: 'started' as const }));

    async function describe(): Promise<(ProcessInfo | null)[]> {
      const { processes } = await pool.run('describeProcesses', { targets }, { signal });
      return processes.map((info) => (info?.status === 'zombie' ? null : info));
    }

    function remember(target: ProcessRef, process: ProcessInfo): void {
      const isNew = known.get(target)?.identity !== process.identity;
      known.set(target, process);
      if (!isNew) return;
      const { pid, identity } = process;
      waiter
        .waitForExit({ pid, identity }, signal)
        .then(look)
        .catch((error: unknown) => {
          if (!signal.aborted)
            surroundings.log.warn({ err: error, pid }, 'a process could not be waited for; its end is noticed by sampling');
        });
    }

    /** One look at a time. A look that runs may have passed what the caller has heard of, so another follows it. */
    function look(): Promise<void> {
      if (looking !== null) {
        following ??= looking
          .catch(() => {})
          .then(() => {
            following = null;
            return look();
          });
        return following;
      }
      looking = compare().finally(() => {
        looking = null;
      });
      return looking;
    }

    async function compare(): Promise<void> {
      const present = await describe();
      targets.forEach((target, index) => {
        const [before, now] = [known.get(target), present[index] ?? null];
        if (before && before.identity !== now?.identity) {
          known.delete(target);
          emit({ process: before, change: 'exited' });
        }
        if (now === null || (before !== undefined && isEnding(before, now))) return;
        if (before?.identity !== now.identity) emit({ process: now, change: 'started' });
        else if (appearance(before) !== appearance(now)) emit({ process: now, change: 'changed' });
        remember(target, now);
      });
    }
  };
}

/** Caught on its way out: Linux takes the memory first, with all that is read from it, before it calls the process a zombie. */
function isEnding(before: ProcessInfo, now: ProcessInfo): boolean {
  return before.identity === now.identity && before.executable !== null && now.executable === null && now.commandLine?.length === 0;
}

/** What of a process a host would call a change. Running and sleeping alternate all the time and are not. */
function appearance({ ppid, name, executable, commandLine, user, pgid, sid, status }: ProcessInfo): string {
  const isStopped = status === 'stopped';
  return JSON.stringify([ppid, name, executable, commandLine, user, pgid, sid, isStopped]);
}
