# Generated from src/protocol by `npm run generate`; do not edit by hand.
"""The types of the protocol. `…_ms` are milliseconds, `…_at` milliseconds since 1970, `…_bytes` bytes, `…_percent` percent of one core."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Dict, List, Literal, Optional, Union

from .._codec import Struct, UnknownKind

CleanupRunParamsEvict = Literal["owned", "any"]

DependencyCondition = Literal["started", "ready", "completed"]

EventInstanceParamsChange = Literal["lost"]

EventShutdownParamsPhase = Literal["handlers", "services", "holdings", "log", "done"]

InitializeResultHostWatch = Literal["handle", "pid", "none"]

InstanceAcquireParamsScope = Literal["user", "path"]

InstanceEventPayloadChange = Literal["lost"]

InstanceQueryParamsScope = Literal["user", "path"]

InstanceStatusScope = Literal["user", "path"]

KillOutcomeOutcome = Literal["exited", "killed", "survived", "denied", "gone", "protected", "identityMismatch", "planned", "notPlanned"]

KillOutcomeRung = Literal["signal", "stdinClose", "ctrlBreak", "wmClose", "terminate"]

KillSignal = Literal["SIGTERM", "SIGINT", "SIGHUP", "SIGQUIT", "SIGKILL", "SIGUSR1", "SIGUSR2"]
"""A signal that may end a process."""

LogLineStream = Literal["stdout", "stderr"]

PortCheckResultReason = Literal["inUse", "boundNotListening", "accessDenied", "reservedByOs", "addressUnavailable"]

PortEnsureAvailableParamsEvict = Literal["none", "owned", "any"]

PortEntryFamily = Literal["ipv4", "ipv6"]

PortEntryState = Literal["listen", "bound"]

PortEntryVisibility = Literal["full", "hidden", "unknown"]

PortExplainResultCause = Literal["free", "listening", "hidden", "boundNotListening", "closing", "privileged", "reservedByOs", "addressUnavailable", "udpOnly", "ipv6Only"]

PortKillResultCause = Literal["heldByOther", "hidden", "closing", "reservedByOs"]

PortWaitParamsState = Literal["listening", "free"]

ProcessChange = Literal["started", "exited", "changed"]
"""What happened to it."""

ProcessStatus = Literal["running", "sleeping", "stopped", "zombie", "uninterruptible", "other"]
"""What the scheduler says; `zombie` has ended and waits for its parent, `uninterruptible` waits in the
kernel and cannot be killed until it returns.
"""

ProcessVisibility = Literal["full", "partial"]
"""`partial`: some members are null because this user may not see them."""

Protocol = Literal["tcp", "udp"]
"""The transport protocol of a socket."""

RestartSpecPolicy = Literal["never", "onFailure", "always"]

ServerCapabilitiesContainment = Literal["job", "cgroup", "processGroup"]

ServerCapabilitiesKillIdentity = Literal["handle", "checked"]

ServerCapabilitiesPortOwners = Literal["all", "ownUser"]

ServerCapabilitiesSocketSource = Literal["kernel", "procfs", "command"]

ServiceChangeChange = Literal["started", "restarted", "stopped", "unchanged"]

ServiceSignalParamsSignal = Literal["SIGHUP", "SIGINT", "SIGQUIT", "SIGTERM", "SIGKILL", "SIGUSR1", "SIGUSR2", "SIGSTOP", "SIGCONT", "SIGWINCH"]

ServiceSpecStdin = Literal["none", "pipe"]

ServiceStartParamsWaitFor = Literal["none", "running", "ready"]

ServiceState = Literal["stopped", "waiting", "starting", "running", "backoff", "stopping", "exited", "fatal"]
"""supervisord’s words: `stopped` on request, `waiting` for a dependency, `backoff` until the next
restart, `exited` by itself, `fatal` given up.
"""

ServiceStatusContainment = Literal["job", "cgroup", "processGroup", "none"]

ShutdownStepKind = Literal["handler", "service", "lease", "lock", "log"]

ShutdownStepStatus = Literal["done", "failed", "timeout", "unavailable", "skipped"]

SidecarStatusResultLedger = Literal["ok", "degraded"]

StopSpecSignal = Literal["SIGTERM", "SIGINT", "SIGHUP", "SIGQUIT", "SIGUSR1", "SIGUSR2"]

Topic = Literal["service", "serviceLog", "process", "port", "instance", "shutdown"]
"""What a subscription is about."""

UnitScope = Literal["system", "user"]

Bytes = int
"""A size in bytes."""

Cursor = str
"""Where the next page begins; opaque, from `nextCursor`."""

Duration = int
"""A length of time in milliseconds, by the monotonic clock."""

Name = str
"""A name of 1 to 200 characters."""

Pid = int
"""A process id, as the sidecar’s own pid namespace counts it."""

Port = int
"""A TCP or UDP port number."""

Text = str
"""Text of well-formed Unicode."""

Timestamp = int
"""Milliseconds since 1970-01-01T00:00:00Z, by the wall clock."""

@dataclass
class CancelRequestParams(Struct):
    """What $/cancelRequest carries."""
    id: Union[int, str]
    """The id of the request, type-exact: 7 and "7" differ."""

@dataclass
class CleanedPort(Struct):
    """A registered port, and what became of its holders."""
    port: Port
    name: Name
    freed: bool
    """It can be bound now."""
    outcomes: List[KillOutcome]

@dataclass
class CleanupRunParams(Struct):
    """What cleanup/run takes."""
    evict: Optional[CleanupRunParamsEvict] = None
    """Whom to end on the registered ports: `owned`, or `any` holder. Default: "owned"."""
    tree: Optional[bool] = None
    """With all descendants. Default: true."""
    signal: Optional[KillSignal] = None
    """The polite signal, with a SIGCONT behind it. Default: "SIGTERM"."""
    grace_ms: Optional[int] = None
    """How long to wait before force. Default: 5000."""
    force: Optional[bool] = None
    """SIGKILL for whoever is left after the grace. Default: true."""
    dry_run: Optional[bool] = None
    """Touches nobody; answers what would be done, and a planId that does exactly that. Default: false."""
    allow_protected: Optional[bool] = None
    """Touches also what is protected; never what may never be touched. Default: false."""
    work_done_token: Optional[Union[int, str]] = None
    """Asks for $/progress under this token."""
    plan_id: Optional[str] = None
    """From a dry run of this method on this connection, at most 30 s old and used once. No other member
    but workDoneToken goes with it.
    """

@dataclass
class CleanupRunResult(Struct):
    """What cleanup/run answers."""
    ports: List[CleanedPort]
    leftovers: List[KillOutcome]
    """Processes that a dead sidecar of this app had started."""
    plan_id: Optional[str] = None
    """From a dry run of this method on this connection, at most 30 s old and used once. No other member
    but workDoneToken goes with it.
    """

@dataclass
class ClientCapabilities(Struct):
    """What the sidecar may ask of the host."""
    shutdown_handlers: Optional[bool] = None
    """It answers host/runShutdownHandler."""
    second_instance: Optional[bool] = None
    """It answers host/secondInstance."""
    progress: Optional[bool] = None
    """It wants $/progress."""

@dataclass
class ClientInfo(Struct):
    """Which program speaks."""
    name: Name
    version: Optional[Text] = None
    language: Optional[Text] = None
    """The language of the client library."""

@dataclass
class ConflictData(Struct):
    """Something else stands in the way."""
    kind: Literal["Conflict"] = "Conflict"

@dataclass
class Container(Struct):
    """The container that holds a socket."""
    engine: Text
    """`docker`, `podman`, `containerd`, `cri-o`, `lxc` or another one’s name."""
    id: Text
    name: Optional[Text] = None
    image: Optional[Text] = None

@dataclass
class Dependency(Struct):
    """Another service that comes first."""
    name: Name
    condition: DependencyCondition
    """`started`: its program runs; `ready`: it is ready; `completed`: it has ended with exit code 0."""

@dataclass
class EventFilter(Struct):
    """What a subscription is about."""
    services: Optional[List[Name]] = None
    ports: Optional[List[Port]] = None
    """For topic `port`, TCP and UDP alike."""
    targets: Optional[List[ProcessRef]] = None
    """For topic `process`."""

@dataclass
class EventInstanceParams(Struct):
    """What event/instance carries."""
    subscription_id: Text
    seq: int
    """Counts the notifications of a subscription without a gap; given after dropping."""
    at: Timestamp
    lock_id: Text
    change: Union[EventInstanceParamsChange, str]
    """Its file was renamed, replaced or deleted, so that it excludes nobody any more; the lock is given
    up, and may be acquired anew.
    """

@dataclass
class EventOverflowParams(Struct):
    """What event/overflow carries."""
    subscription_id: Text
    seq: int
    """Counts the notifications of a subscription without a gap; given after dropping."""
    at: Timestamp
    topic: Union[Topic, str]
    dropped: int
    """How many since the last one."""

@dataclass
class EventPortParams(Struct):
    """What event/port carries."""
    subscription_id: Text
    seq: int
    """Counts the notifications of a subscription without a gap; given after dropping."""
    at: Timestamp
    port: Port
    protocol: Union[Protocol, str]
    entries: List[PortEntry]
    """Who holds it now; empty when nobody does."""

@dataclass
class EventProcessParams(Struct):
    """What event/process carries."""
    subscription_id: Text
    seq: int
    """Counts the notifications of a subscription without a gap; given after dropping."""
    at: Timestamp
    process: ProcessInfo
    """As it is now; on `exited` as it was last seen."""
    change: Union[ProcessChange, str]
    exit_code: Optional[int] = None
    """Known for our own children."""
    signal: Optional[Text] = None
    """Known for our own children."""

@dataclass
class EventServiceLogParams(Struct):
    """What event/serviceLog carries."""
    subscription_id: Text
    seq: int
    """Counts the notifications of a subscription without a gap; given after dropping."""
    at: Timestamp
    name: Name
    """The service."""
    lines: List[LogLine]

@dataclass
class EventServiceParams(Struct):
    """What event/service carries."""
    subscription_id: Text
    seq: int
    """Counts the notifications of a subscription without a gap; given after dropping."""
    at: Timestamp
    service: ServiceStatus
    """As it stands now."""

@dataclass
class EventShutdownParams(Struct):
    """What event/shutdown carries."""
    subscription_id: Text
    seq: int
    """Counts the notifications of a subscription without a gap; given after dropping."""
    at: Timestamp
    phase: Union[EventShutdownParamsPhase, str]
    """What is being ended: handlers, services, what the sidecar itself holds (sockets and locks), its log;
    and then all is done.
    """
    step: Optional[ShutdownStep] = None
    """The step that has ended; absent when the phase has begun."""

@dataclass
class EventsSubscribeParams(Struct):
    """What events/subscribe takes."""
    topics: List[Topic]
    filter: Optional[EventFilter] = None
    interval_ms: Optional[int] = None
    """Between two samples. Default: 1000."""

@dataclass
class EventsSubscribeResult(Struct):
    """What events/subscribe answers."""
    subscription_id: Text
    snapshot: Snapshot

@dataclass
class EventsUnsubscribeParams(Struct):
    """What events/unsubscribe takes."""
    subscription_id: Text

@dataclass
class EventsUnsubscribeResult(Struct):
    """What events/unsubscribe answers."""
    removed: bool
    """False when there was none of that id."""

@dataclass
class ExecProbe(Struct):
    """A command in the service’s own surroundings; exit code 0 is a success. At its time-out it is killed,
    with what it has started.
    """
    command: Text
    """The program, as in ServiceSpec. Never a shell line."""
    kind: Literal["exec"] = "exec"
    args: Optional[List[Text]] = None
    """`${port:NAME}` is replaced."""
    initial_delay_ms: Optional[int] = None
    """From the start of the program to the first question. Default: 0."""
    period_ms: Optional[int] = None
    """From one question to the next; a question never overlaps the one before it. Default: 1000."""
    timeout_ms: Optional[int] = None
    """A question without an answer by then has failed. Default: 1000."""
    success_threshold: Optional[int] = None
    """Successes in a row that count as one. Default: 1."""
    failure_threshold: Optional[int] = None
    """Failures in a row that count as one. Default: 3."""

@dataclass
class ExitParams(Struct):
    """What exit carries."""

@dataclass
class HandlerStatus(Struct):
    """A shutdown handler of this connection."""
    handler_id: Text
    name: Name
    order: int

@dataclass
class HolderProcess(Struct):
    """A process of the instance that holds a lock."""
    pid: Pid
    """As its own pid namespace counts it."""
    started_at: Timestamp
    identity: Optional[str] = None
    """For process/wait and its like."""

@dataclass
class HostRunShutdownHandlerParams(Struct):
    """What host/runShutdownHandler takes."""
    handler_id: Text
    name: Name
    reason: Text
    """Why the sidecar shuts down."""
    remaining_ms: Duration
    """How long the answer is waited for."""

@dataclass
class HostSecondInstanceParams(Struct):
    """What host/secondInstance takes."""
    lock_id: Text
    payload: SecondInstancePayload
    from_: SecondInstanceSender

@dataclass
class HostSecondInstanceResult(Struct):
    """What host/secondInstance expects."""
    handled: bool
    """The host did something with it: opened a window, say."""
    reply: Any = None
    """For the other instance."""

@dataclass
class HttpProbe(Struct):
    """GET over HTTP. A status from 200 to 399 is a success; redirects are not followed, proxies not used,
    certificates not checked.
    """
    kind: Literal["http"] = "http"
    url: Optional[Text] = None
    """Where to ask; this, or `port` and `path`, which mean 127.0.0.1. `${port:NAME}` is replaced."""
    port: Optional[Union[int, str]] = None
    """A number, or `${port:NAME}` for one of the service’s `ports`; the first of those when absent."""
    path: Optional[Text] = None
    """Begins with a slash. `${port:NAME}` is replaced. Default: "/"."""
    initial_delay_ms: Optional[int] = None
    """From the start of the program to the first question. Default: 0."""
    period_ms: Optional[int] = None
    """From one question to the next; a question never overlaps the one before it. Default: 1000."""
    timeout_ms: Optional[int] = None
    """A question without an answer by then has failed. Default: 1000."""
    success_threshold: Optional[int] = None
    """Successes in a row that count as one. Default: 1."""
    failure_threshold: Optional[int] = None
    """Failures in a row that count as one. Default: 3."""

@dataclass
class IdentityMismatchData(Struct):
    """The pid belongs to another process than the one meant."""
    expected: str
    actual: str
    kind: Literal["IdentityMismatch"] = "IdentityMismatch"

@dataclass
class InitializeOptions(Struct):
    """How this run differs from the default."""
    owner_tag: Optional[Name] = None
    """Marks what this connection starts, where a host acts for several owners."""
    state_dir: Optional[Text] = None
    """An absolute directory for ledger and registrations; the default is the user’s state directory."""

@dataclass
class InitializeParams(Struct):
    """What initialize takes."""
    protocol: ProtocolRange
    client_info: ClientInfo
    process_id: Optional[Pid]
    app_id: Name
    """Names the application; lock, ledger and registrations belong to it. Only its SHA-256 appears in
    paths.
    """
    capabilities: ClientCapabilities
    options: Optional[InitializeOptions] = None

@dataclass
class InitializeResult(Struct):
    """What initialize answers."""
    protocol: int
    """The highest version that both sides know."""
    server_info: ServerInfo
    capabilities: ServerCapabilities
    limits: Limits
    connection_id: Text
    host_watch: Union[InitializeResultHostWatch, str]
    """How the host’s death is noticed beside the end of input."""

@dataclass
class InitializedParams(Struct):
    """What initialized carries."""

@dataclass
class InstanceAcquireParams(Struct):
    """What instance/acquire takes."""
    name: Optional[Name] = None
    """Which lock of the app; its appId when absent."""
    scope: Optional[InstanceAcquireParamsScope] = None
    """`user`: one for this user on this machine. `path`: one for a directory, whoever uses it; it gets a
    file `.sidewarden-….lock`. Default: "user".
    """
    path: Optional[Text] = None
    """For scope `path`: an absolute directory that is there."""
    wait_ms: Optional[Duration] = None
    """How long to wait for a lock that is held, before anything is delivered. Default: 0."""
    payload: Optional[SecondInstancePayload] = None
    """What a first instance is told; nothing is delivered without it."""

@dataclass
class InstanceAcquireResult(Struct):
    """What instance/acquire answers."""
    acquired: bool
    lock_id: Optional[Text] = None
    """The lock, when this sidecar has it, from now on or before."""
    holder: Optional[InstanceHolder] = None
    """Who has it instead."""
    delivered: Optional[bool] = None
    """Whether its host has answered; absent when there was nothing to deliver."""
    reply: Any = None
    """What its host replied."""
    reason: Optional[Text] = None
    """`alreadyHeld` when this host has the lock itself; else a sentence that says why nothing was
    delivered.
    """

@dataclass
class InstanceEventPayload(Struct):
    """What became of a lock that was held."""
    lock_id: Text
    change: Union[InstanceEventPayloadChange, str]
    """Its file was renamed, replaced or deleted, so that it excludes nobody any more; the lock is given
    up, and may be acquired anew.
    """

@dataclass
class InstanceHolder(Struct):
    """Who holds a lock, as it tells itself; nobody can take it away from there."""
    host: Optional[HolderProcess]
    """Null where it named no process, or could not be asked."""
    sidecar: Optional[HolderProcess]
    """Null where the lock is held by one that cannot be seen from here."""
    closing: bool
    """It shuts down, and lets go in a moment."""

@dataclass
class InstanceQueryParams(Struct):
    """What instance/query takes."""
    name: Optional[Name] = None
    """Which lock of the app; its appId when absent."""
    scope: Optional[InstanceQueryParamsScope] = None
    """`user`: one for this user on this machine. `path`: one for a directory, whoever uses it; it gets a
    file `.sidewarden-….lock`. Default: "user".
    """
    path: Optional[Text] = None
    """For scope `path`: an absolute directory that is there."""

@dataclass
class InstanceQueryResult(Struct):
    """What instance/query answers."""
    holder: Optional[InstanceHolder]
    """Null when nobody does."""

@dataclass
class InstanceReleaseParams(Struct):
    """What instance/release takes."""
    lock_id: Text

@dataclass
class InstanceReleaseResult(Struct):
    """What instance/release answers."""
    released: bool
    """False when this host does not hold it, or no longer."""

@dataclass
class InstanceStatus(Struct):
    """The single-instance lock that this connection holds."""
    lock_id: Text
    name: Name
    scope: Union[InstanceStatusScope, str]

@dataclass
class InternalErrorData(Struct):
    """A fault in the sidecar; its log has the details under `ref`."""
    ref: str
    kind: Literal["InternalError"] = "InternalError"

@dataclass
class InvalidParamsData(Struct):
    """The parameters are wrong; each issue names the member."""
    issues: List[ParamIssue]
    kind: Literal["InvalidParams"] = "InvalidParams"

@dataclass
class InvalidRequestData(Struct):
    """The message is JSON, but not a request that may be made now."""
    reason: str
    kind: Literal["InvalidRequest"] = "InvalidRequest"

@dataclass
class InvalidStateData(Struct):
    """Not possible in the present state."""
    state: str
    allowed: List[str]
    kind: Literal["InvalidState"] = "InvalidState"

@dataclass
class KillGroup(Struct):
    """A process group (POSIX); the guards are about its leader."""
    pgid: Pid
    kind: Literal["group"] = "group"
    started_at: Optional[Timestamp] = None
    """Guard: matches within 2 s."""
    identity: Optional[str] = None
    """Guard: exactly this process."""

@dataclass
class KillOutcome(Struct):
    """What became of one process."""
    process: KillSubject
    outcome: Union[KillOutcomeOutcome, str]
    """`exited` after the polite signal; `killed` by force; `survived` both; `denied` by the system; `gone`
    before we came, zombies too; `planned` by a dry run; `notPlanned` belongs to the target but not to
    the plan, or was spared because another holder was unexpected.
    """
    elapsed_ms: Duration
    """From the first signal until it was gone."""
    freed_ports: List[Port]
    """The ports it held and that can be bound now."""
    rung: Optional[Union[KillOutcomeRung, str]] = None
    """Which rung of the ladder ended it."""
    signal: Optional[Text] = None
    """The signal that ended it, or would."""
    reason: Optional[Text] = None
    """Why, as a sentence."""
    parent: Optional[KillOutcomeParent] = None
    """Of a zombie: who has to collect it."""

@dataclass
class KillOutcomeParent(Struct):
    """Has no members."""
    pid: Pid
    name: Text

@dataclass
class KillOwner(Struct):
    """Everything that was started on behalf of an owner."""
    owner_tag: Name
    kind: Literal["owner"] = "owner"

@dataclass
class KillProcess(Struct):
    """One process, with its descendants unless `tree` is false."""
    pid: Pid
    kind: Literal["process"] = "process"
    started_at: Optional[Timestamp] = None
    """Guard: matches within 2 s."""
    identity: Optional[str] = None
    """Guard: exactly this process."""

@dataclass
class KillSubject(Struct):
    """The process that an outcome is about; of one that was not found only what the request said."""
    pid: Pid
    identity: Optional[str] = None
    """Which process this is, opaque: two equal values are the same process, also where the pid was given
    away again. From a ProcessInfo.
    """
    started_at: Optional[Timestamp] = None
    name: Optional[Text] = None
    command_line: Optional[List[Text]] = None

@dataclass
class Lease(Struct):
    """A port that was handed out and is nobody else’s until it is released."""
    lease_id: Text
    port: Port
    held: bool
    """The sidecar has it bound, without SO_REUSEADDR and not listening: nobody can take it."""
    expires_at: Optional[Timestamp] = None
    """When it releases itself."""

@dataclass
class LimitExceededData(Struct):
    """A limit told in `initialize` was passed."""
    limit: Name
    max: int
    kind: Literal["LimitExceeded"] = "LimitExceeded"

@dataclass
class Limits(Struct):
    """What the sidecar bounds, for one connection unless said otherwise."""
    requests_in_flight: int
    """Requests under way; one more is Overloaded."""
    waits_in_flight: int
    """Waiting requests under way, counted apart."""
    body_bytes: Bytes
    """One inbound body."""
    inbound_bytes: Bytes
    """All inbound bodies under way."""
    outbound_body_bytes: Bytes
    """One outbound body."""
    outbound_high_water_bytes: Bytes
    """Queued output over which events are dropped and counted."""
    json_depth: int
    """Nesting of objects and arrays in one inbound body."""
    services: int
    leases: int
    handlers: int
    subscriptions: int
    log_ring_bytes: Bytes
    """All rings of service output."""

@dataclass
class LogErrorParams(Struct):
    """What log/error takes."""
    message: Text
    name: Optional[Text] = None
    """Its class, such as `TypeError`."""
    stack: Optional[Text] = None
    context: Optional[Dict[str, Any]] = None
    """Whatever helps to understand it."""

@dataclass
class LogLine(Struct):
    """A line that a service wrote."""
    seq: int
    """Counts the lines of a service, over all its starts."""
    stream: Union[LogLineStream, str]
    at: Timestamp
    text: Text
    """Without its end. Bytes that are no UTF-8 are U+FFFD here; in a log file they are as they were."""
    truncated: Optional[bool] = None
    """The line was longer: this is its beginning, 16 KiB at most."""

@dataclass
class LogProbe(Struct):
    """A line of its output, on either stream. It succeeds with the first line that matches, for as long as
    that process runs, and cannot fail.
    """
    pattern: str
    """An ECMAScript regular expression, without flags, for one line."""
    kind: Literal["log"] = "log"
    initial_delay_ms: Optional[int] = None
    """From the start of the program to the first question. Default: 0."""
    period_ms: Optional[int] = None
    """From one question to the next; a question never overlaps the one before it. Default: 1000."""
    timeout_ms: Optional[int] = None
    """A question without an answer by then has failed. Default: 1000."""
    success_threshold: Optional[int] = None
    """Successes in a row that count as one. Default: 1."""
    failure_threshold: Optional[int] = None
    """Failures in a row that count as one. Default: 3."""

@dataclass
class LogsSpec(Struct):
    """What is kept of a service’s output."""
    ring_bytes: Optional[int] = None
    """In memory. Default: 65536."""
    file: Optional[Text] = None
    """An absolute path, to which every line is appended."""
    max_bytes: Optional[int] = None
    """A file as large as this is set aside. Default: 10485760."""
    keep: Optional[int] = None
    """How many set aside are kept. Default: 5."""

@dataclass
class ManagedPort(Struct):
    """A port that the app calls its own."""
    port: Port
    protocol: Union[Protocol, str]
    name: Name
    registered_at: Timestamp

@dataclass
class ManagedPortStatus(Struct):
    """A registered port, and how it was at the last look."""
    port: Port
    protocol: Union[Protocol, str]
    name: Name
    registered_at: Timestamp
    in_use: Optional[bool]
    """Somebody held it then; null while nobody has looked yet."""
    checked_at: Optional[Timestamp]
    """When that was. Asking has it looked at again, for the next answer."""

@dataclass
class MethodNotFoundData(Struct):
    """This sidecar has no such method."""
    kind: Literal["MethodNotFound"] = "MethodNotFound"

@dataclass
class MetricsGetParams(Struct):
    """What metrics/get takes."""

@dataclass
class MetricsGetResult(Struct):
    """What metrics/get answers."""
    openmetrics: Text
    """Of the type `application/openmetrics-text; version=1.0.0; charset=utf-8`."""

@dataclass
class NotFoundData(Struct):
    """What the request names does not exist."""
    what: str
    kind: Literal["NotFound"] = "NotFound"

@dataclass
class NotInitializedData(Struct):
    """`initialize` must come first."""
    kind: Literal["NotInitialized"] = "NotInitialized"

@dataclass
class OutboundStatus(Struct):
    """What this connection has to say."""
    queued_bytes: Bytes
    """Not taken by the system yet, because the host does not read."""
    dropped: int
    """Events that were dropped for that reason, since the beginning."""

@dataclass
class OverloadedData(Struct):
    """Too many requests are in flight; try again later."""
    retry_after_ms: Duration
    kind: Literal["Overloaded"] = "Overloaded"

@dataclass
class ParamIssue(Struct):
    """What is wrong with one parameter."""
    path: str
    message: str

@dataclass
class ParseErrorData(Struct):
    """The bytes are not a JSON-RPC message."""
    reason: str
    kind: Literal["ParseError"] = "ParseError"

@dataclass
class PermissionDeniedData(Struct):
    """The system does not let this user do that."""
    operation: str
    kind: Literal["PermissionDenied"] = "PermissionDenied"

@dataclass
class PoolStatus(Struct):
    """The threads that look at the system."""
    threads: int
    """Of them busy."""
    queued: int
    """Looks that wait for one."""

@dataclass
class PortAllocateParams(Struct):
    """What port/allocate takes."""
    count: Optional[int] = None
    """How many. Default: 1."""
    preferred: Optional[List[Port]] = None
    """Taken first where they are free, wherever they lie; what a key had before comes even before them."""
    range: Optional[PortRange] = None
    """Where to look instead; of it, too, ephemeral, reserved and privileged ports are left out."""
    host: Optional[str] = None
    """The local address they must be free on; every one when absent."""
    key: Optional[Name] = None
    """The same ports again for the same key, across restarts, as long as they are free."""
    hold: Optional[bool] = None
    """Keep them bound until they are released. Default: false."""
    ttl_ms: Optional[Duration] = None
    """Released by itself after this."""

@dataclass
class PortAllocateResult(Struct):
    """What port/allocate answers."""
    leases: List[Lease]

@dataclass
class PortCheckParams(Struct):
    """What port/check takes."""
    port: Port
    protocol: Optional[Protocol] = None
    """Which protocol’s port. Default: "tcp"."""
    host: Optional[str] = None
    """Only sockets that serve this local address; every local address when absent."""

@dataclass
class PortCheckResult(Struct):
    """What port/check answers."""
    in_use: bool
    """A listener (UDP: a bound, unconnected socket) serves it."""
    can_bind: bool
    """A server that sets SO_REUSEADDR, as most do, could bind it now."""
    reason: Optional[Union[PortCheckResultReason, str]]
    """Why it cannot be bound; null when it can."""
    reserved: Optional[PortRange] = None
    """With the reason `reservedByOs`: the range that the system keeps from everybody."""

@dataclass
class PortEnsureAvailableParams(Struct):
    """What port/ensureAvailable takes."""
    port: Port
    protocol: Optional[Protocol] = None
    """Which protocol’s port. Default: "tcp"."""
    max_retries: Optional[int] = None
    """Further attempts after the first. Default: 3."""
    retry_delay_ms: Optional[Duration] = None
    """Between two attempts. Default: 500."""
    evict: Optional[PortEnsureAvailableParamsEvict] = None
    """Whom to end: nobody, what a dead sidecar of this app has left, or any holder. Default: "owned"."""
    tree: Optional[bool] = None
    """With all descendants. Default: false."""
    signal: Optional[KillSignal] = None
    """The polite signal, with a SIGCONT behind it. Default: "SIGTERM"."""
    grace_ms: Optional[int] = None
    """How long to wait before force. Default: 5000."""
    force: Optional[bool] = None
    """SIGKILL for whoever is left after the grace. Default: true."""
    dry_run: Optional[bool] = None
    """Touches nobody; answers what would be done, and a planId that does exactly that. Default: false."""
    allow_protected: Optional[bool] = None
    """Touches also what is protected; never what may never be touched. Default: false."""
    work_done_token: Optional[Union[int, str]] = None
    """Asks for $/progress under this token."""

@dataclass
class PortEnsureAvailableResult(Struct):
    """What port/ensureAvailable answers."""
    available: bool
    attempts: int
    outcomes: List[KillOutcome]
    entries: List[PortEntry]
    """Who still holds it."""

@dataclass
class PortEntry(Struct):
    """One socket that holds a port: a listener (TCP), or a bound and unconnected socket (UDP)."""
    protocol: Union[Protocol, str]
    family: Union[PortEntryFamily, str]
    dual_stack: bool
    """An IPv6 wildcard socket that takes IPv4 connections as well."""
    address: Text
    """The local address; `0.0.0.0` or `::` for all of them."""
    port: Port
    state: Union[PortEntryState, str]
    """`bound`: UDP, or TCP that was bound and does not listen."""
    owners: List[ProcessInfo]
    """Every process with a descriptor of this socket; empty when hidden or unknown."""
    visibility: Union[PortEntryVisibility, str]
    """`full`: all its owners are listed. `hidden`: it is held by someone whom this user may not see, or
    not only by those listed. `unknown`: we could not look.
    """
    container: Optional[Container] = None
    unit: Optional[Unit] = None

@dataclass
class PortEventPayload(Struct):
    """A port whose holders changed."""
    port: Port
    protocol: Union[Protocol, str]
    entries: List[PortEntry]
    """Who holds it now; empty when nobody does."""

@dataclass
class PortExplainParams(Struct):
    """What port/explain takes."""
    port: Port
    protocol: Optional[Protocol] = None
    """Only this protocol; both when absent."""

@dataclass
class PortExplainResult(Struct):
    """What port/explain answers."""
    summary: Text
    """One sentence."""
    cause: Union[PortExplainResultCause, str]
    """The one thing that decides: what stands in the way of binding the port, or `free`."""
    evidence: List[Text]
    """What was seen, fact by fact."""
    suggestions: List[Suggestion]

@dataclass
class PortFindParams(Struct):
    """What port/find takes."""
    port: Port
    protocol: Optional[Protocol] = None
    """Which protocol’s port. Default: "tcp"."""
    host: Optional[str] = None
    """Only sockets that serve this local address; every local address when absent."""

@dataclass
class PortFindResult(Struct):
    """What port/find answers."""
    in_use: bool
    entries: List[PortEntry]
    """Empty only when nobody holds it; a holder whom we may not see is an entry without owners."""

@dataclass
class PortKillParams(Struct):
    """What port/kill takes."""
    port: Optional[Port] = None
    """Needed unless there is a planId."""
    protocol: Optional[Protocol] = None
    """Which protocol’s port. Default: "tcp"."""
    expect: Optional[PortKillParamsExpect] = None
    """Compared exactly with every holder; one that differs and nobody is signalled."""
    tree: Optional[bool] = None
    """With all descendants, found by identity and followed while they grow. Default: false."""
    signal: Optional[KillSignal] = None
    """The polite signal, with a SIGCONT behind it. Default: "SIGTERM"."""
    grace_ms: Optional[int] = None
    """How long to wait before force. Default: 5000."""
    force: Optional[bool] = None
    """SIGKILL for whoever is left after the grace. Default: true."""
    dry_run: Optional[bool] = None
    """Touches nobody; answers what would be done, and a planId that does exactly that. Default: false."""
    allow_protected: Optional[bool] = None
    """Touches also what is protected; never what may never be touched. Default: false."""
    work_done_token: Optional[Union[int, str]] = None
    """Asks for $/progress under this token."""
    plan_id: Optional[str] = None
    """From a dry run of this method on this connection, at most 30 s old and used once. No other member
    but workDoneToken goes with it.
    """

@dataclass
class PortKillParamsExpect(Struct):
    """Has no members."""
    name: Optional[Text] = None
    owner_tag: Optional[Name] = None

@dataclass
class PortKillResult(Struct):
    """Whether the port is free now, and what became of its holders."""
    freed: bool
    """It can be bound now."""
    cause: Optional[Union[PortKillResultCause, str]]
    """Why it cannot; null when freed."""
    outcomes: List[KillOutcome]
    plan_id: Optional[str] = None
    """From a dry run of this method on this connection, at most 30 s old and used once. No other member
    but workDoneToken goes with it.
    """

@dataclass
class PortListParams(Struct):
    """What port/list takes."""
    protocol: Optional[Protocol] = None
    """Only this protocol; both when absent."""
    cursor: Optional[Cursor] = None
    limit: Optional[int] = None
    """Entries a page. Default: 1000."""

@dataclass
class PortListResult(Struct):
    """What port/list answers."""
    entries: List[PortEntry]
    next_cursor: Optional[Cursor] = None

@dataclass
class PortRange(Struct):
    """Ports from and to, both included."""
    from_: Port
    to: Port

@dataclass
class PortRegisterParams(Struct):
    """What port/register takes."""
    port: Port
    name: Name
    protocol: Optional[Protocol] = None
    """Which protocol’s port. Default: "tcp"."""

@dataclass
class PortRegisteredParams(Struct):
    """What port/registered takes."""

@dataclass
class PortRegisteredResult(Struct):
    """What port/registered answers."""
    ports: List[ManagedPort]

@dataclass
class PortReleaseParams(Struct):
    """What port/release takes."""
    lease_ids: List[Text]

@dataclass
class PortReleaseResult(Struct):
    """What port/release answers."""
    released: List[Text]
    """The leases that were there."""

@dataclass
class PortUnregisterParams(Struct):
    """What port/unregister takes."""
    port: Port
    protocol: Optional[Protocol] = None
    """Which protocol’s port. Default: "tcp"."""

@dataclass
class PortUnregisterResult(Struct):
    """What port/unregister answers."""
    removed: bool
    """False when it was not registered."""

@dataclass
class PortWaitParams(Struct):
    """What port/wait takes."""
    port: Port
    state: PortWaitParamsState
    """`listening`: inUse. `free`: canBind, by the rules alone."""
    timeout_ms: Duration
    protocol: Optional[Protocol] = None
    """Which protocol’s port. Default: "tcp"."""
    host: Optional[str] = None
    """Only sockets that serve this local address; every local address when absent."""

@dataclass
class PortWaitResult(Struct):
    """What port/wait answers."""
    reached: bool
    elapsed_ms: Duration

@dataclass
class ProcessEventPayload(Struct):
    """A process that started, ended or changed."""
    process: ProcessInfo
    """As it is now; on `exited` as it was last seen."""
    change: Union[ProcessChange, str]
    exit_code: Optional[int] = None
    """Known for our own children."""
    signal: Optional[Text] = None
    """Known for our own children."""

@dataclass
class ProcessFilter(Struct):
    """Which processes are wanted; all members given must match."""
    pids: Optional[List[Pid]] = None
    ppid: Optional[Pid] = None
    pgid: Optional[Pid] = None
    sid: Optional[Pid] = None
    name: Optional[Text] = None
    """The whole name, compared exactly."""
    owner_tag: Optional[Name] = None

@dataclass
class ProcessGetParams(Struct):
    """What process/get takes."""
    target: ProcessRef

@dataclass
class ProcessGetResult(Struct):
    """What process/get answers."""
    process: Optional[ProcessInfo]

@dataclass
class ProcessInfo(Struct):
    """One process, as it was when we looked."""
    pid: Pid
    ppid: Pid
    """The parent’s pid; 0 where it has none or it is outside our pid namespace."""
    started_at: Timestamp
    """When it started."""
    identity: str
    """Which process this is, opaque: two equal values are the same process, also where the pid was given
    away again. From a ProcessInfo.
    """
    name: Text
    """The short name: comm, completed from argv[0] or the executable where the kernel cut it at 15 bytes;
    the image name on Windows.
    """
    executable: Optional[Text]
    """Absolute path of the program file; null for a kernel thread or where we may not see it."""
    command_line: Optional[List[Text]]
    """The arguments, capped at 32 KiB in all; null where we may not see them."""
    cwd: Optional[Text]
    """The working directory; null where we may not see it."""
    user: Optional[User]
    status: Union[ProcessStatus, str]
    rss_bytes: Optional[Bytes]
    """Resident memory; null where we may not see it."""
    visibility: Union[ProcessVisibility, str]
    pgid: Optional[Pid] = None
    """The process group (POSIX)."""
    sid: Optional[Pid] = None
    """The session (POSIX)."""
    service: Optional[Name] = None
    """The service of ours that it is or belongs to."""
    owner_tag: Optional[Name] = None
    """The tag of the owner on whose behalf we started it."""
    protected_reason: Optional[Text] = None
    """Why a kill would refuse to touch it, as a sentence."""

@dataclass
class ProcessKillParams(Struct):
    """What process/kill takes."""
    target: Optional[KillTarget] = None
    """Needed unless there is a planId."""
    tree: Optional[bool] = None
    """With all descendants, found by identity and followed while they grow. Default: true."""
    signal: Optional[KillSignal] = None
    """The polite signal, with a SIGCONT behind it. Default: "SIGTERM"."""
    grace_ms: Optional[int] = None
    """How long to wait before force. Default: 5000."""
    force: Optional[bool] = None
    """SIGKILL for whoever is left after the grace. Default: true."""
    dry_run: Optional[bool] = None
    """Touches nobody; answers what would be done, and a planId that does exactly that. Default: false."""
    allow_protected: Optional[bool] = None
    """Touches also what is protected; never what may never be touched. Default: false."""
    work_done_token: Optional[Union[int, str]] = None
    """Asks for $/progress under this token."""
    plan_id: Optional[str] = None
    """From a dry run of this method on this connection, at most 30 s old and used once. No other member
    but workDoneToken goes with it.
    """

@dataclass
class ProcessKillResult(Struct):
    """What became of them."""
    outcomes: List[KillOutcome]
    plan_id: Optional[str] = None
    """From a dry run of this method on this connection, at most 30 s old and used once. No other member
    but workDoneToken goes with it.
    """

@dataclass
class ProcessListParams(Struct):
    """What process/list takes."""
    filter: Optional[ProcessFilter] = None
    limit: Optional[int] = None
    """Processes a page. Default: 1000."""
    cursor: Optional[Cursor] = None

@dataclass
class ProcessListResult(Struct):
    """What process/list answers."""
    processes: List[ProcessInfo]
    next_cursor: Optional[Cursor] = None

@dataclass
class ProcessRef(Struct):
    """A process to look at or act on; with `identity` (or `startedAt`) it can only be that one."""
    pid: Pid
    started_at: Optional[Timestamp] = None
    """A guard for people: matches within 2 s, because it moves with the wall clock."""
    identity: Optional[str] = None
    """Which process this is, opaque: two equal values are the same process, also where the pid was given
    away again. From a ProcessInfo.
    """

@dataclass
class ProcessTreeEntry(Struct):
    """One process of a tree, as it was when we looked."""
    pid: Pid
    ppid: Pid
    """The parent’s pid; 0 where it has none or it is outside our pid namespace."""
    started_at: Timestamp
    """When it started."""
    identity: str
    """Which process this is, opaque: two equal values are the same process, also where the pid was given
    away again. From a ProcessInfo.
    """
    name: Text
    """The short name: comm, completed from argv[0] or the executable where the kernel cut it at 15 bytes;
    the image name on Windows.
    """
    executable: Optional[Text]
    """Absolute path of the program file; null for a kernel thread or where we may not see it."""
    command_line: Optional[List[Text]]
    """The arguments, capped at 32 KiB in all; null where we may not see them."""
    cwd: Optional[Text]
    """The working directory; null where we may not see it."""
    user: Optional[User]
    status: Union[ProcessStatus, str]
    rss_bytes: Optional[Bytes]
    """Resident memory; null where we may not see it."""
    visibility: Union[ProcessVisibility, str]
    depth: int
    """Steps below the root, which is 0."""
    pgid: Optional[Pid] = None
    """The process group (POSIX)."""
    sid: Optional[Pid] = None
    """The session (POSIX)."""
    service: Optional[Name] = None
    """The service of ours that it is or belongs to."""
    owner_tag: Optional[Name] = None
    """The tag of the owner on whose behalf we started it."""
    protected_reason: Optional[Text] = None
    """Why a kill would refuse to touch it, as a sentence."""

@dataclass
class ProcessTreeParams(Struct):
    """What process/tree takes."""
    root: ProcessRef

@dataclass
class ProcessTreeResult(Struct):
    """What process/tree answers."""
    processes: List[ProcessTreeEntry]

@dataclass
class ProcessUsageParams(Struct):
    """What process/usage takes."""
    target: ProcessRef
    tree: Optional[bool] = None
    """With all its descendants. Default: false."""
    interval_ms: Optional[int] = None
    """Between the two looks at the CPU time. Default: 100."""

@dataclass
class ProcessUsageResult(Struct):
    """What process/usage answers."""
    cpu_percent: float
    """Of one core: two busy threads are 200."""
    rss_bytes: Bytes
    """Resident memory; shared pages count in every process of a tree."""
    processes: int
    """How many were counted."""
    sampled_at: Timestamp

@dataclass
class ProcessWaitParams(Struct):
    """What process/wait takes."""
    target: ProcessRef
    timeout_ms: Duration

@dataclass
class ProcessWaitResult(Struct):
    """What process/wait answers."""
    exited: bool
    exit_code: Optional[int]
    """Known for our own children."""
    signal: Optional[Text]
    """The signal that ended it, known for our own children."""
    elapsed_ms: Duration

@dataclass
class ProgressParams(Struct):
    """What $/progress carries."""
    token: Union[int, str]
    """The workDoneToken of the request."""
    value: WorkDone

@dataclass
class ProtectedData(Struct):
    """This process is protected from the request."""
    reason: str
    kind: Literal["Protected"] = "Protected"

@dataclass
class ProtocolRange(Struct):
    """The protocol versions one side speaks."""
    min: int
    max: int

@dataclass
class RequestCancelledData(Struct):
    """The request was cancelled and nothing was done."""
    kind: Literal["RequestCancelled"] = "RequestCancelled"

@dataclass
class RestartSpec(Struct):
    """What follows when a service ends by itself, or is found to be ill."""
    policy: Optional[RestartSpecPolicy] = None
    """`onFailure`: after a signal, an exit code other than 0, or a failed liveness probe. Default:
    "onFailure".
    """
    backoff_ms: Optional[int] = None
    """Before the first restart; doubled with each, and varied by up to a fifth. Default: 500."""
    max_backoff_ms: Optional[int] = None
    """The doubling ends here. Default: 30000."""
    reset_after_ms: Optional[int] = None
    """Ready and healthy for so long, it begins with `backoffMs` again. Default: 10000."""
    max_restarts: Optional[int] = None
    """So many restarts within `windowMs`; the next failure is `fatal`. -1: no limit. Default: 5."""
    window_ms: Optional[int] = None
    """The span in which restarts are counted. Default: 60000."""

@dataclass
class RpcDiscoverParams(Struct):
    """What rpc.discover takes."""

@dataclass
class SecondInstancePayload(Struct):
    """What a second instance tells the first: 64 KiB of JSON at most."""
    argv: Optional[List[Text]] = None
    """Its command line."""
    cwd: Optional[Text] = None
    """Its working directory."""
    data: Any = None
    """Whatever the two agree on."""

@dataclass
class SecondInstanceSender(Struct):
    """Who the second instance is."""
    pid: Pid
    """Its host, or its sidecar where the host named no process."""
    client_info: Optional[ClientInfo] = None

@dataclass
class ServerCapabilities(Struct):
    """What works here; what does not is answered `Unsupported` with a sentence."""
    native: bool
    """Foreign-function calls are available."""
    kill_identity: Union[ServerCapabilitiesKillIdentity, str]
    """`handle`: signals go through a handle that cannot name another process; `checked`: check and signal
    back to back.
    """
    containment: List[Union[ServerCapabilitiesContainment, str]]
    """How services can be kept together."""
    port_owners: Union[ServerCapabilitiesPortOwners, str]
    """Whose processes can be named as owners of a port."""
    socket_source: Union[ServerCapabilitiesSocketSource, str]
    """Where the socket table comes from."""
    experimental: Optional[Dict[str, Any]] = None
    """Not promised yet."""

@dataclass
class ServerInfo(Struct):
    """Which sidecar answers."""
    name: Text
    version: Text
    pid: Pid
    started_at: Timestamp
    node: Text
    """The version of Node.js that runs it."""
    platform: Text
    """`linux`, `darwin` or `win32`."""
    arch: Text

@dataclass
class ServiceApplyParams(Struct):
    """What service/apply takes."""
    services: List[ServiceSpec]
    prune: Optional[bool] = None
    """Also ends and removes the services of the connection’s own ownerTag that are not among these.
    Default: false.
    """

@dataclass
class ServiceApplyResult(Struct):
    """What service/apply answers."""
    changes: List[ServiceChange]

@dataclass
class ServiceChange(Struct):
    """What service/apply does to a service."""
    name: Name
    change: Union[ServiceChangeChange, str]

@dataclass
class ServiceEventPayload(Struct):
    """A service that changed."""
    service: ServiceStatus
    """As it stands now."""

@dataclass
class ServiceGetParams(Struct):
    """What service/get takes."""
    name: Name

@dataclass
class ServiceGetResult(Struct):
    """What service/get answers."""
    service: Optional[ServiceStatus]

@dataclass
class ServiceLimits(Struct):
    """What a service may use."""
    rss_bytes: Optional[Bytes] = None
    """Resident memory of its whole tree; over it, it is restarted, gracefully."""

@dataclass
class ServiceListParams(Struct):
    """What service/list takes."""
    group: Optional[Name] = None

@dataclass
class ServiceListResult(Struct):
    """What service/list answers."""
    services: List[ServiceStatus]

@dataclass
class ServiceLogsParams(Struct):
    """What service/logs takes."""
    name: Name
    tail: Optional[int] = None
    """So many of the newest lines; all when absent."""
    since_seq: Optional[int] = None
    """Only this line and those after it."""

@dataclass
class ServiceLogsResult(Struct):
    """What service/logs answers."""
    lines: List[LogLine]
    next_seq: int
    """The number of the next line to come."""
    dropped: int
    """Lines that were asked for and are not in memory any more."""

@dataclass
class ServicePort(Struct):
    """A port of a service."""
    name: Name
    port: int
    env: Optional[Text] = None

@dataclass
class ServicePortSpec(Struct):
    """A port that a service gets."""
    name: Name
    """For `${port:NAME}`, and in the status."""
    env: Optional[Text] = None
    """The variable that tells it to the program."""
    port: Optional[Port] = None
    """This one and no other; one is allocated when absent."""
    key: Optional[Name] = None
    """The same port for the same key, across restarts of the app."""
    host: Optional[Text] = None
    """The local address that it will be bound to."""
    pass_fd: Optional[bool] = None
    """Hand it over listening, as a descriptor from 3 on (LISTEN_FDS). Default: false."""

@dataclass
class ServiceRemoveParams(Struct):
    """What service/remove takes."""
    name: Optional[Name] = None
    """Which service; this or `group`."""
    group: Optional[Name] = None
    """All services of a group."""
    grace_ms: Optional[int] = None
    """Before SIGKILL; the spec’s own when absent."""
    work_done_token: Optional[Union[int, str]] = None
    """Asks for $/progress under this token."""

@dataclass
class ServiceRemoveResult(Struct):
    """What service/remove answers."""
    services: List[ServiceStatus]

@dataclass
class ServiceRestartParams(Struct):
    """What service/restart takes."""
    name: Optional[Name] = None
    """Which service; this or `group`."""
    group: Optional[Name] = None
    """All services of a group."""
    grace_ms: Optional[int] = None
    """Before SIGKILL; the spec’s own when absent."""
    work_done_token: Optional[Union[int, str]] = None
    """Asks for $/progress under this token."""

@dataclass
class ServiceRestartResult(Struct):
    """What service/restart answers."""
    services: List[ServiceStatus]

@dataclass
class ServiceSignalParams(Struct):
    """What service/signal takes."""
    name: Name
    signal: ServiceSignalParamsSignal

@dataclass
class ServiceSpec(Struct):
    """A child process that the sidecar starts and answers for."""
    name: Name
    command: Text
    """The program: an absolute path, or a name to be found on PATH. Never a shell line."""
    group: Optional[Name] = None
    args: Optional[List[Text]] = None
    cwd: Optional[Text] = None
    """An absolute directory; the sidecar’s own when absent."""
    env: Optional[Dict[str, Optional[Text]]] = None
    """Variables to set; null removes one."""
    inherit_env: Optional[bool] = None
    """Begin with the sidecar’s environment. Default: true."""
    stdin: Optional[ServiceSpecStdin] = None
    """Its standard input: empty, or what service/write sends. Default: "none"."""
    depends_on: Optional[List[Dependency]] = None
    """Started first, and stopped last."""
    ports: Optional[List[ServicePortSpec]] = None
    readiness: Optional[Probe] = None
    """Ready once it succeeds, and for as long as it does. Without one it is ready as soon as it runs."""
    liveness: Optional[Probe] = None
    """Restarted when it fails."""
    restart: Optional[RestartSpec] = None
    stop: Optional[StopSpec] = None
    limits: Optional[ServiceLimits] = None
    logs: Optional[LogsSpec] = None
    persistent: Optional[bool] = None
    """Survives the sidecar, writes `logs.file` itself, and is adopted by the next sidecar of the app.
    Default: false.
    """
    owner_tag: Optional[Name] = None
    """On whose behalf; the connection’s own tag when absent."""

@dataclass
class ServiceStartParams(Struct):
    """What service/start takes."""
    spec: Optional[ServiceSpec] = None
    """What to start; needed unless `name` is given."""
    name: Optional[Name] = None
    """A service that was started before, to be started again as it was."""
    wait_for: Optional[ServiceStartParamsWaitFor] = None
    """When to answer: at once, when the program runs, or when it is ready; without a readiness probe that
    is the same. Default: "ready".
    """
    timeout_ms: Optional[int] = None
    """How long to wait for that. Default: 30000."""
    work_done_token: Optional[Union[int, str]] = None
    """Asks for $/progress under this token."""

@dataclass
class ServiceStartResult(Struct):
    """What service/start answers."""
    service: ServiceStatus

@dataclass
class ServiceStatus(Struct):
    """A service, as it stands."""
    name: Name
    state: Union[ServiceState, str]
    ready: bool
    """It runs, and its readiness probe succeeds."""
    healthy: bool
    """It runs, and its liveness probe has not failed."""
    process: Optional[ProcessInfo]
    """The program that was started; null while none runs."""
    ports: List[ServicePort]
    exit_code: Optional[int]
    """Of its last end; null while it runs, or where a signal ended it."""
    signal: Optional[Text]
    """Which signal ended it last."""
    restarts: int
    """How often it was restarted without being asked to."""
    state_changed_at: Timestamp
    containment: Union[ServiceStatusContainment, str]
    """What keeps its descendants together, and so ends with it."""
    group: Optional[Name] = None
    cause: Optional[Text] = None
    """Why the state last changed, with the last lines of output after a failure."""

@dataclass
class ServiceStopParams(Struct):
    """What service/stop takes."""
    name: Optional[Name] = None
    """Which service; this or `group`."""
    group: Optional[Name] = None
    """All services of a group."""
    grace_ms: Optional[int] = None
    """Before SIGKILL; the spec’s own when absent."""
    work_done_token: Optional[Union[int, str]] = None
    """Asks for $/progress under this token."""

@dataclass
class ServiceStopResult(Struct):
    """What service/stop answers."""
    services: List[ServiceStatus]

@dataclass
class ServiceWriteParams(Struct):
    """What service/write takes."""
    name: Name
    data_base64: Text
    """The bytes, in base64 (RFC 4648, section 4); none to only end it."""
    end: Optional[bool] = None
    """Close it afterwards. Default: false."""

@dataclass
class ShutdownAddHandlerParams(Struct):
    """What shutdown/addHandler takes."""
    name: Name
    order: Optional[int] = None
    """Lower ones run first. Default: 0."""
    timeout_ms: Optional[Duration] = None
    """How long the host may take; never longer than the whole shutdown leaves it. Default: 5000."""
    critical: Optional[bool] = None
    """Whatever keeps it from being `done` makes the report’s `ok` false and the exit code of the sidecar
    3. Default: false.
    """

@dataclass
class ShutdownAddHandlerResult(Struct):
    """What shutdown/addHandler answers."""
    handler_id: Text

@dataclass
class ShutdownParams(Struct):
    """What shutdown takes."""
    reason: Optional[Text] = None
    """Why, for the report and the log. Default: "shutdown"."""
    deadline_ms: Optional[Duration] = None
    """For all steps together. Default: 15000."""

@dataclass
class ShutdownRemoveHandlerParams(Struct):
    """What shutdown/removeHandler takes."""
    handler_id: Text

@dataclass
class ShutdownRemoveHandlerResult(Struct):
    """What shutdown/removeHandler answers."""
    removed: bool
    """False when there was none of that id."""

@dataclass
class ShutdownReport(Struct):
    """How the shutdown went."""
    ok: bool
    """Everything is `done` but, at most, handlers that are not critical."""
    reason: Text
    elapsed_ms: Duration
    steps: List[ShutdownStep]
    """In the order in which they began."""

@dataclass
class ShutdownRunParams(Struct):
    """What shutdown/run takes."""
    reason: Text
    """Why, for the handlers, the report and the log."""
    deadline_ms: Optional[Duration] = None
    """For all steps together; 500 ms before it whatever is left is killed. Default: 15000."""
    keep_running: Optional[bool] = None
    """The sidecar stays, and so do its locks and leases. Default: false."""
    work_done_token: Optional[Union[int, str]] = None
    """Asks for $/progress under this token."""

@dataclass
class ShutdownStep(Struct):
    """One thing that was ended."""
    kind: Union[ShutdownStepKind, str]
    name: Text
    status: Union[ShutdownStepStatus, str]
    """`unavailable`: nobody was there to run the handler. `skipped`: no time was left to begin it."""
    elapsed_ms: Duration
    error: Optional[Text] = None
    """Why it is not `done`, as a sentence."""

@dataclass
class ShuttingDownData(Struct):
    """The sidecar is shutting down and starts nothing new."""
    kind: Literal["ShuttingDown"] = "ShuttingDown"

@dataclass
class SidecarPingParams(Struct):
    """What sidecar/ping takes."""
    echo: Any = None
    """Comes back as it is."""

@dataclass
class SidecarPingResult(Struct):
    """What sidecar/ping answers."""
    at: Timestamp
    echo: Any = None

@dataclass
class SidecarStatusParams(Struct):
    """What sidecar/status takes."""

@dataclass
class SidecarStatusResult(Struct):
    """What sidecar/status answers."""
    is_running: bool
    """False once a shutdown has begun."""
    started_at: Timestamp
    uptime_ms: Duration
    ports: List[ManagedPortStatus]
    """Registered in this run."""
    services: List[ServiceStatus]
    instance: Optional[InstanceStatus]
    """Null when it holds none."""
    handlers: List[HandlerStatus]
    """In the order in which they would run."""
    pool: PoolStatus
    outbound: OutboundStatus
    ledger: Union[SidecarStatusResultLedger, str]
    """`degraded`: not all that runs is on disk, so a crash now may leave something behind."""
    rss_bytes: Bytes
    """Resident memory of the sidecar."""

@dataclass
class Snapshot(Struct):
    """How things stand at the beginning of a subscription; what events follow starts from here."""
    service: Optional[List[ServiceEventPayload]] = None
    process: Optional[List[ProcessEventPayload]] = None
    port: Optional[List[PortEventPayload]] = None
    instance: Optional[List[InstanceEventPayload]] = None
    """The locks that were lost before."""

@dataclass
class SpawnFailedData(Struct):
    """The command could not be started."""
    errno: str
    command: str
    cwd: Optional[str]
    kind: Literal["SpawnFailed"] = "SpawnFailed"

@dataclass
class StopSpec(Struct):
    """How a service is asked to end."""
    signal: Optional[StopSpecSignal] = None
    """The polite signal. Default: "SIGTERM"."""
    grace_ms: Optional[int] = None
    """How long before SIGKILL. Default: 5000."""
    stdin_close: Optional[bool] = None
    """Close its input first, and signal when the grace is half over. Default: false."""

@dataclass
class Suggestion(Struct):
    """Something that can be done about it."""
    text: Text
    """A sentence for a person."""
    method: Optional[Text] = None
    """The method that does it."""
    params: Optional[Dict[str, Any]] = None
    """The parameters to call it with."""

@dataclass
class TcpProbe(Struct):
    """A connection to 127.0.0.1, closed at once."""
    kind: Literal["tcp"] = "tcp"
    port: Optional[Union[int, str]] = None
    """A number, or `${port:NAME}` for one of the service’s `ports`; the first of those when absent."""
    initial_delay_ms: Optional[int] = None
    """From the start of the program to the first question. Default: 0."""
    period_ms: Optional[int] = None
    """From one question to the next; a question never overlaps the one before it. Default: 1000."""
    timeout_ms: Optional[int] = None
    """A question without an answer by then has failed. Default: 1000."""
    success_threshold: Optional[int] = None
    """Successes in a row that count as one. Default: 1."""
    failure_threshold: Optional[int] = None
    """Failures in a row that count as one. Default: 3."""

@dataclass
class TimedOutData(Struct):
    """It took longer than allowed."""
    kind: Literal["TimedOut"] = "TimedOut"
    service: Optional[ServiceStatus] = None

@dataclass
class Unit(Struct):
    """The systemd unit that holds a socket."""
    name: Text
    scope: Union[UnitScope, str]

@dataclass
class UnsupportedData(Struct):
    """This system, or this sidecar on it, cannot do that."""
    capability: str
    platform: str
    kind: Literal["Unsupported"] = "Unsupported"

@dataclass
class User(Struct):
    """The effective user of a process."""
    name: Text
    """The login name, or the id as text where no name is known."""
    id: Optional[int] = None
    """The numeric uid, where there is one."""

@dataclass
class VersionUnsupportedData(Struct):
    """Client and server share no protocol version."""
    server: VersionUnsupportedDataServer
    client: VersionUnsupportedDataClient
    kind: Literal["VersionUnsupported"] = "VersionUnsupported"

@dataclass
class VersionUnsupportedDataClient(Struct):
    """Has no members."""
    min: int
    max: int

@dataclass
class VersionUnsupportedDataServer(Struct):
    """Has no members."""
    min: int
    max: int

@dataclass
class WindowLogMessageParams(Struct):
    """What window/logMessage carries."""
    type: int
    """LSP’s MessageType: 1 error, 2 warning, 3 info, 4 log. Only 1 and 2 are sent so far."""
    message: Text
    """One sentence. Its details, paths and stack traces among them, are in the log only."""

@dataclass
class WorkDoneBegin(Struct):
    """It has begun."""
    title: Text
    kind: Literal["begin"] = "begin"
    message: Optional[Text] = None
    percentage: Optional[int] = None

@dataclass
class WorkDoneEnd(Struct):
    """It is over; the answer follows."""
    kind: Literal["end"] = "end"
    message: Optional[Text] = None

@dataclass
class WorkDoneReport(Struct):
    """It goes on."""
    kind: Literal["report"] = "report"
    message: Optional[Text] = None
    percentage: Optional[int] = None

KillTarget = Union[KillProcess, KillGroup, KillOwner]
"""Whom to end."""

Probe = Union[HttpProbe, TcpProbe, ExecProbe, LogProbe]
"""How to tell whether a service is ready, or alive. An http or tcp probe of this machine succeeds only
while the port is held by the service itself.
"""

WorkDone = Union[WorkDoneBegin, WorkDoneReport, WorkDoneEnd, UnknownKind]
"""How far a request has come, as LSP tells it."""

HostRunShutdownHandlerResult = None
"""What host/runShutdownHandler expects."""

LogErrorResult = None
"""What log/error answers."""

PortRegisterResult = None
"""What port/register answers."""

RpcDiscoverResult = Dict[str, Any]
"""What rpc.discover answers."""

ServiceSignalResult = None
"""What service/signal answers."""

ServiceWriteResult = None
"""What service/write answers."""
