import * as z from 'zod/mini';
import { doc, Name, struct, Text } from './primitives.ts';

export const ClientInfo = struct('ClientInfo', 'Which program speaks.', {
  name: Name,
  version: z.optional(Text),
  language: doc(z.optional(Text), 'The language of the client library.'),
});
export type ClientInfo = z.infer<typeof ClientInfo>;

export const ClientCapabilities = struct('ClientCapabilities', 'What the sidecar may ask of the host.', {
  shutdownHandlers: doc(z.optional(z.boolean()), 'It answers host/runShutdownHandler.'),
  secondInstance: doc(z.optional(z.boolean()), 'It answers host/secondInstance.'),
  progress: doc(z.optional(z.boolean()), 'It wants $/progress.'),
});
export type ClientCapabilities = z.infer<typeof ClientCapabilities>;
