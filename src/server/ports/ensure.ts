import type { Clock } from '../../clock.ts';
import { fail } from '../../protocol/errors.ts';
import type { Params, Result } from '../../protocol/methods/index.ts';
import type { KillOutcome } from '../../protocol/types/kill.ts';
import type { Protocol } from '../../protocol/types/primitives.ts';
import type { ProcessInfo } from '../../protocol/types/process.ts';
import type { Pool } from '../../workers/pool.ts';
import { protectionOf } from '../../workers/protection.ts';
import { type KillOptions, protectedOutcome } from '../processes/kill.ts';
import { type KillContext, readOptions, withoutPorts } from '../processes/killing.ts';
import { foretell, plannedOutcome } from '../processes/planned.ts';
import type { GatherProtection } from '../processes/protection.ts';
import type { EndHolders } from './kill.ts';
import type { PortQuestions } from './questions.ts';

/**
 * port/ensureAvailable: makes sure that a port can be bound: looks, ends its holders as far as allowed, and tries again. Aborting ends it between two
 * attempts: rejects with the signal’s reason while nobody was touched, else resolves with the outcomes so far. Rejects
 * with PermissionDenied for a port that this user may not bind.
 */
export type EnsureAvailable = (
  params: Params<'port/ensureAvailable'>,
  context: Omit<KillContext, 'owner'>,
) => Promise<Result<'port/ensureAvailable'>>;

export interface EnsureParts {
  pool: Pick<Pool, 'run'>;
  ports: Pick<PortQuestions, 'findHolders'>;
  endHolders: EndHolders;
  gatherProtection: GatherProtection;
  /** Tells what a dead sidecar of this app has left; read anew for each attempt. */
  findOwned(): Promise<(holder: ProcessInfo) => boolean>;
  clock: Clock;
}

export function createEnsureAvailable({ pool, ports, endHolders, gatherProtection, findOwned, clock }: EnsureParts): EnsureAvailable {
  return async function ensureAvailable(params, context) {
    const { port, protocol = 'tcp', maxRetries = 3, retryDelayMs = 500, evict = 'owned', dryRun = false } = params;
    const options = readOptions(params, false);
    const { signal } = context;
    const seen = createOutcomes();
    let attempts = 0;
    try {
      for (;;) {
        attempts += 1;
        const { canBind, reason } = await pool.run('checkPort', { port, protocol, hosts: null }, { signal });
        if (canBind) return answer(true);
        if (reason === 'accessDenied') throw notAllowed(port);
        if (dryRun) {
          seen.add(await plan({ port, protocol, evict, options }, signal));
          return answer(false);
        }
        // Nobody holds it, and no waiting helps.
        if (reason === 'reservedByOs' || reason === 'addressUnavailable') return answer(false);
        if (evict !== 'none') {
          const ended = await endHolders({ port, protocol, options, ...(evict === 'owned' && { refuse: await refuseOthers() }) }, context);
          seen.add(ended.outcomes);
          if (ended.freed) return answer(true);
        }
        if (attempts > maxRetries) return answer(false);
        await clock.sleep(retryDelayMs, signal);
      }
    } catch (error) {
      // What was done is told, cancelled or not.
      if (signal.aborted && seen.touched()) return answer(false);
      throw error;
    }

    async function answer(available: boolean): Promise<Result<'port/ensureAvailable'>> {
      return { available, attempts, outcomes: seen.list(), entries: available ? [] : await ports.findHolders({ port, protocol }) };
    }
  };

  async function plan({ port, protocol, evict, options }: Eviction, signal: AbortSignal): Promise<KillOutcome[]> {
    if (evict === 'none') return [];
    const [entries, protection] = await Promise.all([ports.findHolders({ port, protocol }, signal), gatherProtection()]);
    const refuse = evict === 'owned' ? await refuseOthers() : () => null;
    const holders = new Map(entries.flatMap(({ owners }) => owners).map((info) => [info.identity, info]));
    const outcomes = [...holders.values()].map((info) => {
      const sentence = refuse(info);
      if (sentence !== null) return protectedOutcome(info, { sentence });
      const judged = protectionOf(info, protection);
      return judged && (judged.level === 'never' || !options.allowProtected) ? protectedOutcome(info, judged) : plannedOutcome(info);
    });
    return withoutPorts(await foretell(pool, outcomes, options));
  }

  async function refuseOthers(): Promise<(holder: ProcessInfo) => string | null> {
    const isOwned = await findOwned();
    return (holder) =>
      isOwned(holder)
        ? null
        : `${holder.name} (pid ${holder.pid}) was not left behind by an earlier run of this app; evict: any would end it.`;
  }
}

interface Eviction {
  port: number;
  protocol: Protocol;
  evict: 'none' | 'owned' | 'any';
  options: KillOptions;
}

/** One outcome a process: what became of it last. */
function createOutcomes() {
  const byProcess = new Map<string, KillOutcome>();
  return {
    add(outcomes: KillOutcome[]): void {
      for (const outcome of outcomes) byProcess.set(outcome.process.identity ?? `pid ${outcome.process.pid}`, outcome);
    },
    list: () => [...byProcess.values()],
    touched: () => [...byProcess.values()].some(({ outcome }) => outcome === 'exited' || outcome === 'killed' || outcome === 'survived'),
  };
}

function notAllowed(port: number) {
  return fail(
    'PermissionDenied',
    `This user may not bind port ${port}, whoever holds it; choose one from 1024, or give the sidecar CAP_NET_BIND_SERVICE.`,
    {
      operation: 'bind',
    },
  );
}
