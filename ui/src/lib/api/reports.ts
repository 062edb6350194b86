/** What a person tells whoever runs the server of a reply that went wrong. */
import { body, json } from "./http";

export interface NewReport {
  readonly message_id: string;
  readonly comment: string;
  /** Whether the operator may read what was said. */
  readonly include_text: boolean;
}

export const putReport = (id: string, report: NewReport): Promise<unknown> =>
  json(`/api/v1/reports/${encodeURIComponent(id)}`, body("PUT", report));
