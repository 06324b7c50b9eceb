import { setFlagsFromString } from 'node:v8';

/**
 * Keeps V8 from letting the space for new objects grow: a burst, such as the start of 100 services, would leave it at 2 × 16 MB for good,
 * in a process that is idle most of its life. To be called before there was one; holds for the threads that are started later, too.
 *
 * The factor is read each time that the space is to grow (SemiSpaceNewSpace::Grow in V8’s src/heap/new-spaces.cc), where
 * `--max-semi-space-size` is read before a program runs.
 */
export function keepYoungGenerationSmall(): void {
  setFlagsFromString('--semi-space-growth-factor=1');
}
