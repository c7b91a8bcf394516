/**
 * One line of work per key: what is asked for first is finished first.
 *
 * Draft saves, draft deletions and sends of one ticket and mode go through the same line, so that a
 * deletion can never overtake a save that is still on its way.
 */

export class Chain {
  private readonly tails = new Map<string, Promise<unknown>>()

  /** Runs `step` after everything asked for earlier under `key`, whether that went well or not. */
  run<T>(key: string, step: () => Promise<T>): Promise<T> {
    const before = this.tails.get(key) ?? Promise.resolve()
    const mine = before.then(step, step)
    const tail = mine.catch(() => undefined)
    this.tails.set(key, tail)
    void tail.then(() => {
      if (this.tails.get(key) === tail) this.tails.delete(key)
    })
    return mine
  }

  /** Resolves when nothing is left under `key`. */
  async idle(key: string): Promise<void> {
    await this.tails.get(key)
  }
}
