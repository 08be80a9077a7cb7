import type { Rule, Scope } from 'eslint';
import type { CallExpression, Node, ObjectExpression, Property } from 'estree';
import ts from 'typescript';

/** What typescript-eslint's parser offers a rule where it knows the types. */
interface TypeServices {
  getTypeAtLocation?: (node: Node) => ts.Type;
}

/** How deep a constant may be made of others. */
const maxDepth = 20;

/** What makes a name or a value harmless, or throws: pg's own, and what names the tables of read models. */
const escapes = new Set(['escapeIdentifier', 'escapeLiteral', 'relationOf']);

/** Functions that take SQL, and where it stands among what they are given. */
const takers: Readonly<Record<string, number>> = { query: 0, tenantStatement: 1, tenantInsert: 1 };

/**
 * Forbids SQL that is put together at run time: what `.query(...)` and a tenant statement are given, and the `text` of a query, must be
 * fixed. Fixed is text, what the compiler knows to be one of some texts or numbers, constants, conditions and functions of the same file
 * that are made of these, and what pg's `escapeIdentifier` and `escapeLiteral` give. Values belong into parameters.
 */
export const noBuiltSql: Rule.RuleModule = {
  meta: {
    type: 'problem',
    docs: { description: 'SQL is fixed text; values are parameters' },
    messages: {
      built:
        'This SQL is put together at run time. Write it as fixed text with $1, $2 ... and pass the values; names that must differ go through pg.escapeIdentifier.',
    },
    schema: [],
  },
  create: (context) => {
    const { sourceCode } = context;
    const { getTypeAtLocation } = sourceCode.parserServices as TypeServices;
    const typeOf = (node: Node) => getTypeAtLocation?.(node);

    /** `given` holds the functions whose parameters are known to be fixed here. */
    const isFixed = (node: Node | null | undefined, given: readonly Node[] = [], depth = 0): boolean => {
      if (!node || depth > maxDepth) return false;
      const all = (...parts: (Node | null | undefined)[]) => parts.every((part) => isFixed(part, given, depth + 1));
      const inner = wrapped(node);
      if (inner) return all(inner);
      if (isOneOfSome(typeOf(node))) return true;
      switch (node.type) {
        case 'Literal':
          return true;
        case 'TemplateLiteral':
          return all(...node.expressions);
        case 'BinaryExpression':
          return all(node.left, node.right);
        case 'ConditionalExpression':
          return all(node.consequent, node.alternate);
        case 'LogicalExpression':
          return all(node.left, node.right);
        case 'Identifier': {
          const scope = sourceCode.getScope(node);
          return given.includes(functionOf(scope, node.name) as Node) || all(constantOf(scope, node.name));
        }
        case 'MemberExpression':
          return all(propertyOf(constantIn(sourceCode, node.object), nameOf(node.property, node.computed)));
        case 'CallExpression': {
          if (escapes.has(calledName(node) ?? '')) return true;
          const each = mappedAndJoined(node);
          if (each) return all(...node.arguments, each);
          const made = constantIn(sourceCode, node.callee);
          if (made?.type !== 'ArrowFunctionExpression' || made.body.type === 'BlockStatement') return false;
          return all(...node.arguments) && isFixed(made.body, [...given, made], depth + 1);
        }
        default:
          return false;
      }
    };

    /** Reports SQL that is not fixed. An object is looked at where it is written, and something else than text is not SQL. */
    const check = (sql: Node | undefined): void => {
      if (!sql || sql.type === 'ObjectExpression' || isFixed(sql)) return;
      const type = typeOf(sql);
      if (type && !isText(type)) return;
      if (!type && sql.type === 'Identifier') {
        const constant = constantOf(sourceCode.getScope(sql), sql.name);
        if (constant?.type === 'ObjectExpression') return;
      }
      context.report({ node: sql, messageId: 'built' });
    };

    return {
      CallExpression(node) {
        const place = takers[calledName(node) ?? ''];
        if (place !== undefined) check(node.arguments[place]);
      },
      ObjectExpression(node) {
        if (isQuery(node)) check(propertyOf(node, 'text'));
      },
    };
  },
};

/** What an `as`, a `satisfies` or a `!` is about. */
const wrapped = (node: Node): Node | undefined => {
  const { type, expression } = node as { type: string; expression?: Node };
  return ['TSAsExpression', 'TSSatisfiesExpression', 'TSNonNullExpression'].includes(type) ? expression : undefined;
};

/** Whether a type is one text or number, or one of several. */
const isOneOfSome = (type: ts.Type | undefined): boolean => {
  if (!type) return false;
  if (type.isUnion()) return type.types.every(isOneOfSome);
  return type.isStringLiteral() || type.isNumberLiteral();
};

const textFlags = ts.TypeFlags.StringLike | ts.TypeFlags.Any;
const isText = (type: ts.Type): boolean => (type.isUnion() ? type.types.some(isText) : (type.flags & textFlags) !== 0);

/** The function whose parameter a name is. */
const functionOf = (from: Scope.Scope, name: string): Node | undefined => {
  for (let scope: Scope.Scope | null = from; scope; scope = scope.upper) {
    const [definition] = scope.set.get(name)?.defs ?? [];
    if (definition) return definition.type === 'Parameter' ? definition.node : undefined;
  }
  return undefined;
};

/** The value of a constant that a name stands for: never a parameter, an import, or what may change. */
const constantOf = (from: Scope.Scope, name: string): Node | undefined => {
  for (let scope: Scope.Scope | null = from; scope; scope = scope.upper) {
    const [definition, ...others] = scope.set.get(name)?.defs ?? [];
    if (!definition) continue;
    if (others.length > 0 || definition.type !== 'Variable' || definition.parent.kind !== 'const') return undefined;
    return definition.node.id.type === 'Identifier' ? (definition.node.init ?? undefined) : undefined;
  }
  return undefined;
};

const constantIn = (sourceCode: Rule.RuleContext['sourceCode'], node: Node): Node | undefined => {
  const value = node.type === 'Identifier' ? constantOf(sourceCode.getScope(node), node.name) : undefined;
  return value && (wrapped(value) ?? value);
};

const nameOf = (key: Node, computed: boolean): string | undefined => {
  if (key.type === 'Identifier') return computed ? undefined : key.name;
  return key.type === 'Literal' && typeof key.value === 'string' ? key.value : undefined;
};

const propertyOf = (object: Node | undefined, name: string | undefined): Node | undefined => {
  if (object?.type !== 'ObjectExpression' || name === undefined) return undefined;
  const found = object.properties.find(
    (property): property is Property =>
      property.type === 'Property' && nameOf(property.key, property.computed) === name,
  );
  return found?.value;
};

/** Whether an object is a query as pg takes it: a text with values, or with a name to prepare it by. */
const isQuery = (node: ObjectExpression): boolean =>
  propertyOf(node, 'text') !== undefined && (propertyOf(node, 'values') ?? propertyOf(node, 'name')) !== undefined;

/** What is made of each entry in `entries.map((entry) => made).join(', ')`. */
const mappedAndJoined = (node: CallExpression): Node | undefined => {
  const { callee } = node;
  if (calledName(node) !== 'join' || callee.type !== 'MemberExpression' || callee.object.type !== 'CallExpression')
    return undefined;
  const [made] = calledName(callee.object) === 'map' ? callee.object.arguments : [];
  return made?.type === 'ArrowFunctionExpression' ? made.body : undefined;
};

const calledName = ({ callee }: CallExpression): string | undefined =>
  callee.type === 'MemberExpression' ? nameOf(callee.property, callee.computed) : nameOf(callee, false);
