import * as z from 'zod/mini';
import { defineMethod } from '../method.ts';
import { Bytes, Cursor, Duration, doc, Text, Timestamp } from '../types/primitives.ts';
import { ProcessFilter, ProcessInfo, ProcessRef, ProcessTreeEntry } from '../types/process.ts';

const exampleProcess = {
  pid: 4242,
  ppid: 4200,
  startedAt: 1_790_000_000_000,
  identity: '0f6d3c1a-4242-99120-7731',
  name: 'node',
  executable: '/usr/bin/node',
  commandLine: ['node', 'server.js'],
  cwd: '/srv/app',
  user: { id: 1000, name: 'ada' },
  pgid: 4242,
  sid: 4200,
  status: 'sleeping' as const,
  rssBytes: 48_000_000,
  visibility: 'full' as const,
};

export const get = defineMethod({
  name: 'process/get',
  lane: 'look',
  summary: 'One process, or null when it is gone or another than the one meant.',
  params: z.object({ target: ProcessRef }),
  result: z.object({ process: z.nullable(ProcessInfo) }),
  errors: ['PermissionDenied', 'Unsupported', 'TimedOut'],
  examples: [
    { name: 'there', params: { target: { pid: 4242 } }, result: { process: exampleProcess } },
    { name: 'gone', params: { target: { pid: 4243 } }, result: { process: null } },
  ],
});

export const list = defineMethod({
  name: 'process/list',
  lane: 'look',
  summary: 'The processes that this user may see, by pid.',
  description: 'Each page is a fresh look; `nextCursor` is absent on the last. Kernel threads are among them.',
  params: z.object({
    filter: z.optional(ProcessFilter),
    limit: doc(z.optional(z.int().check(z.gte(1), z.lte(5_000))), 'Processes a page.', { default: 1_000 }),
    cursor: z.optional(Cursor),
  }),
  result: z.object({ processes: z.array(ProcessInfo), nextCursor: z.optional(Cursor) }),
  errors: ['PermissionDenied', 'Unsupported', 'TimedOut'],
  examples: [{ name: 'by name', params: { filter: { name: 'node' } }, result: { processes: [exampleProcess] } }],
});

export const tree = defineMethod({
  name: 'process/tree',
  lane: 'look',
  summary: 'A process and all its descendants, flat, parents before children.',
  description: 'A descendant whose parent has ended belongs to another process by then and is not found; supervision is for that.',
  params: z.object({ root: ProcessRef }),
  result: z.object({ processes: z.array(ProcessTreeEntry) }),
  errors: ['NotFound', 'IdentityMismatch', 'PermissionDenied', 'Unsupported', 'TimedOut'],
  examples: [{ name: 'a lone process', params: { root: { pid: 4242 } }, result: { processes: [{ ...exampleProcess, depth: 0 }] } }],
});

export const usage = defineMethod({
  name: 'process/usage',
  lane: 'look',
  summary: 'CPU over an interval and memory now, of one process or its tree.',
  params: z.object({
    target: ProcessRef,
    tree: doc(z.optional(z.boolean()), 'With all its descendants.', { default: false }),
    intervalMs: doc(z.optional(z.int().check(z.gte(10), z.lte(60_000))), 'Between the two looks at the CPU time.', { default: 100 }),
  }),
  result: z.object({
    cpuPercent: doc(z.number().check(z.gte(0)), 'Of one core: two busy threads are 200.'),
    rssBytes: doc(Bytes, 'Resident memory; shared pages count in every process of a tree.'),
    processes: doc(z.int(), 'How many were counted.'),
    sampledAt: Timestamp,
  }),
  errors: ['NotFound', 'IdentityMismatch', 'PermissionDenied', 'Unsupported', 'TimedOut'],
  examples: [
    {
      name: 'a busy one',
      params: { target: { pid: 4242 } },
      result: { cpuPercent: 97.5, rssBytes: 48_000_000, processes: 1, sampledAt: 1_790_000_000_000 },
    },
  ],
});

export const wait = defineMethod({
  name: 'process/wait',
  lane: 'wait',
  summary: 'Waits until the process has ended; a zombie has.',
  description:
    'A process that is gone, or another than the one meant, has exited. One that lives on is `exited: false` at the end of the time, not an error.',
  params: z.object({ target: ProcessRef, timeoutMs: Duration }),
  result: z.object({
    exited: z.boolean(),
    exitCode: doc(z.nullable(z.int()), 'Known for our own children.'),
    signal: doc(z.nullable(Text), 'The signal that ended it, known for our own children.'),
    elapsedMs: Duration,
  }),
  errors: ['PermissionDenied', 'Unsupported'],
  examples: [
    {
      name: 'it ends',
      params: { target: { pid: 4242 }, timeoutMs: 5_000 },
      result: { exited: true, exitCode: null, signal: null, elapsedMs: 1_203 },
    },
  ],
});
