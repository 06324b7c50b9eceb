import type { SpawnChild } from './spawn.ts';

/** A shell that guards our services, on the other end of a pipe. */
export interface GuardProcess {
  readonly pid: number;
  /** Resolves when the kernel has the line: then it arrives, whatever becomes of us. Rejects when there is nobody to read it. */
  write(line: string): Promise<void>;
  /** Resolves when it has ended. */
  readonly exited: Promise<void>;
  /** Ends its input, which is its end; that of everything it knows of as well. */
  end(): void;
}

/**
 * Starts it in a session of its own: no signal to our group or terminal reaches it. It has no descriptor of ours but the pipe, and
 * no variable but PATH; `name` is for whoever reads the list of processes. Rejects where there is no /bin/sh.
 */
export async function startGuardProcess(
  { name, script, args, path }: { name: string; script: string; args: readonly string[]; path: string },
  spawnChild: SpawnChild,
): Promise<GuardProcess> {
  const { pid, exited, stdin } = await spawnChild({
    command: '/bin/sh',
    // As a variable the script does not fill the list of processes, and it may lie where only Node can read it.
    args: ['-c', 'eval "$SIDEWARDEN_GUARD"', name, ...args],
    cwd: '/',
    environment: { PATH: path, SIDEWARDEN_GUARD: script },
    cgroup: null,
    stdin: 'pipe',
  });
  return {
    pid,
    exited: exited.then(() => {}),
    end: () => void stdin?.end(),
    write: (line) =>
      new Promise((resolve, reject) => {
        stdin?.write(line, (error) => (error ? reject(error) : resolve()));
      }),
  };
}
