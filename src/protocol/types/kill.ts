import * as z from 'zod/mini';
import { Duration, doc, Name, Pid, Port, struct, Text, Timestamp } from './primitives.ts';
import { Identity } from './process.ts';

const KillSignal = doc(
  z.enum(['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT', 'SIGKILL', 'SIGUSR1', 'SIGUSR2']),
  'A signal that may end a process.',
  {
    id: 'KillSignal',
  },
);

/** What a kill may be told, as plain members of the params. */
export const killOptions = {
  tree: z.optional(z.boolean()),
  signal: doc(z.optional(KillSignal), 'The polite signal, with a SIGCONT behind it.', { default: 'SIGTERM' }),
  graceMs: doc(z.optional(z.int().check(z.gte(0), z.lte(3_600_000))), 'How long to wait before force.', { default: 5_000 }),
  force: doc(z.optional(z.boolean()), 'SIGKILL for whoever is left after the grace.', { default: true }),
  dryRun: doc(z.optional(z.boolean()), 'Touches nobody; answers what would be done, and a planId that does exactly that.', {
    default: false,
  }),
  allowProtected: doc(z.optional(z.boolean()), 'Touches also what is protected; never what may never be touched.', { default: false }),
} as const;

export const PlanId = doc(
  z.optional(z.string().check(z.minLength(1), z.maxLength(100))),
  'From a dry run of this method on this connection, at most 30 s old and used once. No other member but workDoneToken goes with it.',
);

export const WorkDoneToken = doc(z.optional(z.union([z.int(), z.string()])), 'Asks for $/progress under this token.');

export const KillSubject = struct(
  'KillSubject',
  'The process that an outcome is about; of one that was not found only what the request said.',
  {
    pid: Pid,
    identity: z.optional(Identity),
    startedAt: z.optional(Timestamp),
    name: z.optional(Text),
    commandLine: z.optional(z.nullable(z.array(Text))),
  },
);

export const KillOutcome = struct('KillOutcome', 'What became of one process.', {
  process: KillSubject,
  outcome: doc(
    z.enum(['exited', 'killed', 'survived', 'denied', 'gone', 'protected', 'identityMismatch', 'planned', 'notPlanned']),
    '`exited` after the polite signal; `killed` by force; `survived` both; `denied` by the system; `gone` before we came, zombies too; `planned` by a dry run; `notPlanned` belongs to the target but not to the plan, or was spared because another holder was unexpected.',
  ),
  rung: doc(z.optional(z.enum(['signal', 'stdinClose', 'ctrlBreak', 'wmClose', 'terminate'])), 'Which rung of the ladder ended it.'),
  signal: doc(z.optional(Text), 'The signal that ended it, or would.'),
  reason: doc(z.optional(Text), 'Why, as a sentence.'),
  parent: doc(z.optional(z.object({ pid: Pid, name: Text })), 'Of a zombie: who has to collect it.'),
  elapsedMs: doc(Duration, 'From the first signal until it was gone.'),
  freedPorts: doc(z.array(Port), 'The ports it held and that can be bound now.'),
});
export type KillOutcome = z.infer<typeof KillOutcome>;

export const Expectation = doc(
  z.optional(z.strictObject({ name: z.optional(Text), ownerTag: z.optional(Name) })),
  'Compared exactly with every holder; one that differs and nobody is signalled.',
);
