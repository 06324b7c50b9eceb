import { type Answer, type Ask, failure, givenUp, type ProbedRun, type ProbeParts, reasonOf, success } from './types.ts';

/** Runs a command beside the service; it carries the mark of the service’s start, and what it leaves behind ends with the service. */
export function askExec(order: { command: string; args: string[] }, run: ProbedRun, parts: ProbeParts): Ask {
  return async (signal): Promise<Answer> => {
    const child = await run.spawnBeside(order).catch((error: unknown) => failure(reasonOf(error)));
    if ('kind' in child) return child;
    const exit = await Promise.race([child.exited, givenUp(signal)]);
    if ('kind' in exit) {
      await endTree(child.pid, parts).catch((error: unknown) => {
        parts.log.warn({ err: error, service: run.spec.name }, 'the tree of a probe could not be ended; its process is killed');
        child.signal('SIGKILL');
      });
      await child.exited;
      return exit;
    }
    const { exitCode, signal: endedBy } = exit;
    if (exitCode === 0) return success;
    return failure(`${order.command} ${endedBy === null ? `exits with code ${exitCode}` : `is ended by ${endedBy}`}`);
  };
}

/** While it has not been collected, its pid is its own. */
async function endTree(pid: number, { pool, kill, gatherSpared }: ProbeParts): Promise<void> {
  const { processes } = await pool.run('describeProcesses', { targets: [{ pid }] });
  await kill({
    roots: processes.filter((info) => info !== null),
    options: { tree: true, signal: 'SIGKILL', graceMs: 0, force: true, allowProtected: true },
    protection: await gatherSpared(),
    signal: new AbortController().signal,
  });
}
