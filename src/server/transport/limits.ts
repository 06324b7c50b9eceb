import type { Result } from '../../protocol/methods/index.ts';

const kibibyte = 1024;
const mebibyte = 1024 * kibibyte;

/** What the sidecar bounds, as `initialize` tells it; LimitExceeded names its limit by one of these words. */
export const limits = {
  requestsInFlight: 64,
  waitsInFlight: 256,
  bodyBytes: 8 * mebibyte,
  inboundBytes: 64 * mebibyte,
  outboundBodyBytes: 32 * mebibyte,
  outboundHighWaterBytes: 4 * mebibyte,
  jsonDepth: 64,
  services: 1024,
  leases: 4096,
  handlers: 128,
  subscriptions: 64,
  logRingBytes: 128 * mebibyte,
} as const satisfies Result<'initialize'>['limits'];

/** The header fields of one frame together, with the blank line that ends them. */
export const headerBytes = 8 * kibibyte;

/** A body over `limits.bodyBytes` is skipped up to this size; over it the connection ends. */
export const skippableBodyBytes = 64 * mebibyte;

/** Queued output at which a host that takes nothing for `outboundStallMs` is given up. */
export const outboundCloseBytes = 16 * mebibyte;
export const outboundStallMs = 30_000;

/** One write: as much as a pipe holds on Linux, so that a completed write is a measure of progress. */
export const writeChunkBytes = 64 * kibibyte;
