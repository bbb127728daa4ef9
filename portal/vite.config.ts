import { fileURLToPath } from 'node:url'
import react from '@vitejs/plugin-react'
import { defineConfig } from 'vite'

const root = fileURLToPath(new URL('.', import.meta.url))

/** `vite build portal`: a static shell that any file server, Worker asset binding or CDN can serve. */
export default defineConfig({
  root,
  plugins: [react()],
  build: {
    outDir: 'dist',
    emptyOutDir: true,
    target: 'es2024',
    manifest: true,
    // A data: URL would need a wider content security policy for scripts and styles than 'self'.
    assetsInlineLimit: 0,
    // The polyfill is an inline script in old browsers' path; the target has native module preload.
    modulePreload: { polyfill: false },
  },
  server: {
    proxy: { '/api': { target: process.env.SIROCCO_URL ?? 'http://127.0.0.1:8787', ws: true } },
  },
})
