/** What can be done on the page that is open: offered by the page while it is there, for the palette. */
import type { Component } from "svelte";

/** What an entry of a menu is as well, so that a page offers its menus as they are. */
export interface Action {
  readonly label: string;
  readonly icon?: Component;
  readonly disabled?: boolean;
  readonly onChoose: () => void;
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
