import * as z from 'zod/mini';
import { defineMethod } from '../method.ts';
import { ClientCapabilities, ClientInfo } from '../types/client.ts';
import { Duration, doc, Name, Pid, struct, Text } from '../types/primitives.ts';
import { ShutdownReport } from '../types/shutdown.ts';
import { Limits, ProtocolRange, ServerCapabilities, ServerInfo } from '../types/status.ts';

const InitializeOptions = struct('InitializeOptions', 'How this run differs from the default.', {
  ownerTag: doc(z.optional(Name), 'Marks what this connection starts, where a host acts for several owners.'),
  stateDir: doc(z.optional(Text), 'An absolute directory for ledger and registrations; the default is the user’s state directory.'),
});

export const initialize = defineMethod({
  name: 'initialize',
  lane: 'life',
  summary: 'Opens the connection: who you are, what you speak.',
  description:
    'The first request, and only once. `processId` is the host that the sidecar must not outlive; null where there is none to watch.',
  params: z.object({
    protocol: ProtocolRange,
    clientInfo: ClientInfo,
    processId: z.nullable(Pid),
    appId: doc(Name, 'Names the application; lock, ledger and registrations belong to it. Only its SHA-256 appears in paths.'),
    capabilities: ClientCapabilities,
    options: z.optional(InitializeOptions),
  }),
  result: z.object({
    protocol: doc(z.int(), 'The highest version that both sides know.'),
    serverInfo: ServerInfo,
    capabilities: ServerCapabilities,
    limits: Limits,
    connectionId: Text,
    hostWatch: doc(z.enum(['handle', 'pid', 'none']), 'How the host’s death is noticed beside the end of input.'),
  }),
  errors: ['VersionUnsupported', 'InvalidRequest'],
  examples: [
    {
      name: 'a host in Python',
      params: {
        protocol: { min: 1, max: 1 },
        clientInfo: { name: 'my-app', version: '2.0', language: 'python' },
        processId: null,
        appId: 'org.example.my-app',
        capabilities: {},
      },
      result: {
        protocol: 1,
        serverInfo: {
          name: 'sidewarden',
          version: '0.1.0',
          pid: 4711,
          startedAt: 1_790_000_000_000,
          node: '24.21.0',
          platform: 'linux',
          arch: 'x64',
        },
        capabilities: {
          native: true,
          killIdentity: 'handle',
          containment: ['processGroup'],
          portOwners: 'ownUser',
          socketSource: 'kernel',
        },
        limits: {
          requestsInFlight: 64,
          waitsInFlight: 256,
          bodyBytes: 8_388_608,
          inboundBytes: 67_108_864,
          outboundBodyBytes: 33_554_432,
          outboundHighWaterBytes: 4_194_304,
          jsonDepth: 64,
          services: 1024,
          leases: 4096,
          handlers: 128,
          subscriptions: 64,
          logRingBytes: 134_217_728,
        },
        connectionId: 'c1',
        hostWatch: 'none',
      },
    },
  ],
});

export const shutdown = defineMethod({
  name: 'shutdown',
  lane: 'life',
  summary: 'Ends everything in order and reports how it went; `exit` follows.',
  description:
    'Later requests are answered InvalidRequest `afterShutdown`. The process ends at `exit`, at the end of input, or 5 s after the answer.',
  params: z.object({
    reason: doc(z.optional(Text), 'Why, for the report and the log.', { default: 'shutdown' }),
    deadlineMs: doc(z.optional(Duration), 'For all steps together.', { default: 15_000 }),
  }),
  result: ShutdownReport,
  errors: [],
  examples: [{ name: 'nothing to end', params: { reason: 'quit' }, result: { ok: true, reason: 'quit', elapsedMs: 1, steps: [] } }],
});
