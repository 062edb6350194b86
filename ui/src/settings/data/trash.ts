/** What is in the trash as it is listed: by what it is; messages under the chat that they were deleted in. */
import type { Catalogue } from "../../i18n/en";
import { restoreCharacter } from "../../lib/api/characters";
import { restoreChat } from "../../lib/api/chats";
import { restoreMessage } from "../../lib/api/messages";
import { restorePersona } from "../../lib/api/personas";
import { plainText } from "../../lib/markdown";
import type { Trash } from "../../lib/wire";

export interface Deleted {
  readonly id: string;
  readonly name: string;
  readonly hidden_at: string;
  readonly restore: () => Promise<unknown>;
}

export interface TrashGroup {
  readonly key: string;
  readonly title: string;
  readonly found: readonly Deleted[];
}

/** Those that hold anything. */
export function groupsOf(trash: Trash, words: Catalogue["settings"]["data"]): TrashGroup[] {
  const messages = trash.deleted_messages;
  const groups: TrashGroup[] = [
    {
      key: "chats",
      title: words.deletedChats,
      found: trash.chats.map((one) => ({ ...one, name: one.title || words.untitled, restore: () => restoreChat(one.id) })),
    },
    {
      key: "characters",
      title: words.deletedCharacters,
      found: trash.characters.map((one) => ({ ...one, restore: () => restoreCharacter(one.id) })),
    },
    {
      key: "personas",
      title: words.deletedPersonas,
      found: trash.personas.map((one) => ({ ...one, restore: () => restorePersona(one.id) })),
    },
    ...[...new Map(messages.map((one) => [one.chat_id, one.chat_title]))].map(([chatId, title]) => ({
      key: chatId,
      title: words.deletedIn(title || words.untitled),
      found: messages
        .filter((one) => one.chat_id === chatId)
        .map((one) => ({ ...one, name: plainText(one.text) || words.wordless, restore: () => restoreMessage(chatId, one.id) })),
    })),
  ];
  return groups.filter((group) => group.found.length > 0);
}
