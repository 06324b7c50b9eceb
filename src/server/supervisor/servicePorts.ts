import { fail } from '../../protocol/errors.ts';
import type { ServiceSpec } from '../../protocol/types/service.ts';
import type { ListenPort, ListenSocket } from '../os/listenSocket.ts';
import type { Allocate } from '../ports/allocation.ts';
import type { Leases } from '../ports/leases.ts';

export type ServicePortSpec = NonNullable<ServiceSpec['ports']>[number];

/** A port that a service has, over all its starts. */
export interface AssignedPort {
  name: string;
  env: string | undefined;
  port: number;
  /** The listening descriptor that its process gets; null where it binds the port itself. */
  fd: number | null;
}

/** The ports of one service. */
export interface ServicePorts {
  /**
   * Assigns those that have no number yet, and listens on those that are handed over. Throws Conflict, LimitExceeded,
   * Unsupported, ShuttingDown; then nothing is left open that was not before.
   */
  open(): Promise<readonly AssignedPort[]>;
  /** It runs and has these already, from an earlier sidecar: they become nobody else’s. One that somebody has is still its own. */
  resume(ports: readonly { name: string; port: number }[]): readonly AssignedPort[];
  /** In the order of the spec; empty before the first start. */
  readonly assigned: readonly AssignedPort[];
  /** It is down and nobody will accept: what still waits is refused. The numbers stay its own. */
  close(): void;
  /** It is forgotten, and so are its numbers. */
  release(): void;
}

export interface ServicePortsParts {
  connectionId: string;
  leases: Leases;
  allocate: Allocate;
  listenPort: ListenPort;
}

interface Assignment {
  /** Null where somebody else had leased it already. */
  leaseId: string | null;
  port: number;
  socket: ListenSocket | null;
}

/** Whoever is handed a port without being asked where is reached from this machine alone. */
const defaultHost = '127.0.0.1';

export function createServicePorts(service: string, specs: readonly ServicePortSpec[], parts: ServicePortsParts): ServicePorts {
  const { connectionId, leases, listenPort } = parts;
  const assignments = new Map<string, Assignment>();

  return {
    async open() {
      const undo: (() => void)[] = [];
      try {
        for (const spec of specs) {
          const assignment = assignments.get(spec.name) ?? (await assignTo(spec, undo));
          if (spec.passFd !== true || assignment.socket !== null) continue;
          assignment.socket = listenPort(assignment.port, spec.host ?? defaultHost);
          undo.push(() => closeSocket(assignment));
        }
        return listAssigned();
      } catch (error) {
        for (const step of undo) step();
        throw error;
      }
    },
    resume(ports) {
      for (const { name, port } of ports) {
        const lease = leases.isLeased(port) ? null : claim(name, port);
        assignments.set(name, lease ?? { leaseId: null, port, socket: null });
      }
      return listAssigned();
    },
    get assigned() {
      return listAssigned();
    },
    close() {
      for (const assignment of assignments.values()) closeSocket(assignment);
    },
    release() {
      for (const assignment of assignments.values()) giveBack(assignment);
      assignments.clear();
    },
  };

  function listAssigned(): AssignedPort[] {
    return specs.flatMap(({ name, env }) => {
      const assignment = assignments.get(name);
      return assignment === undefined ? [] : [{ name, env, port: assignment.port, fd: assignment.socket?.fd ?? null }];
    });
  }

  async function assignTo(spec: ServicePortSpec, undo: (() => void)[]): Promise<Assignment> {
    const assignment = await assign(spec);
    assignments.set(spec.name, assignment);
    undo.push(() => {
      assignments.delete(spec.name);
      giveBack(assignment);
    });
    return assignment;
  }

  async function assign({ name, port, key, host }: ServicePortSpec): Promise<Assignment> {
    if (port !== undefined) return claim(name, port);
    const [lease] = await parts.allocate({ count: 1, preferred: [], hold: false, host, key }, { connectionId });
    if (lease === undefined) throw new Error('an allocation of one port gave none');
    return { leaseId: lease.leaseId, port: lease.port, socket: null };
  }

  /** Whether it can be bound is for the service to find out, by its own options: here it only becomes nobody else’s. */
  function claim(name: string, port: number): Assignment {
    if (leases.isLeased(port)) {
      throw fail('Conflict', `The port ${name} of ${service} is to be ${port}, which is leased already; release it, or give another.`, {});
    }
    const room = leases.reserve(1);
    try {
      room.claim(port);
      const [lease] = room.grant([{ port, socket: null }], { connectionId });
      return { leaseId: (lease as { leaseId: string }).leaseId, port, socket: null };
    } finally {
      room.leave();
    }
  }

  function closeSocket(assignment: Assignment): void {
    assignment.socket?.close();
    assignment.socket = null;
  }

  function giveBack(assignment: Assignment): void {
    closeSocket(assignment);
    if (assignment.leaseId !== null) leases.release(connectionId, [assignment.leaseId]);
  }
}

/** What the program is told of its ports: each `env`, and systemd’s variables for those that it gets as descriptors (sd_listen_fds(3)). */
export function portVariables(assigned: readonly AssignedPort[]): Record<string, string> {
  const handed = assigned.filter(({ fd }) => fd !== null);
  return {
    ...Object.fromEntries(assigned.flatMap(({ env, port }) => (env === undefined ? [] : [[env, String(port)]]))),
    // LISTEN_PID would have to be known before the program is started: who insists on it takes our descriptors for another’s.
    ...(handed.length > 0 && { LISTEN_FDS: String(handed.length), LISTEN_FDNAMES: handed.map(({ name }) => name).join(':') }),
  };
}
