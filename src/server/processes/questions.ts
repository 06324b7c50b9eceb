import type { Clock } from '../../clock.ts';
import { fail } from '../../protocol/errors.ts';
import type { Params, Result } from '../../protocol/methods/index.ts';
import type { ProcessInfo } from '../../protocol/types/process.ts';
import type { ProcessSample } from '../../workers/platform/types.ts';
import type { Pool } from '../../workers/pool.ts';
import type { Waiter } from '../../workers/waiter.ts';

/** What processes are and do. */
export interface ProcessQuestions {
  get(params: Params<'process/get'>, signal: AbortSignal): Promise<Result<'process/get'>>;
  /** `owned`: who the filter’s `ownerTag` stands for. */
  list(params: Params<'process/list'>, signal: AbortSignal, owned?: ProcessInfo[]): Promise<Result<'process/list'>>;
  tree(params: Params<'process/tree'>, signal: AbortSignal): Promise<Result<'process/tree'>>;
  usage(params: Params<'process/usage'>, signal: AbortSignal): Promise<Result<'process/usage'>>;
  wait(params: Params<'process/wait'>, signal: AbortSignal): Promise<Result<'process/wait'>>;
}

export function createProcessQuestions(pool: Pool, waiter: Waiter, clock: Clock): ProcessQuestions {
  return {
    async get({ target }, signal) {
      const { processes, denied } = await pool.run('describeProcesses', { targets: [target] }, { signal });
      if (denied.length > 0) throw mayNotSee(target.pid);
      return { process: processes[0] ?? null };
    },

    async list({ filter: { ownerTag: _, ...wanted } = {}, limit = 1_000, cursor }, signal, owned) {
      const afterPid = cursor === undefined ? undefined : Number(cursor);
      if (afterPid !== undefined && !Number.isInteger(afterPid)) throw unknownCursor();
      const { processes, more } = await pool.run(
        'listProcesses',
        { limit, filter: owned === undefined ? wanted : among(owned, wanted), ...(afterPid !== undefined && { afterPid }) },
        { signal },
      );
      const last = processes.at(-1);
      return {
        processes: owned === undefined ? processes : processes.flatMap((info) => sameOf(owned, info)),
        ...(more && last && { nextCursor: String(last.pid) }),
      };
    },

    tree: ({ root }, signal) => pool.run('walkTree', { root }, { signal }),

    async usage({ target, tree = false, intervalMs = 100 }, signal) {
      const first = await pool.run('sampleUsage', { target, tree }, { signal });
      await clock.sleep(intervalMs, signal);
      const second = await pool.run('sampleUsage', { refs: first.samples.map(({ ref }) => ref) }, { signal });
      if (second.samples.length === 0)
        throw fail('NotFound', `Process ${target.pid} ended while it was measured.`, { what: `process ${target.pid}` });
      const before = new Map(first.samples.map((sample) => [sample.ref.identity, sample]));
      const cores = second.samples.reduce((sum, now) => sum + coresBetween(before.get(now.ref.identity), now), 0);
      return {
        cpuPercent: Math.round(cores * 1_000) / 10,
        rssBytes: second.samples.reduce((sum, { rssBytes }) => sum + rssBytes, 0),
        processes: second.samples.length,
        sampledAt: clock.now(),
      };
    },

    async wait({ target, timeoutMs }, signal) {
      const startedMs = clock.monotonicMs();
      const answer = (exited: boolean) => ({
        exited,
        exitCode: null,
        signal: null,
        elapsedMs: Math.round(clock.monotonicMs() - startedMs),
      });
      const timeUp = new AbortController();
      const timer = clock.setTimer(timeoutMs, () => timeUp.abort());
      try {
        const { kind } = await waiter.waitForExit(target, AbortSignal.any([signal, timeUp.signal]));
        if (kind === 'denied') throw mayNotSee(target.pid);
        return answer(true);
      } catch (error) {
        if (timeUp.signal.aborted && !signal.aborted) return answer(false);
        throw error;
      } finally {
        timer.cancel();
      }
    },
  };
}

type Filter = NonNullable<Params<'process/list'>['filter']>;

function among(owned: ProcessInfo[], filter: Filter): Filter {
  return { ...filter, pids: owned.map(({ pid }) => pid).filter((pid) => filter.pids === undefined || filter.pids.includes(pid)) };
}

/** As it is now, and whose it is; nobody when another process has the pid by now. */
function sameOf(owned: ProcessInfo[], info: ProcessInfo): ProcessInfo[] {
  return owned
    .filter(({ identity }) => identity === info.identity)
    .map(({ service, ownerTag }) => ({ ...info, ...(service !== undefined && { service }), ...(ownerTag !== undefined && { ownerTag }) }));
}

/** How many cores a process used between two samples. */
function coresBetween(before: ProcessSample | undefined, now: ProcessSample): number {
  if (before === undefined || now.atMs <= before.atMs) return 0;
  return Math.max(0, now.cpuMs - before.cpuMs) / (now.atMs - before.atMs);
}

function mayNotSee(pid: number) {
  return fail(
    'PermissionDenied',
    `Process ${pid} exists, but this user may not look at it (is /proc mounted with hidepid?); ask as root or as its owner.`,
    {
      operation: 'readProcess',
    },
  );
}

function unknownCursor() {
  return fail('InvalidParams', 'This cursor is none of ours; pass nextCursor on as it came.', {
    issues: [{ path: 'cursor', message: 'unknown cursor' }],
  });
}
