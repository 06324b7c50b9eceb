import type { Result } from '../../src/protocol/methods/index.ts';

type Server = Result<'initialize'>;

/** What the sidecar tells a doctor beside its capabilities, under `experimental.doctor`; another version may tell less. */
interface DoctorFacts {
  nativeProblem?: string | null;
  pidfdInode?: boolean;
  cgroup?: 'writable' | 'readOnly' | 'none';
  lockDirectory?: string;
  lockDirectoryState?: 'writable' | 'creatable' | 'unusable';
}

export interface Finding {
  title: string;
  value: string;
  /** False where something is weaker than it could be here. */
  isGood: boolean;
  /** What follows from it, in a sentence. */
  consequence: string;
}

/** What works here, and what follows from it. Pure: the answer to `initialize` in, words out. */
export function diagnose(server: Server): Finding[] {
  const facts = (server.capabilities.experimental?.doctor ?? {}) as DoctorFacts;
  return [
    system(server),
    node(server),
    nativeCalls(server, facts),
    socketSource(server),
    portOwners(server),
    processHandles(server, facts),
    cgroup(facts),
    lockDirectory(facts),
  ];
}

function system({ serverInfo: { platform, arch } }: Server): Finding {
  const words: Record<string, string> = {
    linux: 'Every question can be asked here.',
    darwin: 'Questions are answered here, by code that its authors have not run on a Mac; docs/platforms.md says what differs from Linux.',
    win32:
      'Questions are answered here, by code that its authors have run under Wine only; docs/platforms.md says what differs from Linux.',
  };
  return {
    title: 'system',
    value: `${platform} ${arch}`,
    isGood: platform === 'linux',
    consequence: words[platform] ?? 'Questions about ports and processes are answered Unsupported here.',
  };
}

function node({ serverInfo }: Server): Finding {
  const [major = 0, minor = 0] = serverInfo.node.split('.').map(Number);
  const isGood = major > 22 || (major === 22 && minor >= 12);
  return {
    title: 'Node.js',
    value: serverInfo.node,
    isGood,
    consequence: isGood ? 'Recent enough: 22.12 is the oldest that is tested.' : 'Older than 22.12, the oldest that is tested: update it.',
  };
}

function nativeCalls({ capabilities: { native } }: Server, { nativeProblem }: DoctorFacts): Finding {
  return {
    title: 'native calls',
    value: native ? 'yes' : 'no',
    isGood: native,
    consequence: native
      ? 'koffi is loaded, so the kernel is asked directly.'
      : `${nativeProblem ?? 'They cannot be made here.'} Questions are answered all the same, by slower ways; the lines below say where they see less.`,
  };
}

function socketSource({ capabilities }: Server): Finding {
  const words: Record<string, string> = {
    kernel:
      'The kernel’s own table (NETLINK_SOCK_DIAG): one port is looked up without reading all the others, and sockets that are bound without listening are seen.',
    procfs:
      '/proc/net is read as a whole: slower with many sockets, and a TCP socket that is bound without listening shows only by a refused bind.',
    command: 'A command of the system is run for each question: slower, and only what it prints is seen.',
  };
  const source = capabilities.socketSource;
  return {
    title: 'socket table',
    value: source,
    isGood: source === 'kernel',
    consequence: words[source] ?? 'This terminal tool does not know that source; update it.',
  };
}

function portOwners({ capabilities }: Server): Finding {
  const isGood = capabilities.portOwners === 'all';
  return {
    title: 'port owners',
    value: isGood ? 'all users' : 'own user only',
    isGood,
    consequence: isGood
      ? 'Whoever holds a port can be named, but for the kernel itself and other pid namespaces.'
      : 'A port that another user holds is reported as held by somebody hidden; run this as root to see by whom.',
  };
}

function processHandles({ capabilities, serverInfo }: Server, { pidfdInode }: DoctorFacts): Finding {
  const hasHandles = capabilities.killIdentity === 'handle';
  const unit = serverInfo.platform !== 'darwin' ? 'ticks of 10 ms' : capabilities.native ? 'microseconds' : 'seconds';
  const ends = hasHandles
    ? 'The end of a process is noticed at once.'
    : 'The end of a process is noticed by looking again and again, within a quarter of a second.';
  const identity = pidfdInode
    ? ' A process is never taken for another one that got its pid.'
    : ` A process is told from a later one with its pid by its start time alone, which is counted in ${unit}.`;
  return {
    title: 'process handles',
    value: hasHandles ? `pidfd${pidfdInode ? ' with inode' : ''}` : 'none',
    isGood: hasHandles && pidfdInode !== false,
    consequence: `${ends}${pidfdInode === undefined ? '' : identity}`,
  };
}

function cgroup({ cgroup }: DoctorFacts): Finding {
  const words: Record<string, string> = {
    writable: 'Supervised services can be kept together whatever they do.',
    readOnly: 'Our group may not be divided, so supervised services are kept together by process group only.',
    none: 'There is no unified hierarchy to be seen, so supervised services are kept together by process group only.',
  };
  return { title: 'cgroup', value: cgroup ?? 'not told', isGood: cgroup === 'writable', consequence: words[cgroup ?? ''] ?? notTold };
}

function lockDirectory({ lockDirectory, lockDirectoryState }: DoctorFacts): Finding {
  const words: Record<string, string> = {
    writable: 'Single-instance locks live here.',
    creatable: 'It is made when the first single-instance lock needs it.',
    unusable: 'It can neither be written nor made, so there are no single-instance locks of scope user.',
  };
  return {
    title: 'lock directory',
    value: lockDirectory ?? 'not told',
    isGood: lockDirectoryState === 'writable' || lockDirectoryState === 'creatable',
    consequence: words[lockDirectoryState ?? ''] ?? notTold,
  };
}

const notTold = 'This sidecar does not tell; its version may differ from that of the terminal tool.';
