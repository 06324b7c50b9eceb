import type { KillOutcome } from '../../protocol/types/kill.ts';
import { shareCandidates } from '../../workers/candidates.ts';
import type { Pool } from '../../workers/pool.ts';
import type { PlainOutcome } from './kill.ts';

/** Tells which ports a kill has freed: those that its targets held before and that can be bound after it. */
export interface FreedPorts {
  /** Of outcomes that say themselves which ports were held (`notePorts`). */
  among(outcomes: PlainOutcome[]): Promise<KillOutcome[]>;
  /** For outcomes that do not. */
  before(targets: { pid: number }[]): Promise<{ complete(outcomes: PlainOutcome[]): Promise<KillOutcome[]> }>;
}

export function createFreedPorts(pool: Pool): FreedPorts {
  return {
    among,
    async before(targets) {
      const held = await portsOf(targets.map(({ pid }) => pid));
      return { complete: (outcomes) => among(outcomes.map((outcome) => ({ ...outcome, heldPorts: held.get(outcome.process.pid) ?? [] }))) };
    },
  };

  async function among(outcomes: PlainOutcome[]): Promise<KillOutcome[]> {
    const ports = [...new Set(outcomes.flatMap(({ heldPorts = [], freedPorts }) => (freedPorts ? [] : heldPorts)))];
    const questions = ports.map((port) => ({ port, protocol: 'tcp' as const, hosts: null }));
    const verdicts = ports.length === 0 ? [] : await pool.run('checkPorts', { questions });
    const free = new Set(ports.filter((_port, index) => verdicts[index]?.canBind));
    return outcomes.map(({ heldPorts = [], freedPorts, ...outcome }) => ({
      ...outcome,
      freedPorts: freedPorts ?? heldPorts.filter((port) => free.has(port)),
    }));
  }

  /** Only the descriptors of the targets are read: a few, not all of the machine’s. */
  async function portsOf(pids: number[]): Promise<Map<number, number[]>> {
    if (pids.length === 0) return new Map();
    const { rows } = await pool.run('readSockets', { protocols: ['tcp'] });
    const { owners } = await pool.run('scanOwners', { keys: rows.map(({ key }) => key), work: shareCandidates(pids) });
    const portOf = new Map(rows.map(({ key, port }) => [key, port]));
    const held = new Map<number, number[]>();
    for (const { key, pid } of owners) {
      const port = portOf.get(key);
      if (port !== undefined) held.set(pid, [...new Set([...(held.get(pid) ?? []), port])]);
    }
    return held;
  }
}
