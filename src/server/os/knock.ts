import { type Knock, loadKnock } from '../../native/linux/knockPort.ts';

export type { Knock };

/** Without the calls for it nothing is said at once. */
export function createKnock({ native, platform }: { native: boolean; platform: NodeJS.Platform }): Knock {
  let loaded: Knock | null | undefined;
  return (port) => {
    // Null is an answer, which is not asked for again.
    if (loaded === undefined) loaded = native && platform === 'linux' ? loadKnock() : null;
    return loaded?.(port) ?? null;
  };
}
