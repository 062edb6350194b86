/** Servers that people run, and where they are found when nobody has moved them. */
import type { Catalogue } from "../../i18n/en";

export interface Example {
  readonly id: keyof Catalogue["settings"]["models"]["hints"];
  /** A name of its own, the same in every language; null where the catalogue has to describe it. */
  readonly name: string | null;
  readonly url: string;
}

export const EXAMPLES: readonly Example[] = [
  { id: "ollama", name: "Ollama", url: "http://127.0.0.1:11434/v1" },
  { id: "lmstudio", name: "LM Studio", url: "http://127.0.0.1:1234/v1" },
  { id: "llamacpp", name: "llama.cpp", url: "http://127.0.0.1:8080/v1" },
  { id: "vllm", name: "vLLM", url: "http://127.0.0.1:8000/v1" },
  { id: "hosted", name: null, url: "https://" },
];

/** Whether something can be asked at this address at all. */
export function isAddress(text: string): boolean {
  try {
    const url = new URL(text);
    return (url.protocol === "http:" || url.protocol === "https:") && url.hostname !== "";
  } catch {
    return false;
  }
}

/** "gemma3 at 192.168.1.7:11434": what a model is called until somebody calls it something else. */
export function suggestedName(url: string, model: string): string {
  const found = EXAMPLES.find((example) => example.name !== null && example.url === url.trim().replace(/\/+$/, ""));
  const where = found?.name ?? (isAddress(url) ? new URL(url).host : "");
  const which = model.split("/").at(-1) ?? "";
  return [which, where].filter(Boolean).join(" · ").slice(0, 200);
}
