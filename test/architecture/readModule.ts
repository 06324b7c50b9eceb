import { parseAst } from 'rolldown/parseAst';

/* What a module imports, exports and takes from the global scope, read from its syntax tree. */

export interface Module {
  /** From the root of the repository, with forward slashes. */
  path: string;
  lines: number;
  imports: Import[];
  /** `process.exit`, `console`, `setTimeout`, …: global names, with the member where it matters. */
  globals: Set<string>;
  hasDefaultExport: boolean;
  hasExportStar: boolean;
}

export interface Import {
  specifier: string;
  /** Erased before it runs: `import type`, or `typeof import('x')`. */
  isType: boolean;
}

type Node = { type: string; [key: string]: unknown };

export function readModule(path: string, source: string): Module {
  const program = parseAst(source, { lang: path.endsWith('.ts') ? 'ts' : 'js' }, path) as unknown as Node;
  const module: Module = {
    path,
    lines: source.split('\n').length - 1,
    imports: [],
    globals: new Set(),
    hasDefaultExport: false,
    hasExportStar: false,
  };
  visit(program, [], module);
  return module;
}

/** `scopes` holds the names that hide a global one here, from the outside in. */
function visit(node: Node, scopes: Set<string>[], module: Module): void {
  recordImport(node, module);
  recordExport(node, module);
  const name = globalName(node, scopes);
  if (name !== null) module.globals.add(name);

  const inner = [...scopes, declaredIn(node)];
  for (const [key, child] of Object.entries(node)) {
    // The member of `a.process` and the key of `{ process: … }` are names, not uses.
    if ((key === 'property' || key === 'key') && node.computed !== true) continue;
    for (const one of Array.isArray(child) ? child : [child]) {
      if (isNode(one)) visit(one, inner, module);
    }
  }
}

function recordImport(node: Node, module: Module): void {
  const source = node.source as Node | null | undefined;
  switch (node.type) {
    case 'ImportDeclaration':
    case 'ExportNamedDeclaration':
    case 'ExportAllDeclaration': {
      if (!source) return;
      const isType = node.importKind === 'type' || node.exportKind === 'type';
      module.imports.push({ specifier: source.value as string, isType: isType || onlyTypes(node.specifiers as Node[] | undefined) });
      return;
    }
    case 'ImportExpression':
      // A computed specifier names no module that could be checked.
      if (source) module.imports.push({ specifier: source.type === 'Literal' ? (source.value as string) : '(computed)', isType: false });
      return;
    case 'TSImportType':
      if (source) module.imports.push({ specifier: source.value as string, isType: true });
  }
}

const onlyTypes = (specifiers: Node[] = []) =>
  specifiers.length > 0 && specifiers.every(({ importKind, exportKind }) => importKind === 'type' || exportKind === 'type');

function recordExport(node: Node, module: Module): void {
  if (node.type === 'ExportDefaultDeclaration') module.hasDefaultExport = true;
  if (node.type === 'ExportAllDeclaration') module.hasExportStar = true;
  if (node.type !== 'ExportNamedDeclaration') return;
  const exported = (node.specifiers as Node[]).map((specifier) => specifier.exported as Node);
  if (exported.some((one) => (one.name ?? one.value) === 'default')) module.hasDefaultExport = true;
}

/** The global that an expression uses: its members too where they are told apart. */
function globalName(node: Node, scopes: Set<string>[]): string | null {
  const chain = memberChain(node);
  if (chain === null) return null;
  const [first, ...members] = chain[0] === 'globalThis' ? chain.slice(1) : chain;
  if (first === undefined || (chain[0] !== 'globalThis' && scopes.some((scope) => scope.has(first)))) return null;
  return withMembers.has(first) ? [first, ...members.slice(0, 1)].join('.') : first;
}
const withMembers = new Set(['process', 'Date', 'AbortSignal', 'Atomics']);

function memberChain(node: Node): string[] | null {
  if (node.type === 'Identifier') return [node.name as string];
  // Without arguments it reads the clock.
  if (node.type === 'NewExpression' && (node.callee as Node).name === 'Date')
    return (node.arguments as unknown[]).length === 0 ? ['Date', 'now'] : null;
  if (node.type !== 'MemberExpression') return null;
  const object = memberChain(node.object as Node);
  const property = node.property as Node;
  const member = node.computed === true ? property.value : property.name;
  return object === null || typeof member !== 'string' ? null : [...object, member];
}

/** The names that a node declares for what is inside it. */
function declaredIn(node: Node): Set<string> {
  const names = new Set<string>();
  const statements = node.type === 'Program' || node.type === 'BlockStatement' ? (node.body as Node[]) : [];
  for (const statement of statements) declare((statement.declaration as Node | null | undefined) ?? statement, names);
  for (const parameter of (node.params as unknown[] | undefined) ?? []) if (isNode(parameter)) bind(parameter, names);
  for (const key of ['param', 'init', 'left'])
    if (['CatchClause', 'ForStatement', 'ForOfStatement', 'ForInStatement'].includes(node.type) && isNode(node[key])) {
      declare(node[key], names);
      if (node.type === 'CatchClause') bind(node[key], names);
    }
  return names;
}

function declare(statement: Node, names: Set<string>): void {
  if (statement.type === 'VariableDeclaration') for (const { id } of statement.declarations as Node[]) bind(id as Node, names);
  if (statement.type === 'FunctionDeclaration' || statement.type === 'ClassDeclaration') bind(statement.id as Node, names);
  // `node:process` is the global by another way, so it hides nothing.
  if (statement.type === 'ImportDeclaration' && (statement.source as Node).value !== 'node:process') {
    for (const { local } of statement.specifiers as Node[]) bind(local as Node, names);
  }
}

function bind(pattern: Node, names: Set<string>): void {
  if (pattern.type === 'Identifier') names.add(pattern.name as string);
  for (const part of [
    pattern.left,
    pattern.argument,
    pattern.value,
    ...((pattern.elements ?? []) as unknown[]),
    ...((pattern.properties ?? []) as unknown[]),
  ]) {
    if (isNode(part)) bind(part, names);
  }
}

const isNode = (value: unknown): value is Node => typeof value === 'object' && value !== null && typeof (value as Node).type === 'string';
