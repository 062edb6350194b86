import { svelte } from "@sveltejs/vite-plugin-svelte";
import { loadEnv } from "vite";
import { defineConfig } from "vitest/config";
import { precompressed } from "./build/compress.ts";
import { offlineShell } from "./build/offline.ts";

export default defineConfig(({ mode }) => ({
  plugins: [svelte(), offlineShell(), precompressed()],
  build: {
    outDir: "../src/perdure/web",
    emptyOutDir: true,
    target: "es2022",
    // The server's Content-Security-Policy allows 'self' only: nothing may be inlined into the page.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    // What the first page needs is added up by a test.
    manifest: true,
    rollupOptions: {
      input: { index: "index.html" },
      output: { entryFileNames: "assets/[name]-[hash].js" },
    },
  },
  server: {
    // `npm run dev` shows what the Perdure running there says.
    proxy: { "/api": loadEnv(mode, ".", "PERDURE_")["PERDURE_URL"] ?? "http://127.0.0.1:8377" },
  },
  test: {
    include: ["tests/**/*.test.ts"],
    environment: "node",
  },
}));
