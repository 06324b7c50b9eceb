import type { ProcessInfo } from '../../protocol/types/process.ts';
import type { Service } from './service.ts';
import type { ServiceExit } from './state.ts';
import { label, type ProcessLabel } from './status.ts';

/** What our services say about processes. */
export interface Belonging {
  /** The processes that we answer for: the one that was started for each service. */
  supervised(): SupervisedProcess[];
  /** The same, of one owner. */
  ownedBy(ownerTag: string): SupervisedProcess[];
  /** The service whose process this is; a kill of it is a service/stop. */
  serviceOf(identity: string): string | null;
  /** With `service` and `ownerTag`, if it is the process of a service, or of a group or session that this one leads. */
  label(info: ProcessInfo): ProcessInfo;
  /** How one of our own ended, once it has; null for any other process. */
  exitOf(identity: string): Promise<ServiceExit> | null;
}

export interface SupervisedProcess extends ProcessLabel {
  pid: number;
  identity: string;
}

export function createBelonging(services: ReadonlyMap<string, Service>): Belonging {
  const supervised = (): SupervisedProcess[] => [...services.values()].flatMap(processOf);
  return {
    supervised,
    ownedBy: (ownerTag) => supervised().filter((one) => one.ownerTag === ownerTag),
    serviceOf: (identity) => supervised().find((one) => one.identity === identity)?.service ?? null,
    label(info) {
      const found = supervised().find(({ pid, identity }) => identity === info.identity || pid === info.sid || pid === info.pgid);
      return found === undefined ? info : label(info, found);
    },
    exitOf: (identity) => [...services.values()].find(({ run }) => run?.process?.identity === identity)?.run?.exited ?? null,
  };
}

/** While it has not been collected, its pid names it and the session that it leads. */
function processOf({ spec, state, run }: Service): SupervisedProcess[] {
  const process = run?.process ?? null;
  if (process === null || !('process' in state) || (state.name === 'stopping' && state.exit !== null)) return [];
  return [{ pid: process.pid, identity: process.identity, service: spec.name, ownerTag: run?.spec.ownerTag }];
}
