import type { CompleteProbe } from '../spec.ts';
import type { LineWatch } from './log.ts';
import { whoseElse } from './ownership.ts';
import { repeat } from './repeat.ts';
import { areOneQuestion, shareQuestions } from './sharing.ts';
import { httpTarget, tcpTarget } from './target.ts';
import { type Answer, type Ask, failure, givenUp, type ProbedRun, type ProbeParts, reasonOf, success } from './types.ts';

/** The probes of one run, being asked. */
export interface Probing {
  stop(): void;
}

export interface ProbingOrder {
  run: ProbedRun;
  /** Of a readiness probe that looks for a line. */
  lineWatch: LineWatch | null;
  parts: ProbeParts;
  onReady(): void;
  onUnready(cause: string): void;
  onAiling(cause: string): void;
}

export function startProbing({ run, lineWatch, parts, onReady, onUnready, onAiling }: ProbingOrder): Probing {
  const { readiness, liveness } = run.spec;
  const ended = new AbortController();
  const { signal } = ended;
  const { clock, log } = parts;
  const shared = readiness && liveness && areOneQuestion(readiness, liveness) ? shareQuestions(lazily(readiness, run, parts), clock) : null;
  const ask = (probe: CompleteProbe, onSuccess: () => void, onFailure: (why: string) => void) =>
    void repeat(probe, shared ?? lazily(probe, run, parts), { onSuccess, onFailure, signal, clock }).catch((error: unknown) =>
      log.error({ err: error, service: run.spec.name }, 'a probe failed in a way it should not'),
    );

  if (readiness === undefined) onReady();
  else if (lineWatch !== null) void lineWatch.found.then(() => signal.aborted || onReady());
  else ask(readiness, onReady, (why) => onUnready(`Its readiness probe fails: ${why}.`));
  if (liveness !== undefined)
    ask(
      liveness,
      () => {},
      (why) => onAiling(`Its liveness probe failed: ${why}.`),
    );

  return {
    stop() {
      lineWatch?.stop();
      ended.abort();
    },
  };
}

/** What asks is loaded with the first question. */
function lazily(probe: CompleteProbe, run: ProbedRun, parts: ProbeParts): Ask {
  let made: Promise<Ask> | null = null;
  return async (signal) => {
    made ??= make(probe, run, parts);
    return (await made)(signal);
  };
}

async function make(probe: CompleteProbe, run: ProbedRun, parts: ProbeParts): Promise<Ask> {
  switch (probe.kind) {
    case 'http': {
      const url = httpTarget(probe, run.ports);
      const { askHttp } = await import('./http.ts');
      const host = url.hostname.replace(/^\[|\]$/g, '');
      const port = Number(url.port || (url.protocol === 'https:' ? 443 : 80));
      return owned(askHttp(url), { host, port }, run, parts);
    }
    case 'tcp': {
      const target = tcpTarget(probe, run.ports);
      const { askTcp } = await import('./tcp.ts');
      return owned(askTcp(target, parts.knock), target, run, parts);
    }
    case 'exec': {
      const { askExec } = await import('./exec.ts');
      return askExec({ command: probe.command, args: probe.args ?? [] }, run, parts);
    }
    case 'log':
      return async () => failure('a line of output is waited for, not asked for');
  }
}

/** Until it has once been the run itself that answered, each answer is looked at twice. */
function owned(ask: Ask, target: { host: string; port: number }, run: ProbedRun, parts: ProbeParts): Ask {
  let isOwn = false;
  let looking: Promise<Answer> | null = null;
  return async (signal) => {
    const answer = await ask(signal);
    if (isOwn || answer.kind === 'failure') return answer;
    // With a hundred services on a busy machine the look takes longer than a question may: then the next one waits for it.
    looking ??= look();
    return Promise.race([looking, givenUp(signal)]);
  };

  async function look(): Promise<Answer> {
    const stranger = await whoseElse(target, run, parts, new AbortController().signal).catch(
      (error: unknown) => `it could not be found out who holds port ${target.port} (${reasonOf(error)})`,
    );
    isOwn = stranger === null;
    looking = null;
    return stranger === null ? success : failure(stranger);
  }
}
