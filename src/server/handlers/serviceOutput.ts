import { fail } from '../../protocol/errors.ts';
import type { Handlers } from '../context.ts';
import type { Outputs } from '../supervisor/output/outputs.ts';
import type { Services } from '../supervisor/services.ts';

export interface ServiceOutputParts {
  servicesOf(connectionId: string): Pick<Services, 'write'>;
  outputsOf(connectionId: string): Pick<Outputs, 'read'>;
}

export function serviceOutputHandlers({ servicesOf, outputsOf }: ServiceOutputParts): Pick<Handlers, 'service/logs' | 'service/write'> {
  return {
    'service/logs'({ name, tail, sinceSeq }, { connectionId }) {
      const page = outputsOf(connectionId).read(name, { tail, sinceSeq });
      if (page === null)
        throw fail('NotFound', `There is no service ${name}: nothing was started under that name.`, { what: `service ${name}` });
      return page;
    },

    async 'service/write'({ name, dataBase64, end = false }, { connectionId, signal }) {
      await servicesOf(connectionId).write({ name, data: decodeBase64(dataBase64), end }, signal);
      return null;
    },
  };
}

/** Node’s own decoder takes whatever it is given, and skips what it does not know. */
function decodeBase64(text: string): Buffer {
  const data = Buffer.from(text, 'base64');
  if (data.toString('base64') === text) return data;
  throw fail('InvalidParams', 'dataBase64 is no base64 (RFC 4648, section 4, with padding), so nothing was written.', {
    issues: [{ path: 'dataBase64', message: 'expected base64' }],
  });
}
