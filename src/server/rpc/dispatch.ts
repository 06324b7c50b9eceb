import type { Log } from '../../log.ts';
import { fail } from '../../protocol/errors.ts';
import type { MethodName } from '../../protocol/methods/index.ts';
import { loadMethod } from '../../protocol/methods/routes.ts';
import { type Issue, validateParams, validateResult } from '../../protocol/validate.ts';
import type { Handler, Handlers, RequestContext } from '../context.ts';

/** Find, validate, run, validate. A handler’s bug costs one InternalError, never the process. */
export function createDispatch(handlers: Handlers, log: Log) {
  return async function dispatch(method: MethodName, params: unknown, request: RequestContext): Promise<unknown> {
    const definition = await loadMethod(method);
    const taken = validateParams(definition.params, params);
    if (!taken.ok) throw invalidParams(method, taken.issues);
    if (request.signal.aborted) throw request.signal.reason;

    const handler = handlers[method] as Handler<MethodName>;
    const result = await handler(taken.value as never, request);

    const given = validateResult(definition.result, result);
    if (given.ok) return given.value;
    log.error({ method, issues: given.issues }, 'a result did not match its schema');
    throw new Error(`the result of ${method} does not match its schema: ${sentence(given.issues)}`);
  };
}

export type Dispatch = ReturnType<typeof createDispatch>;

function invalidParams(method: MethodName, issues: Issue[]) {
  return fail('InvalidParams', `The parameters of ${method} are wrong: ${sentence(issues)}. Its schema is in rpc.discover.`, { issues });
}

function sentence(issues: Issue[]): string {
  return issues.map(({ path, message }) => (path === '' ? message : `${path}: ${message}`)).join('; ');
}
