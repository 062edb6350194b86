/** Lays a Brotli and a gzip copy beside each file that is worth it, so that the server need not compress anything. */
import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import type { Plugin } from "vite";

const WORTH = /\.(js|css|html|svg|json|webmanifest)$/;
const AT_LEAST_BYTES = 512;

export function precompressed(): Plugin {
  let folder = "";
  return {
    name: "perdure-precompressed",
    apply: "build",
    configResolved(config) {
      folder = join(config.root, config.build.outDir);
    },
    closeBundle() {
      for (const name of readdirSync(folder, { recursive: true, encoding: "utf8" })) {
        const path = join(folder, name);
        if (name.startsWith(".") || !WORTH.test(name) || !statSync(path).isFile()) continue;
        const content = readFileSync(path);
        if (content.length < AT_LEAST_BYTES) continue;
        const brotli = brotliCompressSync(content, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } });
        writeFileSync(`${path}.br`, brotli);
        writeFileSync(`${path}.gz`, gzipSync(content, { level: 9 }));
      }
    },
  };
}
