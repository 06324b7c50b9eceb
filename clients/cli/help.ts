/** One screen: what there is, and what comes out. */
export const overview = `sidewarden: who holds this port, what runs under this pid.

Usage
  sidewarden ports [--tcp | --udp] [--json]           everything that listens here, with its owners
  sidewarden port PORT [--udp] [--json]               who holds a port, why it can or cannot be used
  sidewarden ps [--name NAME | --tree PID] [--json]   processes, or one process and its descendants
  sidewarden doctor [--json]                          what works on this machine, and what follows from it
  sidewarden schema [--format FORMAT]                 the protocol: openrpc (default), jsonschema or markdown
  sidewarden --stdio                                  the sidecar itself, driven by JSON-RPC over stdin and stdout
  sidewarden --help | --version                       sidewarden COMMAND --help tells more

Tables fit the terminal; in a pipe nothing is cut or coloured. NO_COLOR is respected. --json prints the results as they
came over the wire.

Exit codes
  0  done
  1  the answer is "none": nobody holds the port, no process matches
  2  the command line is wrong
  3  could not look: the system refused, or cannot be asked
  4  the sidecar could not be started
`;

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
