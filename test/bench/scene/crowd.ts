import { fileHere, findPython, startLineProgram } from '../programs.ts';

export interface Crowd extends AsyncDisposable {
  /** A port that one of its processes listens on, and the inode of that socket. */
  port: number;
  inode: number;
}

export interface CrowdSize {
  processes: number;
  /** Of each process. */
  files: number;
  sockets: number;
  /** 127.0.0.1 and the following, so many in all. */
  addresses: number;
}

/** The busy machine of the report. */
export const busy: CrowdSize = { processes: 500, files: 20, sockets: 4, addresses: 1 };

/** Other processes with open files and listening sockets. */
export async function startCrowd({ processes, files, sockets, addresses }: CrowdSize): Promise<Crowd> {
  const python = findPython();
  if (python === null) throw new Error('The crowd of processes is a Python program, and there is no python3 here.');
  const sizes = [processes, files, sockets, addresses].map(String);
  const program = await startLineProgram([python, fileHere('./scene/crowd.py'), ...sizes]);
  const [port, inode] = program.ready.split(' ').map(Number) as [number, number];
  return { port, inode, [Symbol.asyncDispose]: () => program[Symbol.asyncDispose]() };
}
