/** One screen: what there is, and what comes out. */
export const overview = `sidewarden: who holds this port, what runs under this pid, and end exactly that.

Usage
  sidewarden ports [--tcp | --udp] [--json]           everything that listens here, with its owners
  sidewarden port PORT [--udp] [--json]               who holds a port, why it can or cannot be used
  sidewarden ps [--name NAME | --tree PID] [--json]   processes, or one process and its descendants
  sidewarden kill PORT | --pid PID [--yes]            end who holds a port, or a process, until it is gone
  sidewarden free PORT [--yes]                        the same, until the port can be bound
  sidewarden alloc [COUNT] [--key KEY]                free ports, one a line
  sidewarden run [--grace MS] -- COMMAND …            one command at this terminal, of which nothing is left behind
  sidewarden doctor [--json]                          what works on this machine, and what follows from it
  sidewarden schema [--format FORMAT]                 the protocol: openrpc (default), jsonschema or markdown
  sidewarden --stdio                                  the sidecar itself, driven by JSON-RPC over stdin and stdout
  sidewarden --pipe=PATH | --node-ipc                 the same over the host’s socket, or the channel of fork()
  sidewarden --help | --version                       sidewarden COMMAND --help tells more

Tables fit the terminal; in a pipe nothing is cut or coloured. NO_COLOR is respected. --json prints the results as they
came over the wire. kill and free ask before they touch anybody; --dry-run only shows, --yes does not ask.

Exit codes
  0  done: for kill, all have ended; for free, the port can be bound
  1  the answer is "none": nobody holds the port, no process matches
  2  the command line is wrong
  3  could not look: the system refused, or cannot be asked
  4  the sidecar could not be started
  5  nobody was touched: there was no yes, or all were protected
  6  not done, or not wholly: somebody is left, the port is still held, no port is free
run ends with the exit code of its command, 128 + n where signal n ended it; 127: there is no such command, 126: it
cannot be run, 125: run itself has failed.
`;

const killOptions = `  -y, --yes            do not ask
  -n, --dry-run        touch nobody, only show
  --signal NAME        the polite signal; SIGTERM
  --grace MS           how long to wait before SIGKILL; 5000
  --no-force           no SIGKILL
  --allow-protected    also what is protected, after asking; never the sidecar, init or the kernel`;

/** The commands that there are, and what `--help` says of each. */
export const commandHelp = {
  ports: `sidewarden ports [--tcp | --udp] [--json]

Every TCP listener and every bound, unconnected UDP socket, one line an owner. A holder whom we may not see stands in
the table as "(hidden: …)"; it holds the port all the same.

  --tcp, --udp   only this protocol
  --json         {"entries": [PortEntry, …]}, as port/list answers
`,
  port: `sidewarden port PORT [--udp] [--json]

Who holds the port, why it can or cannot be used, what was seen, and what can be done about it. It means TCP unless
--udp is given. Exit code 1: nobody holds it.

  --udp    the UDP port
  --json   {"find": …, "explain": …}, as port/find and port/explain answer
`,
  ps: `sidewarden ps [--name NAME | --tree PID] [--json]

The processes that this user may see. "?" stands for what may not be seen of one.

  --name NAME   only those of exactly this name
  --tree PID    this process and all its descendants
  --json        {"processes": [ProcessInfo, …]}, as process/list or process/tree answers
`,
  kill: `sidewarden kill PORT | --pid PID [--yes]

Ends whoever holds the port, and only those; or a process with its descendants. Shows them first and asks, and then
touches exactly those: each by its identity, politely, then by force, and it is told when they are gone. Where there is no
terminal to ask on, and with --json, it needs --yes; with it, it means whoever is there by then.

Hosts, other live sidecars and their services, service managers, container engines and interactive shells are protected:
they are shown with the reason, and left alone. Ctrl-C at the question touches nobody, and later stops what is still to
come. Exit code 6: somebody is left.

${killOptions}
  --tree, --no-tree    with all descendants, or without; a pid with, a port without
  --udp                the UDP port
  --expect NAME        only if every holder has exactly this name; a UDP port needs it if it is shared or ephemeral
  --json               the answer of port/kill or process/kill, of a dry run if nobody was touched
`,
  free: `sidewarden free PORT [--yes]

As kill PORT does, and then waits, up to two seconds, for closing connections to let go of it. Exit code 0: the port can be
bound now, also when nobody held it. Who comes to hold it in the meantime was not shown, and is left alone: exit code 6.

${killOptions}
  --tree, --no-tree    with all descendants, or without; without
  --udp                the UDP port
  --expect NAME        only if every holder has exactly this name
  --json               {"kill": …, "ensureAvailable": … or null}, as port/kill and port/ensureAvailable answer
`,
  alloc: `sidewarden alloc [COUNT] [--key KEY]

Prints free ports, one a line: PORT=$(sidewarden alloc). They lie outside the ranges that the system gives to outgoing
connections or has reserved, and they were free when they were looked at. Nothing keeps them free afterwards: a lease ends
with the sidecar, and this one ends with the command. A host that needs more than that asks its own sidecar to hold them.

  --key KEY          the same ports again for the same key, as long as they are free: one key a worktree, a profile
  --range FROM-TO    look there instead
  --state-dir DIR    where keys are remembered
  -n, --dry-run      for scripts that pass it on: without a key nothing is kept anyway; not together with --key
  --json             {"leases": [Lease, …]}, as port/allocate answers
`,
  run: `sidewarden run [--grace MS] -- COMMAND …

Runs a command here: it has the terminal, the environment and the descriptors 0 to 2 as they are. When it ends, whatever
it has left in the background is ended as well, politely and then by force, be it in other sessions, detached or deaf.
SIGTERM, SIGINT and SIGHUP end the command and all of that by the same signal; a second one skips the grace. Ctrl-C,
Ctrl-Z, fg and bg do what they do without sidewarden. Linux only, so far.

  --grace MS         between the polite signal and SIGKILL; 5000
  --state-dir DIR    where it is noted what runs, for a next run to find should this one and its guards all be killed
`,
  doctor: `sidewarden doctor [--json]

What works on this machine, one line each, with what follows from it.

  --json   what initialize answers
`,
  schema: `sidewarden schema [--format openrpc | jsonschema | markdown]

Prints the published description of the protocol: the OpenRPC document, the JSON Schema of every type, or the reference
page.
`,
};

export type CommandName = keyof typeof commandHelp;
