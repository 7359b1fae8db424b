import { fileURLToPath } from 'node:url';
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

// Sources, not builds, of our own packages: `npm run build -w @efir/web` works in a fresh clone and `npm run dev` reloads on any change.
const source = (name: string) => fileURLToPath(new URL(`../../packages/${name}/src/index.ts`, import.meta.url));
const server = process.env.EFIR_SERVER ?? 'http://127.0.0.1:3000';

export default defineConfig({
  plugins: [react()],
  resolve: {
    alias: { '@efir/client': source('client'), '@efir/react': source('react'), '@efir/protocol': source('protocol') },
  },
  build: {
    target: ['chrome111', 'firefox115', 'safari16.4'],
    sourcemap: true,
    assetsInlineLimit: 0,
    reportCompressedSize: false,
  },
  server: {
    proxy: {
      '/api': server,
      '/healthz': server,
      '/whip': server,
      '/whep': server,
      '/socket.io': { target: server, ws: true },
    },
  },
});
