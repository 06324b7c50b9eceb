// Generated from src/protocol by `npm run generate`; do not edit by hand.

import type { CallOptions } from '../options.ts';
import type * as t from './types.ts';

/** Every request that a client may make, by its name on the wire. */
export interface Methods {
  /** Opens the connection: who you are, what you speak. */
  'initialize': { params: t.InitializeParams; result: t.InitializeResult };
  /** Ends everything in order and reports how it went; `exit` follows. */
  'shutdown': { params: t.ShutdownParams; result: t.ShutdownReport };
  /** The OpenRPC document of this very sidecar. */
  'rpc.discover': { params: t.RpcDiscoverParams; result: t.RpcDiscoverResult };
  /** Answers at once, from the event loop. */
  'sidecar/ping': { params: t.SidecarPingParams; result: t.SidecarPingResult };
  /** Everything that the sidecar holds for this connection, and how it is itself. */
  'sidecar/status': { params: t.SidecarStatusParams; result: t.SidecarStatusResult };
  /** Writes an error of the host into the sidecar’s log. */
  'log/error': { params: t.LogErrorParams; result: t.LogErrorResult };
  /** Is the port in use, and could it be bound? */
  'port/check': { params: t.PortCheckParams; result: t.PortCheckResult };
  /** Who holds the port: every listener, never a client of it. */
  'port/find': { params: t.PortFindParams; result: t.PortFindResult };
  /** Every listener of this machine, with its owners. */
  'port/list': { params: t.PortListParams; result: t.PortListResult };
  /** Why a port can or cannot be used, for a person. */
  'port/explain': { params: t.PortExplainParams; result: t.PortExplainResult };
  /** Waits until the port is in use, or can be bound. */
  'port/wait': { params: t.PortWaitParams; result: t.PortWaitResult };
  /** Ends all holders of a port, and only those. */
  'port/kill': { params: t.PortKillParams; result: t.PortKillResult };
  /** Notes that the app uses this port; the next run can clean it up. */
  'port/register': { params: t.PortRegisterParams; result: t.PortRegisterResult };
  /** Forgets a registered port. */
  'port/unregister': { params: t.PortUnregisterParams; result: t.PortUnregisterResult };
  /** The ports that this run has registered. */
  'port/registered': { params: t.PortRegisteredParams; result: t.PortRegisteredResult };
  /** Makes sure that a port can be bound: ends its holders as far as allowed, and tries again. */
  'port/ensureAvailable': { params: t.PortEnsureAvailableParams; result: t.PortEnsureAvailableResult };
  /** Hands out free ports, outside the ephemeral and reserved ranges, each to one caller only. */
  'port/allocate': { params: t.PortAllocateParams; result: t.PortAllocateResult };
  /** Gives ports back; for 10 s they are not handed out again. */
  'port/release': { params: t.PortReleaseParams; result: t.PortReleaseResult };
  /** Ends what a crashed run of this app has left: its processes, and whoever holds its ports. */
  'cleanup/run': { params: t.CleanupRunParams; result: t.CleanupRunResult };
  /** One process, or null when it is gone or another than the one meant. */
  'process/get': { params: t.ProcessGetParams; result: t.ProcessGetResult };
  /** The processes that this user may see, by pid. */
  'process/list': { params: t.ProcessListParams; result: t.ProcessListResult };
  /** A process and all its descendants, flat, parents before children. */
  'process/tree': { params: t.ProcessTreeParams; result: t.ProcessTreeResult };
  /** CPU over an interval and memory now, of one process or its tree. */
  'process/usage': { params: t.ProcessUsageParams; result: t.ProcessUsageResult };
  /** Waits until the process has ended; a zombie has. */
  'process/wait': { params: t.ProcessWaitParams; result: t.ProcessWaitResult };
  /** Ends exactly these processes, politely, then by force, and answers when they are gone. */
  'process/kill': { params: t.ProcessKillParams; result: t.ProcessKillResult };
  /** Adds a handler that the host runs when the sidecar shuts down. */
  'shutdown/addHandler': { params: t.ShutdownAddHandlerParams; result: t.ShutdownAddHandlerResult };
  /** Removes a shutdown handler. */
  'shutdown/removeHandler': { params: t.ShutdownRemoveHandlerParams; result: t.ShutdownRemoveHandlerResult };
  /** Ends everything in order and reports how it went; with `keepRunning` only handlers and services. */
  'shutdown/run': { params: t.ShutdownRunParams; result: t.ShutdownReport };
  /** Takes the lock of the only instance, or tells the one that has it. */
  'instance/acquire': { params: t.InstanceAcquireParams; result: t.InstanceAcquireResult };
  /** Lets go of a lock; whoever waits for it gets it. */
  'instance/release': { params: t.InstanceReleaseParams; result: t.InstanceReleaseResult };
  /** Who holds the lock. Asks without touching it, so nobody who acquires meanwhile is disturbed. */
  'instance/query': { params: t.InstanceQueryParams; result: t.InstanceQueryResult };
  /** Makes the services be as these specs say: starts, restarts and stops what differs, and nothing else. */
  'service/apply': { params: t.ServiceApplyParams; result: t.ServiceApplyResult };
  /** Starts a child process that ends with the sidecar, in a session of its own. */
  'service/start': { params: t.ServiceStartParams; result: t.ServiceStartResult };
  /** Ends services with all that belongs to them, politely, then by force. */
  'service/stop': { params: t.ServiceStopParams; result: t.ServiceStopResult };
  /** Ends services as service/stop does, and starts them again, with the dependants that it stopped. */
  'service/restart': { params: t.ServiceRestartParams; result: t.ServiceRestartResult };
  /** Ends services as service/stop does, and forgets them with their output and their ports. */
  'service/remove': { params: t.ServiceRemoveParams; result: t.ServiceRemoveResult };
  /** Sends a signal to the process of a service, and to nobody else. */
  'service/signal': { params: t.ServiceSignalParams; result: t.ServiceSignalResult };
  /** All services of this connection, by name, or those of a group. */
  'service/list': { params: t.ServiceListParams; result: t.ServiceListResult };
  /** One service, or null when none was ever started under that name. */
  'service/get': { params: t.ServiceGetParams; result: t.ServiceGetResult };
  /** What a service wrote last. */
  'service/logs': { params: t.ServiceLogsParams; result: t.ServiceLogsResult };
  /** Writes to the standard input of a service. */
  'service/write': { params: t.ServiceWriteParams; result: t.ServiceWriteResult };
  /** Numbers for a monitoring system, as OpenMetrics text. */
  'metrics/get': { params: t.MetricsGetParams; result: t.MetricsGetResult };
  /** Asks for notifications; answers with how things stand. */
  'events/subscribe': { params: t.EventsSubscribeParams; result: t.EventsSubscribeResult };
  /** Ends a subscription; nothing of it follows the answer. */
  'events/unsubscribe': { params: t.EventsUnsubscribeParams; result: t.EventsUnsubscribeResult };
}

/** Every request that the sidecar may make of a client, by its name on the wire. */
export interface HostCalls {
  /** Run this handler now: the sidecar shuts down. */
  'host/runShutdownHandler': { params: t.HostRunShutdownHandlerParams; result: t.HostRunShutdownHandlerResult };
  /** Another instance of the app was started, and this is what it has to say. */
  'host/secondInstance': { params: t.HostSecondInstanceParams; result: t.HostSecondInstanceResult };
}

/** Every notification that the sidecar sends, by its name on the wire. */
export interface Notifications {
  /** How far a request with a workDoneToken has come. */
  '$/progress': t.ProgressParams;
  /** A warning or an error from the sidecar’s own log, as LSP tells it. */
  'window/logMessage': t.WindowLogMessageParams;
  /** The holders of a port changed. */
  'event/port': t.EventPortParams;
  /** A process started, ended or changed its status. */
  'event/process': t.EventProcessParams;
  /** How far a shutdown has come: a phase has begun, or a step of it has ended. */
  'event/shutdown': t.EventShutdownParams;
  /** A service changed: its state, its readiness, or the reason for either. */
  'event/service': t.EventServiceParams;
  /** Lines that a service wrote, at most 50 ms or 64 KiB of them at once. */
  'event/serviceLog': t.EventServiceLogParams;
  /** A lock that this host held is lost. */
  'event/instance': t.EventInstanceParams;
  /** The host read too slowly: events of this topic were dropped. */
  'event/overflow': t.EventOverflowParams;
}

/** The events that may be subscribed to, by topic. */
export interface Events {
  /** The holders of a port changed. */
  port: t.EventPortParams;
  /** A process started, ended or changed its status. */
  process: t.EventProcessParams;
  /** How far a shutdown has come: a phase has begun, or a step of it has ended. */
  shutdown: t.EventShutdownParams;
  /** A service changed: its state, its readiness, or the reason for either. */
  service: t.EventServiceParams;
  /** Lines that a service wrote, at most 50 ms or 64 KiB of them at once. */
  serviceLog: t.EventServiceLogParams;
  /** A lock that this host held is lost. */
  instance: t.EventInstanceParams;
  /** The host read too slowly: events of this topic were dropped. */
  overflow: t.EventOverflowParams;
}

export interface RpcMethods {
  /**
   * The OpenRPC document of this very sidecar.
   * Answered at any time, also before `initialize`. Equal to the published clients/spec/openrpc.json.
   */
  discover(params?: t.RpcDiscoverParams, options?: CallOptions): Promise<Methods['rpc.discover']['result']>;
}

export interface SidecarMethods {
  /** Answers at once, from the event loop. */
  ping(params?: t.SidecarPingParams, options?: CallOptions): Promise<Methods['sidecar/ping']['result']>;
  /**
   * Everything that the sidecar holds for this connection, and how it is itself.
   * By what is known: it waits for nobody, so it answers while all threads are busy or hang. Ports are as the last look found them, and processes of services as they were when they were started.
   */
  status(params?: t.SidecarStatusParams, options?: CallOptions): Promise<Methods['sidecar/status']['result']>;
}

export interface LogMethods {
  /**
   * Writes an error of the host into the sidecar’s log.
   * One line at level `error`. Members of `context` whose names look like credentials are redacted at any depth, and so are passwords in URLs. Long texts are cut.
   */
  error(params: t.LogErrorParams, options?: CallOptions): Promise<Methods['log/error']['result']>;
}

export interface PortMethods {
  /**
   * Is the port in use, and could it be bound?
   * inUse comes from the kernel’s socket table; canBind from rules, confirmed by one bind without listen. Nothing is connected to. Without `host`: inUse is a listener on any local address, canBind means both wildcards.
   * Rejects with PermissionDenied, TimedOut, Unsupported.
   */
  check(params: t.PortCheckParams, options?: CallOptions): Promise<Methods['port/check']['result']>;
  /**
   * Who holds the port: every listener, never a client of it.
   * Rejects with PermissionDenied, TimedOut, Unsupported.
   */
  find(params: t.PortFindParams, options?: CallOptions): Promise<Methods['port/find']['result']>;
  /**
   * Every listener of this machine, with its owners.
   * Ordered by port, protocol and address. Each page is a fresh look; `nextCursor` is absent on the last.
   * Rejects with PermissionDenied, TimedOut, Unsupported.
   */
  list(params?: t.PortListParams, options?: CallOptions): Promise<Methods['port/list']['result']>;
  /**
   * Why a port can or cannot be used, for a person.
   * Rejects with PermissionDenied, TimedOut, Unsupported.
   */
  explain(params: t.PortExplainParams, options?: CallOptions): Promise<Methods['port/explain']['result']>;
  /**
   * Waits until the port is in use, or can be bound.
   * Looks at once and then on a short interval. A port that is not there in time is `reached: false`, not an error.
   * Rejects with PermissionDenied, Unsupported.
   */
  wait(params: t.PortWaitParams, options?: CallOptions): Promise<Methods['port/wait']['result']>;
  /**
   * Ends all holders of a port, and only those.
   * A port that is free is `freed` with no outcomes. On UDP with several owners or an ephemeral port `expect` is needed.
   * Rejects with PermissionDenied, InvalidState, Unsupported, ShuttingDown.
   */
  kill(params?: t.PortKillParams, options?: CallOptions): Promise<Methods['port/kill']['result']>;
  /**
   * Notes that the app uses this port; the next run can clean it up.
   * Rejects with ShuttingDown.
   */
  register(params: t.PortRegisterParams, options?: CallOptions): Promise<Methods['port/register']['result']>;
  /** Forgets a registered port. */
  unregister(params: t.PortUnregisterParams, options?: CallOptions): Promise<Methods['port/unregister']['result']>;
  /** The ports that this run has registered. */
  registered(params?: t.PortRegisteredParams, options?: CallOptions): Promise<Methods['port/registered']['result']>;
  /**
   * Makes sure that a port can be bound: ends its holders as far as allowed, and tries again.
   * Rejects with PermissionDenied, Unsupported, ShuttingDown.
   */
  ensureAvailable(params: t.PortEnsureAvailableParams, options?: CallOptions): Promise<Methods['port/ensureAvailable']['result']>;
  /**
   * Hands out free ports, outside the ephemeral and reserved ranges, each to one caller only.
   * Rejects with Conflict, Unsupported, LimitExceeded, ShuttingDown.
   */
  allocate(params?: t.PortAllocateParams, options?: CallOptions): Promise<Methods['port/allocate']['result']>;
  /** Gives ports back; for 10 s they are not handed out again. */
  release(params: t.PortReleaseParams, options?: CallOptions): Promise<Methods['port/release']['result']>;
}

export interface CleanupMethods {
  /**
   * Ends what a crashed run of this app has left: its processes, and whoever holds its ports.
   * Covers the registrations of this run and of the last one that ended. `owned` is what a dead sidecar of this app recorded, by identity; what a live sidecar supervises is protected.
   * Rejects with PermissionDenied, InvalidState, Unsupported, ShuttingDown.
   */
  run(params?: t.CleanupRunParams, options?: CallOptions): Promise<Methods['cleanup/run']['result']>;
}

export interface ProcessMethods {
  /**
   * One process, or null when it is gone or another than the one meant.
   * Rejects with PermissionDenied, TimedOut, Unsupported.
   */
  get(params: t.ProcessGetParams, options?: CallOptions): Promise<Methods['process/get']['result']>;
  /**
   * The processes that this user may see, by pid.
   * Each page is a fresh look; `nextCursor` is absent on the last. Kernel threads are among them.
   * Rejects with PermissionDenied, TimedOut, Unsupported.
   */
  list(params?: t.ProcessListParams, options?: CallOptions): Promise<Methods['process/list']['result']>;
  /**
   * A process and all its descendants, flat, parents before children.
   * A descendant whose parent has ended belongs to another process by then and is not found; supervision is for that.
   * Rejects with NotFound, PermissionDenied, TimedOut, IdentityMismatch, Unsupported.
   */
  tree(params: t.ProcessTreeParams, options?: CallOptions): Promise<Methods['process/tree']['result']>;
  /**
   * CPU over an interval and memory now, of one process or its tree.
   * Rejects with NotFound, PermissionDenied, TimedOut, IdentityMismatch, Unsupported.
   */
  usage(params: t.ProcessUsageParams, options?: CallOptions): Promise<Methods['process/usage']['result']>;
  /**
   * Waits until the process has ended; a zombie has.
   * A process that is gone, or another than the one meant, has exited. One that lives on is `exited: false` at the end of the time, not an error.
   * Rejects with PermissionDenied, Unsupported.
   */
  wait(params: t.ProcessWaitParams, options?: CallOptions): Promise<Methods['process/wait']['result']>;
  /**
   * Ends exactly these processes, politely, then by force, and answers when they are gone.
   * Each process is signalled through a handle that was opened before its identity was checked. What fails for one is an outcome, not an error. Cancelling stops further escalation; what was begun is answered with its outcomes.
   * Rejects with NotFound, PermissionDenied, InvalidState, Unsupported, ShuttingDown.
   */
  kill(params?: t.ProcessKillParams, options?: CallOptions): Promise<Methods['process/kill']['result']>;
}

export interface ShutdownMethods {
  /**
   * Adds a handler that the host runs when the sidecar shuts down.
   * Handlers of the same `order` run in parallel, orders ascending, before any service is stopped. When its turn comes the host is asked by host/runShutdownHandler, which needs its capability `shutdownHandlers`; without that the step is `unavailable`.
   * Rejects with LimitExceeded, ShuttingDown.
   */
  addHandler(params: t.ShutdownAddHandlerParams, options?: CallOptions): Promise<Methods['shutdown/addHandler']['result']>;
  /**
   * Removes a shutdown handler.
   * Also while the sidecar shuts down: then it is not run, unless it is being run already.
   */
  removeHandler(params: t.ShutdownRemoveHandlerParams, options?: CallOptions): Promise<Methods['shutdown/removeHandler']['result']>;
  /**
   * Ends everything in order and reports how it went; with `keepRunning` only handlers and services.
   * Handlers, then services, dependants first, then held sockets and locks. While it runs nothing new is started: such methods answer ShuttingDown. A second call, or `shutdown`, joins the first, and an earlier deadline counts. Without `keepRunning` the connection is over with the answer, as after `shutdown`; with it a later shutdown works again, and runs the handlers again.
   */
  run(params: t.ShutdownRunParams, options?: CallOptions): Promise<Methods['shutdown/run']['result']>;
}

export interface InstanceMethods {
  /**
   * Takes the lock of the only instance, or tells the one that has it.
   * The lock is the kernel’s (flock): it ends with the sidecar that holds it, and there is no way to steal it. One that is held stays so; `payload` is then handed to its host as host/secondInstance, and `reply` is what that answered. A first instance that hangs, dies or cannot be asked gives `delivered: false` with the reason, 3 s after the waiting at the latest, and is left alone. One that is closing is waited for, for up to 5 s or `waitMs`, whichever is longer.
   * Rejects with NotFound, PermissionDenied, Conflict, Unsupported, ShuttingDown.
   */
  acquire(params?: t.InstanceAcquireParams, options?: CallOptions): Promise<Methods['instance/acquire']['result']>;
  /** Lets go of a lock; whoever waits for it gets it. */
  release(params: t.InstanceReleaseParams, options?: CallOptions): Promise<Methods['instance/release']['result']>;
  /**
   * Who holds the lock. Asks without touching it, so nobody who acquires meanwhile is disturbed.
   * Rejects with NotFound, PermissionDenied, Unsupported.
   */
  query(params?: t.InstanceQueryParams, options?: CallOptions): Promise<Methods['instance/query']['result']>;
}

export interface ServiceMethods {
  /**
   * Makes the services be as these specs say: starts, restarts and stops what differs, and nothing else.
   * Refused as a whole when one of them could not be started: a bad spec, a circle, a name that nobody has, a program that is not there. It is answered when every change has begun, and never waits for readiness; event/service tells the rest. What runs, or is about to, by the same spec is left alone, and so is what has ended with exit code 0. A service whose dependency is restarted is restarted with it.
   * Rejects with SpawnFailed, Unsupported, LimitExceeded, ShuttingDown.
   */
  apply(params: t.ServiceApplyParams, options?: CallOptions): Promise<Methods['service/apply']['result']>;
  /**
   * Starts a child process that ends with the sidecar, in a session of its own.
   * What it depends on is started with it, unless it runs. What it was started for is on disk before it runs, so that the next sidecar of this app can end what a crash has left. A running service of that name is answered as it is. Waiting ends early, with the status, when it has ended or is given up; at the time-out it stays as it is, and `data.service` says how. In `backoff` it is still on its way.
   * Rejects with NotFound, TimedOut, Conflict, SpawnFailed, Unsupported, LimitExceeded, ShuttingDown.
   */
  start(params?: t.ServiceStartParams, options?: CallOptions): Promise<Methods['service/start']['result']>;
  /**
   * Ends services with all that belongs to them, politely, then by force.
   * Whatever depends on them ends first, and is answered behind them. They stay in the list.
   * Rejects with NotFound.
   */
  stop(params?: t.ServiceStopParams, options?: CallOptions): Promise<Methods['service/stop']['result']>;
  /**
   * Ends services as service/stop does, and starts them again, with the dependants that it stopped.
   * Answered when their programs run or have failed to; readiness is not waited for. Nothing is ended when a program is not there any more. Ports that are handed over (passFd) stay open meanwhile.
   * Rejects with NotFound, SpawnFailed, ShuttingDown.
   */
  restart(params?: t.ServiceRestartParams, options?: CallOptions): Promise<Methods['service/restart']['result']>;
  /**
   * Ends services as service/stop does, and forgets them with their output and their ports.
   * Dependants are ended and stay; they cannot be started again before there is such a service. One that could not be ended is not forgotten.
   * Rejects with NotFound.
   */
  remove(params?: t.ServiceRemoveParams, options?: CallOptions): Promise<Methods['service/remove']['result']>;
  /**
   * Sends a signal to the process of a service, and to nobody else.
   * An end by it counts like any other end that service/stop has not asked for: what follows is as the spec’s `restart` says. On Windows SIGKILL alone is supported.
   * Rejects with NotFound, InvalidState, Unsupported.
   */
  signal(params: t.ServiceSignalParams, options?: CallOptions): Promise<Methods['service/signal']['result']>;
  /**
   * All services of this connection, by name, or those of a group.
   * By what is known; `process` is as it was when it was started. service/get looks at it.
   */
  list(params?: t.ServiceListParams, options?: CallOptions): Promise<Methods['service/list']['result']>;
  /** One service, or null when none was ever started under that name. */
  get(params: t.ServiceGetParams, options?: CallOptions): Promise<Methods['service/get']['result']>;
  /**
   * What a service wrote last.
   * From memory (`logs.ringBytes`), over all its starts. To follow, give the `nextSeq` of one answer as the `sinceSeq` of the next, or subscribe to the topic serviceLog.
   * Rejects with NotFound.
   */
  logs(params: t.ServiceLogsParams, options?: CallOptions): Promise<Methods['service/logs']['result']>;
  /**
   * Writes to the standard input of a service.
   * For a service with `stdin: pipe` that runs. Answered when the system has taken the bytes: a program that does not read keeps the answer waiting, and a cancelled one may have got a part.
   * Rejects with NotFound, Conflict, InvalidState.
   */
  write(params: t.ServiceWriteParams, options?: CallOptions): Promise<Methods['service/write']['result']>;
}

export interface MetricsMethods {
  /**
   * Numbers for a monitoring system, as OpenMetrics text.
   * Services (up, ready, healthy, restarts, processes, CPU time, memory, lifetime, and the same by group), managed ports, requests by method and outcome with their durations, threads, and the lag of the event loop, which is watched from the first question on. The sidecar opens no port for it: serve the text where your application serves its own.
   */
  get(params?: t.MetricsGetParams, options?: CallOptions): Promise<Methods['metrics/get']['result']>;
}

export interface EventsMethods {
  /**
   * Asks for notifications; answers with how things stand.
   * Ports and processes are sampled every intervalMs, what happens in between is not seen; a process’ end is noticed at once where handles are available. A host that does not read loses events, not memory: event/overflow counts them.
   * Rejects with PermissionDenied, Unsupported, LimitExceeded.
   */
  subscribe(params: t.EventsSubscribeParams, options?: CallOptions): Promise<Methods['events/subscribe']['result']>;
  /** Ends a subscription; nothing of it follows the answer. */
  unsubscribe(params: t.EventsUnsubscribeParams, options?: CallOptions): Promise<Methods['events/unsubscribe']['result']>;
}

/** The methods as members: `sidecar.port.find()` is `port/find`. */
export interface Nouns {
  readonly rpc: RpcMethods;
  readonly sidecar: SidecarMethods;
  readonly log: LogMethods;
  readonly port: PortMethods;
  readonly cleanup: CleanupMethods;
  readonly process: ProcessMethods;
  readonly shutdown: ShutdownMethods;
  readonly instance: InstanceMethods;
  readonly service: ServiceMethods;
  readonly metrics: MetricsMethods;
  readonly events: EventsMethods;
}

/** How each request is counted: `life` never, `wait` in limits.waitsInFlight, all others in limits.requestsInFlight. */
export const lanes = {
  'initialize': 'life',
  'shutdown': 'life',
  'rpc.discover': 'look',
  'sidecar/ping': 'life',
  'sidecar/status': 'state',
  'log/error': 'state',
  'port/check': 'look',
  'port/find': 'look',
  'port/list': 'look',
  'port/explain': 'look',
  'port/wait': 'wait',
  'port/kill': 'act',
  'port/register': 'state',
  'port/unregister': 'state',
  'port/registered': 'state',
  'port/ensureAvailable': 'act',
  'port/allocate': 'act',
  'port/release': 'state',
  'cleanup/run': 'act',
  'process/get': 'look',
  'process/list': 'look',
  'process/tree': 'look',
  'process/usage': 'look',
  'process/wait': 'wait',
  'process/kill': 'act',
  'shutdown/addHandler': 'state',
  'shutdown/removeHandler': 'state',
  'shutdown/run': 'act',
  'instance/acquire': 'wait',
  'instance/release': 'state',
  'instance/query': 'look',
  'service/apply': 'act',
  'service/start': 'act',
  'service/stop': 'act',
  'service/restart': 'act',
  'service/remove': 'act',
  'service/signal': 'act',
  'service/list': 'look',
  'service/get': 'look',
  'service/logs': 'look',
  'service/write': 'act',
  'metrics/get': 'look',
  'events/subscribe': 'life',
  'events/unsubscribe': 'life',
} as const satisfies Record<keyof Methods, string>;
