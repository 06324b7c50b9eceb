import { startVariable } from '../../workers/platform/parse/environ.ts';

export { startVariable };

export interface EnvironmentOrder {
  /** The sidecar’s own. */
  inherited: Readonly<Record<string, string | undefined>>;
  /** Whether the child begins with it. */
  inheritEnv: boolean;
  /** What is set on top; null removes. */
  env: Readonly<Record<string, string | null>>;
  startId: string;
}

/** The environment of a child: what it inherits, changed by what its spec says, and the mark by which we find it again. */
export function buildEnvironment({ inherited, inheritEnv, env, startId }: EnvironmentOrder): Record<string, string> {
  const variables = new Map<string, string>();
  for (const [name, value] of Object.entries(inheritEnv ? inherited : {})) {
    if (value !== undefined && !isForUsAlone(name)) variables.set(name, value);
  }
  for (const [name, value] of Object.entries(env)) {
    if (value === null) variables.delete(name);
    else variables.set(name, value);
  }
  variables.set(startVariable, startId);
  return Object.fromEntries(variables);
}

/**
 * How a host told Electron, VS Code or Node to run the sidecar is no business of the sidecar’s children: with ELECTRON_RUN_AS_NODE
 * an Electron app would start as plain Node, and NODE_CHANNEL_FD names a descriptor that they do not have.
 */
function isForUsAlone(name: string): boolean {
  return notPassedOn.has(name) || name.startsWith('VSCODE_');
}

const notPassedOn = new Set([
  'ELECTRON_RUN_AS_NODE',
  'ELECTRON_NO_ASAR',
  'NODE_OPTIONS',
  'NODE_CHANNEL_FD',
  'NODE_CHANNEL_SERIALIZATION_MODE',
  'NODE_UNIQUE_ID',
  startVariable,
]);
