import type { Evidence } from './evidence.ts';
import type { Glimpse } from './platform/types.ts';
import { isInteractive } from './shellCommand.ts';

/*
 * Whom a kill refuses to touch. Pure: what is known of a process goes in, the reason and its sentence come out. It
 * runs where the targets are found, in a pool thread, so that nothing protected is even stopped for a moment.
 */

/** `never` holds whatever the flags; the others yield to allowProtected. */
export type Protection = { level: 'never' | 'protected'; reason: ProtectionReason; sentence: string };

export type ProtectionReason =
  | 'init'
  | 'kernelThread'
  | 'sidecar'
  | 'guard'
  | 'host'
  | 'liveSidecar'
  | 'supervised'
  | 'serviceManager'
  | 'containerEngine'
  | 'wslRelay'
  | 'systemPart'
  | 'interactiveShell';

/** What only the sidecar itself knows. */
export interface ProtectionFacts {
  /** Where they were not checked when they were handed out: what they rest on. Nobody is touched unless it still stands. */
  evidence?: Evidence[];
  /** By identity: this sidecar, its guards, its host and the host’s ancestors, and what live sidecars of this user name. */
  known: Record<string, { reason: ProtectionReason; of?: string }>;
}

export function protectionOf(info: Glimpse, { known }: ProtectionFacts): Protection | null {
  const who = `${info.name} (pid ${info.pid})`;
  if (info.pid <= 1 || isWindowsKernel(info)) return never('init', `Process ${info.pid} is what holds the system up.`);
  if (isKernelThread(info)) return never('kernelThread', `${who} is a thread of the kernel and takes no signals.`);
  const fact = known[info.identity];
  if (fact) return fromFact(who, fact);
  // There is nothing to protect any more; whoever kills it learns that it is gone.
  if (info.status === 'zombie') return null;
  return fromPrograms(who, info);
}

/** The process System of Windows is the kernel itself; nobody else has this pid there. */
const isWindowsKernel = ({ pid, name, executable }: Glimpse): boolean => pid === 4 && name === 'System' && executable === null;

function isKernelThread({ pid, ppid, executable, commandLine, status }: Glimpse): boolean {
  return (pid === 2 || ppid === 2) && executable === null && commandLine?.length === 0 && status !== 'zombie';
}

function fromFact(who: string, { reason, of }: ProtectionFacts['known'][string]): Protection {
  switch (reason) {
    case 'sidecar':
      return never('sidecar', `${who} is this sidecar; end it with shutdown.`);
    case 'guard':
      return never('guard', `${who} guards this sidecar’s services and ends with it.`);
    case 'liveSidecar':
      return shielded('liveSidecar', `${who} is a live sidecar${of ? ` of ${of}` : ''}, its guard or its host; end it there.`);
    case 'supervised':
      return shielded(
        'supervised',
        `${who} is supervised${of ? ` as ${of}` : ''} by a live sidecar, which would start it again; use service/stop.`,
      );
    default:
      return shielded('host', `${who} is the host of this sidecar, or one of its ancestors; it would end itself.`);
  }
}

function fromPrograms(who: string, info: Glimpse): Protection | null {
  const program = programOf(info);
  if (windowsCritical.has(program)) return never('init', `${who} keeps Windows running; without it the machine stops.`);
  const runs = [program, ...scriptOf(program, info.commandLine)];
  if (runs.some((name) => serviceManagers.has(name)) || info.commandLine?.[0]?.startsWith('PM2 v')) {
    return shielded(
      'serviceManager',
      `${who} manages services and would take them along, or start them again; stop the unit or service instead.`,
    );
  }
  if (wslRelays.has(program)) return shielded('wslRelay', `${who} passes on what listens inside WSL; end its owner there instead.`);
  if (info.executable !== null && partsOfMacos.some((directory) => info.executable?.startsWith(directory))) {
    return shielded('systemPart', `${who} is a part of macOS, which starts it again at once; turn off there what it does instead.`);
  }
  if (containerEngines.has(program) || program.startsWith('containerd-shim')) {
    return shielded(
      'containerEngine',
      `${who} belongs to a container engine, the container would go on without its port; stop the container instead.`,
    );
  }
  if (shells.has(program) && info.commandLine !== null && isInteractive(program, info.commandLine.slice(1))) {
    return shielded('interactiveShell', `${who} is an interactive shell that merely inherited what it holds; close it yourself.`);
  }
  return null;
}

const never = (reason: ProtectionReason, sentence: string): Protection => ({ level: 'never', reason, sentence });
const shielded = (reason: ProtectionReason, sentence: string): Protection => ({ level: 'protected', reason, sentence });

/** The file that runs, or where that is hidden what it calls itself. A program of many names goes by the one it was called by. */
function programOf({ executable, commandLine, name }: Glimpse): string {
  const called = baseName(commandLine?.[0] ?? name).replace(/^-/, '');
  const file = executable === null ? called : baseName(executable);
  // Windows tells capitals from others in no name.
  if (file.toLowerCase().endsWith('.exe')) return file.toLowerCase();
  return multiCall.has(file) ? called : file;
}

/** The script that an interpreter runs: its first argument that is no option. */
function scriptOf(program: string, commandLine: string[] | null): string[] {
  if (!/^(python|perl|ruby|node|bash|dash|sh)[\d.]*$/.test(program)) return [];
  const script = commandLine?.slice(1).find((argument) => !argument.startsWith('-'));
  return script === undefined ? [] : [baseName(script)];
}

function baseName(path: string): string {
  return path.slice(Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\')) + 1);
}

const multiCall = new Set(['busybox', 'toybox']);

const serviceManagers = new Set([
  'systemd',
  'init',
  'upstart',
  'openrc-init',
  'runit',
  'runsvdir',
  'runsv',
  's6-svscan',
  's6-supervise',
  'supervisord',
  'launchd',
  'services.exe',
  // Hosts services, and what passes ports on for them (iphlpsvc): one process, many of them.
  'svchost.exe',
]);

/** Critical processes: their end is a bug check 0xEF (learn.microsoft.com, CRITICAL_PROCESS_DIED). */
const windowsCritical = new Set(['smss.exe', 'csrss.exe', 'wininit.exe', 'winlogon.exe', 'lsass.exe']);

const wslRelays = new Set(['wslrelay.exe', 'wslhost.exe', 'wslservice.exe']);

/** What launchd keeps alive: ControlCenter, which is AirPlay too, the Finder, the window server. Python and Ruby are in Frameworks. */
const partsOfMacos = ['/System/Library/CoreServices/', '/System/Library/PrivateFrameworks/'];

const containerEngines = new Set([
  'docker-proxy',
  'dockerd',
  'containerd',
  'conmon',
  'conmonrs',
  'podman',
  'crio',
  'rootlessport',
  'rootlesskit',
  'slirp4netns',
  'pasta',
  'pasta.avx2',
  'com.docker.backend',
  'com.docker.backend.exe',
  'com.docker.proxy.exe',
  'com.docker.vpnkit.exe',
  'vpnkit',
  'OrbStack Helper',
  'vpnkit.exe',
  'dockerd.exe',
  'containerd.exe',
  'gvproxy.exe',
  'win-sshproxy.exe',
  'lxc-start',
]);

const shells = new Set([
  'sh',
  'bash',
  'rbash',
  'zsh',
  'fish',
  'dash',
  'ash',
  'ksh',
  'mksh',
  'tcsh',
  'csh',
  'nu',
  'pwsh',
  'powershell',
  'pwsh.exe',
  'powershell.exe',
]);
