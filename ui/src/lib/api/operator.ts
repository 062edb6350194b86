/** What the operator sees, and does. */
import type { Act, Incident, LoadSeries, Overview, ToldReport, Unforeseen } from "../wire";
import type { components } from "./schema";
import { body, call, json } from "./http";

type Schemas = components["schemas"];

/** What can be done, without the name of who does it. */
export type Deed =
  | Omit<Schemas["NoteAct"], "name">
  | Omit<Schemas["MergeAct"], "name">
  | Omit<Schemas["ResolveAct"], "name">
  | Omit<Schemas["PlanAct"], "name">
  | Omit<Schemas["CancelAct"], "name">
  | Omit<Schemas["RestartAct"], "name">
  | Omit<Schemas["DrainAct"], "name">
  | Omit<Schemas["PauseAct"], "name">
  | Omit<Schemas["MaintainAct"], "name">
  | Omit<Schemas["DrillAct"], "name">;

export const getOverview = (): Promise<Overview> => json("/api/v1/operator/overview");

export const act = (deed: Deed, name: string): Promise<unknown> => json("/api/v1/operator/acts", body("POST", { ...deed, name }));

export const getActs = async (): Promise<readonly Act[]> =>
  (await json<{ acts: readonly Act[] }>("/api/v1/operator/acts?limit=50")).acts;

export const getIncidents = async (): Promise<readonly Incident[]> =>
  (await json<{ incidents: readonly Incident[] }>("/api/v1/operator/incidents?limit=50")).incidents;

export const getLoad = (span: "day" | "month"): Promise<LoadSeries> => json(`/api/v1/operator/load?span=${span}`);

export const getExceptions = async (): Promise<readonly Unforeseen[]> =>
  (await json<{ exceptions: readonly Unforeseen[] }>("/api/v1/operator/exceptions")).exceptions;

export const getReports = async (): Promise<readonly ToldReport[]> =>
  (await json<{ reports: readonly ToldReport[] }>("/api/v1/operator/reports")).reports;

export const removeException = (fingerprint: string): Promise<unknown> =>
  call(`/api/v1/operator/exceptions/${encodeURIComponent(fingerprint)}`, { method: "DELETE" });

export const removeReport = (id: string): Promise<unknown> =>
  call(`/api/v1/operator/reports/${encodeURIComponent(id)}`, { method: "DELETE" });
