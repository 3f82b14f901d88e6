import { defineConfig } from 'vite';

export default defineConfig({
  resolve: {
    dedupe: ['react', 'react-dom'],
    alias: { 'react-router-dom-v5-compat': 'react-router-dom' },
  },
  build: {
    target: 'es2022',
    minify: false,
    chunkSizeWarningLimit: Infinity,
    rollupOptions: { shimMissingExports: true },
    commonjsOptions: { transformMixedEsModules: true },
  },
  define: { 'process.env': {}, global: 'globalThis' },
});
