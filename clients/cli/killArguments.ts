import type { ParseArgsOptionsConfig } from 'node:util';
import type { Params } from '../../src/protocol/methods/index.ts';
import { parseWhole } from './arguments.ts';
import { UsageError } from './exitCode.ts';

/* The options that `kill` and `free` share. */

export const killArguments = {
  yes: { type: 'boolean', short: 'y' },
  'dry-run': { type: 'boolean', short: 'n' },
  json: { type: 'boolean' },
  udp: { type: 'boolean' },
  expect: { type: 'string' },
  signal: { type: 'string' },
  grace: { type: 'string' },
  force: { type: 'boolean' },
  tree: { type: 'boolean' },
  'allow-protected': { type: 'boolean' },
} as const satisfies ParseArgsOptionsConfig;

interface KillValues {
  signal?: string | undefined;
  grace?: string | undefined;
  force?: boolean | undefined;
  tree?: boolean | undefined;
  'allow-protected'?: boolean | undefined;
}

type KillParams = Pick<Params<'port/kill'>, 'signal' | 'graceMs' | 'force' | 'tree' | 'allowProtected'>;

/** As the protocol takes them; what was not said is left to the sidecar’s defaults. */
export function readKillParams({ signal, grace, force, tree, 'allow-protected': allowProtected }: KillValues): KillParams {
  return {
    signal: signal === undefined ? undefined : parseSignal(signal),
    graceMs: grace === undefined ? undefined : parseWhole(grace, '--grace', 0, 3_600_000),
    force,
    tree,
    allowProtected,
  };
}

type Signal = NonNullable<KillParams['signal']>;

const signals: readonly Signal[] = ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT', 'SIGKILL', 'SIGUSR1', 'SIGUSR2'];

function parseSignal(text: string): Signal {
  const known = signals.find((signal) => [signal, signal.slice(3)].includes(text.toUpperCase()));
  if (known === undefined) throw new UsageError(`--signal takes one of ${signals.join(', ')}, not "${text}".`);
  return known;
}
