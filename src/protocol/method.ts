import * as z from 'zod/mini';
import type { ErrorKind } from './errors.ts';

/*
 * How a method is said: once, here, as a value. Types, validation, dispatch, OpenRPC, JSON Schema, clients and
 * the method tables are derived from it.
 */

/**
 * Which way a request goes through the sidecar, and which budget it counts against.
 * - `life`: the life cycle and its like; answered on the event loop, never counted, never refused as Overloaded.
 * - `look`: asks the system in a pool thread; may be cancelled at any time.
 * - `wait`: stays open until something happens; has a budget of its own.
 * - `act`: changes something outside; once begun it answers with its outcomes.
 * - `state`: changes only what the sidecar remembers.
 */
export type Lane = 'life' | 'look' | 'wait' | 'act' | 'state';

export interface Example<Params, Result> {
  name: string;
  params: Params;
  result: Result;
}

export interface MethodDefinition<
  Name extends string = string,
  LaneOfIt extends Lane = Lane,
  Params extends z.ZodMiniType = z.ZodMiniType,
  Result extends z.ZodMiniType = z.ZodMiniType,
> {
  name: Name;
  lane: LaneOfIt;
  summary: string;
  description?: string;
  params: Params;
  result: Result;
  /** The kinds that this method may answer beyond those that every method may. */
  errors: readonly ErrorKind[];
  examples: readonly Example<z.infer<Params>, z.infer<Result>>[];
}

/** A request that the sidecar makes of the host. */
export interface HostCallDefinition<
  Name extends string = string,
  Params extends z.ZodMiniType = z.ZodMiniType,
  Result extends z.ZodMiniType = z.ZodMiniType,
> {
  name: Name;
  summary: string;
  description?: string;
  params: Params;
  result: Result;
  examples: readonly Example<z.infer<Params>, z.infer<Result>>[];
}

export interface NotificationDefinition<Name extends string = string, Params extends z.ZodMiniType = z.ZodMiniType> {
  name: Name;
  summary: string;
  params: Params;
  examples: readonly z.infer<Params>[];
}

/** A request that a host may make. Its params and result become the named types `<Name>Params` and `<Name>Result`. */
export function defineMethod<
  const Name extends string,
  const LaneOfIt extends Lane,
  Params extends z.ZodMiniType,
  Result extends z.ZodMiniType,
>(definition: MethodDefinition<Name, LaneOfIt, Params, Result>): MethodDefinition<Name, LaneOfIt, Params, Result> {
  nameType(definition.params, `${typeName(definition.name)}Params`, `What ${definition.name} takes.`);
  nameType(definition.result, `${typeName(definition.name)}Result`, `What ${definition.name} answers.`);
  return definition;
}

/** A request in the other direction. Its params and result become the named types `<Name>Params` and `<Name>Result`. */
export function defineHostCall<const Name extends string, Params extends z.ZodMiniType, Result extends z.ZodMiniType>(
  definition: HostCallDefinition<Name, Params, Result>,
): HostCallDefinition<Name, Params, Result> {
  nameType(definition.params, `${typeName(definition.name)}Params`, `What ${definition.name} takes.`);
  nameType(definition.result, `${typeName(definition.name)}Result`, `What ${definition.name} expects.`);
  return definition;
}

/** A notification, in either direction. Its params become the named type `<Name>Params`. */
export function defineNotification<const Name extends string, Params extends z.ZodMiniType>(
  definition: NotificationDefinition<Name, Params>,
): NotificationDefinition<Name, Params> {
  nameType(definition.params, `${typeName(definition.name)}Params`, `What ${definition.name} carries.`);
  return definition;
}

/** `port/find` → `PortFind`, `$/cancelRequest` → `CancelRequest`, `rpc.discover` → `RpcDiscover`. */
export function typeName(method: string): string {
  return method
    .split(/[^A-Za-z0-9]+/)
    .filter((word) => word !== '')
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join('');
}

/** The id under which a schema is published, if it has one. */
export function publishedId(schema: z.core.$ZodType): string | undefined {
  return z.globalRegistry.get(schema)?.id;
}

function nameType(schema: z.ZodMiniType, id: string, description: string): void {
  if (publishedId(schema) === undefined) z.globalRegistry.add(schema, { id, description });
}
