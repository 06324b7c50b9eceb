import * as z from 'zod/mini';
import { defineMethod } from '../method.ts';
import { Bytes, Duration, doc, nothing, Timestamp } from '../types/primitives.ts';
import { ServiceStatus } from '../types/service.ts';
import { HandlerStatus, InstanceStatus, ManagedPortStatus, OutboundStatus, PoolStatus } from '../types/sidecar.ts';

export const status = defineMethod({
  name: 'sidecar/status',
  lane: 'state',
  summary: 'Everything that the sidecar holds for this connection, and how it is itself.',
  description:
    'By what is known: it waits for nobody, so it answers while all threads are busy or hang. Ports are as the last look found them, and processes of services as they were when they were started.',
  params: z.object(nothing),
  result: z.object({
    isRunning: doc(z.boolean(), 'False once a shutdown has begun.'),
    startedAt: Timestamp,
    uptimeMs: Duration,
    ports: doc(z.array(ManagedPortStatus), 'Registered in this run.'),
    services: z.array(ServiceStatus),
    instance: doc(z.nullable(InstanceStatus), 'Null when it holds none.'),
    handlers: doc(z.array(HandlerStatus), 'In the order in which they would run.'),
    pool: PoolStatus,
    outbound: OutboundStatus,
    ledger: doc(z.enum(['ok', 'degraded']), '`degraded`: not all that runs is on disk, so a crash now may leave something behind.'),
    rssBytes: doc(Bytes, 'Resident memory of the sidecar.'),
  }),
  errors: [],
  examples: [
    {
      name: 'a port, and nothing else yet',
      params: {},
      result: {
        isRunning: true,
        startedAt: 1_790_000_000_000,
        uptimeMs: 60_000,
        ports: [
          {
            port: 3000,
            protocol: 'tcp',
            name: 'web',
            registeredAt: 1_790_000_010_000,
            inUse: true,
            checkedAt: 1_790_000_059_000,
          },
        ],
        services: [],
        instance: null,
        handlers: [],
        pool: { threads: 0, queued: 0 },
        outbound: { queuedBytes: 0, dropped: 0 },
        ledger: 'ok',
        rssBytes: 62_914_560,
      },
    },
  ],
});
