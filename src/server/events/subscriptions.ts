import { fail } from '../../protocol/errors.ts';
import type { Topic } from '../../protocol/events/events.ts';
import type { NotificationParams, Params, Result, ServerNotificationName } from '../../protocol/methods/index.ts';
import type { Publish, Surroundings } from '../context.ts';
import { limits } from '../transport/limits.ts';

/**
 * What watches one topic for one subscription. `emit` may be called until the signal is aborted. Resolves with how things stand,
 * for the snapshot; null for a topic that has no such thing.
 */
export type WatchTopic<Name extends EventName> = (
  query: WatchQuery,
  emit: (payload: Payload<Name>) => void,
  signal: AbortSignal,
) => Promise<Payload<Name>[] | null>;

export interface WatchQuery {
  connectionId: string;
  filter: NonNullable<Params<'events/subscribe'>['filter']>;
  intervalMs: number;
}

export type EventName = Exclude<Extract<ServerNotificationName, `event/${string}`>, 'event/overflow'>;
export type Payload<Name extends EventName> = Omit<NotificationParams<Name>, 'subscriptionId' | 'seq' | 'at'>;

/** One for each event that there is, under its topic; a topic without one is Unsupported. */
export type Watches = { [Name in EventName as Name extends `event/${infer One}` ? One : never]: WatchTopic<Name> };

export interface Subscriptions {
  subscribe(connectionId: string, params: Params<'events/subscribe'>): Promise<Result<'events/subscribe'>>;
  unsubscribe(connectionId: string, subscriptionId: string): boolean;
  /** Ends all of a connection. */
  close(connectionId: string): void;
  /** The host reads again: tells it what it missed. */
  resume(connectionId: string): void;
}

interface Subscription {
  id: string;
  connectionId: string;
  seq: number;
  /** Dropped since the last event/overflow, by topic. */
  dropped: Map<Topic, number>;
  ended: AbortController;
}

export function createSubscriptions(watches: Watches, publish: Publish, { clock }: Surroundings): Subscriptions {
  const subscriptions = new Map<string, Subscription>();
  let lastId = 0;

  return {
    async subscribe(connectionId, { topics, filter = {}, intervalMs = 1_000 }) {
      const wanted = [...new Set(topics)];
      for (const topic of wanted) refuseUnwatchable(topic, filter, watches);
      const mine = [...subscriptions.values()].filter((subscription) => subscription.connectionId === connectionId);
      if (mine.length >= limits.subscriptions) throw tooMany();
      lastId += 1;
      const subscription: Subscription = { id: `s${lastId}`, connectionId, seq: 0, dropped: new Map(), ended: new AbortController() };
      subscriptions.set(subscription.id, subscription);
      try {
        const snapshot: Record<string, unknown> = {};
        for (const topic of wanted) {
          const name = `event/${topic}` as EventName;
          const watch = watches[topic as keyof Watches] as WatchTopic<EventName>;
          const now = await watch(
            { connectionId, filter, intervalMs },
            (payload) => send(subscription, topic, name, payload),
            subscription.ended.signal,
          );
          if (now !== null) snapshot[topic] = now;
        }
        return { subscriptionId: subscription.id, snapshot };
      } catch (error) {
        end(subscription);
        throw error;
      }
    },

    unsubscribe(connectionId, subscriptionId) {
      const subscription = subscriptions.get(subscriptionId);
      if (subscription?.connectionId !== connectionId) return false;
      end(subscription);
      return true;
    },

    close(connectionId) {
      for (const subscription of subscriptions.values()) if (subscription.connectionId === connectionId) end(subscription);
    },

    resume(connectionId) {
      for (const subscription of subscriptions.values()) if (subscription.connectionId === connectionId) tellOverflow(subscription);
    },
  };

  function end(subscription: Subscription): void {
    subscriptions.delete(subscription.id);
    subscription.ended.abort();
  }

  function send<Name extends EventName>(subscription: Subscription, topic: Topic, name: Name, payload: Payload<Name>): void {
    if (subscription.ended.signal.aborted) return;
    if (!tellOverflow(subscription) || !sendNow(subscription, name, payload)) {
      subscription.dropped.set(topic, (subscription.dropped.get(topic) ?? 0) + 1);
    }
  }

  function tellOverflow(subscription: Subscription): boolean {
    for (const [topic, dropped] of subscription.dropped) {
      if (!sendNow(subscription, 'event/overflow', { topic, dropped })) return false;
      subscription.dropped.delete(topic);
    }
    return true;
  }

  /** The number is given after dropping, so that a gap in seq would be a bug and not a lost event. */
  function sendNow(subscription: Subscription, name: ServerNotificationName, payload: object): boolean {
    const params = { subscriptionId: subscription.id, seq: subscription.seq + 1, at: clock.now(), ...payload };
    const taken = publish(subscription.connectionId, name, params as never);
    if (taken) subscription.seq += 1;
    return taken;
  }
}

/** Topics whose subscription has to name what it means, because that is sampled. */
const neededFilter: Partial<Record<Topic, 'ports' | 'targets'>> = { port: 'ports', process: 'targets' };

function refuseUnwatchable(topic: Topic, filter: WatchQuery['filter'], watches: Watches): void {
  if (!Object.hasOwn(watches, topic)) {
    const known = Object.keys(watches).join(', ');
    throw fail('Unsupported', `This sidecar has nothing to tell about the topic ${topic} yet; there are ${known}.`, {
      capability: `events/${topic}`,
      platform: 'any',
    });
  }
  const needed = neededFilter[topic];
  if (needed === undefined || (filter[needed]?.length ?? 0) > 0) return;
  throw fail('InvalidParams', `The topic ${topic} needs filter.${needed}: what is sampled has to be named.`, {
    issues: [{ path: `filter.${needed}`, message: `needed by the topic ${topic}` }],
  });
}

function tooMany() {
  return fail('LimitExceeded', `A connection may have ${limits.subscriptions} subscriptions; end one with events/unsubscribe.`, {
    limit: 'subscriptions',
    max: limits.subscriptions,
  });
}
