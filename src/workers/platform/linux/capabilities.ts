import fs from 'node:fs';
import { loadKoffi } from '../../../native/koffi.ts';
import { loadPidfds } from '../../../native/linux/pidfd.ts';
import { unifiedPath } from '../parse/procCgroup.ts';
import { parseProcStatus } from '../parse/procStatus.ts';
import type { PlatformCapabilities } from '../types.ts';
import { unifiedDirectory } from './cgroup.ts';

/** What works here, tried and not assumed. The socket source is measured where sockets are read. */
export function probeLinux({ native }: { native: boolean }): Omit<PlatformCapabilities, 'socketSource'> {
  const groups = probeCgroup();
  const problem = native ? loadKoffi().problem : 'Native calls are switched off.';
  return {
    native: problem === null,
    nativeProblem: problem,
    portOwners: maySeeAllDescriptors() ? 'all' : 'ownUser',
    ...(problem === null ? probePidfds() : noPidfds),
    ...groups,
    containment: groups.cgroup === 'writable' ? ['cgroup', 'processGroup'] : ['processGroup'],
  };
}

type PidfdCapabilities = Pick<PlatformCapabilities, 'killIdentity' | 'pidfdInode'>;

const noPidfds: PidfdCapabilities = { killIdentity: 'checked', pidfdInode: false };

/** A handle on ourselves, and signal 0 through it: a sandbox may refuse either (seccomp, gVisor). */
function probePidfds(): PidfdCapabilities {
  const pidfds = loadPidfds();
  const opened = pidfds?.open(process.pid);
  if (pidfds === null || opened === undefined || !('fd' in opened)) return noPidfds;
  try {
    return { killIdentity: pidfds.signal(opened.fd, 0) === 0 ? 'handle' : 'checked', pidfdInode: pidfds.inode(opened.fd) !== null };
  } finally {
    fs.closeSync(opened.fd);
  }
}

/**
 * /proc/PID/fd opens for its own user or with one of two capabilities, and its links only for whoever may trace the process
 * (ptrace(2)). In a user namespace these reach no further than it does; then a link of pid 1 shows whether that is enough.
 */
function maySeeAllDescriptors(): boolean {
  const held = read('/proc/self/status', (text) => parseProcStatus(text)?.effectiveCapabilities) ?? 0n;
  const has = (capability: bigint): boolean => ((held >> capability) & 1n) === 1n;
  if (!has(CAP_SYS_PTRACE) || !(has(CAP_DAC_READ_SEARCH) || has(CAP_DAC_OVERRIDE))) return false;
  return isInitialUserNamespace() || canFollow('/proc/1/cwd');
}

/** Its map is the identity over all ids (user_namespaces(7)). */
function isInitialUserNamespace(): boolean {
  return read('/proc/self/uid_map', (text) => text.trim().split(/\s+/).join(' ')) === '0 0 4294967295';
}

function canFollow(link: string): boolean {
  try {
    fs.readlinkSync(link);
    return true;
  } catch {
    return false;
  }
}
/** include/uapi/linux/capability.h */
const CAP_DAC_OVERRIDE = 1n;
const CAP_DAC_READ_SEARCH = 2n;
const CAP_SYS_PTRACE = 19n;

type CgroupCapabilities = Pick<PlatformCapabilities, 'cgroup' | 'cgroupDirectory'>;

const noCgroup: CgroupCapabilities = { cgroup: 'none', cgroupDirectory: null };

/** Whether we may make groups of our own below our group in the unified hierarchy, and move processes there (cgroups(7)). */
function probeCgroup(): CgroupCapabilities {
  const path = read('/proc/self/cgroup', unifiedPath);
  const directory = path ? unifiedDirectory(path) : null;
  if (directory === null) return noCgroup;
  try {
    fs.accessSync(directory, fs.constants.W_OK);
    // Who moves a process has to be able to write to the group that both have in common.
    fs.accessSync(`${directory}/cgroup.procs`, fs.constants.W_OK);
    return { cgroup: 'writable', cgroupDirectory: directory };
  } catch {
    return { cgroup: fs.existsSync(directory) ? 'readOnly' : 'none', cgroupDirectory: null };
  }
}

/** What a file of ours under /proc says; undefined where it cannot be read. */
function read<Value>(path: string, parse: (text: string) => Value): Value | undefined {
  try {
    return parse(fs.readFileSync(path, 'utf8'));
  } catch {
    return undefined;
  }
}
