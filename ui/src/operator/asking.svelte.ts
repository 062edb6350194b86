/** The one question that stands before what cannot be taken back, or what others will notice. */
export interface Question {
  readonly title: string;
  readonly text: string;
  readonly yes: string;
  readonly then: () => void;
}

class Asking {
  question = $state.raw<Question | null>(null);

  ask(question: Question): void {
    this.question = question;
  }

  answer(yes: boolean): void {
    const question = this.question;
    this.question = null;
    if (yes) question?.then();
  }
}

export const asking = new Asking();
