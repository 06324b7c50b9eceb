import type { ProcessInfo, ProcessRef } from '../../protocol/types/process.ts';
import type { Service } from './service.ts';
import type { ServiceExit } from './state.ts';
import { label, type ProcessLabel } from './status.ts';

/** What our services say about processes. */
export interface Belonging {
  /** With `service` and `ownerTag`, if it is the process of a service, or of a group or session that this one leads. */
  label<Info extends ProcessInfo>(info: Info): Info;
  /** How this process ends; resolves when it has. Null for one that is not the process of a service. */
  exitOf(target: ProcessRef): Promise<ServiceExit> | null;
}

export function createBelonging(services: ReadonlyMap<string, Service>): Belonging {
  return {
    label(info) {
      const leads = ({ pid, identity }: Leader) => identity === info.identity || pid === info.sid || pid === info.pgid;
      const found = [...services.values()].flatMap(leaderOf).find(leads);
      return found === undefined ? info : label(info, found);
    },

    exitOf({ pid, identity }) {
      const isMeant = (service: Service) => {
        const process = service.run?.process;
        // Without an identity it is whoever has the pid now: ours, as long as we have not collected it.
        return identity === undefined ? leaderOf(service)[0]?.pid === pid : process?.pid === pid && process.identity === identity;
      };
      return [...services.values()].find(isMeant)?.run?.exited ?? null;
    },
  };
}

interface Leader extends ProcessLabel {
  pid: number;
  identity: string;
}

/** While it has not been collected, its pid names it and the session that it leads. */
function leaderOf({ spec, state, run }: Service): Leader[] {
  const process = run?.process ?? null;
  const lives = state.name === 'running' || (state.name === 'stopping' && state.exit === null);
  if (process === null || !lives) return [];
  return [{ pid: process.pid, identity: process.identity, service: spec.name, ownerTag: run?.spec.ownerTag }];
}
