/** The shapes of the HTTP contract, as the server sends them. Nothing here is computed. */

/** RFC 9457 problem document with Perdure's members. */
export interface Problem {
  readonly code: string;
  readonly fault: "server" | "model" | "network" | "client";
  readonly title: string;
  readonly detail: string | null;
  readonly remedy: string | null;
  readonly saved: boolean | null;
  readonly status?: number;
  readonly retry_after_s?: number | null;
  readonly incident?: string | null;
  readonly error_id?: string | null;
}

export type TurnState = "queued" | "running" | "done" | "stopped" | "failed";

export interface Message {
  readonly id: string;
  readonly chat_id: string;
  readonly parent_id: string | null;
  readonly role: "user" | "character";
  readonly author: string | null;
  readonly text: string;
  /** ISO 8601, UTC. */
  readonly created_at: string;
  readonly turn_id: string | null;
  readonly state: TurnState;
  readonly error?: Problem | null;
  /** How many messages stand before it on its branch. */
  readonly depth?: number;
  /** All messages that are shown with the same parent, oldest first; null in events, which each tell of one more. */
  readonly siblings?: readonly string[] | null;
}

/** A page of the branch that is shown, oldest first. */
export interface MessagePage {
  readonly messages: readonly Message[];
  readonly has_before: boolean;
  readonly has_after: boolean;
  /** Messages on the whole branch. */
  readonly total: number;
}

export interface Attempt {
  readonly n: number;
  readonly worker: string | null;
  readonly backend: string | null;
  readonly started_at: string | number | null;
  readonly ended_at: string | number | null;
  readonly outcome: string | null;
}

export interface Turn {
  readonly id: string;
  readonly chat_id: string;
  readonly message_id: string;
  readonly state: TurnState;
  readonly text: string;
  /** Unicode code points of `text`. */
  readonly offset: number;
  readonly attempts: readonly Attempt[];
  readonly error: Problem | null;
  readonly waiting_for?: "model" | null;
}

export interface Delta {
  readonly turn_id: string;
  readonly message_id: string;
  /** Where `text` begins in the reply, in Unicode code points. */
  readonly offset: number;
  readonly text: string;
}

export interface Head {
  readonly chat_id: string;
  readonly head_id: string | null;
}

export interface Hidden {
  readonly chat_id: string;
  readonly message_id: string;
  readonly hidden: boolean;
}

export interface Character {
  readonly id: string;
  readonly name: string;
  readonly tagline: string | null;
  readonly description: string | null;
  readonly personality: string | null;
  readonly scenario: string | null;
  readonly first_mes: string | null;
  readonly alternate_greetings: readonly string[];
  readonly mes_example: string | null;
  readonly system_prompt: string | null;
  readonly post_history_instructions: string | null;
  readonly creator_notes: string | null;
  readonly creator: string | null;
  readonly character_version: string | null;
  readonly tags: readonly string[];
  readonly avatar_url: string | null;
  readonly created_at?: string;
  readonly favourite?: boolean;
  /** Chats that are shown with it. */
  readonly chats?: number;
  readonly last_chat_at?: string | null;
  readonly last_chat_id?: string | null;
}

export interface Chat {
  readonly id: string;
  readonly title: string | null;
  readonly character_ids: readonly string[];
  readonly persona_id: string | null;
  readonly created_at: string;
  readonly updated_at: string;
  readonly head_id: string | null;
  readonly preview: string | null;
  /** The first character's picture. */
  readonly avatar_url?: string | null;
  readonly characters?: readonly Character[];
  /** What was being written; only where one chat is asked for. */
  readonly draft?: string;
  readonly messages?: number;
}

export interface TokenCount {
  readonly tokens: readonly number[];
  /** Counted by the model itself; false for an estimate. */
  readonly exact: boolean;
  readonly tokenizer: string | null;
}

export interface Persona {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  readonly avatar_url: string | null;
  readonly created_at: string;
}

export interface SettingValues {
  readonly temperature: number | null;
  readonly top_p: number | null;
  readonly top_k: number | null;
  readonly min_p: number | null;
  readonly repeat_penalty: number | null;
  readonly max_tokens: number;
  readonly context_size: number;
  readonly seed: number | null;
  readonly preset: string | null;
  readonly persona_id: string | null;
  readonly backend_id: string | null;
  readonly welcomed: boolean;
}

export interface Settings {
  readonly values: SettingValues;
  readonly defaults: SettingValues;
  /** What was set here and not by the program's start. */
  readonly changed: readonly (keyof SettingValues)[];
}

export interface Preset {
  readonly id: string;
  readonly values: Partial<SettingValues>;
}

/** A model's server that was configured or added. */
export interface KnownBackend {
  readonly id: string;
  readonly name: string;
  readonly kind: "embedded" | "configured" | "added";
  readonly url: string | null;
  readonly model: string | null;
  readonly has_key: boolean;
  readonly active: boolean;
}

export interface BackendCheck {
  readonly ok: boolean;
  readonly models: readonly string[];
  readonly reply: string | null;
  readonly took_ms: number;
  readonly problem: Problem | null;
}

/** Where everything lies, and how much it is. */
export interface KeptData {
  readonly folder: string;
  readonly database_bytes: number;
  readonly characters: number;
  readonly chats: number;
  readonly messages: number;
  readonly personas: number;
}

/** What was deleted, and can be had back until it is erased. */
export interface Trash {
  readonly chats: readonly { readonly id: string; readonly title: string; readonly hidden_at: string }[];
  readonly characters: readonly { readonly id: string; readonly name: string; readonly hidden_at: string }[];
  readonly messages: number;
}

export interface Sent {
  readonly message: Message;
  readonly turn: Turn | null;
}

export interface Backend {
  readonly name: string | null;
  readonly model: string | null;
  readonly state: "ready" | "loading" | "fetching" | "missing" | "down";
  readonly detail: string | null;
  readonly remedy: string | null;
  readonly progress: { readonly done_bytes: number; readonly total_bytes: number | null } | null;
  readonly starter: boolean;
}

export interface Status {
  readonly version: string;
  readonly backend: Backend;
}
