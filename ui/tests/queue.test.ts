import { describe, expect, it } from "vitest";
import { written, type Letter } from "../src/lib/letters";
import { lettersHere } from "../src/lib/queue";
import { emptyView, type ChatView, type ShownMessage } from "../src/lib/stream";

const message = (id: string, parent_id: string | null, state: ShownMessage["state"] = "done"): ShownMessage =>
  ({ id, parent_id, state }) as ShownMessage;
const held = (messageId: string, behind: string | null): Letter =>
  written({ chatId: "c", messageId, parentId: null, text: messageId, writtenAt: "", held: true, behind });
const view = (headId: string, path: string[], ...messages: ShownMessage[]): ChatView =>
  ({ ...emptyView, headId, path, messages: new Map(messages.map((one) => [one.id, one])) });
const here = (letters: Letter[], now: ChatView): string[] => lettersHere(letters, now).map((one) => one.messageId);

describe("a message that waits", () => {
  const queue = [held("first", "running"), held("second", "first")];
  const said = message("said", null);
  const finished = message("finished", "said");

  it("belongs to the reply that it waits for, and not to another version of it", () => {
    const running = message("running", "said", "running");
    expect(here(queue, view("running", ["said", "running"], said, running, finished))).toEqual(["first", "second"]);
    expect(here(queue, view("finished", ["said", "finished"], said, running, finished))).toEqual([]);
  });

  it("goes over to the next try where the reply has failed", () => {
    const failed = message("running", "said", "failed");
    const again = message("again", "said", "queued");
    expect(here(queue, view("again", ["said", "again"], said, failed, again))).toEqual(["first", "second"]);
    expect(here(queue, view("finished", ["said", "finished"], said, failed, finished))).toEqual([]);
  });

  it("follows the one before it onto the branch, and is shown while no branch is known", () => {
    const running = message("running", "said");
    const first = message("first", "running");
    const reply = message("reply", "first", "running");
    const now = view("reply", ["said", "running", "first", "reply"], said, running, first, reply);
    expect(here(queue, now)).toEqual(["second"]);
    expect(here(queue, emptyView)).toEqual(["first", "second"]);
  });
});
