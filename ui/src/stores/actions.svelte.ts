/** What can be done on the page that is open: offered by the page while it is there, for the palette. */
import type { Component } from "svelte";

export interface Action {
  readonly id: string;
  readonly label: string;
  readonly icon?: Component;
  readonly run: () => void;
}

class PageActions {
  #offers = $state.raw<readonly (() => readonly Action[])[]>([]);

  readonly now: readonly Action[] = $derived(this.#offers.flatMap((offer) => offer()));

  /** Offers what a function of the page's state gives; returns how to take it back. */
  offer(actions: () => readonly Action[]): () => void {
    this.#offers = [...this.#offers, actions];
    return () => {
      this.#offers = this.#offers.filter((one) => one !== actions);
    };
  }
}

export const pageActions = new PageActions();
