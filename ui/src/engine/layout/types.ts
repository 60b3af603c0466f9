/**
 * What goes into the layered layout and what comes out.
 *
 * In: sizes of nodes in pixels, directed edges, box names (namespaces), earlier positions and pins.
 * Out: centres of nodes, rectangles of boxes, a cubic path per edge. Nothing here knows services or traffic.
 */

export interface LayoutNode {
  id: string;
  width: number;
  height: number;
  /** Nodes of one box are kept together in one rectangle. Absent: outside all boxes. */
  box?: string;
}

export interface LayoutEdge {
  id: string;
  source: string;
  target: string;
  /** Heavier edges are kept shorter and straighter; 1 unless told. */
  weight?: number;
}

export interface Point {
  x: number;
  y: number;
}

export interface LayoutOptions {
  /** Clear space between two columns, px; edge labels live there. */
  rankGapPx: number;
  /** Clear space between two nodes of a column, px. */
  nodeGapPx: number;
  /** Space from a box's border to the nodes in it, px. */
  boxPadPx: number;
  /** Extra space at a box's top for its title, px. */
  boxTitlePx: number;
  /** Clear space between boxes and what is outside, px. */
  boxGapPx: number;
  /** Wanted width / height of the whole picture when unconnected parts are packed. */
  aspect: number;
}

export const DEFAULT_OPTIONS: LayoutOptions = {
  rankGapPx: 104,
  nodeGapPx: 26,
  boxPadPx: 22,
  boxTitlePx: 24,
  boxGapPx: 30,
  aspect: 1.7,
};

export interface LayoutInput {
  nodes: LayoutNode[];
  edges: LayoutEdge[];
  /** The layout before this one: its nodes stay where they are, new nodes are placed between them. */
  previous?: Pick<LayoutResult, "positions" | "paths">;
  /** Centres that the user chose: never moved. */
  pins?: Record<string, Point>;
  options?: Partial<LayoutOptions>;
}

export interface LayoutBox {
  id: string;
  x: number;
  y: number;
  width: number;
  height: number;
}

export interface LayoutResult {
  /** Centres by node id. */
  positions: Record<string, Point>;
  boxes: LayoutBox[];
  /** Cubic path by edge id: x0,y0 then (c1x,c1y,c2x,c2y,x,y) per piece, from the source's border to the target's. */
  paths: Record<string, Float32Array>;
  /** Column of each node; absent when earlier positions were kept. */
  ranks?: Record<string, number>;
  /** Edges drawn against the flow because they close a cycle. */
  reversed: string[];
  width: number;
  height: number;
  /** Whether everything was placed anew (false: earlier positions were kept). */
  fresh: boolean;
}
