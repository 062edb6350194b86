/** How the server and its model are. */
import type { Status } from "../wire";
import { json } from "./http";

export const getStatus = (): Promise<Status> => json("/api/v1/status");
