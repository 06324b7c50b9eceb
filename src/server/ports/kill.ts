import { fail } from '../../protocol/errors.ts';
import type { Params, Result } from '../../protocol/methods/index.ts';
import type { KillOutcome } from '../../protocol/types/kill.ts';
import type { Protocol } from '../../protocol/types/primitives.ts';
import type { ProcessInfo } from '../../protocol/types/process.ts';
import type { Glimpse } from '../../workers/platform/types.ts';
import type { Pool } from '../../workers/pool.ts';
import { protectionOf } from '../../workers/protection.ts';
import { type Kill, type KillOptions, type PlainOutcome, protectedOutcome, subject } from '../processes/kill.ts';
import { type KillContext, type KillPlan, readOptions, withoutPorts } from '../processes/killing.ts';
import { foretell, plannedOutcome } from '../processes/planned.ts';
import { type Plans, refuseMembersBesidePlan } from '../processes/plans.ts';
import type { GatherProtection } from '../processes/protection.ts';
import type { PortQuestions } from './questions.ts';

type Freed = Pick<Result<'port/kill'>, 'freed' | 'cause'>;

/** Ends the holders of a port, all of them or, where one must not be ended, none. */
export type EndHolders = (order: HolderOrder, context: Omit<KillContext, 'owner'>) => Promise<Freed & { outcomes: KillOutcome[] }>;

export interface HolderOrder {
  port: number;
  protocol: Protocol;
  options: KillOptions;
  /** A sentence when this holder must not be ended. */
  refuse?: (holder: ProcessInfo) => string | null;
}

export interface PortPlan extends KillPlan {
  port: number;
  protocol: Protocol;
}

export interface PortKillParts {
  pool: Pool;
  ports: PortQuestions;
  kill: Kill;
  plans: Plans<PortPlan>;
  gatherProtection: GatherProtection;
}

export interface PortKilling {
  endHolders: EndHolders;
  /** port/kill. */
  killPort(params: Params<'port/kill'>, context: KillContext): Promise<Result<'port/kill'>>;
}

export function createPortKilling({ pool, ports, kill, plans, gatherProtection }: PortKillParts): PortKilling {
  return { endHolders, killPort };

  async function killPort(params: Params<'port/kill'>, context: KillContext): Promise<Result<'port/kill'>> {
    const { planId, port, protocol = 'tcp', expect, dryRun = false } = params;
    if (planId !== undefined) {
      refuseMembersBesidePlan(params);
      return executePlan(plans.take(context.owner, planId), context);
    }
    if (port === undefined)
      throw fail('InvalidParams', 'port/kill needs a port, or the planId of a dry run.', {
        issues: [{ path: 'port', message: 'missing' }],
      });
    const options = readOptions(params, false);
    const holders = await findHolders(port, protocol, context.signal);
    const spared = expect ? unexpected(holders, expect) : protocol === 'udp' ? await ambiguous(port, holders) : null;
    if (spared) return { ...(await judge(port, protocol)), outcomes: withoutPorts(spared) };
    if (!dryRun) return end(port, protocol, holders, options, context);

    const protection = await gatherProtection();
    const judged = holders.map((info) => ({ info, judged: protectionOf(info, protection) }));
    const targets = judged
      .filter(({ judged: found }) => !found || (found.level !== 'never' && options.allowProtected))
      .map(({ info }) => info);
    const outcomes = judged.map(({ info, judged: found }) =>
      found && !targets.includes(info) ? protectedOutcome(info, found) : plannedOutcome(info),
    );
    const id = plans.keep(context.owner, { port, protocol, targets, options });
    return { ...(await judge(port, protocol)), outcomes: withoutPorts(await foretell(pool, outcomes, options)), planId: id };
  }

  async function endHolders({ port, protocol, options, refuse }: HolderOrder, context: Omit<KillContext, 'owner'>) {
    const holders = await findHolders(port, protocol, context.signal);
    const refused = new Map(holders.map((info) => [info, refuse?.(info) ?? null]));
    const spared = holders.flatMap((info): PlainOutcome[] => {
      const sentence = refused.get(info);
      return sentence ? [protectedOutcome(info, { sentence })] : [];
    });
    const ended = await end(
      port,
      protocol,
      holders.filter((info) => !refused.get(info)),
      options,
      context,
    );
    return { ...ended, outcomes: [...ended.outcomes, ...withoutPorts(spared)] };
  }

  /** What came to hold the port since the plan was made is left alone, and listed. */
  async function executePlan({ port, protocol, targets, options }: PortPlan, context: KillContext): Promise<Result<'port/kill'>> {
    const now = await findHolders(port, protocol, context.signal);
    const fresh = now.filter(({ identity }) => !targets.some((target) => target.identity === identity));
    const ended = await end(port, protocol, targets, options, context, true);
    const left = fresh.map(
      (info): PlainOutcome => ({
        process: subject(info),
        outcome: 'notPlanned',
        reason: 'It did not hold the port when the plan was made.',
        elapsedMs: 0,
      }),
    );
    return { ...ended, outcomes: [...ended.outcomes, ...withoutPorts(left)] };
  }

  async function end(
    port: number,
    protocol: Protocol,
    holders: Glimpse[],
    options: KillOptions,
    { signal, onRung }: Omit<KillContext, 'owner'>,
    fixed = false,
  ) {
    const outcomes =
      holders.length === 0
        ? []
        : await kill({ roots: holders, options, fixed, protection: await gatherProtection(), signal, ...(onRung && { onRung }) });
    const verdict = await judge(port, protocol);
    const held = new Set(holders.map(({ identity }) => identity));
    const frees = ({ outcome, process }: PlainOutcome) =>
      verdict.freed && (outcome === 'exited' || outcome === 'killed') && held.has(process.identity ?? '');
    return { ...verdict, outcomes: outcomes.map((outcome) => ({ ...outcome, freedPorts: frees(outcome) ? [port] : [] })) };
  }

  /** Whoever has a descriptor of a socket that holds the port, listening or not. */
  async function findHolders(port: number, protocol: Protocol, signal: AbortSignal): Promise<ProcessInfo[]> {
    const entries = await ports.findHolders({ port, protocol }, signal);
    return [...new Map(entries.flatMap(({ owners }) => owners).map((info) => [info.identity, info])).values()];
  }

  /** Whether the port can be bound now, and what stands in the way if not. */
  async function judge(port: number, protocol: Protocol): Promise<Freed> {
    const verdict = await pool.run('checkPort', { port, protocol, hosts: null });
    // A privilege that we lack is not the port’s fault: nobody holds it.
    if (verdict.canBind || verdict.reason === 'accessDenied') return { freed: true, cause: null };
    if (verdict.reason === 'reservedByOs') return { freed: false, cause: 'reservedByOs' };
    const entries = await ports.findHolders({ port, protocol });
    if (entries.length === 0) return { freed: false, cause: 'closing' };
    return { freed: false, cause: entries.every(({ owners }) => owners.length === 0) ? 'hidden' : 'heldByOther' };
  }

  /** UDP sockets are shared more often, and an ephemeral one is a client’s: then the caller has to say whom it means. */
  async function ambiguous(port: number, holders: ProcessInfo[]): Promise<PlainOutcome[] | null> {
    const { rules } = await pool.run('explainPort', { port, protocols: [] });
    const isEphemeral = rules.ephemeral !== null && port >= rules.ephemeral.from && port <= rules.ephemeral.to;
    if (holders.length < 2 && !isEphemeral) return null;
    const why = isEphemeral ? 'is in the range of outgoing sockets' : 'has several holders';
    const sentence = `ambiguous: UDP port ${port} ${why}; say whom you mean with expect.`;
    return holders.map((info) => protectedOutcome(info, { sentence }));
  }
}

type Expected = NonNullable<Params<'port/kill'>['expect']>;

/** One holder that differs, and nobody is signalled. */
function unexpected(holders: ProcessInfo[], { name, ownerTag }: Expected): PlainOutcome[] | null {
  const differs = (info: ProcessInfo) =>
    (name !== undefined && info.name !== name) || (ownerTag !== undefined && info.ownerTag !== ownerTag);
  if (!holders.some(differs)) return null;
  return holders.map((info): PlainOutcome => {
    if (differs(info))
      return protectedOutcome(info, {
        sentence: `unexpected: it is ${info.name}${info.ownerTag ? ` of ${info.ownerTag}` : ''}, not what was expected.`,
      });
    return {
      process: subject(info),
      outcome: 'notPlanned',
      reason: 'Another holder of the port was unexpected, so nobody was signalled.',
      elapsedMs: 0,
    };
  });
}
