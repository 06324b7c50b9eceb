import { pythonProgram, spawnProgram } from './processes.ts';
import { until } from './until.ts';

/** A command on a terminal of its own: it leads the session, as the shell in a new window does. */
export interface TestTerminal extends AsyncDisposable {
  pid: number;
  /** As if typed there; `\x03` is Ctrl-C, `\x04` the end of input, `\x1a` Ctrl-Z. */
  type(text: string): void;
  resize(rows: number, columns: number): void;
  /** The window is closed. */
  hangUp(): void;
  /** All that was printed, with what the terminal echoed. */
  output(): string;
  /** Waits until this was printed, behind what was seen before. */
  sees(text: string): Promise<void>;
  /** Resolves with the exit code, or -n for a signal, and whether the terminal echoes (unless it has hung up). */
  ended(): Promise<{ exit: number; echo?: boolean }>;
}

interface Told {
  pid?: number;
  output?: string;
  exit?: number;
  echo?: boolean;
}

export async function openTerminal(command: string[], env: Record<string, string> = {}): Promise<TestTerminal> {
  const program = await spawnProgram(pythonProgram('terminal', ...command), { env: { PS1: '$ ', ...env } });
  const { pid } = JSON.parse(program.ready) as { pid: number };
  let output = '';
  let seenTo = 0;
  const end = Promise.withResolvers<{ exit: number; echo?: boolean }>();
  void read();
  return {
    pid,
    type: (text) => tell({ type: text }),
    resize: (rows, columns) => tell({ size: [rows, columns] }),
    hangUp: () => tell({ hangUp: true }),
    output: () => output,
    async sees(text) {
      const at = await until(() => 1 + output.indexOf(text, seenTo), `${JSON.stringify(text)} on the terminal`, 20_000).catch(
        (error: Error) => {
          throw new Error(`${error.message}; there is: ${JSON.stringify(output.slice(seenTo))}`);
        },
      );
      seenTo = at - 1 + text.length;
    },
    ended: () => end.promise,
    [Symbol.asyncDispose]: () => program[Symbol.asyncDispose](),
  };

  async function read(): Promise<void> {
    for (;;) {
      const told = JSON.parse(await program.line().catch(() => '{"exit":-1}')) as Told;
      output += told.output ?? '';
      if (told.exit !== undefined) return end.resolve(told as { exit: number });
    }
  }

  function tell(order: object): void {
    program.write(`${JSON.stringify(order)}\n`);
  }
}
