import { errorCatalogue } from '../errorCatalogue.ts';
import type { ErrorKind } from '../errors.ts';
import type { HostCallDefinition, Lane, MethodDefinition, NotificationDefinition } from '../method.ts';
import { publishedId } from '../method.ts';
import { clientNotifications, hostCalls, type MethodName, methods, serverNotifications } from '../methods/index.ts';
import { whileShuttingDown } from '../methods/whileShuttingDown.ts';
import { type JsonSchema, namedTypes } from './jsonSchema.ts';

const schemas = '#/components/schemas/';

type Direction = 'clientToServer' | 'serverToClient';

/** The OpenRPC 1.3.2 document: what rpc.discover answers and clients/spec/openrpc.json holds. */
export function openrpcDocument(version: string): Record<string, unknown> {
  const types = namedTypes(schemas);
  return {
    openrpc: '1.3.2',
    info: {
      title: 'sidewarden',
      description:
        'A sidecar that answers questions about ports and processes, by JSON-RPC 2.0 over stdio. Params are one object of named members. A method without a result is a notification.',
      version,
      license: { name: 'MIT' },
    },
    methods: [
      ...Object.values(methods).map((method) => describeMethod(method as unknown as MethodDefinition, types)),
      ...Object.values(hostCalls).map((one) => describeHostCall(one as unknown as HostCallDefinition, types)),
      ...Object.values(clientNotifications).map((one) =>
        describeNotification(one as unknown as NotificationDefinition, 'clientToServer', types),
      ),
      ...Object.values(serverNotifications).map((one) =>
        describeNotification(one as unknown as NotificationDefinition, 'serverToClient', types),
      ),
    ],
    components: { schemas: types, errors: describeErrors() },
    'x-extensions': extensions,
  };
}

/**
 * What any method of a lane may answer beside its own errors; ParseError and MethodNotFound are missing because they
 * never answer a request to a method that exists.
 */
export function commonErrors(method: string, lane: Lane): ErrorKind[] {
  const always: ErrorKind[] = ['InvalidRequest', 'InvalidParams', 'InternalError'];
  if (whileShuttingDown[method as MethodName] === 'refused') always.push('ShuttingDown');
  if (method !== 'initialize' && method !== 'rpc.discover') always.push('NotInitialized');
  if (lane === 'life') return always;
  if (lane !== 'state') always.push('RequestCancelled');
  return [...always, 'Overloaded'];
}

/** All kinds that a method may answer, in the catalogue's order. */
export function errorsOf(method: MethodDefinition): ErrorKind[] {
  const kinds = new Set<ErrorKind>([...commonErrors(method.name, method.lane), ...method.errors]);
  return (Object.keys(errorCatalogue) as ErrorKind[]).filter((kind) => kinds.has(kind));
}

function describeMethod(method: MethodDefinition, types: Record<string, JsonSchema>): Record<string, unknown> {
  return {
    ...describeRequest(method, types),
    errors: errorsOf(method).map((kind) => ({ $ref: `#/components/errors/${kind}` })),
    'x-direction': 'clientToServer' satisfies Direction,
    'x-lane': method.lane,
  };
}

function describeHostCall(call: HostCallDefinition, types: Record<string, JsonSchema>): Record<string, unknown> {
  return { ...describeRequest(call, types), 'x-direction': 'serverToClient' satisfies Direction };
}

function describeRequest(request: MethodDefinition | HostCallDefinition, types: Record<string, JsonSchema>): Record<string, unknown> {
  const resultType = publishedId(request.result) as string;
  return {
    ...describeCall(request, types),
    result: { name: resultType, required: true, schema: { $ref: schemas + resultType } },
    examples: request.examples.map(({ name, params, result }) => ({
      name,
      params: describeExampleParams(params as object),
      result: { name: resultType, value: result },
    })),
  };
}

function describeNotification(
  notification: NotificationDefinition,
  direction: Direction,
  types: Record<string, JsonSchema>,
): Record<string, unknown> {
  return {
    ...describeCall(notification, types),
    examples: notification.examples.map((params, index) => ({
      name: `example ${index + 1}`,
      params: describeExampleParams(params as object),
    })),
    'x-direction': direction,
  };
}

function describeCall(
  definition: MethodDefinition | HostCallDefinition | NotificationDefinition,
  types: Record<string, JsonSchema>,
): Record<string, unknown> {
  const paramsType = publishedId(definition.params) as string;
  const { properties = {}, required = [] } = types[paramsType] as JsonSchema;
  // OpenRPC wants the required ones first, also where they go by name.
  const names = Object.keys(properties).sort((left, right) => Number(required.includes(right)) - Number(required.includes(left)));
  return {
    name: definition.name,
    summary: definition.summary,
    ...('description' in definition ? { description: definition.description } : {}),
    paramStructure: 'by-name',
    params: names.map((name) => describeParam(name, properties[name] as JsonSchema, required.includes(name))),
    'x-params': paramsType,
  };
}

function describeParam(name: string, schema: JsonSchema, required: boolean): Record<string, unknown> {
  const { description } = schema;
  return { name, ...(description === undefined ? {} : { description }), required, schema };
}

const describeExampleParams = (params: object) => Object.entries(params).map(([name, value]) => ({ name, value }));

function describeErrors(): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(errorCatalogue).map(([kind, { code, summary }]) => [
      kind,
      { code, message: summary, data: { $ref: `${schemas}${kind}Data` } },
    ]),
  );
}

const extension = (name: string, summary: string, schema: JsonSchema) => ({
  openrpcExtension: '0.0.0-development',
  name,
  version: '1.0.0',
  summary,
  restricted: ['methodObject'],
  schema,
});

const extensions = [
  extension('x-direction', 'Who sends it: the host is the client, the sidecar is the server.', {
    type: 'string',
    enum: ['clientToServer', 'serverToClient'] satisfies Direction[],
  }),
  extension(
    'x-lane',
    'How a request is run and counted. `life`: at once, never counted. `look`: asks the system, cancellable at any time. `wait`: open until something happens, counted apart. `act`: changes something outside and, once begun, answers with its outcomes. `state`: changes only what the sidecar remembers.',
    { type: 'string', enum: ['life', 'look', 'wait', 'act', 'state'] satisfies Lane[] },
  ),
  extension(
    'x-params',
    'The name of the whole params object under `components.schemas`; that type also says whether unknown members are refused.',
    {
      type: 'string',
    },
  ),
];
