/**
 * The map's engine: ties placement, scene, drawing, dots, pointer and keyboard together.
 *
 * In: an element and props. Out: events and an inspection. Refreshes keep camera and positions; only the first layout and
 * `fit()` move the camera. The dots run on the page's visibility, the reader's motion setting and the number of edges.
 */
import { Emitter, Listeners, type Rect } from '../contract';
import { readTokens, reducedMotion, watchTheme, type Theme } from '../theme';
import { fitCamera, toScreen, toWorld, zoomAt, type Camera } from './camera';
import { pointAt } from './curve';
import { planDots } from './dots';
import { DotsHost } from './dots-host';
import { drawScene, type View } from './draw';
import { emphasis } from './emphasis';
import { sceneToPng, sceneToSvg } from './export';
import { hitTest, type Hit } from './hit';
import { moveFocus, type Arrow } from './keyboard';
import { labelInTheMiddle } from './labels';
import { Minimap } from './minimap';
import { CanvasPen } from './pen';
import { Placement } from './placement';
import { listenToPointer } from './pointer';
import { buildScene, EDGE_LABEL_PX, type Measure, type Scene } from './scene';
import { Stage } from './stage';
import type { GraphEngine, GraphEvents, GraphInspection, GraphProps } from './types';

const FIT_MARGIN_PX = 36;
/** Edges above which traffic is not animated: more would be noise. */
const MAX_ANIMATED_EDGES = 1500;

export function mountGraph(element: HTMLElement, first: GraphProps): GraphEngine {
  const events = new Emitter<GraphEvents>();
  const listeners = new Listeners();
  let props = first;
  let theme: Theme = readTokens();
  let camera: Camera = { x: 0, y: 0, zoom: 1 };
  let scene: Scene = { nodes: [], byId: new Map(), edges: [], edgesById: new Map(), boxes: [], world: { x: 0, y: 0, width: 0, height: 0 } };
  let hovered: string | undefined;
  let focused: string | undefined;
  let fitted = false;
  let touched = false;

  const surface = document.createElement('div');
  surface.style.cssText = 'position:absolute;inset:0;overflow:hidden;touch-action:none;cursor:grab;outline-offset:-2px';
  surface.tabIndex = 0;
  surface.setAttribute('role', 'application');
  const said = document.createElement('div');
  said.className = 'visually-hidden';
  said.setAttribute('aria-live', 'polite');
  if (getComputedStyle(element).position === 'static') element.style.position = 'relative';
  element.append(surface, said);

  const stage = new Stage(surface, () => camera, draw, () => {
    if (fitted && !touched) camera = fitCamera(scene.world, stage.width, stage.height, FIT_MARGIN_PX);
    showDots();
  });
  const measure: Measure = (text, sizePx, weight) => {
    stage.context.font = `${weight} ${sizePx}px ${theme.font}`;
    return stage.context.measureText(text).width;
  };
  const placement = new Placement(measure);
  const dots = new DotsHost();
  dots.canvas.style.cssText = 'position:absolute;left:0;top:0;pointer-events:none';
  const minimap = new Minimap((centre) => setCamera({ ...camera, x: centre.x - stage.width / 2 / camera.zoom, y: centre.y - stage.height / 2 / camera.zoom }));
  surface.append(dots.canvas);
  element.append(minimap.canvas);

  function view(pen: Rect): View {
    const extraLabels = new Map<string, { text: string; rect: Rect }>();
    for (const id of [props.selected, hovered]) {
      const edge = id === undefined ? undefined : scene.edgesById.get(id);
      const label = edge && !edge.label && props.edgeLabels ? labelInTheMiddle(edge, (t) => measure(t, EDGE_LABEL_PX, 500)) : undefined;
      if (edge && label) extraLabels.set(edge.edge.id, label);
    }
    const keyboard = surface.matches(':focus-visible');
    return { theme, props, emphasis: emphasis(scene, props, hovered), zoom: camera.zoom, seen: pen, hovered, focused: keyboard ? focused : undefined, extraLabels };
  }

  function draw(): void {
    drawScene(new CanvasPen(stage.context, theme.font), scene, view(stage.seen()));
    if (props.minimap) minimap.draw(scene, camera, stage, theme);
  }

  function setCamera(next: Camera): void {
    camera = next;
    touched = true;
    stage.moved();
    showDots();
    events.emit('camera', { zoom: camera.zoom });
  }

  function showDots(): void {
    dots.view({ camera, width: stage.width, height: stage.height, ratio: stage.ratio });
  }

  function rebuild(): void {
    if (!placement.laid) return;
    scene = buildScene(props, placement.sizes, placement.laid, placement.boxes(), placement.moved, measure);
    if (focused !== undefined && !scene.byId.has(focused)) focused = undefined;
    planTraffic();
    stage.invalidate();
  }

  function planTraffic(): void {
    const full = emphasis(scene, { ...props, selected: undefined }, undefined).full;
    dots.plan(
      planDots(
        scene.edges
          .filter(({ edge }) => !edge.unseen && edge.rate > 0 && (!full || full.has(edge.id)))
          .map(({ edge, line }) => ({ id: edge.id, points: line.points, length: line.length, rate: edge.rate, errorShare: edge.errorShare, latencyMs: edge.latencyMs, async: edge.async })),
      ),
    );
    runDots();
  }

  function runDots(): void {
    dots.run(props.animate && !document.hidden && !reducedMotion() && scene.edges.length > 0 && scene.edges.length <= MAX_ANIMATED_EDGES);
  }

  function readTheme(): void {
    theme = readTokens();
    dots.colors({ ok: theme.dark ? theme.text2 : theme.accent, error: theme.error, async: theme.text3, ring: theme.bg });
  }

  async function follow(fresh: boolean): Promise<void> {
    const started = performance.now();
    const result = await placement.follow(props, fresh);
    if (!result) {
      if (!placement.laying) rebuild();
      return;
    }
    rebuild();
    if (!fitted || fresh) fit();
    events.emit('laid', { fresh: result.fresh, milliseconds: performance.now() - started });
  }

  function fit(): void {
    fitted = scene.nodes.length > 0;
    setCamera(fitCamera(scene.world, stage.width, stage.height, FIT_MARGIN_PX));
    touched = false;
    stage.invalidate();
  }

  function choose(hit: Hit, open: boolean): void {
    if (hit.type === 'node') focused = hit.id;
    events.emit('select', { id: hit.id, type: hit.type, open });
    stage.invalidate();
  }

  function focusOn(id: string | undefined): void {
    focused = id;
    const node = id === undefined ? undefined : scene.byId.get(id);
    if (!node) return;
    said.textContent = props.texts.describe(node.node.id);
    const at = toScreen(camera, { x: node.rect.x + node.rect.width / 2, y: node.rect.y + node.rect.height / 2 });
    const edge = 80;
    const dx = at.x < edge ? edge - at.x : at.x > stage.width - edge ? stage.width - edge - at.x : 0;
    const dy = at.y < edge ? edge - at.y : at.y > stage.height - edge ? stage.height - edge - at.y : 0;
    if (dx !== 0 || dy !== 0) setCamera({ ...camera, x: camera.x - dx / camera.zoom, y: camera.y - dy / camera.zoom });
    stage.invalidate();
  }

  const centre = () => ({ x: stage.width / 2, y: stage.height / 2 });
  listeners.add(surface, 'keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (event.key.startsWith('Arrow') && !event.shiftKey) focusOn(moveFocus(scene, focused, event.key as Arrow));
    else if (event.key === 'Enter' && focused !== undefined) choose({ type: 'node', id: focused }, false);
    else if (event.code === 'Equal' && !event.shiftKey) fit();
    else if (event.key === '+' || event.code === 'NumpadAdd') setCamera(zoomAt(camera, centre(), 1.25));
    else if (event.code === 'Minus' || event.code === 'NumpadSubtract') setCamera(zoomAt(camera, centre(), 0.8));
    else if (event.key === 'Escape' && props.selected !== undefined) choose({ type: 'none', id: undefined }, false);
    else return;
    event.preventDefault();
    event.stopPropagation();
  });
  for (const name of ['focus', 'blur'] as const) listeners.add(surface, name, () => stage.invalidate());
  listeners.addTo(document, 'visibilitychange', runDots);
  const motion = matchMedia('(prefers-reduced-motion: reduce)');
  listeners.addTo(motion, 'change', runDots);
  listeners.defer(
    watchTheme(() => {
      readTheme();
      stage.invalidate();
    }),
  );
  listeners.defer(
    listenToPointer(surface, {
      hit: (at) => hitTest(scene, toWorld(camera, at), camera.zoom),
      hover: (hit, at) => {
        const id = hit.type === 'none' || hit.type === 'box' ? undefined : hit.id;
        if (id === hovered) return;
        hovered = id;
        events.emit('hover', { id, at });
        stage.invalidate();
      },
      choose,
      menu: (hit, at) => events.emit('menu', { id: hit.id, at }),
      pan: (dx, dy) => setCamera({ ...camera, x: camera.x - dx / camera.zoom, y: camera.y - dy / camera.zoom }),
      zoom: (at, factor) => setCamera(zoomAt(camera, at, factor)),
      drag: (id, dx, dy, done) => {
        const at = placement.move(id, dx / camera.zoom, dy / camera.zoom);
        if (at && done) events.emit('pin', { id, at });
        rebuild();
      },
    }),
  );

  function applyTexts(): void {
    surface.setAttribute('aria-label', props.texts.graph);
    minimap.canvas.style.visibility = props.minimap ? 'visible' : 'hidden';
  }

  readTheme();
  applyTexts();
  stage.start();
  showDots();
  void follow(false);

  return {
    update(next) {
      props = next;
      applyTexts();
      void follow(false);
    },
    on: (name, listener) => events.on(name, listener),
    fit,
    zoomBy: (factor) => setCamera(zoomAt(camera, centre(), factor)),
    reveal(id) {
      surface.focus({ preventScroll: true });
      focusOn(id);
    },
    arrange: () => void follow(true),
    exportSvg: () => sceneToSvg(scene, view(scene.world), props.texts.graph),
    exportPng: (scale) => sceneToPng(scene, view(scene.world), scale),
    inspect: () => inspection(),
    destroy() {
      listeners.removeAll();
      events.clear();
      dots.destroy();
      minimap.destroy();
      stage.destroy();
      placement.destroy();
      surface.remove();
      said.remove();
    },
  };

  function inspection(): GraphInspection {
    const box = (r: Rect): Rect => ({ ...toScreen(camera, r), width: r.width * camera.zoom, height: r.height * camera.zoom });
    return {
      nodes: Object.fromEntries(scene.nodes.map((n) => [n.node.id, box(n.rect)])),
      edges: Object.fromEntries(scene.edges.map((e) => [e.edge.id, { mid: toScreen(camera, pointAt(e.line, 0.5)), label: e.label ? box(e.label.rect) : undefined }])),
      boxes: Object.fromEntries(scene.boxes.map((b) => [b.id, box(b.rect)])),
      camera: { ...camera },
      focused,
      selected: props.selected,
      animating: dots.running,
      dots: dots.dots,
      frames: dots.frames,
      laying: placement.laying,
    };
  }
}
