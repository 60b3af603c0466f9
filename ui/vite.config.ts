/**
 * How the UI is built and tested.
 *
 * In: src/. Out: dist/ with hashed assets, each precompressed (brotli, gzip) so that the server only copies bytes.
 * `base` is relative: index.html carries a <base>, which a server behind a path prefix rewrites.
 */
import { fileURLToPath, URL } from 'node:url';
import vue from '@vitejs/plugin-vue';
import { defineConfig } from 'vitest/config';
import { precompress } from './scripts/precompress.ts';
import { fakeServer } from './src/test/fake-server';

const cache = `${process.env['XDG_CACHE_HOME'] ?? `${process.env['HOME'] ?? '/tmp'}/.cache`}/throughline/vite`;

export default defineConfig({
  base: './',
  cacheDir: cache,
  plugins: [vue(), precompress(), ...(process.env['FAKE'] ? [fakeServer()] : [])],
  resolve: { alias: { '@': fileURLToPath(new URL('./src', import.meta.url)) } },
  define: {
    __VUE_OPTIONS_API__: 'false',
    __VUE_PROD_DEVTOOLS__: 'false',
    __VUE_I18N_FULL_INSTALL__: 'false',
    __VUE_I18N_LEGACY_API__: 'false',
    __INTLIFY_PROD_DEVTOOLS__: 'false',
  },
  build: {
    target: 'es2022',
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    reportCompressedSize: false,
    manifest: true,
  },
  server: { proxy: { '/api': process.env['THROUGHLINE_URL'] ?? 'http://127.0.0.1:4300' } },
  test: { environment: 'jsdom', include: ['src/**/*.test.ts'] },
});
