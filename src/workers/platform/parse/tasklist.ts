/**
 * Names by pid, in what `tasklist /fo csv /nh` of Windows prints, whatever its language: lines of quoted columns, of which the first is the
 * image name and the second the pid. Nothing else of it is read. What is no such line, as the sentence that says that there is none, is
 * left out.
 */
export function parseTasklist(text: string): Map<number, string> {
  const names = new Map<number, string>();
  for (const line of text.split(/\r?\n/)) {
    // No file name of Windows has a quotation mark in it.
    const [, name, pid] = /^"([^"]+)","(\d{1,10})"(?:,|$)/.exec(line.trim()) ?? [];
    if (name !== undefined && Number(pid) <= 0xffff_ffff) names.set(Number(pid), name);
  }
  return names;
}
