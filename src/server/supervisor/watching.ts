import type { WatchTopic } from '../events/subscriptions.ts';
import type { Services } from './services.ts';

/** Tells each change of a service from now on. Without a filter: of all of them, and of those to come. */
export function createServiceWatch(servicesOf: (connectionId: string) => Pick<Services, 'list' | 'onChange'>): WatchTopic<'event/service'> {
  return async function watchServices({ connectionId, filter }, emit, signal) {
    const isWanted = (name: string) => filter.services === undefined || filter.services.includes(name);
    const services = servicesOf(connectionId);
    const forget = services.onChange((service) => isWanted(service.name) && emit({ service }));
    signal.addEventListener('abort', forget, { once: true });
    return services
      .list()
      .filter(({ name }) => isWanted(name))
      .map((service) => ({ service }));
  };
}
