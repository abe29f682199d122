import { z } from 'zod';
import { saidFrame, tabName } from './frames';

/** What api processes tell each other and nobody keeps; ids only. */
export const passing = z.discriminatedUnion('about', [
  /** Who is there may have changed: customers, or agents. */
  z.object({ about: z.literal('presence'), number: z.number() }),
  z.object({ about: z.literal('viewing'), number: z.number() }),
  /** `by` is `agent:<id>` or `contact:<id>`. */
  z.object({ about: z.literal('typing'), number: z.number(), by: z.string(), on: z.boolean() }),
  /** What a tab said that is connected to one of them, and could not say it there. */
  z.object({ about: z.literal('said'), reader: z.string(), tab: tabName, frame: saidFrame }),
]);

/** One of {@link passing}. */
export type Passing = z.output<typeof passing>;
