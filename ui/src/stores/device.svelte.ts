/** What is kept in this browser, and whether it was: not every browser keeps anything. */
const SAID_S = 3;

class Device {
  /** Whether the last choice is kept, for as long as it is worth saying: that it is not remains worth it. */
  kept = $state<boolean | null>(null);
  #forget: ReturnType<typeof setTimeout> | undefined;

  /** Keeps a choice; null is none. */
  keep(key: string, value: string | null): void {
    clearTimeout(this.#forget);
    try {
      if (value === null) localStorage.removeItem(key);
      else localStorage.setItem(key, value);
      this.kept = true;
      this.#forget = setTimeout(() => (this.kept = null), SAID_S * 1000);
    } catch {
      this.kept = false;
    }
  }
}

export const device = new Device();
