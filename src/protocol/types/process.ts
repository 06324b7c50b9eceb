import * as z from 'zod/mini';
import { Bytes, doc, Name, Pid, strictStruct, struct, Text, Timestamp } from './primitives.ts';

export const Identity = doc(
  z.string().check(z.minLength(1), z.maxLength(200)),
  'Which process this is, opaque: two equal values are the same process, also where the pid was given away again. From a ProcessInfo.',
);

export const ProcessRef = struct(
  'ProcessRef',
  'A process to look at or act on; with `identity` (or `startedAt`) it can only be that one.',
  {
    pid: Pid,
    startedAt: doc(z.optional(Timestamp), 'A guard for people: matches within 2 s, because it moves with the wall clock.'),
    identity: z.optional(Identity),
  },
);
export type ProcessRef = z.infer<typeof ProcessRef>;

export const ProcessStatus = doc(
  z.enum(['running', 'sleeping', 'stopped', 'zombie', 'uninterruptible', 'other']),
  'What the scheduler says; `zombie` has ended and waits for its parent, `uninterruptible` waits in the kernel and cannot be killed until it returns.',
  { id: 'ProcessStatus' },
);

const ProcessVisibility = doc(z.enum(['full', 'partial']), '`partial`: some members are null because this user may not see them.', {
  id: 'ProcessVisibility',
});

const User = struct('User', 'The effective user of a process.', {
  id: doc(z.optional(z.int()), 'The numeric uid, where there is one.'),
  name: doc(Text, 'The login name, or the id as text where no name is known.'),
});

const processShape = {
  pid: Pid,
  ppid: doc(Pid, 'The parent’s pid; 0 where it has none or it is outside our pid namespace.'),
  startedAt: doc(Timestamp, 'When it started.'),
  identity: Identity,
  name: doc(
    Text,
    'The short name: comm, completed from argv[0] or the executable where the kernel cut it at 15 bytes; the image name on Windows.',
  ),
  executable: doc(z.nullable(Text), 'Absolute path of the program file; null for a kernel thread or where we may not see it.'),
  commandLine: doc(z.nullable(z.array(Text)), 'The arguments, capped at 32 KiB in all; null where we may not see them.'),
  cwd: doc(z.nullable(Text), 'The working directory; null where we may not see it.'),
  user: z.nullable(User),
  pgid: doc(z.optional(Pid), 'The process group (POSIX).'),
  sid: doc(z.optional(Pid), 'The session (POSIX).'),
  status: ProcessStatus,
  rssBytes: doc(z.nullable(Bytes), 'Resident memory; null where we may not see it.'),
  visibility: ProcessVisibility,
  service: doc(z.optional(Name), 'The service of ours that it is or belongs to.'),
  ownerTag: doc(z.optional(Name), 'The tag of the owner on whose behalf we started it.'),
  protectedReason: doc(z.optional(Text), 'Why a kill would refuse to touch it, as a sentence.'),
} as const;

export const ProcessInfo = struct('ProcessInfo', 'One process, as it was when we looked.', processShape);
export type ProcessInfo = z.infer<typeof ProcessInfo>;

export const ProcessTreeEntry = struct('ProcessTreeEntry', 'One process of a tree, as it was when we looked.', {
  ...processShape,
  depth: doc(z.int().check(z.gte(0)), 'Steps below the root, which is 0.'),
});
export type ProcessTreeEntry = z.infer<typeof ProcessTreeEntry>;

export const ProcessFilter = strictStruct('ProcessFilter', 'Which processes are wanted; all members given must match.', {
  pids: z.optional(z.array(Pid).check(z.maxLength(4_096))),
  ppid: z.optional(Pid),
  pgid: z.optional(Pid),
  sid: z.optional(Pid),
  name: doc(z.optional(Text), 'The whole name, compared exactly.'),
  ownerTag: z.optional(Name),
});
export type ProcessFilter = z.infer<typeof ProcessFilter>;
