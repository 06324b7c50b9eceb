import type { PortEntry } from '../../protocol/types/port.ts';
import type { Protocol } from '../../protocol/types/primitives.ts';
import type { ProcessInfo } from '../../protocol/types/process.ts';
import type { Handlers } from '../context.ts';
import type { PortKilling } from '../ports/kill.ts';
import type { PortQuestions } from '../ports/questions.ts';
import type { WaitForPort } from '../ports/waiting.ts';
import type { TellProgress } from './progress.ts';

type PortHandlers = Pick<Handlers, 'port/check' | 'port/find' | 'port/list' | 'port/explain' | 'port/wait' | 'port/kill'>;

export interface PortHandlerParts {
  ports: PortQuestions;
  waitForPort: WaitForPort;
  killing: PortKilling;
  /** Owners as the services of a connection know them. */
  labelOf(connectionId: string): (info: ProcessInfo) => ProcessInfo;
  tellProgress: TellProgress;
}

export function portHandlers({ ports, waitForPort, killing, labelOf, tellProgress }: PortHandlerParts): PortHandlers {
  return {
    'port/check': ({ port, protocol = 'tcp', host }, { signal }) => ports.check({ port, protocol, host }, signal),

    async 'port/find'({ port, protocol = 'tcp', host }, { signal, connectionId }) {
      const entries = await ports.find({ port, protocols: [protocol], host }, signal);
      return { inUse: entries.length > 0, entries: withLabels(entries, labelOf(connectionId)) };
    },

    async 'port/list'({ protocol, cursor, limit = 1_000 }, { signal, connectionId }) {
      const page = await ports.list({ protocols: either(protocol), cursor, limit }, signal);
      return { ...page, entries: withLabels(page.entries, labelOf(connectionId)) };
    },

    'port/explain': ({ port, protocol }, { signal }) => ports.explain({ port, protocols: either(protocol) }, signal),

    'port/wait': ({ port, protocol = 'tcp', host, state, timeoutMs }, { signal }) =>
      waitForPort({ port, protocol, host, state, timeoutMs }, signal),

    'port/kill': (params, request) =>
      tellProgress(params, request, 'Freeing a port', (onRung) =>
        killing.killPort(params, { owner: { connectionId: request.connectionId, method: 'port/kill' }, signal: request.signal, onRung }),
      ),
  };
}

function withLabels(entries: PortEntry[], label: (info: ProcessInfo) => ProcessInfo): PortEntry[] {
  return entries.map((entry) => ({ ...entry, owners: entry.owners.map(label) }));
}

function either(protocol: Protocol | undefined): Protocol[] {
  return protocol === undefined ? ['tcp', 'udp'] : [protocol];
}
