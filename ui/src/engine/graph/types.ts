/**
 * What the graph engine takes, tells and shows.
 *
 * In: nodes and edges with ready texts (the engine formats and translates nothing). Out: events by id. The same engine
 * draws the map, a service's neighbourhood and the service graph of a trace.
 */
import type { Engine, Rect } from '../contract';
import type { Point } from '../layout/types';

export type NodeKind = 'service' | 'database' | 'cache' | 'queue' | 'external' | 'unknown' | 'operation' | 'workload' | 'group';
export type Health = 'ok' | 'degraded' | 'error' | 'idle' | 'unknown';
/** Badges that have a source. */
export type Badge = 'entry' | 'missing-context' | 'secure' | 'insecure' | 'version' | 'pinned';

export interface GraphNode {
  id: string;
  kind: NodeKind;
  label: string;
  /** Second line, e.g. rate and errors. */
  detail?: string;
  /** Name of the box (namespace) it stands in. */
  box?: string;
  health: Health;
  badges?: readonly Badge[];
  /** Colour of the kind's tile instead of the health's, e.g. a service colour in a trace. */
  color?: string;
}

export interface GraphEdge {
  id: string;
  source: string;
  target: string;
  label?: string;
  health: Health;
  /** Calls a second: width of the line and density of its dots. */
  rate: number;
  /** 0 to 1: share of dots drawn as errors. */
  errorShare: number;
  /** Milliseconds: speed of its dots. */
  latencyMs?: number;
  /** Messages and links instead of calls. */
  async?: boolean;
  /** Expected but not seen: dashed, without dots. */
  unseen?: boolean;
}

export interface GraphProps {
  nodes: readonly GraphNode[];
  edges: readonly GraphEdge[];
  /** Titles of boxes by name; the name itself where absent. */
  boxLabels?: Readonly<Record<string, string>>;
  selected?: string;
  /** Ids that a search found: drawn with a halo, the rest steps back. */
  found?: ReadonlySet<string>;
  /** Ids that stay in full colour (focus, a trace laid over the map); the rest steps back. */
  emphasized?: ReadonlySet<string>;
  animate: boolean;
  edgeLabels: boolean;
  minimap?: boolean;
  /** Where the user put nodes. */
  pins?: Readonly<Record<string, Point>>;
  texts: {
    /** Name of the whole, for screen readers. */
    graph: string;
    /** What is said when the keyboard reaches a node. */
    describe(id: string): string;
  };
}

export interface GraphEvents {
  /** A node, edge or box was chosen; `undefined`: nothing. `open` on Enter or double click. */
  select: { id: string | undefined; type: 'node' | 'edge' | 'box' | 'none'; open: boolean };
  hover: { id: string | undefined; at: Point };
  menu: { id: string | undefined; at: Point };
  /** The user dragged a node here (a pin). */
  pin: { id: string; at: Point };
  /** New positions stand. */
  laid: { fresh: boolean; milliseconds: number };
  camera: { zoom: number };
}

export interface GraphInspection {
  nodes: Record<string, Rect>;
  edges: Record<string, { mid: Point; label: Rect | undefined }>;
  boxes: Record<string, Rect>;
  camera: { x: number; y: number; zoom: number };
  focused: string | undefined;
  selected: string | undefined;
  animating: boolean;
  dots: number;
  /** Frames of dots drawn since mount. */
  frames: number;
  laying: boolean;
}

export interface GraphEngine extends Engine<GraphProps, GraphEvents, GraphInspection> {
  fit(): void;
  zoomBy(factor: number): void;
  /** Brings a node to the middle and gives it the keyboard's focus. */
  reveal(id: string): void;
  /** Lays everything out anew; pins are let go. */
  arrange(): void;
  exportSvg(): string;
  exportPng(scale: number): Promise<Blob>;
}
