import type { Catalogue } from "../en";

export const welcome: Catalogue["welcome"] = {
  title: "Willkommen bei Perdure",
  text: "Such dir jemanden aus und sag Hallo. Was gesagt ist, bleibt hier erhalten, was auch immer ausfällt.",
  begin: (name) => `Sag ${name} Hallo`,
  starter: "Das Modell, das Perdure mitbringt, ist klein: Es antwortet sofort, aber es vergisst, schweift ab und denkt sich Dinge aus.",
  connect: "Ein besseres verbinden",
  connected: (model) => `Die Antworten schreibt ${model}.`,
  otherModel: "Ein anderes Modell verwenden",
  skip: "Erst einmal umsehen",
  lines: "Eine erste Zeile",
  linesHint: "Wähl eine erste Zeile oder schreib deine eigene.",
  firstLines: (name) => [
    `Hallo, ${name}. Wer bist du?`,
    "*Ich setze mich zu dir.* Wie war dein Tag?",
    "Wo sind wir hier, und was geschieht hier?",
  ],
};
