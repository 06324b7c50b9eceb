import * as z from 'zod/mini';
import { defineMethod } from '../method.ts';
import { Expectation, KillOutcome, killOptions, PlanId, WorkDoneToken } from '../types/kill.ts';
import { doc, Name, Pid, Port as PortNumber, Protocol, strictStruct, struct, Timestamp } from '../types/primitives.ts';
import { Identity } from '../types/process.ts';

/* Ending processes: what is touched is named by identity, and the answer comes when it is gone. */

const guards = {
  startedAt: doc(z.optional(Timestamp), 'Guard: matches within 2 s.'),
  identity: doc(z.optional(Identity), 'Guard: exactly this process.'),
} as const;

const KillTarget = z.discriminatedUnion('kind', [
  strictStruct('KillProcess', 'One process, with its descendants unless `tree` is false.', {
    kind: z.literal('process'),
    pid: Pid,
    ...guards,
  }),
  strictStruct('KillGroup', 'A process group (POSIX); the guards are about its leader.', {
    kind: z.literal('group'),
    pgid: Pid,
    ...guards,
  }),
  strictStruct('KillOwner', 'Everything that was started on behalf of an owner.', { kind: z.literal('owner'), ownerTag: Name }),
]);
z.globalRegistry.add(KillTarget, { id: 'KillTarget', description: 'Whom to end.' });

const tree = (isDefault: boolean) =>
  doc(z.optional(z.boolean()), 'With all descendants, found by identity and followed while they grow.', { default: isDefault });

const exampleOutcome = {
  process: {
    pid: 4242,
    identity: '0f6d3c1a-4242-99120-7731',
    startedAt: 1_790_000_000_000,
    name: 'node',
    commandLine: ['node', 'server.js'],
  },
  outcome: 'exited' as const,
  rung: 'signal' as const,
  signal: 'SIGTERM',
  elapsedMs: 12,
  freedPorts: [3000],
};

export const processKill = defineMethod({
  name: 'process/kill',
  lane: 'act',
  summary: 'Ends exactly these processes, politely, then by force, and answers when they are gone.',
  description:
    'Each process is signalled through a handle that was opened before its identity was checked. What fails for one is an outcome, not an error. Cancelling stops further escalation; what was begun is answered with its outcomes.',
  params: z.strictObject({
    target: doc(z.optional(KillTarget), 'Needed unless there is a planId.'),
    ...killOptions,
    tree: tree(true),
    workDoneToken: WorkDoneToken,
    planId: PlanId,
  }),
  result: struct('ProcessKillResult', 'What became of them.', { outcomes: z.array(KillOutcome), planId: PlanId }),
  errors: ['NotFound', 'InvalidState', 'PermissionDenied', 'Unsupported', 'ShuttingDown'],
  examples: [
    {
      name: 'a polite end',
      params: { target: { kind: 'process', pid: 4242, identity: '0f6d3c1a-4242-99120-7731' } },
      result: { outcomes: [exampleOutcome] },
    },
  ],
});

export const portKill = defineMethod({
  name: 'port/kill',
  lane: 'act',
  summary: 'Ends all holders of a port, and only those.',
  description: 'A port that is free is `freed` with no outcomes. On UDP with several owners or an ephemeral port `expect` is needed.',
  params: z.strictObject({
    port: doc(z.optional(PortNumber), 'Needed unless there is a planId.'),
    protocol: doc(z.optional(Protocol), 'Which protocol’s port.', { default: 'tcp' }),
    expect: Expectation,
    ...killOptions,
    tree: tree(false),
    workDoneToken: WorkDoneToken,
    planId: PlanId,
  }),
  result: struct('PortKillResult', 'Whether the port is free now, and what became of its holders.', {
    freed: doc(z.boolean(), 'It can be bound now.'),
    cause: doc(z.nullable(z.enum(['heldByOther', 'hidden', 'closing', 'reservedByOs'])), 'Why it cannot; null when freed.'),
    outcomes: z.array(KillOutcome),
    planId: PlanId,
  }),
  errors: ['InvalidState', 'PermissionDenied', 'Unsupported', 'ShuttingDown'],
  examples: [
    {
      name: 'a forgotten server',
      params: { port: 3000, expect: { name: 'node' } },
      result: { freed: true, cause: null, outcomes: [exampleOutcome] },
    },
  ],
});
