import type { Model } from '../model/model.ts';

/**
 * Writes the types and methods of one language. `folder` belongs to it alone: `npm run generate` removes from it what is
 * no longer emitted, and a test fails while a file in it is stale. It ends in a slash and is relative to the checkout.
 */
export interface Emitter {
  folder: string;
  /** File names in the folder, with their text. */
  emit(model: Model): Record<string, string>;
}

/** The first line of every generated file, behind whatever begins a comment there. */
export const notice = 'Generated from src/protocol by `npm run generate`; do not edit by hand.';
