import { loadLibraries } from './libraries.ts';

export interface TableQuestion {
  protocol: 'tcp' | 'udp';
  family: 'ipv4' | 'ipv6';
  /** Of TCP: only who listens, or all connections too. */
  rows: 'listeners' | 'all';
}

/** A table of GetExtendedTcpTable or GetExtendedUdpTable with the pids of the owners (iphlpapi.h), undecoded; null where this family is missing. */
export type ReadTable = (question: TableQuestion) => Uint8Array | null;

/** Null without native calls. */
export function loadReadTable(): ReadTable | null {
  if (loaded === undefined) loaded = bind();
  return loaded;
}
let loaded: ReadTable | null | undefined;

function bind(): ReadTable | null {
  const libraries = loadLibraries();
  if (libraries === null) return null;
  const declare = (name: string) =>
    libraries.iphlpapi.func(
      `uint32 __stdcall ${name}(void *table, _Inout_ uint32 *size, bool sorted, uint32 family, int kind, uint32 reserved)`,
    );
  const calls = { tcp: declare('GetExtendedTcpTable'), udp: declare('GetExtendedUdpTable') };
  let bytes = new Uint8Array(32 * 1024);

  return function readTable({ protocol, family, rows }) {
    const kind = protocol === 'udp' ? UDP_TABLE_OWNER_PID : rows === 'all' ? TCP_TABLE_OWNER_PID_ALL : TCP_TABLE_OWNER_PID_LISTENER;
    for (;;) {
      const size = [bytes.length];
      const error = calls[protocol](bytes, size, false, family === 'ipv4' ? AF_INET : AF_INET6, kind, 0) as number;
      if (error === 0) return bytes;
      if (error === ERROR_NOT_SUPPORTED || error === ERROR_INVALID_PARAMETER) return null;
      if (error !== ERROR_INSUFFICIENT_BUFFER) throw new Error(`the ${protocol} table of ${family} could not be read: error ${error}`);
      // Sockets may be opened between two calls.
      bytes = new Uint8Array(Math.max(bytes.length * 2, (size[0] ?? 0) * 2));
    }
  };
}

const AF_INET = 2;
const AF_INET6 = 23;
const TCP_TABLE_OWNER_PID_LISTENER = 3;
const TCP_TABLE_OWNER_PID_ALL = 5;
const UDP_TABLE_OWNER_PID = 1;
const ERROR_NOT_SUPPORTED = 50;
const ERROR_INVALID_PARAMETER = 87;
const ERROR_INSUFFICIENT_BUFFER = 122;
