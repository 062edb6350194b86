/**
 * Messages that wait behind a reply. Which reply that is, is kept with each (`behind`): like a message that was sent, one
 * that waits belongs to a branch, and on another branch it is neither shown nor sent. Pure.
 */
import type { Letter } from "./letters";
import type { ChatView } from "./stream";
import { isInProgress } from "./turns";

/** Of the letters under way those to be shown behind the branch, in their order. */
export function lettersHere<T extends Letter>(letters: readonly T[], view: ChatView): readonly T[] {
  // Which branch is current is known once the snapshot is here.
  if (view.headId === null) return letters;
  const here = new Set<string>();
  return letters.filter((letter) => {
    const { messageId, behind } = letter;
    if (view.path.includes(messageId)) return false;
    const stays = letter.held
      ? behind === null || here.has(behind) || waitsHere(behind, view)
      : // One that the server has, but whose branch is no longer current, is not ours to show.
        view.headId === letter.parentId || !view.messages.has(messageId);
    if (stays) here.add(messageId);
    return stays;
  });
}

/** What it waits behind is on the branch; or failed, and is being tried anew in another version. */
function waitsHere(behind: string, view: ChatView): boolean {
  if (view.path.includes(behind)) return true;
  const failed = view.messages.get(behind);
  const head = view.messages.get(view.headId!);
  return failed?.state === "failed" && head !== undefined && isInProgress(head.state) && head.parent_id === failed.parent_id;
}
