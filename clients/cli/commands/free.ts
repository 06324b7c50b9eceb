import { parseArgs } from 'node:util';
import type { Result } from '../../../src/protocol/methods/index.ts';
import { watchAct } from '../act.ts';
import { parsePort } from '../arguments.ts';
import { type CarriedOut, type Consent, carryOut } from '../carryOut.ts';
import { withSidecar } from '../connect.ts';
import { type ExitCode, exitCode } from '../exitCode.ts';
import { killArguments, readKillParams } from '../killArguments.ts';
import { exitCodeOf, printOutcomes } from '../outcomes.ts';
import { type PortParams, portKilling, portVerdict } from '../portKill.ts';
import { renderPorts } from '../portTable.ts';
import type { SidecarConnection } from '../sidecar.ts';
import { paint, print, printJson, terminalWidth } from '../terminal.ts';

interface Freeing extends CarriedOut<Result<'port/kill'>> {
  ensure: Result<'port/ensureAvailable'> | null;
  portOwners: Result<'initialize'>['capabilities']['portOwners'];
}

/** Makes a port available: ends its holders after asking, and waits until it can be bound. */
export async function free(args: string[]): Promise<ExitCode> {
  const { values, positionals } = parseArgs({ args, allowPositionals: true, allowNegative: true, options: killArguments });
  const expect = values.expect === undefined ? undefined : { name: values.expect };
  const params = {
    ...readKillParams(values),
    port: parsePort(positionals, 'free'),
    protocol: values.udp ? ('udp' as const) : ('tcp' as const),
    expect,
  };
  const freeing = await withSidecar((sidecar) => freePort(sidecar, params, values));
  if (values.json) printJson({ kill: freeing.answer, ensureAvailable: freeing.ensure });
  else report(params, freeing);
  return exitCodeFor(freeing);
}

/**
 * port/ensureAvailable would end whoever holds the port at each attempt, and nobody could have been shown those that
 * come later: port/kill ends the ones that were, and what is left to do is to wait.
 */
async function freePort(sidecar: SidecarConnection, params: PortParams, consent: Consent): Promise<Freeing> {
  const carriedOut = await carryOut(portKilling(sidecar, params, consent), consent);
  const { stage, answer } = carriedOut;
  const isOver = answer.freed || stage === 'refused' || consent['dry-run'];
  const { port, protocol } = params;
  const ensure = isOver
    ? null
    : await watchAct(sidecar, { isQuiet: true }, ({ signal }) =>
        sidecar.call('port/ensureAvailable', { port, protocol, evict: 'none' }, { signal }),
      );
  return { ...carriedOut, ensure, portOwners: sidecar.server.capabilities.portOwners };
}

function exitCodeFor({ stage, answer, ensure }: Freeing): ExitCode {
  if (answer.freed || ensure?.available) return exitCode.done;
  if (stage === 'refused') return exitCode.refused;
  const code = exitCodeOf(answer.outcomes);
  // A dry run of what would all be ended.
  if (code === exitCode.done && ensure === null) return exitCode.done;
  return code === exitCode.refused ? exitCode.refused : exitCode.notAll;
}

/** The plan has been shown already. */
function report(params: PortParams, { stage, answer, ensure, portOwners }: Freeing): void {
  if (stage === 'refused') return;
  if (stage === 'done') printOutcomes(answer);
  if (answer.freed || ensure?.available) print(`${params.protocol?.toUpperCase()} port ${params.port} is free.`);
  else if (ensure !== null || answer.outcomes.length === 0) print(portVerdict(params, answer));
  if (ensure && !ensure.available && ensure.entries.length > 0)
    print(...renderPorts(ensure.entries, portOwners, { width: terminalWidth(), heading: (text) => paint('dim', text) }));
}
