// Asks again while somebody looks. A hidden tab asks rarely, an unreachable service is asked less and less often.

const VISIBLE = 1500;
const HIDDEN = 20000;
const SLOWEST = 15000;

/** Runs `task` at once and then over and over; `report(error | null)` hears how each run went. */
export class Poller {
  #task;
  #report;
  #timer = null;
  #failures = 0;
  #running = false;
  #stopped = false;
  #onVisibility = () => {
    if (!document.hidden) this.now();
  };

  constructor(task, report) {
    this.#task = task;
    this.#report = report;
    document.addEventListener("visibilitychange", this.#onVisibility);
    this.now();
  }

  /** Asks right away, unless an answer is already on its way. */
  now() {
    if (this.#running || this.#stopped) return;
    clearTimeout(this.#timer);
    this.#run();
  }

  stop() {
    this.#stopped = true;
    clearTimeout(this.#timer);
    document.removeEventListener("visibilitychange", this.#onVisibility);
  }

  async #run() {
    this.#running = true;
    let error = null;
    try {
      await this.#task();
      this.#failures = 0;
    } catch (caught) {
      error = caught;
      this.#failures += 1;
    }
    this.#running = false;
    if (this.#stopped) return;
    this.#report(error);
    // What was reported may have been a reason to stop.
    if (this.#stopped) return;
    const wait = document.hidden ? HIDDEN : Math.min(VISIBLE * 2 ** Math.min(this.#failures, 6), SLOWEST);
    this.#timer = setTimeout(() => this.#run(), wait);
  }
}
