import { expectTypeOf, test } from 'vitest';
import {
  type CallOptions,
  type Events,
  type HostCalls,
  isSidecarError,
  type Launch,
  launchNode,
  launchUtilityProcess,
  type Methods,
  type Notifications,
  type Registration,
  Sidecar,
  type SidecarError,
  type SidecarOptions,
  type Subscription,
  type types,
} from '../../clients/typescript/index.ts';
import type { getProcessManager } from '../../clients/typescript/processManager/index.ts';
import type {
  HostCallName,
  HostCallParams,
  HostCallResult,
  MethodName,
  NotificationParams,
  Params,
  Result,
  ServerNotificationName,
} from '../../src/protocol/methods/index.ts';

/* What the compiler holds the client to; `npm test` runs it as part of the type check. */

test('every method takes what zod takes, and answers what zod answers, or what a newer sidecar may', () => {
  expectTypeOf<keyof Methods>().toEqualTypeOf<MethodName>();
  expectTypeOf<{ [Name in MethodName]: Methods[Name]['params'] extends Params<Name> ? never : Name }[MethodName]>().toBeNever();
  expectTypeOf<{ [Name in MethodName]: Result<Name> extends Methods[Name]['result'] ? never : Name }[MethodName]>().toBeNever();
  expectTypeOf<{ [Name in MethodName]: Params<Name> extends Methods[Name]['params'] ? never : Name }[MethodName]>().toBeNever();
});

test('so do notifications and host calls', () => {
  type Event = ServerNotificationName;
  expectTypeOf<keyof Notifications>().toEqualTypeOf<Event>();
  expectTypeOf<{ [Name in Event]: NotificationParams<Name> extends Notifications[Name] ? never : Name }[Event]>().toBeNever();
  expectTypeOf<keyof HostCalls>().toEqualTypeOf<HostCallName>();
  expectTypeOf<
    { [Name in HostCallName]: HostCallParams<Name> extends HostCalls[Name]['params'] ? never : Name }[HostCallName]
  >().toBeNever();
  expectTypeOf<
    { [Name in HostCallName]: HostCalls[Name]['result'] extends HostCallResult<Name> ? never : Name }[HostCallName]
  >().toBeNever();
});

test('enums are open where they are received and closed where they are sent', () => {
  expectTypeOf<'somethingNew'>().toExtend<types.KillOutcome['outcome']>();
  expectTypeOf<'somethingNew'>().not.toExtend<types.ProcessKillParams['signal']>();
  // @ts-expect-error a misspelt signal
  ({ signal: 'SIGTREM' }) satisfies types.ProcessKillParams;
  // @ts-expect-error a kind that there is not
  ({ kind: 'proces', pid: 1 }) satisfies types.KillTarget;
});

test('the nouns are methods', () => {
  type Find = Sidecar['port']['find'];
  expectTypeOf<Parameters<Find>[0]>().toEqualTypeOf<types.PortFindParams>();
  expectTypeOf<Awaited<ReturnType<Find>>>().toEqualTypeOf<types.PortFindResult>();
  // Params without a required member may be left out.
  expectTypeOf<Sidecar['port']['registered']>().toBeCallableWith();
  // @ts-expect-error the port is missing
  expectTypeOf<Find>().toBeCallableWith();
  expectTypeOf(Sidecar.spawn).returns.resolves.toExtend<AsyncDisposable>();
});

test('a listener knows what its event carries', () => {
  const listen = (sidecar: Sidecar): Subscription[] => [
    sidecar.on('port', (event) => expectTypeOf(event).toEqualTypeOf<Events['port']>(), { filter: { ports: [3000] } }),
    sidecar.on('restarted', ({ lost }) => expectTypeOf(lost[0]?.name).toEqualTypeOf<string | undefined>()),
    // @ts-expect-error no such topic
    sidecar.on('ports', () => {}),
  ];
  expectTypeOf(listen).returns.toEqualTypeOf<Subscription[]>();
});

test('an error is narrowed by its kind, and a newer sidecar may have other kinds', () => {
  const narrow = (error: unknown) => {
    if (isSidecarError(error, 'InvalidParams')) expectTypeOf(error.data.issues[0]?.path).toEqualTypeOf<string | undefined>();
    if (isSidecarError(error, 'Disconnected')) expectTypeOf(error.data).toEqualTypeOf<Record<string, unknown>>();
    // @ts-expect-error no such kind
    isSidecarError(error, 'NotFond');
  };
  expectTypeOf(narrow).parameter(0).toBeUnknown();
  expectTypeOf<'somethingNew'>().toExtend<SidecarError['kind']>();
});

test('what the host is asked is typed both ways', () => {
  const host = (sidecar: Sidecar): Registration => {
    sidecar.onSecondInstance(({ payload, from }) => {
      expectTypeOf(from.pid).toEqualTypeOf<number>();
      return { handled: payload !== undefined, reply: 1 };
    });
    // @ts-expect-error an answer says whether it was handled
    sidecar.onSecondInstance(() => ({ reply: 1 }));
    return sidecar.onShutdown('save', ({ remainingMs, signal }) => {
      expectTypeOf(remainingMs).toEqualTypeOf<number>();
      expectTypeOf(signal).toEqualTypeOf<AbortSignal>();
    });
  };
  expectTypeOf(host).returns.toExtend<AsyncDisposable>();
});

test('a call takes its options behind its params, and a launch is whatever starts one', () => {
  expectTypeOf<Parameters<Sidecar['process']['kill']>[1]>().toEqualTypeOf<CallOptions | undefined>();
  expectTypeOf(launchNode).returns.toEqualTypeOf<Launch>();
  expectTypeOf(launchUtilityProcess).returns.toEqualTypeOf<Launch>();
  expectTypeOf<SidecarOptions['launch']>().toEqualTypeOf<Launch | undefined>();
  expectTypeOf<{ appId: string }>().toExtend<SidecarOptions>();
  // @ts-expect-error whose ports and processes?
  ({ restarts: false }) satisfies SidecarOptions;
});

test('the process manager has the calls of the class of old', () => {
  type Manager = ReturnType<typeof getProcessManager>;
  expectTypeOf<Manager['enforceSingleInstance']>().returns.resolves.toEqualTypeOf<boolean>();
  expectTypeOf<Manager['findProcessByPort']>().returns.resolves.toEqualTypeOf<{ pid: number | null; name: string | null }>();
  expectTypeOf<Parameters<Manager['ensurePortAvailable']>[1]>().toEqualTypeOf<number | undefined>();
  expectTypeOf<Awaited<ReturnType<Manager['getProcessStatus']>>['startTime']>().toEqualTypeOf<Date>();
});
