import type { Pool } from '../../workers/pool.ts';

/**
 * Which of these processes have ended, by identity; a zombie has. One that this user may not see, or that nobody could look
 * for, may be alive and is not among them.
 */
export async function findGone(pool: Pick<Pool, 'run'>, wanted: { pid: number; identity: string }[]): Promise<Set<string>> {
  const { processes, denied } = await pool.run('describeProcesses', { targets: wanted });
  const gone = wanted.filter(({ pid }, index) => {
    const found = processes[index] ?? null;
    return found === null ? !denied.includes(pid) : found.status === 'zombie';
  });
  return new Set(gone.map(({ identity }) => identity));
}
