import type { SidewardenError } from '../../protocol/errors.ts';
import type { KillOutcome } from '../../protocol/types/kill.ts';
import type { Protocol } from '../../protocol/types/primitives.ts';
import type { ProcessInfo, ProcessRef } from '../../protocol/types/process.ts';
import type { AtRest } from './atRest.ts';
import type { FileChanges } from './fileChanges.ts';
import type { GroupUsage } from './groupUsage.ts';

/*
 * Every question that we put to an operating system, and what its answers mean. One folder a system implements
 * it, with the same file names in each; a task never asks which system it is on.
 *
 * Three answers are kept apart everywhere. There is none: `null` or an empty list. We may not see it: a member
 * that says so (`unreadable`, `visibility`) or PermissionDenied. We could not look: an error is thrown.
 */
export interface Platform {
  readonly name: SupportedPlatform;
  readonly sockets: Sockets;
  readonly processes: Processes;
  readonly signals: Signals;
  /** Null where a look at the files themselves has to do. */
  readonly fileChanges: FileChanges | null;
  /** What works here, for `initialize` and the doctor; cheap, and measured rather than assumed. */
  probeCapabilities(): PlatformCapabilities;
}

export type SupportedPlatform = 'linux' | 'darwin' | 'win32';

/** Some systems answer by a call, others by an OS tool. */
export type MaybePromise<Value> = Value | Promise<Value>;

export interface PlatformCapabilities {
  native: boolean;
  /** Why there are no native calls, as a sentence; null when there are. */
  nativeProblem: string | null;
  socketSource: 'kernel' | 'procfs' | 'command';
  portOwners: 'all' | 'ownUser';
  killIdentity: 'handle' | 'checked';
  /** pidfds carry an inode of their own (Linux 6.9), so an identity survives any reuse of its pid. */
  pidfdInode: boolean;
  cgroup: 'writable' | 'readOnly' | 'none';
  /** Our own cgroup, where it is writable. */
  cgroupDirectory: string | null;
  /** How the descendants of a service can be kept together. */
  containment: ('job' | 'cgroup' | 'processGroup')[];
}

export type Family = 'ipv4' | 'ipv6';

/** A socket that holds a local port, as the kernel's table lists it. */
export interface SocketRow {
  protocol: Protocol;
  family: Family;
  /** Canonical text: `127.0.0.1`, `::1`, `0.0.0.0`, `::`; an IPv6 link-local address carries no zone. */
  address: string;
  port: number;
  /** `bound`: UDP bound and unconnected, or TCP bound and not listening. */
  state: 'listen' | 'bound';
  /** An IPv6 wildcard that takes IPv4 too. Null where the source does not tell. */
  dualStack: boolean | null;
  /** Names the socket while it lives: the inode on Linux. 0: the kernel has none for it. */
  key: number;
  /** The user who made it; null where the source does not tell. */
  uid: number | null;
  /** Its owners where the table itself names them (Windows, macOS); null where `scanOwners` must find them. */
  pids: number[] | null;
}

/** TCP sockets on their way out: nobody's any more, but they can still stand in the way of a bind. */
export interface ClosingSockets {
  /** How many in each state: `timeWait`, `finWait1`, `finWait2`, `closeWait`, `lastAck`, `closing`. */
  counts: Record<string, number>;
  /** TCP connections over this local port that are alive, whoever opened them; they can refuse a bind without any listener. */
  connections: number;
}

export type BindAnswer =
  /** The bind succeeded; it was undone at once and never listened. */
  | 'bound'
  | 'inUse'
  | 'accessDenied'
  /** It lies in a range that the system refuses to everybody. */
  | 'reservedByOs'
  | 'addressUnavailable'
  /** This machine has no such address family, or no address of it at all. */
  | 'noFamily'
  /** There is no way here to bind without listening, so the rules alone must decide. */
  | 'cannotTry';

export interface PortRules {
  /** Below it a bind needs a privilege; 0 where there is no such rule. */
  unprivilegedPortStart: number;
  /** Whether this process has that privilege. */
  mayBindPrivileged: boolean;
  /** Where the system takes the ports of outgoing connections from; null where it does not tell. */
  ephemeral: { from: number; to: number } | null;
  /** Set aside by the administrator or the system. */
  reserved: ReservedPorts[];
  /** Whether a bind into a reserved range fails (Windows) or merely competes with its user (Linux). */
  reservedRefusesBind: boolean;
}

/** Inclusive; of one protocol, or without any of both. */
export interface ReservedPorts {
  from: number;
  to: number;
  protocol?: Protocol;
}

export interface SocketQuery {
  protocols: Protocol[];
  /** Only this local port; all when absent. */
  port?: number;
  /** Also TCP sockets that are bound and do not listen (Linux: SOCK_DIAG state 13; needs native calls). */
  withBoundTcp?: boolean;
}

export interface Sockets {
  /** Listeners (TCP) and bound, unconnected sockets (UDP); in no order. Never a client of a listener. */
  read(query: SocketQuery): MaybePromise<SocketRow[]>;
  /**
   * A socket that would get a first packet to exactly this local address, or null; O(1) for a loopback address where the kernel can.
   * An IPv4 address may be answered with an IPv6 wildcard whose `dualStack` is null: only a refused bind tells that it is meant.
   */
  lookup(protocol: Protocol, address: string, port: number): MaybePromise<SocketRow | null>;
  /**
   * Whether a server could bind it now (TCP: with SO_REUSEADDR, UDP: without; IPv6: v6only), tried by a bind without listen.
   * `bound` also says that nobody listens there, on a wildcard: on no address of its family. Linux refuses such a bind itself;
   * a system that lets it pass beside a listener must look at its table as well.
   */
  tryBind(protocol: Protocol, address: string, port: number): MaybePromise<BindAnswer>;
  /** Whether a TCP server could bind it now, by one call that never waits, so that it needs no thread; false leaves that open. */
  isSurelyFree?(address: string, port: number): boolean;
  readClosing(port: number): MaybePromise<ClosingSockets>;
  readRules(): MaybePromise<PortRules>;
  /** The addresses of this machine, canonical; wildcards are not among them. */
  readLocalAddresses(): MaybePromise<string[]>;
  /** All pids that may own a socket, to be shared out between threads. Unsupported where processes cannot be looked at. */
  listCandidates(): MaybePromise<number[]>;
  /**
   * Which processes hold which sockets. `take` hands out pids until none is left, so that several threads can
   * share one list. `exceptUnix` leaves out whatever the system can tell to be a socket of AF_UNIX, for who asks without knowing keys.
   */
  scanOwners(keys: ReadonlySet<number>, take: () => number | null, options?: { exceptUnix?: boolean }): MaybePromise<OwnerScan>;
  /**
   * Where processes cannot be looked at and the table names owners all the same: who these are said to be. For people; nobody may be
   * acted on by it, because a pid alone is no process.
   */
  hearOwners?(protocol: Protocol, port: number): MaybePromise<HeardOwner[]>;
}

export interface HeardOwner {
  protocol: Protocol;
  pid: number;
  /** Null where nothing tells it. */
  name: string | null;
}

export interface OwnerScan {
  owners: { key: number; pid: number }[];
  /** Processes whose descriptors this user may not see. */
  unreadable: number;
}

export interface ProcessSample {
  ref: { pid: number; identity: string };
  /** CPU time used so far, user and system, in ms. */
  cpuMs: number;
  rssBytes: number;
  /** When that was so, by a monotonic clock that all threads share. */
  atMs: number;
}

/** What there is to know of a process before it is touched: whether it is the one meant, and whether it may be. */
export type Glimpse = Pick<
  ProcessInfo,
  'pid' | 'ppid' | 'pgid' | 'sid' | 'identity' | 'startedAt' | 'name' | 'executable' | 'commandLine' | 'status'
>;

/** Threads are no processes: their ids are answered like those of nobody. */
export interface Processes {
  /** Null when there is none of that pid. PermissionDenied when there is one and we may not even see that much. */
  describe(pid: number): MaybePromise<ProcessInfo | null>;
  /** The same in less time and fewer words, for trees of hundreds. */
  glimpse(pid: number): MaybePromise<Glimpse | null>;
  /** And keeps hold of it where the look needed a handle anyway; whoever gets one releases it (`Signals.release`). Never of a zombie. */
  glimpseHeld(pid: number): MaybePromise<{ info: Glimpse; handle: number | null } | null>;
  /** Only the identity, much cheaper. Null when there is none of that pid, or it has ended and is a zombie. PermissionDenied as above. */
  identify(pid: number): MaybePromise<string | null>;
  /** Those that this user may see; some systems hide the others altogether. */
  listPids(): MaybePromise<number[]>;
  /** pid → ppid of every visible process, for trees; much cheaper than describing them all. */
  readParents(): MaybePromise<Map<number, number>>;
  /** Null when there is none of that pid, or it is a zombie. PermissionDenied as above. */
  sample(pid: number): MaybePromise<ProcessSample | null>;
  /** Whether two identities name the same process: one may lack a part that the other has. */
  sameIdentity(left: string, right: string): boolean;
  /** Container and unit that a process belongs to, from what the system says of it. Null when there is none of that pid. */
  readPlacement(pid: number): MaybePromise<Placement | null>;
  /**
   * A variable of the environment that a process was started with, and whose it is. Null when it has none of that name, is gone,
   * or may not be read: it is only ever asked for what carries a mark of ours.
   */
  readVariable(pid: number, name: string): MaybePromise<{ value: string; identity: string } | null>;
  /** The pids in a cgroup and in those below it, by its directory; none where there is no such group. */
  listCgroup(directory: string): MaybePromise<number[]>;
  /** Of the cgroup that we made for a start, where this process is in one; null where it is in none of ours. */
  sampleCgroup(pid: number): MaybePromise<GroupUsage | null>;
  /** Null where processes come in groups, or sessions, that can be told here; else the error that says that they do not. */
  whyNoGroups(kind: 'group' | 'session'): SidewardenError | null;
}

export interface Placement {
  container: { engine: string; id: string } | null;
  unit: { name: string; scope: 'system' | 'user' } | null;
}

/** Waits for processes to end; lives beside the event loop and not in the pool, see ../waiter.ts. */
export interface Waiter {
  /**
   * Resolves when the process has ended (a zombie has), at once when it is gone or another than the one meant. The process
   * is taken hold of before this returns. Rejects with the reason of the signal, with ShuttingDown after `close`,
   * with Unsupported where there is no way to wait or to look.
   */
  waitForExit(ref: ProcessRef, signal: AbortSignal): Promise<WaitAnswer>;
  /** Ends all waits; resolves when no call is under way any more. */
  close(): Promise<void>;
}

export type WaitAnswer =
  | { kind: 'exited' }
  /** There is such a process, and this user may not see whether it is the one meant. */
  | { kind: 'denied' };

/** Everything here is one short step without waiting, so that identity and signal stay together. */
export interface Signals {
  /** Takes hold of exactly this process. Whoever gets a handle releases it, in whichever thread. */
  hold(pid: number, identity: string): Hold;
  release(handle: number | null): void;
  /** Sends to what is held; where there is no handle the identity is checked again, right before. */
  send(target: { pid: number; identity: string; handle: number | null }, signal: string): SignalAnswer;
  /** The rung of the ladder that this signal stands for here, where it can be sent. */
  rung(signal: string): Rung;
  /** How all processes are related: one cheap read each. Kernel threads are left out; zombies are not, for they hold the number of a group or session. `known`: who cannot have changed since. */
  readKin(known?: ReadonlyMap<number, Kin>): Kin[];
  /** What can be said of it once all its threads have stopped, or ended: it forks no more. Null before that; a SIGSTOP takes effect some time after it was sent. */
  atRest(pid: number): AtRest | null;
  /** Which of these handles are of processes that have ended, after at most so many ms; sooner when all have. None where the system does not tell. */
  awaitEnds(handles: readonly number[], withinMs: number): ReadonlySet<number>;
  /** Where `send` may answer `noWay`: what there is instead of a signal. */
  readonly asking?: Asking;
}

/** The ways in which a system without signals asks programs to end. */
export interface Asking {
  /** Asks each in the first way that it has, and says which that was; null for whoever has none. May take a second: it may have to start a program. */
  ask(asked: Asked): (Rung | null)[];
  /** The ways that would be tried, in their order; asks nobody and starts nothing. */
  foresee(pid: number): Way[];
}

export interface Way {
  rung: 'ctrlBreak' | 'wmClose';
  /** False where only trying shows whether it is there. */
  isSure: boolean;
}

export interface Asked {
  /** `tried`: in which ways before, to no effect. */
  targets: { pid: number; identity: string; tried?: readonly Rung[] }[];
  /** Who may hear of it as well: whatever else is ended with them. */
  others: number[];
}

export type Rung = NonNullable<KillOutcome['rung']>;

export type Hold =
  | { kind: 'held'; handle: number | null }
  /** Ended; its parent has not collected it yet. */
  | { kind: 'zombie'; ppid: number }
  | { kind: 'gone' | 'identityMismatch' | 'denied' };

/** `noWay`: this system cannot ask it to end, only make it. */
export type SignalAnswer = 'sent' | 'gone' | 'identityMismatch' | 'denied' | 'noWay';

export interface Kin {
  pid: number;
  ppid: number;
  pgid: number;
  sid: number;
  /** In the system’s own unit; only to be compared. */
  startTicks: number;
}
