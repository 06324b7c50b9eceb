/** Why the sidecar ends. */
export type Ending =
  | { kind: 'endOfInput'; framing: 'lsp' | 'ndjson' | 'messages' | null }
  | { kind: 'broken'; reason: string }
  | { kind: 'outputLost'; reason: string }
  | { kind: 'exit' }
  /** A shutdown was answered 5 s ago, and `exit` did not follow. */
  | { kind: 'exitOverdue' }
  | { kind: 'hostDeath' }
  | { kind: 'signal'; signal: NodeJS.Signals }
  | { kind: 'uncaughtException'; error: unknown };

export interface EndingCircumstances {
  /** A `shutdown` or `shutdown/run` was answered before. */
  shutdownAnswered: boolean;
  /** The host named a process to watch. */
  hasHostProcess: boolean;
  /** A critical handler was not done. */
  hasCriticalFailure: boolean;
  /** As what ends us, or while something else does. */
  hasUncaughtException: boolean;
}

export const couldNotStart = 4;

/** The exit code, as the README documents it. */
export function exitCodeFor(ending: Ending, circumstances: EndingCircumstances): number {
  const { shutdownAnswered, hasHostProcess, hasCriticalFailure, hasUncaughtException } = circumstances;
  if (hasUncaughtException) return 5;
  if (hasCriticalFailure) return 3;
  if (shutdownAnswered) return 0;
  switch (ending.kind) {
    case 'signal':
    case 'exitOverdue':
      return 0;
    case 'endOfInput':
      // A shell that pipes a few lines in has said all it wanted.
      return ending.framing === 'ndjson' && !hasHostProcess ? 0 : 1;
    default:
      return 1;
  }
}

/** What the report names as the reason. */
export function reasonOf(ending: Ending): string {
  switch (ending.kind) {
    case 'signal':
      return ending.signal;
    case 'broken':
    case 'outputLost':
      return `${ending.kind}: ${ending.reason}`;
    default:
      return ending.kind;
  }
}
