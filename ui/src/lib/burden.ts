/** How much of the model's context a character takes, of which every message needs the rest. */
export interface Burden {
  /** Of the context, between 0 and 1. */
  readonly share: number;
  readonly level: "light" | "heavy" | "over";
}

/** Above half of the context there is little room left for the conversation. */
const HEAVY = 0.5;

export function burdenOf(tokens: number, contextSize: number): Burden {
  const share = contextSize > 0 ? tokens / contextSize : 0;
  return { share: Math.min(1, share), level: share >= 1 ? "over" : share > HEAVY ? "heavy" : "light" };
}
