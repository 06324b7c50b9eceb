import * as z from 'zod/mini';
import { doc, portPlaceholder, strictStruct, Text } from './primitives.ts';

const count = (most: number) => z.int().check(z.gte(1), z.lte(most));
const longest = 3_600_000;

/** How often is asked, and how many answers in a row count; in Kubernetes’ words. */
const rhythm = {
  initialDelayMs: doc(z.optional(z.int().check(z.gte(0), z.lte(longest))), 'From the start of the program to the first question.', {
    default: 0,
  }),
  periodMs: doc(
    z.optional(z.int().check(z.gte(10), z.lte(longest))),
    'From one question to the next; a question never overlaps the one before it.',
    { default: 1_000 },
  ),
  timeoutMs: doc(z.optional(count(longest)), 'A question without an answer by then has failed.', { default: 1_000 }),
  successThreshold: doc(z.optional(count(1_000)), 'Successes in a row that count as one.', { default: 1 }),
  failureThreshold: doc(z.optional(count(1_000)), 'Failures in a row that count as one.', { default: 3 }),
} as const;

const PortOrPlaceholder = doc(
  z.optional(z.union([z.int().check(z.gte(1), z.lte(65_535)), z.string()])),
  `A number, or ${portPlaceholder} for one of the service’s \`ports\`; the first of those when absent.`,
);

const HttpProbe = strictStruct(
  'HttpProbe',
  'GET over HTTP. A status from 200 to 399 is a success; redirects are not followed, proxies not used, certificates not checked.',
  {
    kind: z.literal('http'),
    url: doc(z.optional(Text), `Where to ask; this, or \`port\` and \`path\`, which mean 127.0.0.1. ${portPlaceholder} is replaced.`),
    port: PortOrPlaceholder,
    path: doc(z.optional(Text), `Begins with a slash. ${portPlaceholder} is replaced.`, { default: '/' }),
    ...rhythm,
  },
);
export type HttpProbe = z.infer<typeof HttpProbe>;

const TcpProbe = strictStruct('TcpProbe', 'A connection to 127.0.0.1, closed at once.', {
  kind: z.literal('tcp'),
  port: PortOrPlaceholder,
  ...rhythm,
});
export type TcpProbe = z.infer<typeof TcpProbe>;

const ExecProbe = strictStruct(
  'ExecProbe',
  'A command in the service’s own surroundings; exit code 0 is a success. At its time-out it is killed, with what it has started.',
  {
    kind: z.literal('exec'),
    command: doc(Text, 'The program, as in ServiceSpec. Never a shell line.'),
    args: doc(z.optional(z.array(Text).check(z.maxLength(10_000))), `${portPlaceholder} is replaced.`),
    ...rhythm,
  },
);
export type ExecProbe = z.infer<typeof ExecProbe>;

const LogProbe = strictStruct(
  'LogProbe',
  'A line of its output, on either stream. It succeeds with the first line that matches, for as long as that process runs, and cannot fail.',
  {
    kind: z.literal('log'),
    pattern: doc(z.string().check(z.minLength(1), z.maxLength(1_000)), 'An ECMAScript regular expression, without flags, for one line.'),
    ...rhythm,
  },
);
export type LogProbe = z.infer<typeof LogProbe>;

export const Probe = z.discriminatedUnion('kind', [HttpProbe, TcpProbe, ExecProbe, LogProbe]);
z.globalRegistry.add(Probe, {
  id: 'Probe',
  description:
    'How to tell whether a service is ready, or alive. An http or tcp probe of this machine succeeds only while the port is held by the service itself.',
});
export type Probe = z.infer<typeof Probe>;
