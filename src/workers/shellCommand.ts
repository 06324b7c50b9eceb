/** Whether these arguments (argv[0] left out) make a shell read from its user: no command and no script among them. */
export function isInteractive(shell: string, args: readonly string[]): boolean {
  const power = /^(pwsh|powershell)(\.exe)?$/.test(shell);
  if (power && args.some((arg) => /^-noe(xit)?$/i.test(arg))) return true;
  for (let at = 0; at < args.length; at += 1) {
    const arg = args[at] ?? '';
    if (arg === '--' || arg === '-') return at === args.length - 1;
    if (withValue.has(arg)) at += 1;
    else if (!/^[-+]./.test(arg) || takesCommand(arg, power)) return false;
  }
  return true;
}

/** Options that are followed by a value: terminals of editors start their shells with an --init-file. */
const withValue = new Set(['--rcfile', '--init-file', '-rcfile', '-o', '+o', '-O', '+O', '-C', '--init-command', '--emulate']);

function takesCommand(option: string, power: boolean): boolean {
  if (power) return /^-(c|command|f|file|e|ec|encodedcommand)$/i.test(option);
  return /^-[a-zA-Z]{0,6}c[a-z]{0,2}$/.test(option) || /^--command(=|$)/.test(option);
}
