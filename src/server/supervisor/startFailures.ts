import type { Log } from '../../log.ts';
import { type Failure, fail, SidewardenError } from '../../protocol/errors.ts';
import type { CompleteSpec } from './spec.ts';

/* Why a start came to nothing. */

export function abandoned({ name, command, cwd }: CompleteSpec) {
  return fail('SpawnFailed', `${name} was stopped before it was started.`, { errno: 'ECANCELED', command, cwd: cwd ?? null });
}

export function failureOf(error: unknown, { name, command, cwd }: CompleteSpec, log: Log): Failure {
  if (error instanceof SidewardenError) return error.failure;
  log.error({ err: error, service: name }, 'a service could not be started');
  return fail('SpawnFailed', `${command} could not be started; the sidecar’s log says why.`, {
    errno: 'UNKNOWN',
    command,
    cwd: cwd ?? null,
  }).failure;
}
