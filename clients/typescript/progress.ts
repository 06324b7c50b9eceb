import type { WorkDone } from './generated/types.ts';
import type { Keeper } from './keeper.ts';
import type { CallOptions } from './options.ts';
import { tell } from './subscriptions.ts';

/** Calls with `onProgress`: each gets a token of its own, for as long as it lasts. */
export function createProgress() {
  const followers = new Map<string | number, (progress: WorkDone) => void>();
  let lastToken = 0;

  return {
    async follow(keeper: Keeper, method: string, params: object, { onProgress, ...options }: CallOptions): Promise<unknown> {
      if (onProgress === undefined) return keeper.request(method, params, options);
      lastToken += 1;
      const { workDoneToken = `progress ${lastToken}` } = params as { workDoneToken?: string | number };
      followers.set(workDoneToken, onProgress);
      try {
        return await keeper.request(method, { ...params, workDoneToken }, options);
      } finally {
        followers.delete(workDoneToken);
      }
    },

    deliver(params: unknown): void {
      const { token, value } = params as { token: string | number; value: WorkDone };
      const follower = followers.get(token);
      if (follower !== undefined) tell(() => follower(value));
    },
  };
}
