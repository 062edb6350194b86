/**
 * Builds `sw.js`, one file without imports, as every browser takes it, and writes into it which files the offline shell is
 * made of, so that a new build is a new worker: the page, its scripts and style sheets, and the faces that nearly every text
 * needs.
 */
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { build, type Plugin } from "vite";

const WORKER = "sw.js";
const SOURCE = "src/worker/sw.ts";
const PLACE = "__SHELL__";
const WANTED = /\.(js|css)$|literata-latin-wght-(normal|italic)[^/]*\.woff2$/;

export function offlineShell(): Plugin {
  let besides = "";
  return {
    name: "perdure-offline-shell",
    apply: "build",
    enforce: "post",
    configResolved(config) {
      besides = config.publicDir;
    },
    async generateBundle(_options, bundle) {
      const code = await worker();
      const digest = createHash("sha256");
      const files: string[] = [];
      for (const [name, file] of Object.entries(bundle).sort(([one], [other]) => (one < other ? -1 : 1))) {
        digest.update(name).update(file.type === "chunk" ? file.code : file.source);
        if (WANTED.test(name)) files.push(`/${name}`);
      }
      for (const name of readdirSync(besides).sort()) digest.update(name).update(readFileSync(join(besides, name)));
      digest.update(code);
      const shell = { version: digest.digest("hex").slice(0, 16), files };
      if (!code.includes(PLACE)) return this.error(`${WORKER} has no place for its list of files`);
      this.emitFile({ type: "asset", fileName: WORKER, source: code.replace(PLACE, () => JSON.stringify(shell)) });
    },
  };
}

/** The worker's own code: what it shares with the pages is in it once more. */
async function worker(): Promise<string> {
  const made = await build({
    configFile: false,
    logLevel: "warn",
    publicDir: false,
    build: { write: false, target: "es2022", lib: { entry: SOURCE, formats: ["iife"], name: "worker" } },
  });
  const [result] = Array.isArray(made) ? made : [made];
  const chunk = result && "output" in result ? result.output[0] : null;
  if (!chunk) throw new Error(`the build made nothing of ${SOURCE}`);
  return chunk.code;
}
