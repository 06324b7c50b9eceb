# Generated from src/protocol by `npm run generate`; do not edit by hand.
"""What is known of each method and notification without its types."""

from __future__ import annotations

from typing import Dict, Optional

VERSION = "0.1.0"

# How each request is counted: `life` never, `wait` in limits.waitsInFlight, all others in limits.requestsInFlight.

LANES: Dict[str, str] = {
    "initialize": "life",
    "shutdown": "life",
    "rpc.discover": "look",
    "sidecar/ping": "life",
    "sidecar/status": "state",
    "log/error": "state",
    "port/check": "look",
    "port/find": "look",
    "port/list": "look",
    "port/explain": "look",
    "port/wait": "wait",
    "port/kill": "act",
    "port/register": "state",
    "port/unregister": "state",
    "port/registered": "state",
    "port/ensureAvailable": "act",
    "port/allocate": "act",
    "port/release": "state",
    "cleanup/run": "act",
    "process/get": "look",
    "process/list": "look",
    "process/tree": "look",
    "process/usage": "look",
    "process/wait": "wait",
    "process/kill": "act",
    "shutdown/addHandler": "state",
    "shutdown/removeHandler": "state",
    "shutdown/run": "act",
    "instance/acquire": "wait",
    "instance/release": "state",
    "instance/query": "look",
    "service/start": "act",
    "service/stop": "act",
    "service/list": "look",
    "service/get": "look",
    "service/logs": "look",
    "service/write": "act",
    "metrics/get": "look",
    "events/subscribe": "life",
    "events/unsubscribe": "life",
}

RESULTS: Dict[str, Optional[str]] = {
    "initialize": "InitializeResult",
    "shutdown": "ShutdownReport",
    "rpc.discover": "RpcDiscoverResult",
    "sidecar/ping": "SidecarPingResult",
    "sidecar/status": "SidecarStatusResult",
    "log/error": "LogErrorResult",
    "port/check": "PortCheckResult",
    "port/find": "PortFindResult",
    "port/list": "PortListResult",
    "port/explain": "PortExplainResult",
    "port/wait": "PortWaitResult",
    "port/kill": "PortKillResult",
    "port/register": "PortRegisterResult",
    "port/unregister": "PortUnregisterResult",
    "port/registered": "PortRegisteredResult",
    "port/ensureAvailable": "PortEnsureAvailableResult",
    "port/allocate": "PortAllocateResult",
    "port/release": "PortReleaseResult",
    "cleanup/run": "CleanupRunResult",
    "process/get": "ProcessGetResult",
    "process/list": "ProcessListResult",
    "process/tree": "ProcessTreeResult",
    "process/usage": "ProcessUsageResult",
    "process/wait": "ProcessWaitResult",
    "process/kill": "ProcessKillResult",
    "shutdown/addHandler": "ShutdownAddHandlerResult",
    "shutdown/removeHandler": "ShutdownRemoveHandlerResult",
    "shutdown/run": "ShutdownReport",
    "instance/acquire": "InstanceAcquireResult",
    "instance/release": "InstanceReleaseResult",
    "instance/query": "InstanceQueryResult",
    "service/start": "ServiceStartResult",
    "service/stop": "ServiceStopResult",
    "service/list": "ServiceListResult",
    "service/get": "ServiceGetResult",
    "service/logs": "ServiceLogsResult",
    "service/write": "ServiceWriteResult",
    "metrics/get": "MetricsGetResult",
    "events/subscribe": "EventsSubscribeResult",
    "events/unsubscribe": "EventsUnsubscribeResult",
}

HOST_CALL_PARAMS: Dict[str, str] = {
    "host/runShutdownHandler": "HostRunShutdownHandlerParams",
    "host/secondInstance": "HostSecondInstanceParams",
}

NOTIFICATION_PARAMS: Dict[str, str] = {
    "$/progress": "ProgressParams",
    "window/logMessage": "WindowLogMessageParams",
    "event/port": "EventPortParams",
    "event/process": "EventProcessParams",
    "event/shutdown": "EventShutdownParams",
    "event/service": "EventServiceParams",
    "event/serviceLog": "EventServiceLogParams",
    "event/instance": "EventInstanceParams",
    "event/overflow": "EventOverflowParams",
}
