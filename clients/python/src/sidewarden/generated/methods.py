# Generated from src/protocol by `npm run generate`; do not edit by hand.
"""The methods of a sidecar, for threads: each waits for its answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Callable, Dict, List, Literal, Optional, Union, cast, overload

if TYPE_CHECKING:
    from . import types as t

# (method, what is always sent, what is sent unless it is None, timeout in seconds) -> the answer
Call = Callable[[str, Dict[str, Any], Dict[str, Any], Optional[float]], Any]

class RpcMethods:
    """rpc/…"""

    def __init__(self, call: Call) -> None:
        self._call = call

    def discover(
        self,
        *,
        timeout: Optional[float] = None,
    ) -> t.RpcDiscoverResult:
        """The OpenRPC document of this very sidecar.

        Answered at any time, also before `initialize`. Equal to the published clients/spec/openrpc.json.

        Args:
            timeout: Seconds, after which the request is cancelled and CallTimeout raised.
        """
        return cast("t.RpcDiscoverResult", self._call("rpc.discover", {}, {}, timeout))

class SidecarMethods:
    """sidecar/…"""

    def __init__(self, call: Call) -> None:
        self._call = call

    def ping(
        self,
        *,
        echo: Any = None,
        timeout: Optional[float] = None,
    ) -> t.SidecarPingResult:
        """Answers at once, from the event loop.

        Args:
            echo: Comes back as it is.
            timeout: Seconds, after which the request is cancelled and CallTimeout raised.
        """
        return cast("t.SidecarPingResult", self._call("sidecar/ping", {}, {"echo": echo}, timeout))

    def status(
        self,
        *,
        timeout: Optional[float] = None,
    ) -> t.SidecarStatusResult:
        """Everything that the sidecar holds for this connection, and how it is itself.

        By what is known: it waits for nobody, so it answers while all threads are busy or hang. Ports are
        as the last look found them, and processes of services as they were when they were started.

        Args:
            timeout: Seconds, after which the request is cancelled and CallTimeout raised.
        """
        return cast("t.SidecarStatusResult", self._call("sidecar/status", {}, {}, timeout))

class LogMethods:
    """log/…"""

    def __init__(self, call: Call) -> None:
        self._call = call

    def error(
        self,
        message: t.Text,
        *,
        name: Optional[t.Text] = None,
        stack: Optional[t.Text] = None,
        context: Optional[Dict[str, Any]] = None,
        timeout: Optional[float] = None,
    ) -> None:
        """Writes an error of the host into the sidecar’s log.

        One line at level `error`. Members of `context` whose names look like credentials are redacted at
        any depth, and so are passwords in URLs. Long texts are cut.

        Args:
            name: Its class, such as `TypeError`.
            message:
            stack:
            context: Whatever helps to understand it.
            timeout: Seconds, after which the request is cancelled and CallTimeout raised.
        """
        self._call("log/error", {"message": message}, {"name": name, "stack": stack, "context": context}, timeout)

class PortMethods:
    """port/…"""

    def __init__(self, call: Call) -> None:
        self._call = call

    def check(
        self,
        port: t.Port,
        *,
        protocol: Optional[t.Protocol] = None,
        host: Optional[str] = None,
        timeout: Optional[float] = None,
    ) -> t.PortCheckResult:
        """Is the port in use, and could it be bound?

        inUse comes from the kernel’s socket table; canBind from rules, confirmed by one bind without
        listen. Nothing is connected to. Without `host`: inUse is a listener on any local address, canBind
        means both wildcards.

        Args:
            port:
            protocol: Which protocol’s port. Default: "tcp".
            host: Only sockets that serve this local address; every local address when absent.
            timeout: Seconds, after which the request is cancelled and CallTimeout raised.

        Raises:
            PermissionDenied, TimedOut, Unsupported
        """
        return cast("t.PortCheckResult", self._call("port/check", {"port": port}, {"protocol": protocol, "host": host}, timeout))

    def find(
        self,
        port: t.Port,
        *,
        protocol: Optional[t.Protocol] = None,
        host: Optional[str] = None,
        timeout: Optional[float] = None,
    ) -> t.PortFindResult:
        """Who holds the port: every listener, never a client of it.

        Args:
            port:
            protocol: Which protocol’s port. Default: "tcp".
            host: Only sockets that serve this local address; every local address when absent.
            timeout: Seconds, after which the request is cancelled and CallTimeout raised.

        Raises:
            PermissionDenied, TimedOut, Unsupported
        """
        return cast("t.PortFindResult", self._call("port/find", {"port": port}, {"protocol": protocol, "host": host}, timeout))

    def list(
        self,
        *,
        protocol: Optional[t.Protocol] = None,
        cursor: Optional[t.Cursor] = None,
        limit: Optional[int] = None,
        timeout: Optional[float] = None,
    ) -> t.PortListResult:
        """Every listener of this machine, with its owners.

        Ordered by port, protocol and address. Each page is a fresh look; `nextCursor` is absent on the
        last.

        Args:
            protocol: Only this protocol; both when absent.
            cursor:
            limit: Entries a page. Default: 1000.
            timeout: Seconds, after which the request is cancelled and CallTimeout raised.

        Raises:
            PermissionDenied, TimedOut, Unsupported
        """
        return cast("t.PortListResult", self._call("port/list", {}, {"protocol": protocol, "cursor": cursor, "limit": limit}, timeout))

    def explain(
        self,
        port: t.Port,
        *,
        protocol: Optional[t.Protocol] = None,
        timeout: Optional[float] = None,
    ) -> t.PortExplainResult:
        """Why a port can or cannot be used, for a person.

        Args:
            port:
            protocol: Only this protocol; both when absent.
            timeout: Seconds, after which the request is cancelled and CallTimeout raised.

        Raises:
            PermissionDenied, TimedOut, Unsupported
        """
        return cast("t.PortExplainResult", self._call("port/explain", {"port": port}, {"protocol": protocol}, timeout))

    def wait(
        self,
        port: t.Port,
        state: t.PortWaitParamsState,
        timeout_ms: t.Duration,
        *,
        protocol: Optional[t.Protocol] = None,
        host: Optional[str] = None,
        timeout: Optional[float] = None,
    ) -> t.PortWaitResult:
        """Waits until the port is in use, or can be bound.

        Looks at once and then on a short interval. A port that is not there in time is `reached: false`,
        not an error.

        Args:
            port:
            protocol: Which protocol’s port. Default: "tcp".
            host: Only sockets that serve this local address; every local address when absent.
            state: `listening`: inUse. `free`: canBind, by the rules alone.
            timeout_ms:
            timeout: Seconds, after which the request is cancelled and CallTimeout raised.

        Raises:
            PermissionDenied, Unsupported
        """
        return cast("t.PortWaitResult", self._call("port/wait", {"port": port, "state": state, "timeoutMs": timeout_ms}, {"protocol": protocol, "host": host}, timeout))

    def kill(
        self,
        *,
        port: Optional[t.Port] = None,
        protocol: Optional[t.Protocol] = None,
        expect: Optional[t.PortKillParamsExpect] = None,
        tree: Optional[bool] = None,
        signal: Optional[t.KillSignal] = None,
        grace_ms: Optional[int] = None,
        force: Optional[bool] = None,
        dry_run: Optional[bool] = None,
        allow_protected: Optional[bool] = None,
        work_done_token: Optional[Union[int, str]] = None,
        plan_id: Optional[str] = None,
        timeout: Optional[float] = None,
    ) -> t.PortKillResult:
        """Ends all holders of a port, and only those.

        A port that is free is `freed` with no outcomes. On UDP with several owners or an ephemeral port
        `expect` is needed.

        Args:
            port: Needed unless there is a planId.
            protocol: Which protocol’s port. Default: "tcp".
            expect: Compared exactly with every holder; one that differs and nobody is signalled.
            tree: With all descendants, found by identity and followed while they grow. Default: false.
            signal: The polite signal, with a SIGCONT behind it. Default: "SIGTERM".
            grace_ms: How long to wait before force. Default: 5000.
            force: SIGKILL for whoever is left after the grace. Default: true.
            dry_run: Touches nobody; answers what would be done, and a planId that does exactly that.
                Default: false.
            allow_protected: Touches also what is protected; never what may never be touched. Default:
                false.
            work_done_token: Asks for $/progress under this token.
            plan_id: From a dry run of this method on this connection, at most 30 s old and used once. No
                other member but workDoneToken goes with it.
            timeout: Seconds, after which the request is cancelled and CallTimeout raised.

        Raises:
            PermissionDenied, InvalidState, Unsupported, ShuttingDown
        """
        return cast("t.PortKillResult", self._call("port/kill", {}, {"port": port, "protocol": protocol, "expect": expect, "tree": tree, "signal": signal, "graceMs": grace_ms, "force": force, "dryRun": dry_run, "allowProtected": allow_protected, "workDoneToken": work_done_token, "planId": plan_id}, timeout))

    def register(
        self,
        port: t.Port,
        name: t.Name,
        *,
        protocol: Optional[t.Protocol] = None,
        timeout: Optional[float] = None,
    ) -> None:
        """Notes that the app uses this port; the next run can clean it up.

        Args:
            port:
            name:
            protocol: Which protocol’s port. Default: "tcp".
            timeout: Seconds, after which the request is cancelled and CallTimeout raised.

        Raises:
            ShuttingDown
        """
        self._call("port/register", {"port": port, "name": name}, {"protocol": protocol}, timeout)

    def unregister(
        self,
        port: t.Port,
        *,
        protocol: Optional[t.Protocol] = None,
        timeout: Optional[float] = None,
    ) -> t.PortUnregisterResult:
        """Forgets a registered port.

        Args:
            port:
            protocol: Which protocol’s port. Default: "tcp".
            timeout: Seconds, after which the request is cancelled and CallTimeout raised.
        """
        return cast("t.PortUnregisterResult", self._call("port/unregister", {"port": port}, {"protocol": protocol}, timeout))

    def registered(
        self,
        *,
        timeout: Optional[float] = None,
    ) -> t.PortRegisteredResult:
        """The ports that this run has registered.

        Args:
            timeout: Seconds, after which the request is cancelled and CallTimeout raised.
        """
        return cast("t.PortRegisteredResult", self._call("port/registered", {}, {}, timeout))

    def ensure_available(
        self,
        port: t.Port,
        *,
        protocol: Optional[t.Protocol] = None,
        max_retries: Optional[int] = None,
        retry_delay_ms: Optional[t.Duration] = None,
        evict: Optional[t.PortEnsureAvailableParamsEvict] = None,
        tree: Optional[bool] = None,
        signal: Optional[t.KillSignal] = None,
        grace_ms: Optional[int] = None,
        force: Optional[bool] = None,
        dry_run: Optional[bool] = None,
        allow_protected: Optional[bool] = None,
        work_done_token: Optional[Union[int, str]] = None,
        timeout: Optional[float] = None,
    ) -> t.PortEnsureAvailableResult:
        """Makes sure that a port can be bound: ends its holders as far as allowed, and tries again.

        Args:
            port:
            protocol: Which protocol’s port. Default: "tcp".
            max_retries: Further attempts after the first. Default: 3.
            retry_delay_ms: Between two attempts. Default: 500.
            evict: Whom to end: nobody, what a dead sidecar of this app has left, or any holder. Default:
                "owned".
            tree: With all descendants. Default: false.
            signal: The polite signal, with a SIGCONT behind it. Default: "SIGTERM".
            grace_ms: How long to wait before force. Default: 5000.
            force: SIGKILL for whoever is left after the grace. Default: true.
            dry_run: Touches nobody; answers what would be done, and a planId that does exactly that.
                Default: false.
            allow_protected: Touches also what is protected; never what may never be touched. Default:
                false.
            work_done_token: Asks for $/progress under this token.
            timeout: Seconds, after which the request is cancelled and CallTimeout raised.

        Raises:
            PermissionDenied, Unsupported, ShuttingDown
        """
        return cast("t.PortEnsureAvailableResult", self._call("port/ensureAvailable", {"port": port}, {"protocol": protocol, "maxRetries": max_retries, "retryDelayMs": retry_delay_ms, "evict": evict, "tree": tree, "signal": signal, "graceMs": grace_ms, "force": force, "dryRun": dry_run, "allowProtected": allow_protected, "workDoneToken": work_done_token}, timeout))

    def allocate(
        self,
        *,
        count: Optional[int] = None,
        preferred: Optional[List[t.Port]] = None,
        range: Optional[t.PortRange] = None,
        host: Optional[str] = None,
        key: Optional[t.Name] = None,
        hold: Optional[bool] = None,
        ttl_ms: Optional[t.Duration] = None,
        timeout: Optional[float] = None,
    ) -> t.PortAllocateResult:
        """Hands out free ports, outside the ephemeral and reserved ranges, each to one caller only.

        Args:
            count: How many. Default: 1.
            preferred: Taken first where they are free, wherever they lie; what a key had before comes even
                before them.
            range: Where to look instead; of it, too, ephemeral, reserved and privileged ports are left out.
            host: The local address they must be free on; every one when absent.
            key: The same ports again for the same key, across restarts, as long as they are free.
            hold: Keep them bound until they are released. Default: false.
            ttl_ms: Released by itself after this.
            timeout: Seconds, after which the request is cancelled and CallTimeout raised.

        Raises:
            Conflict, Unsupported, LimitExceeded, ShuttingDown
        """
        return cast("t.PortAllocateResult", self._call("port/allocate", {}, {"count": count, "preferred": preferred, "range": range, "host": host, "key": key, "hold": hold, "ttlMs": ttl_ms}, timeout))

    def release(
        self,
        lease_ids: List[t.Text],
        *,
        timeout: Optional[float] = None,
    ) -> t.PortReleaseResult:
        """Gives ports back; for 10 s they are not handed out again.

        Args:
            lease_ids:
            timeout: Seconds, after which the request is cancelled and CallTimeout raised.
        """
        return cast("t.PortReleaseResult", self._call("port/release", {"leaseIds": lease_ids}, {}, timeout))

class CleanupMethods:
    """cleanup/…"""

    def __init__(self, call: Call) -> None:
        self._call = call

    def run(
        self,
        *,
        evict: Optional[t.CleanupRunParamsEvict] = None,
        tree: Optional[bool] = None,
        signal: Optional[t.KillSignal] = None,
        grace_ms: Optional[int] = None,
        force: Optional[bool] = None,
        dry_run: Optional[bool] = None,
        allow_protected: Optional[bool] = None,
        work_done_token: Optional[Union[int, str]] = None,
        plan_id: Optional[str] = None,
        timeout: Optional[float] = None,
    ) -> t.CleanupRunResult:
        """Ends what a crashed run of this app has left: its processes, and whoever holds its ports.

        Covers the registrations of this run and of the last one that ended. `owned` is what a dead sidecar
        of this app recorded, by identity; what a live sidecar supervises is protected.

        Args:
            evict: Whom to end on the registered ports: `owned`, or `any` holder. Default: "owned".
            tree: With all descendants. Default: true.
            signal: The polite signal, with a SIGCONT behind it. Default: "SIGTERM".
            grace_ms: How long to wait before force. Default: 5000.
            force: SIGKILL for whoever is left after the grace. Default: true.
            dry_run: Touches nobody; answers what would be done, and a planId that does exactly that.
                Default: false.
            allow_protected: Touches also what is protected; never what may never be touched. Default:
                false.
            work_done_token: Asks for $/progress under this token.
            plan_id: From a dry run of this method on this connection, at most 30 s old and used once. No
                other member but workDoneToken goes with it.
            timeout: Seconds, after which the request is cancelled and CallTimeout raised.

        Raises:
            PermissionDenied, InvalidState, Unsupported, ShuttingDown
        """
        return cast("t.CleanupRunResult", self._call("cleanup/run", {}, {"evict": evict, "tree": tree, "signal": signal, "graceMs": grace_ms, "force": force, "dryRun": dry_run, "allowProtected": allow_protected, "workDoneToken": work_done_token, "planId": plan_id}, timeout))

class ProcessMethods:
    """process/…"""

    def __init__(self, call: Call) -> None:
        self._call = call

    def get(
        self,
        target: t.ProcessRef,
        *,
        timeout: Optional[float] = None,
    ) -> t.ProcessGetResult:
        """One process, or null when it is gone or another than the one meant.

        Args:
            target:
            timeout: Seconds, after which the request is cancelled and CallTimeout raised.

        Raises:
            PermissionDenied, TimedOut, Unsupported
        """
        return cast("t.ProcessGetResult", self._call("process/get", {"target": target}, {}, timeout))

    def list(
        self,
        *,
        filter: Optional[t.ProcessFilter] = None,
        limit: Optional[int] = None,
        cursor: Optional[t.Cursor] = None,
        timeout: Optional[float] = None,
    ) -> t.ProcessListResult:
        """The processes that this user may see, by pid.

        Each page is a fresh look; `nextCursor` is absent on the last. Kernel threads are among them.

        Args:
            filter:
            limit: Processes a page. Default: 1000.
            cursor:
            timeout: Seconds, after which the request is cancelled and CallTimeout raised.

        Raises:
            PermissionDenied, TimedOut, Unsupported
        """
        return cast("t.ProcessListResult", self._call("process/list", {}, {"filter": filter, "limit": limit, "cursor": cursor}, timeout))

    def tree(
        self,
        root: t.ProcessRef,
        *,
        timeout: Optional[float] = None,
    ) -> t.ProcessTreeResult:
        """A process and all its descendants, flat, parents before children.

        A descendant whose parent has ended belongs to another process by then and is not found; supervision
        is for that.

        Args:
            root:
            timeout: Seconds, after which the request is cancelled and CallTimeout raised.

        Raises:
            NotFound, PermissionDenied, TimedOut, IdentityMismatch, Unsupported
        """
        return cast("t.ProcessTreeResult", self._call("process/tree", {"root": root}, {}, timeout))

    def usage(
        self,
        target: t.ProcessRef,
        *,
        tree: Optional[bool] = None,
        interval_ms: Optional[int] = None,
        timeout: Optional[float] = None,
    ) -> t.ProcessUsageResult:
        """CPU over an interval and memory now, of one process or its tree.

        Args:
            target:
            tree: With all its descendants. Default: false.
            interval_ms: Between the two looks at the CPU time. Default: 100.
            timeout: Seconds, after which the request is cancelled and CallTimeout raised.

        Raises:
            NotFound, PermissionDenied, TimedOut, IdentityMismatch, Unsupported
        """
        return cast("t.ProcessUsageResult", self._call("process/usage", {"target": target}, {"tree": tree, "intervalMs": interval_ms}, timeout))

    def wait(
        self,
        target: t.ProcessRef,
        timeout_ms: t.Duration,
        *,
        timeout: Optional[float] = None,
    ) -> t.ProcessWaitResult:
        """Waits until the process has ended; a zombie has.

        A process that is gone, or another than the one meant, has exited. One that lives on is `exited:
        false` at the end of the time, not an error.

        Args:
            target:
            timeout_ms:
            timeout: Seconds, after which the request is cancelled and CallTimeout raised.

        Raises:
            PermissionDenied, Unsupported
        """
        return cast("t.ProcessWaitResult", self._call("process/wait", {"target": target, "timeoutMs": timeout_ms}, {}, timeout))

    def kill(
        self,
        *,
        target: Optional[t.KillTarget] = None,
        tree: Optional[bool] = None,
        signal: Optional[t.KillSignal] = None,
        grace_ms: Optional[int] = None,
        force: Optional[bool] = None,
        dry_run: Optional[bool] = None,
        allow_protected: Optional[bool] = None,
        work_done_token: Optional[Union[int, str]] = None,
        plan_id: Optional[str] = None,
        timeout: Optional[float] = None,
    ) -> t.ProcessKillResult:
        """Ends exactly these processes, politely, then by force, and answers when they are gone.

        Each process is signalled through a handle that was opened before its identity was checked. What
        fails for one is an outcome, not an error. Cancelling stops further escalation; what was begun is
        answered with its outcomes.

        Args:
            target: Needed unless there is a planId.
            tree: With all descendants, found by identity and followed while they grow. Default: true.
            signal: The polite signal, with a SIGCONT behind it. Default: "SIGTERM".
            grace_ms: How long to wait before force. Default: 5000.
            force: SIGKILL for whoever is left after the grace. Default: true.
            dry_run: Touches nobody; answers what would be done, and a planId that does exactly that.
                Default: false.
            allow_protected: Touches also what is protected; never what may never be touched. Default:
                false.
            work_done_token: Asks for $/progress under this token.
            plan_id: From a dry run of this method on this connection, at most 30 s old and used once. No
                other member but workDoneToken goes with it.
            timeout: Seconds, after which the request is cancelled and CallTimeout raised.

        Raises:
            NotFound, PermissionDenied, InvalidState, Unsupported, ShuttingDown
        """
        return cast("t.ProcessKillResult", self._call("process/kill", {}, {"target": target, "tree": tree, "signal": signal, "graceMs": grace_ms, "force": force, "dryRun": dry_run, "allowProtected": allow_protected, "workDoneToken": work_done_token, "planId": plan_id}, timeout))

class ShutdownMethods:
    """shutdown/…"""

    def __init__(self, call: Call) -> None:
        self._call = call

    def add_handler(
        self,
        name: t.Name,
        *,
        order: Optional[int] = None,
        timeout_ms: Optional[t.Duration] = None,
        critical: Optional[bool] = None,
        timeout: Optional[float] = None,
    ) -> t.ShutdownAddHandlerResult:
        """Adds a handler that the host runs when the sidecar shuts down.

        Handlers of the same `order` run in parallel, orders ascending, before any service is stopped. When
        its turn comes the host is asked by host/runShutdownHandler, which needs its capability
        `shutdownHandlers`; without that the step is `unavailable`.

        Args:
            name:
            order: Lower ones run first. Default: 0.
            timeout_ms: How long the host may take; never longer than the whole shutdown leaves it. Default:
                5000.
            critical: Whatever keeps it from being `done` makes the report’s `ok` false and the exit code of
                the sidecar 3. Default: false.
            timeout: Seconds, after which the request is cancelled and CallTimeout raised.

        Raises:
            LimitExceeded, ShuttingDown
        """
        return cast("t.ShutdownAddHandlerResult", self._call("shutdown/addHandler", {"name": name}, {"order": order, "timeoutMs": timeout_ms, "critical": critical}, timeout))

    def remove_handler(
        self,
        handler_id: t.Text,
        *,
        timeout: Optional[float] = None,
    ) -> t.ShutdownRemoveHandlerResult:
        """Removes a shutdown handler.

        Also while the sidecar shuts down: then it is not run, unless it is being run already.

        Args:
            handler_id:
            timeout: Seconds, after which the request is cancelled and CallTimeout raised.
        """
        return cast("t.ShutdownRemoveHandlerResult", self._call("shutdown/removeHandler", {"handlerId": handler_id}, {}, timeout))

    def run(
        self,
        reason: t.Text,
        *,
        deadline_ms: Optional[t.Duration] = None,
        keep_running: Optional[bool] = None,
        work_done_token: Optional[Union[int, str]] = None,
        timeout: Optional[float] = None,
    ) -> t.ShutdownReport:
        """Ends everything in order and reports how it went; with `keepRunning` only handlers and services.

        Handlers, then services, dependants first, then held sockets and locks. While it runs nothing new is
        started: such methods answer ShuttingDown. A second call, or `shutdown`, joins the first, and an
        earlier deadline counts. Without `keepRunning` the connection is over with the answer, as after
        `shutdown`; with it a later shutdown works again, and runs the handlers again.

        Args:
            reason: Why, for the handlers, the report and the log.
            deadline_ms: For all steps together; 500 ms before it whatever is left is killed. Default:
                15000.
            keep_running: The sidecar stays, and so do its locks and leases. Default: false.
            work_done_token: Asks for $/progress under this token.
            timeout: Seconds, after which the request is cancelled and CallTimeout raised.
        """
        return cast("t.ShutdownReport", self._call("shutdown/run", {"reason": reason}, {"deadlineMs": deadline_ms, "keepRunning": keep_running, "workDoneToken": work_done_token}, timeout))

class InstanceMethods:
    """instance/…"""

    def __init__(self, call: Call) -> None:
        self._call = call

    def acquire(
        self,
        *,
        name: Optional[t.Name] = None,
        scope: Optional[t.InstanceAcquireParamsScope] = None,
        path: Optional[t.Text] = None,
        wait_ms: Optional[t.Duration] = None,
        payload: Optional[t.SecondInstancePayload] = None,
        timeout: Optional[float] = None,
    ) -> t.InstanceAcquireResult:
        """Takes the lock of the only instance, or tells the one that has it.

        The lock is the kernel’s (flock): it ends with the sidecar that holds it, and there is no way to
        steal it. One that is held stays so; `payload` is then handed to its host as host/secondInstance,
        and `reply` is what that answered. A first instance that hangs, dies or cannot be asked gives
        `delivered: false` with the reason, 3 s after the waiting at the latest, and is left alone. One that
        is closing is waited for, for up to 5 s or `waitMs`, whichever is longer.

        Args:
            name: Which lock of the app; its appId when absent.
            scope: `user`: one for this user on this machine. `path`: one for a directory, whoever uses it;
                it gets a file `.sidewarden-….lock`. Default: "user".
            path: For scope `path`: an absolute directory that is there.
            wait_ms: How long to wait for a lock that is held, before anything is delivered. Default: 0.
            payload: What a first instance is told; nothing is delivered without it.
            timeout: Seconds, after which the request is cancelled and CallTimeout raised.

        Raises:
            NotFound, PermissionDenied, Conflict, Unsupported, ShuttingDown
        """
        return cast("t.InstanceAcquireResult", self._call("instance/acquire", {}, {"name": name, "scope": scope, "path": path, "waitMs": wait_ms, "payload": payload}, timeout))

    def release(
        self,
        lock_id: t.Text,
        *,
        timeout: Optional[float] = None,
    ) -> t.InstanceReleaseResult:
        """Lets go of a lock; whoever waits for it gets it.

        Args:
            lock_id:
            timeout: Seconds, after which the request is cancelled and CallTimeout raised.
        """
        return cast("t.InstanceReleaseResult", self._call("instance/release", {"lockId": lock_id}, {}, timeout))

    def query(
        self,
        *,
        name: Optional[t.Name] = None,
        scope: Optional[t.InstanceQueryParamsScope] = None,
        path: Optional[t.Text] = None,
        timeout: Optional[float] = None,
    ) -> t.InstanceQueryResult:
        """Who holds the lock. Asks without touching it, so nobody who acquires meanwhile is disturbed.

        Args:
            name: Which lock of the app; its appId when absent.
            scope: `user`: one for this user on this machine. `path`: one for a directory, whoever uses it;
                it gets a file `.sidewarden-….lock`. Default: "user".
            path: For scope `path`: an absolute directory that is there.
            timeout: Seconds, after which the request is cancelled and CallTimeout raised.

        Raises:
            NotFound, PermissionDenied, Unsupported
        """
        return cast("t.InstanceQueryResult", self._call("instance/query", {}, {"name": name, "scope": scope, "path": path}, timeout))

class ServiceMethods:
    """service/…"""

    def __init__(self, call: Call) -> None:
        self._call = call

    def apply(
        self,
        services: List[t.ServiceSpec],
        *,
        prune: Optional[bool] = None,
        timeout: Optional[float] = None,
    ) -> t.ServiceApplyResult:
        """Makes the services be as these specs say: starts, restarts and stops what differs, and nothing else.

        Refused as a whole when one of them could not be started: a bad spec, a circle, a name that nobody
        has, a program that is not there. It is answered when every change has begun, and never waits for
        readiness; event/service tells the rest. What runs, or is about to, by the same spec is left alone,
        and so is what has ended with exit code 0. A service whose dependency is restarted is restarted with
        it.

        Args:
            services:
            prune: Also ends and removes the services of the connection’s own ownerTag that are not among
                these. Default: false.
            timeout: Seconds, after which the request is cancelled and CallTimeout raised.

        Raises:
            SpawnFailed, Unsupported, LimitExceeded, ShuttingDown
        """
        return cast("t.ServiceApplyResult", self._call("service/apply", {"services": services}, {"prune": prune}, timeout))

    def start(
        self,
        *,
        spec: Optional[t.ServiceSpec] = None,
        name: Optional[t.Name] = None,
        wait_for: Optional[t.ServiceStartParamsWaitFor] = None,
        timeout_ms: Optional[int] = None,
        work_done_token: Optional[Union[int, str]] = None,
        timeout: Optional[float] = None,
    ) -> t.ServiceStartResult:
        """Starts a child process that ends with the sidecar, in a session of its own.

        What it depends on is started with it, unless it runs. What it was started for is on disk before it
        runs, so that the next sidecar of this app can end what a crash has left. A running service of that
        name is answered as it is. Waiting ends early, with the status, when it has ended or is given up; at
        the time-out it stays as it is, and `data.service` says how. In `backoff` it is still on its way.

        Args:
            spec: What to start; needed unless `name` is given.
            name: A service that was started before, to be started again as it was.
            wait_for: When to answer: at once, when the program runs, or when it is ready; without a
                readiness probe that is the same. Default: "ready".
            timeout_ms: How long to wait for that. Default: 30000.
            work_done_token: Asks for $/progress under this token.
            timeout: Seconds, after which the request is cancelled and CallTimeout raised.

        Raises:
            NotFound, TimedOut, Conflict, SpawnFailed, Unsupported, LimitExceeded, ShuttingDown
        """
        return cast("t.ServiceStartResult", self._call("service/start", {}, {"spec": spec, "name": name, "waitFor": wait_for, "timeoutMs": timeout_ms, "workDoneToken": work_done_token}, timeout))

    def stop(
        self,
        *,
        name: Optional[t.Name] = None,
        group: Optional[t.Name] = None,
        grace_ms: Optional[int] = None,
        work_done_token: Optional[Union[int, str]] = None,
        timeout: Optional[float] = None,
    ) -> t.ServiceStopResult:
        """Ends services with all that belongs to them, politely, then by force.

        Whatever depends on them ends first, and is answered behind them. They stay in the list.

        Args:
            name: Which service; this or `group`.
            group: All services of a group.
            grace_ms: Before SIGKILL; the spec’s own when absent.
            work_done_token: Asks for $/progress under this token.
            timeout: Seconds, after which the request is cancelled and CallTimeout raised.

        Raises:
            NotFound
        """
        return cast("t.ServiceStopResult", self._call("service/stop", {}, {"name": name, "group": group, "graceMs": grace_ms, "workDoneToken": work_done_token}, timeout))

    def restart(
        self,
        *,
        name: Optional[t.Name] = None,
        group: Optional[t.Name] = None,
        grace_ms: Optional[int] = None,
        work_done_token: Optional[Union[int, str]] = None,
        timeout: Optional[float] = None,
    ) -> t.ServiceRestartResult:
        """Ends services as service/stop does, and starts them again, with the dependants that it stopped.

        Answered when their programs run or have failed to; readiness is not waited for. Nothing is ended
        when a program is not there any more. Ports that are handed over (passFd) stay open meanwhile.

        Args:
            name: Which service; this or `group`.
            group: All services of a group.
            grace_ms: Before SIGKILL; the spec’s own when absent.
            work_done_token: Asks for $/progress under this token.
            timeout: Seconds, after which the request is cancelled and CallTimeout raised.

        Raises:
            NotFound, SpawnFailed, ShuttingDown
        """
        return cast("t.ServiceRestartResult", self._call("service/restart", {}, {"name": name, "group": group, "graceMs": grace_ms, "workDoneToken": work_done_token}, timeout))

    def remove(
        self,
        *,
        name: Optional[t.Name] = None,
        group: Optional[t.Name] = None,
        grace_ms: Optional[int] = None,
        work_done_token: Optional[Union[int, str]] = None,
        timeout: Optional[float] = None,
    ) -> t.ServiceRemoveResult:
        """Ends services as service/stop does, and forgets them with their output and their ports.

        Dependants are ended and stay; they cannot be started again before there is such a service. One that
        could not be ended is not forgotten.

        Args:
            name: Which service; this or `group`.
            group: All services of a group.
            grace_ms: Before SIGKILL; the spec’s own when absent.
            work_done_token: Asks for $/progress under this token.
            timeout: Seconds, after which the request is cancelled and CallTimeout raised.

        Raises:
            NotFound
        """
        return cast("t.ServiceRemoveResult", self._call("service/remove", {}, {"name": name, "group": group, "graceMs": grace_ms, "workDoneToken": work_done_token}, timeout))

    def signal(
        self,
        name: t.Name,
        signal: t.ServiceSignalParamsSignal,
        *,
        timeout: Optional[float] = None,
    ) -> None:
        """Sends a signal to the process of a service, and to nobody else.

        An end by it counts like any other end that service/stop has not asked for: what follows is as the
        spec’s `restart` says. On Windows SIGKILL alone is supported.

        Args:
            name:
            signal:
            timeout: Seconds, after which the request is cancelled and CallTimeout raised.

        Raises:
            NotFound, InvalidState, Unsupported
        """
        self._call("service/signal", {"name": name, "signal": signal}, {}, timeout)

    def list(
        self,
        *,
        group: Optional[t.Name] = None,
        timeout: Optional[float] = None,
    ) -> t.ServiceListResult:
        """All services of this connection, by name, or those of a group.

        By what is known; `process` is as it was when it was started. service/get looks at it.

        Args:
            group:
            timeout: Seconds, after which the request is cancelled and CallTimeout raised.
        """
        return cast("t.ServiceListResult", self._call("service/list", {}, {"group": group}, timeout))

    def get(
        self,
        name: t.Name,
        *,
        timeout: Optional[float] = None,
    ) -> t.ServiceGetResult:
        """One service, or null when none was ever started under that name.

        Args:
            name:
            timeout: Seconds, after which the request is cancelled and CallTimeout raised.
        """
        return cast("t.ServiceGetResult", self._call("service/get", {"name": name}, {}, timeout))

    def logs(
        self,
        name: t.Name,
        *,
        tail: Optional[int] = None,
        since_seq: Optional[int] = None,
        timeout: Optional[float] = None,
    ) -> t.ServiceLogsResult:
        """What a service wrote last.

        From memory (`logs.ringBytes`), over all its starts. To follow, give the `nextSeq` of one answer as
        the `sinceSeq` of the next, or subscribe to the topic serviceLog.

        Args:
            name:
            tail: So many of the newest lines; all when absent.
            since_seq: Only this line and those after it.
            timeout: Seconds, after which the request is cancelled and CallTimeout raised.

        Raises:
            NotFound
        """
        return cast("t.ServiceLogsResult", self._call("service/logs", {"name": name}, {"tail": tail, "sinceSeq": since_seq}, timeout))

    def write(
        self,
        name: t.Name,
        data_base64: t.Text,
        *,
        end: Optional[bool] = None,
        timeout: Optional[float] = None,
    ) -> None:
        """Writes to the standard input of a service.

        For a service with `stdin: pipe` that runs. Answered when the system has taken the bytes: a program
        that does not read keeps the answer waiting, and a cancelled one may have got a part.

        Args:
            name:
            data_base64: The bytes, in base64 (RFC 4648, section 4); none to only end it.
            end: Close it afterwards. Default: false.
            timeout: Seconds, after which the request is cancelled and CallTimeout raised.

        Raises:
            NotFound, Conflict, InvalidState
        """
        self._call("service/write", {"name": name, "dataBase64": data_base64}, {"end": end}, timeout)

class MetricsMethods:
    """metrics/…"""

    def __init__(self, call: Call) -> None:
        self._call = call

    def get(
        self,
        *,
        timeout: Optional[float] = None,
    ) -> t.MetricsGetResult:
        """Numbers for a monitoring system, as OpenMetrics text.

        Services (up, ready, healthy, restarts, processes, CPU time, memory, lifetime, and the same by
        group), managed ports, requests by method and outcome with their durations, threads, and the lag of
        the event loop, which is watched from the first question on. The sidecar opens no port for it: serve
        the text where your application serves its own.

        Args:
            timeout: Seconds, after which the request is cancelled and CallTimeout raised.
        """
        return cast("t.MetricsGetResult", self._call("metrics/get", {}, {}, timeout))

class EventsMethods:
    """events/…"""

    def __init__(self, call: Call) -> None:
        self._call = call

    def subscribe(
        self,
        topics: List[t.Topic],
        *,
        filter: Optional[t.EventFilter] = None,
        interval_ms: Optional[int] = None,
        timeout: Optional[float] = None,
    ) -> t.EventsSubscribeResult:
        """Asks for notifications; answers with how things stand.

        Ports and processes are sampled every intervalMs, what happens in between is not seen; a process’
        end is noticed at once where handles are available. A host that does not read loses events, not
        memory: event/overflow counts them.

        Args:
            topics:
            filter:
            interval_ms: Between two samples. Default: 1000.
            timeout: Seconds, after which the request is cancelled and CallTimeout raised.

        Raises:
            PermissionDenied, Unsupported, LimitExceeded
        """
        return cast("t.EventsSubscribeResult", self._call("events/subscribe", {"topics": topics}, {"filter": filter, "intervalMs": interval_ms}, timeout))

    def unsubscribe(
        self,
        subscription_id: t.Text,
        *,
        timeout: Optional[float] = None,
    ) -> t.EventsUnsubscribeResult:
        """Ends a subscription; nothing of it follows the answer.

        Args:
            subscription_id:
            timeout: Seconds, after which the request is cancelled and CallTimeout raised.
        """
        return cast("t.EventsUnsubscribeResult", self._call("events/unsubscribe", {"subscriptionId": subscription_id}, {}, timeout))

class Nouns:
    def __init__(self, call: Call) -> None:
        self.rpc = RpcMethods(call)
        self.sidecar = SidecarMethods(call)
        self.log = LogMethods(call)
        self.port = PortMethods(call)
        self.cleanup = CleanupMethods(call)
        self.process = ProcessMethods(call)
        self.shutdown = ShutdownMethods(call)
        self.instance = InstanceMethods(call)
        self.service = ServiceMethods(call)
        self.metrics = MetricsMethods(call)
        self.events = EventsMethods(call)

class Listening:
    @overload
    def on(self, event: Literal["$/progress"], listener: Callable[[t.ProgressParams], object]) -> Callable[[], None]: ...

    @overload
    def on(self, event: Literal["window/logMessage"], listener: Callable[[t.WindowLogMessageParams], object]) -> Callable[[], None]: ...

    @overload
    def on(self, event: Literal["port"], listener: Callable[[t.EventPortParams], object]) -> Callable[[], None]: ...

    @overload
    def on(self, event: Literal["process"], listener: Callable[[t.EventProcessParams], object]) -> Callable[[], None]: ...

    @overload
    def on(self, event: Literal["shutdown"], listener: Callable[[t.EventShutdownParams], object]) -> Callable[[], None]: ...

    @overload
    def on(self, event: Literal["service"], listener: Callable[[t.EventServiceParams], object]) -> Callable[[], None]: ...

    @overload
    def on(self, event: Literal["serviceLog"], listener: Callable[[t.EventServiceLogParams], object]) -> Callable[[], None]: ...

    @overload
    def on(self, event: Literal["instance"], listener: Callable[[t.EventInstanceParams], object]) -> Callable[[], None]: ...

    @overload
    def on(self, event: Literal["overflow"], listener: Callable[[t.EventOverflowParams], object]) -> Callable[[], None]: ...

    def on(self, event: str, listener: Callable[[Any], object]) -> Callable[[], None]:
        """Calls `listener` for each such notification, in order, beside what else it may be awaited by.

        An event is named by its topic; subscribe only after this. Answers the function that ends it.
        """
        return self._listen(event, listener)

    def _listen(self, event: str, listener: Callable[[Any], object]) -> Callable[[], None]:
        raise NotImplementedError
