import { fail } from '../../protocol/errors.ts';
import type { Topic } from '../../protocol/events/events.ts';
import type { NotificationParams, Params, Result, ServerNotificationName } from '../../protocol/methods/index.ts';
import type { Publish, Surroundings } from '../context.ts';
import { limits } from '../transport/limits.ts';

/** What watches one topic for one subscription. `emit` may be called until the signal is aborted. */
export type WatchTopic<Name extends EventName> = (
  query: WatchQuery,
  emit: (payload: Payload<Name>) => void,
  signal: AbortSignal,
) => Promise<Payload<Name>[]>;

export interface WatchQuery {
  filter: NonNullable<Params<'events/subscribe'>['filter']>;
  intervalMs: number;
}

export type EventName = Exclude<ServerNotificationName, 'event/overflow'>;
export type Payload<Name extends EventName> = Omit<NotificationParams<Name>, 'subscriptionId' | 'seq' | 'at'>;

/** The topics that this build can watch; the others are Unsupported until there is something to watch. */
export interface Watches {
  port: WatchTopic<'event/port'>;
  process: WatchTopic<'event/process'>;
}

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
      for (const topic of wanted) refuseUnwatchable(topic, filter);
      const mine = [...subscriptions.values()].filter((subscription) => subscription.connectionId === connectionId);
      if (mine.length >= limits.subscriptions) throw tooMany();
      lastId += 1;
      const subscription: Subscription = { id: `s${lastId}`, connectionId, seq: 0, dropped: new Map(), ended: new AbortController() };
      subscriptions.set(subscription.id, subscription);
      try {
        const query = { filter, intervalMs };
        const { signal } = subscription.ended;
        const snapshot: Result<'events/subscribe'>['snapshot'] = {};
        if (wanted.includes('port'))
          snapshot.port = await watches.port(query, (payload) => send(subscription, 'port', 'event/port', payload), signal);
        if (wanted.includes('process'))
          snapshot.process = await watches.process(query, (payload) => send(subscription, 'process', 'event/process', payload), signal);
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

function refuseUnwatchable(topic: Topic, filter: WatchQuery['filter']): void {
  const needed = topic === 'port' ? 'ports' : topic === 'process' ? 'targets' : null;
  if (needed === null) {
    throw fail('Unsupported', `This sidecar has nothing to tell about the topic ${topic} yet; port and process can be watched.`, {
      capability: `events/${topic}`,
      platform: 'any',
    });
  }
  if ((filter[needed]?.length ?? 0) > 0) return;
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
