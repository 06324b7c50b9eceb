import type { SidecarConnection } from './sidecar.ts';
import { paint, print } from './terminal.ts';
import { escapeControls } from './text.ts';

/** What an act sends along with its params, and its call with them. */
export interface ActContext {
  workDoneToken: string;
  signal: AbortSignal;
}

/**
 * Runs an act. Its rungs are told while it lasts, unless it is to be quiet. Ctrl-C stops what has not been done yet, and
 * the answer tells what has; a second one ends the tool.
 */
export async function watchAct<Value>(
  sidecar: SidecarConnection,
  { isQuiet }: { isQuiet: boolean },
  act: (context: ActContext) => Promise<Value>,
): Promise<Value> {
  const cancelling = new AbortController();
  const cancel = () => cancelling.abort();
  const stopListening = sidecar.on('$/progress', ({ value }) => {
    if (!isQuiet && value.kind === 'report' && value.message !== undefined) print(paint('dim', `… ${escapeControls(value.message)}`));
  });
  process.once('SIGINT', cancel);
  try {
    return await act({ workDoneToken: 'act', signal: cancelling.signal });
  } finally {
    process.off('SIGINT', cancel);
    stopListening();
  }
}
