/** The one sensible thing to do about a reply that failed, by its error: asking the same again helps only where something passes. */
export type Remedy = "retry" | "model" | "edit";

/** What only other settings of the model can mend. */
const MODEL: ReadonlySet<string> = new Set([
  "model_key_rejected",
  "model_missing",
  "model_name_unresolved",
  "model_rubbish",
  "model_tls_failed",
  "model_unknown",
]);
/** What asked unchanged fails the same way again. */
const EDIT: ReadonlySet<string> = new Set(["context_too_long", "turn_set_aside"]);

export function remedyOf(code: string | undefined): Remedy {
  if (code === undefined) return "retry";
  return MODEL.has(code) ? "model" : EDIT.has(code) ? "edit" : "retry";
}
