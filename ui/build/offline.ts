/**
 * Writes into `sw.js` which files the offline shell is made of, so that a new build is a new worker: the page, its scripts
 * and style sheets, and the faces that nearly every text needs.
 */
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Plugin } from "vite";

const WORKER = "sw.js";
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
    generateBundle(_options, bundle) {
      const worker = bundle[WORKER];
      if (worker?.type !== "chunk") return this.error(`the build made no ${WORKER}`);
      const digest = createHash("sha256");
      const files: string[] = [];
      for (const [name, file] of Object.entries(bundle).sort(([one], [other]) => (one < other ? -1 : 1))) {
        digest.update(name).update(file.type === "chunk" ? file.code : file.source);
        if (name !== WORKER && WANTED.test(name)) files.push(`/${name}`);
      }
      for (const name of readdirSync(besides).sort()) digest.update(name).update(readFileSync(join(besides, name)));
      const shell = { version: digest.digest("hex").slice(0, 16), files };
      if (!worker.code.includes(PLACE)) return this.error(`${WORKER} has no place for its list of files`);
      worker.code = worker.code.replace(PLACE, JSON.stringify(shell));
    },
  };
}
