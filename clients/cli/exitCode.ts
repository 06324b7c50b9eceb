/** What the terminal tool ends with; `--help` and the README list them. */
export const exitCode = {
  done: 0,
  none: 1,
  usage: 2,
  couldNotLook: 3,
  noSidecar: 4,
  refused: 5,
  notAll: 6,
} as const;

export type ExitCode = (typeof exitCode)[keyof typeof exitCode];

/** The command line asks for something that there is not; told with a way out. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}
