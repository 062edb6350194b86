import { createContext } from "svelte";
import type { Conversation } from "../stores/conversation.svelte";

/** The conversation that the page is about, for whatever is drawn in it. */
export const [getConversation, setConversation] = createContext<Conversation>();
