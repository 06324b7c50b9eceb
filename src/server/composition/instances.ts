import type { Platform } from '../../workers/platform/types.ts';
import type { Instances, InstancesParts } from '../instance/instances.ts';

export interface LazyInstancesParts extends Omit<InstancesParts, 'describe' | 'identify' | 'sameIdentity'> {
  processes: Platform['processes'];
}

/**
 * The locks of this sidecar, built with the first question about one: most hosts ask for none, and a sidecar’s cold start is its
 * host’s cold start.
 */
export function createLazyInstances({ processes, ...parts }: LazyInstancesParts): Instances {
  let isClosing = false;
  let ready: Instances | null = null;
  let loading: Promise<Instances> | null = null;

  return {
    acquire: async (...args) => (await load()).acquire(...args),
    release: async (...args) => (await ready?.release(...args)) ?? false,
    query: async (...args) => (await load()).query(...args),
    statusOf: (connectionId) => ready?.statusOf(connectionId) ?? null,
    watch: async (...args) => (await load()).watch(...args),
    beginClosing() {
      isClosing = true;
      ready?.beginClosing();
    },
    list: () => ready?.list() ?? [],
  };

  function load(): Promise<Instances> {
    loading ??= build().catch((error: unknown) => {
      loading = null;
      throw error;
    });
    return loading;
  }

  async function build(): Promise<Instances> {
    const { createInstances } = await import('../instance/instances.ts');
    const built = await createInstances({
      ...parts,
      async describe(pid) {
        const found = await processes.glimpse(pid);
        // Nothing else of it: this goes into a file, and to whoever asks.
        return found && { pid: found.pid, startedAt: found.startedAt, identity: found.identity };
      },
      identify: async (pid) => processes.identify(pid),
      sameIdentity: processes.sameIdentity,
    });
    if (isClosing) built.beginClosing();
    ready = built;
    return built;
  }
}
