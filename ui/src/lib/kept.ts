/**
 * What this browser keeps: letters, drafts, pages to be read while the server is away, and how the server was. IndexedDB,
 * which pages and the service worker share; where the browser refuses it, memory alone has to do.
 */
import type { KeptPage } from "./archive";
import type { Circuit } from "./circuit";
import type { Draft } from "./drafts";
import type { Lease } from "./lease";
import type { Letter } from "./letters";

/** What lies on which shelf, by string keys. */
export interface Shelves {
  readonly letters: Letter;
  readonly drafts: Draft;
  readonly pages: KeptPage;
  readonly circuits: Circuit;
  readonly leases: Lease;
}
export type Shelf = keyof Shelves;

/** What is to lie in the place of what lies there; null for nothing. */
export type Change<S extends Shelf> = (now: Shelves[S] | null) => Shelves[S] | null;

/** Something to be put there, or nothing for null, whatever lies there. */
export type Laid = { readonly [S in Shelf]: readonly [shelf: S, key: string, thing: Shelves[S] | null] }[Shelf];

export interface Kept {
  /** False where what is kept does not outlive the page. */
  readonly lasting: boolean;
  get<S extends Shelf>(shelf: S, key: string): Promise<Shelves[S] | null>;
  all<S extends Shelf>(shelf: S): Promise<readonly Shelves[S][]>;
  /** All of it or none. Begun in the last moment of a page, it is still done. Resolves once it is written. */
  put(...laid: readonly Laid[]): Promise<void>;
  /** Nobody comes in between. Resolves, once it is written, to what lies there then. */
  change<S extends Shelf>(shelf: S, key: string, to: Change<S>): Promise<Shelves[S] | null>;
}

const SHELVES: readonly Shelf[] = ["letters", "drafts", "pages", "circuits", "leases"];
const DATABASE = "perdure";
const VERSION = 1;
/** Browsers have been seen that neither open a database nor say that they cannot. In milliseconds. */
const PATIENCE_MS = 3000;

/** Never rejects. `factory` gives `indexedDB`, which some browsers do not even let be named. */
export async function openKept(factory: () => IDBFactory): Promise<Kept> {
  try {
    return new Cabinet(await opened(factory()));
  } catch {
    return new Memory();
  }
}

/** What lies in memory alone. */
export class Memory implements Kept {
  readonly lasting = false;
  readonly #shelves = new Map<Shelf, Map<string, unknown>>(SHELVES.map((shelf) => [shelf, new Map()]));

  async get<S extends Shelf>(shelf: S, key: string): Promise<Shelves[S] | null> {
    return (this.#shelves.get(shelf)!.get(key) as Shelves[S] | undefined) ?? null;
  }

  async all<S extends Shelf>(shelf: S): Promise<readonly Shelves[S][]> {
    return [...this.#shelves.get(shelf)!.values()] as Shelves[S][];
  }

  async change<S extends Shelf>(shelf: S, key: string, to: Change<S>): Promise<Shelves[S] | null> {
    const things = this.#shelves.get(shelf)!;
    const then = to((things.get(key) as Shelves[S] | undefined) ?? null);
    if (then === null) things.delete(key);
    else things.set(key, then);
    return then;
  }

  async put(...laid: readonly Laid[]): Promise<void> {
    for (const [shelf, key, thing] of laid) {
      if (thing === null) this.#shelves.get(shelf)!.delete(key);
      else this.#shelves.get(shelf)!.set(key, thing);
    }
  }
}

/** IndexedDB. What it refuses to take (a full disk) lies in memory, beside what it has. */
class Cabinet implements Kept {
  lasting = true;
  readonly #database: IDBDatabase;
  readonly #beside = new Memory();

  constructor(database: IDBDatabase) {
    this.#database = database;
  }

  async get<S extends Shelf>(shelf: S, key: string): Promise<Shelves[S] | null> {
    const beside = this.lasting ? null : await this.#beside.get(shelf, key);
    return beside ?? this.#read<Shelves[S] | undefined>(shelf, (store) => store.get(key)).then((found) => found ?? null, () => null);
  }

  async all<S extends Shelf>(shelf: S): Promise<readonly Shelves[S][]> {
    const found = await this.#read<Shelves[S][]>(shelf, (store) => store.getAll()).catch(() => []);
    return this.lasting ? found : [...(await this.#beside.all(shelf)), ...found];
  }

  async change<S extends Shelf>(shelf: S, key: string, to: Change<S>): Promise<Shelves[S] | null> {
    if (!this.lasting && (await this.#beside.get(shelf, key)) !== null) return this.#beside.change(shelf, key, to);
    let now: Shelves[S] | null = null;
    let then: Shelves[S] | null = null;
    try {
      await this.#write([shelf], (transaction) => {
        const store = transaction.objectStore(shelf);
        const request: IDBRequest<Shelves[S] | undefined> = store.get(key);
        request.onsuccess = () => {
          then = to((now = request.result ?? null));
          lay(store, key, then);
          transaction.commit();
        };
      });
      return then;
    } catch {
      this.lasting = false;
      return this.#beside.change(shelf, key, () => to(now));
    }
  }

  async put(...laid: readonly Laid[]): Promise<void> {
    if (!this.lasting) for (const [shelf, key] of laid) await this.#beside.put([shelf, key, null] as Laid);
    try {
      await this.#write(laid.map(([shelf]) => shelf), (transaction) => {
        for (const [shelf, key, thing] of laid) lay(transaction.objectStore(shelf), key, thing);
        transaction.commit();
      });
    } catch {
      this.lasting = false;
      await this.#beside.put(...laid);
    }
  }

  #read<T>(shelf: Shelf, ask: (store: IDBObjectStore) => IDBRequest<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const request = ask(this.#database.transaction(shelf).objectStore(shelf));
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error);
    });
  }

  /** `work` commits, so that what is begun in the last moment of a page is done as well. */
  #write(shelves: readonly Shelf[], work: (transaction: IDBTransaction) => void): Promise<void> {
    return new Promise((resolve, reject) => {
      // A letter is on the disk before anybody relies on it; all else a crash of the whole machine may take.
      const durability = shelves.includes("letters") ? "strict" : "relaxed";
      const transaction = this.#database.transaction([...shelves], "readwrite", { durability });
      transaction.oncomplete = () => resolve();
      transaction.onabort = () => reject(transaction.error);
      work(transaction);
    });
  }
}

function lay(store: IDBObjectStore, key: string, thing: unknown): void {
  if (thing === null) store.delete(key);
  else store.put(thing, key);
}

function opened(factory: IDBFactory): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const request = factory.open(DATABASE, VERSION);
    const timer = setTimeout(() => reject(new Error("the database does not open")), PATIENCE_MS);
    request.onupgradeneeded = () => {
      for (const shelf of SHELVES) request.result.createObjectStore(shelf);
    };
    request.onerror = () => reject(request.error);
    request.onsuccess = () => {
      clearTimeout(timer);
      // A later version of the app wants in.
      request.result.onversionchange = () => request.result.close();
      resolve(request.result);
    };
  });
}
