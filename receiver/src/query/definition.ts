/**
 * The stored text of a workflow's definition as nodes and edges, and what differs between two.
 *
 * In: stored text; it comes from strangers and may have been redacted. Out: nodes and edges, or
 * undefined where the text is no definition. Pure.
 */

/** One node. */
export interface DefinitionNode {
  readonly id: string;
  readonly type: string;
}

/** One way from a node to another. */
export interface DefinitionEdge {
  readonly from: string;
  readonly to: string;
  /** Empty for none. */
  readonly condition: string;
  readonly isDefault: boolean;
}

export interface Definition {
  readonly nodes: readonly DefinitionNode[];
  readonly edges: readonly DefinitionEdge[];
}

/** One difference between two definitions. */
export interface DefinitionChange {
  readonly change: "added" | "removed" | "changed";
  readonly kind: "node" | "edge";
  /** The node's id, or `from → to`. */
  readonly item: string;
  /** The node's type or the edge's conditions before; empty for what was added. */
  readonly before: string;
  readonly after: string;
}

/** Read a stored text. */
export function parseDefinition(text: string): Definition | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  const nodes = list(value, "nodes");
  const edges = list(value, "edges");
  if (nodes === undefined || edges === undefined) return undefined;
  return {
    nodes: nodes.map((node) => ({ id: field(node, "id"), type: field(node, "type") })),
    edges: edges.map((edge) => ({
      from: field(edge, "from"),
      to: field(edge, "to"),
      condition: field(edge, "condition"),
      isDefault: read(edge, "default") === true,
    })),
  };
}

/** When an edge is taken, in words; empty where it always is. */
export function conditionText({ condition, isDefault }: DefinitionEdge): string {
  if (condition !== "") return isDefault ? `${condition}, or else` : condition;
  return isDefault ? "otherwise" : "";
}

/** What differs, nodes first, each in the order of its name. */
export function diffDefinitions(
  before: Definition,
  after: Definition,
): readonly DefinitionChange[] {
  const types = (of: Definition) => new Map(of.nodes.map(({ id, type }) => [id, type]));
  return [
    ...diffMaps("node", types(before), types(after)),
    ...diffMaps("edge", roads(before), roads(after)),
  ];
}

/** All conditions of each pair of nodes: two edges may lead the same way. */
function roads({ edges }: Definition): ReadonlyMap<string, string> {
  const byRoad = Map.groupBy(edges, ({ from, to }) => `${from} → ${to}`);
  return new Map(
    [...byRoad].map(([road, same]) => {
      const conditions = same.map((edge) => conditionText(edge) || "always");
      return [road, conditions.toSorted().join("; ")];
    }),
  );
}

function diffMaps(
  kind: DefinitionChange["kind"],
  before: ReadonlyMap<string, string>,
  after: ReadonlyMap<string, string>,
): readonly DefinitionChange[] {
  const items = [...new Set([...before.keys(), ...after.keys()])].toSorted();
  return items
    .filter((item) => before.get(item) !== after.get(item))
    .map((item) => ({
      change: before.has(item) ? (after.has(item) ? "changed" : "removed") : "added",
      kind,
      item,
      before: before.get(item) ?? "",
      after: after.get(item) ?? "",
    }));
}

function list(value: unknown, name: string): readonly unknown[] | undefined {
  const found = read(value, name);
  return Array.isArray(found) ? found : undefined;
}

function field(value: unknown, name: string): string {
  const found = read(value, name);
  return typeof found === "string" ? found : "";
}

function read(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? Reflect.get(value, name) : undefined;
}
