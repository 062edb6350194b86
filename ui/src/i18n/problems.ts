/**
 * Problems in the person's language. The server writes its own in English; a catalogue that knows a problem's code has its
 * title and remedy, while the detail, which tells of this one time, stays as it was written.
 */
import type { Problem } from "../lib/wire";
import type { Catalogue } from "./en";

export interface Told {
  readonly title: string;
  readonly detail: string;
  readonly remedy: string;
  /** Whether the detail is in the server's language and not the person's. */
  readonly foreign: boolean;
}

export function tell(problem: Problem, common: Catalogue["common"]): Told {
  const known = common.problems[problem.code];
  const detail = problem.detail && problem.detail !== problem.title ? problem.detail : "";
  if (known) {
    const { title, remedy } = known;
    return { title, remedy, detail: known.detail ?? detail, foreign: known.detail === undefined && detail !== "" };
  }
  return { title: problem.title, detail, remedy: problem.remedy ?? "", foreign: false };
}
