import type { JsonSchema } from '../jsonSchema.ts';
import { markDirections } from './directions.ts';
import type { ErrorKind, Method, Model, Notification } from './model.ts';
import { readTypes } from './readTypes.ts';

/** The published OpenRPC document, as far as it is read here. */
export interface OpenrpcDocument {
  info: { version: string };
  methods: OpenrpcMethod[];
  components: { schemas: Record<string, JsonSchema>; errors: Record<string, OpenrpcError> };
}

interface OpenrpcMethod {
  name: string;
  summary: string;
  description?: string;
  result?: { schema: JsonSchema };
  errors?: { $ref: string }[];
  examples: { name: string; params: { name: string; value: unknown }[]; result?: { value: unknown } }[];
  'x-direction': 'clientToServer' | 'serverToClient';
  'x-lane'?: Method['lane'];
  'x-params': string;
}

interface OpenrpcError {
  code: number;
  message: string;
  data: { $ref: string };
}

/** The intermediate form, from what is published and nothing else. */
export function modelOf({ info, methods, components }: OpenrpcDocument): Model {
  const types = readTypes(components.schemas);
  const requests = methods.filter(({ result }) => result !== undefined);
  const model: Model = {
    version: info.version,
    types,
    methods: requests.filter((one) => one['x-direction'] === 'clientToServer').map(readMethod),
    hostCalls: requests.filter((one) => one['x-direction'] === 'serverToClient').map(readMethod),
    notifications: methods.filter(({ result }) => result === undefined).map(readNotification),
    errors: Object.entries(components.errors).map(readError),
  };
  markDirections(model);
  return model;
}

function readMethod(method: OpenrpcMethod): Method {
  const { name, summary, description, result, errors = [], examples } = method;
  const lane = method['x-lane'];
  return {
    name,
    path: pathOf(name),
    summary,
    ...(description !== undefined && { description }),
    params: method['x-params'],
    result: { kind: 'named', name: lastWord((result as { schema: { $ref: string } }).schema.$ref) },
    ...(lane !== undefined && { lane }),
    errors: errors.map(({ $ref }) => lastWord($ref)),
    examples: examples.map((example) => ({
      name: example.name,
      params: readExampleParams(example.params),
      result: example.result?.value,
    })),
  };
}

function readNotification(method: OpenrpcMethod): Notification {
  return {
    name: method.name,
    path: pathOf(method.name),
    direction: method['x-direction'] === 'serverToClient' ? 'received' : 'sent',
    summary: method.summary,
    params: method['x-params'],
    examples: method.examples.map(({ params }) => readExampleParams(params)),
  };
}

function readError([kind, { code, message, data }]: [string, OpenrpcError]): ErrorKind {
  return { kind, code, summary: message, data: lastWord(data.$ref) };
}

const readExampleParams = (params: { name: string; value: unknown }[]) =>
  Object.fromEntries(params.map(({ name, value }) => [name, value]));

/** `port/find` → port, find; `rpc.discover` → rpc, discover; `$/progress` → progress. */
const pathOf = (name: string) => name.split(/[^A-Za-z0-9]+/).filter((word) => word !== '');

const lastWord = (ref: string) => ref.slice(ref.lastIndexOf('/') + 1);
