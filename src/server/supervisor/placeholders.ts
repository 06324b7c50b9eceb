/** The numbers of a service’s ports, by name. */
export type PortNumbers = ReadonlyMap<string, number>;

export function numbersOf(ports: readonly { name: string; port: number }[]): PortNumbers {
  return new Map(ports.map(({ name, port }) => [name, port]));
}

/** `${port:NAME}`, with whatever a name may be made of but the brace that ends it. */
const placeholder = /\$\{port:([^}]*)\}/g;

/** The text with each `${port:NAME}` replaced; anything else in `${…}` is the program’s own affair and stays. */
export function replacePorts(text: string, ports: PortNumbers): string {
  return text.replace(placeholder, (whole, name: string) => String(ports.get(name) ?? whole));
}

/** The names that a text asks for and the service has no port of. */
export function findUnknownPorts(text: string, known: ReadonlySet<string>): string[] {
  return [...text.matchAll(placeholder)].map(([, name]) => name as string).filter((name) => !known.has(name));
}
