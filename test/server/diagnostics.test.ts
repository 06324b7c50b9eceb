import { describe, expect, test } from 'vitest';
import type { LogLine } from '../../src/log.ts';
import type { NotificationParams } from '../../src/protocol/methods/index.ts';
import { createRecordHostError } from '../../src/server/diagnostics/hostErrors.ts';
import { createHostLog } from '../../src/server/diagnostics/hostLog.ts';
import { withoutCredentials, withoutPasswords } from '../../src/server/diagnostics/redaction.ts';
import { createFakeClock } from '../harness/fakeClock.ts';

describe('credentials', () => {
  test.each([
    'password',
    'dbPassword',
    'API_KEY',
    'x-api-key',
    'accessToken',
    'clientSecret',
    'Authorization',
    'Set-Cookie',
    'sessionId',
    'pwd',
  ])('the member %s is redacted, whatever it holds', (name) => {
    for (const secret of ['abc', 7, ['abc'], { user: 'u', value: 'abc' }])
      expect(withoutCredentials({ deep: [{ [name]: secret }] })).toEqual({ deep: [{ [name]: '[redacted]' }] });
  });

  test.each(['author', 'passenger', 'keyboard', 'pinned', 'compass', 'path', 'authority'])('the member %s stays', (name) => {
    expect(withoutCredentials({ [name]: 'abc' })).toEqual({ [name]: 'abc' });
  });

  test.each([
    ['postgres://app:abc@db/main', 'postgres://app:[redacted]@db/main'],
    ['GET /?page=2&token=abc&x=1', 'GET /?page=2&token=[redacted]&x=1'],
    ['{"apiKey": "abc", "window": 2}', '{"apiKey": "[redacted]", "window": 2}'],
    ['curl -H "x: Bearer abcdef123"', 'curl -H "x: Bearer [redacted]"'],
    ['http://localhost:3000/a: not found', 'http://localhost:3000/a: not found'],
  ])('in the text %s', (text, expected) => {
    expect(withoutPasswords(text)).toBe(expected);
  });

  test('texts of any form take time that grows as they do: eight MiB of each are through', () => {
    for (const unit of ['y', 'a ', 'a://', 'a://b:c', ':', 'a=', ' ', 'bearer ', '-a', 'a://x:y@'])
      expect(withoutPasswords(unit.repeat((8 * 1024 * 1024) / unit.length)).length).toBeGreaterThan(1_000_000);
  });
});

test('what a host reports is cut, and says so; a context that cannot be looked through is left out', () => {
  const lines: { host: Record<string, unknown> }[] = [];
  const record = createRecordHostError({ error: (fields: object) => lines.push(fields as never) } as never);
  record('c1', { message: 'm'.repeat(100_000), stack: 's'.repeat(1_000_000), context: { text: 'x'.repeat(100_000) } });
  record('c1', { message: 'm', context: { text: 'x'.repeat(1_000_000) } });
  expect(lines[0]?.host['message']).toMatch(/^m{32768}… \(of 100000 characters\)$/);
  expect(lines[0]?.host['stack']).toMatch(/^s{32768}… \(of 1000000 characters\)$/);
  expect(lines[0]?.host['context']).toMatch(/^\{"text":"x+… \(of 100011 characters\)$/);
  expect(lines[1]?.host).toEqual({ message: 'm', context: 'left out: 1000011 characters' });
});

describe('the log as the host is told it', () => {
  const line = (message: string, level: LogLine['level'] = 'warn', fields: object = {}): LogLine => ({ level, fields, message });

  function createScene(takes: () => boolean = () => true) {
    const clock = createFakeClock();
    const sent: NotificationParams<'window/logMessage'>[] = [];
    const hostLog = createHostLog({
      clock,
      send(params) {
        // What is logged because of this very sending.
        hostLog.tell(line('recursion'));
        if (takes()) sent.push(params);
        return takes();
      },
    });
    return { clock, sent, hostLog, messages: () => sent.map(({ message }) => message) };
  }

  test('warnings and errors only, in LSP’s types, with the ref of an InternalError', () => {
    const { sent, hostLog } = createScene();
    hostLog.open();
    for (const level of ['debug', 'info', 'warn', 'error', 'fatal'] as const) hostLog.tell(line(level, level));
    hostLog.tell(line('unexpected failure', 'error', { ref: 'r1', err: new Error('/a/path') }));
    expect(sent).toEqual([
      { type: 2, message: 'warn' },
      { type: 1, message: 'error' },
      { type: 1, message: 'fatal' },
      { type: 1, message: 'unexpected failure (ref r1)' },
    ]);
  });

  test('what comes before initialize is answered waits for it', () => {
    const { hostLog, messages } = createScene();
    hostLog.tell(line('early'));
    expect(messages()).toEqual([]);
    hostLog.open();
    expect(messages()).toEqual(['early']);
  });

  test('a burst, then one a second; what was left out is counted', () => {
    const { clock, hostLog, messages } = createScene();
    hostLog.open();
    for (let index = 0; index < 50; index += 1) hostLog.tell(line(`w${index}`));
    expect(messages()).toHaveLength(20);
    clock.advance(1_000);
    hostLog.tell(line('later'));
    expect(messages().at(-1)).toBe('later (before it 30 more, which are only in the log)');
    hostLog.tell(line('too soon'));
    expect(messages()).toHaveLength(21);
  });

  test('what a slow host does not take is counted as well', () => {
    let isReading = false;
    const { hostLog, messages } = createScene(() => isReading);
    hostLog.open();
    for (const message of ['a', 'b']) hostLog.tell(line(message));
    isReading = true;
    hostLog.tell(line('c'));
    expect(messages()).toEqual(['c (before it 2 more, which are only in the log)']);
  });
});
