import * as z from 'zod/mini';
import { defineMethod } from '../method.ts';
import { doc, Name, Text } from '../types/primitives.ts';
import { LogLine } from '../types/serviceLog.ts';

export const logs = defineMethod({
  name: 'service/logs',
  lane: 'look',
  summary: 'What a service wrote last.',
  description:
    'From memory (`logs.ringBytes`), over all its starts. To follow, give the `nextSeq` of one answer as the `sinceSeq` of the next, or subscribe to the topic serviceLog.',
  params: z.object({
    name: Name,
    tail: doc(z.optional(z.int().check(z.gte(0), z.lte(100_000))), 'So many of the newest lines; all when absent.'),
    sinceSeq: doc(z.optional(z.int().check(z.gte(1))), 'Only this line and those after it.'),
  }),
  result: z.object({
    lines: z.array(LogLine),
    nextSeq: doc(z.int().check(z.gte(1)), 'The number of the next line to come.'),
    dropped: doc(z.int().check(z.gte(0)), 'Lines that were asked for and are not in memory any more.'),
  }),
  errors: ['NotFound'],
  examples: [
    {
      name: 'the last line',
      params: { name: 'api', tail: 1 },
      result: { lines: [{ seq: 7, stream: 'stdout', at: 1_790_000_000_000, text: 'listening' }], nextSeq: 8, dropped: 0 },
    },
  ],
});

export const write = defineMethod({
  name: 'service/write',
  lane: 'act',
  summary: 'Writes to the standard input of a service.',
  description:
    'For a service with `stdin: pipe` that runs. Answered when the system has taken the bytes: a program that does not read keeps the answer waiting, and a cancelled one may have got a part.',
  params: z.object({
    name: Name,
    dataBase64: doc(Text, 'The bytes, in base64 (RFC 4648, section 4); none to only end it.'),
    end: doc(z.optional(z.boolean()), 'Close it afterwards.', { default: false }),
  }),
  result: z.null(),
  errors: ['NotFound', 'InvalidState', 'Conflict'],
  examples: [{ name: 'a line', params: { name: 'api', dataBase64: 'aGVsbG8K' }, result: null }],
});
