import { beforeEach, describe, expect, it, vi } from "vitest";
import { getMessages } from "../src/lib/api/messages";
import { ProblemError, unreachable } from "../src/lib/problem";
import { adopt, emptyView, type ChatView } from "../src/lib/stream";
import type { Message } from "../src/lib/wire";
import type { Conversation } from "../src/stores/conversation.svelte";
import { Reading } from "../src/stores/reading.svelte";

vi.mock("../src/lib/api/messages", () => ({ getMessages: vi.fn(), putHead: vi.fn() }));
vi.mock("../src/lib/reconnect", () => ({ persist: (ask: () => unknown) => ask(), waitInBrowser: () => Promise.resolve() }));

const message = (id: string, parent_id: string | null): Message => ({ id, parent_id, text: id, state: "done" }) as Message;
const line = (first: number, last: number): Message[] =>
  Array.from({ length: last - first + 1 }, (_, n) => message(`m${first + n}`, first + n === 0 ? null : `m${first + n - 1}`));
const settled = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 0));

/** What the server answers, when it does. */
let answers: ((answer: Message[] | ProblemError) => void)[];

function reading(): { reading: Reading; conversation: { view: ChatView; notice: unknown } } {
  const conversation = {
    chatId: "c",
    closed: new AbortController().signal,
    notice: null as unknown,
    view: { ...adopt(emptyView, line(500, 599)), headId: "m599" } as ChatView,
    get path(): readonly string[] {
      return this.view.path;
    },
    message(id: string): unknown {
      return this.view.messages.get(id) ?? null;
    },
    learn(messages: Message[]): void {
      this.view = adopt(this.view, messages);
    },
  };
  conversation.view = { ...conversation.view, path: line(500, 599).map((one) => one.id) };
  return { reading: new Reading(conversation as unknown as Conversation), conversation };
}

describe("reading in the past", () => {
  beforeEach(() => {
    answers = [];
    vi.mocked(getMessages).mockImplementation(
      () =>
        new Promise((resolve, reject) =>
          answers.push((answer) => (answer instanceof ProblemError ? reject(answer) : resolve({ messages: answer } as never))),
        ),
    );
  });

  async function inThePast(): Promise<ReturnType<typeof reading>> {
    const all = reading();
    const shown = all.reading.show("m50");
    answers[0]!(line(0, 100));
    await shown;
    expect([all.reading.atEnd, all.reading.drawn.includes("m50")]).toEqual([false, true]);
    return all;
  }

  function switched(conversation: { view: ChatView }): ChatView {
    const before = conversation.view;
    const view = adopt(before, [message("other", "m598")]);
    conversation.view = { ...view, headId: "other", path: [...before.path.slice(0, -1), "other"] };
    return before;
  }

  it("is not over because the server has other things to do as the branch changes", async () => {
    for (const status of [429, 503, undefined]) {
      const { reading: here, conversation } = await inThePast();
      void here.down();
      here.reshaped(switched(conversation));
      answers.at(-1)!(new ProblemError({ ...unreachable, ...(status === undefined ? {} : { status }) }));
      await settled();
      expect(here.drawn).toContain("m50");
      answers = [];
    }
  });

  it("is over where what was read is no longer on the branch", async () => {
    const { reading: here, conversation } = await inThePast();
    here.reshaped(switched(conversation));
    answers.at(-1)!(new ProblemError({ ...unreachable, status: 404 }));
    await settled();
    expect([here.atEnd, here.drawn.at(-1)]).toEqual([true, "other"]);
  });

  it("is over at once where the reader goes to the end, whatever is still on its way", async () => {
    const { reading: here } = await inThePast();
    here.pane = { firstId: "m80", lastId: "m100" };
    const more = here.down();
    here.toEnd();
    answers.at(-1)!(line(101, 200));
    await more;
    expect([here.atEnd, here.drawn.at(-1)]).toEqual([true, "m599"]);
  });

  it("does not begin where the reader has gone to the end meanwhile", async () => {
    const { reading: here } = reading();
    const shown = here.show("m50");
    expect(here.seeking).toBe(true);
    here.toEnd();
    answers[0]!(line(0, 100));
    await shown;
    expect([here.atEnd, here.seeking, here.target]).toEqual([true, false, null]);
  });
});
