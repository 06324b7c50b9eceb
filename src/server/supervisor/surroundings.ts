import { buildEnvironment } from '../os/environment.ts';
import { numbersOf, replacePorts } from './placeholders.ts';
import { type AssignedPort, portVariables } from './servicePorts.ts';
import type { CompleteSpec } from './spec.ts';

export interface Around {
  /** The sidecar’s own. */
  environment: Readonly<Record<string, string | undefined>>;
  directory: string;
}

/** What a program of a service is started with. */
export function surroundings(
  { cwd, env, inheritEnv, args }: CompleteSpec,
  { environment, directory }: Around,
  startId: string,
  ports: readonly AssignedPort[] = [],
) {
  const numbers = numbersOf(ports);
  const replace = (text: string) => replacePorts(text, numbers);
  const filled = Object.entries(env).map(([name, value]) => [name, value === null ? null : replace(value)]);
  return {
    cwd: cwd ?? directory,
    args: args.map(replace),
    environment: buildEnvironment({
      inherited: environment,
      inheritEnv,
      env: { ...Object.fromEntries(filled), ...portVariables(ports) },
      startId,
    }),
  };
}
