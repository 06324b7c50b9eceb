import { fail } from '../../protocol/errors.ts';
import type { Platform, SupportedPlatform } from './types.ts';

/** A platform that answers every question with Unsupported, so that the sidecar runs there and says what it cannot do. */
export function createUnsupported(name: SupportedPlatform, problem: string): Platform {
  const refuse = (capability: string) => (): never => {
    throw fail('Unsupported', `Here sidewarden cannot look at ${capability}: ${problem}`, { capability, platform: name });
  };
  const sockets = refuse('sockets');
  const processes = refuse('processes');
  const signals = refuse('signals');
  return {
    name,
    sockets: {
      read: sockets,
      lookup: sockets,
      tryBind: sockets,
      readClosing: sockets,
      readRules: sockets,
      readLocalAddresses: sockets,
      listCandidates: sockets,
      scanOwners: sockets,
    },
    processes: {
      describe: processes,
      glimpse: processes,
      glimpseHeld: processes,
      identify: processes,
      listPids: processes,
      readParents: processes,
      sample: processes,
      sameIdentity: processes,
      readPlacement: processes,
      readVariable: processes,
      listCgroup: processes,
      sampleCgroup: processes,
      whyNoGroups: processes,
    },
    signals: {
      hold: signals,
      release: signals,
      send: signals,
      rung: signals,
      readKin: signals,
      hasStopped: signals,
      isAlone: signals,
      awaitEnds: signals,
    },
    probeCapabilities: () => ({
      native: false,
      nativeProblem: problem,
      socketSource: 'command',
      portOwners: 'ownUser',
      killIdentity: 'checked',
      pidfdInode: false,
      cgroup: 'none',
      cgroupDirectory: null,
      containment: [],
    }),
  };
}
