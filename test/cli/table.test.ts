import { describe, expect, test } from 'vitest';
import { nearest } from '../../clients/cli/nearest.ts';
import { renderPorts } from '../../clients/cli/portTable.ts';
import { displayName } from '../../clients/cli/processName.ts';
import { type Column, renderTable } from '../../clients/cli/table.ts';
import { escapeControls, escapeJson, fitText, textWidth, wrapText } from '../../clients/cli/text.ts';
import type { PortEntry } from '../../src/protocol/types/port.ts';

describe('a table', () => {
  const columns: Column[] = [
    { title: 'PORT', align: 'right' },
    { title: 'NAME', yields: 'later' },
    { title: 'COMMAND', yields: 'first' },
  ];
  const rows = [
    ['80', 'nginx', 'nginx: master process /usr/sbin/nginx -g daemon off;'],
    ['3000', '日本語のプロセス名', 'node サーバー.js --verbose --and --more'],
    ['65535', 'naïve', ''],
  ];

  test('is as wide as its contents where there is no terminal', () => {
    expect(renderTable(columns, rows, { width: null })).toEqual([
      ' PORT  NAME                COMMAND',
      '   80  nginx               nginx: master process /usr/sbin/nginx -g daemon off;',
      ' 3000  日本語のプロセス名  node サーバー.js --verbose --and --more',
      '65535  naïve',
    ]);
  });

  test('lets the command give way first', () => {
    expect(renderTable(columns, rows, { width: 40 })).toEqual([
      ' PORT  NAME                COMMAND',
      '   80  nginx               nginx: maste…',
      ' 3000  日本語のプロセス名  node サーバ…',
      '65535  naïve',
    ]);
  });

  test.each([200, 80, 40, 30, 21, 20, 12, 5, 1])('never has a line over %i columns', (width) => {
    const lines = renderTable(columns, rows, { width });
    expect(lines).toHaveLength(4);
    expect(lines.filter((line) => textWidth(line) > width)).toEqual([]);
  });

  test('styles the headings only after they have been measured', () => {
    const [first] = renderTable([{ title: 'A' }, { title: 'B' }], [['long', 'x']], { width: 20, heading: (text) => `<${text}>` });
    expect(first).toBe('<A     B>');
  });
});

describe('text of others', () => {
  test.each([
    ['a newline', 'a\nb', 'a\\nb'],
    ['an escape sequence', 'a\u001b[2Jb', 'a\\x1b[2Jb'],
    ['the same in C1', 'a\u009b2Jb', 'a\\x9b2Jb'],
    ['DEL', 'a\u007fb', 'a\\x7fb'],
    ['a change of direction', 'a\u202eb', 'a\\u{202e}b'],
    ['what is invisible', 'a\u200bb\u{e0041}', 'a\\u{200b}b\\u{e0041}'],
    ['a line separator', 'a\u2028b', 'a\\u{2028}b'],
    ['half a surrogate pair', 'a\ud83db', 'a\\u{d83d}b'],
    ['nothing special', 'größe 日本 🚀 \\n', 'größe 日本 🚀 \\n'],
  ])('is escaped: %s', (_, text, escaped) => {
    expect(escapeControls(text)).toBe(escaped);
  });

  test('stays the same value in JSON', () => {
    const value = { name: 'a\u009b\u007f\u202e\u{e0041}\n"\\é日' };
    const json = escapeJson(JSON.stringify(value));
    expect(JSON.parse(json)).toEqual(value);
    expect(json).not.toMatch(/[\p{Cc}\p{Cf}]/u);
  });

  test.each([
    ['ascii', 5],
    ['日本', 4],
    ['한국', 4],
    ['ｗｉｄｅ', 8],
    ['e\u0301', 1],
    ['🚀', 2],
    ['❤️', 2],
    ['🇪🇺', 2],
    ['\u1112\u1161\u11ab', 2],
    ['…', 1],
    ['', 0],
  ])('%s takes %i columns', (text, width) => {
    expect(textWidth(text)).toBe(width);
  });

  test('is cut between characters, and says so', () => {
    expect(fitText('日本語', 6)).toBe('日本語');
    expect(fitText('日本語', 5)).toBe('日本…');
    expect(fitText('日本語', 4)).toBe('日…');
    expect(fitText('ae\u0301e\u0301', 2)).toBe('a…');
    expect(fitText('abc', 1)).toBe('…');
    expect(fitText('abc', 0)).toBe('');
  });

  test('is wrapped between words', () => {
    expect(wrapText('one two three fourteenletters', 9)).toEqual(['one two', 'three', 'fourteen…']);
  });
});

describe('a table of ports', () => {
  const entry: PortEntry = {
    protocol: 'tcp',
    family: 'ipv4',
    dualStack: false,
    address: '127.0.0.1',
    port: 3000,
    state: 'listen',
    owners: [],
    visibility: 'hidden',
  };
  const owner = {
    pid: 7,
    ppid: 1,
    startedAt: 0,
    identity: 'x',
    name: 'node',
    executable: '/usr/bin/node',
    commandLine: ['node', 'a b'],
    cwd: null,
    user: { id: 1, name: 'ada' },
    status: 'sleeping' as const,
    rssBytes: 1,
    visibility: 'full' as const,
  };
  const linesOf = (entries: PortEntry[], portOwners: 'all' | 'ownUser' = 'ownUser') =>
    renderPorts(entries, portOwners, { width: null }).slice(1);

  test('says of a hidden owner that there is one', () => {
    expect(linesOf([entry])).toEqual(['3000  tcp    127.0.0.1    ?  (hidden: other user)  ?     ?']);
    // Who may see all users has not missed another user.
    expect(linesOf([entry], 'all')).toEqual(['3000  tcp    127.0.0.1    ?  (hidden: kernel or other namespace)  ?     ?']);
  });

  test('has a line for each owner, and one for those not seen', () => {
    expect(linesOf([{ ...entry, owners: [owner, { ...owner, pid: 8, user: null, commandLine: null }] }])).toEqual([
      '3000  tcp    127.0.0.1    7  node                  ada   node a b',
      '3000  tcp    127.0.0.1    8  node                  ?     /usr/bin/node',
      '3000  tcp    127.0.0.1    ?  (hidden: other user)  ?     ?',
    ]);
  });

  test('keeps "could not look" apart from "hidden"', () => {
    expect(linesOf([{ ...entry, visibility: 'unknown' }])).toEqual(['3000  tcp    127.0.0.1    ?  (unknown: could not look)  ?     ?']);
  });

  test('tells addresses of both families, and what does not listen', () => {
    const lines = linesOf([
      { ...entry, owners: [owner], visibility: 'full', family: 'ipv6', address: '::', dualStack: true },
      { ...entry, owners: [owner], visibility: 'full', state: 'bound' },
      { ...entry, owners: [owner], visibility: 'full', state: 'bound', protocol: 'udp' },
    ]);
    expect(lines.map((line) => line.slice(13, 40).trimEnd())).toEqual(['[::] +IPv4', '127.0.0.1 (not listening)', '127.0.0.1']);
  });

  test('names the container or service that it runs in', () => {
    const unit = { name: 'web.service', scope: 'system' as const };
    const placed = linesOf([
      { ...entry, container: { engine: 'docker', id: '0123456789abcdef', name: 'web' } },
      { ...entry, container: { engine: 'podman', id: '0123456789abcdef' } },
      { ...entry, unit },
      { ...entry, unit: { ...unit, name: 'session-3.scope' } },
    ]);
    expect(placed.map((line) => line.slice(line.lastIndexOf('?') + 1).trim())).toEqual([
      'docker web',
      'podman 0123456789ab',
      'web.service',
      '',
    ]);
  });
});

test.each([
  [{ name: 'MainThread', executable: '/usr/bin/node' }, 'MainThread (node)'],
  [{ name: 'python3', executable: '/usr/bin/python3.11' }, 'python3'],
  [{ name: 'node', executable: null }, 'node'],
  [{ name: 'backup', executable: '/usr/bin/bash' }, 'backup (bash)'],
])('%o is shown as %s', (process, shown) => {
  expect(displayName(process)).toBe(shown);
});

test.each([
  ['prots', 'ports'],
  ['pors', 'ports'],
  ['docter', 'doctor'],
  ['--verison', '--version'],
  ['kubernetes', null],
  ['x', null],
])('%s was probably meant to be %s', (word, meant) => {
  expect(nearest(word, ['ports', 'port', 'ps', 'doctor', 'schema', '--stdio', '--help', '--version'])).toBe(meant);
});
