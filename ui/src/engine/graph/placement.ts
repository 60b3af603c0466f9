/**
 * Keeps the positions of the map: asks the layout when the graph's shape changed, keeps what stands when it did not.
 *
 * In: props. Out: a layout, boxes and the nodes that were moved by hand. A refresh with new numbers alone never asks.
 */
import { boxesAround } from '../layout/boxes';
import { createLayoutClient } from '../layout/client';
import { DEFAULT_OPTIONS, type LayoutBox, type LayoutNode, type LayoutResult, type Point } from '../layout/types';
import { layoutEdges, layoutNodes, type Measure } from './scene';
import type { GraphProps } from './types';

export class Placement {
  private readonly client = createLayoutClient();
  private shape = '';
  sizes: LayoutNode[] = [];
  laid: LayoutResult | undefined;
  /** Nodes under the hand or moved since the last layout. */
  readonly moved = new Map<string, Point>();
  laying = false;

  constructor(private readonly measure: Measure) {}

  /** Lays out when ids, sizes, boxes or pins changed. `fresh` forgets what stands. */
  async follow(props: GraphProps, fresh: boolean): Promise<LayoutResult | undefined> {
    const sizes = layoutNodes(props.nodes, this.measure);
    const edges = layoutEdges(props.edges);
    const pins = fresh ? {} : (props.pins ?? {});
    const shape = JSON.stringify([sizes, edges, pins]);
    if (shape === this.shape && !fresh) return undefined;
    this.shape = shape;
    this.laying = true;
    const previous = this.laid;
    const result = await this.client.run({ nodes: sizes, edges, pins, ...(previous && !fresh ? { previous: { positions: previous.positions, paths: previous.paths } } : {}) });
    if (!result) return undefined;
    this.laying = false;
    this.sizes = sizes;
    this.laid = result;
    this.moved.clear();
    return result;
  }

  /** Moves a node by hand, in world pixels. */
  move(id: string, dx: number, dy: number): Point | undefined {
    const at = this.moved.get(id) ?? this.laid?.positions[id];
    if (!at) return undefined;
    const to = { x: at.x + dx, y: at.y + dy };
    this.moved.set(id, to);
    return to;
  }

  /** Boxes as laid out; around the nodes as they are now while some are moved. */
  boxes(): LayoutBox[] {
    if (!this.laid) return [];
    if (this.moved.size === 0) return this.laid.boxes;
    return boxesAround(this.sizes, (id) => this.moved.get(id) ?? this.laid!.positions[id], DEFAULT_OPTIONS);
  }

  destroy(): void {
    this.client.destroy();
  }
}
