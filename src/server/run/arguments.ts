/** What `sidewarden run` was asked to do. */
export interface RunOrder {
  command: string;
  args: string[];
  /** Between the polite signal and SIGKILL. */
  graceMs: number;
  /** Where it is noted what runs; the usual place when absent. */
  stateDir?: string;
}

export type RunAnswer = { order: RunOrder } | { problem: string };

/** Options end with `--`, or with the first word that is none, as for env(1) and nice(1). */
export function readRunArguments(args: readonly string[]): RunAnswer {
  const order: Pick<RunOrder, 'graceMs' | 'stateDir'> = { graceMs: 5_000 };
  let at = 0;
  for (; at < args.length; at += 1) {
    const word = args[at] as string;
    if (!word.startsWith('-') || word === '-') break;
    if (word === '--') {
      at += 1;
      break;
    }
    const [name, ...rest] = word.split('=') as [string, ...string[]];
    if (name !== '--grace' && name !== '--state-dir') return problem(`There is no option ${name}.`);
    const value = rest.length > 0 ? rest.join('=') : args[++at];
    if (value === undefined || value === '') return problem(`${name} takes a value.`);
    if (name === '--state-dir') order.stateDir = value;
    else if (/^\d{1,9}$/.test(value)) order.graceMs = Number(value);
    else return problem(`--grace takes milliseconds, not "${value}".`);
  }
  const [command, ...rest] = args.slice(at);
  if (command === undefined || command === '') return problem('There is no command to run: sidewarden run -- COMMAND [ARGUMENT …].');
  return { order: { ...order, command, args: rest } };
}

const problem = (sentence: string): RunAnswer => ({ problem: sentence });
