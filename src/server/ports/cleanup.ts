import type { Params, Result } from '../../protocol/methods/index.ts';
import type { KillOutcome } from '../../protocol/types/kill.ts';
import type { ProcessInfo } from '../../protocol/types/process.ts';
import type { ManagedPort } from '../../protocol/types/registration.ts';
import type { Glimpse } from '../../workers/platform/types.ts';
import type { Pool } from '../../workers/pool.ts';
import { type ProtectionFacts, protectionOf } from '../../workers/protection.ts';
import type { LeftoverSearch, Leftovers } from '../ledger/leftovers.ts';
import type { FreedPorts } from '../processes/freedPorts.ts';
import { type Kill, type KillOptions, type PlainOutcome, protectedOutcome, subject } from '../processes/kill.ts';
import { type KillContext, readOptions, withoutPorts } from '../processes/killing.ts';
import { foretell, plannedOutcome } from '../processes/planned.ts';
import { type Plans, refuseMembersBesidePlan } from '../processes/plans.ts';
import type { GatherProtection } from '../processes/protection.ts';
import { divide, type Group, type Scene } from './cleanupScene.ts';
import type { EndHolders } from './kill.ts';
import type { PortQuestions } from './questions.ts';

/**
 * cleanup/run: ends what dead sidecars of this app have left running, and the holders of its registered ports as far as
 * allowed; all at once, so that one grace is waited for. Throws Unsupported where nobody can tell a dead ledger from a live one.
 */
export type RunCleanup = (params: Params<'cleanup/run'>, context: KillContext) => Promise<Result<'cleanup/run'>>;

/** Exactly these, and how they would have been ended. */
export interface CleanupPlan {
  options: KillOptions;
  leftovers: Glimpse[];
  ports: { port: ManagedPort; targets: Glimpse[] }[];
}

export interface CleanupParts {
  pool: Pool;
  ports: Pick<PortQuestions, 'findHolders'>;
  kill: Kill;
  endHolders: EndHolders;
  plans: Plans<CleanupPlan>;
  gatherProtection: GatherProtection;
  freedPorts: FreedPorts;
  leftoversOf(connectionId: string): LeftoverSearch;
  registrationsOf(connectionId: string): { toCleanUp(): Promise<ManagedPort[]> };
}

export function createCleanup(parts: CleanupParts): RunCleanup {
  const { pool, ports, kill, endHolders, plans, gatherProtection, freedPorts, leftoversOf, registrationsOf } = parts;

  return async function runCleanup(params, context) {
    const { planId, evict = 'owned', dryRun = false } = params;
    const { connectionId } = context.owner;
    if (planId !== undefined) refuseMembersBesidePlan(params);
    const plan = planId === undefined ? null : plans.take(context.owner, planId);
    const leftovers = await leftoversOf(connectionId).find();
    try {
      const registered = plan?.ports.map(({ port }) => port) ?? (await registrationsOf(connectionId).toCleanUp());
      const scene = await survey(leftovers, registered, context.signal);
      if (plan !== null) return await endAndSettle(assign(scene, plan), plan.options, true);
      const options = readOptions(params, true);
      const protection = await gatherProtection();
      const groups = divide(scene, { evict, options, protection });
      if (dryRun) return await show(scene, groups, options, protection, context);
      return await endAndSettle(groups, options, false);

      async function endAndSettle(groups: Groups, options: KillOptions, fixed: boolean): Promise<Result<'cleanup/run'>> {
        const result = await end(scene, groups, options, context, fixed);
        await leftovers.settle();
        return result;
      }
    } finally {
      await leftovers.release();
    }
  };

  async function survey({ found, denied }: Leftovers, registered: ManagedPort[], signal: AbortSignal): Promise<Scene> {
    const held = registered.map(async (port) => {
      const entries = await ports.findHolders({ port: port.port, protocol: port.protocol }, signal);
      const holders = new Map(entries.flatMap(({ owners }) => owners).map((info) => [info.identity, info]));
      return { port, holders: [...holders.values()] };
    });
    return { leftovers: found, denied, ports: await Promise.all(held) };
  }

  async function end(
    scene: Scene,
    { leftovers, ports: groups }: Groups,
    options: KillOptions,
    context: KillContext,
    fixed: boolean,
  ): Promise<Result<'cleanup/run'>> {
    const protection = await gatherProtection();
    const [ended = [], ...ofPorts] = await Promise.all([leftovers, ...groups].map((group) => endGroup(group)));
    const all = [...ended, ...ofPorts.flat()];
    const reports = scene.ports.map(async ({ port, holders }, index) => {
      const outcomes = withShared(ofPorts[index] ?? [], holders, all);
      const now = await look(port);
      const fresh = now.outcomes.filter(({ process }) => !outcomes.some((known) => known.process.identity === process.identity));
      return { port: port.port, name: port.name, freed: now.freed, outcomes: [...outcomes, ...fresh] };
    });
    return { ports: await Promise.all(reports), leftovers: ended };

    async function endGroup({ targets, spared }: Group): Promise<KillOutcome[]> {
      if (targets.length === 0) return withoutPorts(spared);
      const note = await freedPorts.before(targets);
      const { signal, onRung } = context;
      const outcomes = await kill({ roots: targets, options, fixed, protection, signal, ...(onRung && { onRung }) });
      return [...(await note.complete(outcomes)), ...withoutPorts(spared)];
    }
  }

  /** Whether it is free now, and who has come to hold it meanwhile; touches nobody, and is not cut short any more. */
  function look({ port, protocol }: ManagedPort) {
    const refuse = () => 'It came to hold the port while this was under way, and was left alone.';
    return endHolders({ port, protocol, options: readOptions({}, false), refuse }, { signal: uninterrupted });
  }

  async function show(
    scene: Scene,
    { leftovers, ports: groups }: Groups,
    options: KillOptions,
    protection: ProtectionFacts,
    { owner }: KillContext,
  ) {
    const [first, ...ofPorts] = await Promise.all([leftovers, ...groups].map((group) => foresee(group, options, protection)));
    const targets = scene.ports.map(({ port }, index) => ({ port, targets: ofPorts[index]?.targets ?? [] }));
    const planId = plans.keep(owner, { options, leftovers: first?.targets ?? [], ports: targets });
    const all = [first, ...ofPorts].flatMap((one) => one?.outcomes ?? []);
    const shown = scene.ports.map(async ({ port, holders }, index) => ({
      port: port.port,
      name: port.name,
      freed: (await look(port)).freed,
      outcomes: withShared(ofPorts[index]?.outcomes ?? [], holders, all),
    }));
    return { ports: await Promise.all(shown), leftovers: first?.outcomes ?? [], planId };
  }

  /** What a kill of this group would touch, as it is now. */
  async function foresee(
    { targets, spared }: Group,
    options: KillOptions,
    protection: ProtectionFacts,
  ): Promise<{ targets: Glimpse[]; outcomes: KillOutcome[] }> {
    const judge = (info: Glimpse) => {
      const judged = protectionOf(info, protection);
      return judged && (judged.level === 'never' || !options.allowProtected) ? judged : null;
    };
    const members = targets.filter((info) => judge(info) === null).map(({ pid, identity }) => ({ pid, identity, startTicks: null }));
    const question = { members, tree: true, freeze: false, allowProtected: options.allowProtected, protection };
    const [growth] = options.tree && members.length > 0 ? await pool.run('growTrees', { questions: [question] }) : [];
    const grown = [...(growth?.found ?? []), ...(growth?.spared ?? [])].filter(
      (info) => !targets.some(({ identity }) => identity === info.identity),
    );
    const all = [...targets, ...grown];
    const outcomes = all.map((info) => {
      const judged = judge(info);
      return judged ? protectedOutcome(info, judged) : plannedOutcome(info);
    });
    return {
      targets: all.filter((info) => judge(info) === null),
      outcomes: withoutPorts([...(await foretell(pool, outcomes, options)), ...spared]),
    };
  }
}

interface Groups {
  leftovers: Group;
  /** In the order of the ports of the scene. */
  ports: Group[];
}

const uninterrupted = new AbortController().signal;

/** The targets are the plan’s; whoever else is there by now is left, and told. */
function assign(scene: Scene, plan: CleanupPlan): Groups {
  const planned = new Set([...plan.leftovers, ...plan.ports.flatMap(({ targets }) => targets)].map(({ identity }) => identity));
  const others = (now: Glimpse[]): PlainOutcome[] =>
    now
      .filter(({ identity }) => !planned.has(identity))
      .map((info) => ({
        process: subject(info),
        outcome: 'notPlanned',
        reason: 'It does not belong to the plan, and was left alone.',
        elapsedMs: 0,
      }));
  return {
    leftovers: { targets: plan.leftovers, spared: others(scene.leftovers.map(({ process }) => process)) },
    ports: scene.ports.map(({ holders }, index) => ({ targets: plan.ports[index]?.targets ?? [], spared: others(holders) })),
  };
}

/** A holder that was a target elsewhere, as a leftover or on another port, is told here too. */
function withShared(own: KillOutcome[], holders: ProcessInfo[], all: KillOutcome[]): KillOutcome[] {
  const told = new Set(own.map(({ process }) => process.identity));
  const held = new Set(holders.map(({ identity }) => identity).filter((identity) => !told.has(identity)));
  const shared = all.filter(({ process: { identity } }) => identity !== undefined && held.delete(identity));
  return [...own, ...shared];
}
