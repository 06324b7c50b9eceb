import { parseArgs } from 'node:util';
import { withSidecar } from '../connect.ts';
import { diagnose, type Finding } from '../diagnosis.ts';
import { type ExitCode, exitCode } from '../exitCode.ts';
import { paint, print, printJson, terminalWidth } from '../terminal.ts';
import { escapeControls, wrapText } from '../text.ts';

/** What works on this machine, and what follows from it. */
export async function doctor(args: string[]): Promise<ExitCode> {
  const { values } = parseArgs({ args, options: { json: { type: 'boolean' } } });
  const server = await withSidecar(async (sidecar) => sidecar.server);
  if (values.json) printJson(server);
  else
    print(
      `sidewarden ${escapeControls(server.serverInfo.version)}, protocol ${server.protocol}`,
      '',
      ...diagnose(server).flatMap(findingLines),
    );
  return exitCode.done;
}

/** The finding, and below it what follows, wrapped to the terminal. */
function findingLines({ title, value, isGood, consequence }: Finding): string[] {
  const mark = isGood ? paint('green', '✔') : paint('yellow', '!');
  const indent = ' '.repeat(titleWidth + 2);
  const width = terminalWidth();
  const text = escapeControls(consequence);
  const lines = width === null ? [text] : wrapText(text, Math.max(20, width - indent.length));
  return [
    `${mark} ${title.padEnd(titleWidth)}${paint('bold', escapeControls(value))}`,
    ...lines.map((line) => `${indent}${paint('dim', line)}`),
  ];
}

const titleWidth = 17;
