import { limits, skippableBodyBytes } from '../limits.ts';
import type { FrameBounds } from './frames.ts';
import type { FrameHandlers, FrameReader } from './reader.ts';

const contractBounds = { bodyBytes: limits.bodyBytes, skippableBodyBytes };

/** A reader where each chunk is a message already: nothing is left to find, and the limits are the same. */
export function createMessageReader(
  handlers: FrameHandlers,
  bounds: Pick<FrameBounds, 'bodyBytes' | 'skippableBodyBytes'> = contractBounds,
): FrameReader {
  let open = true;
  handlers.onFraming?.('messages');

  return {
    push(body) {
      if (!open) return;
      if (body.length <= bounds.bodyBytes) handlers.onBody(body, 'messages');
      else if (body.length <= bounds.skippableBodyBytes) handlers.onTooLarge(body.length);
      else {
        open = false;
        handlers.onBroken('bodyTooLarge');
      }
    },
    end: close,
    close,
    framing: 'messages',
    bufferedBytes: 0,
  };

  function close(): void {
    open = false;
  }
}
