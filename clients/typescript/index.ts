/* What `sidewarden/client` gives. */

import type * as types from './generated/types.ts';

export { type AnyErrorKind, isSidecarError, type LocalErrorKind, SidecarError } from './errors.ts';
export type { Events, HostCalls, Methods, Notifications, Nouns } from './generated/methods.ts';
export type { Registration, SecondInstance, SecondInstanceHandler, Shutdown, ShutdownHandlerOptions } from './hostCalls.ts';
export type { Ending, Launch, Launched } from './launch/launch.ts';
export { launchNode, type NodeLaunchOptions } from './launch/node.ts';
export { launchUtilityProcess, type UtilityProcess, type UtilityProcessLaunchOptions } from './launch/utilityProcess.ts';
export type { CallOptions } from './options.ts';
export type { Lost } from './replay.ts';
export type { Restarts } from './restart.ts';
export { type LocalEvents, Sidecar, type SidecarOptions } from './sidecar.ts';
export type { SubscribeOptions, Subscription } from './subscriptions.ts';
/** Every type of the protocol: `types.PortEntry`. */
export type { types };
