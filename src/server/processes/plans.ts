import { randomUUID } from 'node:crypto';
import type { Clock } from '../../clock.ts';
import { fail } from '../../protocol/errors.ts';

/** What a dry run promised, kept until it is executed once. */
export interface Plans<Content> {
  keep(owner: PlanOwner, content: Content): string;
  /** Takes the plan; throws InvalidState when it is expired, used, or another’s. */
  take(owner: PlanOwner, planId: string): Content;
}

/** A plan belongs to the connection and the method that made it. */
export interface PlanOwner {
  connectionId: string;
  method: string;
}

const livesMs = 30_000;
/** Old ones are remembered for a while, so that the answer can say what became of them. */
const remembered = 256;

export function createPlans<Content>(clock: Clock): Plans<Content> {
  const plans = new Map<string, PlanOwner & { content: Content | null; madeMs: number }>();

  return {
    keep(owner, content) {
      const planId = randomUUID();
      plans.set(planId, { ...owner, content, madeMs: clock.monotonicMs() });
      const [oldest] = plans.keys();
      if (plans.size > remembered && oldest !== undefined) plans.delete(oldest);
      return planId;
    },

    take(owner, planId) {
      const plan = plans.get(planId);
      if (plan === undefined || plan.connectionId !== owner.connectionId || plan.method !== owner.method) {
        throw refused('foreign', 'This plan was not made by this method on this connection.');
      }
      if (plan.content === null) throw refused('used', 'This plan was executed already.');
      const { content } = plan;
      plan.content = null;
      if (clock.monotonicMs() - plan.madeMs > livesMs)
        throw refused('expired', `This plan is older than ${livesMs / 1_000} s, and what it names may have changed.`);
      return content;
    },
  };
}

function refused(state: string, why: string) {
  return fail('InvalidState', `${why} Make a new one with dryRun.`, { state, allowed: ['fresh'] });
}

/** With a planId no other member is allowed: a plan is executed as it was shown. */
export function refuseMembersBesidePlan(params: Record<string, unknown>): void {
  const others = Object.keys(params).filter((member) => member !== 'planId' && member !== 'workDoneToken' && params[member] !== undefined);
  if (others.length === 0) return;
  throw fail('InvalidParams', `With planId no other member is allowed but workDoneToken; leave out ${others.join(', ')}.`, {
    issues: others.map((path) => ({ path, message: 'not allowed together with planId' })),
  });
}
