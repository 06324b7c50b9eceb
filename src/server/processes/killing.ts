import { fail } from '../../protocol/errors.ts';
import type { Params, Result } from '../../protocol/methods/index.ts';
import type { KillOutcome } from '../../protocol/types/kill.ts';
import type { ProcessInfo } from '../../protocol/types/process.ts';
import type { Glimpse } from '../../workers/platform/types.ts';
import type { Pool } from '../../workers/pool.ts';
import { type ProtectionFacts, protectionOf } from '../../workers/protection.ts';
import type { Missed } from '../../workers/tasks/growthQuestion.ts';
import type { FreedPorts } from './freedPorts.ts';
import { type Kill, type KillOptions, type KillOrder, missedOutcome, type PlainOutcome, protectedOutcome } from './kill.ts';
import { foretell, plannedOutcome } from './planned.ts';
import { type PlanOwner, type Plans, refuseMembersBesidePlan } from './plans.ts';
import type { GatherProtection } from './protection.ts';

/** The identities that a dry run showed, and how it would have ended them. */
export interface KillPlan {
  targets: Glimpse[];
  options: KillOptions;
}

export interface KillContext {
  owner: PlanOwner;
  signal: AbortSignal;
  onRung?: (rung: { signal: string; processes: number }) => void;
}

export interface KillingParts {
  pool: Pool;
  kill: Kill;
  plans: Plans<KillPlan>;
  gatherProtection: GatherProtection;
  freedPorts: FreedPorts;
  findOwned: (connectionId: string, ownerTag: string) => Promise<ProcessInfo[]>;
}

export type KillProcesses = (params: Params<'process/kill'>, context: KillContext) => Promise<Result<'process/kill'>>;

/** process/kill: who is meant, whether it may be touched, and then the ladder. */
export function createProcessKilling({ pool, kill, plans, gatherProtection, freedPorts, findOwned }: KillingParts): KillProcesses {
  return async function killProcesses(params, context) {
    const { planId, target, dryRun = false } = params;
    if (planId !== undefined) {
      refuseMembersBesidePlan(params);
      const { targets, options } = plans.take(context.owner, planId);
      return { outcomes: await end({ roots: targets, options, protection: await gatherProtection(), fixed: true }, context) };
    }
    if (target === undefined)
      throw fail('InvalidParams', 'process/kill needs a target, or the planId of a dry run.', {
        issues: [{ path: 'target', message: 'missing' }],
      });
    const options = readOptions(params, true);
    if (target.kind === 'process' && !dryRun) {
      const { kind: _kind, ...meant } = target;
      return { outcomes: await end({ roots: [], meant, options, protection: await gatherProtection('later') }, context) };
    }
    // Nothing of it depends on the target, so it is on its way meanwhile.
    const [{ roots, outcomes }, protection] = await Promise.all([findMeant(target, context), gatherProtection()]);
    if (!dryRun) return { outcomes: [...outcomes, ...(await end({ roots, options, protection }, context))] };

    const planned = await planTargets(roots, options, protection);
    const id = plans.keep(context.owner, { targets: planned.targets, options });
    return { outcomes: [...outcomes, ...withoutPorts(planned.outcomes)], planId: id };
  };

  async function findMeant(target: Target, { owner }: KillContext): Promise<Found> {
    switch (target.kind) {
      case 'process': {
        const { kind: _kind, ...ref } = target;
        return findOne(pool, ref);
      }
      case 'group':
        return findGroup(pool, target);
      case 'owner':
        return { roots: await findOwned(owner.connectionId, target.ownerTag), outcomes: [] };
    }
  }

  async function end(
    order: Pick<KillOrder, 'roots' | 'meant' | 'options' | 'protection' | 'fixed'>,
    { signal, onRung }: KillContext,
  ): Promise<KillOutcome[]> {
    if (order.roots.length === 0 && order.meant === undefined) return [];
    return freedPorts.among(await kill({ ...order, notePorts: true, signal, ...(onRung && { onRung }) }));
  }

  async function planTargets(
    roots: ProcessInfo[],
    options: KillOptions,
    protection: ProtectionFacts,
  ): Promise<{ targets: Glimpse[]; outcomes: PlainOutcome[] }> {
    const members = options.tree ? (await Promise.all(roots.map(descendants))).flat() : roots;
    const targets: Glimpse[] = [];
    const outcomes = members.map((info): PlainOutcome => {
      const judged = protectionOf(info, protection);
      if (judged && (judged.level === 'never' || !options.allowProtected)) return protectedOutcome(info, judged);
      targets.push(info);
      return plannedOutcome(info);
    });
    return { targets, outcomes: await foretell(pool, outcomes, options) };
  }

  async function descendants(root: ProcessInfo): Promise<ProcessInfo[]> {
    const { processes } = await pool.run('walkTree', { root: { pid: root.pid, identity: root.identity } });
    return processes.map(({ depth: _depth, ...info }) => info);
  }
}

/** The contract’s defaults. */
export function readOptions(
  params: { [Option in keyof KillOptions]?: KillOptions[Option] | undefined },
  treeByDefault: boolean,
): KillOptions {
  const { tree = treeByDefault, signal = 'SIGTERM', graceMs = 5_000, force = true, allowProtected = false } = params;
  return { tree, signal, graceMs, force, allowProtected };
}

export function withoutPorts(outcomes: PlainOutcome[]) {
  return outcomes.map((outcome) => ({ ...outcome, freedPorts: [] }));
}

type Target = NonNullable<Params<'process/kill'>['target']>;

interface Found {
  roots: ProcessInfo[];
  outcomes: Result<'process/kill'>['outcomes'];
}

async function findOne(pool: Pool, ref: { pid: number; startedAt?: number | undefined; identity?: string | undefined }) {
  const meant = await pool.run('describeProcesses', { targets: [ref] });
  const [found] = meant.processes;
  if (found) return { roots: [found], outcomes: [] };
  const {
    processes: [other],
  } = await pool.run('describeProcesses', { targets: [{ pid: ref.pid }] });
  const missed: Missed =
    meant.denied.length > 0 ? { kind: 'denied' } : other ? { kind: 'identityMismatch', name: other.name } : { kind: 'gone' };
  return { roots: [], outcomes: withoutPorts([missedOutcome(ref, missed)]) };
}

/** The guards are about the leader: where it has ended, nobody can say that this is the group that was meant. */
async function findGroup(pool: Pool, { pgid, startedAt, identity }: Extract<Target, { kind: 'group' }>) {
  if (startedAt !== undefined || identity !== undefined) {
    const leader = await findOne(pool, { pid: pgid, startedAt, identity });
    if (leader.roots.length === 0) return leader;
  }
  return { roots: await listAll(pool, { pgid }), outcomes: [] };
}

async function listAll(pool: Pool, filter: { pgid?: number }): Promise<ProcessInfo[]> {
  const { processes } = await pool.run('listProcesses', { filter, limit: 5_000 });
  return processes;
}
