/** The first start. */
export const welcome = {
  title: "Welcome to Perdure",
  text: "Pick someone and say hello. What is said is kept here, whatever breaks.",
  begin: (name: string) => `Say hello to ${name}`,
  starter: "The model that comes with Perdure is small: it answers at once, but it forgets, rambles and makes things up.",
  connect: "Connect a better one",
  connected: (model: string) => `Replies are written by ${model}.`,
  otherModel: "Use another model",
  skip: "Look around first",
  lines: "A first line",
  linesHint: "Choose a first line, or write your own.",
  firstLines: (name: string) => [
    `Hello, ${name}. Who are you?`,
    "*I sit down beside you.* How was your day?",
    "Where are we, and what happens here?",
  ],
};
