import { fail } from '../../protocol/errors.ts';
import type { Params, Result } from '../../protocol/methods/index.ts';
import { protocolVersions } from '../../protocol/version.ts';
import type { Handlers } from '../context.ts';
import type { Shutdown } from '../shutdown/coordinator.ts';
import { limits } from '../transport/limits.ts';

export interface Lifecycle {
  shutdown: Shutdown;
  serverInfo: Result<'initialize'>['serverInfo'];
  capabilities: Promise<Result<'initialize'>['capabilities']>;
  /** Takes note of the host, and begins to watch it. */
  connect(connectionId: string, params: Params<'initialize'>): Promise<Result<'initialize'>['hostWatch']>;
}

export function lifecycleHandlers({ shutdown, serverInfo, capabilities, connect }: Lifecycle): Pick<Handlers, 'initialize' | 'shutdown'> {
  return {
    async initialize(params, { connectionId }) {
      const protocol = agreeOnProtocol(params.protocol);
      const hostWatch = await connect(connectionId, params);
      return { protocol, serverInfo, capabilities: await capabilities, limits, connectionId, hostWatch };
    },

    shutdown: ({ reason = 'shutdown', deadlineMs }) => shutdown.run({ reason, deadlineMs }),
  };
}

function agreeOnProtocol(client: { min: number; max: number }): number {
  const highest = Math.min(protocolVersions.max, client.max);
  if (highest >= Math.max(protocolVersions.min, client.min)) return highest;
  throw fail(
    'VersionUnsupported',
    `This sidecar speaks protocol ${protocolVersions.min} to ${protocolVersions.max}, the client ${client.min} to ${client.max}; update the older of the two.`,
    { server: protocolVersions, client },
  );
}
