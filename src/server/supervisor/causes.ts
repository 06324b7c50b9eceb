import type { Run } from './runTypes.ts';
import type { ServiceExit } from './state.ts';

/* Why a service has ended, as a sentence. */

export const isFailure = ({ exitCode, signal }: ServiceExit): boolean => signal !== null || exitCode !== 0;

export function causeOf(exit: ServiceExit, sent: ReadonlySet<string>, run: Run | null): string {
  const { exitCode, signal } = exit;
  if (exitCode === null && signal === null) return withLastLines('It ended; how, only the sidecar that started it could have heard.', run);
  const bySignal = `It was ended by ${signal}, ${sent.has(signal ?? '') ? 'which was sent by service/signal' : 'which we did not send'}.`;
  const how = signal === null ? `It ended by itself with exit code ${exitCode}.` : bySignal;
  return isFailure(exit) ? withLastLines(how, run) : how;
}

const mostLastLines = 5;

export function withLastLines(sentence: string, run: Run | null): string {
  const lines = run?.lastLines(mostLastLines) ?? [];
  return lines.length === 0 ? sentence : `${sentence} It wrote last: ${lines.join(' ⏎ ')}`;
}
