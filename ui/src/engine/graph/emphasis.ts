/**
 * Decides who stands out and who steps back.
 *
 * In: the scene and what is hovered, chosen, found or emphasized. Out: one of three levels per id. Hovering or choosing a
 * thing keeps it and its neighbours in full colour.
 */
import type { Scene } from './scene';
import type { GraphProps } from './types';

export interface Emphasis {
  /** Ids in full colour; none: all are. */
  full: ReadonlySet<string> | undefined;
  /** Opacity of the others. */
  rest: number;
}

export function emphasis(scene: Scene, props: GraphProps, hovered: string | undefined): Emphasis {
  if (hovered !== undefined) {
    const near = neighbourhood(scene, hovered);
    if (near) return { full: near, rest: 0.22 };
  }
  if (props.found) return { full: props.found, rest: 0.28 };
  if (props.emphasized) return { full: props.emphasized, rest: 0.22 };
  if (props.selected !== undefined) {
    const near = neighbourhood(scene, props.selected);
    if (near) return { full: near, rest: 0.4 };
  }
  return { full: undefined, rest: 1 };
}

function neighbourhood(scene: Scene, id: string): Set<string> | undefined {
  const edge = scene.edgesById.get(id)?.edge;
  if (edge) return new Set([id, edge.source, edge.target]);
  if (!scene.byId.has(id)) return undefined;
  const near = new Set([id]);
  for (const { edge: e } of scene.edges) {
    if (e.source !== id && e.target !== id) continue;
    near.add(e.id);
    near.add(e.source);
    near.add(e.target);
  }
  return near;
}
