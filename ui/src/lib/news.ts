/** What tabs and the service worker tell one another. A hint only: what is kept makes it true. */
import type { Circuit } from "./circuit";
import type { Message } from "./wire";

export type Tidings =
  | { readonly kind: "letters" }
  | { readonly kind: "sent"; readonly message: Message }
  | { readonly kind: "circuit"; readonly circuit: Circuit }
  | { readonly kind: "unlocked" };

export interface News {
  tell(tidings: Tidings): void;
  /** Hears what others tell; returns how to hear no more. */
  hear(listener: (tidings: Tidings) => void): () => void;
}

const CHANNEL = "perdure";

export function openNews(): News {
  const channel = new BroadcastChannel(CHANNEL);
  return {
    tell: (tidings) => channel.postMessage(tidings),
    hear: (listener) => {
      const heard = (event: MessageEvent<Tidings>): void => listener(event.data);
      channel.addEventListener("message", heard);
      return () => channel.removeEventListener("message", heard);
    },
  };
}
