import { lanes, type Nouns } from './generated/methods.ts';
import type { CallOptions } from './options.ts';

/** Every method of two words as a member: `port.find(params)` is `call('port/find', params)`. */
export function createNouns(call: (method: string, params: object, options?: CallOptions) => Promise<unknown>): Nouns {
  const nouns: Record<string, Record<string, unknown>> = {};
  for (const method of Object.keys(lanes)) {
    const [noun, verb] = method.split(/[/.]/) as [string, string?];
    if (verb === undefined) continue;
    nouns[noun] ??= {};
    nouns[noun][verb] = (params: object = {}, options?: CallOptions) => call(method, params, options);
  }
  return nouns as unknown as Nouns;
}
