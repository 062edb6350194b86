/** What the palette offers about the reply at the end of a chat. The rest is in the chat's menu, which is offered as it is. */
import ArrowDown from "@lucide/svelte/icons/arrow-down";
import Forward from "@lucide/svelte/icons/forward";
import RefreshCw from "@lucide/svelte/icons/refresh-cw";
import Square from "@lucide/svelte/icons/square";
import { t } from "../i18n/i18n.svelte";
import type { Action } from "../stores/actions.svelte";
import type { Conversation } from "../stores/conversation.svelte";

export function offersOf({ acts, head, replying }: Conversation, showEnd: () => void): Action[] {
  const words = t().chat;
  const reply = head !== null && acts.canRegenerate(head) ? head : null;
  return [
    ...(replying ? [{ label: words.stopReply, icon: Square, disabled: acts.asking, onChoose: () => acts.stop() }] : []),
    ...(reply
      ? [
          { label: words.regenerate, icon: RefreshCw, disabled: acts.asking, onChoose: () => acts.regenerate(reply) },
          { label: words.goOn, icon: Forward, disabled: acts.asking, onChoose: () => acts.goOn(reply) },
        ]
      : []),
    { label: words.toEnd, icon: ArrowDown, onChoose: showEnd },
  ];
}
