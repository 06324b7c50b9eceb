import { loadLibraries } from './libraries.ts';

/** The windows of a program that a person could close: visible, on top of no other, and no console. */
export interface TopLevelWindows {
  /** Their handles, by the pid of the program; empty in a session without a desktop. */
  list(): Map<number, number[]>;
  /** Asks it to close (WM_CLOSE), and waits for no answer; false where Windows refuses that, as towards a program of more rights. */
  close(window: number): boolean;
}

/** Null without native calls. */
export function loadTopLevelWindows(): TopLevelWindows | null {
  if (loaded === undefined) loaded = bind();
  return loaded;
}
let loaded: TopLevelWindows | null | undefined;

function bind(): TopLevelWindows | null {
  const libraries = loadLibraries();
  if (libraries === null) return null;
  const user32 = libraries.koffi.load('user32.dll');
  const findNext = user32.func('intptr_t __stdcall FindWindowExW(intptr_t parent, intptr_t after, void *class, void *title)');
  const pidOf = user32.func('uint32 __stdcall GetWindowThreadProcessId(intptr_t window, _Out_ uint32 *pid)');
  const related = user32.func('intptr_t __stdcall GetWindow(intptr_t window, uint32 relation)');
  const isVisible = user32.func('bool __stdcall IsWindowVisible(intptr_t window)');
  const className = user32.func('int __stdcall GetClassNameW(intptr_t window, void *text, int length)');
  const post = user32.func('bool __stdcall PostMessageW(intptr_t window, uint32 message, intptr_t first, intptr_t second)');

  return {
    list() {
      const windows = new Map<number, number[]>();
      let window = 0;
      // Whoever is closed or raised meanwhile may end the walk early, or lead it round.
      for (let steps = 0; steps < mostWindows; steps += 1) {
        window = Number(findNext(0, window, null, null));
        if (window === 0) break;
        if (!isVisible(window) || Number(related(window, GW_OWNER)) !== 0 || consoles.has(nameOf(window))) continue;
        const pid = [0];
        pidOf(window, pid);
        const known = windows.get(pid[0] as number) ?? [];
        if (!known.includes(window)) windows.set(pid[0] as number, [...known, window]);
      }
      return windows;
    },
    close: (window) => post(window, WM_CLOSE, 0, 0) as boolean,
  };

  function nameOf(window: number): string {
    const text = new Uint16Array(longestClassName);
    return decoder.decode(text.subarray(0, className(window, text, text.length)));
  }
}

const decoder = new TextDecoder('utf-16le');
const mostWindows = 10_000;
/** Its window is said to be one of the program that it was opened for, and others may use it too. */
const consoles = new Set(['ConsoleWindowClass', 'PseudoConsoleWindow', 'CASCADIA_HOSTING_WINDOW_CLASS']);
const longestClassName = 257;
const GW_OWNER = 4;
const WM_CLOSE = 0x0010;
