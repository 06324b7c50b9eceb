import type { Placement } from '../types.ts';

/** Container and unit of a process, from the text of its /proc/PID/cgroup (cgroups(7)). */
export function parseProcCgroup(text: string): Placement {
  const groups = parseGroups(text);
  // Engines use any hierarchy: on a hybrid system the container may be named on a cgroup v1 line while `0::` says `/`.
  const container = firstOf(groups, ({ path }) => findContainer(path.split('/')));
  // systemd keeps its units in the unified hierarchy, or in its own named one where that is not used.
  const unit = firstOf(groups.filter(isUnified), findUnit) ?? firstOf(groups.filter(isSystemd), findUnit);
  return { container, unit };
}

/** The path of the process in the unified hierarchy (cgroup v2); null where there is none. */
export function unifiedPath(text: string): string | null {
  return parseGroups(text).find(isUnified)?.path ?? null;
}

interface Group {
  hierarchy: string;
  controllers: string;
  path: string;
}

function parseGroups(text: string): Group[] {
  const groups: Group[] = [];
  for (const line of text.split('\n')) {
    const [, hierarchy, controllers, path] = /^(\d+):([^:]*):(\/.*)$/.exec(line) ?? [];
    if (hierarchy !== undefined && controllers !== undefined && path !== undefined) groups.push({ hierarchy, controllers, path });
  }
  return groups;
}

const isUnified = ({ hierarchy, controllers }: Group): boolean => hierarchy === '0' && controllers === '';
const isSystemd = ({ controllers }: Group): boolean => controllers === 'name=systemd';

function firstOf<Item, Value>(items: Item[], find: (item: Item) => Value | null): Value | null {
  for (const item of items) {
    const found = find(item);
    if (found !== null) return found;
  }
  return null;
}

/** The outermost container counts: it is the one that an engine out here knows by that id. */
function findContainer(segments: string[]): Placement['container'] {
  for (const [index, segment] of segments.entries()) {
    const container = containerOf(segment, segments[index - 1]);
    if (container !== null) return container;
  }
  return null;
}

function containerOf(segment: string, parent: string | undefined): Placement['container'] {
  for (const { engine, pattern, parentPattern } of containerNames) {
    const id = pattern.exec(segment)?.[1];
    if (id !== undefined && (parentPattern === undefined || parentPattern.test(parent ?? ''))) return { engine, id };
  }
  return null;
}

/**
 * How engines name a container's cgroup. With the systemd driver it is `<engine>-<id>.scope`, with the cgroupfs driver
 * a plain id below a folder, and `<slice>:<engine>:<id>` where the one is told to use the other's names. The monitors
 * `libpod-conmon-…` and `crio-conmon-…` run outside their container and do not match.
 */
const containerNames: { engine: string; pattern: RegExp; parentPattern?: RegExp }[] = [
  { engine: 'docker', pattern: /^(?:.*:docker:|docker-)([0-9a-f]{64})(?:\.scope)?$/ },
  { engine: 'docker', pattern: /^([0-9a-f]{64})$/, parentPattern: /^docker$/ },
  { engine: 'podman', pattern: /^(?:.*:libpod:|libpod-(?:payload-)?)([0-9a-f]{64})(?:\.scope)?$/ },
  { engine: 'containerd', pattern: /^(?:.*:cri-containerd:|cri-containerd-)([0-9a-f]{64})(?:\.scope)?$/ },
  { engine: 'containerd', pattern: /^nerdctl-([0-9a-f]{64})(?:\.scope)?$/ },
  { engine: 'cri-o', pattern: /^(?:.*:crio:|crio-)([0-9a-f]{64})(?:\.scope)?$/ },
  { engine: 'lxc', pattern: /^lxc\.payload\.(.+)$/ },
  { engine: 'lxc', pattern: /^(.+)$/, parentPattern: /^lxc(?:\.payload)?$/ },
  { engine: 'systemd-nspawn', pattern: /^systemd-nspawn@(.+)\.service$/ },
  // The kubelet's cgroupfs driver does not name the engine below it.
  { engine: 'kubernetes', pattern: /^([0-9a-f]{64})$/, parentPattern: /^pod[0-9a-f-]{36}$|^kubepods.*\.slice$/ },
];

/**
 * The first unit in the path, as systemd's cg_path_get_unit() and cg_path_get_user_unit() have it: slices only group,
 * and below `user@UID.service` the units are those of that user's manager. A service manager inside a container has
 * units of its own, which mean nothing out here, so a container ends the search.
 */
function findUnit({ path }: Group): Placement['unit'] {
  const segments = path.split('/');
  let manager: string | null = null;
  let scope: 'system' | 'user' = 'system';
  for (const [index, segment] of segments.entries()) {
    if (USER_SLICE.test(segment)) scope = 'user';
    if (USER_MANAGER.test(segment) && manager === null) {
      manager = segment;
      scope = 'user';
    } else if (UNIT.test(segment)) {
      return { name: segment, scope };
    } else if (containerOf(segment, segments[index - 1]) !== null) {
      break;
    }
  }
  return manager === null ? null : { name: manager, scope: 'system' };
}

const USER_MANAGER = /^user@\d+\.service$/;
/** These exist only below a user's manager (systemd.special(7)), wherever that itself has been put. */
const USER_SLICE = /^(?:app|session|background)\.slice$/;
const UNIT = /^[^/]+\.(?:service|scope|socket|mount|swap)$/;
