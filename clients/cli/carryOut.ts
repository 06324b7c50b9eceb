import type { KillOutcome } from '../../src/protocol/types/kill.ts';
import { SidecarError } from '../typescript/errors.ts';
import { canAsk, confirm } from './confirm.ts';
import { type Addresses, printOutcomes } from './outcomes.ts';
import { complain, paint, print } from './terminal.ts';
import { escapeControls } from './text.ts';

/** What port/kill and process/kill have in common. */
export interface KillAnswer {
  outcomes: KillOutcome[];
  planId?: string | undefined;
}

/** One kill, in the three ways in which it can be asked for. */
export interface Killing<Answer extends KillAnswer> {
  plan(options?: { allowProtected: false }): Promise<Answer>;
  execute(planId: string): Promise<Answer>;
  /** Without a plan: whoever is there by then. */
  direct(): Promise<Answer>;
  /** Of a port: where each holds it, which is not always where one thinks. */
  addresses?(): Promise<Addresses>;
}

export interface Consent {
  yes?: boolean | undefined;
  'dry-run'?: boolean | undefined;
  json?: boolean | undefined;
  'allow-protected'?: boolean | undefined;
}

/** Who answers for the user. */
export interface Asker {
  canAsk(): boolean;
  confirm(question: string): Promise<boolean>;
}

/** `seen`: nobody was touched, as was asked for or because there is nobody to touch. `refused`: nobody, for want of a yes. */
export interface CarriedOut<Answer> {
  stage: 'seen' | 'refused' | 'done';
  answer: Answer;
}

/** Shows whom it would touch, asks, and then touches exactly those. What became of them is left to the caller to show. */
export async function carryOut<Answer extends KillAnswer>(
  killing: Killing<Answer>,
  consent: Consent,
  asker: Asker = { canAsk, confirm },
): Promise<CarriedOut<Answer>> {
  if (consent.yes && !consent['dry-run']) return { stage: 'done', answer: await killing.direct() };
  let answer = await plan(killing, consent);
  for (;;) {
    const planned = answer.outcomes.filter(({ outcome }) => outcome === 'planned');
    if (!consent.json && answer.outcomes.length > 0) printOutcomes(answer, await killing.addresses?.());
    if (consent['dry-run'] || planned.length === 0) return { stage: 'seen', answer };
    const refusal = whyNotAsked(consent, asker);
    if (refusal !== null) {
      complain(`Nothing was touched: ${refusal}`);
      return { stage: 'refused', answer };
    }
    if (!(await asker.confirm(planned.length === 1 ? 'End it?' : `End these ${planned.length}?`))) {
      print('Nothing was touched.');
      return { stage: 'refused', answer };
    }
    const done = await executeAsShown(killing, consent, answer);
    if (done.stage === 'done') return done;
    print('', 'Somebody has come or gone since that was shown. Now it is:');
    answer = done.answer;
  }
}

/** What is protected is planned only when that was wanted, and then it still says what it is. */
async function plan<Answer extends KillAnswer>(killing: Killing<Answer>, consent: Consent): Promise<Answer> {
  const answer = await killing.plan();
  if (!consent['allow-protected']) return answer;
  const guarded = await killing.plan({ allowProtected: false });
  const reasons = new Map(
    guarded.outcomes.filter(({ outcome }) => outcome === 'protected').map(({ process, reason }) => [process.identity, reason]),
  );
  for (const { process, outcome } of answer.outcomes) {
    const reason = reasons.get(process.identity);
    if (outcome === 'planned' && reason !== undefined && !consent.json)
      print(`${paint('yellow', 'Protected')}, and yet it would be ended: ${escapeControls(reason)}`);
  }
  return answer;
}

function whyNotAsked({ json }: Consent, { canAsk }: Asker): string | null {
  const wayOut = 'Say --yes to have it done without being asked, or --dry-run to only see who it would be.';
  if (json) return `with --json nobody is asked. ${wayOut}`;
  return canAsk() ? null : `there is no terminal on which to ask. ${wayOut}`;
}

/** A plan that has grown old over the question is made anew, and carried out only if it names the same processes. */
async function executeAsShown<Answer extends KillAnswer>(
  killing: Killing<Answer>,
  consent: Consent,
  shown: Answer,
): Promise<CarriedOut<Answer>> {
  try {
    return { stage: 'done', answer: await killing.execute(shown.planId as string) };
  } catch (error) {
    if (!(error instanceof SidecarError && error.kind === 'InvalidState')) throw error;
  }
  const fresh = await plan(killing, consent);
  if (identities(fresh) !== identities(shown)) return { stage: 'seen', answer: fresh };
  return { stage: 'done', answer: await killing.execute(fresh.planId as string) };
}

function identities({ outcomes }: KillAnswer): string {
  return JSON.stringify(outcomes.map(({ process, outcome }) => [process.identity, outcome]).sort());
}
