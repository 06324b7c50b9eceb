import { SidecarError } from './errors.ts';
import { isMade, lostError, type Made, type Maker, makers, type Remembered, type Told } from './remembered.ts';

/** Something that a restart could not bring back. */
export interface Lost {
  what: 'lock' | 'lease' | 'service' | 'registration' | 'handler' | 'subscription' | 'apply' | 'cleanup';
  /** The name of a lock, handler or service; the port of a lease or registration; the id of a subscription; the app. */
  name: string;
  /** `InstanceLost` for a lock; for others what the sidecar answered, or that such a thing ends with its sidecar. */
  error: SidecarError;
}

/** `onAnswer` runs before anything that follows the answer is read. */
export type Request = (method: string, params: object, onAnswer: (result: unknown) => void) => Promise<unknown>;

/**
 * Tells a new sidecar what the last one had been told: locks, the cleanup, registrations, shutdown handlers, subscriptions,
 * the services. Gives what could not be brought back. Rejects only when this sidecar has ended, too.
 */
export async function replay(remembered: Remembered, appId: string, request: Request): Promise<Lost[]> {
  const lost = endedWithTheLast(remembered);
  const tell = async (what: Lost['what'], name: string, method: string, params: object, take: (told: Told) => void = () => {}) => {
    try {
      await request(method, params, (result) => take((result ?? {}) as Told));
    } catch (error) {
      if (!(error instanceof SidecarError) || error.kind === 'Disconnected') throw error;
      lost.push({ what, name, error });
    }
  };

  const make = async (maker: Maker) => {
    const { what, id } = makers[maker];
    for (const made of remembered.made[maker]) {
      const name = nameOf(maker, made, appId);
      made.current = null;
      await tell(what, name, maker, again(maker, made.params), (told) => {
        if (!isMade(maker, told)) return void lost.push({ what, name, error: lostError(what, name) });
        made.current = String(told[id]);
        made.onRemade?.(told);
      });
    }
  };

  await make('instance/acquire');
  // Only what the last sidecar had started: a port that the host itself serves by now is not evicted a second time.
  if (remembered.cleanup !== null) await tell('cleanup', appId, 'cleanup/run', { ...remembered.cleanup, evict: 'owned' });
  for (const [name, params] of remembered.registrations) await tell('registration', name, 'port/register', params);
  await make('shutdown/addHandler');
  await make('events/subscribe');
  if (remembered.apply !== null) await tell('apply', appId, 'service/apply', remembered.apply);
  return lost;
}

/** What no sidecar can take over from another, and is forgotten with it. */
function endedWithTheLast(remembered: Remembered): Lost[] {
  const applied = ((remembered.apply?.services ?? []) as { name: string }[]).map(({ name }) => name);
  const services = [...remembered.started].filter((name) => !applied.includes(name));
  const leases = [...remembered.leases.values()].map(String);
  remembered.leases.clear();
  remembered.started.clear();
  return [
    ...services.map((name): Lost => ({ what: 'service', name, error: lostError('service', name) })),
    ...leases.map((name): Lost => ({ what: 'lease', name, error: lostError('lease', name) })),
  ];
}

function nameOf(maker: Maker, { id, params }: Made, appId: string): string {
  const { name = maker === 'instance/acquire' ? appId : id } = params;
  return String(name);
}

/** What another instance was to be told has been told. */
function again(maker: Maker, params: Told): Told {
  if (maker !== 'instance/acquire') return params;
  const { payload: _, ...others } = params;
  return others;
}
