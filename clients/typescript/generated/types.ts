// Generated from src/protocol by `npm run generate`; do not edit by hand.

/** A word that this client knows, or one that a newer sidecar has learnt since. */
export type Open<Known extends string> = Known | (string & Record<never, never>);

/** A size in bytes. */
export type Bytes = number;

/** What $/cancelRequest carries. */
export interface CancelRequestParams {
  /** The id of the request, type-exact: 7 and "7" differ. */
  id: number | string;
}

/** A registered port, and what became of its holders. */
export interface CleanedPort {
  port: Port;
  name: Name;
  /** It can be bound now. */
  freed: boolean;
  outcomes: KillOutcome[];
}

/** What cleanup/run takes. */
export interface CleanupRunParams {
  /**
   * Whom to end on the registered ports: `owned`, or `any` holder.
   * Default: `"owned"`.
   */
  evict?: CleanupRunParamsEvict | undefined;
  /**
   * With all descendants.
   * Default: `true`.
   */
  tree?: boolean | undefined;
  /**
   * The polite signal, with a SIGCONT behind it.
   * Default: `"SIGTERM"`.
   */
  signal?: KillSignal | undefined;
  /**
   * How long to wait before force.
   * Default: `5000`.
   */
  graceMs?: number | undefined;
  /**
   * SIGKILL for whoever is left after the grace.
   * Default: `true`.
   */
  force?: boolean | undefined;
  /**
   * Touches nobody; answers what would be done, and a planId that does exactly that.
   * Default: `false`.
   */
  dryRun?: boolean | undefined;
  /**
   * Touches also what is protected; never what may never be touched.
   * Default: `false`.
   */
  allowProtected?: boolean | undefined;
  /** Asks for $/progress under this token. */
  workDoneToken?: number | string | undefined;
  /** From a dry run of this method on this connection, at most 30 s old and used once. No other member but workDoneToken goes with it. */
  planId?: string | undefined;
}

export type CleanupRunParamsEvict = 'owned' | 'any';

/** What cleanup/run answers. */
export interface CleanupRunResult {
  ports: CleanedPort[];
  /** Processes that a dead sidecar of this app had started. */
  leftovers: KillOutcome[];
  /** From a dry run of this method on this connection, at most 30 s old and used once. No other member but workDoneToken goes with it. */
  planId?: string | undefined;
}

/** What the sidecar may ask of the host. */
export interface ClientCapabilities {
  /** It answers host/runShutdownHandler. */
  shutdownHandlers?: boolean | undefined;
  /** It answers host/secondInstance. */
  secondInstance?: boolean | undefined;
  /** It wants $/progress. */
  progress?: boolean | undefined;
}

/** Which program speaks. */
export interface ClientInfo {
  name: Name;
  version?: Text | undefined;
  /** The language of the client library. */
  language?: Text | undefined;
}

/** Something else stands in the way. */
export interface ConflictData {
  kind: 'Conflict';
}

/** The container that holds a socket. */
export interface Container {
  /** `docker`, `podman`, `containerd`, `cri-o`, `lxc` or another one’s name. */
  engine: Text;
  id: Text;
  name?: Text | undefined;
  image?: Text | undefined;
}

/** Where the next page begins; opaque, from `nextCursor`. */
export type Cursor = string;

/** Another service that comes first. */
export interface Dependency {
  name: Name;
  /** `started`: its program runs; `ready`: it is ready; `completed`: it has ended with exit code 0. */
  condition: DependencyCondition;
}

export type DependencyCondition = 'started' | 'ready' | 'completed';

/** A length of time in milliseconds, by the monotonic clock. */
export type Duration = number;

/** What a subscription is about. */
export interface EventFilter {
  services?: Name[] | undefined;
  /** For topic `port`, TCP and UDP alike. */
  ports?: Port[] | undefined;
  /** For topic `process`. */
  targets?: ProcessRef[] | undefined;
}

/** What event/instance carries. */
export interface EventInstanceParams {
  subscriptionId: Text;
  /** Counts the notifications of a subscription without a gap; given after dropping. */
  seq: number;
  at: Timestamp;
  lockId: Text;
  /** Its file was renamed, replaced or deleted, so that it excludes nobody any more; the lock is given up, and may be acquired anew. */
  change: Open<EventInstanceParamsChange>;
}

export type EventInstanceParamsChange = 'lost';

/** What event/overflow carries. */
export interface EventOverflowParams {
  subscriptionId: Text;
  /** Counts the notifications of a subscription without a gap; given after dropping. */
  seq: number;
  at: Timestamp;
  topic: Open<Topic>;
  /** How many since the last one. */
  dropped: number;
}

/** What event/port carries. */
export interface EventPortParams {
  subscriptionId: Text;
  /** Counts the notifications of a subscription without a gap; given after dropping. */
  seq: number;
  at: Timestamp;
  port: Port;
  protocol: Open<Protocol>;
  /** Who holds it now; empty when nobody does. */
  entries: PortEntry[];
}

/** What event/process carries. */
export interface EventProcessParams {
  subscriptionId: Text;
  /** Counts the notifications of a subscription without a gap; given after dropping. */
  seq: number;
  at: Timestamp;
  /** As it is now; on `exited` as it was last seen. */
  process: ProcessInfo;
  change: Open<ProcessChange>;
  /** Known for our own children. */
  exitCode?: number | undefined;
  /** Known for our own children. */
  signal?: Text | undefined;
}

/** What event/serviceLog carries. */
export interface EventServiceLogParams {
  subscriptionId: Text;
  /** Counts the notifications of a subscription without a gap; given after dropping. */
  seq: number;
  at: Timestamp;
  /** The service. */
  name: Name;
  lines: LogLine[];
}

/** What event/service carries. */
export interface EventServiceParams {
  subscriptionId: Text;
  /** Counts the notifications of a subscription without a gap; given after dropping. */
  seq: number;
  at: Timestamp;
  /** As it stands now. */
  service: ServiceStatus;
}

/** What event/shutdown carries. */
export interface EventShutdownParams {
  subscriptionId: Text;
  /** Counts the notifications of a subscription without a gap; given after dropping. */
  seq: number;
  at: Timestamp;
  /** What is being ended: handlers, services, what the sidecar itself holds (sockets and locks), its log; and then all is done. */
  phase: Open<EventShutdownParamsPhase>;
  /** The step that has ended; absent when the phase has begun. */
  step?: ShutdownStep | undefined;
}

export type EventShutdownParamsPhase = 'handlers' | 'services' | 'holdings' | 'log' | 'done';

/** What events/subscribe takes. */
export interface EventsSubscribeParams {
  topics: Topic[];
  filter?: EventFilter | undefined;
  /**
   * Between two samples.
   * Default: `1000`.
   */
  intervalMs?: number | undefined;
}

/** What events/subscribe answers. */
export interface EventsSubscribeResult {
  subscriptionId: Text;
  snapshot: Snapshot;
}

/** What events/unsubscribe takes. */
export interface EventsUnsubscribeParams {
  subscriptionId: Text;
}

/** What events/unsubscribe answers. */
export interface EventsUnsubscribeResult {
  /** False when there was none of that id. */
  removed: boolean;
}

/** A command in the service’s own surroundings; exit code 0 is a success. At its time-out it is killed, with what it has started. */
export interface ExecProbe {
  kind: 'exec';
  /** The program, as in ServiceSpec. Never a shell line. */
  command: Text;
  /** `${port:NAME}` is replaced. */
  args?: Text[] | undefined;
  /**
   * From the start of the program to the first question.
   * Default: `0`.
   */
  initialDelayMs?: number | undefined;
  /**
   * From one question to the next; a question never overlaps the one before it.
   * Default: `1000`.
   */
  periodMs?: number | undefined;
  /**
   * A question without an answer by then has failed.
   * Default: `1000`.
   */
  timeoutMs?: number | undefined;
  /**
   * Successes in a row that count as one.
   * Default: `1`.
   */
  successThreshold?: number | undefined;
  /**
   * Failures in a row that count as one.
   * Default: `3`.
   */
  failureThreshold?: number | undefined;
}

/** What exit carries. */
export type ExitParams = Record<never, never>;

/** A shutdown handler of this connection. */
export interface HandlerStatus {
  handlerId: Text;
  name: Name;
  order: number;
}

/** A process of the instance that holds a lock. */
export interface HolderProcess {
  /** As its own pid namespace counts it. */
  pid: Pid;
  startedAt: Timestamp;
  /** For process/wait and its like. */
  identity?: string | undefined;
}

/** What host/runShutdownHandler takes. */
export interface HostRunShutdownHandlerParams {
  handlerId: Text;
  name: Name;
  /** Why the sidecar shuts down. */
  reason: Text;
  /** How long the answer is waited for. */
  remainingMs: Duration;
}

/** What host/runShutdownHandler expects. */
export type HostRunShutdownHandlerResult = null;

/** What host/secondInstance takes. */
export interface HostSecondInstanceParams {
  lockId: Text;
  payload: SecondInstancePayload;
  from: SecondInstanceSender;
}

/** What host/secondInstance expects. */
export interface HostSecondInstanceResult {
  /** The host did something with it: opened a window, say. */
  handled: boolean;
  /** For the other instance. */
  reply?: unknown | undefined;
}

/** GET over HTTP. A status from 200 to 399 is a success; redirects are not followed, proxies not used, certificates not checked. */
export interface HttpProbe {
  kind: 'http';
  /** Where to ask; this, or `port` and `path`, which mean 127.0.0.1. `${port:NAME}` is replaced. */
  url?: Text | undefined;
  /** A number, or `${port:NAME}` for one of the service’s `ports`; the first of those when absent. */
  port?: number | string | undefined;
  /**
   * Begins with a slash. `${port:NAME}` is replaced.
   * Default: `"/"`.
   */
  path?: Text | undefined;
  /**
   * From the start of the program to the first question.
   * Default: `0`.
   */
  initialDelayMs?: number | undefined;
  /**
   * From one question to the next; a question never overlaps the one before it.
   * Default: `1000`.
   */
  periodMs?: number | undefined;
  /**
   * A question without an answer by then has failed.
   * Default: `1000`.
   */
  timeoutMs?: number | undefined;
  /**
   * Successes in a row that count as one.
   * Default: `1`.
   */
  successThreshold?: number | undefined;
  /**
   * Failures in a row that count as one.
   * Default: `3`.
   */
  failureThreshold?: number | undefined;
}

/** The pid belongs to another process than the one meant. */
export interface IdentityMismatchData {
  kind: 'IdentityMismatch';
  expected: string;
  actual: string;
}

/** How this run differs from the default. */
export interface InitializeOptions {
  /** Marks what this connection starts, where a host acts for several owners. */
  ownerTag?: Name | undefined;
  /** An absolute directory for ledger and registrations; the default is the user’s state directory. */
  stateDir?: Text | undefined;
}

/** What initialize takes. */
export interface InitializeParams {
  protocol: ProtocolRange;
  clientInfo: ClientInfo;
  processId: Pid | null;
  /** Names the application; lock, ledger and registrations belong to it. Only its SHA-256 appears in paths. */
  appId: Name;
  capabilities: ClientCapabilities;
  options?: InitializeOptions | undefined;
}

/** What initialize answers. */
export interface InitializeResult {
  /** The highest version that both sides know. */
  protocol: number;
  serverInfo: ServerInfo;
  capabilities: ServerCapabilities;
  limits: Limits;
  connectionId: Text;
  /** How the host’s death is noticed beside the end of input. */
  hostWatch: Open<InitializeResultHostWatch>;
}

export type InitializeResultHostWatch = 'handle' | 'pid' | 'none';

/** What initialized carries. */
export type InitializedParams = Record<never, never>;

/** What instance/acquire takes. */
export interface InstanceAcquireParams {
  /** Which lock of the app; its appId when absent. */
  name?: Name | undefined;
  /**
   * `user`: one for this user on this machine. `path`: one for a directory, whoever uses it; it gets a file `.sidewarden-….lock`.
   * Default: `"user"`.
   */
  scope?: InstanceAcquireParamsScope | undefined;
  /** For scope `path`: an absolute directory that is there. */
  path?: Text | undefined;
  /**
   * How long to wait for a lock that is held, before anything is delivered.
   * Default: `0`.
   */
  waitMs?: Duration | undefined;
  /** What a first instance is told; nothing is delivered without it. */
  payload?: SecondInstancePayload | undefined;
}

export type InstanceAcquireParamsScope = 'user' | 'path';

/** What instance/acquire answers. */
export interface InstanceAcquireResult {
  acquired: boolean;
  /** The lock, when this sidecar has it, from now on or before. */
  lockId?: Text | undefined;
  /** Who has it instead. */
  holder?: InstanceHolder | undefined;
  /** Whether its host has answered; absent when there was nothing to deliver. */
  delivered?: boolean | undefined;
  /** What its host replied. */
  reply?: unknown | undefined;
  /** `alreadyHeld` when this host has the lock itself; else a sentence that says why nothing was delivered. */
  reason?: Text | undefined;
}

/** What became of a lock that was held. */
export interface InstanceEventPayload {
  lockId: Text;
  /** Its file was renamed, replaced or deleted, so that it excludes nobody any more; the lock is given up, and may be acquired anew. */
  change: Open<InstanceEventPayloadChange>;
}

export type InstanceEventPayloadChange = 'lost';

/** Who holds a lock, as it tells itself; nobody can take it away from there. */
export interface InstanceHolder {
  /** Null where it named no process, or could not be asked. */
  host: HolderProcess | null;
  /** Null where the lock is held by one that cannot be seen from here. */
  sidecar: HolderProcess | null;
  /** It shuts down, and lets go in a moment. */
  closing: boolean;
}

/** What instance/query takes. */
export interface InstanceQueryParams {
  /** Which lock of the app; its appId when absent. */
  name?: Name | undefined;
  /**
   * `user`: one for this user on this machine. `path`: one for a directory, whoever uses it; it gets a file `.sidewarden-….lock`.
   * Default: `"user"`.
   */
  scope?: InstanceQueryParamsScope | undefined;
  /** For scope `path`: an absolute directory that is there. */
  path?: Text | undefined;
}

export type InstanceQueryParamsScope = 'user' | 'path';

/** What instance/query answers. */
export interface InstanceQueryResult {
  /** Null when nobody does. */
  holder: InstanceHolder | null;
}

/** What instance/release takes. */
export interface InstanceReleaseParams {
  lockId: Text;
}

/** What instance/release answers. */
export interface InstanceReleaseResult {
  /** False when this host does not hold it, or no longer. */
  released: boolean;
}

/** The single-instance lock that this connection holds. */
export interface InstanceStatus {
  lockId: Text;
  name: Name;
  scope: Open<InstanceStatusScope>;
}

export type InstanceStatusScope = 'user' | 'path';

/** A fault in the sidecar; its log has the details under `ref`. */
export interface InternalErrorData {
  kind: 'InternalError';
  ref: string;
}

/** The parameters are wrong; each issue names the member. */
export interface InvalidParamsData {
  kind: 'InvalidParams';
  issues: ParamIssue[];
}

/** The message is JSON, but not a request that may be made now. */
export interface InvalidRequestData {
  kind: 'InvalidRequest';
  reason: string;
}

/** Not possible in the present state. */
export interface InvalidStateData {
  kind: 'InvalidState';
  state: string;
  allowed: string[];
}

/** A process group (POSIX); the guards are about its leader. */
export interface KillGroup {
  kind: 'group';
  pgid: Pid;
  /** Guard: matches within 2 s. */
  startedAt?: Timestamp | undefined;
  /** Guard: exactly this process. */
  identity?: string | undefined;
}

/** What became of one process. */
export interface KillOutcome {
  process: KillSubject;
  /** `exited` after the polite signal; `killed` by force; `survived` both; `denied` by the system; `gone` before we came, zombies too; `planned` by a dry run; `notPlanned` belongs to the target but not to the plan, or was spared because another holder was unexpected. */
  outcome: Open<KillOutcomeOutcome>;
  /** Which rung of the ladder ended it. */
  rung?: Open<KillOutcomeRung> | undefined;
  /** The signal that ended it, or would. */
  signal?: Text | undefined;
  /** Why, as a sentence. */
  reason?: Text | undefined;
  /** Of a zombie: who has to collect it. */
  parent?: KillOutcomeParent | undefined;
  /** From the first signal until it was gone. */
  elapsedMs: Duration;
  /** The ports it held and that can be bound now. */
  freedPorts: Port[];
}

export type KillOutcomeOutcome = 'exited' | 'killed' | 'survived' | 'denied' | 'gone' | 'protected' | 'identityMismatch' | 'planned' | 'notPlanned';

export interface KillOutcomeParent {
  pid: Pid;
  name: Text;
}

export type KillOutcomeRung = 'signal' | 'stdinClose' | 'ctrlBreak' | 'wmClose' | 'terminate';

/** Everything that was started on behalf of an owner. */
export interface KillOwner {
  kind: 'owner';
  ownerTag: Name;
}

/** One process, with its descendants unless `tree` is false. */
export interface KillProcess {
  kind: 'process';
  pid: Pid;
  /** Guard: matches within 2 s. */
  startedAt?: Timestamp | undefined;
  /** Guard: exactly this process. */
  identity?: string | undefined;
}

/** A signal that may end a process. */
export type KillSignal = 'SIGTERM' | 'SIGINT' | 'SIGHUP' | 'SIGQUIT' | 'SIGKILL' | 'SIGUSR1' | 'SIGUSR2';

/** The process that an outcome is about; of one that was not found only what the request said. */
export interface KillSubject {
  pid: Pid;
  /** Which process this is, opaque: two equal values are the same process, also where the pid was given away again. From a ProcessInfo. */
  identity?: string | undefined;
  startedAt?: Timestamp | undefined;
  name?: Text | undefined;
  commandLine?: Text[] | null | undefined;
}

/** Whom to end. */
export type KillTarget = KillProcess | KillGroup | KillOwner;

/** A port that was handed out and is nobody else’s until it is released. */
export interface Lease {
  leaseId: Text;
  port: Port;
  /** The sidecar has it bound, without SO_REUSEADDR and not listening: nobody can take it. */
  held: boolean;
  /** When it releases itself. */
  expiresAt?: Timestamp | undefined;
}

/** A limit told in `initialize` was passed. */
export interface LimitExceededData {
  kind: 'LimitExceeded';
  limit: Name;
  max: number;
}

/** What the sidecar bounds, for one connection unless said otherwise. */
export interface Limits {
  /** Requests under way; one more is Overloaded. */
  requestsInFlight: number;
  /** Waiting requests under way, counted apart. */
  waitsInFlight: number;
  /** One inbound body. */
  bodyBytes: Bytes;
  /** All inbound bodies under way. */
  inboundBytes: Bytes;
  /** One outbound body. */
  outboundBodyBytes: Bytes;
  /** Queued output over which events are dropped and counted. */
  outboundHighWaterBytes: Bytes;
  /** Nesting of objects and arrays in one inbound body. */
  jsonDepth: number;
  services: number;
  leases: number;
  handlers: number;
  subscriptions: number;
  /** All rings of service output. */
  logRingBytes: Bytes;
}

/** What log/error takes. */
export interface LogErrorParams {
  /** Its class, such as `TypeError`. */
  name?: Text | undefined;
  message: Text;
  stack?: Text | undefined;
  /** Whatever helps to understand it. */
  context?: Record<string, unknown> | undefined;
}

/** What log/error answers. */
export type LogErrorResult = null;

/** A line that a service wrote. */
export interface LogLine {
  /** Counts the lines of a service, over all its starts. */
  seq: number;
  stream: Open<LogLineStream>;
  at: Timestamp;
  /** Without its end. Bytes that are no UTF-8 are U+FFFD here; in a log file they are as they were. */
  text: Text;
  /** The line was longer: this is its beginning, 16 KiB at most. */
  truncated?: boolean | undefined;
}

export type LogLineStream = 'stdout' | 'stderr';

/** A line of its output, on either stream. It succeeds with the first line that matches, for as long as that process runs, and cannot fail. */
export interface LogProbe {
  kind: 'log';
  /** An ECMAScript regular expression, without flags, for one line. */
  pattern: string;
  /**
   * From the start of the program to the first question.
   * Default: `0`.
   */
  initialDelayMs?: number | undefined;
  /**
   * From one question to the next; a question never overlaps the one before it.
   * Default: `1000`.
   */
  periodMs?: number | undefined;
  /**
   * A question without an answer by then has failed.
   * Default: `1000`.
   */
  timeoutMs?: number | undefined;
  /**
   * Successes in a row that count as one.
   * Default: `1`.
   */
  successThreshold?: number | undefined;
  /**
   * Failures in a row that count as one.
   * Default: `3`.
   */
  failureThreshold?: number | undefined;
}

/** What is kept of a service’s output. */
export interface LogsSpec {
  /**
   * In memory.
   * Default: `65536`.
   */
  ringBytes?: number | undefined;
  /** An absolute path, to which every line is appended. */
  file?: Text | undefined;
  /**
   * A file as large as this is set aside.
   * Default: `10485760`.
   */
  maxBytes?: number | undefined;
  /**
   * How many set aside are kept.
   * Default: `5`.
   */
  keep?: number | undefined;
}

/** A port that the app calls its own. */
export interface ManagedPort {
  port: Port;
  protocol: Open<Protocol>;
  name: Name;
  registeredAt: Timestamp;
}

/** A registered port, and how it was at the last look. */
export interface ManagedPortStatus {
  port: Port;
  protocol: Open<Protocol>;
  name: Name;
  registeredAt: Timestamp;
  /** Somebody held it then; null while nobody has looked yet. */
  inUse: boolean | null;
  /** When that was. Asking has it looked at again, for the next answer. */
  checkedAt: Timestamp | null;
}

/** This sidecar has no such method. */
export interface MethodNotFoundData {
  kind: 'MethodNotFound';
}

/** What metrics/get takes. */
export type MetricsGetParams = Record<never, never>;

/** What metrics/get answers. */
export interface MetricsGetResult {
  /** Of the type `application/openmetrics-text; version=1.0.0; charset=utf-8`. */
  openmetrics: Text;
}

/** A name of 1 to 200 characters. */
export type Name = string;

/** What the request names does not exist. */
export interface NotFoundData {
  kind: 'NotFound';
  what: string;
}

/** `initialize` must come first. */
export interface NotInitializedData {
  kind: 'NotInitialized';
}

/** What this connection has to say. */
export interface OutboundStatus {
  /** Not taken by the system yet, because the host does not read. */
  queuedBytes: Bytes;
  /** Events that were dropped for that reason, since the beginning. */
  dropped: number;
}

/** Too many requests are in flight; try again later. */
export interface OverloadedData {
  kind: 'Overloaded';
  retryAfterMs: Duration;
}

/** What is wrong with one parameter. */
export interface ParamIssue {
  path: string;
  message: string;
}

/** The bytes are not a JSON-RPC message. */
export interface ParseErrorData {
  kind: 'ParseError';
  reason: string;
}

/** The system does not let this user do that. */
export interface PermissionDeniedData {
  kind: 'PermissionDenied';
  operation: string;
}

/** A process id, as the sidecar’s own pid namespace counts it. */
export type Pid = number;

/** The threads that look at the system. */
export interface PoolStatus {
  /** Of them busy. */
  threads: number;
  /** Looks that wait for one. */
  queued: number;
}

/** A TCP or UDP port number. */
export type Port = number;

/** What port/allocate takes. */
export interface PortAllocateParams {
  /**
   * How many.
   * Default: `1`.
   */
  count?: number | undefined;
  /** Taken first where they are free, wherever they lie; what a key had before comes even before them. */
  preferred?: Port[] | undefined;
  /** Where to look instead; of it, too, ephemeral, reserved and privileged ports are left out. */
  range?: PortRange | undefined;
  /** The local address they must be free on; every one when absent. */
  host?: string | undefined;
  /** The same ports again for the same key, across restarts, as long as they are free. */
  key?: Name | undefined;
  /**
   * Keep them bound until they are released.
   * Default: `false`.
   */
  hold?: boolean | undefined;
  /** Released by itself after this. */
  ttlMs?: Duration | undefined;
}

/** What port/allocate answers. */
export interface PortAllocateResult {
  leases: Lease[];
}

/** What port/check takes. */
export interface PortCheckParams {
  port: Port;
  /**
   * Which protocol’s port.
   * Default: `"tcp"`.
   */
  protocol?: Protocol | undefined;
  /** Only sockets that serve this local address; every local address when absent. */
  host?: string | undefined;
}

/** What port/check answers. */
export interface PortCheckResult {
  /** A listener (UDP: a bound, unconnected socket) serves it. */
  inUse: boolean;
  /** A server that sets SO_REUSEADDR, as most do, could bind it now. */
  canBind: boolean;
  /** Why it cannot be bound; null when it can. */
  reason: Open<PortCheckResultReason> | null;
  /** With the reason `reservedByOs`: the range that the system keeps from everybody. */
  reserved?: PortRange | undefined;
}

export type PortCheckResultReason = 'inUse' | 'boundNotListening' | 'accessDenied' | 'reservedByOs' | 'addressUnavailable';

/** What port/ensureAvailable takes. */
export interface PortEnsureAvailableParams {
  port: Port;
  /**
   * Which protocol’s port.
   * Default: `"tcp"`.
   */
  protocol?: Protocol | undefined;
  /**
   * Further attempts after the first.
   * Default: `3`.
   */
  maxRetries?: number | undefined;
  /**
   * Between two attempts.
   * Default: `500`.
   */
  retryDelayMs?: Duration | undefined;
  /**
   * Whom to end: nobody, what a dead sidecar of this app has left, or any holder.
   * Default: `"owned"`.
   */
  evict?: PortEnsureAvailableParamsEvict | undefined;
  /**
   * With all descendants.
   * Default: `false`.
   */
  tree?: boolean | undefined;
  /**
   * The polite signal, with a SIGCONT behind it.
   * Default: `"SIGTERM"`.
   */
  signal?: KillSignal | undefined;
  /**
   * How long to wait before force.
   * Default: `5000`.
   */
  graceMs?: number | undefined;
  /**
   * SIGKILL for whoever is left after the grace.
   * Default: `true`.
   */
  force?: boolean | undefined;
  /**
   * Touches nobody; answers what would be done, and a planId that does exactly that.
   * Default: `false`.
   */
  dryRun?: boolean | undefined;
  /**
   * Touches also what is protected; never what may never be touched.
   * Default: `false`.
   */
  allowProtected?: boolean | undefined;
  /** Asks for $/progress under this token. */
  workDoneToken?: number | string | undefined;
}

export type PortEnsureAvailableParamsEvict = 'none' | 'owned' | 'any';

/** What port/ensureAvailable answers. */
export interface PortEnsureAvailableResult {
  available: boolean;
  attempts: number;
  outcomes: KillOutcome[];
  /** Who still holds it. */
  entries: PortEntry[];
}

/** One socket that holds a port: a listener (TCP), or a bound and unconnected socket (UDP). */
export interface PortEntry {
  protocol: Open<Protocol>;
  family: Open<PortEntryFamily>;
  /** An IPv6 wildcard socket that takes IPv4 connections as well. */
  dualStack: boolean;
  /** The local address; `0.0.0.0` or `::` for all of them. */
  address: Text;
  port: Port;
  /** `bound`: UDP, or TCP that was bound and does not listen. */
  state: Open<PortEntryState>;
  /** Every process with a descriptor of this socket; empty when hidden or unknown. */
  owners: ProcessInfo[];
  /** `full`: all its owners are listed. `hidden`: it is held by someone whom this user may not see, or not only by those listed. `unknown`: we could not look. */
  visibility: Open<PortEntryVisibility>;
  container?: Container | undefined;
  unit?: Unit | undefined;
}

export type PortEntryFamily = 'ipv4' | 'ipv6';

export type PortEntryState = 'listen' | 'bound';

export type PortEntryVisibility = 'full' | 'hidden' | 'unknown';

/** A port whose holders changed. */
export interface PortEventPayload {
  port: Port;
  protocol: Open<Protocol>;
  /** Who holds it now; empty when nobody does. */
  entries: PortEntry[];
}

/** What port/explain takes. */
export interface PortExplainParams {
  port: Port;
  /** Only this protocol; both when absent. */
  protocol?: Protocol | undefined;
}

/** What port/explain answers. */
export interface PortExplainResult {
  /** One sentence. */
  summary: Text;
  /** The one thing that decides: what stands in the way of binding the port, or `free`. */
  cause: Open<PortExplainResultCause>;
  /** What was seen, fact by fact. */
  evidence: Text[];
  suggestions: Suggestion[];
}

export type PortExplainResultCause = 'free' | 'listening' | 'hidden' | 'boundNotListening' | 'closing' | 'privileged' | 'reservedByOs' | 'addressUnavailable' | 'udpOnly' | 'ipv6Only';

/** What port/find takes. */
export interface PortFindParams {
  port: Port;
  /**
   * Which protocol’s port.
   * Default: `"tcp"`.
   */
  protocol?: Protocol | undefined;
  /** Only sockets that serve this local address; every local address when absent. */
  host?: string | undefined;
}

/** What port/find answers. */
export interface PortFindResult {
  inUse: boolean;
  /** Empty only when nobody holds it; a holder whom we may not see is an entry without owners. */
  entries: PortEntry[];
}

/** What port/kill takes. */
export interface PortKillParams {
  /** Needed unless there is a planId. */
  port?: Port | undefined;
  /**
   * Which protocol’s port.
   * Default: `"tcp"`.
   */
  protocol?: Protocol | undefined;
  /** Compared exactly with every holder; one that differs and nobody is signalled. */
  expect?: PortKillParamsExpect | undefined;
  /**
   * With all descendants, found by identity and followed while they grow.
   * Default: `false`.
   */
  tree?: boolean | undefined;
  /**
   * The polite signal, with a SIGCONT behind it.
   * Default: `"SIGTERM"`.
   */
  signal?: KillSignal | undefined;
  /**
   * How long to wait before force.
   * Default: `5000`.
   */
  graceMs?: number | undefined;
  /**
   * SIGKILL for whoever is left after the grace.
   * Default: `true`.
   */
  force?: boolean | undefined;
  /**
   * Touches nobody; answers what would be done, and a planId that does exactly that.
   * Default: `false`.
   */
  dryRun?: boolean | undefined;
  /**
   * Touches also what is protected; never what may never be touched.
   * Default: `false`.
   */
  allowProtected?: boolean | undefined;
  /** Asks for $/progress under this token. */
  workDoneToken?: number | string | undefined;
  /** From a dry run of this method on this connection, at most 30 s old and used once. No other member but workDoneToken goes with it. */
  planId?: string | undefined;
}

export interface PortKillParamsExpect {
  name?: Text | undefined;
  ownerTag?: Name | undefined;
}

/** Whether the port is free now, and what became of its holders. */
export interface PortKillResult {
  /** It can be bound now. */
  freed: boolean;
  /** Why it cannot; null when freed. */
  cause: Open<PortKillResultCause> | null;
  outcomes: KillOutcome[];
  /** From a dry run of this method on this connection, at most 30 s old and used once. No other member but workDoneToken goes with it. */
  planId?: string | undefined;
}

export type PortKillResultCause = 'heldByOther' | 'hidden' | 'closing' | 'reservedByOs';

/** What port/list takes. */
export interface PortListParams {
  /** Only this protocol; both when absent. */
  protocol?: Protocol | undefined;
  cursor?: Cursor | undefined;
  /**
   * Entries a page.
   * Default: `1000`.
   */
  limit?: number | undefined;
}

/** What port/list answers. */
export interface PortListResult {
  entries: PortEntry[];
  nextCursor?: Cursor | undefined;
}

/** Ports from and to, both included. */
export interface PortRange {
  from: Port;
  to: Port;
}

/** What port/register takes. */
export interface PortRegisterParams {
  port: Port;
  name: Name;
  /**
   * Which protocol’s port.
   * Default: `"tcp"`.
   */
  protocol?: Protocol | undefined;
}

/** What port/register answers. */
export type PortRegisterResult = null;

/** What port/registered takes. */
export type PortRegisteredParams = Record<never, never>;

/** What port/registered answers. */
export interface PortRegisteredResult {
  ports: ManagedPort[];
}

/** What port/release takes. */
export interface PortReleaseParams {
  leaseIds: Text[];
}

/** What port/release answers. */
export interface PortReleaseResult {
  /** The leases that were there. */
  released: Text[];
}

/** What port/unregister takes. */
export interface PortUnregisterParams {
  port: Port;
  /**
   * Which protocol’s port.
   * Default: `"tcp"`.
   */
  protocol?: Protocol | undefined;
}

/** What port/unregister answers. */
export interface PortUnregisterResult {
  /** False when it was not registered. */
  removed: boolean;
}

/** What port/wait takes. */
export interface PortWaitParams {
  port: Port;
  /**
   * Which protocol’s port.
   * Default: `"tcp"`.
   */
  protocol?: Protocol | undefined;
  /** Only sockets that serve this local address; every local address when absent. */
  host?: string | undefined;
  /** `listening`: inUse. `free`: canBind, by the rules alone. */
  state: PortWaitParamsState;
  timeoutMs: Duration;
}

export type PortWaitParamsState = 'listening' | 'free';

/** What port/wait answers. */
export interface PortWaitResult {
  reached: boolean;
  elapsedMs: Duration;
}

/** How to tell whether a service is ready, or alive. An http or tcp probe of this machine succeeds only while the port is held by the service itself. */
export type Probe = HttpProbe | TcpProbe | ExecProbe | LogProbe;

/** What happened to it. */
export type ProcessChange = 'started' | 'exited' | 'changed';

/** A process that started, ended or changed. */
export interface ProcessEventPayload {
  /** As it is now; on `exited` as it was last seen. */
  process: ProcessInfo;
  change: Open<ProcessChange>;
  /** Known for our own children. */
  exitCode?: number | undefined;
  /** Known for our own children. */
  signal?: Text | undefined;
}

/** Which processes are wanted; all members given must match. */
export interface ProcessFilter {
  pids?: Pid[] | undefined;
  ppid?: Pid | undefined;
  pgid?: Pid | undefined;
  sid?: Pid | undefined;
  /** The whole name, compared exactly. */
  name?: Text | undefined;
  ownerTag?: Name | undefined;
}

/** What process/get takes. */
export interface ProcessGetParams {
  target: ProcessRef;
}

/** What process/get answers. */
export interface ProcessGetResult {
  process: ProcessInfo | null;
}

/** One process, as it was when we looked. */
export interface ProcessInfo {
  pid: Pid;
  /** The parent’s pid; 0 where it has none or it is outside our pid namespace. */
  ppid: Pid;
  /** When it started. */
  startedAt: Timestamp;
  /** Which process this is, opaque: two equal values are the same process, also where the pid was given away again. From a ProcessInfo. */
  identity: string;
  /** The short name: comm, completed from argv[0] or the executable where the kernel cut it at 15 bytes; the image name on Windows. */
  name: Text;
  /** Absolute path of the program file; null for a kernel thread or where we may not see it. */
  executable: Text | null;
  /** The arguments, capped at 32 KiB in all; null where we may not see them. */
  commandLine: Text[] | null;
  /** The working directory; null where we may not see it. */
  cwd: Text | null;
  user: User | null;
  /** The process group (POSIX). */
  pgid?: Pid | undefined;
  /** The session (POSIX). */
  sid?: Pid | undefined;
  status: Open<ProcessStatus>;
  /** Resident memory; null where we may not see it. */
  rssBytes: Bytes | null;
  visibility: Open<ProcessVisibility>;
  /** The service of ours that it is or belongs to. */
  service?: Name | undefined;
  /** The tag of the owner on whose behalf we started it. */
  ownerTag?: Name | undefined;
  /** Why a kill would refuse to touch it, as a sentence. */
  protectedReason?: Text | undefined;
}

/** What process/kill takes. */
export interface ProcessKillParams {
  /** Needed unless there is a planId. */
  target?: KillTarget | undefined;
  /**
   * With all descendants, found by identity and followed while they grow.
   * Default: `true`.
   */
  tree?: boolean | undefined;
  /**
   * The polite signal, with a SIGCONT behind it.
   * Default: `"SIGTERM"`.
   */
  signal?: KillSignal | undefined;
  /**
   * How long to wait before force.
   * Default: `5000`.
   */
  graceMs?: number | undefined;
  /**
   * SIGKILL for whoever is left after the grace.
   * Default: `true`.
   */
  force?: boolean | undefined;
  /**
   * Touches nobody; answers what would be done, and a planId that does exactly that.
   * Default: `false`.
   */
  dryRun?: boolean | undefined;
  /**
   * Touches also what is protected; never what may never be touched.
   * Default: `false`.
   */
  allowProtected?: boolean | undefined;
  /** Asks for $/progress under this token. */
  workDoneToken?: number | string | undefined;
  /** From a dry run of this method on this connection, at most 30 s old and used once. No other member but workDoneToken goes with it. */
  planId?: string | undefined;
}

/** What became of them. */
export interface ProcessKillResult {
  outcomes: KillOutcome[];
  /** From a dry run of this method on this connection, at most 30 s old and used once. No other member but workDoneToken goes with it. */
  planId?: string | undefined;
}

/** What process/list takes. */
export interface ProcessListParams {
  filter?: ProcessFilter | undefined;
  /**
   * Processes a page.
   * Default: `1000`.
   */
  limit?: number | undefined;
  cursor?: Cursor | undefined;
}

/** What process/list answers. */
export interface ProcessListResult {
  processes: ProcessInfo[];
  nextCursor?: Cursor | undefined;
}

/** A process to look at or act on; with `identity` (or `startedAt`) it can only be that one. */
export interface ProcessRef {
  pid: Pid;
  /** A guard for people: matches within 2 s, because it moves with the wall clock. */
  startedAt?: Timestamp | undefined;
  /** Which process this is, opaque: two equal values are the same process, also where the pid was given away again. From a ProcessInfo. */
  identity?: string | undefined;
}

/** What the scheduler says; `zombie` has ended and waits for its parent, `uninterruptible` waits in the kernel and cannot be killed until it returns. */
export type ProcessStatus = 'running' | 'sleeping' | 'stopped' | 'zombie' | 'uninterruptible' | 'other';

/** One process of a tree, as it was when we looked. */
export interface ProcessTreeEntry {
  pid: Pid;
  /** The parent’s pid; 0 where it has none or it is outside our pid namespace. */
  ppid: Pid;
  /** When it started. */
  startedAt: Timestamp;
  /** Which process this is, opaque: two equal values are the same process, also where the pid was given away again. From a ProcessInfo. */
  identity: string;
  /** The short name: comm, completed from argv[0] or the executable where the kernel cut it at 15 bytes; the image name on Windows. */
  name: Text;
  /** Absolute path of the program file; null for a kernel thread or where we may not see it. */
  executable: Text | null;
  /** The arguments, capped at 32 KiB in all; null where we may not see them. */
  commandLine: Text[] | null;
  /** The working directory; null where we may not see it. */
  cwd: Text | null;
  user: User | null;
  /** The process group (POSIX). */
  pgid?: Pid | undefined;
  /** The session (POSIX). */
  sid?: Pid | undefined;
  status: Open<ProcessStatus>;
  /** Resident memory; null where we may not see it. */
  rssBytes: Bytes | null;
  visibility: Open<ProcessVisibility>;
  /** The service of ours that it is or belongs to. */
  service?: Name | undefined;
  /** The tag of the owner on whose behalf we started it. */
  ownerTag?: Name | undefined;
  /** Why a kill would refuse to touch it, as a sentence. */
  protectedReason?: Text | undefined;
  /** Steps below the root, which is 0. */
  depth: number;
}

/** What process/tree takes. */
export interface ProcessTreeParams {
  root: ProcessRef;
}

/** What process/tree answers. */
export interface ProcessTreeResult {
  processes: ProcessTreeEntry[];
}

/** What process/usage takes. */
export interface ProcessUsageParams {
  target: ProcessRef;
  /**
   * With all its descendants.
   * Default: `false`.
   */
  tree?: boolean | undefined;
  /**
   * Between the two looks at the CPU time.
   * Default: `100`.
   */
  intervalMs?: number | undefined;
}

/** What process/usage answers. */
export interface ProcessUsageResult {
  /** Of one core: two busy threads are 200. */
  cpuPercent: number;
  /** Resident memory; shared pages count in every process of a tree. */
  rssBytes: Bytes;
  /** How many were counted. */
  processes: number;
  sampledAt: Timestamp;
}

/** `partial`: some members are null because this user may not see them. */
export type ProcessVisibility = 'full' | 'partial';

/** What process/wait takes. */
export interface ProcessWaitParams {
  target: ProcessRef;
  timeoutMs: Duration;
}

/** What process/wait answers. */
export interface ProcessWaitResult {
  exited: boolean;
  /** Known for our own children. */
  exitCode: number | null;
  /** The signal that ended it, known for our own children. */
  signal: Text | null;
  elapsedMs: Duration;
}

/** What $/progress carries. */
export interface ProgressParams {
  /** The workDoneToken of the request. */
  token: number | string;
  value: WorkDone;
}

/** This process is protected from the request. */
export interface ProtectedData {
  kind: 'Protected';
  reason: string;
}

/** The transport protocol of a socket. */
export type Protocol = 'tcp' | 'udp';

/** The protocol versions one side speaks. */
export interface ProtocolRange {
  min: number;
  max: number;
}

/** The request was cancelled and nothing was done. */
export interface RequestCancelledData {
  kind: 'RequestCancelled';
}

/** What follows when a service ends by itself, or is found to be ill. */
export interface RestartSpec {
  /**
   * `onFailure`: after a signal, an exit code other than 0, or a failed liveness probe.
   * Default: `"onFailure"`.
   */
  policy?: RestartSpecPolicy | undefined;
  /**
   * Before the first restart; doubled with each, and varied by up to a fifth.
   * Default: `500`.
   */
  backoffMs?: number | undefined;
  /**
   * The doubling ends here.
   * Default: `30000`.
   */
  maxBackoffMs?: number | undefined;
  /**
   * Ready and healthy for so long, it begins with `backoffMs` again.
   * Default: `10000`.
   */
  resetAfterMs?: number | undefined;
  /**
   * So many restarts within `windowMs`; the next failure is `fatal`. -1: no limit.
   * Default: `5`.
   */
  maxRestarts?: number | undefined;
  /**
   * The span in which restarts are counted.
   * Default: `60000`.
   */
  windowMs?: number | undefined;
}

export type RestartSpecPolicy = 'never' | 'onFailure' | 'always';

/** What rpc.discover takes. */
export type RpcDiscoverParams = Record<never, never>;

/** What rpc.discover answers. */
export type RpcDiscoverResult = Record<string, unknown>;

/** What a second instance tells the first: 64 KiB of JSON at most. */
export interface SecondInstancePayload {
  /** Its command line. */
  argv?: Text[] | undefined;
  /** Its working directory. */
  cwd?: Text | undefined;
  /** Whatever the two agree on. */
  data?: unknown | undefined;
}

/** Who the second instance is. */
export interface SecondInstanceSender {
  /** Its host, or its sidecar where the host named no process. */
  pid: Pid;
  clientInfo?: ClientInfo | undefined;
}

/** What works here; what does not is answered `Unsupported` with a sentence. */
export interface ServerCapabilities {
  /** Foreign-function calls are available. */
  native: boolean;
  /** `handle`: signals go through a handle that cannot name another process; `checked`: check and signal back to back. */
  killIdentity: Open<ServerCapabilitiesKillIdentity>;
  /** How services can be kept together. */
  containment: Array<Open<ServerCapabilitiesContainment>>;
  /** Whose processes can be named as owners of a port. */
  portOwners: Open<ServerCapabilitiesPortOwners>;
  /** Where the socket table comes from. */
  socketSource: Open<ServerCapabilitiesSocketSource>;
  /** Not promised yet. */
  experimental?: Record<string, unknown> | undefined;
}

export type ServerCapabilitiesContainment = 'job' | 'cgroup' | 'processGroup';

export type ServerCapabilitiesKillIdentity = 'handle' | 'checked';

export type ServerCapabilitiesPortOwners = 'all' | 'ownUser';

export type ServerCapabilitiesSocketSource = 'kernel' | 'procfs' | 'command';

/** Which sidecar answers. */
export interface ServerInfo {
  name: Text;
  version: Text;
  pid: Pid;
  startedAt: Timestamp;
  /** The version of Node.js that runs it. */
  node: Text;
  /** `linux`, `darwin` or `win32`. */
  platform: Text;
  arch: Text;
}

/** What service/apply takes. */
export interface ServiceApplyParams {
  services: ServiceSpec[];
  /**
   * Also ends and removes the services of the connection’s own ownerTag that are not among these.
   * Default: `false`.
   */
  prune?: boolean | undefined;
}

/** What service/apply answers. */
export interface ServiceApplyResult {
  changes: ServiceChange[];
}

/** What service/apply does to a service. */
export interface ServiceChange {
  name: Name;
  change: Open<ServiceChangeChange>;
}

export type ServiceChangeChange = 'started' | 'restarted' | 'stopped' | 'unchanged';

/** A service that changed. */
export interface ServiceEventPayload {
  /** As it stands now. */
  service: ServiceStatus;
}

/** What service/get takes. */
export interface ServiceGetParams {
  name: Name;
}

/** What service/get answers. */
export interface ServiceGetResult {
  service: ServiceStatus | null;
}

/** What a service may use. */
export interface ServiceLimits {
  /** Resident memory of its whole tree; over it, it is restarted, gracefully. */
  rssBytes?: Bytes | undefined;
}

/** What service/list takes. */
export interface ServiceListParams {
  group?: Name | undefined;
}

/** What service/list answers. */
export interface ServiceListResult {
  services: ServiceStatus[];
}

/** What service/logs takes. */
export interface ServiceLogsParams {
  name: Name;
  /** So many of the newest lines; all when absent. */
  tail?: number | undefined;
  /** Only this line and those after it. */
  sinceSeq?: number | undefined;
}

/** What service/logs answers. */
export interface ServiceLogsResult {
  lines: LogLine[];
  /** The number of the next line to come. */
  nextSeq: number;
  /** Lines that were asked for and are not in memory any more. */
  dropped: number;
}

/** A port of a service. */
export interface ServicePort {
  name: Name;
  env?: Text | undefined;
  port: number;
}

/** A port that a service gets. */
export interface ServicePortSpec {
  /** For `${port:NAME}`, and in the status. */
  name: Name;
  /** The variable that tells it to the program. */
  env?: Text | undefined;
  /** This one and no other; one is allocated when absent. */
  port?: Port | undefined;
  /** The same port for the same key, across restarts of the app. */
  key?: Name | undefined;
  /** The local address that it will be bound to. */
  host?: Text | undefined;
  /**
   * Hand it over listening, as a descriptor from 3 on (LISTEN_FDS).
   * Default: `false`.
   */
  passFd?: boolean | undefined;
}

/** What service/remove takes. */
export interface ServiceRemoveParams {
  /** Which service; this or `group`. */
  name?: Name | undefined;
  /** All services of a group. */
  group?: Name | undefined;
  /** Before SIGKILL; the spec’s own when absent. */
  graceMs?: number | undefined;
  /** Asks for $/progress under this token. */
  workDoneToken?: number | string | undefined;
}

/** What service/remove answers. */
export interface ServiceRemoveResult {
  services: ServiceStatus[];
}

/** What service/restart takes. */
export interface ServiceRestartParams {
  /** Which service; this or `group`. */
  name?: Name | undefined;
  /** All services of a group. */
  group?: Name | undefined;
  /** Before SIGKILL; the spec’s own when absent. */
  graceMs?: number | undefined;
  /** Asks for $/progress under this token. */
  workDoneToken?: number | string | undefined;
}

/** What service/restart answers. */
export interface ServiceRestartResult {
  services: ServiceStatus[];
}

/** What service/signal takes. */
export interface ServiceSignalParams {
  name: Name;
  signal: ServiceSignalParamsSignal;
}

export type ServiceSignalParamsSignal = 'SIGHUP' | 'SIGINT' | 'SIGQUIT' | 'SIGTERM' | 'SIGKILL' | 'SIGUSR1' | 'SIGUSR2' | 'SIGSTOP' | 'SIGCONT' | 'SIGWINCH';

/** What service/signal answers. */
export type ServiceSignalResult = null;

/** A child process that the sidecar starts and answers for. */
export interface ServiceSpec {
  name: Name;
  group?: Name | undefined;
  /** The program: an absolute path, or a name to be found on PATH. Never a shell line. */
  command: Text;
  args?: Text[] | undefined;
  /** An absolute directory; the sidecar’s own when absent. */
  cwd?: Text | undefined;
  /** Variables to set; null removes one. */
  env?: Record<string, Text | null> | undefined;
  /**
   * Begin with the sidecar’s environment.
   * Default: `true`.
   */
  inheritEnv?: boolean | undefined;
  /**
   * Its standard input: empty, or what service/write sends.
   * Default: `"none"`.
   */
  stdin?: ServiceSpecStdin | undefined;
  /** Started first, and stopped last. */
  dependsOn?: Dependency[] | undefined;
  ports?: ServicePortSpec[] | undefined;
  /** Ready once it succeeds, and for as long as it does. Without one it is ready as soon as it runs. */
  readiness?: Probe | undefined;
  /** Restarted when it fails. */
  liveness?: Probe | undefined;
  restart?: RestartSpec | undefined;
  stop?: StopSpec | undefined;
  limits?: ServiceLimits | undefined;
  logs?: LogsSpec | undefined;
  /**
   * Survives the sidecar, writes `logs.file` itself, and is adopted by the next sidecar of the app.
   * Default: `false`.
   */
  persistent?: boolean | undefined;
  /** On whose behalf; the connection’s own tag when absent. */
  ownerTag?: Name | undefined;
}

export type ServiceSpecStdin = 'none' | 'pipe';

/** What service/start takes. */
export interface ServiceStartParams {
  /** What to start; needed unless `name` is given. */
  spec?: ServiceSpec | undefined;
  /** A service that was started before, to be started again as it was. */
  name?: Name | undefined;
  /**
   * When to answer: at once, when the program runs, or when it is ready; without a readiness probe that is the same.
   * Default: `"ready"`.
   */
  waitFor?: ServiceStartParamsWaitFor | undefined;
  /**
   * How long to wait for that.
   * Default: `30000`.
   */
  timeoutMs?: number | undefined;
  /** Asks for $/progress under this token. */
  workDoneToken?: number | string | undefined;
}

export type ServiceStartParamsWaitFor = 'none' | 'running' | 'ready';

/** What service/start answers. */
export interface ServiceStartResult {
  service: ServiceStatus;
}

/** supervisord’s words: `stopped` on request, `waiting` for a dependency, `backoff` until the next restart, `exited` by itself, `fatal` given up. */
export type ServiceState = 'stopped' | 'waiting' | 'starting' | 'running' | 'backoff' | 'stopping' | 'exited' | 'fatal';

/** A service, as it stands. */
export interface ServiceStatus {
  name: Name;
  group?: Name | undefined;
  state: Open<ServiceState>;
  /** It runs, and its readiness probe succeeds. */
  ready: boolean;
  /** It runs, and its liveness probe has not failed. */
  healthy: boolean;
  /** The program that was started; null while none runs. */
  process: ProcessInfo | null;
  ports: ServicePort[];
  /** Of its last end; null while it runs, or where a signal ended it. */
  exitCode: number | null;
  /** Which signal ended it last. */
  signal: Text | null;
  /** How often it was restarted without being asked to. */
  restarts: number;
  stateChangedAt: Timestamp;
  /** What keeps its descendants together, and so ends with it. */
  containment: Open<ServiceStatusContainment>;
  /** Why the state last changed, with the last lines of output after a failure. */
  cause?: Text | undefined;
}

export type ServiceStatusContainment = 'job' | 'cgroup' | 'processGroup' | 'none';

/** What service/stop takes. */
export interface ServiceStopParams {
  /** Which service; this or `group`. */
  name?: Name | undefined;
  /** All services of a group. */
  group?: Name | undefined;
  /** Before SIGKILL; the spec’s own when absent. */
  graceMs?: number | undefined;
  /** Asks for $/progress under this token. */
  workDoneToken?: number | string | undefined;
}

/** What service/stop answers. */
export interface ServiceStopResult {
  services: ServiceStatus[];
}

/** What service/write takes. */
export interface ServiceWriteParams {
  name: Name;
  /** The bytes, in base64 (RFC 4648, section 4); none to only end it. */
  dataBase64: Text;
  /**
   * Close it afterwards.
   * Default: `false`.
   */
  end?: boolean | undefined;
}

/** What service/write answers. */
export type ServiceWriteResult = null;

/** What shutdown/addHandler takes. */
export interface ShutdownAddHandlerParams {
  name: Name;
  /**
   * Lower ones run first.
   * Default: `0`.
   */
  order?: number | undefined;
  /**
   * How long the host may take; never longer than the whole shutdown leaves it.
   * Default: `5000`.
   */
  timeoutMs?: Duration | undefined;
  /**
   * Whatever keeps it from being `done` makes the report’s `ok` false and the exit code of the sidecar 3.
   * Default: `false`.
   */
  critical?: boolean | undefined;
}

/** What shutdown/addHandler answers. */
export interface ShutdownAddHandlerResult {
  handlerId: Text;
}

/** What shutdown takes. */
export interface ShutdownParams {
  /**
   * Why, for the report and the log.
   * Default: `"shutdown"`.
   */
  reason?: Text | undefined;
  /**
   * For all steps together.
   * Default: `15000`.
   */
  deadlineMs?: Duration | undefined;
}

/** What shutdown/removeHandler takes. */
export interface ShutdownRemoveHandlerParams {
  handlerId: Text;
}

/** What shutdown/removeHandler answers. */
export interface ShutdownRemoveHandlerResult {
  /** False when there was none of that id. */
  removed: boolean;
}

/** How the shutdown went. */
export interface ShutdownReport {
  /** Everything is `done` but, at most, handlers that are not critical. */
  ok: boolean;
  reason: Text;
  elapsedMs: Duration;
  /** In the order in which they began. */
  steps: ShutdownStep[];
}

/** What shutdown/run takes. */
export interface ShutdownRunParams {
  /** Why, for the handlers, the report and the log. */
  reason: Text;
  /**
   * For all steps together; 500 ms before it whatever is left is killed.
   * Default: `15000`.
   */
  deadlineMs?: Duration | undefined;
  /**
   * The sidecar stays, and so do its locks and leases.
   * Default: `false`.
   */
  keepRunning?: boolean | undefined;
  /** Asks for $/progress under this token. */
  workDoneToken?: number | string | undefined;
}

/** One thing that was ended. */
export interface ShutdownStep {
  kind: Open<ShutdownStepKind>;
  name: Text;
  /** `unavailable`: nobody was there to run the handler. `skipped`: no time was left to begin it. */
  status: Open<ShutdownStepStatus>;
  elapsedMs: Duration;
  /** Why it is not `done`, as a sentence. */
  error?: Text | undefined;
}

export type ShutdownStepKind = 'handler' | 'service' | 'lease' | 'lock' | 'log';

export type ShutdownStepStatus = 'done' | 'failed' | 'timeout' | 'unavailable' | 'skipped';

/** The sidecar is shutting down and starts nothing new. */
export interface ShuttingDownData {
  kind: 'ShuttingDown';
}

/** What sidecar/ping takes. */
export interface SidecarPingParams {
  /** Comes back as it is. */
  echo?: unknown | undefined;
}

/** What sidecar/ping answers. */
export interface SidecarPingResult {
  echo?: unknown | undefined;
  at: Timestamp;
}

/** What sidecar/status takes. */
export type SidecarStatusParams = Record<never, never>;

/** What sidecar/status answers. */
export interface SidecarStatusResult {
  /** False once a shutdown has begun. */
  isRunning: boolean;
  startedAt: Timestamp;
  uptimeMs: Duration;
  /** Registered in this run. */
  ports: ManagedPortStatus[];
  services: ServiceStatus[];
  /** Null when it holds none. */
  instance: InstanceStatus | null;
  /** In the order in which they would run. */
  handlers: HandlerStatus[];
  pool: PoolStatus;
  outbound: OutboundStatus;
  /** `degraded`: not all that runs is on disk, so a crash now may leave something behind. */
  ledger: Open<SidecarStatusResultLedger>;
  /** Resident memory of the sidecar. */
  rssBytes: Bytes;
}

export type SidecarStatusResultLedger = 'ok' | 'degraded';

/** How things stand at the beginning of a subscription; what events follow starts from here. */
export interface Snapshot {
  service?: ServiceEventPayload[] | undefined;
  process?: ProcessEventPayload[] | undefined;
  port?: PortEventPayload[] | undefined;
  /** The locks that were lost before. */
  instance?: InstanceEventPayload[] | undefined;
}

/** The command could not be started. */
export interface SpawnFailedData {
  kind: 'SpawnFailed';
  errno: string;
  command: string;
  cwd: string | null;
}

/** How a service is asked to end. */
export interface StopSpec {
  /**
   * The polite signal.
   * Default: `"SIGTERM"`.
   */
  signal?: StopSpecSignal | undefined;
  /**
   * How long before SIGKILL.
   * Default: `5000`.
   */
  graceMs?: number | undefined;
  /**
   * Close its input first, and signal when the grace is half over.
   * Default: `false`.
   */
  stdinClose?: boolean | undefined;
}

export type StopSpecSignal = 'SIGTERM' | 'SIGINT' | 'SIGHUP' | 'SIGQUIT' | 'SIGUSR1' | 'SIGUSR2';

/** Something that can be done about it. */
export interface Suggestion {
  /** A sentence for a person. */
  text: Text;
  /** The method that does it. */
  method?: Text | undefined;
  /** The parameters to call it with. */
  params?: Record<string, unknown> | undefined;
}

/** A connection to 127.0.0.1, closed at once. */
export interface TcpProbe {
  kind: 'tcp';
  /** A number, or `${port:NAME}` for one of the service’s `ports`; the first of those when absent. */
  port?: number | string | undefined;
  /**
   * From the start of the program to the first question.
   * Default: `0`.
   */
  initialDelayMs?: number | undefined;
  /**
   * From one question to the next; a question never overlaps the one before it.
   * Default: `1000`.
   */
  periodMs?: number | undefined;
  /**
   * A question without an answer by then has failed.
   * Default: `1000`.
   */
  timeoutMs?: number | undefined;
  /**
   * Successes in a row that count as one.
   * Default: `1`.
   */
  successThreshold?: number | undefined;
  /**
   * Failures in a row that count as one.
   * Default: `3`.
   */
  failureThreshold?: number | undefined;
}

/** Text of well-formed Unicode. */
export type Text = string;

/** It took longer than allowed. */
export interface TimedOutData {
  kind: 'TimedOut';
  service?: ServiceStatus | undefined;
}

/** Milliseconds since 1970-01-01T00:00:00Z, by the wall clock. */
export type Timestamp = number;

/** What a subscription is about. */
export type Topic = 'service' | 'serviceLog' | 'process' | 'port' | 'instance' | 'shutdown';

/** The systemd unit that holds a socket. */
export interface Unit {
  name: Text;
  scope: Open<UnitScope>;
}

export type UnitScope = 'system' | 'user';

/** This system, or this sidecar on it, cannot do that. */
export interface UnsupportedData {
  kind: 'Unsupported';
  capability: string;
  platform: string;
}

/** The effective user of a process. */
export interface User {
  /** The numeric uid, where there is one. */
  id?: number | undefined;
  /** The login name, or the id as text where no name is known. */
  name: Text;
}

/** Client and server share no protocol version. */
export interface VersionUnsupportedData {
  kind: 'VersionUnsupported';
  server: VersionUnsupportedDataServer;
  client: VersionUnsupportedDataClient;
}

export interface VersionUnsupportedDataClient {
  min: number;
  max: number;
}

export interface VersionUnsupportedDataServer {
  min: number;
  max: number;
}

/** What window/logMessage carries. */
export interface WindowLogMessageParams {
  /** LSP’s MessageType: 1 error, 2 warning, 3 info, 4 log. Only 1 and 2 are sent so far. */
  type: number;
  /** One sentence. Its details, paths and stack traces among them, are in the log only. */
  message: Text;
}

/** How far a request has come, as LSP tells it. */
export type WorkDone = WorkDoneBegin | WorkDoneReport | WorkDoneEnd;

/** It has begun. */
export interface WorkDoneBegin {
  kind: 'begin';
  title: Text;
  message?: Text | undefined;
  percentage?: number | undefined;
}

/** It is over; the answer follows. */
export interface WorkDoneEnd {
  kind: 'end';
  message?: Text | undefined;
}

/** It goes on. */
export interface WorkDoneReport {
  kind: 'report';
  message?: Text | undefined;
  percentage?: number | undefined;
}

/** What `error.data` holds, by its `kind`. */
export interface ErrorDataByKind {
  /** The bytes are not a JSON-RPC message. */
  ParseError: ParseErrorData;
  /** The message is JSON, but not a request that may be made now. */
  InvalidRequest: InvalidRequestData;
  /** This sidecar has no such method. */
  MethodNotFound: MethodNotFoundData;
  /** The parameters are wrong; each issue names the member. */
  InvalidParams: InvalidParamsData;
  /** A fault in the sidecar; its log has the details under `ref`. */
  InternalError: InternalErrorData;
  /** `initialize` must come first. */
  NotInitialized: NotInitializedData;
  /** The request was cancelled and nothing was done. */
  RequestCancelled: RequestCancelledData;
  /** What the request names does not exist. */
  NotFound: NotFoundData;
  /** The system does not let this user do that. */
  PermissionDenied: PermissionDeniedData;
  /** It took longer than allowed. */
  TimedOut: TimedOutData;
  /** Something else stands in the way. */
  Conflict: ConflictData;
  /** The pid belongs to another process than the one meant. */
  IdentityMismatch: IdentityMismatchData;
  /** This process is protected from the request. */
  Protected: ProtectedData;
  /** Not possible in the present state. */
  InvalidState: InvalidStateData;
  /** The command could not be started. */
  SpawnFailed: SpawnFailedData;
  /** This system, or this sidecar on it, cannot do that. */
  Unsupported: UnsupportedData;
  /** A limit told in `initialize` was passed. */
  LimitExceeded: LimitExceededData;
  /** Too many requests are in flight; try again later. */
  Overloaded: OverloadedData;
  /** Client and server share no protocol version. */
  VersionUnsupported: VersionUnsupportedData;
  /** The sidecar is shutting down and starts nothing new. */
  ShuttingDown: ShuttingDownData;
}

export type ErrorKind = keyof ErrorDataByKind;
