/**
 * The shapes of the HTTP contract: names for the pages over what `make types` generates from the server's OpenAPI document.
 * Nothing here is computed, and nothing of it may be changed in place.
 */
import type { components } from "./api/schema";

type Schemas = components["schemas"];

/** As it came: an answer is read, never written into. */
type Read<T> = T extends readonly (infer Item)[]
  ? readonly Read<Item>[]
  : T extends object
    ? { readonly [Key in keyof T]: Read<T[Key]> }
    : T;

/** The members that an answer may lack: a page writes some of these things itself, with what it knows. */
type May<T, Key extends keyof T> = Omit<T, Key> & Partial<Pick<T, Key>>;

/** RFC 9457 problem document with Perdure's members. Proxies and the page itself know less of theirs. */
export type Problem = Read<
  May<Omit<Schemas["Problem"], "detail" | "remedy" | "saved">, "type" | "verdict" | "avoid" | "status" | "retry_after_s" | "incident" | "error_id">
> & { readonly detail: string | null; readonly remedy: string | null; readonly saved: boolean | null };

export type Message = Read<May<Omit<Schemas["MessageOut"], "error" | "author">, "depth" | "siblings">> & {
  readonly author: string | null;
  readonly error?: Problem | null;
};
export type TurnState = Message["state"];

/** A page of the branch that is shown, oldest first. */
export type MessagePage = Omit<Read<Schemas["MessagesOut"]>, "messages"> & { readonly messages: readonly Message[] };

export type Attempt = Read<Schemas["AttemptOut"]>;
export type Turn = Read<May<Omit<Schemas["TurnOut"], "error" | "trouble">, "waiting_for" | "retry_at" | "kind" | "parent_id" | "created_at" | "ended_at">> & {
  readonly error: Problem | null;
  /** Why the last attempt failed, while the next one waits. */
  readonly trouble?: Problem | null;
};

/** What a turn waits for. */
export type Waiting = Read<Schemas["WaitOut"]>;

/** The data of the events of a chat. */
export type Delta = Read<Schemas["DeltaOut"]>;
export type Head = Read<Schemas["HeadOut"]>;
export type Hidden = Read<Schemas["HiddenOut"]>;

/** A card that is being written has not been talked with yet. */
export type Character = Read<
  May<Schemas["CharacterOut"], "favourite" | "chats" | "last_chat_at" | "last_chat_id" | "created_at" | "updated_at">
>;

export type Chat = Read<May<Schemas["ChatOut"], "messages" | "preview_author">> & {
  readonly characters?: readonly Character[];
  /** What was being written; only where one chat is asked for. */
  readonly draft?: string;
};

export type TokenCount = Read<Schemas["TokensOut"]>;
export type Persona = Read<Schemas["PersonaOut"]>;
export type SettingValues = Read<Schemas["SettingsValues"]>;
export type Settings = Read<Schemas["SettingsOut"]>;
export type Preset = Read<Schemas["PresetOut"]>;

/** A model's server that was configured or added. */
export type KnownBackend = Read<Schemas["BackendOut"]>;
export type BackendCheck = Read<Schemas["CheckedOut"]>;

export type Trash = Read<Schemas["TrashOut"]>;

export interface Sent {
  readonly message: Message;
  readonly turn: Turn | null;
}

export type Status = Read<Schemas["StatusOut"]>;
export type Backend = Status["backend"];
export type Limits = Status["limits"];
/** Where everything lies, and how much it is. */
export type KeptData = Read<Schemas["DataOut"]>;

/** What the operator sees. */
export type Overview = Read<Schemas["OverviewOut"]>;
export type ServerProcess = Overview["processes"][number];
export type OperatedComponent = Overview["components"][number];
export type Level = OperatedComponent["level"];
export type Incident = Read<Schemas["IncidentOut"]>;
export type Planned = Read<Schemas["MaintenanceOut"]>;
export type Act = Read<Schemas["ActOut"]>;
export type LoadSeries = Read<Schemas["LoadOut"]>;
export type Sample = LoadSeries["samples"][number];
export type Unforeseen = Read<Schemas["UnforeseenOut"]>;
export type ToldReport = Read<Omit<Schemas["ReportOut"], "error">> & { readonly error: Problem | null };
