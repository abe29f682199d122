import type { DeskUnderTest } from '../kit/desk-under-test';
import { seeded } from '../kit/seeded';
import { patientStory } from './patient-story';

/** People pause for so long at most before each step, so that conversations are met in the middle of anything. */
const PACE_MS = 3_000;

/** What was under way in several processes that were killed one after the other is repeated after the time-outs of all of them. */
const STEP_WITHIN_MS = 300_000;

/** Tells the story of one ticket after another, so many at a time, until told to end. */
export class StoriesUnderWay {
  /** Message-IDs of the mails that the desk has taken. */
  readonly accepted: string[] = [];
  /** Stories that were told to their end. */
  told = 0;
  readonly #brokeOff: string[] = [];
  readonly #underWay = new Set<string>();
  readonly #tellers: readonly Promise<void>[];
  #ending = false;
  #begun = 0;

  /** `name` tells the customers of one run from those of another. */
  constructor(
    private readonly desk: DeskUnderTest,
    { name, seed, atOnce }: { name: string; seed: number; atOnce: number },
  ) {
    this.#tellers = Array.from({ length: atOnce }, () => this.#tell(name, seed));
  }

  /** Conversations that the desk has taken and that are not at their end. */
  get underWay(): number {
    return this.#underWay.size;
  }

  /** How far they have come together: mails that were taken, and stories that were told. */
  get progress(): number {
    return this.accepted.length + this.told;
  }

  /** What broke off, as sentences. */
  get brokeOff(): readonly string[] {
    return this.#brokeOff;
  }

  /** Begins no more; resolves when those that have begun are told. */
  async end(): Promise<void> {
    this.#ending = true;
    await Promise.all(this.#tellers);
  }

  async #tell(name: string, seed: number): Promise<void> {
    while (!this.#ending) {
      const customer = `${name}c${(this.#begun += 1)}`;
      try {
        await patientStory(this.desk, this.desk.customer(`Customer ${customer}`, `${customer}@acme.example`), {
          random: seeded(seed * 1_000 + this.#begun),
          accepted: (id) => {
            this.accepted.push(id);
            this.#underWay.add(customer);
          },
          paceMs: PACE_MS,
          withinMs: STEP_WITHIN_MS,
        });
        this.told += 1;
      } catch (error) {
        this.#brokeOff.push(`The story of ${customer} broke off: ${String(error)}`);
      } finally {
        this.#underWay.delete(customer);
      }
    }
  }
}
