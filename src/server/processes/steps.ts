import type { Pool } from '../../workers/pool.ts';
import { createRecord, emptyRecord, openRecord, type SignalRecord } from '../../workers/signalRecord.ts';
import type { Growth, GrowthQuestion } from '../../workers/tasks/growthQuestion.ts';
import type { Grow } from './growth.ts';
import type { Climber, Ladder } from './ladder.ts';

/** One signal to those of a set that have not got it yet. */
export interface Order {
  climbers: Climber[];
  signal: string;
  notePorts: boolean;
}

/** A look for newcomers on the way. */
export interface Look extends Omit<GrowthQuestion, 'members' | 'strike'> {
  /** Of those seen before, by identity. */
  startTicks: ReadonlyMap<string, number>;
  /** Newcomers are signalled as well, and join the set. */
  withFound: boolean;
}

/** Steps that a dying thread cannot spoil: they are taken up again where their record ends, and what is left behind is tidied up. */
export interface Steps {
  signal(order: Order): Promise<void>;
  /** The same, with whoever belongs to the set by now. */
  grow(order: Order, look: Look, join: (info: Growth['found'][number]) => Climber): Promise<Growth>;
}

export function createSteps({ pool, ladder, grow }: { pool: Pool; ladder: Ladder; grow: Grow }): Steps {
  let spare: SignalRecord | null = null;
  return {
    async signal({ climbers, signal, notePorts }) {
      const due = climbers.filter((climber) => isDue(climber, signal));
      if (due.length === 0) return;
      const targets = due.map(({ info: { pid, identity }, handle }) => ({ pid, identity, handle }));
      for (const climber of due) climber.isBeingSignalled = true;
      await withRecord(due, async (record, spoil) => {
        const input = { targets, signal, record, notePorts };
        const outcomes = await pool.run('signalProcesses', input).catch(() => {
          spoil();
          return pool.run('signalProcesses', input);
        });
        due.forEach((climber, index) => {
          const outcome = outcomes[index];
          if (outcome) ladder.note(climber, outcome, signal);
        });
      });
    },

    grow: ({ climbers, signal, notePorts }, { startTicks, withFound, ...question }, join) =>
      withRecord(climbers, async (record, spoil) => {
        const members = climbers.map(({ info: { pid, identity } }) => ({ pid, identity, startTicks: startTicks.get(identity) ?? null }));
        const targets = climbers.map((climber) => ({ handle: climber.handle, isDue: isDue(climber, signal) }));
        climbers.forEach((climber, place) => {
          climber.isBeingSignalled = targets[place]?.isDue ?? false;
        });
        const growth = await grow({ ...question, members, strike: { signal, record, targets, withFound, notePorts } });
        if (growth.isSecondTry) spoil();
        const all = [...climbers, ...(withFound ? growth.found.map(join) : [])];
        for (const climber of all) {
          const outcome = growth.outcomes[climber.info.identity];
          if (outcome) ladder.note(climber, outcome, signal);
        }
        return growth;
      }),
  };

  /**
   * Handles that nobody took over are let go, and whom a step that failed had stopped goes on. A record is taken again, unless a thread
   * failed over it, which may not be through with it.
   */
  async function withRecord<Value>(climbers: Climber[], step: (record: SignalRecord, spoil: () => void) => Promise<Value>): Promise<Value> {
    const record = spare ?? createRecord(climbers.length);
    spare = null;
    let isSpoilt = false;
    let isDone = false;
    const kept = new Set<number | null>(climbers.map(({ handle }) => handle));
    try {
      const value = await step(record, () => {
        isSpoilt = true;
      });
      isDone = true;
      return value;
    } finally {
      // `climbers` has grown by those who joined meanwhile.
      for (const { handle } of climbers) kept.add(handle);
      const abandoned = openRecord(record)
        .from(0)
        .filter(({ handle, isFrozen }) => isFrozen || (handle !== null && !kept.has(handle)));
      const handles = abandoned.flatMap(({ handle }) => (handle === null || kept.has(handle) ? [] : [handle]));
      if (abandoned.length > 0) await pool.run('releaseHandles', { handles, abandoned }).catch(() => {});
      if (isDone && !isSpoilt) spare = emptyRecord(record);
    }
  }
}

function isDue({ outcome, signalled }: Climber, signal: string): boolean {
  return outcome === null && signalled !== signal;
}
