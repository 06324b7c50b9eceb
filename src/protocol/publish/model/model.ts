/*
 * The intermediate form: the protocol as plain data that knows no programming language. An emitter turns it into the
 * types and methods of one language; what it does not say (transport, queueing, restarts) is written by hand there.
 *
 * - Everything is named. What stands inline in the protocol (an enum of one member, a small object) is a named type here,
 *   `<Owner><Member>`, so that no emitter has to invent a name. Names are unique and UpperCamel; member names are the wire's.
 * - `sent` and `received` say which way a type travels, seen from the client. What is received is open: a member, an enum
 *   value or a kind that the client does not know must decode, and survive a round trip. What is sent is checked by the
 *   sidecar: an unknown enum value or kind is InvalidParams.
 * - An absent member is left out, never sent as null: a `strict` struct refuses null and unknown members.
 * - A default is applied by the sidecar; it is told for documentation only.
 * - Integers lie within ±(2^53 − 1) unless bounds are given, so a 64-bit integer holds every one.
 */

export interface Model {
  /** Of sidewarden, of which these are the types. */
  version: string;
  /** By name, in alphabetical order. */
  types: NamedType[];
  /** What a client may ask the sidecar. */
  methods: Method[];
  /** What the sidecar may ask a client that declared the capability; it has to be answered. */
  hostCalls: Method[];
  /** What neither side answers. */
  notifications: Notification[];
  /** What `error.data.kind` may say. A client treats a kind it does not know as an error like any other. */
  errors: ErrorKind[];
}

export type NamedType = Alias | Enum | Struct | Union;

interface Named {
  name: string;
  /** Sentences; absent where the name says it all. */
  description?: string;
  /** Reachable from what a client sends. */
  sent: boolean;
  /** Reachable from what a client receives. */
  received: boolean;
}

/** A name for a scalar, array or map: `Port`, `Timestamp`. */
export interface Alias extends Named {
  kind: 'alias';
  type: Type;
}

/** Strings, one of these; open where it is received. */
export interface Enum extends Named {
  kind: 'enum';
  values: string[];
}

/** An object. Unknown members of a received one are kept or ignored, never an error. */
export interface Struct extends Named {
  kind: 'struct';
  members: Member[];
  /** The sidecar refuses unknown members and null in it. */
  strict: boolean;
}

/** One of several structs, told apart by the string in their member `tag`; open where it is received. */
export interface Union extends Named {
  kind: 'union';
  tag: string;
  /** `type` is the name of a struct whose member `tag` is the literal `value`. */
  variants: { value: string; type: string }[];
}

export interface Member {
  name: string;
  type: Type;
  required: boolean;
  description?: string;
  /** What the sidecar takes where it is absent. */
  default?: unknown;
}

export type Type =
  | { kind: 'named'; name: string }
  | { kind: 'integer'; minimum?: number; maximum?: number }
  | { kind: 'number'; minimum?: number; maximum?: number }
  | { kind: 'string'; minLength?: number; maxLength?: number }
  | { kind: 'boolean' }
  /** Always null: the result of a method that has nothing to say. */
  | { kind: 'null' }
  /** Any JSON value. */
  | { kind: 'any' }
  /** This string: the tag of a variant. */
  | { kind: 'literal'; value: string }
  | { kind: 'array'; items: Type; minItems?: number; maxItems?: number }
  | { kind: 'map'; values: Type }
  /** `of`, or null: looked, and there is none or it may not be seen. */
  | { kind: 'nullable'; of: Type }
  /** An integer or a string: an id or a token. */
  | { kind: 'integerOrString' };

export interface Method {
  /** As on the wire: `port/find`. */
  name: string;
  /** Its words, for `client.port.find()`: `['port', 'find']`, `['shutdown']`. */
  path: string[];
  summary: string;
  description?: string;
  /** The name of a struct, possibly without members. */
  params: string;
  result: Type;
  /** How a request is counted: `life` never, `wait` in limits.waitsInFlight, all others in limits.requestsInFlight. Of no host call. */
  lane?: 'life' | 'look' | 'wait' | 'act' | 'state';
  /** The error kinds that it may answer. */
  errors: string[];
  examples: { name: string; params: Record<string, unknown>; result: unknown }[];
}

export interface Notification {
  name: string;
  path: string[];
  /** `received` comes from the sidecar, `sent` goes to it. */
  direction: 'sent' | 'received';
  summary: string;
  /** The name of a struct. */
  params: string;
  examples: Record<string, unknown>[];
}

export interface ErrorKind {
  kind: string;
  code: number;
  summary: string;
  /** The name of the struct of `error.data`; its member `kind` is the literal. */
  data: string;
}
