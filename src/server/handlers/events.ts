import type { Handlers } from '../context.ts';
import type { Subscriptions } from '../events/subscriptions.ts';

export function eventHandlers(subscriptions: Subscriptions): Pick<Handlers, 'events/subscribe' | 'events/unsubscribe'> {
  return {
    'events/subscribe': (params, { connectionId }) => subscriptions.subscribe(connectionId, params),
    'events/unsubscribe': ({ subscriptionId }, { connectionId }) => ({ removed: subscriptions.unsubscribe(connectionId, subscriptionId) }),
  };
}
