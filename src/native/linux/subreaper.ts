import { type Libc, loadLibc } from './libc.ts';

/** prctl(2) and waitpid(2), for whoever takes in the orphans of its descendants. */
export interface Subreaper {
  /** From now on orphans below this process become its children (PR_SET_CHILD_SUBREAPER, Linux 3.4). Children do not inherit it. */
  begin(): boolean;
  /** Collects this child if it has ended. Only for one that nobody else waits for. */
  collect(pid: number): 'collected' | 'lives' | 'notOurs';
}

/** Null without koffi: orphans then go to init, and are found by their mark and their session alone. */
export function loadSubreaper(): Subreaper | null {
  const libc = loadLibc();
  if (libc === null) return null;
  bindings ??= bindFunctions(libc);
  const calls = bindings;
  return {
    begin: () => calls.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) === 0,
    collect(pid) {
      const answer = calls.waitpid(pid, null, WNOHANG);
      if (answer === 0) return 'lives';
      return answer === pid ? 'collected' : 'notOurs';
    },
  };
}

const PR_SET_CHILD_SUBREAPER = 36;
const WNOHANG = 1;

let bindings: ReturnType<typeof bindFunctions> | undefined;
function bindFunctions({ lib }: Libc) {
  return {
    prctl: lib.func('int prctl(int option, ulong a, ulong b, ulong c, ulong d)'),
    waitpid: lib.func('int waitpid(int pid, void *status, int options)'),
  };
}
