import { type IncomingMessage, request as requestHttp } from 'node:http';
import { type Ask, failure, gaveUp, reasonOf, success } from './types.ts';

/**
 * GET, on a connection of its own and without a proxy. The status line answers; the body is not read. Over https no certificate is
 * checked: a development server has signed its own, and nothing secret is sent.
 */
export function askHttp(url: URL): Ask {
  return async (signal) => {
    const request = url.protocol === 'https:' ? (await import('node:https')).request : requestHttp;
    return new Promise((resolve) => {
      const sent = request(url, { agent: false, signal, rejectUnauthorized: false, headers: { connection: 'close' } } as object);
      sent.once('response', (response: IncomingMessage) => {
        const { statusCode = 0 } = response;
        resolve(statusCode >= 200 && statusCode < 400 ? success : failure(`GET ${url.href} answers ${statusCode}`));
        response.on('error', () => {});
        sent.destroy();
      });
      sent.on('error', (error) => resolve(failure(`GET ${url.href} fails (${reasonOf(error)})`)));
      sent.once('close', () => resolve(gaveUp));
      sent.end();
    });
  };
}
