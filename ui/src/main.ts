/**
 * The browser's entry: preferences, language and router are ready before the shell is mounted.
 *
 * The style sheets come first, because base.css sets the order of the layers. The chosen language is a chunk of its own, so that a reader loads one language and not two.
 */
import '@/tokens/base.css';
import '@/tokens/light.css';
import '@/tokens/dark.css';
import '@/parts/parts.css';
import { VueQueryPlugin } from '@tanstack/vue-query';
import { createApp } from 'vue';
import App from '@/app/App.vue';
import { preferences } from '@/app/preferences';
import { createAppRouter } from '@/app/routes';
import { queryClient } from '@/data/queries';
import { createTexts } from '@/i18n/texts';

async function start(): Promise<void> {
  const texts = await createTexts(preferences.language);
  createApp(App).use(texts).use(createAppRouter()).use(VueQueryPlugin, { queryClient }).mount('#app');
}

void start();
