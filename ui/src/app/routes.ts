/**
 * Which address shows which page. Pages are chunks of their own; only the Overview is part of the first load.
 *
 * Jaeger's addresses are taken too, so that links in run books and chat rooms go on working.
 */
import { createRouter, createWebHistory, type Router, type RouteRecordRaw } from 'vue-router';
import { fromJaeger } from '@/app/jaeger-links';

export type PageName = 'overview' | 'map' | 'traces' | 'trace' | 'service' | 'missing';

const routes: RouteRecordRaw[] = [
  { path: '/', name: 'overview', component: () => import('@/pages/overview/OverviewPage.vue') },
  { path: '/map', name: 'map', component: () => import('@/pages/map/MapPage.vue') },
  { path: '/traces', name: 'traces', component: () => import('@/pages/traces/TracesPage.vue') },
  { path: '/trace/:id', name: 'trace', component: () => import('@/pages/trace/TracePage.vue') },
  { path: '/services/:name', name: 'service', component: () => import('@/pages/service/ServicePage.vue') },
  { path: '/:rest(.*)*', name: 'missing', component: () => import('@/pages/missing/MissingPage.vue') },
];

export function createAppRouter(): Router {
  const router = createRouter({
    history: createWebHistory(new URL(document.baseURI).pathname),
    routes,
    scrollBehavior: (to, from, saved) => saved ?? (to.path === from.path ? undefined : { top: 0 }),
  });
  router.beforeEach((to) => fromJaeger(to.path, to.query) ?? true);
  return router;
}
