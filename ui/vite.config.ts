import { svelte } from "@sveltejs/vite-plugin-svelte";
import { loadEnv } from "vite";
import { defineConfig } from "vitest/config";

export default defineConfig(({ mode }) => ({
  plugins: [svelte()],
  build: {
    outDir: "../src/perdure/web",
    emptyOutDir: true,
    target: "es2022",
    // The server's Content-Security-Policy allows 'self' only: nothing may be inlined into the page.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
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
