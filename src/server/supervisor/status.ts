import type { ProcessInfo } from '../../protocol/types/process.ts';
import type { ServiceStatus } from '../../protocol/types/service.ts';
import type { Service } from './service.ts';
import type { ServiceState } from './state.ts';

/** A service as it stands, by what is known on the event loop; its process as it was when it was started. */
export function statusOf({ spec: { name, group, ownerTag }, state, stateChangedAt, run, restarts, containment }: Service): ServiceStatus {
  const process = state.name === 'running' || state.name === 'stopping' ? state.process : null;
  const exit = 'exit' in state ? state.exit : null;
  const cause = causeOf(state);
  return {
    name,
    ...(group !== undefined && { group }),
    state: state.name,
    ready: state.name === 'running' && state.isReady,
    healthy: state.name === 'running',
    process: process && label(process, { service: name, ownerTag }),
    ports: (run?.ports ?? []).map(({ name: port, env, port: number }) => ({ name: port, ...(env !== undefined && { env }), port: number })),
    exitCode: exit?.exitCode ?? null,
    signal: exit?.signal ?? null,
    restarts,
    stateChangedAt,
    containment: run?.containment ?? containment,
    ...(cause !== null && { cause }),
  };
}

/** What a process of a service is told to be. */
export interface ProcessLabel {
  service: string;
  ownerTag?: string | undefined;
}

export function label<Info extends ProcessInfo>(process: Info, { service, ownerTag }: ProcessLabel): Info {
  return { ...process, service, ...(ownerTag !== undefined && { ownerTag }) };
}

function causeOf(state: ServiceState): string | null {
  if (state.name === 'waiting') return state.waitsFor ?? state.cause;
  return state.name === 'stopping' && state.left !== null ? `${state.cause} ${state.left}` : state.cause;
}
