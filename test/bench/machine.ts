import { cpus, release, totalmem } from 'node:os';
import { findPsutil, packageVersion, versionOf } from './programs.ts';

/** Where the figures come from: nothing that names the machine, everything that explains it. */
export function describeMachine(): string[] {
  const [cpu] = cpus();
  return [
    `${cpus().length} cores, ${cpu?.model.trim() || 'an unnamed processor'}, ${Math.round(totalmem() / 2 ** 30)} GiB`,
    `${process.platform} ${release()}, ${process.arch}`,
    `Node ${process.version}`,
  ];
}

export function describePeers(): string[] {
  const psutil = findPsutil();
  return [
    versionOf('ss', ['-V']) ?? 'ss: not here',
    `lsof ${versionOf('lsof', ['-v'], /revision:/)?.replace(/^.*revision:\s*/, '') ?? ': not here'}`,
    psutil === null ? 'psutil: not here' : `psutil ${psutil.version}, ${versionOf(psutil.python, ['--version'])}`,
    `C compiled with -O2 by ${versionOf('cc', ['--version']) ?? 'nothing: no cc'}`,
    `vscode-jsonrpc ${packageVersion('vscode-jsonrpc')}, piscina ${packageVersion('piscina')}, koffi ${packageVersion('koffi')}`,
  ];
}
